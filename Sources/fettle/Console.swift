import FettleCore
import FettleTerminal
import Glibc

/// What a command prints. Data never reaches the terminal as it is: what would drive the terminal is
/// made visible first.
enum Console {
  /// Prints lines for people.
  static func say(_ text: String) {
    let ascii = !usesUTF8
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      print(PlainText.line(String(line), ascii: ascii))
    }
  }

  /// Prints one line for people: the ends of lines in it, such as those of a name, are shown and not
  /// obeyed, so that a row of a table stays a row.
  static func row(_ text: String) { print(inALine(text)) }

  /// A text as it can stand within a line.
  static func inALine(_ text: String) -> String { PlainText.line(text, ascii: !usesUTF8) }

  /// Prints a value as JSON. Characters that could drive a terminal are written as escapes, which
  /// mean the same.
  static func say(_ value: Value, indented: Bool = true) {
    print(printable(JSONWriter.text(value, indented: indented)))
  }

  /// JSON without characters that could drive a terminal.
  static func printable(_ json: String) -> String {
    guard json.unicodeScalars.contains(where: needsEscape) else { return json }
    var text = ""
    for scalar in json.unicodeScalars {
      guard needsEscape(scalar) else {
        text.unicodeScalars.append(scalar)
        continue
      }
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return text
  }

  private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
    (0x7F...0x9F).contains(scalar.value)
      || scalar.properties.generalCategory == .format
      || scalar.properties.isDefaultIgnorableCodePoint
  }

  /// Prints one line to standard error, whatever ends of lines the message has.
  /// - Parameter lines: what stands beneath it, each a line of its own.
  static func complain(_ message: String, beneath lines: [String] = []) {
    let ascii = !usesUTF8
    let text = PlainText.line(message.replacing("\n", with: " "), ascii: ascii)
    let below = lines.map { "  \(PlainText.line($0, ascii: ascii))\n" }.joined()
    let bytes = Array("fettle: \(text)\n\(below)".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }

  /// Whether the locale says that the terminal reads UTF-8.
  static var usesUTF8: Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { continue }
      return value.uppercased().contains("UTF-8") || value.uppercased().contains("UTF8")
    }
    return false
  }
}
