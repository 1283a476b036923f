import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("Two schedulers on one store", .fewAtOnce)
struct TwoSchedulersTests {
  @Test("retry what is due once, and call nothing amiss because the other was faster")
  func retries() async throws {
    let bench = try Workbench()
    let scheduler = { Scheduler(runner: bench.worker()) }
    let (one, other) = (scheduler(), scheduler())
    let blueprint = try Workbench.blueprint(Workbench.say(2, "{{1.n}}"))
    for round in 0..<40 {
      bench.told.fail(on: "\(round)", with: ModuleError(.connection, "down"))
      _ = try await bench.runner.run(blueprint, given: [["n": .integer(round)]])
      bench.told.fail(on: "\(round)", with: nil)
      bench.clock.advance(seconds: 601)
      _ = bench.told.takeHeard()
      async let ones = one.startDue()
      async let others = other.startDue()
      var retried = 0
      for task in try await ones + others {
        switch await task.value {
        case .retried: retried += 1
        case .overtaken: break
        case let event: Issue.record("\(event)")
        }
      }
      #expect(retried == 1)
      #expect(bench.told.takeHeard() == ["\(round)"])
    }
  }
}

extension Workbench {
  /// Another worker on the same store.
  fileprivate func worker() -> ScenarioRunner {
    ScenarioRunner(modules: runner.modules, store: store, clock: clock)
  }
}
