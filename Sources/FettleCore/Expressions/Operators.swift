/// The operators (expression language, section 8).
enum Operators {
  struct Step: Sendable {
    let symbol: BinaryOperator
    let offset: Int
  }

  /// A sign or a negation.
  static func unary(_ symbol: UnaryOperator, _ operand: Node, offset: Int) -> Node {
    switch symbol {
    case .not:
      return Node { (scope) throws(Failure) in
        .boolean(!Coercion.truth(try operand.value(scope)))
      }
    case .minus:
      if case .number(let number)? = operand.constant {
        return Node(constant: .number(Number(-number.double)))
      }
      return Node { (scope) throws(Failure) in
        let value = try operand.value(scope)
        if value.isNull { return .null }
        return .number(Number(-(try number(value, offset))))
      }
    }
  }

  /// Operands of one precedence, from left to right.
  static func chain(_ operands: [Node], _ steps: [Step]) -> Node {
    guard let first = steps.first else { return operands.first ?? Node(constant: .null) }
    switch first.symbol {
    case .and, .or:
      let decides = first.symbol == .or
      return Node { (scope) throws(Failure) in
        for operand in operands where Coercion.truth(try operand.value(scope)) == decides {
          return .boolean(decides)
        }
        return .boolean(!decides)
      }
    default:
      if steps.count == 1 {
        let (left, right) = (operands[0].value, operands[1].value)
        return Node { (scope) throws(Failure) in
          let value = try left(scope)
          return try apply(first, value, try right(scope), scope)
        }
      }
      return Node { (scope) throws(Failure) in
        var value = try operands[0].value(scope)
        for (position, step) in steps.enumerated() {
          value = try apply(step, value, try operands[position + 1].value(scope), scope)
        }
        return value
      }
    }
  }

  private static func apply(
    _ step: Step, _ left: Value, _ right: Value, _ scope: Scope
  ) throws(Failure) -> Value {
    switch step.symbol {
    case .add: return try add(left, right, offset: step.offset)
    case .addNumbers, .subtract, .multiply, .divide, .remainder:
      return try arithmetic(step, left, right)
    case .equal: return .boolean(areEqual(left, right, strictly: scope.comparesStrictly))
    case .notEqual: return .boolean(!areEqual(left, right, strictly: scope.comparesStrictly))
    case .less: return .boolean(order(left, right, scope).map { $0 < 0 } ?? false)
    case .lessOrEqual: return .boolean(order(left, right, scope).map { $0 <= 0 } ?? false)
    case .greater: return .boolean(order(left, right, scope).map { $0 > 0 } ?? false)
    case .greaterOrEqual: return .boolean(order(left, right, scope).map { $0 >= 0 } ?? false)
    case .and: return .boolean(Coercion.truth(left) && Coercion.truth(right))
    case .or: return .boolean(Coercion.truth(left) || Coercion.truth(right))
    }
  }

  /// `+`: two numbers add; null gives the other side; anything else is text side by side, two
  /// numeric texts included (16.15).
  private static func add(_ left: Value, _ right: Value, offset: Int) throws(Failure) -> Value {
    switch (left, right) {
    case (.number(let a), .number(let b)): return .finite(DecimalMath.sum(a.double, b.double))
    case (.null, _): return right
    case (_, .null): return left
    default:
      do throws(Failure) {
        let text = try left.rendered() + right.rendered()
        try Budget.check(bytes: text.utf8.count)
        return .text(text)
      } catch {
        throw error.at(offset)
      }
    }
  }

  /// The operators on numbers. A missing operand is neutral for `++` and `-`, as it is for `+`, and
  /// leaves `*`, `/` and `%` without a result; so does a division by zero (16.8).
  private static func arithmetic(
    _ step: Step, _ left: Value, _ right: Value
  ) throws(Failure) -> Value {
    if left.isNull || right.isNull {
      guard step.symbol == .addNumbers || step.symbol == .subtract else { return .null }
      if right.isNull { return left.isNull ? .null : .finite(try number(left, step.offset)) }
      let value = try number(right, step.offset)
      return .finite(step.symbol == .subtract ? -value : value)
    }
    let a = try number(left, step.offset)
    let b = try number(right, step.offset)
    return switch step.symbol {
    case .addNumbers: .finite(DecimalMath.sum(a, b))
    case .subtract: .finite(DecimalMath.sum(a, -b))
    case .multiply: .finite(DecimalMath.product(a, b))
    case .divide: .finite(DecimalMath.quotient(a, b))
    default: .finite(DecimalMath.remainder(a, b))
    }
  }

