import FettleCore
import FettleSQLite
import FettleTestKit
import Testing

@Suite("Searching the texts of records", .fewAtOnce)
struct SearchTests {
  let folder: TemporaryFolder
  let store: SQLiteStore
  let maker: RecordMaker

  init() async throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore.open(path: folder.path + "/store.db")
    maker = try await RecordMaker(store)
  }

  private func add(_ bundle: Bundle, created: Int) async throws {
    _ = try await store.add(maker.record(created: created, bundle: bundle))
  }

  private func found(_ text: String, states: Set<IncompleteState> = []) async throws -> [Value?] {
    var emails: [Value?] = []
    for row in try await store.page(
      RecordFilter(states: states, text: text), .first, limit: 100)
    {
      emails.append(try await store.record(row.id).originalBundles[1]?["email"])
    }
    return emails
  }

  @Test("finds words in the data, whether the index has come to the record or not")
  func data() async throws {
    try await add(["email": "ada@example.org", "note": "Žlutý kůň"], created: 1)
    try await add(["email": "grace@example.org", "deep": ["list": [["n": 4711]]]], created: 2)
    #expect(try await found("ada@") == ["ada@example.org"])
    try await store.indexTexts()
    try await add(["email": "late@example.org"], created: 3)
    #expect(try await found("ada@") == ["ada@example.org"])
    #expect(try await found("4711") == ["grace@example.org"])
    #expect(try await found("kůň") == ["ada@example.org"])
    #expect(
      try await found("example.org")
        == ["late@example.org", "grace@example.org", "ada@example.org"])
    #expect(try await found("example 4711") == ["grace@example.org"], "every word has to be there")
    #expect(try await found("nowhere") == [])
    #expect(try await found("ada@", states: [.resolved]) == [], "with the rest of the filter")
  }

  @Test(
    "takes a word as it is written",
    arguments: ["\"", "a\"b", "100%_sure", "NEAR(x y)", "a* OR b", "'; DROP TABLE record; --"])
  func literal(word: String) async throws {
    try await add(["email": "x", "word": .text("<\(word)>")], created: 1)
    try await add(["email": "y"], created: 2)
    for _ in 0..<2 {
      let emails = try await found(word)
      #expect(emails.contains("x") || word.count < 3 || word.contains(" "))
      #expect(!emails.contains("y") || word == "100%_sure")
      try await store.indexTexts()
    }
  }

  @Test("fills the index by itself, soon after a record was stored")
  func background() async throws {
    try await add(["email": "ada@example.org"], created: 1)
    for _ in 0..<200 where try await store.unindexedTexts() > 0 {
      try await Task.sleep(for: .milliseconds(25))
    }
    #expect(try await store.unindexedTexts() == 0)
  }
}
