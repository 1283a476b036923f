import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Synchronization
import Testing

/// What does not come about ends a test, rather than keeping a processor busy for ever.
@Suite("Events of webhooks and their scenario", .timeLimit(.minutes(15)), .fewAtOnce)
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
        try Task.checkCancellation()
        await intake.call(scenario)
        await Task.yield()
      }
      #expect(bench.told.takeHeard() == ["a"])
      #expect(try await store.event(1).failures == time)
    }
    await intake.stop()
    #expect(ended.withLock { $0 } == 20)
  }

  @Test(
    "a disk that is full in the middle of a run leaves the scenario on, and its events go on later")
  func fullDisk() async throws {
    let long = String(repeating: "y", count: 20_000)
    let blueprint = try Workbench.blueprint(
      #"{"id":2,"module":"builtin:BasicRepeater","mapper":{"repeats":40}},"#
        + Workbench.say(3, "{{1.n}} {{2.i}} \(long)"))
    let store = bench.store
    let scenario = try await store.scenario(named: "T")
    try await store.keep(blueprint, for: scenario)
    let hook = try await store.addHook(
      number: nil, address: "a", scenario: scenario, settings: HookSettings())
    let (schedule, now) = (try Schedule(["type": "immediately"]), bench.clock.now())
    try await store.update(scenario) {
      $0.schedule = schedule
      $0.activate(at: now, zone: "UTC")
    }
    func send(_ n: Int, waiter: NewEvent.Waiter? = nil) async throws {
      _ = try await store.enqueue(
        NewEvent(hook: hook.id, received: now, bundles: [["n": .integer(n)]], waiter: waiter))
    }
    try await send(
      1, waiter: NewEvent.Waiter(ticket: "1", worker: bench.runner.worker, until: now))
    let summaries = Mutex<[ExecutionSummary]>([])
    let answers = Mutex<[HookAnswer]>([])
    let intake = EventIntake(
      runner: bench.runner, queue: store, width: 1,
      answer: { _, answer in answers.withLock { $0.append(answer) } },
      report: { event in
        if case .ran(_, let summary, _) = event { summaries.withLock { $0.append(summary) } }
      })
    try await store.limitPages(toCurrentAnd: 80)
    await intake.call(scenario)
    while summaries.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
    #expect(summaries.withLock { $0[0].storeWasFull && !$0[0].returnsEvent })
    #expect(answers.withLock { $0 } == [.accepted], "its event is safe; it is not to be sent again")
    #expect(try await store.scenario(scenario).state.isActive)
    try await store.limitPages(toCurrentAnd: 20_000)
    try await send(2)
    while summaries.withLock({ !$0.contains { $0.error == nil } }) {
      try await intake.callAll()
      try await Task.sleep(for: .milliseconds(1))
    }
    await intake.stop()
    bench.clock.advance(seconds: 60)
    let open = try await bench.open()
    #expect(open.allSatisfy { $0.errorType == .executionInterrupted })
    let heard = bench.told.takeHeard()
    #expect(heard.count { $0.hasPrefix("2 ") } == 40)
    #expect(try await store.scenario(scenario).state.isActive)
  }
}
