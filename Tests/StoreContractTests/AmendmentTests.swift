import FettleCore
import FettleTestKit
import Testing

@Suite("A store keeps what operators do to a record", .fewAtOnce)
struct AmendmentTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let date = Instant(milliseconds: 7)

  private func mapping(_ maker: RecordMaker) throws -> Amendment {
    let path = try ValuePath(parsing: "2.to")
    let blueprint = try Blueprint(json: Array(RecordMaker.blueprintText.utf8))
      .replacingMapping(at: path, with: "{{1.mail}}")
    return Amendment(
      edits: [try maker.edit("1.email", "y", old: "x")],
      mappings: [
        MappingEdit(
          path: path, old: nil, new: "{{1.mail}}", isInScenario: true, author: "ada",
          date: Self.date)
      ], blueprint: blueprint, author: "ada", date: Self.date)
  }

  @Test("edits and mappings together, with old and new", arguments: StoreUnderTest.allCases)
  func together(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    let amendment = try mapping(maker)
    #expect(try await store.amend(record.id, version: 1, amendment) == 2)
    let after = try await store.record(record.id)
    #expect(after.edits == amendment.edits)
    #expect(after.mappingEdits == amendment.mappings)
    #expect(after.blueprint == amendment.blueprint)
    #expect(after.originalBundles == record.originalBundles)
    #expect(after.summary.version == 2)
    let notes = try await store.notes(of: record.id)
    #expect(notes.map(\.event) == ["blueprintReplaced"])
    #expect(notes.first?.author == "ada")
  }

  @Test("all or nothing, when somebody was faster", arguments: StoreUnderTest.allCases)
  func stale(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    _ = try await store.append([maker.edit("1.email", "z")], to: record.id, version: 1)
    let amendment = try mapping(maker)
    await #expect(throws: StoreError.changedMeanwhile(currentVersion: 2)) {
      try await store.amend(record.id, version: 1, amendment)
    }
    let after = try await store.record(record.id)
    #expect(after.edits.count == 1)
    #expect(after.mappingEdits == [])
    #expect(after.blueprint == record.blueprint)
  }

  @Test("another place to go on at", arguments: StoreUnderTest.allCases)
  func restart(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    _ = try await store.amend(
      record.id, version: 1,
      Amendment(
        restart: Amendment.Restart(module: 1, continuation: []), author: "ada", date: Self.date))
    let after = try await store.record(record.id)
    #expect(after.summary.failer == 1)
    #expect(after.continuation == [])
    #expect(try await store.notes(of: record.id).map(\.event) == ["restartMoved"])
  }

  @Test(
    "the newest draft of each operator in each session, until it is dropped",
    arguments: StoreUnderTest.allCases)
  func drafts(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    let path = try ValuePath(parsing: "1.email")
    func draft(
      _ author: String, _ session: String, _ sequence: Int, _ value: Value?, at date: Int64 = 5
    ) -> KeptDraft {
      KeptDraft(
        record: record.id, author: author, session: session, version: 1, sequence: sequence,
        drafts: [
          Draft(path: path, value: value), Draft(path: path, value: nil),
          Draft(path: path, value: .null, in: .mapping),
        ], withheld: 1, date: Instant(milliseconds: date))
    }
    #expect(try await store.drafts(of: record.id, by: "ada") == [])
    try await store.keep(draft("ada", "one", 2, "b"))
    // Written by another thread and late: it must not win.
    try await store.keep(draft("ada", "one", 1, "a"))
    try await store.keep(draft("grace", "one", 1, .date(Self.date)))
    // What is changed in two terminals is kept side by side, the newest first.
    try await store.keep(draft("ada", "two", 1, "c", at: 6))
    #expect(
      try await store.drafts(of: record.id, by: "ada") == [
        draft("ada", "two", 1, "c", at: 6), draft("ada", "one", 2, "b"),
      ])
    #expect(
      try await store.drafts(of: record.id, by: "grace")
        == [draft("grace", "one", 1, .date(Self.date))])
    try await store.dropDraft(of: record.id, by: "ada", in: "one", upTo: 1)
    #expect(try await store.drafts(of: record.id, by: "ada").count == 2)
    try await store.dropDraft(of: record.id, by: "ada", in: "one", upTo: 2)
    #expect(try await store.drafts(of: record.id, by: "ada").map(\.session) == ["two"])
    #expect(
      try await store.record(record.id)
        == {
          var same = record; same.summary.index = 1; return same
        }())
  }

  @Test(
    "a draft that was left is gone on with in one session, and in one only",
    arguments: StoreUnderTest.allCases)
  func takenDraft(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let record = try await RecordMaker(store).record()
    _ = try await store.add(record)
    let change = Draft(path: try ValuePath(parsing: "1.email"), value: "b")
    func draft(_ session: String, _ sequence: Int) -> KeptDraft {
      KeptDraft(
        record: record.id, author: "ada", session: session, version: 1, sequence: sequence,
        drafts: [change], date: Instant(milliseconds: 5))
    }
    func take(_ session: String, _ other: String) async throws -> KeptDraft? {
      try await store.takeDraft(of: record.id, by: "ada", from: session, to: other)
    }
    try await store.keep(draft("dead", 7))
    #expect(try await take("dead", "one") == draft("one", 7))
    #expect(try await take("dead", "two") == nil)
    #expect(try await take("one", "one") == draft("one", 7))
    // Who has one keeps it.
    try await store.keep(draft("gone", 3))
    #expect(try await take("gone", "one") == nil)
    #expect(
      Set(try await store.drafts(of: record.id, by: "ada")) == [draft("one", 7), draft("gone", 3)])
    // A program that lives after all keeps its own again.
    try await store.keep(draft("dead", 8))
    #expect(try await store.drafts(of: record.id, by: "ada").count == 3)
  }

  @Test("a line of the audit", arguments: StoreUnderTest.allCases)
  func notes(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    let note = RecordNote(
      RecordNote.revealed, detail: "1.token", author: "ada", date: Self.date)
    try await store.note(note, on: record.id)
    _ = try await store.move(
      record.id, version: 1,
      RecordChange(.closed, reason: "by hand", author: "grace", date: Instant(milliseconds: 9)))
    #expect(
      try await store.notes(of: record.id) == [
        note,
        RecordNote("closed", detail: "by hand", author: "grace", date: Instant(milliseconds: 9)),
      ])
    await #expect(throws: StoreError.self) { try await store.notes(of: RecordID("ff")) }
  }
}
