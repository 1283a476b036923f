/// Array functions (section 10.4). Every one returns a new array and leaves its source alone.
extension Function {
  static let arrays: [Function] = [
    Function("join", 1...2, takesArray: true) { (arguments, _) throws(Failure) in
      let separator = arguments.isGiven(1) ? try arguments.text(1) : ","
      var output = ""
      for (position, element) in try arguments.array(0).enumerated() {
        if position > 0 { output += separator }
        if case .text(let text) = element {
          output += text
        } else {
          output += try element.rendered()
        }
        try Budget.check(bytes: output.utf8.count)
      }
      return .text(output)
    },
    Function("keys", 1...1, takesArray: true) { (arguments, _) throws(Failure) in
      switch arguments[0] {
      case .collection(let fields): .array(fields.names.map(Value.text))
      default: .array(try arguments.array(0).indices.map { .text(String($0)) })
      }
    },
    Function("slice", 2...3, takesArray: true) { (arguments, _) throws(Failure) in
      let elements = try arguments.array(0)
      func place(_ position: Int) throws(Failure) -> Int {
        let index = try arguments.integer(position)
        return Swift.min(Swift.max(index < 0 ? elements.count + index : index, 0), elements.count)
      }
      let start = arguments.isGiven(1) ? try place(1) : 0
      let end = arguments.isGiven(2) ? try place(2) : elements.count
      return .array(start < end ? Array(elements[start..<end]) : [])
    },
    Function("merge", 1...any, takesArray: true) { (arguments, _) throws(Failure) in
      var merged: [Value] = []
      for value in arguments.values {
        guard case .array(let elements) = value else { continue }
        try Budget.check(elements: merged.count + elements.count)
        merged += elements
      }
      return .array(merged)
    },
    Function("remove", 1...any, takesArray: true) { (arguments, _) throws(Failure) in
      let unwanted = arguments.values.dropFirst()
      return .array(
        try arguments.array(0).filter { element in
          if element.collection != nil || element.array != nil { return true }
          return !unwanted.contains { Operators.areEqual(element, $0) }
        })
    },
    Function("add", 1...any, takesArray: true) { (arguments, _) throws(Failure) in
      let elements = try arguments.array(0)
      try Budget.check(elements: elements.count + arguments.count)
      return .array(elements + arguments.values.dropFirst())
    },
    Function("map", 2...any, takesArray: true) { (arguments, _) throws(Failure) in
      try mapped(arguments)
    },
    Function("shuffle", 1...1, takesArray: true) { (arguments, scope) throws(Failure) in
      var elements = try arguments.array(0)
      for position in stride(from: elements.count - 1, to: 0, by: -1) {
        let other = Swift.min(Int(clamping: scope.random() * Double(position + 1)), position)
        elements.swapAt(position, Swift.max(other, 0))
      }
      return .array(elements)
    },
    Function("sort", 1...3, takesArray: true) { (arguments, scope) throws(Failure) in
      let elements = try arguments.array(0)
      var order = Sorting()
      var key = try arguments.text(2)
      if arguments.isGiven(1) {
        let second = try arguments.text(1)
        // A second argument that is no order word is the key.
        if let words = Sorting(words: second) { order = words } else if key.isEmpty { key = second }
      }
      return .array(try order.sorted(elements, by: key.isEmpty ? nil : DottedPath(key)))
    },
    Function("reverse", 1...1, takesArray: true) { (arguments, _) throws(Failure) in
      .array(try arguments.array(0).reversed())
    },
    Function("flatten", 1...2, takesArray: true) { (arguments, _) throws(Failure) in
      let depth = arguments.isGiven(1) ? try arguments.integer(1) : 1
      var output: [Value] = []
      try flatten(try arguments.array(0), depth: Swift.min(depth, 1000), into: &output)
      return .array(output)
    },
    Function("distinct", 1...2, takesArray: true) { (arguments, _) throws(Failure) in
      let key = arguments.isGiven(1) ? DottedPath(try arguments.text(1)) : nil
      return .array(try distinct(try arguments.array(0), by: key))
    },
    Function("deduplicate", 1...1, takesArray: true) { (arguments, _) throws(Failure) in
      .array(try distinct(try arguments.array(0), by: nil))
    },
    Function("toCollection", 3...3, takesArray: true) { (arguments, _) throws(Failure) in
      let key = DottedPath(try arguments.text(1))
      let value = DottedPath(try arguments.text(2))
      var fields = Collection()
      for element in try arguments.array(0) {
        fields[try key.value(in: element).rendered()] = value.value(in: element)
      }
      return .collection(fields)
    },
    // Of the two documented shapes the one with `key` and `value` (16.11).
    Function("toArray", 1...1) { (arguments, _) throws(Failure) in
      guard case .collection(let collection) = arguments[0] else {
        return .array(try arguments.array(0))
      }
      return .array(collection.fields.map { ["key": .text($0.name), "value": $0.value] })
    },
    Function("arrayDifference", 2...3, takesArray: true) { (arguments, _) throws(Failure) in
      let (left, right) = (try arguments.array(0), try arguments.array(1))
      let mode = arguments.isGiven(2) ? try arguments.text(2) : "classic"
      switch mode {
      case "classic": return .array(difference(left, right))
      case "symmetric": return .array(difference(left, right) + difference(right, left))
      default: throw Failure("'\(mode)' is neither 'classic' nor 'symmetric'.", value: arguments[2])
      }
    },
    Function("arrayDiff", 2...2, takesArray: true) { (arguments, _) throws(Failure) in
      .array(difference(try arguments.array(0), try arguments.array(1)))
    },
    Function("arrayIntersect", 2...2, takesArray: true) { (arguments, _) throws(Failure) in
      let other = Set(try arguments.array(1).map(Identity.init))
      return .array(try arguments.array(0).filter { other.contains(Identity($0)) })
    },
    Function("arrayElement", 2...2, takesArray: true) { (arguments, _) throws(Failure) in
      let index = try arguments.integer(1)
      return index < 1 ? .null : try arguments.array(0).element(at: index)
    },
    Function("first", 1...1, takesArray: true) { (arguments, _) throws(Failure) in
      try arguments.array(0).first ?? .null
    },
    Function("last", 1...1, takesArray: true) { (arguments, _) throws(Failure) in
      try arguments.array(0).last ?? .null
    },
  ]

