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
  /// The bytes of base64 in the standard or the URL alphabet, padded or not; line ends are skipped.
  /// - Returns: nil where another character stands in it.
  public init?(base64 text: String) {
    var output: [UInt8] = []
    output.reserveCapacity(text.utf8.count / 4 * 3)
    var bits: UInt32 = 0
    var count = 0
    for byte in text.utf8 {
      let value: UInt32
      switch byte {
      case 65...90: value = UInt32(byte) - 65
      case 97...122: value = UInt32(byte) - 71
      case 48...57: value = UInt32(byte) + 4
      case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
      case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
      case UInt8(ascii: "="), 9, 10, 13, 32: continue
      default: return nil
      }
      bits = bits << 6 | value
      count += 1
      if count == 4 {
        output += [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
        (bits, count) = (0, 0)
      }
    }
    if count == 3 { output += [UInt8(bits >> 10 & 255), UInt8(bits >> 2 & 255)] }
    if count == 2 { output.append(UInt8(bits >> 4 & 255)) }
    self.init(output)
  }

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
