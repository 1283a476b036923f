import Crypto

extension Buffer {
  /// The SHA-256 of the content, in hexadecimal digits.
  public var sha256: String {
    let digits = Array("0123456789abcdef")
    return String(
      SHA256.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// What the first bytes say the content is, in a word or two.
  public var contentType: String {
    for (beginning, name) in Self.beginnings where bytes.starts(with: beginning) { return name }
    if encoding != nil { return "text" }
    let head = bytes.prefix(512)
    return !head.isEmpty && head.allSatisfy { $0 >= 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
      ? "text" : "binary"
  }

  // swift-format-ignore
  private static let beginnings: [([UInt8], String)] = [
    (Array("%PDF".utf8), "PDF"), ([0x89, 0x50, 0x4E, 0x47], "PNG"), ([0xFF, 0xD8, 0xFF], "JPEG"),
    (Array("GIF8".utf8), "GIF"), (Array("PK\u{3}\u{4}".utf8), "zip"), ([0x1F, 0x8B], "gzip"),
    (Array("{".utf8), "JSON"), (Array("<?xml".utf8), "XML"), (Array("<html".utf8), "HTML"),
  ]
}
