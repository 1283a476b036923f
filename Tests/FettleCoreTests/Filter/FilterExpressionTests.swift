import FettleCore
import FettleTestKit
import Testing

@Suite("A filter", .fewAtOnce)
struct FilterExpressionTests {
  @Test(
    "reads and prints",
    arguments: [
      "", "order", "status:open,wait,run", "-error:Data", "scenario:\"Leads nightly\"",
      "try:>2 age:<2h created:2026-09-20..21 next:<10m size:>1M", "run:88120 id:3f2a",
      "text:\"must be a date\"", "bundle.order.total:>100 bundle.task.owner:null",
      "bundle.*.email:/@old\\.example$/", "bundle.`Full Name`:Ada*", "(a or b) -(c d)",
      "error:Data (scenario:leads or scenario:orders) auto:yes", "\"or\" \"-x\" \"a:b\"",
      "bundle.1.items.sku:A-17,B-3", "bundle.1.items[2].lines[1]:x",
      "bundle.`a[1]`:x", "module:5,\"Create task\"", "bundle.url:/^https?:\\/\\/x/i",
    ])
  func roundTrip(text: String) throws {
    #expect(try FilterExpression(text).description == text)
  }

  @Test("printed is read as the same filter again", arguments: [UInt64(1), 2, 3])
  func property(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<2000 {
      let filter = GeneratedFilter.any(using: &random)
      #expect(try FilterExpression(filter.description) == filter, "\(filter.description)")
    }
  }

  @Test("is refused with the place of what is wrong, never with a trap", arguments: [UInt64(7)])
  func fuzz(seed: UInt64) {
    var random = SplitMix(seed: seed)
    for _ in 0..<20_000 {
      var text = GeneratedFilter.any(using: &random).description
      for _ in 0..<3 {
        let place = text.index(
          text.startIndex, offsetBy: Int.random(in: 0...text.count, using: &random))
        text.insert("\"()/:,-<>.`* \\é".randomElement(using: &random) ?? " ", at: place)
      }
      do throws(FilterError) { _ = try FilterExpression(text) } catch {
        #expect(error.range.lowerBound >= 0 && error.range.upperBound <= max(1, text.count + 1))
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test(
    "that is none says where and what could stand there",
    arguments: [
      ("status:nonsense", 7..<15, "open, wait, run, done, bin, all"),
      ("color:red", 0..<5, "there is no key \"color\""),
      ("a (b", 2..<3, "this ( is not closed"), ("a )", 2..<3, "closes nothing"),
      ("text:\"x", 5..<7, "not closed"), ("age:2", 4..<5, "the units are s m h d w"),
      ("created:20.9.", 8..<13, "2026-09-20"), ("a or", 4..<5, "both sides"),
      ("bundle.x:/(/", 9..<12, "not a regular expression"), ("error:", 6..<6, "missing"),
      ("size:>", 5..<6, "missing"), ("bundle..x:1", 0..<9, "bundle.order.total"),
      ("bundle.", 0..<7, "bundle.order.total"), ("bundle.a[:x", 0..<9, "bundle.order.total"),
      ("a bundle.b[2", 2..<12, "bundle.order.total"),
    ])
  func errors(text: String, range: Range<Int>, says: String) {
    do throws(FilterError) {
      _ = try FilterExpression(text)
      Issue.record("\(text) was read")
    } catch {
      #expect(error.range.overlaps(range) || error.range == range, "\(text): \(error.range)")
      #expect(error.description.contains(says), "\(error.description)")
    }
  }
}

/// Filters of any shape.
enum GeneratedFilter {
  static func any(using random: inout SplitMix, depth: Int = 3) -> FilterExpression {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
    case 0: return .words(word(using: &random), isQuoted: true)
    case 1:
      let plain = ["order", "429", "date", "a-b", "é", "x*"].randomElement(using: &random) ?? "a"
      return .words(plain, isQuoted: false)
    case 2, 3, 4: return condition(using: &random)
    case 5: return .not(any(using: &random, depth: depth - 1))
    case 6: return .all(parts(using: &random, depth: depth))
    default: return .any(parts(using: &random, depth: depth))
    }
  }

  private static func parts(using random: inout SplitMix, depth: Int) -> [FilterExpression] {
    (0..<Int.random(in: 2...3, using: &random)).map { _ in
      any(using: &random, depth: depth - 1)
    }
  }

  private static func word(using random: inout SplitMix) -> String {
    let pieces = ["a", "or", " ", "\"", "\\", ":", "-", "(", "x", "/", "日本", "%"]
    return (0..<Int.random(in: 1...4, using: &random)).map { _ in
      pieces.randomElement(using: &random) ?? "a"
    }.joined()
  }

  private static func condition(using random: inout SplitMix) -> FilterExpression {
    let choices: [(FilterKey, [FilterValue])] = [
      (.status, [.text("open", isQuoted: false), .text("done", isQuoted: false)]),
      (.error, [.text("Data", isQuoted: false), .text("Conn*", isQuoted: false)]),
      (.scenario, [.text(word(using: &random), isQuoted: true)]),
      (.attempts, [.compared(.greater, "2"), .range("2", "5")]),
      (.age, [.compared(.less, "2h"), .compared(.atLeast, "3d")]),
      (.created, [.text("2026-09-20", isQuoted: false), .range("2026-09-20", "21")]),
      (.size, [.compared(.atMost, "1M")]), (.auto, [.text("no", isQuoted: false)]),
      (.module, [.text("5", isQuoted: false), .pattern("^Cre/a", ignoresCase: true)]),
      (
        .bundle(BundlePattern([.name("1"), .name("Full Name"), .any])),
        [
          .compared(.greater, "100"), .text("null", isQuoted: false),
          .pattern("\\d+", ignoresCase: false),
        ]
      ),
      (
        .bundle(BundlePattern([.name("total")])),
        [.range("1", "2.5"), .text(word(using: &random), isQuoted: true)]
      ),
      (.text, [.text(word(using: &random), isQuoted: true)]),
    ]
    guard let (key, values) = choices.randomElement(using: &random) else { return .everything }
    return .condition(
      key, Array(values.shuffled(using: &random).prefix(.random(in: 1...2, using: &random))))
  }
}
