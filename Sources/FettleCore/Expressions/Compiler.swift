/// An expression ready to run.
struct Node: Sendable {
  typealias Evaluation<Result> = @Sendable (Scope) throws(Failure) -> Result

  let value: Evaluation<Value>
  /// The value with the keywords only a field can tell apart; nil when there are none in reach.
  private let fieldValue: Evaluation<FieldValue>?
  /// The value, when it is always the same.
  let constant: Value?

  init(
    constant: Value? = nil, field: Evaluation<FieldValue>? = nil,
    value: @escaping Evaluation<Value>
  ) {
    self.constant = constant
    self.value = value
    fieldValue = field
  }

  init(constant: Value, field: FieldValue? = nil) {
    self.constant = constant
    value = { _ in constant }
    if let field { fieldValue = { _ in field } } else { fieldValue = nil }
  }

  func field(_ scope: Scope) throws(Failure) -> FieldValue {
    if let fieldValue { return try fieldValue(scope) }
    return .value(try value(scope))
  }
}

/// The words with a fixed value (section 9).
enum Keyword {
  static let values: [String: Node] = [
    "true": Node(constant: true), "false": Node(constant: false), "null": Node(constant: .null),
    "erase": Node(constant: .null, field: .erased),
    "ignore": Node(constant: .null, field: .ignored),
    "emptystring": Node(constant: "", field: .emptyText), "emptyarray": Node(constant: []),
    "space": Node(constant: " "), "tab": Node(constant: "\t"), "newline": Node(constant: "\n"),
    "carriagereturn": Node(constant: "\r"), "nbsp": Node(constant: "\u{A0}"),
    "pi": Node(constant: .number(Number(Double.pi))),
  ]

  /// The words whose value depends on the run.
  static let variables: [String: Node] = [
    "now": Node { scope in .date(scope.now) },
    "timestamp": Node { scope in .integer(Int(scope.now.milliseconds.floorDivided(by: 1000))) },
    "random": Node { scope in .number(Number(scope.random())) },
    "uuid": Node { scope in .text(scope.uuid()) },
    "executionId": Node { scope in .text(scope.executionID) },
    "executionID": Node { scope in .text(scope.executionID) },
    "scenarioID": Node { scope in .text(scope.scenarioID) },
    "scenarioName": Node { scope in .text(scope.scenarioName) },
    "triggerTimestamp": Node { scope in scope.triggerTimestamp.map(Value.date) ?? .null },
    "operationsConsumed": Node { scope in scope.operationsConsumed.map(Value.integer) ?? .null },
  ]

  static func isKnown(_ name: String) -> Bool { values[name] != nil || variables[name] != nil }
}

/// Turns syntax trees into nodes and notes what is wrong or doubtful on the way.
struct Compiler {
  struct Note {
    let severity: TemplateProblem.Severity
    let message: String
    let offset: Int
  }

  private(set) var notes: [Note] = []
  private(set) var references: [Reference] = []

  mutating func warn(_ message: String, at offset: Int) {
    notes.append(Note(severity: .warning, message: message, offset: offset))
  }

  private mutating func fail(_ message: String, at offset: Int) {
    notes.append(Note(severity: .error, message: message, offset: offset))
  }

  /// Reads and compiles the expression in a range of a template.
  mutating func compile(_ bytes: [UInt8], _ range: Range<Int>) -> Node {
    var warnings: [SyntaxError] = []
    do {
      let tree = try Parser.parse(bytes, range, warnings: &warnings)
      for warning in warnings { warn(warning.message, at: warning.offset) }
      if tree == .empty { warn("there is nothing between the braces", at: range.lowerBound) }
      return node(tree)
    } catch {
      fail(error.message, at: error.offset)
      let failure = Failure("Syntax error: \(error.message)", offset: error.offset)
      return Node { (_) throws(Failure) in throw failure }
    }
  }

  private mutating func node(_ tree: SyntaxTree) -> Node {
    switch tree {
    case .empty: return Node(constant: .null)
    case .number(let spelling):
      // A literal too long for a double has no value rather than an infinite one.
      return Node(
        constant: Double(spelling).flatMap(Number.init(finite:)).map(Value.number) ?? .null)
    case .text(let text): return Node(constant: .text(text))
    case .name(let name, let place): return named(name, place)
    case .reference(let reference): return self.reference(reference)
    case .call(let name, let arguments, let place): return call(name, arguments, place)
    case .unary(let symbol, let operand, let place):
      return Operators.unary(symbol, node(operand), offset: place.offset)
    case .chain(let first, let links):
      var operands = [node(first)]
      for link in links {
        let operand = node(link.operand)
        if link.symbol == .divide || link.symbol == .remainder,
          case .number(let divisor)? = operand.constant, divisor.double == 0
        {
          warn("a division by zero gives an empty value", at: link.place.offset)
        }
        operands.append(operand)
      }
      return Operators.chain(
        operands, links.map { Operators.Step(symbol: $0.symbol, offset: $0.place.offset) })
    }
  }

