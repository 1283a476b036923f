import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

/// Flows nobody wrote: routers, fallbacks, iterators, repeaters, aggregators, if-elses in one another.
struct GeneratedFlow {
  private var random: SplitMix
  private var lastID = 1
  /// Whether its modules have Break handlers. Then it aggregates nothing: an aggregate is made without the
  /// bundle that Break takes, so that other work is done than without a failure.
  private let breaksOff: Bool

  init(seed: UInt64) {
    random = SplitMix(seed: seed)
    breaksOff = seed % 3 == 0
  }

  /// What can be mapped at a place: what emits several bundles, the innermost last, each with the way to
  /// tell its bundles apart.
  private struct Sight {
    var sources: [(id: Int, mark: String)] = [(1, "{{1.n}}")]
    /// How many of them an aggregator may not reach: what begins outside of a branch ends outside of it.
    var outside = 0
    var depth = 0

    var mark: String { sources.map(\.mark).joined(separator: ".") }
  }

  mutating func modules() -> String { flow(Sight(), mayBranch: true).joined(separator: ",") }

  private mutating func id() -> Int {
    lastID += 1
    return lastID
  }

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  private mutating func filter(_ sight: Sight) -> String {
    guard chance(2), let source = sight.sources.randomElement(using: &random) else { return "" }
    let sought = ["1", "2", "x", "3"].randomElement(using: &random) ?? ""
    return
      #","filter":{"conditions":[[{"a":"\#(source.mark)","o":"text:contain","b":"\#(sought)"}]]}"#
  }

  private mutating func say(_ sight: Sight, _ more: String = "") -> String {
    let id = id()
    return Workbench.say(id, "m\(id) \(sight.mark)", more + handler(sight))
  }

  /// A Break handler, or none; some say something before.
  private mutating func handler(_ sight: Sight) -> String {
    guard breaksOff, chance(2) else { return "" }
    let log = chance(2) ? Workbench.say(id(), "log \(sight.mark)") + "," : ""
    return
      #","onerror":[\#(log){"id":\#(id()),"module":"builtin:Break","mapper":{"retry":false}}]"#
  }

