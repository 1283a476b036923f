/// A text of a mapper, compiled once: literal runs and `{{ expression }}` parts.
///
/// With exactly one part and nothing around it the result keeps the type of the expression;
/// otherwise every part becomes text (expression language, section 1.1).
public struct Template: Sendable, Hashable {
  /// The text as it stands in the blueprint.
  public let source: String
  private let program: Program

  /// Compiles a text. Never fails: problems are recorded, and an evaluation that meets a part with
  /// a syntax error fails with it.
  public init(_ source: String) {
    self.source = source
    program = Program(source)
  }

  /// Whether there is no expression in it.
  public var isConstant: Bool { program.parts.allSatisfy(\.isLiteral) }

  /// Syntax errors, unknown functions and what is probably not meant, in order of position.
  public var problems: [TemplateProblem] { program.problems }

  /// Every place in a bundle that is read, in order of position.
  public var references: [TemplateReference] { program.references }

  /// Equal when the texts are the same bytes.
  public static func == (left: Template, right: Template) -> Bool {
    left.source.hasSameBytes(as: right.source)
  }

  /// Feeds the text into `hasher`.
  public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// Something wrong or doubtful in a template.
public struct TemplateProblem: Hashable, Sendable {
  /// How bad it is.
  public enum Severity: String, Hashable, Sendable {
    /// An evaluation that reaches the place fails.
    case error
    /// It works, but probably not as meant.
    case warning
  }

  /// How bad it is.
  public let severity: Severity
  /// What is wrong, in one sentence without a full stop.
  public let message: String
  /// Where, in characters of the template from 1.
  public let position: Int
}

/// A place in a bundle that a template reads.
public struct TemplateReference: Hashable, Sendable {
  /// The module whose bundle it is.
  public let module: ModuleID
  /// The way down. `[]` counts as the first element; a negative element counts from the end.
  public let steps: [ValuePath.Step]
  /// Where the reference begins, in characters of the template from 1.
  public let position: Int
}

/// What a template gives to the field it is mapped to (section 6).
public enum FieldValue: Hashable, Sendable {
  /// A value. An empty text here means "no value" to the field.
  case value(Value)
  /// `ignore`: the field is dropped, as if it had never been filled.
  case ignored
  /// `erase`: the field is to be cleared; empty values leave it alone.
  case erased
  /// `emptystring`: an empty text that is meant.
  case emptyText
}

extension Template {
  /// The value, in a scope.
  ///
  /// `ignore` and `erase` are null and `emptystring` is an empty text here; see `field(in:)`.
  /// - Throws: the first failure; nothing of the value is kept then.
  public func evaluate(in scope: Scope) throws(ExpressionError) -> Value {
    do throws(Failure) {
      if let single = program.singleValue { return try single(scope) }
      return .text(try joined(in: scope))
    } catch {
      throw expressionError(error)
    }
  }

  /// The value with the three keywords that only a field can tell apart.
  public func field(in scope: Scope) throws(ExpressionError) -> FieldValue {
    do throws(Failure) {
      if let single = program.single { return try single.field(scope) }
      return .value(.text(try joined(in: scope)))
    } catch {
      throw expressionError(error)
    }
  }

  private func joined(in scope: Scope) throws(Failure) -> String {
    if case .literal(let text)? = program.parts.first, program.parts.count == 1 { return text }
    var output = ""
    for part in program.parts {
      switch part {
      case .literal(let text): output += text
      case .expression(let evaluation):
        let value = try evaluation(scope)
        if case .text(let text) = value { output += text } else { output += try value.rendered() }
      }
      try Budget.check(bytes: output.utf8.count)
    }
    return output
  }

  private func expressionError(_ failure: Failure) -> ExpressionError {
    ExpressionError(
      message: failure.detail.message, expression: source,
      position: source.characterPosition(ofByte: failure.detail.offset ?? 0),
      value: failure.detail.value)
  }
}

/// The compiled form of a template, shared by its copies.
private final class Program: Sendable {
  enum Part {
    case literal(String)
    case expression(Node.Evaluation<Value>)

    var isLiteral: Bool {
      if case .literal = self { return true }
      return false
    }
  }

