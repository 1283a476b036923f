/// A function of the expression language.
///
/// One table drives the lookup, the check of the number of arguments, the hint at a near miss and
/// the "not found" message.
struct Function: Sendable {
  typealias Body = @Sendable (_ arguments: Arguments, _ scope: Scope) throws(Failure) -> Value
  typealias Chooser = @Sendable (_ arguments: [Node], _ scope: Scope) throws(Failure) -> Choice

  /// What a lazy function decides: one of its arguments, evaluated only now, or a value.
  enum Choice {
    case argument(Int)
    case value(Value)
  }

  enum Implementation: Sendable {
    /// All arguments are evaluated first, from left to right.
    case eager(Body)
    /// As eager, made once for the arguments that are constant: formats and patterns are read when
    /// the template is compiled. The others are nil.
    case prepared(@Sendable ([Value?]) -> Body)
    /// Chooses which arguments are evaluated at all.
    case lazy(Chooser)
  }

  let name: String
  let arity: ClosedRange<Int>
  /// Whether `items[]` as its first argument means the whole array.
  let takesArray: Bool
  let implementation: Implementation

  init(
    _ name: String, _ arity: ClosedRange<Int>, takesArray: Bool = false, _ body: @escaping Body
  ) {
    self.name = name
    self.arity = arity
    self.takesArray = takesArray
    implementation = .eager(body)
  }

  init(_ name: String, _ arity: ClosedRange<Int>, _ implementation: Implementation) {
    self.name = name
    self.arity = arity
    takesArray = false
    self.implementation = implementation
  }

  /// For functions that take any number of arguments.
  static let any = 10_000

  /// Every function, by family.
  static let table: [Function] =
    general + texts + encodings + math + arrays + dateParts + dates

  static let named: [String: Function] = Dictionary(
    table.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

  /// The function whose name differs from `name` only in its capitals.
  static func nearMiss(of name: String) -> String? {
    let lowered = name.lowercased()
    return table.first { $0.name.lowercased() == lowered }?.name
  }

  /// What is to be written in the place of functions that other languages have and machine-written
  /// blueprints invent; nil where nothing is known.
  static func replacement(of name: String) -> String? { replacements[name.lowercased()] }

  private static let replacements = [
    "divide": "a / b", "multiply": "a * b", "add": "a + b", "subtract": "a - b", "mod": "a % b",
    "tojson": "a module json:TransformToJSON", "jsonstringify": "a module json:TransformToJSON",
    "stringify": "a module json:TransformToJSON", "parsejson": "a module json:ParseJSON",
    "jsonparse": "a module json:ParseJSON", "concat": "the texts one after the other",
    "empty": "length(a) = 0", "isempty": "length(a) = 0",
  ]
}

/// The evaluated arguments of a call; one that is not given is null.
struct Arguments {
  let values: [Value]

  subscript(position: Int) -> Value { position < values.count ? values[position] : .null }

  var count: Int { values.count }

  func isGiven(_ position: Int) -> Bool { !self[position].isNull }

  /// An argument as text; null is the empty text (7.2).
  func text(_ position: Int) throws(Failure) -> String {
    if case .text(let text) = self[position] { return text }
    return try self[position].rendered()
  }

  /// An argument as a number; fails when it is none, and when it is missing.
  func number(_ position: Int) throws(Failure) -> Double {
    let value = self[position]
    if case .number(let number) = value { return number.double }
    guard let number = Coercion.arithmetic(value) else {
      throw Failure("\(value.shown) is not a number.", value: value)
    }
    return number
  }

  /// An argument as a whole number, its fraction cut off; values out of the range of positions stop
  /// at its ends.
  func integer(_ position: Int) throws(Failure) -> Int {
    Int(clamping: try number(position))
  }

  /// An argument as a date.
  func date(_ position: Int, _ scope: Scope) throws(Failure) -> Instant {
    let value = self[position]
    if case .date(let date) = value { return date }
    guard let date = Coercion.date(value, zone: scope.zone) else {
      throw Failure("\(value.shown) is not a valid date.", value: value)
    }
    return date
  }

  /// An argument as an array; null counts as an empty one, anything else fails (16.7).
  func array(_ position: Int) throws(Failure) -> [Value] {
    switch self[position] {
    case .array(let elements): return elements
    case .null: return []
    case let value: throw Failure("\(value.shown) is not an array.", value: value)
    }
  }
}

extension Int {
  /// A double without its fraction, kept within ±2^53; 0 for what is not a number.
  init(clamping value: Double) {
    let limit = 9_007_199_254_740_992.0
    self = value.isNaN ? 0 : Int(Swift.min(Swift.max(value, -limit), limit))
  }
}

extension Function {
  /// The call with these arguments.
  func node(_ arguments: [Node], offset: Int) -> Node {
    let name = name
    switch implementation {
    case .eager(let body): return eager(arguments, body, offset: offset)
    case .prepared(let prepare):
      return eager(arguments, prepare(arguments.map(\.constant)), offset: offset)
    case .lazy(let choose):
      return Node(
        field: { (scope) throws(Failure) in
          do throws(Failure) {
            switch try choose(arguments, scope) {
            case .value(let value): return .value(value)
            case .argument(let position):
              guard position < arguments.count else { return .value(.null) }
              return try arguments[position].field(scope)
            }
          } catch {
            throw error.inside(function: name, offset: offset)
          }
        },
        value: { (scope) throws(Failure) in
          do throws(Failure) {
            switch try choose(arguments, scope) {
            case .value(let value): return value
            case .argument(let position):
              guard position < arguments.count else { return .null }
              return try arguments[position].value(scope)
            }
          } catch {
            throw error.inside(function: name, offset: offset)
          }
        })
    }
  }

  private func eager(_ nodes: [Node], _ body: @escaping Body, offset: Int) -> Node {
    let name = name
    // Only the closures are captured: going through nodes would count references to all their
    // parts at every call.
    let evaluations = nodes.map(\.value)
    let evaluate: @Sendable (Scope) throws(Failure) -> [Value]
    switch evaluations.count {
    case 1:
      let first = evaluations[0]
      evaluate = { (scope) throws(Failure) in [try first(scope)] }
    case 2:
      let (first, second) = (evaluations[0], evaluations[1])
      evaluate = { (scope) throws(Failure) in [try first(scope), try second(scope)] }
    default:
      evaluate = { (scope) throws(Failure) in
        var values: [Value] = []
        values.reserveCapacity(evaluations.count)
        for evaluation in evaluations { values.append(try evaluation(scope)) }
        return values
      }
    }
    return Node { (scope) throws(Failure) in
      do throws(Failure) {
        let result = try body(Arguments(values: try evaluate(scope)), scope)
        if case .text(let text) = result { try Budget.check(bytes: text.utf8.count) }
        return result
      } catch {
        throw error.inside(function: name, offset: offset)
      }
    }
  }
}
