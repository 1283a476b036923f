/// Every implicit conversion between types, as the table of expression-language 7.1. Nil means that
/// there is none and the value does not fit.
public enum Coercion {
  /// The value as a text: numbers as spelled, dates in ISO 8601, arrays of plain values joined by
  /// commas.
  public static func text(_ value: Value) -> String? {
    switch value {
    case .text(let text): text
    case .number(let number): number.text
    case .boolean(let boolean): boolean ? "true" : "false"
    case .date(let date): date.iso8601
    case .buffer(let buffer): text(of: buffer)
    case .array(let elements):
      elements.allSatisfy(\.isPlain)
        ? elements.map { text($0) ?? "" }.joined(separator: ",") : nil
    case .null, .collection: nil
    }
  }

  private static func text(of buffer: Buffer) -> String? {
    switch buffer.encoding?.lowercased() {
    case nil, "utf8", "utf-8": String(validating: buffer.bytes, as: UTF8.self)
    case "latin1", "iso-8859-1", "binary", "ascii":
      String(String.UnicodeScalarView(buffer.bytes.map { Unicode.Scalar($0) }))
    default: nil
    }
  }

  /// The value as a number: numeric texts, blanks around them allowed.
  public static func number(_ value: Value) -> Number? {
    switch value {
    case .number(let number): return number
    case .text(let text):
      let trimmed = text.trimmed
      if let number = Number(json: trimmed) { return number }
      // `+5`, `.5`, `05` and `5.` are no JSON, and are numbers to people.
      guard trimmed.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }) else {
        return nil
      }
      return Double(trimmed).flatMap { Number(finite: $0) }
    default: return nil
    }
  }

  /// The value as a boolean: a text is false when it is empty or `false`; a number is true, even 0.
  public static func boolean(_ value: Value) -> Bool? {
    switch value {
    case .null: nil
    case .boolean(let boolean): boolean
    case .text(let text): !(text.isEmpty || text == "false")
    default: true
    }
  }

  /// The value as a date: dates, and texts that read as one.
  public static func date(_ value: Value) -> Instant? {
    switch value {
    case .date(let date): date
    case .text(let text): Instant(iso8601: text.trimmed)
    default: nil
    }
  }

  /// The value as it stands inside a text: nothing for null, JSON for what has parts.
  public static func rendered(_ value: Value) -> String {
    if value.isNull { return "" }
    return text(value) ?? JSONWriter.text(value)
  }
}

extension Value {
  /// Whether the value has no parts.
  var isPlain: Bool {
    switch self {
    case .array, .collection: false
    default: true
    }
  }
}

extension String {
  /// Without white space at both ends.
  var trimmed: String {
    var rest = self[...]
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return String(rest)
  }
}
