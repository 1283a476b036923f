import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("Break with automatic completion that fails and fails (semantics 4.4.6)", .fewAtOnce)
struct BreakStormTests {
  private let bench: Workbench
  private let blueprint: Blueprint

  init() throws {
    bench = try Workbench()
    blueprint = try Workbench.blueprint(
      Workbench.say(
        2, "{{1.n}}",
        #","onerror":[{"id":9,"module":"builtin:Break","mapper":{"retry":true,"count":"3","interval":"15"}}]"#
      ))
  }

  /// What is left of the scenario when a scheduled run took these bundles.
  private func state(after failing: [Bool]) async throws -> ScenarioState {
    let id = try await bench.store.scenario(named: blueprint.name)
    let (start, schedule) = (bench.clock.now(), try Schedule(["type": "daily", "time": "08:00"]))
    try await bench.store.update(id) { state in
      state.schedule = schedule
      state.activate(at: start, zone: "UTC")
    }
    for (n, fails) in failing.enumerated() where fails {
      bench.told.fail(on: "\(n)", with: ModuleError(.runtime, "no"))
    }
    let summary = try await bench.runner.run(
      blueprint, given: failing.indices.map { ["n": .integer($0)] }, origin: .scheduled)
    #expect(summary.stored.count == failing.count { $0 })
    return try await bench.store.scenario(id).state
  }

  @Test("ten failures one after the other switch the scenario off and say why")
  func storm() async throws {
    let state = try await state(after: Array(repeating: true, count: 10))
    #expect(!state.isActive)
    #expect(state.problem?.contains("Break directive") == true)
    #expect(try await bench.open().count == 10, "nothing is lost by it")
  }

  @Test("with a bundle that goes through between them they are not consecutive")
  func success() async throws {
    let nine = Array(repeating: true, count: 9)
    let state = try await state(after: nine + [false] + nine)
    #expect(state.isActive)
    #expect(state.breakFailures.count == 9)
  }
}
