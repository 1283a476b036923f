import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("A planned start whose worker dies", .fewAtOnce)
struct PlannedStartTests {
  let bench: Workbench
  let id: ScenarioID

  init() async throws {
    bench = try Workbench()
    let blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"Daily","flow":[\#(Workbench.say(1, "report")),\#(Workbench.say(2, "then"))],
         "metadata":{"scenario":{"dlq":true}}}
        """#.utf8))
    id = try await bench.store.scenario(named: "Daily")
    try await bench.store.keep(blueprint, for: id)
    let schedule = try Schedule(["type": "daily", "time": "08:30"])
    let now = bench.clock.now()
    try await bench.store.update(id) { state in
      state.schedule = schedule
      state.activate(at: now, zone: "UTC")
    }
    bench.clock.advance(seconds: 86_400)
  }

  /// A scheduler whose worker dies at one of its writes.
  private func mortal(_ write: Int, diesAfterWrite: Bool) -> Scheduler {
    let store = MortalStore(bench.store, writesLeft: write, diesAfterWrite: diesAfterWrite)
    return Scheduler(
      runner: ScenarioRunner(
        modules: bench.runner.modules, store: store, scenarios: bench.store, journal: store,
        dataStores: bench.store, clock: bench.clock))
  }

  private func end(_ scheduler: Scheduler) async throws {
    for task in try await scheduler.startDue() { _ = await task.value }
  }

  @Test(
    "before it had taken anything in is made again, once, not on the next day",
    arguments: [(2, false), (2, true), (3, false)])
  func madeAgain(write: Int, diesAfterWrite: Bool) async throws {
    // Two writes look for what others left; the third opens the run, the fourth begins its first module.
    try? await end(mortal(write, diesAfterWrite: diesAfterWrite))
    #expect(bench.told.takeHeard() == [])
    bench.clock.advance(seconds: 31)
    let scheduler = Scheduler(runner: bench.runner)
    for _ in 0..<3 {
      try await end(scheduler)
      bench.clock.advance(seconds: 60)
    }
    #expect(bench.told.takeHeard() == ["report", "then"])
    let next = try #require(try await bench.store.scenario(id).state.nextRun)
    #expect(next > bench.clock.now().advanced(bySeconds: 3600))
    #expect(try await bench.store.scenario(id).state.backoffStep == 0)
  }

  @Test("each time is put off for longer: it may be what ends its worker")
  func putOff() async throws {
    // It may be dead already when the scheduler looks for retries.
    try? await end(mortal(3, diesAfterWrite: false))
    for pause in [0, 600, 3600] {
      bench.clock.advance(seconds: 31)
      _ = try await bench.desk.takeOverInterrupted()
      let next = try #require(try await bench.store.scenario(id).state.nextRun)
      let now = bench.clock.now()
      #expect(next.milliseconds - now.milliseconds == Int64(pause) * 1000)
      bench.clock.advance(seconds: pause)
      try? await end(mortal(3, diesAfterWrite: false))
    }
  }
}
