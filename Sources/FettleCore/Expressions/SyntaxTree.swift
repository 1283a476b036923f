/// An expression as it was understood. It is built once, when a blueprint is loaded.
indirect enum Expression: Sendable, Hashable {
  case literal(Value)
  /// A name that is computed anew each time: `now`, `random`, `var.input.x`.
  case variable(String, [Step])
  /// A value of another module's bundle.
  case reference(ModuleID, [Step])
  case unary(UnaryOperator, Expression)
  case binary(BinaryOperator, Expression, Expression)
  /// An argument that is left empty is null.
  case call(String, [Expression], position: Int)

  /// One step down.
  enum Step: Sendable, Hashable {
    case field(String)
    /// 1-based; negative counts from the end; 0 finds nothing.
    case index(Int)
    /// `[]`: the first element, or the whole array for a function that wants one.
    case every
  }
}

enum UnaryOperator: String, Sendable {
  case minus = "-"
  case not = "!"
}

enum BinaryOperator: String, Sendable {
  case or = "|"
  case and = "&"
  case equal = "="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case add = "+"
  case addNumbers = "++"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"

  /// The operator a token stands for; several spellings mean the same.
  init?(token: String) {
    switch token {
    case "||", "or": self = .or
    case "&&", "and": self = .and
    case "==", "===": self = .equal
    case "!==": self = .notEqual
    default: self.init(rawValue: token)
    }
  }

  /// How tightly it binds (expression-language 8).
  var precedence: Int {
    switch self {
    case .or: 5
    case .and: 6
    case .equal, .notEqual: 10
    case .less, .lessOrEqual, .greater, .greaterOrEqual: 11
    case .add, .addNumbers, .subtract: 13
    case .multiply, .divide, .remainder: 14
    }
  }
}
