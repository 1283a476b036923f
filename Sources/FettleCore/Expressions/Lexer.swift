/// The pieces an expression is made of (expression language, section 2.2).
enum Token: Hashable {
  case number(String)
  case text(String)
  /// A bare name without a path: a keyword, a variable or the name of a function.
  case name(String)
  case reference(Reference)
  case `operator`(String)
  case semicolon, open, close, bracket
  /// Characters that form no token: `,` `.` `:` `@` …
  case stray(String)
  case end
}

/// A syntax error at a byte of the template.
struct SyntaxError: Error, Hashable {
  let message: String
  let offset: Int
}

/// Cuts an expression into tokens. Offsets are bytes of the whole template.
struct Lexer {
  let bytes: [UInt8]
  let end: Int
  private(set) var position: Int

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  mutating func rewind(to offset: Int) { position = offset }

  /// The length of the blank at an offset, 0 where there is none: space, tab, line ends, U+00A0.
  static func blankLength(_ bytes: [UInt8], at offset: Int, end: Int) -> Int {
    guard offset < end else { return 0 }
    switch bytes[offset] {
    case 0x20, 0x09, 0x0A, 0x0D: return 1
    case 0xC2 where offset + 1 < end && bytes[offset + 1] == 0xA0: return 2
    default: return 0
    }
  }

  mutating func skipBlanks() {
    while case let length = Self.blankLength(bytes, at: position, end: end), length > 0 {
      position += length
    }
  }

