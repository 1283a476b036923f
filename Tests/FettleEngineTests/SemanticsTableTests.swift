import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

/// The conformance matrix of semantics, section by section: what a scenario is made of, what fails in
/// it, and what has to come of it. Text and table can be laid side by side.
@Suite("The table of semantics", .fewAtOnce)
struct SemanticsTable {
  struct Case: CustomTestStringConvertible, Sendable {
    let section: String
    let what: String
    /// Behind a webhook that is module 1, unless `startsWith` says otherwise.
    let modules: String
    var settings = #""dlq":true"#
    var fails: [String: ErrorType] = [:]
    var given: [Bundle] = [["n": 1], ["n": 2], ["n": 3]]
    let heard: [String]
    var stored: [Bool] = []
    let status: ExecutionStatus
    var hasNoTrigger = false

    var testDescription: String { "\(section) \(what)" }
  }

  static let chain = Workbench.say(2, "{{1.n}}") + "," + Workbench.say(3, "after {{1.n}}")

  static func handled(_ handler: String, _ more: String = "") -> String {
    Workbench.say(2, "{{1.n}}", #","onerror":[\#(handler)]"# + more) + ","
      + Workbench.say(3, "after {{2.said}}")
  }

  static func directive(_ name: String, _ mapper: String = "", _ more: String = "") -> String {
    #"{"id":9,"module":"builtin:\#(name)","mapper":{\#(mapper)}\#(more)}"#
  }

  static let rest = ["1", "after 1", "2", "3", "after 3"]
  static let stops = ["1", "after 1", "2"]
  static let off = #""dlq":false"#

  /// A router with a route that may fail and one behind it; `inner` is put into the first.
  static func router(_ inner: String, handler: String = "") -> String {
    #"{"id":2,"module":"builtin:BasicRouter","routes":[{"flow":[\#(inner)]},"#
      + #"{"flow":[\#(Workbench.say(8, "route 2"))]}]\#(handler)}"#
  }

  static func calculation(_ name: String, _ id: Int) -> String {
    #"{"id":\#(id),"module":"util:NumericalAggregator","parameters":{"feeder":2,"fn":"\#(name)"},"mapper":{"value":"{{2.value}}"}}"#
  }

  // swift-format-ignore
  static let cases: [Case] = [
    Case(section: "3.4 row 4", what: "first module, connection: warning, nothing stored", modules: Workbench.say(1, "x"), fails: ["x": .connection], heard: ["x"], status: .warning, hasNoTrigger: true),
    Case(section: "3.4 row 4", what: "first module, rate limit: the same", modules: Workbench.say(1, "x"), fails: ["x": .rateLimit], heard: ["x"], status: .warning, hasNoTrigger: true),
    Case(section: "3.4 row 5", what: "first module, data: error, nothing stored", modules: Workbench.say(1, "x"), fails: ["x": .data], heard: ["x"], status: .error, hasNoTrigger: true),
    Case(section: "2.2.3", what: "first module with Break: stored (D8)", modules: Workbench.say(1, "x", #","onerror":[\#(directive("Break"))]"#), fails: ["x": .data], heard: ["x"], stored: [false], status: .warning, hasNoTrigger: true),
    Case(section: "3.4 row 6", what: "storing off, connection: rolled back", modules: chain, settings: off, fails: ["2": .connection], heard: stops, status: .error),
    Case(section: "3.4 row 7", what: "storing off, data: rolled back", modules: chain, settings: off, fails: ["2": .data], heard: stops, status: .error),
    Case(section: "3.4 row 8", what: "a type outside the lists fails the execution", modules: chain, fails: ["2": .runtime], heard: stops, status: .error),
    Case(section: "3.4 row 8", what: "a duplicate is outside the lists (D3)", modules: chain, fails: ["2": .duplicateData], heard: stops, status: .error),
    Case(section: "3.4 row 8", what: "so is a name nobody knows (2.1.2)", modules: chain, fails: ["2": ErrorType("QuotaGnomeError")], heard: stops, status: .error),
    Case(section: "3.4 row 11", what: "connection: stored, retried, the next bundle goes on", modules: chain, fails: ["2": .connection], heard: rest, stored: [true], status: .warning),
    Case(section: "3.4 row 11", what: "module timeout (D33)", modules: chain, fails: ["2": .moduleTimeout], heard: rest, stored: [true], status: .warning),
    Case(section: "3.4 row 12", what: "access token: stored, the run stops", modules: chain, fails: ["2": .invalidAccessToken], heard: stops, stored: [false], status: .warning),
    Case(section: "3.4 row 13", what: "data: stored, waits, the next bundle goes on", modules: chain, fails: ["2": .data], heard: rest, stored: [false], status: .warning),
    Case(section: "5.9.5", what: "in order: stored, the run stops (D23)", modules: chain, settings: #""dlq":true,"sequential":true"#, fails: ["2": .data], heard: stops, stored: [false], status: .warning),
    Case(section: "4.2", what: "Ignore drops the bundle", modules: handled(directive("Ignore")), fails: ["2": .runtime], heard: rest, status: .success),
    Case(section: "4.3", what: "Resume goes on with the substitute", modules: handled(directive("Resume", #""said":"instead""#)), fails: ["2": .runtime], heard: ["1", "after 1", "2", "after instead", "3", "after 3"], status: .success),
    Case(section: "4.4.3", what: "Break without completion waits: warning", modules: handled(directive("Break", #""retry":false"#)), fails: ["2": .data], heard: rest, stored: [false], status: .warning),
    Case(section: "4.4.3", what: "Break with completion retries: success (D9)", modules: handled(directive("Break", #""retry":true,"count":"3","interval":"15""#)), fails: ["2": .data], heard: rest, stored: [true], status: .success),
    Case(section: "4.4.7", what: "Break stores any type", modules: handled(directive("Break")), fails: ["2": .runtime], heard: rest, stored: [false], status: .warning),
    Case(section: "4.4.2", what: "Break cannot store with storing off (D16)", modules: handled(directive("Break")), settings: off, fails: ["2": .data], heard: stops, status: .error),
    Case(section: "4.5.1", what: "Commit stops; what was done stays", modules: handled(directive("Commit")), fails: ["2": .data], heard: stops, status: .success),
    Case(section: "4.5.2", what: "Rollback stops with an error", modules: handled(directive("Rollback")), fails: ["2": .data], heard: stops, status: .error),
    Case(section: "3.2", what: "a handler whose filter is not passed is none", modules: handled(directive("Ignore", "", #","filter":{"conditions":[[{"a":"{{2.error.type}}","b":"RuntimeError"}]]}"#)), fails: ["2": .data], heard: rest, stored: [false], status: .warning),
    Case(section: "3.3.4", what: "a handler without directive ignores", modules: handled(Workbench.say(9, "log {{2.error.message}}")), fails: ["2": .data], heard: ["1", "after 1", "2", "log no", "3", "after 3"], status: .success),
    Case(section: "3.1", what: "a module that fails in a handler ends the run", modules: handled(Workbench.say(9, "log")), fails: ["2": .data, "log": .data], heard: stops + ["log"], status: .error),
    Case(section: "3.1", what: "the handler of a handler acts, the outer directive does not", modules: handled(Workbench.say(9, "log", #","onerror":[{"id":10,"module":"builtin:Ignore"}]"#) + "," + #"{"id":11,"module":"builtin:Rollback"}"#), fails: ["2": .data, "log": .data], heard: ["1", "after 1", "2", "log", "3", "after 3"], status: .success),
    Case(section: "4.2.2", what: "Ignore on a module: later routes run (D13)", modules: router(Workbench.say(3, "x", #","onerror":[\#(directive("Ignore"))]"#)), fails: ["x": .data], given: [[:]], heard: ["x", "route 2"], status: .success),
    Case(section: "4.2.3", what: "Ignore on a router: later routes are skipped", modules: router(Workbench.say(3, "x"), handler: #","onerror":[\#(directive("Ignore"))]"#), fails: ["x": .data], given: [[:]], heard: ["x"], status: .success),
    Case(section: "3.1.1", what: "the module's handler wins over the router's", modules: router(Workbench.say(3, "x", #","onerror":[{"id":10,"module":"builtin:Ignore"}]"#), handler: #","onerror":[\#(directive("Rollback"))]"#), fails: ["x": .data], given: [[:]], heard: ["x", "route 2"], status: .success),
    Case(section: "3.1.2", what: "a router without handler hands on to the one around it", modules: router(#"{"id":4,"module":"builtin:BasicRouter","routes":[{"flow":[\#(Workbench.say(3, "x"))]}]}"#, handler: #","onerror":[\#(directive("Ignore"))]"#), fails: ["x": .data], given: [[:]], heard: ["x"], status: .success),
    Case(section: "6.2.4", what: "a trigger without data: success", modules: chain, given: [], heard: [], status: .success),
    Case(section: "6.6", what: "a repeater of nothing gives nothing", modules: #"{"id":2,"module":"builtin:BasicRepeater","mapper":{"repeats":0}},"# + Workbench.say(3, "x"), given: [[:]], heard: [], status: .success),
    Case(section: "6.6", what: "a repeater counts in decimal", modules: #"{"id":2,"module":"builtin:BasicRepeater","mapper":{"start":"0.1","repeats":"3","step":"0.1"}},"# + Workbench.say(3, "{{2.i}}"), given: [[:]], heard: ["0.1", "0.2", "0.3"], status: .success),
    Case(section: "6.6", what: "a numeric aggregator calculates in decimal", modules: #"{"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.a}}"}},"# + calculation("SUM", 3) + "," + Workbench.say(4, "{{3.result}}"), given: [["a": [0.1, "0.2"]], ["a": [1.1, 2.2]], ["a": []]], heard: ["0.3", "3.3", "0"], status: .success),
    Case(section: "6.6", what: "its average too; what is empty does not count", modules: #"{"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.a}}"}},"# + calculation("AVG", 3) + "," + Workbench.say(4, "[{{3.result}}]"), given: [["a": [0.1, 0.2, ""]], ["a": []]], heard: ["[0.15]", "[]"], status: .success),
    Case(section: "6.6", what: "an iterator over nothing gives nothing", modules: #"{"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.none}}"}},"# + Workbench.say(3, "x"), given: [[:]], heard: [], status: .success),
    Case(section: "6.5.1", what: "a filter that is not passed stops the bundle", modules: Workbench.say(2, "{{1.n}}", #","filter":{"conditions":[[{"a":"{{1.n}}","o":"number:greater","b":"2"}]]}"#), heard: ["3"], status: .success),
  ]

  @Test("holds", arguments: cases)
  func holds(row: Case) async throws {
    let bench = try Workbench()
    for (word, type) in row.fails { bench.told.fail(on: word, with: ModuleError(type, "no")) }
    let blueprint =
      row.hasNoTrigger
      ? try Blueprint(
        json: Array(
          #"{"name":"T","flow":[\#(row.modules)],"metadata":{"scenario":{\#(row.settings)}}}"#.utf8)
      )
      : try Workbench.blueprint(row.modules, settings: row.settings)
    let summary = try await bench.runner.run(
      blueprint, given: row.hasNoTrigger ? nil : row.given)
    #expect(bench.told.takeHeard() == row.heard)
    #expect(summary.status == row.status)
    #expect(try await bench.open().map(\.retry) == row.stored)
  }
}
