/// Rewrites a pattern from ECMAScript to PCRE2 where the same spelling means something else.
///
/// `.`, `^`, `$` and `\s` follow the line ends and blanks of ECMAScript; `\uXXXX` and `\cX` become
/// code points; `[]`, `[^]` and lone braces are legal; an escaped letter without a meaning is the
/// letter. What only PCRE2 has (verbs, recursion, conditions, possessive quantifiers) is refused,
/// and so are named groups (10.2.1).
struct PatternTranslator {
  private static let blanks =
    #"\x09-\x0d\x20\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"#
  private static let notBlanks =
    #"\x{0}-\x08\x0e-\x1f\x21-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}"#
    + #"\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{d7ff}\x{e000}-\x{fefe}"#
    + #"\x{ff00}-\x{10ffff}"#
  private static let lineEnds = #"\n\r\x{2028}\x{2029}"#

  private let source: [Unicode.Scalar]
  private let flags: RegularExpression.Flags
  private let groupCount: Int
  private var position = 0
  private var output = ""

  static func translate(
    _ pattern: String, _ flags: RegularExpression.Flags
  ) throws(Failure) -> String {
    var translator = PatternTranslator(Array(pattern.unicodeScalars), flags)
    try translator.run()
    return translator.output
  }

  private init(_ source: [Unicode.Scalar], _ flags: RegularExpression.Flags) {
    self.source = source
    self.flags = flags
    var count = 0
    var isInClass = false
    var place = 0
    while place < source.count {
      switch source[place] {
      case "\\": place += 1
      case "[": isInClass = true
      case "]": isInClass = false
      case "(" where !isInClass:
        let follows = { (distance: Int) in
          place + distance < source.count ? source[place + distance] : nil
        }
        let isNamed = follows(2) == "<" && follows(3) != "=" && follows(3) != "!"
        if follows(1) != "?" || isNamed { count += 1 }
      default: break
      }
      place += 1
    }
    groupCount = count
  }