  /// The next token; `position` stands behind it afterwards.
  mutating func next() throws(SyntaxError) -> Token {
    guard position < end else { return .end }
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return try numberOrReference()
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .text(try quoted(byte))
    case UInt8(ascii: "`"):
      let start = position
      let name = try quotedName()
      if let module = Int(name), String(module) == name {
        return .reference(Reference(head: .module(module), steps: try path(), offset: start))
      }
      return .reference(Reference(head: .name(name), steps: try path(), offset: start))
    case UInt8(ascii: ";"): return single(.semicolon)
    case UInt8(ascii: "("): return single(.open)
    case UInt8(ascii: ")"): return single(.close)
    case UInt8(ascii: "["): return single(.bracket)
    default: break
    }
    if let symbol = operatorSymbol() { return .operator(symbol) }
    let start = position
    if let name = bareName() {
      let steps = try path()
      if steps.isEmpty { return .name(name) }
      return .reference(Reference(head: .name(name), steps: steps, offset: start))
    }
    return try stray()
  }

  private mutating func single(_ token: Token) -> Token {
    position += 1
    return token
  }

  private mutating func operatorSymbol() -> String? {
    for symbol in Self.symbols where bytes[position..<end].starts(with: symbol.utf8) {
      position += symbol.utf8.count
      return symbol
    }
    return nil
  }

  /// Longest first.
  private static let symbols = [
    "===", "!==", "==", "!=", "<=", ">=", "++", "&&", "||", "+", "-", "*", "/", "%", "=", "<",
    ">", "&", "|", "!",
  ]

  private mutating func stray() throws(SyntaxError) -> Token {
    let scalar = scalar(at: position)
    if "\u{201C}\u{201D}\u{201E}\u{2018}\u{2019}".unicodeScalars.contains(scalar) {
      throw SyntaxError(
        message: "a curly quote (\(scalar)) does not delimit a text; write a straight one",
        offset: position)
    }
    position += UTF8.width(scalar)
    return .stray(String(scalar))
  }

  private func scalar(at offset: Int) -> Unicode.Scalar {
    var decoder = UTF8()
    var iterator = bytes[offset..<end].makeIterator()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) { return scalar }
    return "\u{FFFD}"
  }

  private func digits(from start: Int) -> Int {
    var place = start
    while place < end, bytes[place] &- UInt8(ascii: "0") < 10 { place += 1 }
    return place
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  /// `12`, `1.5`, `1.name`, `1[2]`. An integer that neither `.` with a name nor `[` follows is a
  /// number, never a module.
  private mutating func numberOrReference() throws(SyntaxError) -> Token {
    let start = position
    let whole = digits(from: start)
    position = whole
    if whole < end, bytes[whole] == UInt8(ascii: ".") {
      let fraction = digits(from: whole + 1)
      // `1.5` is a number, but `1.5.name` can only be a path through a field `5`.
      let isPath =
        fraction < end
        && (bytes[fraction] == UInt8(ascii: "[")
          || bytes[fraction] == UInt8(ascii: ".") && startsSegment(at: fraction + 1))
      if fraction > whole + 1, !isPath {
        position = fraction
        return .number(text(start..<fraction))
      }
    }
    let steps = try path()
    guard !steps.isEmpty else { return .number(text(start..<whole)) }
    guard let module = Int(text(start..<whole)) else {
      throw SyntaxError(message: "the number of a module is too large", offset: start)
    }
    return .reference(Reference(head: .module(module), steps: steps, offset: start))
  }

  private func startsSegment(at offset: Int) -> Bool {
    guard offset < end else { return false }
    return bytes[offset] == UInt8(ascii: "`") || bytes[offset] &- UInt8(ascii: "0") < 10
      || isNameStart(at: offset)
  }

  private func isNameStart(at offset: Int) -> Bool {
    guard offset < end else { return false }
    switch bytes[offset] {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"), UInt8(ascii: "$"):
      return true
    case 0..<0x80: return false
    default: return scalar(at: offset).properties.isAlphabetic
    }
  }

  private mutating func bareName() -> String? {
    guard isNameStart(at: position) else { return nil }
    let start = position
    while position < end {
      if isNameStart(at: position) || bytes[position] &- UInt8(ascii: "0") < 10 {
        position += bytes[position] < 0x80 ? 1 : UTF8.width(scalar(at: position))
      } else if bytes[position] >= 0x80, scalar(at: position).properties.numericType == .decimal {
        position += UTF8.width(scalar(at: position))
      } else {
        break
      }
    }
    return text(start..<position)
  }

  private mutating func quotedName() throws(SyntaxError) -> String {
    let start = position + 1
    guard let close = bytes[start..<end].firstIndex(of: UInt8(ascii: "`")) else {
      throw SyntaxError(message: "a back-quote is not closed", offset: position)
    }
    position = close + 1
    return text(start..<close)
  }

  /// A text in quotes; the quote inside is written twice and the backslash is an ordinary character.
  private mutating func quoted(_ quote: UInt8) throws(SyntaxError) -> String {
    let start = position
    var content: [UInt8] = []
    position += 1
    var run = position
    while position < end {
      guard bytes[position] == quote else {
        position += 1
        continue
      }
      if position + 1 < end, bytes[position + 1] == quote {
        content += bytes[run...position]
        position += 2
        run = position
      } else {
        content += bytes[run..<position]
        position += 1
        return String(decoding: content, as: UTF8.self)
      }
    }
    throw SyntaxError(message: "a text is not closed", offset: start)
  }

  /// The steps that follow a head directly: `.name`, ``.`quoted` ``, `.5`, `[2]`, `[-1]`, `[]`.
  private mutating func path() throws(SyntaxError) -> [Reference.Step] {
    var steps: [Reference.Step] = []
    while position < end {
      if bytes[position] == UInt8(ascii: "["), !steps.isEmpty || isIndex(at: position) {
        steps.append(try index())
      } else if bytes[position] == UInt8(ascii: "."), startsSegment(at: position + 1) {
        position += 1
        if bytes[position] == UInt8(ascii: "`") {
          steps.append(.name(try quotedName()))
        } else if let name = bareName() {
          steps.append(.name(name))
        } else {
          let close = digits(from: position)
          steps.append(.name(text(position..<close)))
          position = close
        }
      } else {
        break
      }
    }
    return steps
  }

  private func isIndex(at offset: Int) -> Bool {
    var probe = self
    probe.position = offset
    return (try? probe.index()) != nil
  }

  private mutating func index() throws(SyntaxError) -> Reference.Step {
    let start = position
    position += 1
    skipBlanks()
    var isNegative = false
    if position < end, bytes[position] == UInt8(ascii: "-") {
      isNegative = true
      position += 1
      skipBlanks()
    }
    let close = digits(from: position)
    let number = Int(text(position..<close))
    let hasDigits = close > position
    position = close
    skipBlanks()
    guard position < end, bytes[position] == UInt8(ascii: "]"), hasDigits || !isNegative else {
      throw SyntaxError(
        message: "an index is a whole number in square brackets, or [] for the first element",
        offset: start)
    }
    position += 1
    guard hasDigits else { return .first }
    // An index no array reaches stands for every number that large.
    let value = Swift.min(number ?? Int(Int32.max), Int(Int32.max))
    return .index(isNegative ? -value : value)
  }
}
