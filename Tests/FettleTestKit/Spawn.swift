import CSpawn
import Glibc

/// Starts other programs without Foundation, whose way of waiting needs a run loop that tests do not
/// have.
enum Spawn {
  /// A program could not be started.
  struct Failed: Error {
    let path: String
    let code: Int32
  }

  /// Starts a program with its standard streams in files.
  /// - Parameter isLeader: whether it leads a group of processes of its own.
  static func start(
    _ path: String, _ arguments: [String], environment: [String], input: String, output: String,
    errors: String, isLeader: Bool = false
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let write = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, write, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, write, 0o600)
    // A connection that another test closes must not live on in this program.
    _ = fettle_spawn_keeping_streams_only(&actions)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of Dispatch block signals. A program that inherits that hears of nothing: a terminal
    // multiplexer would never learn that what runs in it has ended, and stay for ever.
    var flags = Int16(POSIX_SPAWN_SETSIGMASK)
    if isLeader {
      flags |= Int16(POSIX_SPAWN_SETPGROUP)
      posix_spawnattr_setpgroup(&attributes, 0)
    }
    posix_spawnattr_setflags(&attributes, flags)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var process = pid_t()
    let list = ([path] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup($0) } + [nil]
    defer { (list + variables).forEach { free($0) } }
    let code = posix_spawnp(&process, path, &actions, &attributes, list, variables)
    guard code == 0 else { throw Failed(path: path, code: code) }
    return process
  }

  /// Ends a program without asking it.
  static func kill(_ process: pid_t) { _ = Glibc.kill(process, SIGKILL) }

  /// Whether a program has ended that nobody waited for.
  static func hasEnded(_ process: pid_t) -> Bool {
    var information = siginfo_t()
    let options = WEXITED | WNOHANG | WNOWAIT
    return waitid(P_PID, id_t(process), &information, options) == 0 && information.si_signo != 0
  }

  /// Waits until a program has ended; no thread waits with it.
  /// - Returns: its exit status; 128 and the signal's number when a signal ended it.
  static func wait(_ process: pid_t) async throws -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, WNOHANG) == 0 { try await Task.sleep(for: .milliseconds(4)) }
    return code(status)
  }

  /// Waits until a program that ends at once has ended.
  static func waitNow(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return code(status)
  }

  private static func code(_ status: Int32) -> Int32 {
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
