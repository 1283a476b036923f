import Crypto

/// The stored form of a value: compact, exact, and readable by every later version.
///
/// JSON cannot tell a date from a text or hold bytes, so stored bundles have a form of their own: a
/// version byte, then one tag byte a value, lengths as LEB128. Numbers keep their spelling.
public enum ValueCodec {
  /// Why stored bytes are no value.
  public struct Damage: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the damage was met, in bytes from the start.
    public let offset: Int
    /// One sentence for the log.
    public var description: String { "the stored value is damaged at byte \(offset)" }
  }

  static let version: UInt8 = 1

  enum Tag: UInt8 {
    case null, no, yes, text, integer, double, spelled, date, buffer, encodedBuffer, array
    case collection
    case textApart, bufferApart, encodedBufferApart
  }

  /// Large texts and buffers that are stored once, beside the values they stand in: each is told by
  /// the SHA-256 of its bytes (durability 2).
  public struct Apart: Sendable {
    /// The bytes, by their digest.
    public private(set) var values: [[UInt8]: [UInt8]] = [:]

    /// What is larger than this is put aside, in bytes.
    public static let threshold = 65_536

    /// Nothing yet.
    public init() {}

    fileprivate mutating func put(_ bytes: [UInt8]) -> [UInt8] {
      let digest = Array(SHA256.hash(data: bytes))
      values[digest] = bytes
      return digest
    }
  }

  private static let digestLength = 32

  /// The stored form of `value`.
  public static func encode(_ value: Value) -> [UInt8] {
    var output = [version]
    var apart: Apart?
    append(value, to: &output, &apart)
    return output
  }

  /// The stored form of `value`, its large texts and buffers put aside.
  public static func encode(_ value: Value, puttingAside apart: inout Apart) -> [UInt8] {
    var output = [version]
    var aside: Apart? = apart
    append(value, to: &output, &aside)
    apart = aside ?? apart
    return output
  }

  private static func append(
    _ value: Value, to output: inout [UInt8], _ apart: inout Apart?
  ) {
    func tag(_ tag: Tag) { output.append(tag.rawValue) }
    switch value {
    case .null: tag(.null)
    case .boolean(let boolean): tag(boolean ? .yes : .no)
    case .text(let text) where apart != nil && text.utf8.count > Apart.threshold:
      tag(.textApart)
      output.append(contentsOf: apart?.put(Array(text.utf8)) ?? [])
    case .text(let text):
      tag(.text)
      append(text, to: &output)
    case .number(let number):
      if let spelling = number.spelling {
        tag(.spelled)
        append(spelling, to: &output)
      } else if let integer = Int64(exactly: number.double),
        number.double.sign == .plus || integer != 0
      {
        tag(.integer)
        append(zigZag: integer, to: &output)
      } else {
        tag(.double)
        withUnsafeBytes(of: number.double.bitPattern.littleEndian) { output.append(contentsOf: $0) }
      }
    case .date(let date):
      tag(.date)
      append(zigZag: date.milliseconds, to: &output)
    case .buffer(let buffer) where apart != nil && buffer.bytes.count > Apart.threshold:
      tag(buffer.encoding == nil ? .bufferApart : .encodedBufferApart)
      if let encoding = buffer.encoding { append(encoding, to: &output) }
      output.append(contentsOf: apart?.put(Array(buffer.bytes)) ?? [])
    case .buffer(let buffer):
      tag(buffer.encoding == nil ? .buffer : .encodedBuffer)
      if let encoding = buffer.encoding { append(encoding, to: &output) }
      append(length: buffer.bytes.count, to: &output)
      output.append(contentsOf: buffer.bytes)
    case .array(let elements):
      tag(.array)
      append(length: elements.count, to: &output)
      for element in elements { append(element, to: &output, &apart) }
    case .collection(let collection):
      tag(.collection)
      append(length: collection.count, to: &output)
      for field in collection.fields {
        append(field.name, to: &output)
        append(field.value, to: &output, &apart)
      }
    }
  }

  private static func append(_ text: String, to output: inout [UInt8]) {
    append(length: text.utf8.count, to: &output)
    output.append(contentsOf: text.utf8)
  }

  private static func append(zigZag integer: Int64, to output: inout [UInt8]) {
    append(leb128: UInt64(bitPattern: integer << 1 ^ integer >> 63), to: &output)
  }

  private static func append(length: Int, to output: inout [UInt8]) {
    append(leb128: UInt64(length), to: &output)
  }

  private static func append(leb128 value: UInt64, to output: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    output.append(UInt8(rest))
  }

  /// The value that was stored.
  /// - Parameter apart: the bytes of a digest, for values whose large parts were put aside; nil when
  ///   they are not there, which is damage.
  public static func decode(
    _ bytes: [UInt8], apart: ([UInt8]) -> [UInt8]? = { _ in nil }
  ) throws(Damage) -> Value {
    try withoutActuallyEscaping(apart) { (apart) throws(Damage) -> Value in
      try decode(bytes, readingApart: apart)
    }
  }

  private static func decode(
    _ bytes: [UInt8], readingApart apart: @escaping ([UInt8]) -> [UInt8]?
  ) throws(Damage) -> Value {
    var reader = Reader(bytes: bytes, apart: apart)
    guard try reader.byte() == version else { throw Damage(offset: 0) }
    let value = try reader.value(depth: 0)
    guard reader.position == bytes.count else { throw Damage(offset: reader.position) }
    return value
  }

  private struct Reader {
    let bytes: [UInt8]
    let apart: ([UInt8]) -> [UInt8]?
    var position = 0

    mutating func takeApart() throws(Damage) -> [UInt8] {
      let start = position
      guard let found = apart(Array(try take(digestLength))) else { throw Damage(offset: start) }
      return found
    }

    mutating func value(depth: Int) throws(Damage) -> Value {
      // The depth JSON may have, with room for what the engine wraps around it.
      guard depth <= JSONReader.maximumDepth + 50, let tag = Tag(rawValue: try byte()) else {
        throw Damage(offset: position)
      }
      switch tag {
      case .null: return .null
      case .no: return .boolean(false)
      case .yes: return .boolean(true)
      case .text: return .text(try text())
      case .integer: return .number(Number(Double(try zigZag())))
      case .double:
        let raw = try take(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return .number(Number(Double(bitPattern: raw)))
      case .spelled:
        let spelling = try text()
        guard let double = Double(spelling) else { throw Damage(offset: position) }
        return .number(Number(double: double, spelling: spelling))
      case .date: return .date(Instant(milliseconds: try zigZag()))
      case .buffer: return .buffer(Buffer(Array(try take(try length()))))
      case .encodedBuffer:
        let encoding = try text()
        return .buffer(Buffer(Array(try take(try length())), encoding: encoding))
      case .textApart:
        let start = position
        guard let text = String(validating: try takeApart(), as: UTF8.self) else {
          throw Damage(offset: start)
        }
        return .text(text)
      case .bufferApart: return .buffer(Buffer(try takeApart()))
      case .encodedBufferApart:
        let encoding = try text()
        return .buffer(Buffer(try takeApart(), encoding: encoding))
      case .array:
        var elements: [Value] = []
        for _ in 0..<(try length()) { elements.append(try value(depth: depth + 1)) }
        return .array(elements)
      case .collection:
        var fields: [Collection.Field] = []
        for _ in 0..<(try length()) {
          fields.append(Collection.Field(name: try text(), value: try value(depth: depth + 1)))
        }
        return .collection(Collection(distinct: fields))
      }
    }

    mutating func byte() throws(Damage) -> UInt8 {
      guard position < bytes.count else { throw Damage(offset: position) }
      position += 1
      return bytes[position - 1]
    }

    mutating func take(_ count: Int) throws(Damage) -> ArraySlice<UInt8> {
      guard count <= bytes.count - position else { throw Damage(offset: position) }
      position += count
      return bytes[(position - count)..<position]
    }

    mutating func text() throws(Damage) -> String {
      let start = position
      guard let text = String(validating: try take(try length()), as: UTF8.self) else {
        throw Damage(offset: start)
      }
      return text
    }

    /// A length, which cannot exceed the bytes that are left: each item takes at least one.
    mutating func length() throws(Damage) -> Int {
      let value = try leb128()
      guard value <= UInt64(bytes.count - position) else { throw Damage(offset: position) }
      return Int(value)
    }

    mutating func zigZag() throws(Damage) -> Int64 {
      let raw = try leb128()
      return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    mutating func leb128() throws(Damage) -> UInt64 {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while shift < 64 {
        let next = try byte()
        value |= UInt64(next & 0x7F) << shift
        if next < 0x80 { return value }
        shift += 7
      }
      throw Damage(offset: position)
    }
  }
}
