extension FunctionTable {
  /// expression-language 10.3.
  static let math: [String: ExpressionFunction] = [
    "round": function(1...1) { call throws(ExpressionError) in
      result((try call.number(0) + 0.5).rounded(.down))
    },
    "floor": function(1...1) { call throws(ExpressionError) in
      result(try call.number(0).rounded(.down))
    },
    "ceil": function(1...1) { call throws(ExpressionError) in
      result(try call.number(0).rounded(.up))
    },
    "abs": function(1...1) { call throws(ExpressionError) in
      result(try call.number(0).magnitude)
    },
    "sum": function(0...Int.max) { call throws(ExpressionError) in
      Evaluator.decimal(try numbers(call).reduce(0, +))
    },
    "average": function(0...Int.max) { call throws(ExpressionError) in
      let numbers = try numbers(call)
      return numbers.isEmpty
        ? .null : Evaluator.decimal(numbers.reduce(0, +) / Double(numbers.count))
    },
    "min": function(0...Int.max) { call throws(ExpressionError) in
      try numbers(call).min().map(result) ?? .null
    },
    "max": function(0...Int.max) { call throws(ExpressionError) in
      try numbers(call).max().map(result) ?? .null
    },
    "parseNumber": function(1...2) { call throws(ExpressionError) in
      let value = try call.value(0)
      if case .number = value { return value }
      let point = try call.text(1) == "," ? Character(",") : "."
      let text = try call.text(0)
      let digits = text.filter { !$0.isWhitespace && ($0 == point || ($0 != "," && $0 != ".")) }
        .replacing(String(point), with: ".")
      guard let number = Coercion.number(.text(digits)) else {
        throw call.failure("\(value.excerpt) is no number", value)
      }
      return .number(Number(number.double))
    },
  ]

  private static func result(_ value: Double) -> Value {
    Number(finite: value).map(Value.number) ?? .null
  }

  /// The numbers of one array, or of all arguments; what is no number is skipped (7.2).
  private static func numbers(_ call: FunctionCall) throws(ExpressionError) -> [Double] {
    var values = try call.values()
    if values.count == 1, case .array(let elements) = values[0] { values = elements }
    return values.compactMap { Coercion.number($0)?.double }
  }
}