  let parts: [Part]
  /// The only part, when it is an expression.
  let single: Node?
  let singleValue: Node.Evaluation<Value>?
  let problems: [TemplateProblem]
  let references: [TemplateReference]

  init(_ source: String) {
    var parts: [Part] = []
    var compiler = Compiler()
    guard source.utf8.firstIndex(of: UInt8(ascii: "{")) != nil else {
      self.parts = source.isEmpty ? [] : [.literal(source)]
      single = nil
      singleValue = nil
      problems = []
      references = []
      return
    }
    let bytes = Array(source.utf8)
    var position = 0
    var literalStart = 0
    var last: Node?
    while let open = Self.opening(in: bytes, from: position) {
      guard let close = Self.closing(in: bytes, from: open + 2) else {
        compiler.warn("'{{' is not closed, so that the rest is literal text", at: open)
        break
      }
      if open > literalStart {
        parts.append(.literal(String(decoding: bytes[literalStart..<open], as: UTF8.self)))
      }
      let node = compiler.compile(bytes, (open + 2)..<close)
      last = node
      parts.append(.expression(node.value))
      position = close + 2
      literalStart = position
    }
    if literalStart < bytes.count {
      parts.append(.literal(String(decoding: bytes[literalStart...], as: UTF8.self)))
    }
    if parts.count == 1, case .expression = parts[0] { single = last } else { single = nil }
    singleValue = single?.value
    self.parts = parts
    var characters = CharacterCounter(source)
    let found = compiler.notes.enumerated().sorted {
      ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset)
    }
    problems = found.map { note in
      TemplateProblem(
        severity: note.element.severity, message: note.element.message,
        position: characters.position(ofByte: note.element.offset))
    }
    characters = CharacterCounter(source)
    references = compiler.references.sorted { $0.place.offset < $1.place.offset }.compactMap {
      reference in
      guard case .module(let module) = reference.head else { return nil }
      return TemplateReference(
        module: ModuleID(module), steps: reference.steps.map(\.valueStep),
        position: characters.position(ofByte: reference.place.offset))
    }
  }

  private static func opening(in bytes: [UInt8], from start: Int) -> Int? {
    var place = start
    while place + 1 < bytes.count {
      if bytes[place] == UInt8(ascii: "{"), bytes[place + 1] == UInt8(ascii: "{") { return place }
      place += 1
    }
    return nil
  }

  /// The `}}` that ends an expression, beyond texts and quoted names.
  private static func closing(in bytes: [UInt8], from start: Int) -> Int? {
    var place = start
    while place + 1 < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
        guard let close = bytes[(place + 1)...].firstIndex(of: bytes[place]) else { return nil }
        place = close + 1
      case UInt8(ascii: "}") where bytes[place + 1] == UInt8(ascii: "}"): return place
      default: place += 1
      }
    }
    return nil
  }
}

/// Byte offsets, asked in ascending order, to character positions: one walk over the text.
private struct CharacterCounter {
  private let text: String
  private var index: String.Index
  private var position = 1

  init(_ text: String) {
    self.text = text
    index = text.startIndex
  }

  mutating func position(ofByte offset: Int) -> Int {
    let target = text.utf8.index(text.startIndex, offsetBy: Swift.min(offset, text.utf8.count))
    while index < target {
      let next = text.index(after: index)
      if next > target { break }
      index = next
      position += 1
    }
    return position
  }
}

extension Reference.Step {
  fileprivate var valueStep: ValuePath.Step {
    switch self {
    case .name(let name): .field(name)
    case .index(let index): .element(index)
    case .first: .element(1)
    }
  }
}

/// Bounds on what an evaluation may build, so that one template cannot exhaust the memory.
enum Budget {
  /// Bytes of one text.
  static let bytes = 64 * 1024 * 1024
  /// Elements of one array.
  static let elements = 10_000_000

  static func check(bytes count: Int) throws(Failure) {
    if count > bytes { throw Failure("the text would be longer than 64 MB") }
  }

  static func check(elements count: Int) throws(Failure) {
    if count > elements { throw Failure("the array would have more than \(elements) elements") }
  }
}
