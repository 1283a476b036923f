/// Records that failed for the same reason at the same module: error type, module, and the message
/// without what differs from bundle to bundle.
public struct ErrorGroup: Hashable, Sendable {
  /// The kind of the failure.
  public let errorType: ErrorType
  /// What people call the failed module.
  public let moduleTitle: String
  /// The message, with `#` for numbers and identities, `"…"` for what was quoted, `@` for addresses.
  public let text: String

  /// The group of a failure.
  public init(errorType: ErrorType, moduleTitle: String, reason: String) {
    self.errorType = errorType
    self.moduleTitle = moduleTitle
    text = Self.normalised(reason)
  }

  /// The group of a record.
  public init(_ record: IncompleteSummary) {
    self.init(
      errorType: record.errorType, moduleTitle: record.failerTitle, reason: record.reason)
  }

  /// The same number for the same group, in every run and every store: FNV-1a of the three parts.
  public var fingerprint: Int64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for part in [errorType.rawValue, moduleTitle, text] {
      for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      hash = (hash ^ 0xFF) &* 0x100_0000_01B3
    }
    return Int64(bitPattern: hash)
  }

  /// The fingerprint as a filter names it: 16 hexadecimal digits.
  public static func digits(_ fingerprint: Int64) -> String {
    let text = String(UInt64(bitPattern: fingerprint), radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  /// Only so much of a message tells groups apart, in characters.
  private static let longest = 300

  /// A message without what differs from bundle to bundle. A name in quotes that stands before
  /// `is`, `must` or another word of the message is kept apart from a value only by position: the
  /// first quoted text names the field, later ones are values.
  static func normalised(_ reason: String) -> String {
    var output = ""
    var word = ""
    var quotes = 0
    var rest = Array(reason.prefix(longest * 4))[...]
    func shape(_ word: String) -> String {
      if word.contains("@"), word.contains(".") { return "@" }
      let digits = word.filter(\.isNumber).count
      guard digits > 0 else { return word }
      // A word that is mostly digits is an identity or a quantity; one with a few keeps its letters.
      let isIdentity = word.count >= 8 && word.allSatisfy { $0.isHexDigit || $0 == "-" }
      if isIdentity { return "#" }
      var shaped = ""
      for character in word {
        if character.isNumber {
          if shaped.last != "#" { shaped.append("#") }
        } else {
          shaped.append(character)
        }
      }
      return shaped
    }
    func flush() {
      output += shape(word)
      word = ""
    }
    while let character = rest.popFirst() {
      if character == "\"" || character == "“",
        let end = rest.firstIndex(where: { $0 == "\"" || $0 == "”" })
      {
        flush()
        output += quotes == 0 ? "\"\(String(rest[..<end]))\"" : "\"…\""
        quotes += 1
        rest = rest[(end + 1)...]
      } else if character.isLetter || character.isNumber || character == "@" || character == "-"
        || character == "_" || (character == "." && rest.first?.isWhitespace == false)
      {
        word.append(character)
      } else {
        flush()
        output.append(character.isWhitespace ? " " : character)
      }
    }
    flush()
    return String(output.prefix(longest))
  }
}
