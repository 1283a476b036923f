/// Computes the value of an expression (expression-language 4, 5, 8).
struct Evaluator {
  let scope: Scope
  let source: String

  func value(of expression: Expression) throws(ExpressionError) -> Value {
    switch expression {
    case .literal(let value): return value
    case .reference(let module, let steps):
      return scope.bundles[module].map { Self.follow(steps[...], from: .collection($0)) } ?? .null
    case .variable(let name, let steps): return Self.follow(steps[...], from: variable(name))
    case .unary(.not, let operand): return .boolean(!Self.isTrue(try value(of: operand)))
    case .unary(.minus, let operand):
      let number = try self.number(try value(of: operand), for: "-")
      return .number(Number(-number))
    case .binary(.and, let left, let right):
      guard Self.isTrue(try value(of: left)) else { return false }
      return .boolean(Self.isTrue(try value(of: right)))
    case .binary(.or, let left, let right):
      if Self.isTrue(try value(of: left)) { return true }
      return .boolean(Self.isTrue(try value(of: right)))
    case .binary(let operation, let left, let right):
      return try apply(operation, try value(of: left), try value(of: right))
    case .call(let name, let arguments, let position):
      guard let function = FunctionTable.functions[name] else {
        throw ExpressionError("Function '\(name)' not found!", in: source, at: position)
      }
      let call = FunctionCall(
        name: name, arguments: arguments, evaluator: self, position: position)
      do throws(ExpressionError) {
        guard function.arguments.contains(arguments.count) else {
          throw call.failure("it takes \(function.countInWords), not \(arguments.count)")
        }
        return try function.body(call)
      } catch {
        throw ExpressionError(
          "Function '\(name)' finished with error! \(error.message)", in: source,
          at: error.position, value: error.value)
      }
    }
  }

  /// The value at the end of a path; null where the path leads nowhere.
  static func follow(_ steps: ArraySlice<Expression.Step>, from value: Value) -> Value {
    guard let step = steps.first else { return value }
    let next: Value
    switch (step, value) {
    case (.field(let name), .collection(let collection)): next = collection[name] ?? .null
    case (.field(let name), .array(let elements)):
      next = Int(name).map { element($0, of: elements) } ?? .null
    case (.index(let index), .array(let elements)): next = element(index, of: elements)
    // `items[].x`: the first element (contradiction 3 of expression-language 16).
    case (.every, .array(let elements)): next = elements.first ?? .null
    default: return .null
    }
    return follow(steps.dropFirst(), from: next)
  }

  /// An element counted from 1, or from the end when the number is negative.
  static func element(_ index: Int, of elements: [Value]) -> Value {
    let position = index > 0 ? index - 1 : index < 0 ? elements.count + index : -1
    return elements.indices.contains(position) ? elements[position] : .null
  }

  private func variable(_ name: String) -> Value {
    switch name {
    case "now": .date(scope.now)
    case "timestamp": .number(Number(Int(scope.now.milliseconds / 1000)))
    case "random": .number(Number(scope.random()))
    case "uuid": .text(scope.uuid())
    case "executionId", "executionID": .text(scope.executionID)
    case "scenarioID": .text(scope.scenarioID)
    case "scenarioName": .text(scope.scenarioName)
    case "var": .collection(scope.variables)
    default: .null
    }
  }

  /// The truth of a condition. 0 is false here, and true as a boolean field (contradiction 1).
  static func isTrue(_ value: Value) -> Bool {
    switch value {
    case .number(let number): number.double != 0
    default: Coercion.boolean(value) ?? false
    }
  }

  func number(_ value: Value, for operation: String) throws(ExpressionError) -> Double {
    switch value {
    case .null: return 0
    case .date(let date): return Double(date.milliseconds)
    default:
      guard let number = Coercion.number(value) else {
        throw ExpressionError(
          "'\(operation)' needs a number, got \(value.kind.rawValue) \(value.excerpt)", in: source,
          at: 1, value: value)
      }
      return number.double
    }
  }

