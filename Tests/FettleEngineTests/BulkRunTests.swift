import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Synchronization
import Testing

@Suite("An action on many records")
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
    #expect(end.skipped == 1)
    #expect(end.failed.map(\.id) == [open[0].id])
    #expect(end.isOver)
    #expect(reports.withLock { $0 } == reports.withLock { $0.sorted() })
    let again = try await bench.desk.select(
      RecordFilter(states: [.resolved]), except: [], for: .resume)
    #expect(again.items.isEmpty)
    #expect(again.skipped == ["resolved already": open.count - 1])
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
