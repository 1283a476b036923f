import CSpawn
public import Glibc

/// A terminal of our own: a program runs on its other side and every byte it writes is seen, with
/// the time it came. For what a terminal multiplexer hides: latencies, raw bytes, settings.
///
/// It belongs to one thread, which waits in `poll`.
public final class PseudoTerminal {
  /// A program could not be started on a terminal.
  public struct Failed: Error, CustomStringConvertible {
    /// What was tried and what the system said.
    public let description: String

    init(_ call: String) { description = "\(call): \(String(cString: strerror(errno)))" }
  }

  /// The program's process, the leader of a session of its own.
  public let process: pid_t
  /// Everything the program wrote.
  public private(set) var output: [UInt8] = []
  /// When the last byte came, in seconds of the monotonic clock.
  public private(set) var lastByte = 0.0
  /// Whether the program closed its side.
  public private(set) var isClosed = false
  private var descriptor: Int32
  private var ending: Int32?

  // What the C library shows to programs that ask for its extensions only, by their numbers on Linux:
  // TIOCSPTLCK, TIOCGPTN, POSIX_SPAWN_SETSID.
  private static let unlock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430
  private static let newSession: Int16 = 0x80

  /// Starts a program in a terminal of that size.
  /// - Parameters:
  ///   - environment: all of it, as `NAME=value`.
  ///   - outputFile: where standard output goes instead of the terminal; nil leaves it there.
  public init(
    _ path: String, _ arguments: [String], environment: [String], columns: Int = 80,
    rows: Int = 24, outputFile: String? = nil
  ) throws(Failed) {
    descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var lock: Int32 = 0
    var number: UInt32 = 0
    guard descriptor >= 0, ioctl(descriptor, Self.unlock, &lock) == 0,
      ioctl(descriptor, Self.getNumber, &number) == 0
    else { throw Failed("/dev/ptmx") }
    let name = "/dev/pts/\(number)"
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A new session whose leader opens the terminal has it as its own.
    posix_spawnattr_setflags(
      &attributes, Self.newSession | Int16(POSIX_SPAWN_SETSIGMASK))
    // Threads of Dispatch block signals; what they start must not.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
    if let outputFile {
      posix_spawn_file_actions_addopen(
        &actions, 1, outputFile, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    } else {
      posix_spawn_file_actions_adddup2(&actions, 0, 1)
    }
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    // A connection that another test closes must not live on in this program.
    _ = fettle_spawn_keeping_streams_only(&actions)
    var size = winsize(
      ws_row: UInt16(clamping: rows), ws_col: UInt16(clamping: columns), ws_xpixel: 0,
      ws_ypixel: 0)
    _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
    var process = pid_t()
    let list = ([path] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup($0) } + [nil]
    defer { (list + variables).forEach { free($0) } }
    let code = posix_spawnp(&process, path, &actions, &attributes, list, variables)
    guard code == 0 else {
      errno = code
      throw Failed("posix_spawn \(path)")
    }
    self.process = process
  }

  deinit {
    hangUp()
    if ending == nil {
      kill(process, SIGKILL)
      var status: Int32 = 0
      waitpid(process, &status, 0)
    }
  }

  /// The clock all times here are read from, in seconds.
  public static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Types bytes.
  public func type(_ bytes: some Sequence<UInt8>) {
    let all = Array(bytes)
    var sent = 0
    while sent < all.count {
      let count = all[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      sent += count
    }
  }

  /// Types text.
  public func type(_ text: String) { type(Array(text.utf8)) }

  /// Takes in what the program writes until something is true or the time is over.
  /// - Parameter condition: asked after each piece.
  /// - Returns: whether it became true.
  @discardableResult
  public func read(
    until condition: (PseudoTerminal) -> Bool, seconds: Double
  ) -> Bool {
    let deadline = Self.now() + seconds
    while !condition(self) {
      let left = deadline - Self.now()
      guard left > 0, !isClosed, takeIn(milliseconds: Int32(max(1, left * 1000))) else {
        return condition(self)
      }
    }
    return true
  }

  /// Takes in what the program writes until it has been quiet for a while.
  /// - Returns: the number of bytes that came.
  @discardableResult
  public func readUntilQuiet(for milliseconds: Int32, atMost seconds: Double = 10) -> Int {
    let before = output.count
    let deadline = Self.now() + seconds
    while !isClosed, Self.now() < deadline, takeIn(milliseconds: milliseconds) {}
    return output.count - before
  }

  /// - Returns: whether anything came before the time was over.
  private func takeIn(milliseconds: Int32) -> Bool {
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&state, 1, milliseconds) > 0 else { return false }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count > 0 else {
      isClosed = true
      return false
    }
    output += bytes[..<count]
    lastByte = Self.now()
    return true
  }

  /// Whether a text is in what came since a position of the output. Cursor movements between words
  /// are no part of a text, so only what is written in one piece is found.
  public func shows(_ text: String, since position: Int = 0) -> Bool {
    let wanted = Array(text.utf8)
    return output[min(position, output.count)...].firstRange(of: wanted) != nil
  }

  /// Gives the terminal another size; the program is told by the kernel.
  public func resize(columns: Int, rows: Int) {
    var size = winsize(
      ws_row: UInt16(clamping: rows), ws_col: UInt16(clamping: columns), ws_xpixel: 0,
      ws_ypixel: 0)
    _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
  }

  /// The settings of the terminal, as the program's side sees them.
  public func settings() -> [UInt32] {
    var settings = termios()
    tcgetattr(descriptor, &settings)
    return [settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag]
  }

  /// Closes our side, as a terminal window that is closed does.
  public func hangUp() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
  }

  /// Whether the program has ended.
  public var hasEnded: Bool {
    if ending != nil { return true }
    var status: Int32 = 0
    guard waitpid(process, &status, WNOHANG) == process else { return false }
    ending = status
    return true
  }

  /// Waits until the program has ended, taking in what it writes.
  /// - Returns: its exit status, or 128 and the signal that ended it; nil when the time is over.
  public func waitForEnd(seconds: Double) -> Int32? {
    let deadline = Self.now() + seconds
    while !hasEnded {
      guard Self.now() < deadline else { return nil }
      if isClosed || descriptor < 0 { usleep(1000) } else { _ = takeIn(milliseconds: 5) }
    }
    if descriptor >= 0 { readUntilQuiet(for: 5) }
    guard let ending else { return nil }
    let signal = ending & 0x7F
    return signal == 0 ? (ending >> 8) & 0xFF : 128 + signal
  }
}
