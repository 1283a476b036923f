/// General functions (section 10.1).
extension Function {
  static let general: [Function] = [
    Function("get", 2...2) { (arguments, _) throws(Failure) in
      if case .array(let elements) = arguments[0], case .number(let number) = arguments[1] {
        return elements.element(at: number.integer ?? 0)
      }
      return DottedPath(try arguments.text(1)).value(in: arguments[0])
    },
    Function(
      "if", 2...3,
      .lazy { (arguments, scope) throws(Failure) in
        .argument(Coercion.truth(try arguments[0].value(scope)) ? 1 : 2)
      }),
    // 0, blanks and empty arrays are not empty (16.4); `emptystring` is, as its text is (16.13).
    Function(
      "ifempty", 2...2,
      .lazy { (arguments, scope) throws(Failure) in
        let value = try arguments[0].value(scope)
        return isBlank(value) ? .argument(1) : .value(value)
      }),
    Function(
      "switch", 3...any,
      .lazy { (arguments, scope) throws(Failure) in
        let sought = try arguments[0].value(scope).rendered()
        var position = 1
        while position + 1 < arguments.count {
          if try arguments[position].value(scope).rendered().hasSameBytes(as: sought) {
            return .argument(position + 1)
          }
          position += 2
        }
        return position < arguments.count ? .argument(position) : .value(.null)
      }),
    Function("omit", 1...any) { (arguments, _) throws(Failure) in
      let keys = try keys(arguments)
      return .collection(
        Collection(distinct: try collection(arguments, 0).fields.filter { !keys.contains($0.name) })
      )
    },
    Function("pick", 1...any) { (arguments, _) throws(Failure) in
      let keys = try keys(arguments)
      return .collection(
        Collection(distinct: try collection(arguments, 0).fields.filter { keys.contains($0.name) }))
    },
    Function("mergeCollections", 2...2) { (arguments, _) throws(Failure) in
      var merged = try collection(arguments, 0)
      for field in try collection(arguments, 1).fields { merged[field.name] = field.value }
      return .collection(merged)
    },
    Function("isBlank", 1...1) { arguments, _ in .boolean(isBlank(arguments[0])) },
    Function("in", 2...any) { arguments, _ in
      .boolean(arguments.values.dropFirst().contains { isIdentical(arguments[0], $0) })
    },
    Function(
      "ifin", 4...any,
      .lazy { (arguments, scope) throws(Failure) in
        let sought = try arguments[0].value(scope)
        for candidate in arguments[1..<(arguments.count - 2)]
        where isIdentical(sought, try candidate.value(scope)) {
          return .argument(arguments.count - 2)
        }
        return .argument(arguments.count - 1)
      }),
    Function(
      "case", 2...any,
      .lazy { (arguments, scope) throws(Failure) in
        let value = try arguments[0].value(scope)
        guard let number = Coercion.arithmetic(value) else {
          throw Failure("\(value.shown) is not a number.", value: value)
        }
        let index = Int(clamping: number)
        return (1..<arguments.count).contains(index) ? .argument(index) : .value(.null)
      }),
    Function("equal", 2...2) { arguments, scope in
      .boolean(
        Operators.areEqual(arguments[0], arguments[1], strictly: scope.comparesStrictly))
    },
  ]

  static func isBlank(_ value: Value) -> Bool {
    switch value {
    case .null: true
    case .text(let text): text.isEmpty
    default: false
    }
  }

  /// Equal in type and value: `"2"` is not in `1, 2, 3`.
  static func isIdentical(_ left: Value, _ right: Value) -> Bool {
    left.kind == right.kind && Operators.areEqual(left, right, strictly: true)
  }

  private static func collection(
    _ arguments: Arguments, _ position: Int
  ) throws(Failure) -> Collection {
    switch arguments[position] {
    case .collection(let collection): return collection
    case .null: return Collection()
    case let value: throw Failure("\(value.shown) is not a collection.", value: value)
    }
  }

  private static func keys(_ arguments: Arguments) throws(Failure) -> Set<String> {
    var keys: Set<String> = []
    for position in 1..<Swift.max(arguments.count, 1) {
      if case .array(let elements) = arguments[position] {
        for element in elements { keys.insert(try element.rendered()) }
      } else {
        keys.insert(try arguments.text(position))
      }
    }
    return keys
  }
}

/// A computed path of raw names: `a.city`, `items.1.name`, `items[1].name`. A whole number reaches
/// into an array, counted from 1. Keys that hold a dot are found when the path is just that key.
struct DottedPath {
  private let whole: String
  private let steps: [(name: String, index: Int?)]

  init(_ path: String) {
    whole = path
    guard path.utf8.contains(UInt8(ascii: ".")) || path.utf8.contains(UInt8(ascii: "[")) else {
      steps = path.isEmpty ? [] : [(path, Int(path))]
      return
    }
    steps = path.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }).map {
      (String($0), Int($0))
    }
  }

  func value(in start: Value) -> Value {
    guard !steps.isEmpty else { return .null }
    if case .collection(let fields) = start {
      if let value = fields[whole] { return value }
      if steps.count == 1 { return .null }
    }
    var value = start
    for step in steps {
      switch value {
      case .collection(let fields): value = fields[step.name] ?? .null
      case .array(let elements): value = step.index.map { elements.element(at: $0) } ?? .null
      default: return .null
      }
    }
    return value
  }
}
