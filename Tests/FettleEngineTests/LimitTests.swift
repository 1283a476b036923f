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

/// A module that reads a file, which is too large: for Fettle, or for the service that says so.
struct TooLarge: ModuleImplementation {
  static let descriptor = ModuleDescriptor(type: "test:TooLarge", kind: .action, effect: .read)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    throw ModuleError(
      .maxFileSizeExceeded, "too large", statusCode: input["status"]?.number?.integer)
  }
}

@Suite("Limits (semantics 6.9)", .fewAtOnce)
struct LimitTests {
  let bench: Workbench
  let runner: ScenarioRunner

  init() throws {
    bench = try Workbench()
    runner = ScenarioRunner(
      modules: ModuleRegistry(
        Connectors.all() + [bench.told, Slow(clock: bench.clock), TooLarge()]),
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

  @Test(
    "a file that is too large is left out with a warning where data may be lost, else stored (2.6.3)",
    arguments: [(true, "", 0, ["on"]), (false, "", 1, []), (true, #""status":413"#, 1, [])])
  func largeFile(dataLoss: Bool, mapper: String, stored: Int, heard: [String]) async throws {
    let run = try await runner.run(
      Workbench.blueprint(
        #"{"id":2,"module":"test:TooLarge","mapper":{\#(mapper)}},"# + Workbench.say(3, "on"),
        settings: #""dlq":true,"dataloss":\#(dataLoss)"#), given: [[:]])
    #expect(run.status == .warning)
    #expect(run.stored.count == stored)
    #expect(run.warnings.count == 1 - stored)
    #expect(bench.told.takeHeard() == heard)
  }

  /// A runner over a store whose scenarios may keep no record of more than so many bytes.
  private func cramped(bytes: Int) throws -> (ScenarioRunner, SQLiteStore) {
    let store = try SQLiteStore.open(
      path: bench.folder.path + "/cramped.db", limits: StoreLimits(scenarioBytes: bytes))
    return (
      ScenarioRunner(
        modules: ModuleRegistry(Connectors.all() + [bench.told]), store: store, clock: bench.clock),
      store
    )
  }

  @Test(
    "a store without room treats Break as default handling: rows 9 and 10 of 3.4 (4.4.9)",
    arguments: ["", #","onerror":[{"id":9,"module":"builtin:Break","mapper":{"retry":true}}]"#])
  func noRoom(handler: String) async throws {
    let (runner, store) = try cramped(bytes: 5000)
    bench.told.fail(on: "x", with: ModuleError(.data, "no"))
    let long = Value.text(String(repeating: "y", count: 3000))
    let events: [Bundle] = [["n": long], ["n": long], ["n": long]]
    func run(_ settings: String) async throws -> ExecutionSummary {
      try await runner.run(
        Workbench.blueprint(Workbench.say(2, "x", handler), settings: settings), given: events)
    }
    let kept = try await run(#""dlq":true"#)
    #expect(kept.status == .error)
    #expect(kept.consequence == .pauseScenario)
    #expect(kept.error?.type == .data)
    #expect(kept.stored.count == 1, "the first had room")
    #expect(bench.told.takeHeard().count == 2, "the run ends with the one that has none")
    #expect(kept.lost == 0)
    #expect(try await store.counts().lost == 0)
    let lossy = try await run(#""dlq":true,"dataloss":true"#)
    #expect(lossy.status == .warning)
    #expect(lossy.stored.isEmpty)
    #expect(lossy.warnings.count == 3, "each bundle that is given up is said")
    #expect(bench.told.takeHeard().count == 3, "the run goes on")
    #expect(lossy.lost == 3)
    let lost = try #require(try await store.scenarios().first?.lost)
    #expect(lost.count == 3, "the store counts them (durability 5)")
    #expect(lost.reason.contains("FETTLE_SCENARIO_LIMIT"), "\(lost.reason)")
    #expect(try await store.counts().lost == 3)
  }

  @Test("a bundle whose event goes back to its queue is not lost, though there was no room for it")
  func notLost() async throws {
    let (runner, store) = try cramped(bytes: 10)
    bench.told.fail(on: "x", with: ModuleError(.data, "no"))
    bench.told.fail(on: "z", with: ModuleError(.runtime, "no more"))
    let blueprint = try Workbench.blueprint(
      Workbench.say(2, "{{1.w}}"), settings: #""dlq":true,"dataloss":true"#)
    func run(_ words: [String]) async throws -> ExecutionSummary {
      try await runner.run(
        blueprint, given: words.map { ["w": .text($0)] }, origin: .instant)
    }
    let returned = try await run(["x", "z"])
    #expect(returned.returnsEvent)
    #expect(returned.lost == 0)
    #expect(returned.warnings == [], "what is not lost is not said to be")
    #expect(try await store.counts().lost == 0)
    let given = try await run(["x"])
    #expect(given.lost == 1 && given.warnings.count == 1)
    #expect(try await store.counts().lost == 1)
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