  private static func number(_ value: Value, _ offset: Int) throws(Failure) -> Double {
    if case .number(let number) = value { return number.double }
    guard let number = Coercion.arithmetic(value) else {
      throw Failure("\(value.shown) is not a number.", value: value, offset: offset)
    }
    return number
  }

  /// Whether two values are equal (16.2): by value within a type, a number and a text that spells
  /// it, null only with null. Everything else differs.
  static func areEqual(_ left: Value, _ right: Value, strictly: Bool = false) -> Bool {
    switch (left, right) {
    case (.null, .null): return true
    case (.text(let a), .text(let b)): return a.hasSameBytes(as: b)
    case (.number(let a), .number(let b)): return a.double == b.double && a.hasSameDigits(as: b)
    case (.number(let number), .text(let text)), (.text(let text), .number(let number)):
      guard !strictly, let other = Number(spelled: text) else { return false }
      return number.double == other.double && number.hasSameDigits(as: other)
    case (.array(let a), .array(let b)):
      return a.count == b.count
        && zip(a, b).allSatisfy { areEqual($0, $1, strictly: strictly) }
    case (.collection(let a), .collection(let b)):
      return a.count == b.count
        && a.fields.allSatisfy { field in
          b[field.name].map { areEqual(field.value, $0, strictly: strictly) } ?? false
        }
    default: return left == right
    }
  }

  /// How two values are ordered: negative, zero or positive; nil when they cannot be compared, and
  /// then no comparison holds. A text beside a number is read as one, beside a date as a date.
  static func order(_ left: Value, _ right: Value, _ scope: Scope) -> Int? {
    switch (left, right) {
    case (.text(let a), .text(let b)): return a.codeUnitOrder(to: b)
    case (.number(let a), .number(let b)): return sign(a.double, b.double)
    case (.date(let a), .date(let b)): return sign(a.milliseconds, b.milliseconds)
    case (.date(let a), .text):
      return Coercion.date(right, zone: scope.zone).map { sign(a.milliseconds, $0.milliseconds) }
    case (.text, .date(let b)):
      return Coercion.date(left, zone: scope.zone).map { sign($0.milliseconds, b.milliseconds) }
    case (.number, .text), (.text, .number), (.number, .date), (.date, .number):
      guard let a = Coercion.arithmetic(left), let b = Coercion.arithmetic(right) else {
        return nil
      }
      return sign(a, b)
    default: return nil
    }
  }

  static func sign<Item: Comparable>(_ left: Item, _ right: Item) -> Int {
    left < right ? -1 : left > right ? 1 : 0
  }
}

extension Number {
  /// Whether two numbers of one double are one number: ids beyond 2^53 differ by their digits.
  func hasSameDigits(as other: Number) -> Bool {
    double.magnitude < 9_007_199_254_740_992 || plainText == other.plainText
  }
}

extension Value {
  /// A result of arithmetic; null when it is infinite or not a number (16.8).
  static func finite(_ value: Double) -> Value {
    value.isFinite ? .number(Number(value == 0 ? 0 : value)) : .null
  }
}

extension String {
  /// The order by UTF-16 code units, which is the order scenarios sort by.
  func codeUnitOrder(to other: String) -> Int {
    var (a, b) = (self, other)
    return a.withUTF8 { left in
      b.withUTF8 { right in
        let shared = Swift.min(left.count, right.count)
        var place = 0
        while place < shared, left[place] == right[place] { place += 1 }
        if place == shared { return Operators.sign(left.count, right.count) }
        // UTF-8 orders as code points; only U+E000…U+FFFF and what lies beyond change places.
        let (x, y) = (left[place], right[place])
        if x >= 0xEE, y >= 0xEE, (x >= 0xF0) != (y >= 0xF0) { return x >= 0xF0 ? -1 : 1 }
        return x < y ? -1 : 1
      }
    }
  }
}
