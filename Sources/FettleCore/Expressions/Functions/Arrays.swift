extension FunctionTable {
  /// expression-language 10.4.
  static let arrays: [String: ExpressionFunction] = [
    "join": function(1...2) { call throws(ExpressionError) in
      let separator = call.arguments.count > 1 ? try call.text(1) : ","
      return .text(try call.array(0).map(Coercion.rendered).joined(separator: separator))
    },
    "first": function(1...1) { call throws(ExpressionError) in try call.array(0).first ?? .null },
    "last": function(1...1) { call throws(ExpressionError) in try call.array(0).last ?? .null },
    "add": function(1...Int.max) { call throws(ExpressionError) in
      .array(try call.array(0) + (try call.values(from: 1)))
    },
    "merge": function(1...Int.max) { call throws(ExpressionError) in
      .array(try call.values().flatMap { $0.array ?? [] })
    },
    "reverse": function(1...1) { call throws(ExpressionError) in
      .array(try call.array(0).reversed())
    },
    "keys": function(1...1) { call throws(ExpressionError) in
      switch try call.value(0) {
      case .collection(let collection): return .array(collection.names.map(Value.text))
      case .array(let elements): return .array(elements.indices.map { .text("\($0)") })
      case .null: return []
      case let other: throw call.failure("\(other.excerpt) has no keys", other)
      }
    },
    "map": function(2...4) { call throws(ExpressionError) in
      let (key, filterKey) = (try call.text(1), try call.text(2))
      let wanted = Set(try call.text(3).split(separator: ",").map { String($0).trimmed })
      let at = { (path: String, value: Value) in
        path.split(separator: ".").reduce(value) {
          Evaluator.follow([.field(String($1))], from: $0)
        }
      }
      return .array(
        try call.array(0)
          .filter { filterKey.isEmpty || wanted.contains(Coercion.rendered(at(filterKey, $0))) }
          .map { at(key, $0) })
    },
  ]
}
