@testable import FettleCore
import FettleTestKit
import Testing

private struct TreeGenerator {
  var random: SeededGenerator
  private static let place = SyntaxTree.Place(offset: 0)

  mutating func pick<Item>(_ items: [Item]) -> Item {
    items[Int.random(in: items.indices, using: &random)]
  }

  mutating func tree(_ depth: Int) -> SyntaxTree {
    let kind =
      depth == 0 ? Int.random(in: 0..<4, using: &random) : Int.random(in: 0..<9, using: &random)
    switch kind {
    case 0: return .number(pick(["0", "1", "12.5", "007", "1.10", "99999999999999999999"]))
    case 1:
      return .text(
        pick(["", "a", "\"", "it's", "}}", "{{", "`;)", "\\n", "žluť 😀", "a\nb", "\"\""]))
    case 2: return .name(pick(["true", "now", "emptystring", "nobody", "pi", "žluť"]), Self.place)
    case 3: return .reference(reference())
    case 4, 5:
      let count = Int.random(in: 0...3, using: &random)
      var arguments: [SyntaxTree] = []
      for _ in 0..<count {
        arguments.append(
          count > 1 && Int.random(in: 0..<6, using: &random) == 0 ? .empty : tree(depth - 1))
      }
      return .call(pick(["if", "upper", "unknown", "concat"]), arguments, Self.place)
    case 6: return .unary(pick(UnaryOperator.allCases), tree(depth - 1), Self.place)
    default:
      let precedence = pick(BinaryOperator.allCases).precedence
      let symbols = BinaryOperator.allCases.filter { $0.precedence == precedence }
      var links: [SyntaxTree.Link] = []
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        links.append(
          SyntaxTree.Link(symbol: pick(symbols), operand: tree(depth - 1), place: Self.place))
      }
      return .chain(tree(depth - 1), links)
    }
  }

  private mutating func reference() -> Reference {
    let names = [
      "email", "Customer Name", "0", "10", "_x", "$1", "a-b", "価格", "1st", "😀", "true", "",
    ]
    var steps: [Reference.Step] = []
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      switch Int.random(in: 0..<6, using: &random) {
      case 0: steps.append(.index(pick([1, 2, -1, 0, 12])))
      case 1: steps.append(.first)
      default: steps.append(.name(pick(names)))
      }
    }
    if Int.random(in: 0..<8, using: &random) == 0 {
      // A bare `var` is a name; a reference to it has a path that begins with a name.
      return Reference(head: .name("var"), steps: [.name("input")] + steps, offset: 0)
    }
    return Reference(head: .module(pick([1, 2, 47])), steps: steps, offset: 0)
  }
}

@Suite("Expressions as trees", .fewAtOnce)
struct SyntaxTreeTests {
  @Test("a printed tree reads back as the same tree")
  func roundTrip() throws {
    let seed = SeededGenerator.seed
    print("trees: FETTLE_SEED=\(seed)")
    var generator = TreeGenerator(random: SeededGenerator(seed: seed))
    for _ in 0..<5000 {
      let tree = generator.tree(Int.random(in: 0...5, using: &generator.random))
      let text = tree.description
      let read = try SyntaxTree(parsing: text)
      #expect(read == tree, "\(text) reads back as \(read)")
      // And so it does between the braces of a template.
      #expect(
        !Template("{{\(text)}}").problems.contains { $0.message.contains("literal") }, "\(text)")
    }
  }

  @Test(
    "spelling without meaning is normalised",
    arguments: [
      ("1==2", "1 = 2"), ("1 !== 2", "1 != 2"), ("a and b", "a & b"), ("((1))", "1"),
      ("1+2*3", "1 + 2 * 3"), ("(1+2)*3", "(1 + 2) * 3"), ("1-(2-3)", "1 - (2 - 3)"),
      ("(1-2)-3", "(1 - 2) - 3"), ("'it''s'", "\"it's\""), ("f( a ;; b )", "f(a; ; b)"),
      ("1.`email`", "1.email"), ("- 1", "-1"), ("1.items[ - 1 ]", "1.items[-1]"),
      ("1--2", "1 - -2"),
    ])
  func normalised(source: String, printed: String) throws {
    #expect(try SyntaxTree(parsing: source).description == printed)
  }
}
