/// An expression as it was read: what stands between `{{` and `}}`.
///
/// Printing a tree gives an expression that reads back as the same tree; spelling that carries no
/// meaning (blanks, spare parentheses, `==` for `=`) is not kept.
public indirect enum SyntaxTree: Hashable, Sendable {
  /// Nothing: an empty argument, or `{{}}`. It evaluates to null.
  case empty
  /// A number without a sign, in its spelling.
  case number(String)
  /// A text.
  case text(String)
  /// A keyword, a variable, or a name nobody knows (null).
  case name(String, Place)
  /// A place in a bundle or in the variables.
  case reference(Reference)
  /// A call of a function; an empty argument is `empty`.
  case call(String, [SyntaxTree], Place)
  /// `-` or `!` before an operand.
  case unary(UnaryOperator, SyntaxTree, Place)
  /// Operands of one precedence from left to right: `a - b + c`. Kept flat, so that a long sum
  /// neither nests nor exhausts the stack.
  case chain(SyntaxTree, [Link])

  /// An operator and its right operand.
  public struct Link: Hashable, Sendable {
    /// The operator.
    public let symbol: BinaryOperator
    /// The right operand.
    public let operand: SyntaxTree
    /// Where the operator stands.
    public let place: Place
  }

  /// Where something stands in its template, in bytes from the start. Places do not count when
  /// trees are compared.
  public struct Place: Hashable, Sendable {
    /// Bytes from the start of the template.
    public let offset: Int
    /// Always equal.
    public static func == (left: Place, right: Place) -> Bool { true }
    /// Adds nothing.
    public func hash(into hasher: inout Hasher) {}
  }
}

/// A place as it is written: a module or a name, and the way down from there.
public struct Reference: Hashable, Sendable {
  /// Where the way begins.
  public enum Head: Hashable, Sendable {
    /// The bundle of a module.
    case module(Int)
    /// A name: `var` for the variables; nothing else is known.
    case name(String)
  }

  /// One step down.
  public enum Step: Hashable, Sendable {
    /// Into a collection by name; a whole number also reaches into an array, counted from 1.
    case name(String)
    /// Into an array, from 1, or from the end when negative.
    case index(Int)
    /// `[]`: the first element; the whole array where an array function asks for one (16.3).
    case first
  }

  /// Where the way begins.
  public let head: Head
  /// The way down.
  public var steps: [Step]
  let place: SyntaxTree.Place

  init(head: Head, steps: [Step], offset: Int) {
    self.head = head
    self.steps = steps
    place = SyntaxTree.Place(offset: offset)
  }
}

/// An operator before its operand.
public enum UnaryOperator: String, Sendable, CaseIterable {
  case minus = "-"
  case not = "!"
}

/// An operator between two operands, by the spelling it is printed in.
public enum BinaryOperator: String, Sendable, CaseIterable {
  case multiply = "*"
  case divide = "/"
  case remainder = "%"
  case add = "+"
  case addNumbers = "++"
  case subtract = "-"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case equal = "="
  case notEqual = "!="
  case and = "&"
  case or = "|"

  /// How tightly it binds (section 8); operators of one precedence go from left to right.
  public var precedence: Int {
    switch self {
    case .multiply, .divide, .remainder: 14
    case .add, .addNumbers, .subtract: 13
    case .less, .lessOrEqual, .greater, .greaterOrEqual: 11
    case .equal, .notEqual: 10
    case .and: 6
    case .or: 5
    }
  }

  /// The operator of a spelling, aliases and the infix words `and`, `or` (16.14) included.
  init?(spelled text: String) {
    switch text {
    case "==", "===": self = .equal
    case "!==": self = .notEqual
    case "&&", "and": self = .and
    case "||", "or": self = .or
    default:
      guard let symbol = BinaryOperator(rawValue: text) else { return nil }
      self = symbol
    }
  }
}

extension Reference: CustomStringConvertible {
  /// The reference as an expression spells it.
  public var description: String {
    var text: String
    switch head {
    case .module(let number): text = steps.isEmpty ? "`\(number)`" : "\(number)"
    // A bare name without a path is a keyword or a variable.
    case .name(let name): text = steps.isEmpty ? "`\(name)`" : ValuePath.written(name)
    }
    for step in steps {
      switch step {
      case .name(let name): text += ".\(ValuePath.written(name))"
      case .index(let index): text += "[\(index)]"
      case .first: text += "[]"
      }
    }
    return text
  }
}

extension SyntaxTree: CustomStringConvertible {
  /// The expression, spelled so that it reads back as this tree.
  public var description: String {
    var output = ""
    print(into: &output)
    return output
  }

  private func print(into output: inout String) {
    switch self {
    case .empty: break
    case .number(let spelling): output += spelling
    case .text(let text):
      output += "\""
      for scalar in text.unicodeScalars {
        if scalar == "\"" { output += "\"\"" } else { output.unicodeScalars.append(scalar) }
      }
      output += "\""
    case .name(let name, _): output += name
    case .reference(let reference): output += reference.description
    case .call(let name, let arguments, _):
      output += "\(name)("
      for (position, argument) in arguments.enumerated() {
        if position > 0 { output += "; " }
        argument.print(into: &output)
      }
      output += ")"
    case .unary(let symbol, let operand, _):
      output += symbol.rawValue
      operand.print(into: &output, tighterThan: Int.max)
    case .chain(let first, let links):
      let precedence = links.first?.symbol.precedence ?? 0
      first.print(into: &output, tighterThan: precedence)
      for link in links {
        output += " \(link.symbol.rawValue) "
        link.operand.print(into: &output, tighterThan: precedence)
      }
    }
  }

  private func print(into output: inout String, tighterThan precedence: Int) {
    if case .chain(_, let links) = self, (links.first?.symbol.precedence ?? 0) <= precedence {
      output += "("
      print(into: &output)
      output += ")"
    } else {
      print(into: &output)
    }
  }
}
