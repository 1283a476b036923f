/// A secret, or what a login makes of it, found in bytes however its characters are written there: as
/// they are, percent-encoded, as JSON, XML, HTML or e-mail escape them, also where a text was escaped
/// twice.
struct SecretPattern: Sendable, Hashable {
  private let scalars: [Unicode.Scalar]
  private let bytes: [UInt8]

  /// How many characters of a text that was cut off are still taken for it.
  static let shortestPart = 4

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
    bytes = Array(text.utf8)
  }

  /// How many bytes it has.
  var count: Int { bytes.count }

  /// Whether it is digits alone.
  var isDigits: Bool { bytes.allSatisfy { (48...57).contains($0) } }

  /// In an order that is the same each time, the longest first.
  static func isBefore(_ left: SecretPattern, _ right: SecretPattern) -> Bool {
    left.count != right.count
      ? left.count > right.count : left.bytes.lexicographicallyPrecedes(right.bytes)
  }

  /// The first two bytes it may begin with; nil stands for any.
  var beginnings: [(first: UInt8, second: UInt8?)] {
    guard let scalar = scalars.first, let byte = bytes.first else { return [] }
    let signs: [UInt8] = [.percent, .equals, .backslash, .ampersand, .plus]
    var pairs: [(first: UInt8, second: UInt8?)] = []
    if scalar.isASCII, !Self.isEscape(scalar), bytes.count > 1 {
      pairs += (signs + [bytes[1]]).map { (byte, $0) }
      if let second = scalars.dropFirst().first, !second.isASCII, second.value < 256 {
        pairs.append((byte, UInt8(second.value)))
      }
    } else {
      pairs.append((byte, nil))
      if scalar.value < 256 { pairs.append((UInt8(scalar.value), nil)) }
    }
    if scalar == " " { pairs.append((.plus, nil)) }
    // `%70`, `%2570`, `=70`.
    for digit in [byte >> 4, 2] {
      for text in [String(digit, radix: 16), String(digit, radix: 16).uppercased()] {
        guard let sign = text.utf8.first else { continue }
        pairs += [(.percent, sign), (.equals, sign)]
      }
    }
    // `\u0070`, `\x70`, and what is no letter behind a backslash of its own.
    pairs += [UInt8(ascii: "u"), UInt8(ascii: "x"), .backslash].map { (.backslash, $0) }
    if !scalar.properties.isAlphabetic, scalar.properties.numericType == nil {
      pairs.append((.backslash, nil))
    }
    // `&#112;`, `&quot;`, `&amp;quot;`.
    pairs += "#algq".utf8.map { (.ampersand, $0) }
    return pairs
  }

  /// Where it ends when it begins at a place; nil when it does not.
  /// - Parameter isCut: whether the text may have been cut off, so that a part of it may be its end.
  func end(from start: Int, in text: [UInt8], isCut: Bool) -> Int? {
    end(from: start, at: 0, in: text, isCut: isCut)
  }

  private func end(from start: Int, at first: Int, in text: [UInt8], isCut: Bool) -> Int? {
    var place = start
    for index in first..<scalars.count {
      let scalar = scalars[index]
      if Self.isEscape(scalar), place < text.count, UInt32(text[place]) == scalar.value {
        // It may stand for itself, or begin an escape of itself: what follows tells.
        for next in Self.ends(ofEscape: scalar, from: place, in: text) {
          if let end = end(from: next, at: index + 1, in: text, isCut: isCut) { return end }
        }
        return isCut && index >= Self.shortestPart ? Self.cut(at: place, in: text) : nil
      }
      if let next = Self.end(of: scalar, from: place, in: text) {
        place = next
      } else if isCut, index >= Self.shortestPart, let end = Self.cut(at: place, in: text) {
        return end
      } else {
        return nil
      }
    }
    return place
  }

  /// The end of a text that was cut off, where nothing stands before it but the start of an escape.
  private static func cut(at place: Int, in text: [UInt8]) -> Int? {
    var end = text.count
    // An ellipsis, or what became of half a character.
    for tail in [[0xE2, 0x80, 0xA6], [0xE2, 0x80, 0xA6, 0x22], [0xEF, 0xBF, 0xBD]] as [[UInt8]]
    where text.count - tail.count >= place && text.suffix(tail.count).elementsEqual(tail) {
      end = text.count - tail.count
      break
    }
    if place == end { return end }
    return isEscape(Unicode.Scalar(text[place])) && end - place < 12 ? end : nil
  }

  private static func isEscape(_ scalar: Unicode.Scalar) -> Bool {
    ["%", "=", "\\", "&"].contains(scalar)
  }

  /// Where a character ends that stands there and begins escapes, too.
  private static func ends(
    ofEscape scalar: Unicode.Scalar, from place: Int, in text: [UInt8]
  ) -> [Int] {
    var ends = [place + 1]
    switch scalar {
    case "\\":
      let run = run(of: .backslash, from: place, in: text)
      ends += [2, 4].filter { $0 <= run }.map { place + $0 }
      if let end = escaped(scalar, from: place, in: text) { ends.append(end) }
    case "&": if let end = entity(scalar, from: place, in: text) { ends.append(end) }
    default:
      if let end = hexadecimal(scalar, sign: text[place], from: place, in: text) {
        ends.append(end)
      }
    }
    return ends
  }

  /// Where one character ends, in whatever way it is written.
  private static func end(
    of scalar: Unicode.Scalar, from place: Int, in text: [UInt8]
  ) -> Int? {
    guard place < text.count else { return nil }
    let byte = text[place]
    if scalar.isASCII {
      if byte == UInt8(scalar.value) { return place + 1 }
    } else {
      let raw = Array(String(scalar).utf8)
      if text[place...].starts(with: raw) { return place + raw.count }
      // Latin-1, where the text is no UTF-8.
      if UInt32(byte) == scalar.value { return place + 1 }
    }
    return switch byte {
    case .percent, .equals: hexadecimal(scalar, sign: byte, from: place, in: text)
    case .plus: scalar == " " ? place + 1 : nil
    case .backslash: escaped(scalar, from: place, in: text)
    case .ampersand: entity(scalar, from: place, in: text)
    default: nil
    }
  }

  /// `%C3%A9`, `%25C3%25A9` where it was encoded twice, and `=C3=A9` as e-mail writes it.
  private static func hexadecimal(
    _ scalar: Unicode.Scalar, sign: UInt8, from place: Int, in text: [UInt8]
  ) -> Int? {
    var place = place
    for byte in String(scalar).utf8 {
      guard place < text.count, text[place] == sign else { return nil }
      place += 1
      if sign == .percent, value(ofDigits: 2, from: place, in: text) == 0x25,
        value(ofDigits: 2, from: place + 2, in: text) == UInt32(byte)
      {
        place += 2
      }
      guard value(ofDigits: 2, from: place, in: text) == UInt32(byte) else { return nil }
      place += 2
    }
    return place
  }

  /// `\"`, `\n`, `\u00e9`, `\x22`, with as many backslashes as the text was escaped.
  private static func escaped(
    _ scalar: Unicode.Scalar, from place: Int, in text: [UInt8]
  ) -> Int? {
    let start = place + run(of: .backslash, from: place, in: text)
    guard start < text.count else { return nil }
    let letters: [Unicode.Scalar: UInt8] = [
      "\n": 110, "\r": 114, "\t": 116, "\u{8}": 98, "\u{C}": 102,
    ]
    if letters[scalar] == text[start] { return start + 1 }
    if scalar.isASCII, !scalar.properties.isAlphabetic, UInt32(text[start]) == scalar.value {
      return start + 1
    }
    switch text[start] {
    case UInt8(ascii: "x"):
      return value(ofDigits: 2, from: start + 1, in: text) == scalar.value ? start + 3 : nil
    case UInt8(ascii: "u"):
      var place = start
      for unit in String(scalar).utf16 {
        if place > start { place += run(of: .backslash, from: place, in: text) }
        guard place < text.count, text[place] == UInt8(ascii: "u"),
          value(ofDigits: 4, from: place + 1, in: text) == UInt32(unit)
        else { return nil }
        place += 5
      }
      return place
    default: return nil
    }
  }

  /// `&lt;`, `&#39;`, `&#x27;`.
  private static func entity(
    _ scalar: Unicode.Scalar, from place: Int, in text: [UInt8]
  ) -> Int? {
    var rest = text[(place + 1)...].prefix(12)
    // What was escaped twice: `&amp;lt;`.
    let twice = Array("amp;".utf8)
    if rest.starts(with: twice), scalar != "&" || rest.dropFirst(4).starts(with: twice) {
      rest = rest.dropFirst(4)
    }
    guard let end = rest.firstIndex(of: UInt8(ascii: ";")) else { return nil }
    let name = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
    let named: [String: Unicode.Scalar] = [
      "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'",
    ]
    if named[name] == scalar { return end + 1 }
    guard name.hasPrefix("#") else { return nil }
    let digits = name.dropFirst()
    let number =
      digits.first == "x" || digits.first == "X"
      ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return number == scalar.value ? end + 1 : nil
  }

  private static func run(of byte: UInt8, from place: Int, in text: [UInt8]) -> Int {
    text[place...].prefix { $0 == byte }.count
  }

  private static func value(ofDigits count: Int, from place: Int, in text: [UInt8]) -> UInt32? {
    guard place + count <= text.count else { return nil }
    var value: UInt32 = 0
    for byte in text[place..<place + count] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}

extension UInt8 {
  fileprivate static let percent = UInt8(ascii: "%")
  fileprivate static let equals = UInt8(ascii: "=")
  fileprivate static let backslash = UInt8(ascii: "\\")
  fileprivate static let ampersand = UInt8(ascii: "&")
  fileprivate static let plus = UInt8(ascii: "+")
}
