/// Builds the tree of one expression (expression-language 3).
struct Parser {
  /// Why it could not be understood, and where.
  struct Failure: Error {
    let message: String
    let position: Int
  }

  private let characters: [Character]
  private let tokens: [Token]
  private let range: Range<Int>
  private var index = 0
  private var depth = 0
  /// What was tolerated.
  private(set) var problems: [TemplateProblem] = []
  /// The values of other bundles that are read.
  private(set) var references: [TemplateReference] = []

  /// How deep calls and parentheses may nest (expression-language 4).
  static let maximumDepth = 200

  init(_ characters: [Character], range: Range<Int>) {
    self.characters = characters
    self.range = range
    tokens = Lexer.tokens(characters, in: range)
  }

  mutating func parse() throws(Failure) -> Expression {
    let expression = try expression()
    if let token = current { throw unexpected(token) }
    return expression
  }

  private var current: Token? { index < tokens.count ? tokens[index] : nil }

  private var place: Int { current?.position ?? range.upperBound + 1 }

  private func isSign(_ sign: String) -> Bool { current?.kind == .sign(sign) }

  private mutating func take(_ sign: String) -> Bool {
    guard isSign(sign) else { return false }
    index += 1
    return true
  }

  private func unexpected(_ token: Token) -> Failure {
    let found = String(characters[token.range])
    return Failure(message: "'\(found)' is not expected here", position: token.position)
  }