  private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
    position + distance < source.count ? source[position + distance] : nil
  }

  private func refused(_ what: String) -> Failure {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: source)
    return Failure("'\(String(text))' is not a regular expression: \(what).")
  }

  private mutating func run() throws(Failure) {
    while let scalar = peek() {
      position += 1
      switch scalar {
      case ".": output += flags.dotMatchesAll ? "[\\x{0}-\\x{10ffff}]" : "[^\(Self.lineEnds)]"
      case "^": output += flags.isMultiline ? "(?:\\A|(?<=[\(Self.lineEnds)]))" : "\\A"
      case "$": output += flags.isMultiline ? "(?=[\(Self.lineEnds)]|\\z)" : "\\z"
      case "[": try characterClass()
      case "(": try group()
      case "{":
        if isQuantifier(at: position - 1) {
          output += "{"
        } else {
          output += "\\{"
        }
      case "*", "+", "?": try quantifier(scalar)
      case "}":
        output += "}"
        try refuseRepeated()
      case "\\": try escape(isInClass: false)
      default: output.unicodeScalars.append(scalar)
      }
    }
  }

  private mutating func quantifier(_ scalar: Unicode.Scalar) throws(Failure) {
    output.unicodeScalars.append(scalar)
    try refuseRepeated()
  }

  /// After a quantifier only `?` may follow it; `a++` is possessive in PCRE2 and an error here.
  private mutating func refuseRepeated() throws(Failure) {
    guard let before = output.unicodeScalars.last, before != "}" || isClosedQuantifier() else {
      return
    }
    if peek() == "?" {
      output += "?"
      position += 1
    }
    if let next = peek(), next == "*" || next == "+" || next == "?" {
      throw refused("there is nothing to repeat before '\(next)'")
    }
  }

  private func isClosedQuantifier() -> Bool {
    guard let open = source[..<position].suffix(24).lastIndex(of: "{") else { return false }
    return isQuantifier(at: open)
  }

  /// Whether `{n}`, `{n,}` or `{n,m}` stands at a place; anything else in braces is literal.
  private func isQuantifier(at place: Int) -> Bool {
    var place = place + 1
    func digits() -> Bool {
      let start = place
      while place < source.count, 48...57 ~= source[place].value { place += 1 }
      return place > start
    }
    guard digits() else { return false }
    if place < source.count, source[place] == "," {
      place += 1
      _ = digits()
    }
    return place < source.count && source[place] == "}"
  }

  private mutating func group() throws(Failure) {
    guard peek() != "*" else { throw refused("there is nothing to repeat before '*'") }
    guard peek() == "?" else {
      output += "("
      return
    }
    let next = peek(1)
    switch next {
    case ":", "=", "!": output += "("
    case "<" where peek(2) == "=" || peek(2) == "!": output += "("
    case "<":
      position += 2
      output += "(?<\(try groupName())>"
      return
    case "i", "m", "s", "-": output += "("
    default: throw refused("a group cannot begin with '(?\(next.map(String.init) ?? "")'")
    }
    output += "?"
    position += 1
    if let next {
      output.unicodeScalars.append(next)
      position += 1
    }
    if next == "<", let sign = peek() {
      output.unicodeScalars.append(sign)
      position += 1
    }
  }

  /// The name of a group, up to its `>`, in letters that PCRE2 takes as well.
  private mutating func groupName() throws(Failure) -> String {
    var name = ""
    while let scalar = peek(), scalar != ">" {
      guard scalar.isASCII,
        scalar == "_" || scalar.properties.isAlphabetic || 48...57 ~= scalar.value,
        name.utf8.count < 32
      else { throw refused("a group is named by up to 32 letters, digits and '_'") }
      name.unicodeScalars.append(scalar)
      position += 1
    }
    guard peek() == ">", let first = name.unicodeScalars.first, !(48...57 ~= first.value) else {
      throw refused("the name of a group begins with a letter and ends with '>'")
    }
    position += 1
    return name
  }

  private mutating func characterClass() throws(Failure) {
    if peek() == "]" {
      position += 1
      output += "(?!)"
      return
    }
    if peek() == "^", peek(1) == "]" {
      position += 2
      output += "[\\x{0}-\\x{10ffff}]"
      return
    }
    output += "["
    if peek() == "^" {
      output += "^"
      position += 1
    }
    while let scalar = peek() {
      position += 1
      switch scalar {
      case "]":
        output += "]"
        return
      case "[": output += "\\["
      case "\\": try escape(isInClass: true)
      default: output.unicodeScalars.append(scalar)
      }
    }
    throw refused("a character class is not closed")
  }

  private mutating func escape(isInClass: Bool) throws(Failure) {
    guard let letter = peek() else { throw refused("it ends with a backslash") }
    position += 1
    switch letter {
    case "s": output += isInClass ? Self.blanks : "[\(Self.blanks)]"
    case "S": output += isInClass ? Self.notBlanks : "[^\(Self.blanks)]"
    case "d", "D", "w", "W", "n", "r", "t", "f": output += "\\\(letter)"
    case "v": output += "\\x0b"
    case "b": output += isInClass ? "\\x08" : "\\b"
    case "B": output += isInClass ? "B" : "\\B"
    case "p", "P":
      // Properties exist with the flag `u` only; they are harmless without it.
      output += peek() == "{" ? "\\\(letter)" : String(letter)
      if peek() == "{" {
        while let scalar = peek(), scalar != "}" {
          output.unicodeScalars.append(scalar)
          position += 1
        }
        if peek() == "}" {
          output += "}"
          position += 1
        }
      }
    case "c":
      if let control = peek(), control.properties.isAlphabetic, control.isASCII {
        position += 1
        append(codePoint: control.value & 31)
      } else {
        output += "\\\\c"
      }
    case "x":
      if let value = hexadecimal(2) { append(codePoint: value) } else { output += "x" }
    case "u": unicodeEscape()
    case "k":
      guard !isInClass, peek() == "<" else { throw refused("'\\k' names no group") }
      position += 1
      output += "\\k<\(try groupName())>"
    case "0"..."9": backReference(letter, isInClass: isInClass)
    default:
      if letter.isASCII, letter.properties.isAlphabetic {
        output.unicodeScalars.append(letter)
      } else if letter.isASCII, letter.value > 32 {
        output += "\\\(letter)"
      } else {
        output.unicodeScalars.append(letter)
      }
    }
  }

  private mutating func append(codePoint: UInt32) {
    guard Unicode.Scalar(codePoint) != nil else {
      // Half of a surrogate pair never stands in a text.
      output += "\\x{fdd0}"
      return
    }
    output += "\\x{\(String(codePoint, radix: 16))}"
  }

  private mutating func hexadecimal(_ count: Int) -> UInt32? {
    guard position + count <= source.count else { return nil }
    var value: UInt32 = 0
    for scalar in source[position..<(position + count)] {
      guard scalar.isASCII, let digit = Character(scalar).hexDigitValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    position += count
    return value
  }

  private mutating func unicodeEscape() {
    if peek() == "{", let close = source[position...].firstIndex(of: "}"),
      close - position <= 7, close > position + 1
    {
      let start = position
      position += 1
      if let value = hexadecimal(close - position), value <= 0x10FFFF {
        position = close + 1
        return append(codePoint: value)
      }
      position = start
    }
    guard let unit = hexadecimal(4) else {
      output += "u"
      return
    }
    if 0xD800..<0xDC00 ~= unit, peek() == "\\", peek(1) == "u" {
      let start = position
      position += 2
      if let low = hexadecimal(4), 0xDC00..<0xE000 ~= low {
        return append(codePoint: 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
      }
      position = start
    }
    append(codePoint: unit)
  }

  /// `\1` with that many groups is a back reference; otherwise an octal code or the digit itself.
  private mutating func backReference(_ first: Unicode.Scalar, isInClass: Bool) {
    var place = position
    var value = Int(first.value - 48)
    while place < source.count, 48...57 ~= source[place].value, value < 1000 {
      value = value * 10 + Int(source[place].value - 48)
      place += 1
    }
    if !isInClass, value > 0, value <= groupCount {
      position = place
      output += "\\g{\(value)}"
      return
    }
    guard first.value < 56 else {
      output.unicodeScalars.append(first)
      return
    }
    var octal = first.value - 48
    while let next = peek(), 48...55 ~= next.value, octal * 8 + next.value - 48 <= 0o377 {
      octal = octal * 8 + next.value - 48
      position += 1
    }
    append(codePoint: octal)
  }
}
