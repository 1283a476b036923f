extension FunctionTable {
  /// expression-language 10.1.
  static let general: [String: ExpressionFunction] = [
    "if": function(2...3) { call throws(ExpressionError) in
      Evaluator.isTrue(try call.value(0)) ? try call.value(1) : try call.value(2)
    },
    "ifempty": function(1...2) { call throws(ExpressionError) in
      let value = try call.value(0)
      return value.isNull || value == "" ? try call.value(1) : value
    },
    "switch": function(3...Int.max) { call throws(ExpressionError) in
      let subject = try call.text(0)
      var index = 1
      while index + 1 < call.arguments.count {
        if try call.text(index) == subject { return try call.value(index + 1) }
        index += 2
      }
      return index < call.arguments.count ? try call.value(index) : .null
    },
    "get": function(2...2) { call throws(ExpressionError) in
      var value = try call.value(0)
      let path = try call.text(1)
      for step in path.split(separator: ".") {
        value = Evaluator.follow([.field(String(step))], from: value)
      }
      return value
    },
  ]
}
