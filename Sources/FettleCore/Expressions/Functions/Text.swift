extension FunctionTable {
  /// expression-language 10.2.
  static let text: [String: ExpressionFunction] = [
    "lower": function(1...1) { call throws(ExpressionError) in
      .text(try call.text(0).lowercased())
    },
    "upper": function(1...1) { call throws(ExpressionError) in
      .text(try call.text(0).uppercased())
    },
    "trim": function(1...1) { call throws(ExpressionError) in .text(try call.text(0).trimmed) },
    "capitalize": function(1...1) { call throws(ExpressionError) in
      let text = try call.text(0)
      return .text(text.prefix(1).uppercased() + text.dropFirst())
    },
    "toString": function(1...1) { call throws(ExpressionError) in .text(try call.text(0)) },
    "replace": function(3...3) { call throws(ExpressionError) in
      let (text, search) = (try call.text(0), try call.text(1))
      let replacement = try call.value(2)
      // Left out, the replacement leaves the text as it is (10.2.1).
      if replacement.isNull || search.isEmpty { return .text(text) }
      if search.count > 1, search.hasPrefix("/"), search.dropFirst().contains("/") {
        throw call.failure("regular expressions are not available yet", .text(search))
      }
      return .text(text.replacing(search, with: Coercion.rendered(replacement)))
    },
    "substring": function(2...3) { call throws(ExpressionError) in
      let units = Array(try call.text(0).utf16)
      let bound = { (index: Int) in max(0, min(index, units.count)) }
      let start = bound(try call.integer(1))
      let end = call.arguments.count > 2 ? bound(try call.integer(2)) : units.count
      return .text(String(decoding: units[min(start, end)..<max(start, end)], as: UTF16.self))
    },
    "split": function(2...3) { call throws(ExpressionError) in
      let (text, separator) = (try call.text(0), try call.text(1))
      let pieces =
        separator.isEmpty
        ? text.map { String($0) }
        : text.split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
      let keepsEmpty = Evaluator.isTrue(try call.value(2))
      // Pieces are trimmed and empty ones left out (contradiction 5).
      return .array(
        pieces.map(\.trimmed).filter { keepsEmpty || !$0.isEmpty }.map(Value.text))
    },
    "contains": function(2...3) { call throws(ExpressionError) in
      if case .array(let elements) = try call.value(0) {
        let wanted = try call.value(1)
        return .boolean(elements.contains { Evaluator.areEqual($0, wanted) })
      }
      let (text, search) = (try call.text(0), try call.text(1))
      if Evaluator.isTrue(try call.value(2)) {
        return .boolean(text.lowercased().contains(search.lowercased()))
      }
      return .boolean(search.isEmpty || text.contains(search))
    },
    "length": function(1...1) { call throws(ExpressionError) in
      switch try call.value(0) {
      case .null: return 0
      case .array(let elements): return .integer(elements.count)
      case .buffer(let buffer): return .integer(buffer.bytes.count)
      case .collection where call.arguments.first?.endsWithEvery == true:
        return .integer(try call.array(0).count)
      case let other: return .integer(Coercion.rendered(other).utf16.count)
      }
    },
    "base64": function(1...1) { call throws(ExpressionError) in
      let value = try call.value(0)
      if case .buffer(let buffer) = value { return .text(buffer.base64) }
      return .text(Buffer(Array(Coercion.rendered(value).utf8)).base64)
    },
  ]
}

extension Expression {
  /// Whether it is written `items[]`.
  fileprivate var endsWithEvery: Bool {
    if case .reference(_, let steps) = self { return steps.last == .every }
    return false
  }
}