  private mutating func expression(binding minimum: Int = 0) throws(Failure) -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw Failure(message: "it nests deeper than \(Self.maximumDepth)", position: place)
    }
    var left = try unary()
    while let (operation, precedence) = binaryOperator(), precedence > minimum {
      index += 1
      let right = try expression(binding: precedence)
      left = .binary(operation, left, right)
    }
    return left
  }

  private func binaryOperator() -> (BinaryOperator, Int)? {
    let token: String
    switch current?.kind {
    case .sign(let sign): token = sign
    case .name(let name) where name == "and" || name == "or": token = name
    default: return nil
    }
    return BinaryOperator(token: token).map { ($0, $0.precedence) }
  }

  private mutating func unary() throws(Failure) -> Expression {
    var operators: [UnaryOperator] = []
    while case .sign(let sign)? = current?.kind, let operation = UnaryOperator(rawValue: sign) {
      operators.append(operation)
      index += 1
    }
    let operand = try primary()
    return operators.reversed().reduce(operand) { .unary($1, $0) }
  }

  private mutating func primary() throws(Failure) -> Expression {
    guard let token = current else {
      throw Failure(message: "a value is missing at the end", position: place)
    }
    index += 1
    switch token.kind {
    case .text(let text): return .literal(.text(text))
    case .number(let digits):
      if isSign(".") || isSign("["), let id = Int(digits), id > 0 {
        return reference(ModuleID(id), try steps(), at: token)
      }
      return .literal(.number(Number(Double(digits) ?? 0)))
    case .quotedName(let name):
      let steps = try steps()
      if let id = Int(name), id > 0 { return reference(ModuleID(id), steps, at: token) }
      return .variable(name, steps)
    case .name(let name):
      if isSign("(") { return try call(name, at: token) }
      let steps = try steps()
      if steps.isEmpty, let keyword = Keyword.values[name] { return .literal(keyword) }
      if !Keyword.variables.contains(name) {
        problems.append(
          TemplateProblem(
            severity: .warning, message: "\(name) is not known here and is always empty",
            position: token.position))
      }
      return .variable(name, steps)
    case .sign("("):
      let inner = try expression()
      guard take(")") else { throw Failure(message: "')' is missing", position: place) }
      return inner
    default: throw unexpected(token)
    }
  }

  private mutating func reference(
    _ id: ModuleID, _ steps: [Expression.Step], at token: Token
  ) -> Expression {
    references.append(
      TemplateReference(
        module: id,
        steps: steps.compactMap { step in
          switch step {
          case .field(let name): .field(name)
          case .index(let index): index > 0 ? .element(index) : nil
          case .every: .element(1)
          }
        }, position: token.position))
    return .reference(id, steps)
  }

  private mutating func steps() throws(Failure) -> [Expression.Step] {
    var steps: [Expression.Step] = []
    while true {
      if take(".") {
        switch current?.kind {
        case .name(let name)?, .quotedName(let name)?: steps.append(.field(name))
        case .number(let digits)?: steps.append(.field(digits))
        default: throw Failure(message: "a name is missing after the dot", position: place)
        }
        index += 1
      } else if take("[") {
        if take("]") {
          steps.append(.every)
          continue
        }
        let isNegative = take("-")
        guard case .number(let digits)? = current?.kind, let value = Int(digits) else {
          throw Failure(message: "an index is a whole number", position: place)
        }
        if value == 0 {
          problems.append(
            TemplateProblem(
              severity: .warning, message: "[0] finds nothing; arrays count from 1", position: place
            ))
        }
        index += 1
        guard take("]") else { throw Failure(message: "']' is missing", position: place) }
        steps.append(.index(isNegative ? -value : value))
      } else {
        return steps
      }
    }
  }

  private mutating func call(_ name: String, at token: Token) throws(Failure) -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw Failure(message: "it nests deeper than \(Self.maximumDepth)", position: place)
    }
    index += 1
    if FunctionTable.functions[name] == nil {
      let near = FunctionTable.functions.keys.first { $0.lowercased() == name.lowercased() }
      problems.append(
        TemplateProblem(
          severity: .warning,
          message: "there is no function \(name)" + (near.map { "; \($0) is meant?" } ?? ""),
          position: token.position))
    }
    if take(")") { return .call(name, [], position: token.position) }
    var arguments: [Expression] = []
    repeat { arguments.append(try argument()) } while take(";")
    guard take(")") else { throw Failure(message: "')' is missing", position: place) }
    return .call(name, arguments, position: token.position)
  }

  /// One argument; nothing is null. What forms no expression is taken as the text it is, because
  /// hand-written blueprints leave quotes out: `formatNumber(1.n; 2; ,; .)`.
  private mutating func argument() throws(Failure) -> Expression {
    if isSign(";") || isSign(")") { return .literal(.null) }
    let (start, known) = (index, (problems, references))
    do {
      let argument = try expression()
      if current == nil || isSign(";") || isSign(")") { return argument }
    } catch {
      if depth > Self.maximumDepth - 2 { throw error }
    }
    index = start
    (problems, references) = known
    var open = 0
    while let token = current {
      if open == 0, token.kind == .sign(";") || token.kind == .sign(")") { break }
      if token.kind == .sign("(") { open += 1 }
      if token.kind == .sign(")") { open -= 1 }
      index += 1
    }
    guard index > start else { throw unexpected(tokens[start]) }
    let text = String(
      characters[tokens[start].range.lowerBound..<tokens[index - 1].range.upperBound])
    problems.append(
      TemplateProblem(
        severity: .warning,
        message: "\(text.prefix(40)) is taken as a text; put it into double quotes",
        position: tokens[start].position))
    return .literal(.text(text))
  }
}

/// Names with a meaning of their own (expression-language 9).
enum Keyword {
  /// The keywords and their values.
  static let values: [String: Value] = [
    "true": true, "false": false, "null": nil, "erase": nil, "ignore": nil, "emptystring": "",
    "emptyarray": [], "space": " ", "tab": "\t", "newline": "\n", "carriagereturn": "\r",
    "nbsp": "\u{A0}", "pi": .number(Number(3.141592653589793)),
  ]

  /// The names that are computed anew each time.
  static let variables: Set<String> = [
    "now", "timestamp", "random", "uuid", "executionId", "executionID", "scenarioID",
    "scenarioName", "var",
  ]
}
