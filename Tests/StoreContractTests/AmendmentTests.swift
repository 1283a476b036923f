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
    "the newest draft of each operator, until it is dropped", arguments: StoreUnderTest.allCases)
  func drafts(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    let path = try ValuePath(parsing: "1.email")
    func draft(_ author: String, _ sequence: Int, _ value: Value?) -> KeptDraft {
      KeptDraft(
        record: record.id, author: author, version: 1, sequence: sequence,
        drafts: [
          Draft(path: path, value: value), Draft(path: path, value: nil),
          Draft(path: path, value: .null, in: .mapping),
        ], withheld: 1, date: Self.date)
    }
    #expect(try await store.draft(of: record.id, by: "ada") == nil)
    try await store.keep(draft("ada", 2, "b"))
    // Written by another thread and late: it must not win.
    try await store.keep(draft("ada", 1, "a"))
    try await store.keep(draft("grace", 1, .date(Self.date)))
    #expect(try await store.draft(of: record.id, by: "ada") == draft("ada", 2, "b"))
    #expect(
      try await store.draft(of: record.id, by: "grace") == draft("grace", 1, .date(Self.date)))
    try await store.dropDraft(of: record.id, by: "ada", upTo: 1)
    #expect(try await store.draft(of: record.id, by: "ada") != nil)
    try await store.dropDraft(of: record.id, by: "ada", upTo: 2)
    #expect(try await store.draft(of: record.id, by: "ada") == nil)
    #expect(
      try await store.record(record.id)
        == {
          var same = record; same.summary.index = 1; return same
        }())
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
