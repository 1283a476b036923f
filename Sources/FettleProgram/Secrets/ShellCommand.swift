import CSpawn
import Glibc

/// A command line of the operator's that prints a secret, such as `pass show mail`.
enum ShellCommand {
  /// Why it gave nothing.
  enum Failure: Error, CustomStringConvertible {
    case notStarted(String)
    case ended(status: Int32)
    case tooMuch

    var description: String {
      switch self {
      case .notStarted(let reason): "the command cannot be started: \(reason)"
      case .ended(let status): "the command ended with status \(status)"
      case .tooMuch: "the command printed more than 64 KiB"
      }
    }
  }

  /// What `/bin/sh -c` prints. Standard error goes where ours goes, so that a password safe can ask.
  static func output(of line: String) throws(Failure) -> [UInt8] {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw .notStarted(String(cString: strerror(errno))) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    // The sockets of the daemon's server are not closed by themselves: a connection that the daemon
    // closes, and the address it listens at, would live on in a command that lasts.
    _ = fettle_spawn_keeping_streams_only(&actions)
    var process = pid_t()
    let arguments: [UnsafeMutablePointer<CChar>?] =
      [strdup("/bin/sh"), strdup("-c"), strdup(line), nil]
    defer { arguments.forEach { free($0) } }
    let code = posix_spawn(&process, "/bin/sh", &actions, nil, arguments, environ)
    close(ends[1])
    guard code == 0 else { throw .notStarted(String(cString: strerror(code))) }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    var isTooMuch = false
    while true {
      let count = read(ends[0], &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      isTooMuch = isTooMuch || output.count + count > 65_536
      if !isTooMuch { output += chunk.prefix(count) }
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    if isTooMuch { throw .tooMuch }
    let signal = status & 0x7F
    guard status == 0 else { throw .ended(status: signal == 0 ? status >> 8 & 0xFF : 128 + signal) }
    return output
  }
}