  private mutating func named(_ name: String, _ place: SyntaxTree.Place) -> Node {
    if let node = Keyword.values[name] ?? Keyword.variables[name] { return node }
    if name == "var" { return Node { scope in .collection(scope.variables) } }
    warn("'\(name)' is no keyword, variable or module; it is always empty", at: place.offset)
    return Node(constant: .null)
  }

  private mutating func reference(_ reference: Reference) -> Node {
    let offset = reference.place.offset
    if reference.steps.contains(.index(0)) {
      warn("array positions count from 1; [0] is always empty", at: offset)
    }
    let steps = reference.steps.map(Step.init)
    switch reference.head {
    case .module(let number):
      references.append(reference)
      let module = ModuleID(number)
      // Most references are one or two names deep; the loop over steps is for the rest.
      if steps.count == 1, case .name(let name, nil) = steps[0] {
        return Node { scope in scope.bundles[module]?[name] ?? .null }
      }
      return Node { scope in
        guard let bundle = scope.bundles[module] else { return .null }
        return Self.follow(steps, in: .collection(bundle))
      }
    case .name("var"):
      return Node { scope in Self.follow(steps, in: .collection(scope.variables)) }
    case .name(let name):
      warn("'\(name)' is no keyword, variable or module; it is always empty", at: offset)
      return Node(constant: .null)
    }
  }

  /// A step of a reference with what can be known before the evaluation.
  private enum Step: Sendable {
    /// A name, and the index it means in an array when it is a whole number.
    case name(String, Int?)
    case index(Int)

    init(_ step: Reference.Step) {
      switch step {
      case .name(let name): self = .name(name, Int(name))
      case .index(let index): self = .index(index)
      case .first: self = .index(1)
      }
    }
  }

  private static func follow(_ steps: [Step], in start: Value) -> Value {
    var value = start
    for step in steps {
      switch (step, value) {
      case (.name(let name, _), .collection(let fields)): value = fields[name] ?? .null
      case (.name(_, let index?), .array(let elements)): value = elements.element(at: index)
      case (.index(let index), .array(let elements)): value = elements.element(at: index)
      default: return .null
      }
    }
    return value
  }

  private mutating func call(
    _ name: String, _ arguments: [SyntaxTree], _ place: SyntaxTree.Place
  ) -> Node {
    let offset = place.offset
    guard let function = Function.named[name] else {
      let hint =
        Function.nearMiss(of: name).map { "; did you mean '\($0)'?" }
        ?? Function.replacement(of: name).map { "; write \($0) instead" }
        ?? Function.table.lazy.map(\.name).nearest(to: name).map { "; did you mean '\($0)'?" } ?? ""
      fail("Function '\(name)' not found\(hint.isEmpty ? "!" : hint)", at: offset)
      for argument in arguments { _ = node(argument) }
      let failure = Failure("Function '\(name)' not found!", offset: offset)
      return Node { (_) throws(Failure) in throw failure }
    }
    var trees = arguments
    if function.takesArray, case .reference(var reference)? = trees.first,
      reference.steps.last == .first
    {
      // The editor writes `map(1.items[]; …)` for the whole array (16.3).
      reference.steps.removeLast()
      trees[0] = .reference(reference)
    }
    let nodes = trees.map { node($0) }
    guard nodes.count >= function.arity.lowerBound else {
      let wanted = function.arity.lowerBound
      let message =
        "Function '\(name)' finished with error! It needs at least \(wanted) "
        + "argument\(wanted == 1 ? "" : "s") and was given \(nodes.count)."
      fail(message, at: offset)
      let failure = Failure(message, offset: offset)
      return Node { (_) throws(Failure) in throw failure }
    }
    if nodes.count > function.arity.upperBound {
      warn(
        "Function '\(name)' takes at most \(function.arity.upperBound) arguments; "
          + "the rest is not used", at: offset)
    }
    return function.node(nodes, offset: offset)
  }
}

extension [Value] {
  /// The element at a 1-based position, from the end when negative; null where there is none.
  func element(at position: Int) -> Value {
    let index = position > 0 ? position - 1 : count + position
    return position != 0 && indices.contains(index) ? self[index] : .null
  }
}
