import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Synchronization
import Testing

@Suite("Events of webhooks and their scenario")
struct EventIntakeTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test(
    "an event whose run fails is not begun again before its scenario is switched off, whoever looks"
  )
  func failsOnce() async throws {
    let blueprint = try Workbench.blueprint(
      Workbench.say(2, "a"), settings: #""dlq":false"#)
    bench.told.fail(on: "a", with: ModuleError(.data, "no"))
    let store = bench.store
    let scenario = try await store.scenario(named: "T")
    try await store.keep(blueprint, for: scenario)
    let hook = try await store.addHook(
      number: nil, address: "a", scenario: scenario, settings: HookSettings())
    let schedule = try Schedule(["type": "immediately"])
    let now = bench.clock.now()
    _ = try await store.enqueue(
      NewEvent(hook: hook.id, received: now, bundles: [["n": 1]], waiter: nil))
    let ended = Mutex(0)
    let intake = EventIntake(
      runner: bench.runner, queue: store, answer: { _, _ in },
      report: { _ in ended.withLock { $0 += 1 } })
    for time in 1...20 {
      try await store.update(scenario) {
        $0.schedule = schedule
        $0.activate(at: now, zone: "UTC")
      }
      await intake.call(scenario)
      while ended.withLock({ $0 }) < time {
        await intake.call(scenario)
        await Task.yield()
      }
      #expect(bench.told.takeHeard() == ["a"])
      #expect(try await store.event(1).failures == time)
    }
    await intake.stop()
    #expect(ended.withLock { $0 } == 20)
  }
}
