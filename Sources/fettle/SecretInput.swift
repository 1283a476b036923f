import FettleCore
import Glibc

/// Secrets that people type or pipe in.
enum SecretInput {
  /// One line, or a whole key in PEM: typed without being shown where standard input is a terminal, else
  /// the next of standard input.
  static func read(_ what: String) throws(CommandFailure) -> String {
    guard isatty(STDIN_FILENO) == 1 else { return try secret(what) }
    var shown = termios()
    tcgetattr(STDIN_FILENO, &shown)
    var hidden = shown
    hidden.c_lflag &= ~tcflag_t(ECHO)
    Console.ask("\(what): ")
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
      Console.ask("\n")
    }
    return try secret(what)
  }

  /// The lines of a key belong together: what is pasted behind the first would go to the shell.
  private static func secret(_ what: String) throws(CommandFailure) -> String {
    var text = try line(what)
    guard text.hasPrefix("-----BEGIN ") else { return text }
    while !text.contains("\n-----END ") { text += "\n" + (try line("end of the \(what)")) }
    return text
  }

  /// Byte by byte: what comes after the line belongs to whoever reads next.
  private static func line(_ what: String) throws(CommandFailure) -> String {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while bytes.count < 65_536 {
      let count = Glibc.read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1, byte != 10 else { break }
      bytes.append(byte)
    }
    if bytes.last == 13 { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
      throw .usage("no \(what) was given")
    }
    return text
  }
}

extension Console {
  /// Writes to standard error without a line end, so that it can be answered.
  static func ask(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}
