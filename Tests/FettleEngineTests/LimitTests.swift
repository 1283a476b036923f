import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

/// A module that takes its time: on the wall, or on the clock of the test.
struct Slow: ModuleImplementation {
  static let descriptor = ModuleDescriptor(type: "test:Slow", kind: .action, effect: .read)
  let clock: ManualClock

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    if let seconds = input["sleep"]?.number?.integer {
      do { try await Task.sleep(for: .seconds(seconds)) } catch {
        throw ModuleError(.unexpected, "cancelled")
      }
    }
    clock.advance(seconds: input["pass"]?.number?.integer ?? 0)
    return OperationOutput([[:]])
  }
}

@Suite("Limits (semantics 6.9)", .fewAtOnce)
struct LimitTests {
  let bench: Workbench
  let runner: ScenarioRunner

  init() throws {
    bench = try Workbench()
    runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told, Slow(clock: bench.clock)]),
      store: bench.store, clock: bench.clock, limits: RunLimits(run: 100, operation: 1))
  }

  @Test("an operation that takes too long is a ModuleTimeoutError, stored and retried")
  func operation() async throws {
    let summary = try await runner.run(
      Workbench.blueprint(#"{"id":2,"module":"test:Slow","mapper":{"sleep":30}}"#), given: [[:]])
    let record = try #require(try await bench.open().first)
    #expect(summary.status == .warning)
    #expect(record.errorType == .moduleTimeout)
    #expect(record.state == .pending)
  }

  @Test("a run that takes too long is cut with a warning, and keeps what it had not got to (D32)")
  func run() async throws {
    let blueprint = try Workbench.blueprint(
      #"{"id":2,"module":"test:Slow","mapper":{"pass":60}},"# + Workbench.say(3, "{{1.n}}"))
    let summary = try await runner.run(blueprint, given: [["n": 1], ["n": 2], ["n": 3]])
    #expect(bench.told.takeHeard() == ["1"])
    #expect(summary.status == .warning)
    let record = try #require(try await bench.open().first)
    #expect(record.errorType == .executionInterrupted)
    #expect(record.state == .unresolved)
    let desk = OperatorDesk(store: bench.store, runner: runner, author: "ada")
    let report = try await desk.resume(record.id, version: nil, trigger: .manual)
    #expect(report.outcome == .resolved)
    #expect(bench.told.takeHeard() == ["2", "3"])
  }
}
