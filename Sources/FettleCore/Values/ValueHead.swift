/// What a line of a list shows of a value: all of a small one; of a large one its beginning, and how much
/// of it there is.
public enum ValueHead: Hashable, Sendable {
  case whole(Value)
  /// The beginning of a text, with the bytes of all of it in UTF-8.
  case text(String, bytes: Int)
  /// The beginning of a file, with the bytes of all of it.
  case buffer(Buffer, bytes: Int)
  case array(count: Int)
  case collection(count: Int)

  /// The head of a value that was read whole.
  public init(_ value: Value) {
    switch value {
    case .text(let text) where text.utf8.count > Self.length:
      self = .text(
        String(decoding: text.utf8.prefix(Self.length), as: UTF8.self), bytes: text.utf8.count)
    case .array(let elements): self = .array(count: elements.count)
    default: self = .whole(value)
    }
  }

  /// Values of so many stored bytes are small.
  public static let length = 4096
}

extension ValueCodec {
  /// The head of a stored value of which only the beginning was read.
  /// - Returns: nil where the beginning does not tell.
  public static func head(_ start: [UInt8]) -> ValueHead? {
    guard start.count > 2, start[0] == version, let tag = Tag(rawValue: start[1]) else {
      return nil
    }
    var position = 2
    func number() -> Int? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 63, by: 7) {
        guard position < start.count else { return nil }
        let next = start[position]
        position += 1
        value |= UInt64(next & 0x7F) << shift
        if next < 0x80 { return Int(exactly: value) }
      }
      return nil
    }
    guard let count = number() else { return nil }
    switch tag {
    case .text:
      // A character that was cut through at the end lies behind all that is shown.
      return .text(String(decoding: start[position...], as: UTF8.self), bytes: count)
    case .buffer: return .buffer(Buffer(Array(start[position...])), bytes: count)
    case .encodedBuffer:
      guard count <= start.count - position else { return nil }
      let encoding = String(decoding: start[position..<(position + count)], as: UTF8.self)
      position += count
      return number().map { bytes in
        .buffer(Buffer(Array(start[position...]), encoding: encoding), bytes: bytes)
      }
    case .array: return .array(count: count)
    case .collection: return .collection(count: count)
    default: return nil
    }
  }
}
