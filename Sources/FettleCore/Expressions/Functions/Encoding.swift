import Crypto

/// Functions on encodings and digests (section 10.2).
extension Function {
  static let encodings: [Function] = [
    Function("toString", 1...1) { (arguments, _) throws(Failure) in .text(try arguments.text(0)) },
    Function("toBinary", 1...2) { (arguments, _) throws(Failure) in
      if case .buffer = arguments[0], !arguments.isGiven(1) { return arguments[0] }
      let text = try arguments.text(0)
      let encoding = arguments.isGiven(1) ? try arguments.text(1).lowercased() : "utf8"
      switch encoding {
      case "base64": return .buffer(Buffer(try base64Bytes(text)))
      case "hex": return .buffer(Buffer(try hexBytes(text)))
      default:
        guard let encoder = TextEncoding(name: encoding) else {
          throw Failure("'\(encoding)' is not a known encoding.", value: arguments[1])
        }
        return .buffer(Buffer(encoder.encode(text), encoding: encoding))
      }
    },
    Function("encodeURL", 1...1) { (arguments, _) throws(Failure) in
      let hexadecimal = Array("0123456789ABCDEF".utf8)
      let kept = Array("-_.!~*'()".utf8)
      var output: [UInt8] = []
      for byte in try arguments.text(0).utf8 {
        switch byte {
        case 48...57, 65...90, 97...122: output.append(byte)
        case _ where kept.contains(byte): output.append(byte)
        default:
          output += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
        }
      }
      return .text(String(decoding: output, as: UTF8.self))
    },
    Function("decodeURL", 1...1) { (arguments, _) throws(Failure) in
      let bytes = Array(try arguments.text(0).utf8)
      var output: [UInt8] = []
      var place = 0
      while place < bytes.count {
        if bytes[place] != UInt8(ascii: "%") {
          output.append(bytes[place])
          place += 1
          continue
        }
        guard place + 2 < bytes.count, let high = nibble(bytes[place + 1]),
          let low = nibble(bytes[place + 2])
        else {
          throw Failure("URI malformed: '%' needs two hexadecimal digits.", value: arguments[0])
        }
        output.append(high << 4 | low)
        place += 3
      }
      guard let text = String(validating: output, as: UTF8.self) else {
        throw Failure("URI malformed: the bytes are not UTF-8.", value: arguments[0])
      }
      return .text(text)
    },
    Function("escapeHTML", 1...1) { (arguments, _) throws(Failure) in
      .text(
        try arguments.text(0).replacingBytes { byte in
          switch byte {
          case UInt8(ascii: "&"): "&amp;"
          case UInt8(ascii: "<"): "&lt;"
          case UInt8(ascii: ">"): "&gt;"
          default: nil
          }
        })
    },
    // Beyond `#` the set is not documented (16.9): what marks text up inside a line.
    Function("escapeMarkdown", 1...1) { (arguments, _) throws(Failure) in
      let special = Array(#"#*_`|\[]<>~"#.utf8)
      return .text(
        try arguments.text(0).replacingBytes { byte in special.contains(byte) ? "&#\(byte);" : nil }
      )
    },
    Function("escapeJSON", 1...1) { (arguments, _) throws(Failure) in
      var output: [UInt8] = []
      JSONWriter.write(try arguments.text(0), into: &output)
      return .text(String(decoding: output.dropFirst().dropLast(), as: UTF8.self))
    },
    Function("stripHTML", 1...1) { (arguments, _) throws(Failure) in
      .text(HTMLStripper.strip(try arguments.text(0)))
    },
    Function("base64", 1...1) { (arguments, _) throws(Failure) in
      let bytes = try bytes(arguments, 0)
      try Budget.check(bytes: bytes.count / 3 * 4)
      return .text(Buffer(bytes).base64)
    },
    Function("md5", 1...1) { (arguments, _) throws(Failure) in
      .text(hexadecimal(digest(try bytes(arguments, 0), Insecure.MD5.self)))
    },
    Function("sha1", 1...4) { (arguments, _) throws(Failure) in
      try hash(arguments, Insecure.SHA1.self)
    },
    Function("sha256", 1...4) { (arguments, _) throws(Failure) in try hash(arguments, SHA256.self)
    },
    Function("sha512", 1...4) { (arguments, _) throws(Failure) in try hash(arguments, SHA512.self)
    },
  ]

  /// The bytes of an argument: those of a buffer, else its text in UTF-8.
  private static func bytes(_ arguments: Arguments, _ position: Int) throws(Failure) -> [UInt8] {
    if case .buffer(let buffer) = arguments[position] { return buffer.bytes }
    return Array(try arguments.text(position).utf8)
  }

  private static func digest<Hash: HashFunction>(_ bytes: [UInt8], _: Hash.Type) -> [UInt8] {
    var hash = Hash()
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    return Array(hash.finalize())
  }

  /// `sha…(text; [encoding]; [key]; [keyEncoding])`; with a key an HMAC.
  private static func hash<Hash: HashFunction>(
    _ arguments: Arguments, _ kind: Hash.Type
  ) throws(Failure) -> Value {
    let input = try bytes(arguments, 0)
    var result: [UInt8]
    if arguments.isGiven(2), !isBlank(arguments[2]) {
      let key = try key(arguments)
      var code = HMAC<Hash>(key: SymmetricKey(data: key))
      code.update(data: input)
      result = Array(code.finalize())
    } else {
      result = digest(input, kind)
    }
    let encoding = isBlank(arguments[1]) ? "hex" : try arguments.text(1).lowercased()
    switch encoding {
    case "hex": return .text(hexadecimal(result))
    case "base64": return .text(Buffer(result).base64)
    case "latin1", "binary": return .text(TextEncoding.latin1.decode(result))
    default: throw Failure("'\(encoding)' is not a known encoding.", value: arguments[1])
    }
  }

  private static func key(_ arguments: Arguments) throws(Failure) -> [UInt8] {
    let encoding = isBlank(arguments[3]) ? "text" : try arguments.text(3).lowercased()
    switch encoding {
    case "text", "utf8": return try bytes(arguments, 2)
    case "hex": return try hexBytes(try arguments.text(2))
    case "base64": return try base64Bytes(try arguments.text(2))
    case "binary":
      guard case .buffer(let buffer) = arguments[2] else {
        throw Failure("A binary key has to be a buffer.", value: arguments[2])
      }
      return buffer.bytes
    default: throw Failure("'\(encoding)' is not a known key encoding.", value: arguments[3])
    }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  private static func nibble(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }

  private static func hexBytes(_ text: String) throws(Failure) -> [UInt8] {
    let digits = text.utf8.filter { $0 > 32 }
    guard digits.count % 2 == 0 else {
      throw Failure("\(Value.text(text).shown) is not hexadecimal.", value: .text(text))
    }
    var output: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let high = nibble(digits[place]), let low = nibble(digits[place + 1]) else {
        throw Failure("\(Value.text(text).shown) is not hexadecimal.", value: .text(text))
      }
      output.append(high << 4 | low)
    }
    return output
  }

  private static func base64Bytes(_ text: String) throws(Failure) -> [UInt8] {
    guard let buffer = Buffer(base64: text) else {
      throw Failure("\(Value.text(text).shown) is not base64.", value: .text(text))
    }
    return buffer.bytes
  }
}

extension String {
  /// Single bytes below 0x80 replaced by texts; nil keeps them.
  func replacingBytes(_ replacement: (UInt8) -> String?) throws(Failure) -> String {
    var output: [UInt8] = []
    output.reserveCapacity(utf8.count)
    for byte in utf8 {
      if byte < 0x80, let text = replacement(byte) {
        output += text.utf8
      } else {
        output.append(byte)
      }
    }
    try Budget.check(bytes: output.count)
    return String(decoding: output, as: UTF8.self)
  }
}

/// Takes the tags out of HTML: `<br>` becomes a line end, scripts, styles and comments go with
/// their content, entities stay as they are.
enum HTMLStripper {
  static func strip(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var place = 0
    while place < bytes.count {
      guard bytes[place] == UInt8(ascii: "<"), place + 1 < bytes.count,
        startsTag(bytes[place + 1])
      else {
        output.append(bytes[place])
        place += 1
        continue
      }
      if bytes[place...].starts(with: "<!--".utf8) {
        place = end(of: "-->", in: bytes, from: place + 4)
        continue
      }
      let name = name(bytes, at: place + 1)
      place = tagEnd(bytes, from: place + 1)
      switch name {
      case "br": output.append(UInt8(ascii: "\n"))
      case "script", "style":
        // The content ends at the closing tag; without one it is the rest.
        place = tagEnd(bytes, from: closingTag(name, in: bytes, from: place))
      default: break
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  private static func startsTag(_ byte: UInt8) -> Bool {
    65...90 ~= byte & 0xDF || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "!")
      || byte == UInt8(ascii: "?")
  }

  private static func name(_ bytes: [UInt8], at start: Int) -> String {
    let name = bytes[start...].prefix { 65...90 ~= $0 & 0xDF }
    return name.count > 10 ? "" : String(decoding: name, as: UTF8.self).lowercased()
  }

  /// Behind the `>` of a tag, which may stand in a quoted attribute without ending it.
  private static func tagEnd(_ bytes: [UInt8], from start: Int) -> Int {
    var quote: UInt8?
    for place in start..<Swift.max(start, bytes.count) {
      switch (quote, bytes[place]) {
      case (nil, UInt8(ascii: ">")): return place + 1
      case (nil, UInt8(ascii: "\"")), (nil, UInt8(ascii: "'")): quote = bytes[place]
      case (let open?, let byte) where open == byte: quote = nil
      default: break
      }
    }
    return bytes.count
  }

  private static func end(of mark: String, in bytes: [UInt8], from start: Int) -> Int {
    var place = start
    while place < bytes.count {
      if bytes[place...].starts(with: mark.utf8) { return place + mark.utf8.count }
      place += 1
    }
    return bytes.count
  }

  private static func closingTag(_ name: String, in bytes: [UInt8], from start: Int) -> Int {
    var place = start
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "<"), place + 1 < bytes.count,
        bytes[place + 1] == UInt8(ascii: "/"), self.name(bytes, at: place + 2) == name
      {
        return place + 1
      }
      place += 1
    }
    return bytes.count
  }
}
