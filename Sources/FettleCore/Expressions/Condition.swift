/// One condition of a filter: `{ "a": …, "o": …, "b": … }`.
public struct Condition: Sendable, Hashable {
  /// The first operand.
  public let left: Template
  /// The operator as it is written; `text:equal` when it is missing.
  public let operatorName: String
  /// The second operand; nil when there is none.
  public let right: Template?

  /// A condition.
  public init(left: Template, operatorName: String = "text:equal", right: Template? = nil) {
    self.left = left
    self.operatorName = operatorName
    self.right = right
  }

  /// Reads a condition of a blueprint. Nil when it is no object, lacks `a`, or `o` is no text.
  public init?(_ value: Value) {
    guard let fields = value.collection, let left = fields["a"] else { return nil }
    let name: String
    switch fields["o"] ?? .null {
    case .null: name = "text:equal"
    case .text(let text): name = text
    default: return nil
    }
    self.init(
      left: Condition.template(left), operatorName: name, right: fields["b"].map(Condition.template)
    )
  }

  /// An operand that is no text is the expression that gives it.
  private static func template(_ value: Value) -> Template {
    switch value {
    case .text(let text): Template(text)
    case .null: Template("{{null}}")
    case .boolean(let boolean): Template("{{\(boolean)}}")
    case .number(let number): Template("{{\(number.plainText)}}")
    default: Template((try? value.rendered()) ?? "")
    }
  }

  /// The operator; nil when its name is not understood.
  public var operation: FilterOperator? { FilterOperator.named(operatorName) }

  /// Whether the condition is met.
  ///
  /// Operands that do not fit the type of the operator fail it, and meet it when it begins with
  /// `not`. An operator nobody knows is never met, as in Make; refuse it before a run.
  /// - Throws: the failure of an operand, or of a pattern.
  public func holds(in scope: Scope) throws(ExpressionError) -> Bool {
    try refusal(in: scope) == nil
  }

  /// What the condition found where it is not met; nil where it is.
  /// - Throws: the failure of an operand, or of a pattern.
  func refusal(in scope: Scope) throws(ExpressionError) -> UnmetCondition? {
    let operation = operation
    let first = try left.evaluate(in: scope)
    let takesSecond = operation?.isUnary == false
    let second = takesSecond ? try right?.evaluate(in: scope) ?? .null : .null
    if let operation {
      do throws(Failure) {
        if try operation.holds(first, second, scope) != operation.isNegated { return nil }
      } catch {
        throw ExpressionError(
          message: error.detail.message, expression: (right ?? left).source, position: 1,
          value: error.detail.value)
      }
    }
    return UnmetCondition(
      text: summary, left: first.abridged, right: takesSecond ? second.abridged : nil)
  }
}

extension FilterOperator {
  /// Whether a value meets the operator, outside any expression: how a search asks a record.
  /// - Throws: the failure of a pattern.
  public func isMet(
    by value: Value, _ operand: Value, in scope: Scope
  ) throws(ExpressionError) -> Bool {
    do throws(Failure) {
      return try holds(value, isUnary ? .null : operand, scope) != isNegated
    } catch {
      throw ExpressionError(
        message: error.detail.message, expression: name, position: 1, value: error.detail.value)
    }
  }

  /// What the operator asks, before it is turned round; false when an operand does not fit.
  func holds(_ left: Value, _ right: Value, _ scope: Scope) throws(Failure) -> Bool {
    switch comparison {
    case .exist: return !left.isNull
    case .isempty: return Function.isBlank(left)
    default: break
    }
    switch family {
    case .basic: return false
    case .text: return try texts(left, right)
    case .array: return try arrays(left, right)
    case .boolean:
      return Coercion.boolean(left) == Coercion.boolean(right)
    case .number:
      return compared(left, right) { a, b in
        guard let a = Coercion.number(a), let b = Coercion.number(b) else { return nil }
        return Operators.areEqual(.number(a), .number(b)) ? 0 : a.double < b.double ? -1 : 1
      }
    case .date:
      return compared(left, right) { a, b in
        guard let a = Coercion.date(a, zone: scope.zone), let b = Coercion.date(b, zone: scope.zone)
        else { return nil }
        return Operators.sign(a.milliseconds, b.milliseconds)
      }
    case .time:
      func seconds(_ value: Value) -> Int? {
        guard case .date(let date) = value else { return Coercion.time(value) }
        return scope.zone.civil(date).millisecondOfDay / 1000
      }
      return compared(left, right) { a, b in
        guard let a = seconds(a), let b = seconds(b) else { return nil }
        return Operators.sign(a, b)
      }
    case .semver:
      return compared(left, right) { a, b in
        guard let a = Coercion.text(a).flatMap(SemanticVersion.init),
          let b = Coercion.text(b).flatMap(SemanticVersion.init)
        else { return nil }
        return a.order(to: b)
      }
    }
  }

