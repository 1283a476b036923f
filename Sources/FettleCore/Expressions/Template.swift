/// Something to be said about a template without evaluating it.
public struct TemplateProblem: Hashable, Sendable {
  /// How bad it is.
  public enum Severity: Sendable {
    /// It has no value and fails when it is evaluated.
    case error
    /// It is tolerated and may not do what its author meant.
    case warning
  }

  /// How bad it is.
  public let severity: Severity
  /// One sentence.
  public let message: String
  /// Where, counted from 1 in characters.
  public let position: Int
}

/// A value of another module's bundle that a template reads.
public struct TemplateReference: Hashable, Sendable {
  /// The module.
  public let module: ModuleID
  /// The way down from its bundle.
  public let steps: [ValuePath.Step]
  /// Where the reference stands, counted from 1 in characters.
  public let position: Int
}

/// A text of a mapper, understood once and evaluated for every bundle (expression-language 1.1).
public struct Template: Sendable, Hashable {
  enum Part: Sendable, Hashable {
    case literal(String)
    case expression(Expression)
    /// What could not be understood.
    case broken(message: String, position: Int)
  }

  /// The text.
  public let source: String
  let parts: [Part]
  /// What is to be said about it.
  public let problems: [TemplateProblem]
  /// What it reads of other bundles.
  public let references: [TemplateReference]

  /// The longest expression that is understood, in characters (expression-language 4).
  public static let maximumExpressionLength = 100_000

  /// Understands a text. It never fails: what is wrong is in `problems`, and fails when it is
  /// evaluated.
  public init(_ source: String) {
    self.source = source
    guard source.contains("{{") else {
      parts = [.literal(source)]
      problems = []
      references = []
      return
    }
    let characters = Array(source)
    var parts: [Part] = []
    var problems: [TemplateProblem] = []
    var references: [TemplateReference] = []
    var literalStart = 0
    var position = 0
    while let open = Self.find("{", from: position, in: characters) {
      guard let close = Self.end(of: open + 2, in: characters) else {
        problems.append(
          TemplateProblem(
            severity: .warning, message: "'{{' is not closed and stays as it is",
            position: open + 1))
        break
      }
      if open > literalStart { parts.append(.literal(String(characters[literalStart..<open]))) }
      var parser = Parser(characters, range: (open + 2)..<close)
      do {
        guard close - open <= Self.maximumExpressionLength else {
          throw Parser.Failure(message: "the expression is too long", position: open + 1)
        }
        let isEmpty = characters[(open + 2)..<close].allSatisfy(\.isWhitespace)
        parts.append(.expression(isEmpty ? .literal(.null) : try parser.parse()))
      } catch let failure as Parser.Failure {
        parts.append(.broken(message: failure.message, position: failure.position))
        problems.append(
          TemplateProblem(
            severity: .error, message: failure.message, position: failure.position))
      } catch {}
      problems += parser.problems
      references += parser.references
      position = close + 2
      literalStart = position
    }
    if literalStart < characters.count {
      parts.append(.literal(String(characters[literalStart...])))
    }
    self.parts = parts
    self.problems = problems
    self.references = references
  }

  private static func find(_ brace: Character, from start: Int, in characters: [Character]) -> Int?
  {
    var index = start
    while index + 1 < characters.count {
      if characters[index] == brace, characters[index + 1] == brace { return index }
      index += 1
    }
    return nil
  }

  /// Where the `}}` of an expression stands; texts and quoted names are skipped.
  private static func end(of start: Int, in characters: [Character]) -> Int? {
    var index = start
    while index + 1 < characters.count {
      let character = characters[index]
      if character == "}", characters[index + 1] == "}" { return index }
      if character == "\"" || character == "'" || character == "`" {
        // A quote that is never closed is no quote.
        guard let close = characters[(index + 1)...].firstIndex(of: character) else {
          index += 1
          continue
        }
        index = close
      }
      index += 1
    }
    return nil
  }

  /// Whether it holds no expression.
  public var isConstant: Bool {
    parts.allSatisfy { if case .literal = $0 { true } else { false } }
  }

  /// The value: that of the expression where there is nothing beside it, else a text.
  /// - Throws: which expression has no value and why.
  public func evaluate(in scope: Scope) throws(ExpressionError) -> Value {
    if parts.count == 1 { return try evaluate(parts[0], in: scope) }
    var text = ""
    for part in parts {
      if case .literal(let literal) = part {
        text += literal
      } else {
        text += Coercion.rendered(try evaluate(part, in: scope))
      }
    }
    return .text(text)
  }

  private func evaluate(_ part: Part, in scope: Scope) throws(ExpressionError) -> Value {
    switch part {
    case .literal(let text): return .text(text)
    case .expression(let expression):
      return try Evaluator(scope: scope, source: source).value(of: expression)
    case .broken(let message, let position):
      throw ExpressionError(message, in: source, at: position)
    }
  }

  /// Equal when the texts are.
  public static func == (left: Template, right: Template) -> Bool {
    left.source.hasSameBytes(as: right.source)
  }

  /// Feeds the text into `hasher`.
  public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}
