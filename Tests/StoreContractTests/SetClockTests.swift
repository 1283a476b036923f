import FettleCore
import FettleSQLite
import FettleTestKit
import GRDB
import Testing

/// NTP, somebody at the keyboard, a machine that was paused.
@Suite("A store, when the clock of the machine is set", .fewAtOnce)
struct SetClockTests {
  let folder: TemporaryFolder
  let clock = SettableClock()
  let store: SQLiteStore
  var path: String { folder.path + "/s.db" }

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore.open(path: folder.path + "/s.db", clock: clock)
  }

  private func takeOver(_ store: SQLiteStore) async throws -> [String] {
    try await store.takeOver(
      by: "other", now: clock.now(), lease: clock.now().advanced(bySeconds: 30), limit: 10)
  }

  private func open(_ id: String) async throws {
    let opening = ExecutionOpening(
      execution: ExecutionSummary(
        id: id, scenario: try await store.scenario(named: "T"), started: clock.now()),
      blueprint: try Blueprint(json: Array(RecordMaker.blueprintText.utf8)), given: [[:]], seed: 1,
      worker: "w", lease: clock.now().advanced(bySeconds: 30))
    _ = try await store.open(opening, claiming: nil)
  }

  @Test("takes no execution from a worker that is alive, and gives those of a dead one in time")
  func leases() async throws {
    let other = try SQLiteStore.open(path: path, clock: clock)
    for (id, hours) in [("forward", 3), ("back", -6)] {
      try await open(id)
      clock.set(by: hours * 3600)
      // One that was open already, and one that is opened behind the step.
      for store in [other, try SQLiteStore.open(path: path, clock: clock)] {
        #expect(try await takeOver(store) == [], "\(id)")
      }
      let shown = try #require(try await store.scenarios().first?.runsUntil)
      #expect(abs(shown.milliseconds - clock.now().milliseconds - 30_000) < 60_000, "\(shown)")
      clock.pass(seconds: 31)
      #expect(try await takeOver(other) == [id])
      var summary = ExecutionSummary(
        id: id, scenario: try await store.scenario(named: "T"), started: clock.now())
      summary.ended = clock.now()
      summary.status = .success
      try await store.close(summary, [], outcome: nil, by: "other", isConfidential: false)
    }
  }

  @Test("gives what workers of an earlier start of the machine held at once")
  func boot() async throws {
    try await open("e")
    #expect(try await takeOver(store) == [])
    try await DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE clock SET boot = 'x'") }
    let later = try SQLiteStore.open(path: path, clock: clock)
    #expect(try await takeOver(later) == ["e"])
  }

  @Test(
    "takes nothing from a worker that is told more or less of the machine: in a container, in a service"
  )
  func untoldBoot() async throws {
    try await open("e")
    func set(_ what: String) async throws {
      try await DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE clock SET \(what)") }
    }
    try await set("boot = ''")
    let told = try SQLiteStore.open(path: path, clock: clock)
    #expect(try await takeOver(told) == [])
    clock.pass(seconds: 20)
    #expect(try await takeOver(told) == [])
    try await set("boot = '', anchor = anchor - 600000")
    let later = try SQLiteStore.open(path: path, clock: clock)
    #expect(try await takeOver(later) == ["e"], "the machine began ten minutes later: again")
  }

  @Test("leaves what its own worker is at work on, however long the store took nothing")
  func living() async throws {
    try await open("e")
    clock.pass(seconds: 3600)
    func take(_ worker: String) async throws -> [String] {
      try await store.takeOver(
        by: worker, now: clock.now(), lease: clock.now(), limit: 10, except: ["e"])
    }
    #expect(try await take("w") == [])
    #expect(try await take("other") == ["e"], "another worker has to")
  }

  @Test("planned retries come by as much earlier when it is set back, once, whoever looks")
  func retries() async throws {
    let other = try SQLiteStore.open(path: path, clock: clock)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    let due = clock.now().advanced(bySeconds: 600)
    _ = try await store.move(
      record.id, version: nil,
      RecordChange(.autoRetryTurnedOn, nextRetry: due, author: "a", date: clock.now()))
    func follow(_ store: SQLiteStore) async throws -> Int {
      try await store.followClock { _, _ in }
    }
    #expect(try await follow(store) == 0)
    clock.set(by: 10)
    #expect(try await follow(store) == 0, "a little is adjusted all the time")
    clock.set(by: -3610)
    #expect(abs(try await follow(other) + 3600) <= 1)
    #expect(try await follow(store) == 0)
    let planned = try #require(try await store.record(record.id).summary.nextRetry)
    #expect(abs(planned.milliseconds - due.milliseconds + 3_600_000) < 2000)
    clock.set(by: 7200)
    #expect(abs(try await follow(store) - 7200) <= 1)
    #expect(try await store.record(record.id).summary.nextRetry == planned, "what is due is due")
  }
}
