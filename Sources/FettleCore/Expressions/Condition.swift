/// One condition of a filter: operand, operator, operand (semantics 6.5, expression-language 15).
public struct Condition: Sendable, Hashable {
  /// The operand on the left: `a`.
  public let left: Template
  /// The operator as written: `o`, `text:equal` where it is missing.
  public let operatorName: String
  /// The operand on the right: `b`; nil where it is missing.
  public let right: Template?

  /// A condition of these parts.
  public init(left: Template, operatorName: String, right: Template?) {
    self.left = left
    self.operatorName = operatorName
    self.right = right
  }

  /// The operator; nil when there is none of that name.
  public var operation: FilterOperator? { FilterOperator(named: operatorName) }

  /// Whether it holds. An operand that does not convert to the type of the operator makes it false,
  /// a negated one true.
  /// - Throws: the failure of an operand, or that there is no such operator.
  public func holds(in scope: Scope) throws(ExpressionError) -> Bool {
    guard let operation else {
      throw ExpressionError("there is no operator \(operatorName)", in: left.source, at: 1)
    }
    let (a, b) = (try left.evaluate(in: scope), try right?.evaluate(in: scope) ?? .null)
    do throws(RegularExpression.Failure) {
      return try operation.holds(a, b)
    } catch .notAPattern(let reason) {
      throw ExpressionError(
        "\(b.excerpt) is no pattern: \(reason)", in: right?.source ?? "", at: 1, value: b)
    } catch {
      throw ExpressionError(
        "looking for the pattern \(b.excerpt) takes too long", in: right?.source ?? "", at: 1,
        value: b)
    }
  }
}

/// An operator of a filter.
public struct FilterOperator: Sendable, Hashable {
  /// The name in the official list.
  public let name: String
  /// Whether the name was another one that is known to mean it (D26).
  public let isAlias: Bool
  private let family: String
  private let verb: String
  private let ignoresCase: Bool

  private static let verbs: [String: Set<String>] = [
    "text": [
      "equal", "notequal", "contain", "notcontain", "startwith", "notstartwith", "endwith",
      "notendwith", "pattern", "notpattern",
    ],
    "number": ["equal", "notequal", "greater", "less", "greaterorequal", "lessorequal"],
    "date": ["equal", "notequal", "greater", "less", "greaterorequal", "lessorequal"],
    "array": [
      "contain", "notcontain", "equal", "notequal", "greater", "less", "greaterorequal",
      "lessorequal",
    ],
    "boolean": ["equal", "notequal"],
    "basic": ["exist", "notexist"],
  ]

  private static let aliases = [
    "text:startswith": "text:startwith", "text:endswith": "text:endwith",
    "text:contains": "text:contain", "text:matchpattern": "text:pattern",
    "text:isempty": "notexist", "text:isnotempty": "exist", "date:before": "date:less",
    "date:after": "date:greater", "date:later": "date:greater",
    "number:gte": "number:greaterorequal",
    "number:lte": "number:lessorequal", "number:gt": "number:greater", "number:lt": "number:less",
    "numeric:equal": "number:equal", "numeric:greater": "number:greater",
    "numeric:less": "number:less",
  ]

  /// The operator of that name, or of one that is known to mean it.
  public init?(named written: String) {
    let official = Self.aliases[written] ?? written
    let parts = official.split(separator: ":").map { String($0) }
    let ignoresCase = parts.count == 3 && parts[2] == "ci"
    guard parts.count == 1 || parts.count == 2 || ignoresCase else { return nil }
    let family = parts.count == 1 ? "basic" : parts[0]
    let verb = parts.count == 1 ? official : parts[1]
    guard Self.verbs[family]?.contains(verb) == true,
      !ignoresCase || family == "text" || family == "array"
    else { return nil }
    name = official
    isAlias = official != written
    self.family = family
    self.verb = verb
    self.ignoresCase = ignoresCase
  }

  func holds(_ left: Value, _ right: Value) throws(RegularExpression.Failure) -> Bool {
    switch family {
    case "basic":
      let exists = !left.isNull && left != ""
      return verb == "exist" ? exists : !exists
    case "text": return try text(Coercion.rendered(left), Coercion.rendered(right))
    case "boolean":
      let (a, b) = (Coercion.boolean(left) ?? false, Coercion.boolean(right) ?? false)
      return (a == b) == (verb == "equal")
    case "array" where verb == "contain" || verb == "notcontain":
      let wanted = folded(Coercion.rendered(right))
      let found = (left.array ?? []).contains { folded(Coercion.rendered($0)) == wanted }
      return found == (verb == "contain")
    case "array":
      return ordered(left.array.map { Double($0.count) }, Coercion.number(right)?.double)
    case "date":
      return ordered(
        Coercion.date(left).map { Double($0.milliseconds) },
        Coercion.date(right).map { Double($0.milliseconds) })
    default: return ordered(Coercion.number(left)?.double, Coercion.number(right)?.double)
    }
  }

  private func folded(_ text: String) -> String { ignoresCase ? text.lowercased() : text }

  private func text(
    _ left: String, _ right: String
  ) throws(RegularExpression.Failure) -> Bool {
    let (a, b) = (folded(left), folded(right))
    let isNegated = verb.hasPrefix("not")
    let holds: Bool
    switch isNegated ? String(verb.dropFirst(3)) : verb {
    case "equal": holds = a.hasSameBytes(as: b)
    case "contain": holds = b.isEmpty || a.contains(b)
    case "startwith": holds = a.hasPrefix(b)
    case "endwith": holds = a.hasSuffix(b)
    default: holds = try RegularExpression(right, ignoresCase: ignoresCase).matches(left)
    }
    return holds != isNegated
  }

  private func ordered(_ left: Double?, _ right: Double?) -> Bool {
    guard let left, let right else { return verb == "notequal" }
    switch verb {
    case "equal": return left == right
    case "notequal": return left != right
    case "greater": return left > right
    case "less": return left < right
    case "greaterorequal": return left >= right
    default: return left <= right
    }
  }
}
