/// Reads one expression (grammar: expression language, section 3).
///
/// Tolerant where hand-written blueprints need it: an operand in which characters stand that form
/// no token is taken as literal text (`nobody@example.org`), with a warning.
struct Parser {
  /// How deep parentheses, calls and signs may nest.
  static let maximumDepth = 200
  /// How long one expression may be, in bytes.
  static let maximumLength = 100_000

  private var lexer: Lexer
  private var token: Token = .end
  private var start = 0
  private var depth = 0
  private(set) var warnings: [SyntaxError] = []

  static func parse(
    _ bytes: [UInt8], _ range: Range<Int>, warnings: inout [SyntaxError]
  ) throws(SyntaxError) -> SyntaxTree {
    guard range.count <= maximumLength else {
      throw SyntaxError(
        message: "the expression is longer than \(maximumLength) bytes", offset: range.lowerBound)
    }
    var parser = Parser(lexer: Lexer(bytes, range))
    try parser.advance()
    let tree = try parser.argument(isWhole: true)
    if parser.token != .end { throw parser.unexpected() }
    warnings += parser.warnings
    return tree
  }

  private init(lexer: Lexer) { self.lexer = lexer }

  private mutating func advance() throws(SyntaxError) {
    lexer.skipBlanks()
    start = lexer.position
    token = try lexer.next()
  }

  private func unexpected() -> SyntaxError {
    let found = String(decoding: lexer.bytes[start..<lexer.position], as: UTF8.self)
    return SyntaxError(
      message: token == .end ? "the expression ends too early" : "'\(found)' does not belong here",
      offset: start)
  }

  private mutating func warn(_ message: String, at offset: Int) {
    warnings.append(SyntaxError(message: message, offset: offset))
  }

  /// An argument, or the whole expression. Where characters form no token and the rest makes no
  /// sense either, the whole argument is literal text.
  private mutating func argument(isWhole: Bool) throws(SyntaxError) -> SyntaxTree {
    switch token {
    case .end, .semicolon, .close: return .empty
    default: break
    }
    let first = start
    let warned = warnings.count
    do throws(SyntaxError) {
      let tree = try chain(minimum: 0)
      switch token {
      case .end: return tree
      case .semicolon, .close: if !isWhole { return tree }
      default: break
      }
      throw unexpected()
    } catch {
      guard let close = strayArgumentEnd(from: first) else { throw error }
      warnings.removeSubrange(warned...)
      warn("this is no expression and is taken as literal text; put it in quotes", at: first)
      lexer.rewind(to: close)
      let text = String(decoding: lexer.bytes[first..<close], as: UTF8.self)
      try advance()
      return .text(text.trimmingBlanks())
    }
  }

  /// Where the argument that begins at `first` ends, when it holds a character that forms no token.
  private func strayArgumentEnd(from first: Int) -> Int? {
    var probe = lexer
    probe.rewind(to: first)
    var nesting = 0
    var hasStray = false
    while true {
      probe.skipBlanks()
      let place = probe.position
      guard let token = try? probe.next() else { return nil }
      switch token {
      case .open: nesting += 1
      case .close:
        if nesting == 0 { return hasStray ? place : nil }
        nesting -= 1
      case .semicolon: if nesting == 0 { return hasStray ? place : nil }
      case .end: return hasStray && nesting == 0 ? place : nil
      case .stray: hasStray = true
      default: break
      }
    }
  }

  private func binaryOperator() -> BinaryOperator? {
    switch token {
    case .operator(let symbol): BinaryOperator(spelled: symbol)
    case .name(let word) where word == "and" || word == "or": BinaryOperator(spelled: word)
    default: nil
    }
  }

  private mutating func chain(minimum: Int) throws(SyntaxError) -> SyntaxTree {
    var left = try operand()
    while let symbol = binaryOperator(), symbol.precedence >= minimum {
      let precedence = symbol.precedence
      var links: [SyntaxTree.Link] = []
      while let symbol = binaryOperator(), symbol.precedence == precedence {
        let place = SyntaxTree.Place(offset: start)
        try advance()
        let operand = try chain(minimum: precedence + 1)
        links.append(SyntaxTree.Link(symbol: symbol, operand: operand, place: place))
      }
      left = .chain(left, links)
    }
    return left
  }

