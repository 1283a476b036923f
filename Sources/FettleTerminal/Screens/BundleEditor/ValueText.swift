import FettleCore

/// Values as one line of a screen shows them.
enum ValueText {
  /// The value, short enough to be built for every row of every frame.
  static func line(_ value: Value?, isSecret: Bool = false) -> SafeText {
    guard let value else { return "— missing —" }
    if isSecret, !value.isNull, value != .text("") { return "••••" }
    switch value {
    case .null: return "null"
    case .text(let text): return quoted(text)
    case .number(let number): return "\(String(number.text.prefix(120)))"
    case .boolean(let boolean): return boolean ? "true" : "false"
    case .date(let date): return "\(date.iso8601)"
    case .buffer(let buffer): return "\(Quantity.bytes(buffer.bytes.count)), shown only"
    case .array(let elements): return "[\(elements.count)]"
    case .collection(let collection): return "{\(collection.count)}"
    }
  }

  private static func quoted(_ text: String) -> SafeText {
    let content = SafeText(text, limit: 300)
    guard text.utf8.count > 300 else { return "\"" + content + "\"" }
    return "\(Quantity.bytes(text.utf8.count)) \"" + content + "\""
  }

  /// The value with its type in front, as a diff shows it.
  static func typed(_ value: Value?, isSecret: Bool = false) -> SafeText {
    guard let value else { return "nothing" }
    switch value {
    case .null, .array, .collection: return line(value)
    default: return value.kind.short + " " + line(value, isSecret: isSecret)
    }
  }
}
