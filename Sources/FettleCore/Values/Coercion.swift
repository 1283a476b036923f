/// Every implicit conversion between types, as one table (expression language, section 7.1).
///
/// `null` is never converted: it means "no value", and whether a value is required is a question of
/// its own.
public enum Coercion {
  /// A text: numbers in decimal, booleans as words, dates as ISO 8601, buffers decoded when their
  /// encoding is known, arrays of simple values joined by commas. Nil for everything else.
  public static func text(_ value: Value) -> String? {
    switch value {
    case .text(let text): text
    case .number(let number): number.plainText
    case .boolean(let boolean): boolean ? "true" : "false"
    case .date(let date): date.iso8601
    case .buffer(let buffer): buffer.encoding == nil ? nil : buffer.decoded
    case .array(let elements):
      elements.contains(where: \.holdsCollection) ? nil : try? value.rendered()
    case .null, .collection: nil
    }
  }

  /// A number: a number, or a text that spells one. Nil for everything else.
  public static func number(_ value: Value) -> Number? {
    switch value {
    case .number(let number): number
    case .text(let text): Number(spelled: text)
    default: nil
    }
  }

  /// A boolean. Every number is true, even 0; a text is false when it is empty or `false`; anything
  /// else that exists is true. Nil for null.
  public static func boolean(_ value: Value) -> Bool? {
    switch value {
    case .null: nil
    case .boolean(let boolean): boolean
    case .text(let text): !(text.isEmpty || text == "false")
    default: true
    }
  }

  /// A date: a date, or a text of one of the accepted shapes (section 11.5), read in a time zone
  /// (an IANA name) when it names no offset. A number is no date.
  public static func date(_ value: Value, timeZone: String) -> Instant? {
    date(value, zone: TimeZoneRules.named(timeZone) ?? .utc)
  }

  static func date(_ value: Value, zone: TimeZoneRules) -> Instant? {
    switch value {
    case .date(let date): date
    case .text(let text): DateText.read(text, zone: zone)
    default: nil
    }
  }

  /// A time of day in seconds, from a text `hours:minutes:seconds` (seconds may be missing). Nil
  /// for everything else.
  public static func time(_ value: Value) -> Int? {
    guard case .text(let text) = value else { return nil }
    let parts = text.trimmingBlanks().split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3,
      parts.allSatisfy({ (1...2).contains($0.utf8.count) && $0.utf8.allSatisfy { 48...57 ~= $0 } })
    else { return nil }
    let numbers = parts.compactMap { Int($0) }
    let seconds = numbers.count == 3 ? numbers[2] : 0
    guard numbers[0] < 24, numbers[1] < 60, seconds < 60 else { return nil }
    return numbers[0] * 3600 + numbers[1] * 60 + seconds
  }

  /// Bytes: texts, numbers, booleans and dates by their text, encoded. Nil for arrays, collections
  /// and null, and for an encoding that is not known.
  /// - Parameter encoding: `utf8`, `latin1` (`binary`), `ascii` or `utf16le`.
  public static func buffer(_ value: Value, encoding: String = "utf8") -> Buffer? {
    switch value {
    case .buffer(let buffer):
      guard let from = buffer.encoding, from != encoding else { return buffer }
      return TextEncoding(name: encoding).map {
        Buffer($0.encode(buffer.decoded), encoding: encoding)
      }
    case .null, .array, .collection: return nil
    default:
      guard let encoder = TextEncoding(name: encoding), let text = text(value) else { return nil }
      return Buffer(encoder.encode(text), encoding: encoding)
    }
  }

  /// An array: an array itself, anything else as its only element. Nil for null.
  public static func array(_ value: Value) -> [Value]? {
    switch value {
    case .null: nil
    case .array(let elements): elements
    default: [value]
    }
  }

  /// A collection; nothing else becomes one.
  public static func collection(_ value: Value) -> Collection? { value.collection }

  /// The value as a type. Null stays null.
  /// - Throws: the value and the type when the table has no way.
  public static func convert(
    _ value: Value, to kind: ValueKind, timeZone: String = "UTC"
  ) throws(CoercionError) -> Value {
    if value.isNull || value.kind == kind { return value }
    let converted: Value? =
      switch kind {
      case .null: nil
      case .text: text(value).map(Value.text)
      case .number: number(value).map(Value.number)
      case .boolean: boolean(value).map(Value.boolean)
      case .date: date(value, timeZone: timeZone).map(Value.date)
      case .buffer: buffer(value).map(Value.buffer)
      case .array: array(value).map(Value.array)
      case .collection: collection(value).map(Value.collection)
      }
    guard let converted else { throw CoercionError(value: value, kind: kind) }
    return converted
  }

  /// A number for arithmetic: as `number`, and a date as Unix milliseconds (7.2).
  static func arithmetic(_ value: Value) -> Double? {
    switch value {
    case .number(let number): number.double.isFinite ? number.double : nil
    case .text(let text): Number(spelled: text).flatMap { $0.double.isFinite ? $0.double : nil }
    case .date(let date): Double(date.milliseconds)
    default: nil
    }
  }

  /// Whether a condition holds (7.4 and 16.1): null, `false`, the empty text, the text `false` and
  /// the number 0 do not. A field of type boolean decides otherwise about 0; see `boolean`.
  static func truth(_ value: Value) -> Bool {
    switch value {
    case .null: false
    case .boolean(let boolean): boolean
    case .text(let text): !(text.isEmpty || text == "false")
    case .number(let number): number.double != 0
    default: true
    }
  }
}

