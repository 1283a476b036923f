import Glibc
import Synchronization

/// Reads lines from standard input, so that Ctrl-C neither ends the program between two writes nor loses
/// what is not saved: the line that is waited for is the last one then.
///
/// Used from one task.
final class LineReader {
  private var bytes: [UInt8] = []
  private var isOver = false

  /// How often SIGINT came. A handler may touch nothing but what has no lock.
  private static let interruptions = Atomic(0)

  /// From now on Ctrl-C is noted instead of ending the program.
  init() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      LineReader.interruptions.add(1, ordering: .relaxed)
    }
    // Without SA_RESTART: who waits for a line is to hear of it.
    sigaction(SIGINT, &action, nil)
  }

  /// Whether Ctrl-C was pressed since a line was read last.
  static var isInterrupted: Bool { interruptions.load(ordering: .relaxed) > 0 }

  /// The next line, without its end; nil when there is none left, or Ctrl-C was pressed. Bytes that are
  /// no UTF-8 become U+FFFD.
  func next() -> String? {
    // What was pressed while something was done has ended that; of a script it ends everything.
    if isatty(STDIN_FILENO) == 1 {
      Self.interruptions.store(0, ordering: .relaxed)
    } else if Self.isInterrupted {
      return nil
    }
    while true {
      if let end = bytes.firstIndex(of: 0x0A) {
        defer { bytes.removeSubrange(...end) }
        return Self.text(bytes[..<end])
      }
      guard !isOver else {
        defer { bytes = [] }
        return bytes.isEmpty ? nil : Self.text(bytes[...])
      }
      var piece = [UInt8](repeating: 0, count: 65_536)
      let count = read(STDIN_FILENO, &piece, piece.count)
      if count < 0, errno == EINTR {
        if Self.isInterrupted { return nil }
        continue
      }
      guard count > 0 else {
        isOver = true
        continue
      }
      bytes += piece[..<count]
    }
  }

  private static func text(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
  }
}
