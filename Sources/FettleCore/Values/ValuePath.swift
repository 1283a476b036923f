/// A place inside the bundles of a record: `1.items[2].email`, with back-quotes where a name needs
/// them: ``1.`Customer Name` ``. The syntax is that of a reference in an expression, so a path can
/// be copied from a mapping; arrays count from 1. A place inside its variables begins with `var`:
/// `var.total`; `var` alone names all of them. A back-quote in a name is doubled; no mapping can name it,
/// but what is mended there has to be found again.
public struct ValuePath: Hashable, Sendable {
  /// One step down.
  public enum Step: Hashable, Sendable {
    /// Into a collection, by name.
    case field(String)
    /// Into an array; the first element is 1.
    case element(Int)
  }

  /// The module whose bundle it is; `variables` for a place inside the variables.
  public let module: ModuleID
  /// The steps down from the bundle; none names the bundle itself.
  public var steps: [Step]

  /// A path into the bundle of a module.
  public init(module: ModuleID, steps: [Step] = []) {
    self.module = module
    self.steps = steps
  }

  /// What stands for the variables where a module is expected; no module has that number.
  public static let variables = ModuleID(0)

  /// Whether it is a place inside the variables of a record.
  public var isVariable: Bool { module == Self.variables }

  /// The place one step further down.
  public func appending(_ step: Step) -> ValuePath {
    ValuePath(module: module, steps: steps + [step])
  }
}

/// Why a text is no path.
public struct ValuePathError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, with the text and an example of the right form.
  public let description: String
}

extension ValuePath: CustomStringConvertible {
  /// Reads a path.
  public init(parsing text: String) throws(ValuePathError) {
    func wrong(_ what: String) -> ValuePathError {
      ValuePathError(
        description: "\"\(text)\" is no path: \(what). Write for example 1.email, "
          + "1.items[2].name or 1.`Full Name`")
    }
    // A mark that begins a name joins the dot or the back-quote before it where characters are looked at.
    var rest = text.unicodeScalars[...]
    let module: ModuleID
    if rest.starts(with: "var".unicodeScalars) {
      rest = rest.dropFirst(3)
      guard rest.isEmpty || rest.first == "." else {
        throw wrong("a variable is written as var.total")
      }
      module = Self.variables
    } else {
      let digits = rest.prefix { ("0"..."9").contains($0) }
      guard let id = Int(String(digits)), id > 0 else {
        throw wrong("it has to begin with the number of a module, or with var")
      }
      rest = rest.dropFirst(digits.count)
      module = ModuleID(id)
    }
    var steps: [Step] = []
    while let next = rest.first {
      rest = rest.dropFirst()
      switch next {
      case "." where rest.first == "`":
        rest = rest.dropFirst()
        guard let name = Self.quotedName(&rest) else { throw wrong("a back-quote is not closed") }
        steps.append(.field(name))
      case ".":
        let name = rest.prefix { $0 != "." && $0 != "[" && $0 != "`" }
        guard !name.isEmpty else { throw wrong("a name is missing after a dot") }
        steps.append(.field(String(name)))
        rest = rest.dropFirst(name.count)
      case "[":
        guard let end = rest.firstIndex(of: "]"), let index = Int(String(rest[..<end])), index > 0
        else { throw wrong("an index is a number from 1 in square brackets") }
        steps.append(.element(index))
        rest = rest[rest.index(after: end)...]
      default: throw wrong("'\(next)' stands where '.' or '[' should stand")
      }
    }
    self.init(module: module, steps: steps)
  }

  /// The name in back-quotes, the first of which was read; nil when the last one is missing.
  private static func quotedName(_ rest: inout Substring.UnicodeScalarView) -> String? {
    var name = String.UnicodeScalarView()
    while let end = rest.firstIndex(of: "`") {
      name += rest[..<end]
      rest = rest[rest.index(after: end)...]
      guard rest.first == "`" else { return String(name) }
      name.append("`")
      rest = rest.dropFirst()
    }
    return nil
  }

  /// The path as it is written in an expression.
  public var description: String {
    steps.reduce(into: isVariable ? "var" : "\(module.number)") { text, step in
      switch step {
      case .element(let index): text += "[\(index)]"
      case .field(let name): text += ".\(Self.written(name))"
      }
    }
  }

  /// A field name as an expression needs it: with back-quotes unless it is a plain name. A back-quote in
  /// it, which no expression can name, is doubled.
  public static func written(_ name: String) -> String {
    let scalars = name.unicodeScalars
    let isPlain =
      scalars.first.map { $0.properties.isAlphabetic || $0 == "_" || $0 == "$" } == true
      && scalars.allSatisfy {
        $0.properties.isAlphabetic || $0.properties.numericType == .decimal || $0 == "_"
          || $0 == "$"
      }
    guard !isPlain else { return name }
    let doubled = name.unicodeScalars.flatMap { $0 == "`" ? [$0, $0] : [$0] }
    return "`" + String(String.UnicodeScalarView(doubled)) + "`"
  }
}

extension Value {
  /// The value at the end of `steps`, or nil where there is none.
  public func value(at steps: ArraySlice<ValuePath.Step>) -> Value? {
    guard let step = steps.first else { return self }
    switch (step, self) {
    case (.field(let name), .collection(let collection)):
      return collection[name]?.value(at: steps.dropFirst())
    case (.element(let index), .array(let elements)) where elements.indices.contains(index - 1):
      return elements[index - 1].value(at: steps.dropFirst())
    default: return nil
    }
  }

  /// Puts `value` at the end of `steps`, or takes away what stands there when it is nil. A missing
  /// last field is added, and so is an element right after the last.
  /// - Returns: false, changing nothing, when the way there does not exist.
  public mutating func write(_ value: Value?, at steps: ArraySlice<ValuePath.Step>) -> Bool {
    guard let step = steps.first else {
      guard let value else { return false }
      self = value
      return true
    }
    let rest = steps.dropFirst()
    // What is changed is held in one place only meanwhile: else all of it would be copied, level by level.
    switch step {
    case .field(let name):
      guard case .collection(var collection) = self else { return false }
      self = .null
      defer { self = .collection(collection) }
      let position = collection.position(of: name)
      guard !rest.isEmpty else {
        if value == nil, position == nil { return false }
        collection[name] = value
        return true
      }
      guard let position else { return false }
      var inner = collection[at: position]
      collection[at: position] = .null
      defer { collection[at: position] = inner }
      return inner.write(value, at: rest)
    case .element(let index):
      guard case .array(var elements) = self else { return false }
      self = .null
      defer { self = .array(elements) }
      let position = index - 1
      if rest.isEmpty, let value, position == elements.count {
        elements.append(value)
        return true
      }
      guard elements.indices.contains(position) else { return false }
      guard rest.isEmpty else { return elements[position].write(value, at: rest) }
      if let value { elements[position] = value } else { elements.remove(at: position) }
      return true
    }
  }
}