  private mutating func nested(
    _ body: (inout Parser) throws(SyntaxError) -> SyntaxTree
  ) throws(SyntaxError) -> SyntaxTree {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw SyntaxError(
        message: "the expression nests deeper than \(Self.maximumDepth)", offset: start)
    }
    return try body(&self)
  }

  private mutating func operand() throws(SyntaxError) -> SyntaxTree {
    let place = SyntaxTree.Place(offset: start)
    switch token {
    case .operator("-"), .operator("!"):
      let symbol: UnaryOperator = token == .operator("-") ? .minus : .not
      try advance()
      return .unary(
        symbol, try nested { (parser) throws(SyntaxError) in try parser.operand() }, place)
    default: return try run()
    }
  }

  /// One piece of an operand and whether it stands for itself: a bare name or number that touches
  /// stray characters is text, a reference or a call keeps its value.
  private struct Piece {
    let tree: SyntaxTree
    let range: Range<Int>
    let isLiteral: Bool
  }

  private mutating func run() throws(SyntaxError) -> SyntaxTree {
    var pieces: [Piece] = []
    var hasStray = false
    pieces: while true {
      let first = start
      if !pieces.isEmpty, binaryOperator() != nil { break }
      var isLiteral = false
      let tree: SyntaxTree
      switch token {
      case .end, .semicolon, .close, .operator: break pieces
      case .stray(let text):
        hasStray = true
        isLiteral = true
        tree = .text(text)
        try advance()
      case .number(let spelling):
        isLiteral = true
        tree = .number(spelling)
        try advance()
      case .text(let text):
        tree = .text(text)
        try advance()
      case .bracket:
        tree = try bracketGroup()
      case .open:
        tree = try nested { (parser) throws(SyntaxError) in
          try parser.advance()
          let tree = try parser.chain(minimum: 0)
          guard parser.token == .close else { throw parser.unexpected() }
          try parser.advance()
          return tree
        }
      case .name(let name):
        let place = SyntaxTree.Place(offset: start)
        try advance()
        if token == .open, lexer.bytes[first..<start].count == name.utf8.count || pieces.isEmpty {
          tree = try call(name, place)
        } else {
          tree = .name(name, place)
          isLiteral = !Keyword.isKnown(name)
        }
      case .reference(let reference):
        let spelling = String(decoding: lexer.bytes[start..<lexer.position], as: UTF8.self)
        try advance()
        if token == .open, case .name = reference.head, lexer.bytes[start - 1] != 0x20 {
          // `JSON.stringify(…)`: an error that names the function, not a syntax error.
          tree = try call(spelling, reference.place)
        } else {
          tree = .reference(reference)
          if case .name(let name) = reference.head { isLiteral = name != "var" }
        }
      }
      let close = start
      pieces.append(Piece(tree: tree, range: first..<close, isLiteral: isLiteral))
    }
    guard let first = pieces.first else { throw unexpected() }
    if pieces.count == 1, !hasStray { return first.tree }
    return try joined(pieces, hasStray: hasStray)
  }

  /// Several pieces side by side. With stray characters they are text (section 3, tolerant mode);
  /// a reference followed by words is a name that lacks its back-quotes and yields null (18).
  private mutating func joined(
    _ pieces: [Piece], hasStray: Bool
  ) throws(SyntaxError) -> SyntaxTree {
    let offset = pieces[0].range.lowerBound
    if !hasStray {
      if case .reference = pieces[0].tree, pieces.dropFirst().allSatisfy(\.isLiteral) {
        warn("a name with blanks needs back-quotes; without them it is always empty", at: offset)
        return .name("null", pieces[0].tree.place)
      }
      guard pieces.allSatisfy(\.isLiteral) else {
        let next = pieces[1].range
        let found = String(decoding: lexer.bytes[next], as: UTF8.self).trimmingBlanks()
        throw SyntaxError(
          message: "an operator or ';' is missing before '\(found)'", offset: next.lowerBound)
      }
    }
    warn("this is no expression and is taken as literal text; put it in quotes", at: offset)
    var parts: [SyntaxTree] = []
    var literal = ""
    for (position, piece) in pieces.enumerated() {
      let source = String(decoding: lexer.bytes[piece.range], as: UTF8.self)
      let isLast = position == pieces.count - 1
      if piece.isLiteral {
        literal += isLast ? source.trimmingBlanks(leading: false) : source
        continue
      }
      if !literal.isEmpty {
        parts.append(.text(literal))
        literal = ""
      }
      if case .text(let text) = piece.tree { literal += text } else { parts.append(piece.tree) }
      if !isLast {
        literal += source.dropFirst(source.trimmingBlanks(leading: false).count)
      }
    }
    if !literal.isEmpty { parts.append(.text(literal)) }
    if parts.count == 1, case .text = parts[0] { return parts[0] }
    // Beginning with a text makes every `+` a concatenation.
    let links = parts.map {
      SyntaxTree.Link(
        symbol: .add, operand: $0, place: SyntaxTree.Place(offset: offset))
    }
    return .chain(.text(""), links)
  }

  private mutating func call(
    _ name: String, _ place: SyntaxTree.Place
  ) throws(SyntaxError) -> SyntaxTree {
    try nested { (parser) throws(SyntaxError) in
      var arguments: [SyntaxTree] = []
      try parser.advance()
      if parser.token == .close {
        try parser.advance()
        return .call(name, [], place)
      }
      while true {
        arguments.append(try parser.argument(isWhole: false))
        switch parser.token {
        case .semicolon: try parser.advance()
        case .close:
          try parser.advance()
          return .call(name, arguments, place)
        default: throw parser.unexpected()
        }
      }
    }
  }

  /// `['x']`: there is no array literal; it evaluates to null (2.2).
  private mutating func bracketGroup() throws(SyntaxError) -> SyntaxTree {
    let place = SyntaxTree.Place(offset: start)
    warn("there is no array literal; this is always empty", at: start)
    var nesting = 0
    while true {
      switch token {
      case .bracket: nesting += 1
      case .stray("]"): nesting -= 1
      case .end: throw unexpected()
      default: break
      }
      try advance()
      if nesting == 0 { return .name("null", place) }
    }
  }
}

