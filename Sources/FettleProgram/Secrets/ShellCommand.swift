import CSpawn
import Dispatch
import Glibc

/// A command line of the operator's that prints a secret, such as `pass show mail`.
enum ShellCommand {
  /// Why it gave nothing.
  enum Failure: Error, CustomStringConvertible {
    case notStarted(String)
    case ended(status: Int32)
    case tooMuch
    case tooLong(seconds: Int)

    /// Whether it may pass: a password safe in the network is not always to be reached.
    var mayPass: Bool {
      switch self {
      case .notStarted, .tooLong: true
      case .ended(let status): status != 126 && status != 127
      case .tooMuch: false
      }
    }

    /// What happened, after "its command".
    var description: String {
      switch self {
      case .notStarted(let reason): "cannot be started: \(reason)"
      case .ended(127): "is not found: the shell ended with status 127"
      case .ended(let status): "ended with status \(status)"
      case .tooMuch: "printed more than 64 KiB"
      case .tooLong(let seconds): "gave no answer within \(seconds) s and was ended"
      }
    }
  }

  private static let variable = "FETTLE_COMMAND_LINE"

  /// What `/bin/sh` prints, without keeping one of the few threads of all tasks waiting.
  static func answer(of line: String) async throws(Failure) -> [UInt8] {
    let result = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(
          returning: Result { () throws(Failure) -> [UInt8] in try output(of: line) })
      }
    }
    return try result.get()
  }

  /// What `/bin/sh` prints. Standard error goes where ours goes, so that a password safe can ask.
  static func output(of line: String) throws(Failure) -> [UInt8] {
    let limit = Settings.environment.secretSeconds
    let deadline = ContinuousClock.now + .seconds(limit)
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw .notStarted(String(cString: strerror(errno))) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let isOfGroup = !hasTerminal
    let started = start(line, output: ends[1], inGroup: isOfGroup)
    close(ends[1])
    let process = try started.get()
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    var isTooMuch = false
    while true {
      let left = (deadline - .now).components
      let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
      var descriptor = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      let ready = milliseconds > 0 ? poll(&descriptor, 1, Int32(clamping: milliseconds)) : 0
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else {
        end(process, inGroup: isOfGroup)
        throw .tooLong(seconds: limit)
      }
      let count = read(ends[0], &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      isTooMuch = isTooMuch || output.count + count > 65_536
      if !isTooMuch { output += chunk.prefix(count) }
    }
    // Who has closed its output has little left to do, but nobody says so.
    var status: Int32 = 0
    while true {
      let ended = waitpid(process, &status, WNOHANG)
      if ended == process || (ended < 0 && errno != EINTR) { break }
      guard ContinuousClock.now < deadline else {
        end(process, inGroup: isOfGroup)
        throw .tooLong(seconds: limit)
      }
      usleep(1000)
    }
    if isTooMuch { throw .tooMuch }
    let signal = status & 0x7F
    guard status == 0 else { throw .ended(status: signal == 0 ? status >> 8 & 0xFF : 128 + signal) }
    return output
  }

  /// Whether a person sits there, whom a password safe may ask. A program of a group of its own may not
  /// read from their terminal.
  private static var hasTerminal: Bool {
    let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }

  /// Everybody can see the arguments of a program while it runs, and a command line may hold something
  /// secret: the shell is given it in its environment, which is its owner's alone.
  private static func start(
    _ line: String, output: Int32, inGroup: Bool
  ) -> Result<pid_t, Failure> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    // The sockets of the daemon's server are not closed by themselves: a connection that the daemon
    // closes, and the address it listens at, would live on in a command that lasts.
    _ = fettle_spawn_keeping_streams_only(&actions)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    if inGroup {
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
      posix_spawnattr_setpgroup(&attributes, 0)
    }
    let script = "line=$\(variable); unset \(variable); eval \"$line\""
    let arguments: [UnsafeMutablePointer<CChar>?] =
      [strdup("/bin/sh"), strdup("-c"), strdup(script), nil]
    defer { arguments.forEach { free($0) } }
    var variables: [UnsafeMutablePointer<CChar>?] = [strdup("\(variable)=\(line)")]
    var next = environ
    while let entry = next.pointee {
      variables.append(strdup(entry))
      next += 1
    }
    variables.append(nil)
    defer { variables.forEach { free($0) } }
    var process = pid_t()
    let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, variables)
    return code == 0
      ? .success(process) : .failure(.notStarted(String(cString: strerror(code))))
  }

  private static func end(_ process: pid_t, inGroup: Bool) {
    kill(inGroup ? -process : process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }
}
