import FettleCore
import FettleSQLite
import FettleTestKit
import Testing

@Suite("Large values (durability 2)", .fewAtOnce)
struct LargeValueTests {
  let folder: TemporaryFolder
  let store: SQLiteStore
  let maker: RecordMaker
  let text = String(repeating: "Žluťoučký kůň\n", count: 20_000)
  let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  init() async throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore.open(path: folder.path + "/store.db")
    maker = try await RecordMaker(store)
  }

  private var bundle: Bundle {
    [
      "text": .text(text), "file": .buffer(Buffer(bytes)),
      "deep": [["again": .text(text), "named": .buffer(Buffer(bytes, encoding: "latin1"))]],
    ]
  }

  private func open(_ id: String, given: [Bundle]?) async throws {
    _ = try await store.open(
      ExecutionOpening(
        execution: ExecutionSummary(
          id: id, scenario: maker.scenario, started: Instant(milliseconds: 1)),
        blueprint: try Blueprint(json: Array(RecordMaker.blueprintText.utf8)), given: given,
        seed: 1, worker: "w", lease: Instant(milliseconds: 100)), claiming: nil)
  }

  private func note(_ id: String, entries: Int) async throws {
    try await store.append(
      (1...entries).map { number in
        JournalEntry(
          number: number, module: 2, date: Instant(milliseconds: 2),
          step: .finished(input: .collection(bundle), output: OperationOutput([bundle])))
      }, records: [], changes: [], to: id, by: "w", lease: Instant(milliseconds: 100),
      isConfidential: false)
  }

  private func end(_ id: String) async throws {
    var summary = ExecutionSummary(
      id: id, scenario: maker.scenario, started: Instant(milliseconds: 1))
    summary.ended = Instant(milliseconds: 3)
    summary.status = .success
    try await store.close(summary, [], outcome: nil, by: "w", isConfidential: false)
  }

  @Test("come back as they were, from the journal and from a record")
  func roundTrip() async throws {
    let record = try maker.record(bundle: bundle)
    _ = try await store.add(record)
    #expect(try await store.record(record.id).originalBundles[1] == bundle)
    try await open("e", given: [bundle])
    try await note("e", entries: 1)
    let entry = try #require(try await store.entries(of: "e").first)
    #expect(entry.input == .collection(bundle))
    let taken = try await store.takeOver(
      by: "x", now: Instant(milliseconds: 200), lease: Instant(milliseconds: 300), limit: 10)
    #expect(taken == ["e"])
    #expect(try await store.interrupted("e").opening.given == [bundle])
  }

  @Test(
    "are stored once, whatever number of operations and records hold them, and go with the last")
  func once() async throws {
    let empty = try await store.usedBytes()
    try await open("a", given: [bundle])
    try await note("a", entries: 20)
    try await end("a")
    let one = try await store.usedBytes() - empty
    #expect(one < 3 * (text.utf8.count + bytes.count))
    try await open("b", given: [bundle])
    try await note("b", entries: 20)
    try await end("b")
    let record = try maker.record(bundle: bundle)
    _ = try await store.add(record)
    #expect(try await store.usedBytes() - empty < one + 100_000)
    while try await store.prune(endedBefore: Instant(milliseconds: 1000)) > 0 {}
    #expect(
      try await store.record(record.id).originalBundles[1] == bundle, "a record keeps its own")
  }

  @Test("go with the last execution that held them")
  func released() async throws {
    let empty = try await store.usedBytes()
    try await open("a", given: [bundle])
    try await note("a", entries: 2)
    try await end("a")
    #expect(try await store.usedBytes() - empty > text.utf8.count)
    while try await store.prune(endedBefore: Instant(milliseconds: 1000)) > 0 {}
    #expect(try await store.usedBytes() - empty < 50_000)
  }
}