/// A value that does not fit a type.
public struct CoercionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The value.
  public let value: Value
  /// The type it should have become.
  public let kind: ValueKind

  /// One sentence without a full stop.
  public var description: String { "\(value.shown) is no \(kind.rawValue)" }
}

extension Number {
  /// The decimal text of a value (section 6): the shortest that reads back, without spare zeros.
  /// Only whole numbers too long for a double keep their digits: they are ids.
  var plainText: String {
    guard let spelling else { return Number.shortest(double) }
    let isWhole = spelling.utf8.allSatisfy { 48...57 ~= $0 || $0 == UInt8(ascii: "-") }
    if isWhole && double.magnitude >= 9_007_199_254_740_992 || !double.isFinite { return spelling }
    return Number.shortest(double)
  }

  /// The number a text spells, blanks around it allowed; nil when it spells none or one too large.
  init?(spelled text: String) {
    let trimmed = text.trimmingBlanks()
    var hasDigit = false
    for byte in trimmed.utf8 {
      switch byte {
      case 48...57: hasDigit = true
      case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"),
        UInt8(ascii: "E"):
        break
      default: return nil
      }
    }
    var spelling = trimmed
    if spelling.utf8.last == UInt8(ascii: ".") { spelling.removeLast() }
    guard hasDigit, let double = Double(spelling), double.isFinite else { return nil }
    let isLong = trimmed.utf8.count > 15 && double.magnitude >= 9_007_199_254_740_992
    if isLong, let exact = Number(json: trimmed) { self = exact } else { self.init(double) }
  }
}

extension Value {
  var holdsCollection: Bool {
    switch self {
    case .collection: true
    case .array(let elements): elements.contains(where: \.holdsCollection)
    default: false
    }
  }

  /// The value inside a text (7.3): null is nothing; an array of simple values is joined by commas;
  /// collections, and arrays that hold one, are JSON (16.6).
  func rendered() throws(Failure) -> String {
    switch self {
    case .null: return ""
    case .text(let text): return text
    case .number(let number): return number.plainText
    case .boolean(let boolean): return boolean ? "true" : "false"
    case .date(let date): return date.iso8601
    case .buffer(let buffer): return buffer.decoded
    case .array(let elements):
      var size = 0
      try measure(into: &size)
      if elements.contains(where: \.holdsCollection) { return JSONWriter.text(self) }
      var output = ""
      for (position, element) in elements.enumerated() {
        if position > 0 { output += "," }
        output += try element.rendered()
      }
      return output
    case .collection:
      var size = 0
      try measure(into: &size)
      return JSONWriter.text(self)
    }
  }

  /// A lower bound of the text a value becomes, stopping where it exceeds the budget.
  private func measure(into size: inout Int) throws(Failure) {
    size += 1
    switch self {
    case .text(let text): size += text.utf8.count
    case .buffer(let buffer): size += buffer.bytes.count
    case .array(let elements): for element in elements { try element.measure(into: &size) }
    case .collection(let collection):
      for field in collection.fields {
        size += field.name.utf8.count
        try field.value.measure(into: &size)
      }
    default: break
    }
    try Budget.check(bytes: size)
  }

  /// The value in a message: short, and told apart from a text that looks alike.
  var shown: String {
    switch self {
    case .null: return "An empty value"
    case .text(let text):
      return text.utf8.count > 80 ? "'\(text.prefix(60))…'" : "'\(text)'"
    case .array: return "An array"
    case .collection: return "A collection"
    case .buffer: return "A buffer"
    default: return "'\((try? rendered()) ?? "")'"
    }
  }
}

/// A way to write text as bytes.
enum TextEncoding {
  case utf8, ascii, latin1, utf16

  /// The encoding of a name as scenarios use it.
  init?(name: String) {
    switch name.lowercased() {
    case "utf8", "utf-8": self = .utf8
    case "ascii", "us-ascii": self = .ascii
    case "latin1", "binary", "iso-8859-1": self = .latin1
    case "utf16le", "utf-16le", "ucs2", "ucs-2": self = .utf16
    default: return nil
    }
  }

  /// The bytes; characters the encoding lacks become `?`.
  func encode(_ text: String) -> [UInt8] {
    switch self {
    case .utf8: Array(text.utf8)
    case .ascii: text.unicodeScalars.map { $0.value < 0x80 ? UInt8($0.value) : UInt8(ascii: "?") }
    case .latin1: text.unicodeScalars.map { UInt8(exactly: $0.value) ?? UInt8(ascii: "?") }
    case .utf16:
      text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }
  }

  /// The text; bytes that are none become U+FFFD.
  func decode(_ bytes: [UInt8]) -> String {
    switch self {
    case .utf8, .ascii: return String(decoding: bytes, as: UTF8.self)
    case .latin1:
      var scalars = String.UnicodeScalarView()
      for byte in bytes { scalars.append(Unicode.Scalar(byte)) }
      return String(scalars)
    case .utf16:
      let units = stride(from: 0, to: bytes.count - 1, by: 2).map {
        UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
      }
      return String(decoding: units, as: UTF16.self)
    }
  }
}

extension Buffer {
  /// The content as text in its encoding; UTF-8 when none is known.
  var decoded: String { (encoding.flatMap(TextEncoding.init(name:)) ?? .utf8).decode(bytes) }
}
