import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite("A store keeps records", .fewAtOnce)
struct RecordTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("exactly as they were", arguments: StoreUnderTest.allCases)
  func exact(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    var random = SplitMix(seed: 42)
    for number in 1...60 {
      let record = try maker.record(
        state: Bool.random(using: &random) ? .pending : .unresolved, created: number,
        bundle: GeneratedValue.collection(using: &random))
      #expect(try await store.add(record) == number)
      var expected = record
      expected.summary.index = number
      #expect(try await store.record(record.id) == expected)
    }
  }

  @Test("with a text of 10 MB", arguments: StoreUnderTest.allCases)
  func large(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record(bundle: [
      "text": .text(String(repeating: "é\0", count: 3_500_000))
    ])
    _ = try await store.add(record)
    #expect(try await store.record(record.id).originalBundles == record.originalBundles)
  }

  @Test("and positions run per scenario", arguments: StoreUnderTest.allCases)
  func positions(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let other = try await store.scenario(named: "Other")
    #expect(try await store.scenario(named: "Other") == other)
    #expect(try await store.add(maker.record()) == 1)
    #expect(try await store.add(maker.record(in: other)) == 1)
    #expect(try await store.add(maker.record()) == 2)
  }

  @Test("that are not there are said not to be", arguments: StoreUnderTest.allCases)
  func missing(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    await #expect(throws: StoreError.self) { try await store.record(RecordID("ff")) }
    await #expect(throws: StoreError.self) { try await store.identify("") }
    await #expect(throws: StoreError.self) { try await store.identify("%") }
    let record = try maker.record()
    _ = try await store.add(record)
    #expect(try await store.identify(String(record.id.text.prefix(4)).uppercased()) == record.id)
  }

  @Test(
    "edits are appended, and a stale or a late one is refused", arguments: StoreUnderTest.allCases)
  func edits(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    let first = try maker.edit("1.email", "y", old: "x")
    let second = try maker.edit("1.date", .date(Instant(milliseconds: 7)))
    #expect(try await store.append([first, second], to: record.id, version: 1) == 2)
    await #expect(throws: StoreError.changedMeanwhile(currentVersion: 2)) {
      try await store.append([first], to: record.id, version: 1)
    }
    let stored = try await store.record(record.id)
    #expect(stored.edits == [first, second])
    #expect(stored.bundles[1] == ["email": "y", "date": .date(Instant(milliseconds: 7))])
    #expect(stored.originalBundles == record.originalBundles)
    _ = try await store.move(
      record.id, version: 2, RecordChange(.claimed, author: "w", date: Instant(milliseconds: 9)))
    await #expect(throws: StoreError.self) {
      try await store.append([first], to: record.id, version: 3)
    }
  }

  @Test(
    "moves follow the table; an illegal or stale one changes nothing",
    arguments: StoreUnderTest.allCases)
  func moves(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    for state in [IncompleteState.pending, .unresolved] {
      for event in IncompleteEvent.allCases {
        let record = try maker.record(state: state)
        _ = try await store.add(record)
        let change = RecordChange(event, author: "ada", date: Instant(milliseconds: 9))
        await #expect(throws: (any Error).self) {
          try await store.move(record.id, version: 7, change)
        }
        if let expected = try? state.after(event) {
          let after = try await store.move(record.id, version: 1, change)
          #expect(after.summary.state == expected)
          #expect(after.summary.version == 2)
        } else {
          await #expect(throws: StoreError.refused(IllegalMove(state: state, event: event))) {
            try await store.move(record.id, version: 1, change)
          }
          #expect(try await store.record(record.id).summary.version == 1)
        }
      }
    }
  }

  @Test(
    "a record whose worker died goes back to where it was, one whose worker lives does not",
    arguments: StoreUnderTest.allCases, [IncompleteState.pending, .unresolved])
  func leases(kind: StoreUnderTest, state: IncompleteState) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record(state: state)
    _ = try await store.add(record)
    let at = { (seconds: Int) in Instant(milliseconds: Int64(seconds) * 1000) }
    _ = try await store.move(
      record.id, version: 1, RecordChange(.claimed, lease: at(30), author: "w", date: at(0)))
    #expect(try await store.releaseExpiredLeases(now: at(29)).isEmpty)
    #expect(try await store.releaseExpiredLeases(now: at(31)) == [record.id])
    let after = try await store.record(record.id)
    #expect(after.summary.state == state)
    #expect(after.summary.nextRetry == record.summary.nextRetry)
    #expect(after.attempts.map(\.outcome) == [.interrupted])
    #expect(try await store.releaseExpiredLeases(now: at(99)).isEmpty)
    await #expect(throws: StoreError.self) {
      try await store.move(
        record.id, version: nil, RecordChange(.finished, author: "w", date: at(32)))
    }
  }

  @Test(
    "an attempt that failed elsewhere stores its successors with it",
    arguments: StoreUnderTest.allCases)
  func successors(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    let claim = RecordChange(.claimed, author: "w", date: Instant(milliseconds: 1))
    _ = try await store.move(record.id, version: 1, claim)
    var next = try maker.record(created: 1)
    next.predecessor = record.id
    let error = ModuleError(.data, "later")
    let outcome = Attempt.Outcome.failedElsewhere(error, at: 5, record: next.id)
    let after = try await store.move(
      record.id, version: nil,
      RecordChange(
        .failedElsewhere,
        attempt: Attempt(
          number: 1, trigger: .manual, executionID: "e2", started: Instant(milliseconds: 1),
          ended: Instant(milliseconds: 2), outcome: outcome),
        successors: [next], author: "w", date: Instant(milliseconds: 2)))
    #expect(after.summary.state == .resolved)
    #expect(after.successor == next.id)
    #expect(after.attempts.map(\.outcome) == [outcome])
    #expect(after.summary.attempts == 1)
    #expect(try await store.record(next.id).predecessor == record.id)
  }

  @Test(
    "a record that takes up the rest of its aggregation holds that alone, and is found by it",
    arguments: StoreUnderTest.allCases)
  func rest(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    _ = try await store.append(
      [maker.edit("1.email", "edited", old: "x")], to: record.id, version: 1)
    try await kind.indexTexts(of: store)
    let claim = RecordChange(.claimed, author: "w", date: Instant(milliseconds: 1))
    let claimed = try await store.move(record.id, version: 2, claim)

    let large = Value.text(String(repeating: "later ", count: 5_000))
    var rest = try maker.record(state: .pending, type: .rateLimit, bundle: ["email": large])
    rest.summary.failer = 1
    rest.summary.failerTitle = "B"
    rest.error = ModuleError(.rateLimit, "slowly")
    rest.summary.reason = rest.error.message
    rest.summary.size = 40_000
    rest.continuation = []
    rest.variables = Variables()
    rest.visits = []
    var change = RecordChange(
      .failedWithAttemptsLeft,
      attempt: Attempt(
        number: 1, trigger: .manual, executionID: "e2", started: Instant(milliseconds: 1),
        ended: Instant(milliseconds: 2),
        outcome: .failedElsewhere(rest.error, at: 1, record: nil)),
      nextRetry: Instant(milliseconds: 9), author: "w", date: Instant(milliseconds: 2))
    change.rest = rest
    let moved = try await store.move(record.id, version: nil, change)

    #expect(try moved == claimed.moved(by: change))
    #expect(moved.bundles == rest.originalBundles)
    #expect(moved.edits.count == 1)
    var filter = RecordFilter()
    filter.words = ["later"]
    #expect(try await store.page(filter, .first, limit: 5).map(\.id) == [record.id])
    #expect(try await store.counts().openBytes == 40_000)
    #expect(
      try await store.groups().map(\.moduleTitle) == ["B"])
  }
}

