import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Synchronization
import Testing

@Suite("An action on many records", .fewAtOnce)
struct BulkRunTests {
  /// A run whose second module fails, so that one record is stored.
  private func failingRun(_ bench: Workbench) async throws {
    bench.told.fail(on: "no", with: ModuleError(.data, "refused"))
    _ = try await bench.runner.run(Workbench.blueprint(Workbench.say(2, "no")), given: [["a": 1]])
  }

  @Test("is done with what was selected, a few at a time, and tells what came of each")
  func bulk() async throws {
    let bench = try Workbench()
    for _ in 0..<3 { try await failingRun(bench) }
    let open = try await bench.desk.page(RecordFilter(), .first, limit: 100)
    #expect(!open.isEmpty)
    let selection = try await bench.desk.select(
      Set(open.map(\.id)), for: .close(reason: "tried by hand"))
    #expect(selection.items.count == open.count)
    #expect(selection.items.map(\.id) == open.map(\.id).reversed(), "the oldest first")
    // Changed after it was selected: it is skipped, not overruled.
    _ = try await bench.desk.delete(open[0].id, version: nil)
    let reports = Mutex<[Int]>([])
    let end = await BulkRun(selection, desk: bench.desk).run { progress in
      reports.withLock { $0.append(progress.ended) }
    }
    #expect(end.done == open.count - 1)
    #expect(end.count(.skipped) == 1)
    #expect(end.failed.map(\.id) == [open[0].id])
    #expect(end.isOver)
    #expect(reports.withLock { $0 } == reports.withLock { $0.sorted() })
    let again = try await bench.desk.select(
      RecordFilter(states: [.resolved]), except: [], for: .resume)
    #expect(again.items.isEmpty)
    #expect(again.skipped == ["resolved already": open.count - 1])
  }