  /// `map(array; key; [filterKey]; [filterValues]…)`. An element without the key gives null (16.17). The
  /// values to filter by come with commas between them, as an array, or as arguments of their own: the
  /// pages of Fusion write `map(Emails[]; email; label; work; home)`.
  private static func mapped(_ arguments: Arguments) throws(Failure) -> Value {
    let elements = try arguments.array(0)
    let key = DottedPath(try arguments.text(1))
    var output: [Value] = []
    guard arguments.isGiven(2) else {
      output.reserveCapacity(elements.count)
      for element in elements { output.append(key.value(in: element)) }
      return .array(output)
    }
    let filterKey = DottedPath(try arguments.text(2))
    var wanted: Set<String> = []
    for position in 3..<Swift.max(arguments.count, 4) {
      if case .array(let values) = arguments[position] {
        for value in values { wanted.insert(try value.rendered()) }
        continue
      }
      for piece in try arguments.text(position).pieces(separatedBy: ",") {
        wanted.insert(piece)
        wanted.insert(piece.trimmingWhitespace())
      }
    }
    let single = wanted.count == 1 ? wanted.first : nil
    for element in elements {
      let found = filterKey.value(in: element)
      let text: String
      switch found {
      case .text(let own): text = own
      case .boolean(let flag): text = flag ? "true" : "false"
      default: text = try found.rendered()
      }
      let isWanted = single.map { $0 == text } ?? wanted.contains(text)
      if isWanted { output.append(key.value(in: element)) }
    }
    return .array(output)
  }