  /// Two missing values are equal; nothing else holds for a missing one.
  private func compared(
    _ left: Value, _ right: Value, _ order: (Value, Value) -> Int?
  ) -> Bool {
    if left.isNull, right.isNull {
      return comparison == .equal || comparison == .lessorequal || comparison == .greaterorequal
    }
    return order(left, right).map(accepts) ?? false
  }

  private func accepts(_ order: Int) -> Bool {
    switch comparison {
    case .equal: order == 0
    case .less: order < 0
    case .lessorequal: order <= 0
    case .greater: order > 0
    case .greaterorequal: order >= 0
    default: false
    }
  }

  /// A missing value counts as the empty text: `text:equal` with `{{null}}` asks for emptiness.
  private func texts(_ left: Value, _ right: Value) throws(Failure) -> Bool {
    var text = try left.rendered()
    var sought = try right.rendered()
    if comparison == .pattern {
      var flags = RegularExpression.Flags()
      flags.ignoresCase = ignoresCase
      return try RegularExpression.compiled(sought, flags).isFound(in: text)
    }
    if ignoresCase {
      text = text.lowercased()
      sought = sought.lowercased()
    }
    return switch comparison {
    case .equal: text.hasSameBytes(as: sought)
    case .contain: text.firstOffset(ofBytes: sought, from: 0) != nil
    case .startwith: text.utf8.starts(with: sought.utf8)
    case .endwith: text.utf8.reversed().starts(with: sought.utf8.reversed())
    default: false
    }
  }

  /// `contain` looks for an element of that text; the orders compare the length with a number, or
  /// with the length of another array.
  private func arrays(_ left: Value, _ right: Value) throws(Failure) -> Bool {
    let elements = Coercion.array(left) ?? []
    guard comparison == .contain else {
      let wanted: Double? =
        if case .array(let other) = right { Double(other.count) } else {
          Coercion.number(right)?.double
        }
      return wanted.map { accepts(Operators.sign(Double(elements.count), $0)) } ?? false
    }
    let sought = try right.rendered()
    for element in elements {
      let text = try element.rendered()
      if ignoresCase ? text.lowercased() == sought.lowercased() : text.hasSameBytes(as: sought) {
        return true
      }
    }
    return false
  }
}

/// A version by semver.org, precedence rules included. A leading `v` and missing minor or patch
/// numbers are accepted.
struct SemanticVersion {
  private let numbers: [Int]
  private let prerelease: [Substring]

  init?(_ text: String) {
    var rest = Substring(text.trimmingBlanks())
    if rest.first == "v" || rest.first == "V" { rest = rest.dropFirst() }
    // Build metadata does not count.
    rest = rest.prefix { $0 != "+" }
    let core = rest.prefix { $0 != "-" }
    let tail = rest.dropFirst(core.count)
    let parts = core.split(separator: ".", omittingEmptySubsequences: false)
    var numbers: [Int] = []
    for part in parts {
      guard !part.isEmpty, part.utf8.allSatisfy({ 48...57 ~= $0 }), let number = Int(part) else {
        return nil
      }
      numbers.append(number)
    }
    guard (1...3).contains(numbers.count) else { return nil }
    self.numbers = numbers + [Int](repeating: 0, count: 3 - numbers.count)
    prerelease = tail.dropFirst().split(separator: ".")
    if tail == "-" { return nil }
  }

  func order(to other: SemanticVersion) -> Int {
    for (a, b) in zip(numbers, other.numbers) where a != b { return a < b ? -1 : 1 }
    if prerelease.isEmpty || other.prerelease.isEmpty {
      return Operators.sign(prerelease.isEmpty ? 1 : 0, other.prerelease.isEmpty ? 1 : 0)
    }
    for (a, b) in zip(prerelease, other.prerelease) where a != b {
      switch (Int(a), Int(b)) {
      case (let x?, let y?): return Operators.sign(x, y)
      case (_?, nil): return -1
      case (nil, _?): return 1
      default: return String(a).codeUnitOrder(to: String(b))
      }
    }
    return Operators.sign(prerelease.count, other.prerelease.count)
  }
}
