import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite("What operators were typing", .fewAtOnce)
struct KeptTextTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(
    "one for each record, operator and purpose; nothing forgets it",
    arguments: StoreUnderTest.allCases)
  func texts(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    func text(_ text: String, _ purpose: KeptText.Purpose, _ author: String, of id: RecordID?)
      -> KeptText
    {
      KeptText(
        record: id, author: author, purpose: purpose, place: "1.order", text: text,
        date: Instant(milliseconds: 5))
    }
    try await store.keep(text("{", .json, "ada", of: record.id))
    try await store.keep(text("{1", .json, "ada", of: record.id))
    try await store.keep(text("because", .reason, "ada", of: record.id))
    try await store.keep(text("they", .reason, "ada", of: nil))
    try await store.keep(text("[", .json, "grace", of: record.id))
    #expect(
      try await store.keptTexts(of: record.id, by: "ada") == [
        text("{1", .json, "ada", of: record.id), text("because", .reason, "ada", of: record.id),
      ])
    #expect(
      try await store.keptTexts(of: nil, by: "ada") == [text("they", .reason, "ada", of: nil)])
    try await store.keep(text("", .json, "ada", of: record.id))
    #expect(try await store.keptTexts(of: record.id, by: "ada").map(\.purpose) == [.reason])
    #expect(try await store.keptTexts(of: record.id, by: "grace").map(\.text) == ["["])
    // A record that is purged takes them along.
    _ = try await store.move(
      record.id, version: nil,
      RecordChange(.deleted, author: "ada", date: Instant(milliseconds: 6)))
    try await store.purge(record.id)
    let next = try maker.record()
    _ = try await store.add(next)
    #expect(try await store.keptTexts(of: next.id, by: "grace") == [])
  }

  @Test(
    "what is typed in two sessions is kept side by side; an older text never replaces or forgets a newer one",
    arguments: StoreUnderTest.allCases)
  func sessions(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let record = try await RecordMaker(store).record()
    _ = try await store.add(record)
    func keep(_ text: String, _ session: String, _ sequence: Int, at date: Int64 = 5) async throws {
      try await store.keep(
        KeptText(
          record: record.id, author: "ada", session: session, sequence: sequence, purpose: .json,
          text: text, date: Instant(milliseconds: date)))
    }
    func texts() async throws -> [String] {
      try await store.keptTexts(of: record.id, by: "ada").map {
        "\($0.session) \($0.sequence) \($0.text)"
      }
    }
    try await keep("here", "one", 2, at: 7)
    try await keep("there", "two", 1, at: 8)
    #expect(try await texts() == ["two 1 there", "one 2 here"])
    try await keep("older", "one", 1, at: 9)
    try await keep("", "one", 1)
    #expect(try await texts() == ["two 1 there", "one 2 here"])
    try await keep("more", "one", 3, at: 9)
    #expect(try await texts() == ["one 3 more", "two 1 there"])
    try await keep("", "two", 1)
    #expect(try await texts() == ["one 3 more"])
  }

  @Test(
    "what was closed by hand opens again; what a retry resolved does not",
    arguments: StoreUnderTest.allCases)
  func reopen(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    func move(_ event: IncompleteEvent, _ reason: String? = nil) async throws {
      let before = try await store.record(record.id)
      let change = RecordChange(
        event, reason: reason, author: "ada", date: Instant(milliseconds: 7))
      let expected = try before.moved(by: change)
      let after = try await store.move(record.id, version: nil, change)
      #expect(after.summary.state == expected.summary.state)
      #expect(after.closingReason == expected.closingReason)
    }
    try await move(.closed, "by hand")
    try await move(.reopened)
    try await move(.closed, "once more")
    try await move(.deleted)
    try await move(.restored)
    try await move(.claimed)
    try await move(.finished)
    await #expect(throws: IllegalMove.self) { try await move(.reopened) }
    await #expect(throws: StoreError.self) {
      try await store.move(
        record.id, version: nil,
        RecordChange(.reopened, author: "ada", date: Instant(milliseconds: 8)))
    }
    #expect(try await store.notes(of: record.id).map(\.event).contains("reopened"))
  }
}