  private static func flatten(
    _ elements: [Value], depth: Int, into output: inout [Value]
  ) throws(Failure) {
    for element in elements {
      if depth > 0, case .array(let inner) = element {
        try flatten(inner, depth: depth - 1, into: &output)
      } else {
        output.append(element)
      }
    }
    try Budget.check(elements: output.count)
  }

  /// The first of every kind: simple values by their text, collections by their content.
  private static func distinct(_ elements: [Value], by key: DottedPath?) throws(Failure) -> [Value]
  {
    var seen: Set<Identity> = []
    var output: [Value] = []
    for element in elements {
      let value = key.map { $0.value(in: element) } ?? element
      let identity =
        switch value {
        case .array, .collection, .null: Identity(value)
        default: Identity(.text(try value.rendered()))
        }
      if seen.insert(identity).inserted { output.append(element) }
    }
    return output
  }

  private static func difference(_ left: [Value], _ right: [Value]) -> [Value] {
    let other = Set(right.map(Identity.init))
    return left.filter { !other.contains(Identity($0)) }
  }
}

/// A value as the array functions tell it apart: type and value; the order of fields does not count.
private struct Identity: Hashable {
  let value: Value

  init(_ value: Value) { self.value = value }

  static func == (left: Identity, right: Identity) -> Bool {
    Function.isIdentical(left.value, right.value)
  }

  func hash(into hasher: inout Hasher) {
    switch value {
    case .collection(let fields):
      hasher.combine(fields.count)
      var names = 0
      for field in fields.fields {
        var inner = Hasher()
        inner.combine(field.name)
        Identity(field.value).hash(into: &inner)
        names ^= inner.finalize()
      }
      hasher.combine(names)
    case .array(let elements):
      hasher.combine(elements.count)
      for element in elements { Identity(element).hash(into: &hasher) }
    default: hasher.combine(value)
    }
  }
}

/// The orders of `sort` (section 13). Stable; what lacks the key goes last in every order; where
/// capitals do not count, equal texts keep the capital first.
struct Sorting {
  private var isDescending = false
  private var ignoresCase = false

  init() {}

  /// Reads `asc`, `desc`, `asc ci`, `desc ci`.
  init?(words: String) {
    switch words {
    case "asc": break
    case "desc": isDescending = true
    case "asc ci": ignoresCase = true
    case "desc ci":
      isDescending = true
      ignoresCase = true
    default: return nil
    }
  }

  /// A sort key: types stand apart, numbers before dates before texts before the rest.
  private enum Key {
    case number(Double)
    case date(Instant)
    case text(String, original: String)
    case missing

    var rank: Int {
      switch self {
      case .number: 0
      case .date: 1
      case .text: 2
      case .missing: 3
      }
    }
  }

  func sorted(_ elements: [Value], by path: DottedPath?) throws(Failure) -> [Value] {
    var keyed: [(key: Key, element: Value)] = []
    keyed.reserveCapacity(elements.count)
    for element in elements {
      keyed.append((try key(path.map { $0.value(in: element) } ?? element), element))
    }
    keyed.sort { comesBefore($0.key, $1.key) }
    return keyed.map(\.element)
  }

  private func key(_ value: Value) throws(Failure) -> Key {
    switch value {
    case .null: return .missing
    case .number(let number): return .number(number.double)
    case .date(let date): return .date(date)
    default:
      let text = try value.rendered()
      return .text(ignoresCase ? text.lowercased() : text, original: text)
    }
  }

  private func comesBefore(_ left: Key, _ right: Key) -> Bool {
    let order: Int
    switch (left, right) {
    case (.missing, _): return false
    case (_, .missing): return true
    case (.number(let a), .number(let b)): order = Operators.sign(a, b)
    case (.date(let a), .date(let b)): order = Operators.sign(a.milliseconds, b.milliseconds)
    case (.text(let a, let originalA), .text(let b, let originalB)):
      order = a.codeUnitOrder(to: b)
      if order == 0 { return ignoresCase && originalA.codeUnitOrder(to: originalB) < 0 }
    default: order = Operators.sign(left.rank, right.rank)
    }
    return isDescending ? order > 0 : order < 0
  }
}