  private func apply(
    _ operation: BinaryOperator, _ left: Value, _ right: Value
  ) throws(ExpressionError) -> Value {
    switch operation {
    case .equal: return .boolean(Self.areEqual(left, right))
    case .notEqual: return .boolean(!Self.areEqual(left, right))
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      return .boolean(Self.compare(left, right).map { Self.holds(operation, $0) } ?? false)
    case .add:
      switch (left, right) {
      case (.null, _): return right
      case (_, .null): return left
      case (.number(let a), .number(let b)): return Self.decimal(a.double + b.double)
      default: return .text(Coercion.rendered(left) + Coercion.rendered(right))
      }
    case .addNumbers, .subtract, .multiply, .divide, .remainder:
      let a = try number(left, for: operation.rawValue)
      let b = try number(right, for: operation.rawValue)
      switch operation {
      case .addNumbers: return Self.decimal(a + b)
      case .subtract: return Self.decimal(a - b)
      case .multiply: return Self.decimal(a * b)
      // Division by zero has no value (contradiction 8).
      case .divide: return b == 0 ? .null : Self.decimal(a / b)
      default: return b == 0 ? .null : Self.decimal(a.truncatingRemainder(dividingBy: b))
      }
    case .and, .or: return .null
    }
  }

  /// The result of an operation as decimal arithmetic gives it: 0.1 + 0.2 is 0.3. Fifteen digits are
  /// exact in both worlds.
  static func decimal(_ value: Double) -> Value {
    guard value.isFinite else { return .null }
    if value == value.rounded() || value.magnitude >= 1e15 { return .number(Number(value)) }
    let scale = powerOfTen(14 - Int(log10Floor(value.magnitude)))
    let scaled = (value * scale).rounded() / scale
    return .number(Number(scaled.isFinite ? scaled : value))
  }

  private static func log10Floor(_ value: Double) -> Int {
    var exponent = 0
    var rest = value
    while rest >= 10, exponent < 400 {
      rest /= 10
      exponent += 1
    }
    while rest < 1, rest > 0, exponent > -300 {
      rest *= 10
      exponent -= 1
    }
    return exponent
  }

  private static func powerOfTen(_ exponent: Int) -> Double {
    Double("1e\(min(exponent, 300))") ?? 1
  }

  private static func holds(_ operation: BinaryOperator, _ order: Int) -> Bool {
    switch operation {
    case .less: order < 0
    case .lessOrEqual: order <= 0
    case .greater: order > 0
    default: order >= 0
    }
  }

  /// Whether two values mean the same: number and numeric text by value, dates by instant, null only
  /// null (contradiction 2).
  static func areEqual(_ left: Value, _ right: Value) -> Bool {
    switch (left, right) {
    case (.number(let a), .number(let b)): a.double == b.double
    case (.number(let a), .text), (.text, .number(let a)):
      Coercion.number(left.number == nil ? left : right).map { $0.double == a.double } ?? false
    case (.date(let date), .text), (.text, .date(let date)):
      Coercion.date(left.kind == .text ? left : right) == date
    default: left == right
    }
  }

  /// Negative, zero, positive; nil where there is no order.
  static func compare(_ left: Value, _ right: Value) -> Int? {
    func order<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a > b ? 1 : 0 }
    switch (left, right) {
    case (.text(let a), .text(let b)):
      return a.utf16.elementsEqual(b.utf16)
        ? 0 : a.utf16.lexicographicallyPrecedes(b.utf16) ? -1 : 1
    case (.date, _), (_, .date):
      guard let a = Coercion.date(left), let b = Coercion.date(right) else { return nil }
      return order(a, b)
    default:
      guard let a = Coercion.number(left), let b = Coercion.number(right) else { return nil }
      return order(a.double, b.double)
    }
  }
}
