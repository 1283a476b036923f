import CCurl

/// An address, taken apart and put together by curl, so that it means the same here and there.
struct WebAddress {
  /// The parts that tell one service from another.
  struct Origin: Hashable {
    let scheme: String
    let host: String
    let port: String
  }

  private final class Parts {
    let handle: OpaquePointer?
    init() { handle = curl_url() }
    deinit { curl_url_cleanup(handle) }

    func set(_ part: CURLUPart, _ text: String) -> Bool {
      curl_url_set(handle, part, text, 0) == CURLUE_OK
    }

    func get(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
      var text: UnsafeMutablePointer<CChar>?
      guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
      defer { curl_free(text) }
      return String(cString: text)
    }
  }

  /// Where a redirect leads, from the address that was asked; nil when it is no address.
  static func resolved(_ location: String, from base: String) -> String? {
    let parts = Parts()
    guard parts.set(CURLUPART_URL, base), parts.set(CURLUPART_URL, location) else { return nil }
    return parts.get(CURLUPART_URL)
  }

  /// The service an address belongs to; nil when it is no address.
  static func origin(of url: String) -> Origin? {
    let parts = Parts()
    guard parts.set(CURLUPART_URL, url), let scheme = parts.get(CURLUPART_SCHEME),
      let host = parts.get(CURLUPART_HOST)
    else { return nil }
    let port = parts.get(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)) ?? ""
    return Origin(scheme: scheme.lowercased(), host: host.lowercased(), port: port)
  }

  /// The last part of the path, decoded; nil where the path names nothing.
  static func fileName(of url: String) -> String? {
    let parts = Parts()
    guard parts.set(CURLUPART_URL, url),
      let path = parts.get(CURLUPART_PATH, UInt32(CURLU_URLDECODE)),
      let name = path.split(separator: "/", omittingEmptySubsequences: false).last, !name.isEmpty
    else { return nil }
    return String(name)
  }
}

extension WebAddress {
  /// A part of a query as it was before it was percent-encoded.
  static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension String {
  /// The address as it goes over the wire: blanks around it are gone, and what may not stand in an
  /// address - blanks, letters beyond ASCII, braces - is percent-encoded behind the host, as browsers
  /// and Make's modules do. What is encoded already stays as it is.
  var asSentAddress: String {
    let trimmed = Substring(self).trimmed
    guard let scheme = trimmed.firstRange(of: "://"),
      let rest = trimmed[scheme.upperBound...].firstIndex(where: { "/?#".contains($0) })
    else { return String(trimmed) }
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes = Array(trimmed[..<rest].utf8)
    for byte in trimmed[rest...].utf8 {
      let isPlain = (0x21..<0x7F).contains(byte) && !"\"<>\\^`{|}".utf8.contains(byte)
      bytes +=
        isPlain ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    let isBlank = { (character: Character) in character.isWhitespace || character == "\u{FEFF}" }
    guard let start = firstIndex(where: { !isBlank($0) }),
      let end = lastIndex(where: { !isBlank($0) })
    else { return "" }
    return self[start...end]
  }
}
