import FettleCore

/// Values as one line of a screen shows them.
enum ValueText {
  /// The value, short enough to be built for every row of every frame.
  static func line(
    _ value: Value?, isSecret: Bool = false, mask: SecretMask = SecretMask()
  ) -> SafeText {
    guard let value else { return "— missing —" }
    if isSecret, !value.isNull, value != .text("") { return SafeText(own: SecretMask.mask) }
    switch value {
    case .null: return "null"
    case .text(let text): return quoted(text, mask)
    case .number(let number): return "\(String(number.text.prefix(120)))"
    case .boolean(let boolean): return boolean ? "true" : "false"
    case .date(let date): return "\(date.iso8601)"
    case .buffer(let buffer):
      return "\(buffer.contentType), " + Quantity.bytes(buffer.bytes.count)
    case .array(let elements): return "[\(elements.count)]"
    case .collection(let collection): return "{\(shownFields(of: collection))}"
    }
  }

  /// As many fields as the tree shows: the place in a list is not the operator's. It stands in bundles,
  /// which are small; nobody counts the fields of a large collection.
  private static func shownFields(of collection: Collection) -> Int {
    guard collection.count <= 1000 else { return collection.count }
    return collection.fields.count { !$0.name.hasPrefix("__IMT") }
  }

  private static func quoted(_ text: String, _ mask: SecretMask) -> SafeText {
    // Only what can be seen is looked at; the rest of a secret that begins in it is behind it.
    let shown = mask.isEmpty ? text : mask.masked(String(text.prefix(4800)))
    let content = SafeText(shown, limit: 300)
    guard text.utf8.count > 300 else { return "\"" + content + "\"" }
    return "\(Quantity.bytes(text.utf8.count)) \"" + content + "\""
  }

  /// What to know of a value that its line does not show: how long a text is, what hides in it.
  static func measure(_ value: Value?) -> SafeText {
    switch value {
    case .text(let text)?:
      guard text.utf8.count <= 65_536 else { return Quantity.bytes(text.utf8.count) }
      let controls = text.unicodeScalars.reduce(0) {
        $0 + (($1.value < 0x20 && $1.value != 0x0A && $1.value != 0x09) || $1.value == 0x7F ? 1 : 0)
      }
      if controls > 0 { return controls == 1 ? "1 control char" : "\(controls) control chars" }
      let lines = text.utf8.reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
      guard text.utf8.count > 60 || lines > 1 else { return "" }
      return Quantity.grouped(text.count) + " ch" + (lines > 1 ? ", \(lines) ln" : "")
    case .buffer?: return "read only"
    default: return ""
    }
  }

  /// The value with its type in front, as a diff shows it.
  static func typed(
    _ value: Value?, isSecret: Bool = false, mask: SecretMask = SecretMask()
  ) -> SafeText {
    guard let value else { return "nothing" }
    switch value {
    case .null, .array, .collection: return line(value)
    default: return value.kind.short + " " + line(value, isSecret: isSecret, mask: mask)
    }
  }

  /// A value with its type in front, of which only the head was read.
  static func typed(_ head: ValueHead?, isSecret: Bool) -> SafeText {
    let secret = SafeText(own: SecretMask.mask)
    return switch head {
    case nil: "nothing"
    case .whole(let value)?: typed(value, isSecret: isSecret)
    case .text(let start, let bytes)?:
      ValueKind.text.short + " "
        + (isSecret ? secret : Quantity.bytes(bytes) + " \"" + SafeText(start, limit: 300) + "\"")
    case .buffer(let start, let bytes)?:
      ValueKind.buffer.short + " "
        + (isSecret ? secret : "\(start.contentType), " + Quantity.bytes(bytes))
    case .array(let count)?: "[\(count)]"
    case .collection(let count)?: "{\(count)}"
    }
  }

  /// A mapping as it stands in a blueprint.
  static func mapping(_ value: Value?) -> SafeText {
    switch value {
    case nil: "not mapped"
    case .text(let text)?: SafeText(text, limit: 300)
    case let value?: line(value)
    }
  }
}
