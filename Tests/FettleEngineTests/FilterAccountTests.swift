import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("Where a bundle stopped, and why (semantics P37)", .fewAtOnce)
struct FilterAccountTests {
  /// A filter that asks whether the number of the webhook's bundle is at least another.
  static func atLeast(_ number: Int, name: String? = nil) -> String {
    let label = name.map { #""name":"\#($0)","# } ?? ""
    return #","filter":{\#(label)"conditions":[[{"a":"{{1.n}}","o":"number:greaterorequal","#
      + #""b":"\#(number)"}]]}"#
  }

  /// Filters on modules and on the routes of routers, some behind an iterator.
  static let filters = """
    \(Workbench.say(2, "s{{1.n}}")),
    {"id":3,"module":"builtin:BasicRouter","routes":[
      {"flow":[\(Workbench.say(4, "a{{1.n}}")),
        {"id":5,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},
        \(Workbench.say(6, "i{{1.n}}{{5.value}}", #","filter":{"conditions":[[{"a":"{{5.value}}","b":"x"}]]}"#)),
        {"id":7,"module":"builtin:BasicRouter","parameters":{"else":0},"routes":[
          {"flow":[\(Workbench.say(8, "else{{1.n}}{{5.value}}"))]},
          {"flow":[\(Workbench.say(9, "two{{1.n}}{{5.value}}", atLeast(2)))]}]}]},
      {"flow":[\(Workbench.say(10, "z{{1.n}}")),
        {"id":11,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},
        \(Workbench.say(12, "w{{1.n}}{{11.value}}")),
        \(Workbench.say(13, "v{{1.n}}{{11.value}}", atLeast(2))),
        \(Workbench.say(14, "u{{1.n}}{{11.value}}", atLeast(9)))]}]}
    """

  /// What the journal says of filters: the module, and the line people read.
  private func account(
    of modules: String, given: [Bundle], on bench: Workbench
  ) async throws -> (summary: ExecutionSummary, lines: [String]) {
    let summary = try await bench.runner.run(
      try Workbench.blueprint(modules), given: given)
    let lines = try await bench.store.entries(of: summary.id).compactMap { entry in
      if case .filteredOut(let refusal) = entry.step {
        "\(entry.module): \(refusal.explanation)"
      } else {
        nil
      }
    }
    return (summary, lines)
  }

  @Test("a run that did nothing names the filter, the condition and what was compared")
  func nothingDone() async throws {
    let bench = try Workbench()
    let (summary, lines) = try await account(
      of: Workbench.say(2, "x", Self.atLeast(50, name: "hot")), given: [["n": 12]], on: bench)
    #expect(summary.status == .success)
    #expect(summary.operations == 1)
    #expect(
      lines == [
        #"2: the filter "hot" was not passed: 1.n number:greaterorequal 50: 12, "50""#
      ])
    let row = try #require(try await bench.store.executions(of: nil, limit: 1).first)
    #expect(row.summary.filtered == 1, "the history shows it too")
  }

  @Test("each way a bundle did not take is told, in the order it was tried")
  func routes() async throws {
    let bench = try Workbench()
    let routes =
      #"{"id":3,"module":"builtin:BasicRouter","parameters":{"else":2},"routes":["#
      + #"{"flow":[\#(Workbench.say(4, "two {{1.n}}", Self.atLeast(2))),"#
      + #"\#(Workbench.say(5, "three {{1.n}}", Self.atLeast(3)))]},"#
      + #"{"flow":[\#(Workbench.say(6, "nine {{1.n}}", Self.atLeast(9)))]},"#
      + #"{"flow":[\#(Workbench.say(7, "else {{1.n}}"))]}]}"#
    let (summary, lines) = try await account(of: routes, given: [["n": 1], ["n": 2]], on: bench)
    #expect(lines.map { $0.prefix(1) } == ["4", "6", "5", "6"])
    #expect(summary.filtered == 4)
    #expect(bench.told.takeHeard() == ["else 1", "two 2"])
  }

  @Test("of alternatives, each first condition that was not met is told")
  func alternatives() async throws {
    let bench = try Workbench()
    let conditions =
      #"[[{"a":"{{1.n}}","o":"exist"},{"a":"{{1.n}}","o":"number:greater","b":"5"}],"#
      + #"[{"a":"{{1.name}}","o":"text:equal","b":"ada"}],[{"a":"{{1.gone}}","o":"exist"}]]"#
    let (_, lines) = try await account(
      of: Workbench.say(2, "x", #","filter":{"name":"any","conditions":\#(conditions)}"#),
      given: [["n": 3, "name": "bob"]], on: bench)
    #expect(
      lines == [
        #"2: the filter "any" was not passed: 1.n number:greater 5: 3, "5"; "#
          + #"1.name text:equal ada: "bob", "ada"; 1.gone exist: null"#
      ])
  }

  @Test("a long value is told in short, so that a filter does not store the bundle again")
  func long() async throws {
    let bench = try Workbench()
    let (summary, _) = try await account(
      of: Workbench.say(2, "x", Self.atLeast(1)),
      given: [["n": .text(String(repeating: "x", count: 100_000))]], on: bench)
    let entries = try await bench.store.entries(of: summary.id)
    guard case .filteredOut(let refusal)? = entries.last?.step else {
      Issue.record("no entry of the filter")
      return
    }
    #expect((refusal.conditions.first?.left.text?.utf8.count ?? 0) < 300)
  }
}
