import FettleCore
import FettleSQLite
import FettleTestKit
import Testing

@Suite("A store keeps events in queues", .fewAtOnce)
struct QueueTests {
  let folder: TemporaryFolder
  let clock = SystemClock()

  init() throws { folder = try TemporaryFolder() }

  private func open() async throws -> (SQLiteStore, Hook, ScenarioID) {
    let store = try SQLiteStore.open(path: folder.path + "/s.db")
    let scenario = try await store.scenario(named: "Orders")
    let blueprint = try Blueprint(json: Array(RecordMaker.blueprintText.utf8))
    try await store.keep(blueprint, for: scenario)
    let hook = try await store.addHook(
      number: HookID(1234), address: "abc", scenario: scenario, settings: HookSettings())
    return (store, hook, scenario)
  }

  private func execution(_ id: String, worker: String = "w") -> NewExecution {
    NewExecution(
      id: id, started: clock.now(), seed: 7, worker: worker,
      lease: clock.now().advanced(bySeconds: 60))
  }

  private func event(_ n: Int, _ hook: Hook, waiter: NewEvent.Waiter? = nil) -> NewEvent {
    NewEvent(
      hook: hook.id, received: clock.now(), bundles: [["n": .integer(n)]], waiter: waiter)
  }

  @Test("a webhook has its number, its settings, and its scenario to itself")
  func hooks() async throws {
    let (store, hook, scenario) = try await open()
    #expect(hook.id == HookID(1234))
    #expect(try await store.hook(at: "abc") == hook)
    #expect(try await store.hook(of: scenario) == hook)
    #expect(try await store.hook(at: "abd") == nil)
    var changed = hook
    changed.settings.name = "In"
    changed.settings.secret = .signature(header: "X", function: .sha512, key: .open("k"))
    changed.settings.perSecond = 5
    changed.settings.keepsHeaders = true
    changed.settings.queueLength = 7
    try await store.change(changed)
    #expect(try await store.hook(at: "abc") == changed)
    await #expect(throws: StoreError.unfit("there is a webhook 1234 already")) {
      try await store.addHook(
        number: HookID(1234), address: "x", scenario: nil, settings: HookSettings())
    }
    await #expect(throws: StoreError.self) {
      try await store.addHook(
        number: nil, address: "x", scenario: scenario, settings: HookSettings())
    }
    let next = try await store.addHook(
      number: nil, address: "x", scenario: nil, settings: HookSettings())
    #expect(next.id == HookID(1235))
  }

  @Test("an event has one owner: the queue, then an execution, then nobody")
  func owner() async throws {
    let (store, hook, scenario) = try await open()
    for n in 1...3 { _ = try await store.enqueue(event(n, hook)) }
    #expect(try await store.hooks().first?.waiting == 3)
    #expect(try await store.scenariosWithEvents() == [scenario])
    let taken = try #require(
      try await store.take(of: scenario, as: [execution("e1")], permits: { _ in true }).first)
    #expect(taken.event.number == 1)
    #expect(taken.opening.given == [["n": 1]])
    #expect(taken.opening.execution.origin == .instant)
    #expect(try await store.hooks().first?.waiting == 2)
    #expect(try await store.event(1).state == .taken)
    #expect(try await store.event(1).bundles == [["n": 1]], "it can still be looked at")
    await #expect(throws: StoreError.self) { try await store.dropEvent(1) }
    var summary = taken.opening.execution
    summary.ended = clock.now()
    summary.status = .success
    try await store.close(summary, [], outcome: nil, by: "w", isConfidential: false)
    await #expect(throws: StoreError.notFound("event 1")) { try await store.event(1) }
    #expect(
      try await store.take(of: scenario, as: [execution("e2")], permits: { _ in false }).isEmpty)
    #expect(try await store.executions(of: scenario, limit: 9).count == 1)
  }

  @Test("several are taken at once, the oldest; of a scenario that is processed in order one")
  func several() async throws {
    let (store, hook, scenario) = try await open()
    for n in 1...5 { _ = try await store.enqueue(event(n, hook)) }
    let some = try await store.take(
      of: scenario, as: [execution("e1"), execution("e2"), execution("e3")],
      permits: { _ in true })
    #expect(some.map(\.event.number) == [1, 2, 3])
    #expect(some.map(\.opening.given) == [[["n": 1]], [["n": 2]], [["n": 3]]])
    #expect(try await store.hooks().first?.waiting == 2)
    let text =
      RecordMaker.blueprintText.dropLast()
      + #","metadata":{"scenario":{"sequential":true}}}"#
    try await store.keep(try Blueprint(json: Array(text.utf8)), for: scenario)
    let inOrder = try await store.take(
      of: scenario, as: [execution("e4"), execution("e5")], permits: { _ in true })
    #expect(inOrder.map(\.event.number) == [4])
  }

  @Test("one that failed returns to its place, counted, and takes back what was stored of it")
  func returned() async throws {
    let (store, hook, scenario) = try await open()
    let large = Value.text(String(repeating: "x", count: 100_000))
    _ = try await store.enqueue(
      NewEvent(hook: hook.id, received: clock.now(), bundles: [["n": 1, "large": large]]))
    _ = try await store.enqueue(event(2, hook))
    let maker = try await RecordMaker(store)
    for time in 1...2 {
      let taken = try #require(
        try await store.take(of: scenario, as: [execution("e\(time)")], permits: { _ in true })
          .first)
      #expect(taken.event.number == 1)
      #expect(taken.opening.given == [["n": 1, "large": large]])
      let record = try maker.record()
      try await store.append(
        [], records: [record], changes: [], to: "e\(time)", by: "w", lease: clock.now(),
        isConfidential: false)
      var summary = taken.opening.execution
      summary.ended = clock.now()
      summary.status = .error
      summary.stored = [record.id]
      summary.withdrawn = [record.id]
      summary.error = ModuleError(ErrorType("RuntimeError"), "no")
      summary.returnsEvent = true
      try await store.close(summary, [], outcome: nil, by: "w", isConfidential: true)
      #expect(try await store.record(record.id).summary.state == .deleted)
      let event = try await store.event(1)
      #expect(event.state == .waiting)
      #expect(event.failures == time)
      #expect(event.reason == "RuntimeError: no")
      #expect(event.bundles == [["n": 1, "large": large]])
    }
    #expect(try await store.event(1).keepsFailing)
    try await store.setEvent(1, parked: true, bundles: nil)
    let next = try #require(
      try await store.take(of: scenario, as: [execution("e3")], permits: { _ in true }).first)
    #expect(next.event.number == 2, "the one behind it goes on")
    let released = try await store.setEvent(1, parked: false, bundles: [["n": 9]])
    #expect(released.state == .waiting && released.number == 1)
    let mended = try #require(
      try await store.take(of: scenario, as: [execution("e4")], permits: { _ in true }).first)
    #expect(mended.opening.given == [["n": 9]])
    #expect(mended.event.failures == 0)
  }

  @Test("what one worker's sender waits for is left to that worker, and keeps its place")
  func reserved() async throws {
    let (store, hook, scenario) = try await open()
    let soon = clock.now().advanced(bySeconds: 60)
    _ = try await store.enqueue(
      event(1, hook, waiter: .init(ticket: "t1", worker: "a", until: soon)))
    _ = try await store.enqueue(event(2, hook))
    let others = try #require(
      try await store.take(
        of: scenario, as: [execution("e1", worker: "b")], permits: { _ in true }
      ).first)
    #expect(others.event.number == 2)
    #expect(others.ticket == nil)
    let own = try #require(
      try await store.take(
        of: scenario, as: [execution("e2", worker: "a")], permits: { _ in true }
      ).first)
    #expect(own.event.number == 1)
    #expect(own.ticket == "t1")
    _ = try await store.enqueue(
      event(3, hook, waiter: .init(ticket: "t3", worker: "a", until: clock.now())))
    let late = try #require(
      try await store.take(
        of: scenario,
        as: [NewExecution(id: "e3", started: soon, seed: 1, worker: "b", lease: soon)],
        permits: { _ in true }
      ).first)
    #expect(late.ticket == nil, "nobody waits any more")
  }

  @Test("a full queue refuses without touching what others store in the same commit")
  func full() async throws {
    let (store, hook, _) = try await open()
    var settings = hook
    settings.settings.queueLength = 5
    try await store.change(settings)
    let outcomes = await withTaskGroup(of: Bool.self) { group in
      for n in 0..<20 {
        group.addTask { (try? await store.enqueue(event(n, hook))) != nil }
      }
      return await group.reduce(into: [Bool]()) { $0.append($1) }
    }
    #expect(outcomes.count { $0 } == 5)
    #expect(try await store.hooks().first?.waiting == 5)
    #expect(try await store.events(of: hook.id, after: 0, limit: 100).count == 5)
    #expect(try await store.removeHook(hook.id) == 5)
    await #expect(throws: StoreError.notFound("webhook 1234")) {
      try await store.enqueue(event(1, hook))
    }
  }

  @Test("tokens are found by their digests, and retries that were asked for keep their order")
  func tokensAndRequests() async throws {
    let (store, _, _) = try await open()
    let digest = AccessToken.digest(of: "secret")
    let token = try await store.addToken(
      named: "a", digest: digest, scopes: [.dlqsRead, .scenariosRun], created: clock.now())
    #expect(try await store.token(digest: digest) == token)
    #expect(try await store.token(digest: AccessToken.digest(of: "other")) == nil)
    await #expect(throws: StoreError.self) {
      try await store.addToken(named: "a", digest: [1], scopes: [], created: clock.now())
    }
    try await store.removeToken(named: "a")
    #expect(try await store.tokens() == [])

    let maker = try await RecordMaker(store)
    var ids: [RecordID] = []
    for _ in 0..<3 {
      let record = try maker.record()
      _ = try await store.add(record)
      ids.append(record.id)
    }
    let now = clock.now()
    for id in [ids[1], ids[0], ids[1]] {
      _ = try await store.requestRetries(
        of: [id], by: "ada", at: now, output: ["ok": true], sendAgain: false)
    }
    #expect(try await store.retryRequests(limit: 9).map(\.record) == [ids[1], ids[0]])
    #expect(try await store.retryRequests(limit: 1).first?.output == ["ok": true])
    #expect(try await store.queuePosition(of: ids[0]) == 2)
    #expect(try await store.queuePosition(of: ids[2]) == nil)
    try await store.removeRetryRequest(of: ids[1])
    #expect(try await store.queuePosition(of: ids[0]) == 1)
  }
}