extension SyntaxTree {
  /// Where the tree begins.
  var place: Place {
    switch self {
    case .name(_, let place), .call(_, _, let place), .unary(_, _, let place): place
    case .reference(let reference): reference.place
    case .chain(let first, _): first.place
    case .empty, .number, .text: Place(offset: 0)
    }
  }

  /// Reads an expression without its braces.
  /// - Throws: an `ExpressionError` with the place of the first mistake.
  public init(parsing source: String) throws(ExpressionError) {
    let bytes = Array(source.utf8)
    var warnings: [SyntaxError] = []
    do {
      self = try Parser.parse(bytes, 0..<bytes.count, warnings: &warnings)
    } catch {
      throw ExpressionError(
        message: error.message, expression: source,
        position: source.characterPosition(ofByte: error.offset), value: nil)
    }
  }
}

extension String {
  /// The text without blanks of an expression (section 2.1) at its ends.
  func trimmingBlanks(leading: Bool = true) -> String {
    let isBlank = { (scalar: Unicode.Scalar) in " \t\r\n\u{A0}".unicodeScalars.contains(scalar) }
    var scalars = Substring(self).unicodeScalars
    if leading { scalars = scalars.drop(while: isBlank) }
    while let last = scalars.last, isBlank(last) { scalars.removeLast() }
    return String(scalars)
  }

  /// The 1-based position of the character that holds a byte.
  func characterPosition(ofByte offset: Int) -> Int {
    let offset = Swift.min(Swift.max(offset, 0), utf8.count)
    let index = utf8.index(startIndex, offsetBy: offset)
    return distance(from: startIndex, to: index) + 1
  }
}
