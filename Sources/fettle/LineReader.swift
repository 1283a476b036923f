import Glibc
import Synchronization

/// Reads lines from standard input, so that Ctrl-C neither ends the program between two writes nor loses
/// what is not saved: the line that is waited for is the last one then.
///
/// Used from one task.
final class LineReader {
  private var bytes: [UInt8] = []
  private var isOver = false

  /// How often SIGINT came, and the end of a pipe it is written to: whoever hears of a signal is any
  /// thread, and need not be the one that waits. A handler may touch nothing that has a lock.
  private static let interruptions = Atomic(0)
  private static let bell = Atomic(Int32(-1))
  private let heard: Int32
  /// Whether a line is waited for: otherwise something is being done.
  private static let isWaiting = Atomic(false)
  /// What Ctrl-C says while something is done.
  private static let hint: StaticString =
    "\nstops when what runs has ended; Ctrl-C once more ends it at once\n"

  /// From now on Ctrl-C is noted instead of ending the program.
  init() {
    var ends: [Int32] = [-1, -1]
    if pipe(&ends) == 0 {
      for end in ends {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
      }
      Self.bell.store(ends[1], ordering: .sequentiallyConsistent)
    }
    heard = ends[0]
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      let before = errno
      let count = LineReader.interruptions.add(1, ordering: .sequentiallyConsistent).newValue
      if !LineReader.isWaiting.load(ordering: .sequentiallyConsistent) {
        // A module that hangs must not hold the operator.
        if count > 1 {
          // It ends when this returns: until then the signal is held back.
          signal(SIGINT, SIG_DFL)
          raise(SIGINT)
          return
        }
        let hint = LineReader.hint
        _ = write(STDERR_FILENO, hint.utf8Start, hint.utf8CodeUnitCount)
      }
      var byte: UInt8 = 1
      _ = write(LineReader.bell.load(ordering: .sequentiallyConsistent), &byte, 1)
      errno = before
    }
    sigaction(SIGINT, &action, nil)
  }

  /// Whether Ctrl-C was pressed since a line was read last.
  static var isInterrupted: Bool { interruptions.load(ordering: .sequentiallyConsistent) > 0 }

  /// Forgets Ctrl-C: what was pressed while something was done has ended that. To be called before people
  /// are asked for a line, since what they press when they see that is meant for it. In a script Ctrl-C
  /// ends everything.
  func forgetInterruptions() {
    Self.interruptions.store(0, ordering: .sequentiallyConsistent)
    drain()
  }

  /// The next line, without its end; nil when there is none left, or Ctrl-C was pressed. Bytes that are
  /// no UTF-8 become U+FFFD.
  func next() -> String? {
    while true {
      if Self.isInterrupted { return nil }
      if let end = bytes.firstIndex(of: 0x0A) {
        defer { bytes.removeSubrange(...end) }
        return Self.text(bytes[..<end])
      }
      guard !isOver else {
        defer { bytes = [] }
        return bytes.isEmpty ? nil : Self.text(bytes[...])
      }
      takeIn()
    }
  }

  /// Waits for something to read, or for Ctrl-C.
  private func takeIn() {
    var waited = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: heard, events: Int16(POLLIN), revents: 0),
    ]
    Self.isWaiting.store(true, ordering: .sequentiallyConsistent)
    let ready = poll(&waited, 2, -1)
    Self.isWaiting.store(false, ordering: .sequentiallyConsistent)
    guard ready > 0, waited[0].revents != 0 else { return }
    var piece = [UInt8](repeating: 0, count: 65_536)
    let count = read(STDIN_FILENO, &piece, piece.count)
    if count > 0 {
      bytes += piece[..<count]
    } else if count == 0 || errno != EINTR && errno != EAGAIN {
      isOver = true
    }
  }

  /// Takes out of the pipe what was heard of.
  private func drain() {
    var piece = [UInt8](repeating: 0, count: 64)
    while read(heard, &piece, piece.count) > 0 {}
  }

  private static func text(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
  }
}