  @Test("taking back is one write: who dies behind it has left nothing that waits for nobody")
  func takenBackAtOnce() async throws {
    let bench = try Workbench()
    bench.told.fail(on: "no", with: ModuleError(.connection, "down"))
    _ = try await bench.runner.run(Workbench.blueprint(Workbench.say(2, "no")), given: [["a": 1]])
    let id = try #require(try await bench.open().first).id
    _ = try await bench.desk.delete(id, version: nil)
    let mortal = MortalStore(bench.store, writesLeft: 1, diesAfterWrite: false)
    let desk = OperatorDesk(store: mortal, runner: bench.runner, author: "ada")
    _ = try await desk.restore(id, version: nil)
    let record = try await bench.desk.record(id)
    #expect(record.summary.state == .pending && record.summary.nextRetry != nil)
    #expect(
      try await bench.desk.notes(of: id).suffix(2).map(\.event)
        == [IncompleteEvent.restored, .autoRetryTurnedOn].map(\.rawValue))
  }

  @Test("what is taken back is retried by itself again where it was, and waits where it waited")
  func takenBack() async throws {
    let bench = try Workbench()
    bench.told.fail(on: "no", with: ModuleError(.connection, "down"))
    var known: Set<RecordID> = []
    for turnsOff in [false, true] {
      _ = try await bench.runner.run(
        Workbench.blueprint(Workbench.say(2, "no")), given: [["a": 1]])
      var record = try #require(try await bench.open().first { !known.contains($0.id) })
      known.insert(record.id)
      #expect(record.state == .pending)
      if turnsOff {
        record = try await bench.desk.setAutoRetry(false, of: record.id, version: nil).summary
      }
      let before = record.state
      _ = try await bench.desk.delete(record.id, version: nil)
      let restored = try await bench.desk.restore(record.id, version: nil)
      #expect(restored.summary.state == before)
      #expect((restored.summary.nextRetry != nil) == !turnsOff)
      _ = try await bench.desk.close(record.id, version: nil, reason: "a slip")
      let reopened = try await bench.desk.reopen(record.id, version: nil)
      #expect(reopened.summary.state == before)
      // Twice in a row it is still as it was.
      _ = try await bench.desk.delete(record.id, version: nil)
      #expect(try await bench.desk.restore(record.id, version: nil).summary.state == before)
    }
  }

  /// What makes a record one that is skipped, after it was selected.
  enum Obstacle: CaseIterable, Sendable {
    case changed, closed, deleted, beingRetried, inDoubt, purged

    /// What the report says of it.
    var reason: String {
      switch self {
      case .changed: "changed by someone else"
      case .closed: "the record is resolved already"
      case .deleted: "the record is in the bin"
      case .beingRetried: "being retried right now"
      case .inDoubt: "may have arrived"
      case .purged: "there is no record"
      }
    }

    func befall(_ summary: IncompleteSummary, _ bench: Workbench) async throws {
      let (id, version) = (summary.id, summary.version)
      switch self {
      case .changed:
        _ = try await bench.desk.amend(
          id, version: version, [Draft(path: try ValuePath(parsing: "1.a"), value: 2)],
          alsoInScenario: false)
      case .closed: _ = try await bench.desk.close(id, version: version, reason: "done by hand")
      case .deleted: _ = try await bench.desk.delete(id, version: version)
      case .beingRetried:
        _ = try await bench.store.move(
          id, version: version,
          RecordChange(
            .claimed, lease: bench.clock.now().advanced(bySeconds: 600), author: "grace",
            date: bench.clock.now()))
      case .inDoubt:
        // A worker that died while its module was sending.
        for event in [IncompleteEvent.claimed, .failedForGood] {
          _ = try await bench.store.move(
            id, version: nil,
            RecordChange(
              event,
              error: event == .claimed
                ? nil : ModuleError(.executionInterrupted, "its worker died", stage: .inDoubt),
              author: "grace", date: bench.clock.now()))
        }
      case .purged:
        _ = try await bench.desk.delete(id, version: version)
        try await bench.desk.purge(id)
      }
    }
  }

  @Test("says of each record that was skipped why, and how many have that reason")
  func skipReasons() async throws {
    let bench = try Workbench()
    for _ in 0..<(2 * Obstacle.allCases.count + 1) { try await failingRun(bench) }
    let selection = try await bench.desk.select(RecordFilter(), except: [], for: .resume)
    var expected: [RecordID: Obstacle] = [:]
    for (index, obstacle) in (Obstacle.allCases + Obstacle.allCases).enumerated() {
      let id = selection.items[index].id
      let summary = try #require(try await bench.store.summaries(of: [id]).first)
      try await obstacle.befall(summary, bench)
      expected[id] = obstacle
    }
    _ = bench.told.takeHeard()
    let end = await BulkRun(selection, desk: bench.desk).run { _ in }
    #expect(bench.told.takeHeard() == ["no"], "none of them was run, the last one was")
    #expect(end.count(.skipped) == expected.count)
    #expect(end.count(.sameError) == 1)
    #expect(end.ended == end.total)
    for failure in end.failed where failure.ending == .skipped {
      let obstacle = try #require(expected[failure.id])
      // A record in doubt was changed too; that is looked at behind it.
      #expect(failure.reason.contains(obstacle.reason), "\(obstacle): \(failure.reason)")
    }
    #expect(end.skipReasons.reduce(0) { $0 + $1.count } == expected.count)
    let changed = end.skipReasons.first { $0.reason.contains("changed by someone else") }
    #expect(changed?.count == 2)
  }

  @Test("that takes back opens what was closed by hand, and nothing a retry resolved")
  func reopen() async throws {
    let bench = try Workbench()
    for _ in 0..<2 { try await failingRun(bench) }
    let open = try await bench.open()
    _ = try await bench.desk.close(open[0].id, version: nil, reason: "too soon")
    bench.told.fail(on: "no", with: nil)
    let outcome = try await bench.desk.resume(open[1].id, version: nil, trigger: .manual).outcome
    try #require(outcome == .resolved)
    _ = bench.told.takeHeard()
    let selection = try await bench.desk.select(Set(open.map(\.id)), for: .reopen)
    let end = await BulkRun(selection, desk: bench.desk).run { _ in }
    #expect(end.succeeded == [open[0].id])
    #expect(end.failed.map(\.id) == [open[1].id])
    #expect(end.failed.first?.reason.contains("a retry resolved the record") == true)
    let record = try await bench.desk.record(open[0].id)
    #expect(record.summary.state == .unresolved)
    #expect(record.closingReason == nil)
    #expect(bench.told.takeHeard().isEmpty)
  }

  @Test("that is stopped begins no further record")
  func stop() async throws {
    let bench = try Workbench()
    for _ in 0..<4 { try await failingRun(bench) }
    let selection = try await bench.desk.select(RecordFilter(), except: [], for: .delete)
    let run = BulkRun(selection, desk: bench.desk, width: 1)
    run.stop()
    let end = await run.run { _ in }
    #expect(end.ended == 0)
    #expect(end.isStopped)
    #expect(end.notBegun == selection.items.map(\.id))
  }

  @Test("removes from the bin for good, and a number is never used again")
  func purge() async throws {
    let bench = try Workbench()
    try await failingRun(bench)
    let id = try #require(try await bench.desk.page(RecordFilter(), .first, limit: 1).first).id
    await #expect(throws: StoreError.self) { try await bench.desk.purge(id) }
    _ = try await bench.desk.delete(id, version: nil)
    try await bench.desk.purge(id)
    await #expect(throws: StoreError.self) { try await bench.desk.record(id) }
    #expect(try await bench.desk.counts()[.deleted] == 0)
    try await failingRun(bench)
    #expect(try await bench.desk.page(RecordFilter(), .first, limit: 9).count == 1)
  }
}