@Suite("A store lists records", .fewAtOnce)
struct PageTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(
    "page by page from either end, each once, whatever is added meanwhile",
    arguments: StoreUnderTest.allCases)
  func pages(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    var ids: [RecordID] = []
    for number in 0..<53 {
      // Several of the same second, so that the identity has to order them.
      let record = try maker.record(
        state: number % 3 == 0 ? .pending : .unresolved, created: number / 4)
      _ = try await store.add(record)
      ids.append(record.id)
    }
    var down: [IncompleteSummary] = []
    var request = PageRequest.first
    while true {
      let page = try await store.page(RecordFilter(), request, limit: 7)
      down += page
      guard page.count == 7, let last = page.last else { break }
      request = .after(RecordPlace(last))
      _ = try await store.add(maker.record(created: 1000))
    }
    #expect(down.map(\.id).count == 53)
    #expect(Set(down.map(\.id)) == Set(ids))
    #expect(down == down.sorted { ($0.created, $0.id) > ($1.created, $1.id) })

    var up: [IncompleteSummary] = []
    request = .last
    while true {
      let page = try await store.page(RecordFilter(), request, limit: 7)
      up = page + up
      guard page.count == 7, let first = page.first else { break }
      request = .before(RecordPlace(first))
    }
    #expect(up.suffix(53).map(\.id) == down.map(\.id))
  }

  @Test(
    "whose retry is due, in the order of their queue; in order only the oldest open one",
    arguments: StoreUnderTest.allCases)
  func due(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let other = try await store.scenario(named: "Other")
    // The later ones are due earlier: the order is that of the queue.
    let records = try (0..<5).map { try maker.record(state: .pending, created: -100 * $0) }
    let (waiting, elsewhere) = (try maker.record(), try maker.record(state: .pending, in: other))
    for record in records + [waiting, elsewhere] { _ = try await store.add(record) }
    let now = Instant(milliseconds: 1_700_000_000_000 + 550_000)
    #expect(try await store.scenariosWithDue(at: now) == [maker.scenario])
    func due(
      _ limit: Int, inOrder: Bool = false, at now: Instant = now
    ) async throws -> [RecordID] {
      try await store.due(at: now, of: maker.scenario, inOrder: inOrder, limit: limit).map(\.id)
    }
    // The first of the queue is due fifty seconds later.
    #expect(try await due(3) == records[1...3].map(\.id))
    #expect(try await due(10) == records[1...4].map(\.id))
    #expect(try await due(10, inOrder: true).isEmpty)
    #expect(try await due(10, inOrder: true, at: now.advanced(bySeconds: 60)) == [records[0].id])
    #expect(try await store.due(at: now, of: other, inOrder: false, limit: 9).isEmpty)
    #expect(try await store.scenariosWithDue(at: now.advanced(bySeconds: -600)).isEmpty)
  }

  @Test("by state, kind, scenario and text", arguments: StoreUnderTest.allCases)
  func filters(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let other = try await store.scenario(named: "Other")
    let a = try maker.record(type: .data)
    let b = try maker.record(state: .pending, type: .connection, created: 1)
    let c = try maker.record(type: .data, created: 2, in: other)
    for record in [a, b, c] { _ = try await store.add(record) }
    func ids(_ filter: RecordFilter) async throws -> [RecordID] {
      try await store.page(filter, .first, limit: 10).map(\.id)
    }
    #expect(try await ids(RecordFilter()) == [c.id, b.id, a.id])
    #expect(try await ids(RecordFilter(states: [.pending])) == [b.id])
    #expect(try await ids(RecordFilter(errorTypes: [.data])) == [c.id, a.id])
    #expect(try await ids(RecordFilter(scenarios: [other], errorTypes: [.data])) == [c.id])
    #expect(try await ids(RecordFilter(text: "100%_")).count == 3)
    #expect(try await ids(RecordFilter(text: "100_%")).isEmpty)
    #expect(try await ids(RecordFilter(text: String(b.id.text.prefix(12)))) == [b.id])
    #expect(try await ids(RecordFilter(states: [.resolved])).isEmpty)
  }

  @Test("and tells whether anything was written, by whomever", arguments: StoreUnderTest.allCases)
  func marks(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let other = try kind.open(in: folder)
    let first = try await store.mark()
    _ = try await store.page(RecordFilter(), .first, limit: 10)
    _ = try await store.counts()
    #expect(try await store.mark() == first, "reading changes nothing")
    _ = try await store.add(maker.record())
    let second = try await store.mark()
    #expect(second != first, "by the same program")
    _ = try await other.add(maker.record())
    let third = try await store.mark()
    #expect(third != second, "by another one")
    #expect(try await store.mark() == third)
  }

  @Test("and counts them as they move, without counting", arguments: StoreUnderTest.allCases)
  func counts(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    _ = try await store.add(maker.record(state: .pending))
    #expect(
      try await store.counts()
        == RecordCounts(byState: [.unresolved: 1, .pending: 1], openBytes: 200))
    _ = try await store.move(
      record.id, version: 1,
      RecordChange(.closed, reason: "done by hand", author: "ada", date: Instant(milliseconds: 1)))
    let counts = try await store.counts()
    #expect(counts[.resolved] == 1)
    #expect(counts[.unresolved] == 0)
    #expect(counts.openBytes == 100)
    #expect(try await store.record(record.id).closingReason == "done by hand")
  }
}