  private mutating func flow(
    _ start: Sight, mayBranch: Bool, firstFilter: String = ""
  ) -> [String] {
    var sight = start
    var modules = [say(sight, firstFilter)]
    let length = Int.random(in: 1...4, using: &random)
    for _ in 0..<length {
      switch Int.random(in: 0..<8, using: &random) {
      case 0, 1:
        let id = id()
        let array = ["items", "none", "one"].randomElement(using: &random) ?? ""
        modules.append(
          #"{"id":\#(id),"module":"builtin:BasicFeeder","mapper":{"array":"{{1.\#(array)}}"}}"#)
        sight.sources.append((id, "{{\(id).value}}"))
      case 2:
        let id = id()
        modules.append(
          #"{"id":\#(id),"module":"builtin:BasicRepeater","mapper":{"repeats":2}}"#)
        sight.sources.append((id, "{{\(id).i}}"))
      case 3..<5 where !breaksOff && sight.outside < sight.sources.count:
        let id = id()
        let place = Int.random(in: sight.outside..<sight.sources.count, using: &random)
        let source = sight.sources[place]
        let group =
          chance(4) ? #","flags":{"groupBy":"\#(source.mark)","stopIfEmpty":true}"# : ""
        modules.append(
          #"{"id":\#(id),"module":"util:TextAggregator","parameters":{"feeder":\#(source.id),"rowSeparator":","},"#
            + #""mapper":{"value":"\#(sight.mark)"}\#(group)}"#)
        sight.sources.removeSubrange(place...)
        sight.sources.append((id, "[{{\(id).text}}]"))
      case 5 where mayBranch && sight.depth < 3:
        modules += ifElse(&sight)
      default: modules.append(say(sight, filter(sight)))
      }
    }
    if mayBranch, sight.depth < 3, chance(2) {
      modules.append(router(sight))
    } else {
      modules.append(say(sight))
    }
    return modules
  }

  private mutating func router(_ sight: Sight) -> String {
    var inner = sight
    inner.depth += 1
    let id = id()
    let count = Int.random(in: 1...3, using: &random)
    let routes = (0..<count).map { _ in
      let first = filter(inner)
      let modules = flow(inner, mayBranch: true, firstFilter: first)
      return #"{"flow":[\#(modules.joined(separator: ","))]}"#
    }
    let last = Int.random(in: 0..<count, using: &random)
    let fallback = chance(2) ? #","parameters":{"else":\#(last)}"# : ""
    return #"{"id":\#(id),"module":"builtin:BasicRouter","routes":["#
      + routes.joined(separator: ",") + "]\(fallback)\(handler(inner))}"
  }

  private mutating func ifElse(_ sight: inout Sight) -> [String] {
    var inner = sight
    inner.depth += 1
    inner.outside = sight.sources.count
    let id = id()
    let source = sight.sources.randomElement(using: &random) ?? (1, "{{1.n}}")
    let first = flow(inner, mayBranch: false)
    let second = flow(inner, mayBranch: false)
    let merge = self.id()
    let doesMerge = chance(3) ? "false" : "true"
    return [
      #"{"id":\#(id),"module":"builtin:BasicIfElse","branches":["#
        + #"{"type":"condition","merge":true,"conditions":[[{"a":"\#(source.mark)","#
        + #""o":"text:contain","b":"1"}]],"flow":[\#(first.joined(separator: ","))]},"#
        + #"{"type":"else","merge":\#(doesMerge),"flow":[\#(second.joined(separator: ","))]}]}"#,
      #"{"id":\#(merge),"module":"builtin:BasicMerge","outputs":[{"name":"m","mappings":["a","b"]}]}"#,
    ]
  }
}

@Suite("A flow nobody wrote", .fewAtOnce)
struct GeneratedFlowTests {
  static let bundles: [Bundle] = [
    ["n": 1, "items": ["x", "y"], "one": ["x"]], ["n": 2, "items": ["y", "x"], "one": []],
  ]

  @Test(
    "does each piece of work once, wherever it fails and whatever stops the run",
    arguments: Array(UInt64(1)...24) + [28, 100])
  func eachPieceOnce(seed: UInt64) async throws {
    var generator = GeneratedFlow(seed: seed)
    let modules = generator.modules()
    var random = SplitMix(seed: seed &* 31)
    let settings =
      Bool.random(using: &random) ? #""dlq":true"# : #""dlq":true,"sequential":true"#
    let blueprint = try Workbench.blueprint(modules, settings: settings)
    let whole = try Workbench()
    _ = try await whole.runner.run(blueprint, given: Self.bundles)
    let all = whole.told.takeHeard()
    guard all.count < 400 else { return }
    for round in 0..<4 {
      let bench = try Workbench()
      let type: ErrorType =
        [.data, .connection, .invalidAccessToken].randomElement(using: &random) ?? .data
      var broken = Set(all.filter { _ in Int.random(in: 0..<8, using: &random) == 0 })
      if let one = all.randomElement(using: &random) { broken.insert(one) }
      for word in broken { bench.told.fail(on: word, with: ModuleError(type, "no")) }
      var done: [String] = []
      func listen() {
        done += bench.told.takeHeard().filter { !broken.contains($0) && !$0.hasPrefix("log") }
      }
      let run = try await bench.runner.run(blueprint, given: Self.bundles)
      listen()
      #expect(run.error == nil)
      var rounds = 0
      while try await !bench.open().isEmpty, rounds < 60 {
        rounds += 1
        // Every other time something is mended, as long as anything is broken.
        if rounds % 2 == 0, let mended = broken.randomElement(using: &random) {
          broken.remove(mended)
          bench.told.fail(on: mended, with: nil)
        }
        for record in try await bench.open() {
          _ = try await bench.desk.resume(record.id, version: nil, trigger: .manual)
          listen()
        }
      }
      let left = try await bench.open().map { "\($0.failer): \($0.reason)" }
      #expect(left == [], "seed \(seed), round \(round): \(modules)")
      #expect(
        done.sorted() == all.sorted(), "seed \(seed), round \(round), \(type): \(modules)")
    }
  }
}
