/// Bytes, with the text encoding they are known to be in.
public struct Buffer: Sendable, Hashable {
  /// The content.
  public var bytes: [UInt8]
  /// The text encoding, by its usual name (`utf8`, `latin1`); nil when the bytes are no text.
  public var encoding: String?

  /// A buffer of these bytes.
  public init(_ bytes: [UInt8], encoding: String? = nil) {
    self.bytes = bytes
    self.encoding = encoding
  }
}

extension Buffer {
  /// The content in the standard base64 alphabet, padded.
  public var base64: String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
      for place in 0..<4 {
        let sextet = Int(bits >> UInt32(18 - 6 * place)) & 63
        text.append(place <= group.count ? alphabet[sextet] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
