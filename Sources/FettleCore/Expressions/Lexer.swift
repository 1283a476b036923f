/// One word of an expression and where it stands in the template, counted from 1.
struct Token: Hashable {
  enum Kind: Hashable {
    case number(String)
    case text(String)
    case name(String)
    case quotedName(String)
    case sign(String)
    /// A character that begins no token.
    case stray(Character)
  }

  let kind: Kind
  /// In the characters of the template.
  let range: Range<Int>

  var position: Int { range.lowerBound + 1 }
}

/// Splits an expression into tokens (expression-language 2.2).
struct Lexer {
  private let characters: [Character]
  private var position: Int
  private let end: Int
  private var tokens: [Token] = []

  static func tokens(_ characters: [Character], in range: Range<Int>) -> [Token] {
    var lexer = Lexer(characters: characters, position: range.lowerBound, end: range.upperBound)
    while let token = lexer.next() { lexer.tokens.append(token) }
    return lexer.tokens
  }

  private init(characters: [Character], position: Int, end: Int) {
    self.characters = characters
    self.position = position
    self.end = end
  }

  private static let signs: [String] = [
    "===", "!==", "==", "!=", "<=", ">=", "&&", "||", "++", "+", "-", "*", "/", "%", "=", "<", ">",
    "&", "|", "!", ";", "(", ")", ".", "[", "]",
  ]

  private mutating func next() -> Token? {
    while position < end, characters[position].isWhitespace || characters[position] == "\u{A0}" {
      position += 1
    }
    guard position < end else { return nil }
    let start = position
    func token(_ kind: Token.Kind) -> Token { Token(kind: kind, range: start..<position) }
    let first = characters[position]
    if first == "\"" || first == "'" {
      guard let text = quoted(by: first) else {
        position = start + 1
        return token(.stray(first))
      }
      return token(.text(text))
    }
    if first == "`" {
      guard let close = characters[(start + 1)..<end].firstIndex(of: "`") else {
        position += 1
        return token(.stray(first))
      }
      position = close + 1
      return token(.quotedName(String(characters[(start + 1)..<close])))
    }
    if first.isASCII, first.isNumber { return number(from: start) }
    if Self.beginsName(first) {
      while position < end, Self.continuesName(characters[position]) { position += 1 }
      return token(.name(String(characters[start..<position])))
    }
    for sign in Self.signs where matches(sign) {
      position += sign.count
      return token(.sign(sign))
    }
    position += 1
    return token(.stray(first))
  }

  /// Digits, and a fraction where digits follow the point: `1.5` is a number, `1.name` is not.
  private mutating func number(from start: Int) -> Token {
    func skipDigits() {
      while position < end, characters[position].isASCII, characters[position].isNumber {
        position += 1
      }
    }
    skipDigits()
    // After a dot a run of digits is a name: `1.data.0`.
    let isStep = tokens.last?.kind == .sign(".")
    if !isStep, position + 1 < end, characters[position] == ".",
      characters[position + 1].isASCII, characters[position + 1].isNumber
    {
      position += 1
      skipDigits()
    }
    return Token(kind: .number(String(characters[start..<position])), range: start..<position)
  }

  /// A quote inside is written twice; the backslash is an ordinary character.
  private mutating func quoted(by quote: Character) -> String? {
    var text = ""
    var index = position + 1
    while index < end {
      if characters[index] == quote {
        guard index + 1 < end, characters[index + 1] == quote else {
          position = index + 1
          return text
        }
        index += 1
      }
      text.append(characters[index])
      index += 1
    }
    return nil
  }

  private func matches(_ sign: String) -> Bool {
    position + sign.count <= end
      && characters[position..<(position + sign.count)].elementsEqual(sign)
  }

  static func beginsName(_ character: Character) -> Bool {
    character.isLetter || character == "_" || character == "$"
  }

  static func continuesName(_ character: Character) -> Bool {
    beginsName(character) || character.isNumber
  }
}
