/// One function of the language.
struct ExpressionFunction: Sendable {
  /// The numbers of arguments it takes.
  let arguments: ClosedRange<Int>
  let body: @Sendable (FunctionCall) throws(ExpressionError) -> Value

  /// The numbers of arguments in words.
  var countInWords: String {
    if arguments.upperBound == .max { return "at least \(arguments.lowerBound)" }
    if arguments.lowerBound == arguments.upperBound { return "\(arguments.lowerBound)" }
    return "\(arguments.lowerBound) to \(arguments.upperBound)"
  }
}

/// One call: arguments are evaluated when they are asked for, so that `if` leaves the other branch
/// alone.
struct FunctionCall {
  let name: String
  let arguments: [Expression]
  let evaluator: Evaluator
  let position: Int

  /// The value of an argument; null where there is none.
  func value(_ index: Int) throws(ExpressionError) -> Value {
    index < arguments.count ? try evaluator.value(of: arguments[index]) : .null
  }

  /// The values of all arguments from one on.
  func values(from start: Int = 0) throws(ExpressionError) -> [Value] {
    var values: [Value] = []
    for index in start..<max(start, arguments.count) { values.append(try value(index)) }
    return values
  }

  /// An argument as a text; null is the empty text.
  func text(_ index: Int) throws(ExpressionError) -> String {
    Coercion.rendered(try value(index))
  }

  /// An argument as a number.
  func number(_ index: Int) throws(ExpressionError) -> Double {
    let value = try value(index)
    guard let number = Coercion.number(value) else {
      throw failure(
        "argument \(index + 1) must be a number, got \(value.kind.rawValue) \(value.excerpt)", value
      )
    }
    return number.double
  }

  /// An argument as a whole number within the range of an index.
  func integer(_ index: Int) throws(ExpressionError) -> Int {
    let number = try number(index)
    return Int(max(-1e15, min(1e15, number.isNaN ? 0 : number.rounded(.towardZero))))
  }

  /// An argument as an array; null is the empty array. `items[]` is the whole array here
  /// (contradiction 3).
  func array(_ index: Int) throws(ExpressionError) -> [Value] {
    var expression = index < arguments.count ? arguments[index] : .literal(.null)
    if case .reference(let module, let steps) = expression, steps.last == .every {
      expression = .reference(module, steps.dropLast())
    }
    switch try evaluator.value(of: expression) {
    case .array(let elements): return elements
    case .null: return []
    case let other:
      throw failure(
        "argument \(index + 1) must be an array, got \(other.kind.rawValue) \(other.excerpt)", other
      )
    }
  }

  /// An argument as a date.
  func date(_ index: Int) throws(ExpressionError) -> Instant {
    let value = try value(index)
    guard let date = Coercion.date(value) else {
      throw failure(
        "argument \(index + 1) must be a date, got \(value.kind.rawValue) \(value.excerpt)", value)
    }
    return date
  }

  func failure(_ message: String, _ value: Value? = nil) -> ExpressionError {
    ExpressionError(message, in: evaluator.source, at: position, value: value)
  }
}

/// The functions by name: what lookup, checks and messages read.
enum FunctionTable {
  static let functions: [String: ExpressionFunction] =
    general
    .merging(text) { $1 }.merging(math) { $1 }.merging(arrays) { $1 }.merging(dates) { $1 }

  static func function(
    _ arguments: ClosedRange<Int>,
    _ body: @escaping @Sendable (FunctionCall) throws(ExpressionError) -> Value
  ) -> ExpressionFunction {
    ExpressionFunction(arguments: arguments, body: body)
  }
}
