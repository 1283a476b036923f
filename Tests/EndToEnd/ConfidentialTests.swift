import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

@Suite("D28: what a confidential scenario leaves behind", .fewAtOnce)
struct ConfidentialTests {
  static let word = "planted-customer-5d1e"
  let bench: ServiceBench

  init() throws { bench = try ServiceBench() }

  /// The files of the store and what the daemons logged and printed, in which the word lies.
  private func filesWithTheWord() async throws -> [String] {
    let folder = bench.folder.path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasPrefix("s.db") || $0.hasPrefix("fettled") }
    #expect(names.contains("s.db"))
    return try await FileSearch.files(names.map { "\(folder)/\($0)" }, holding: Self.word)
  }

  private func hook(_ service: String, _ settings: String) async throws -> String {
    try await bench.webhook(
      "Care", ServiceBench.post(2, "\(service)/{{1.name}}/{{1.kind}}"), settings: settings)
  }

  private func send(_ base: String, _ path: String, url: String = "") async -> Int {
    await HTTPClient(base).send(
      "POST", path, ["Content-Type": "application/json"],
      #"{"name":"\#(Self.word)","kind":"old","url":"\#(url)","note":"\#(String(repeating: Self.word, count: 4000))"}"#
    ).status
  }

  /// A service that quotes what it refuses.
  private func service() -> LoopbackHTTP {
    LoopbackHTTP { request in
      request.path.hasSuffix("/new")
        ? .json(200, ["you": .text(request.path)])
        : .json(422, ["message": .text("no customer \(request.path)")])
    }
  }

  @Test("lies sealed: queue, journal, record, draft, index, log; who has the key mends it")
  func sealed() async throws {
    let service = service()
    let path = try await hook(service.base, #""dlq":true,"confidential":true"#)
    // In the queue: the scenario does not take events yet.
    try await bench.fettle(["schedule", bench.folder.path + "/Care.json", "--inactive"])
    var daemon = try bench.daemon()
    #expect(await send(try await daemon.base(), path) == 200)
    try await bench.wait("an event") { try await bench.waiting() == 1 }
    #expect(try await filesWithTheWord() == [])
    try await bench.fettle(["schedule", bench.folder.path + "/Care.json"])
    try await bench.wait("a record") { try await bench.store.counts().byState[.unresolved] == 1 }
    #expect(try await daemon.stop() == 0)
    try await bench.store.indexTexts()
    #expect(try await filesWithTheWord() == [])

    let summary = try #require(
      try await bench.store.page(RecordFilter(), .first, limit: 1).first)
    #expect(summary.seal == .sealed)
    #expect(summary.errorType == .data)
    let list = try await bench.fettle(["list"])
    #expect(list.contains("sealed") && !list.contains(Self.word))
    // Without the key: a clear refusal. This store was opened without one.
    await #expect {
      _ = try await bench.store.record(summary.id)
    } throws: { "\($0)".contains("sealed") }
    let stranger = try await Program.fettle(
      ["show", summary.id.text, "--store", bench.path], home: bench.folder.path,
      environment: ["FETTLE_KEY_FILE": bench.folder.path + "/elsewhere"])
    #expect(stranger.status != 0)
    #expect(stranger.errors.contains("FETTLE_KEY_FILE"), "\(stranger.errors)")
    #expect(!stranger.output.contains(Self.word))

    // With it: see, find, edit, resume.
    #expect(try await bench.fettle(["show", summary.id.text]).contains(Self.word))
    let found = try await bench.fettle(["list", "--filter", "bundle.name:\(Self.word)"])
    #expect(found.contains(summary.id.short))
    try await bench.fettle(["edit", summary.id.text, "--set", "1.kind=new-\(Self.word)"])
    #expect(try await filesWithTheWord() == [])
    try await bench.fettle(["edit", summary.id.text, "--set", "1.kind=new"])
    try await bench.fettle(["retry", summary.id.text])
    #expect(service.requests.last?.path == "/\(Self.word)/new")

    // Resolved: gone, and with it what had to be opened for it.
    #expect(try await filesWithTheWord() == [])
    let resolved = try await bench.store.record(summary.id)
    #expect(resolved.summary.seal == .removed)
    #expect(resolved.originalBundles.entries.isEmpty)
    #expect(resolved.edits.map(\.author).count == 2)
    #expect(!(try await bench.fettle(["show", summary.id.text]).contains(Self.word)))
    daemon = try bench.daemon()
    _ = try await daemon.base()
    #expect(try await daemon.stop() == 0)
    #expect(try await filesWithTheWord() == [])
  }

  @Test(
    "killed with signal 9: neither why a filter stopped it, nor what was being sent, nor a draft lies open",
    .enabled(if: TmuxSession.isInstalled, "tmux is not installed"))
  func killed() async throws {
    let slow = LoopbackHTTP { _ in .init(200, "late", delay: .seconds(60)) }
    let path = try await bench.webhook(
      "Care",
      #"""
      {"id":2,"module":"builtin:BasicRouter","routes":[
        {"flow":[{"id":3,"module":"util:ComposeTransformer","mapper":{"value":"x"},
          "filter":{"name":"nobody","conditions":[[{"a":"{{1.name}}","o":"text:equal","b":"nobody"}]]}}]},
        {"flow":[\#(ServiceBench.post(4, "{{1.url}}"))]}]}
      """#,
      settings: #""dlq":true,"confidential":true"#)
    let lease = ["FETTLE_LEASE": "2"]
    let first = try bench.daemon(environment: lease)
    #expect(
      await send(try await first.base(), path, url: "\(slow.base)/\(Self.word)") == 200)
    try await bench.wait("the service asked") { !slow.requests.isEmpty }
    try await first.kill()
    #expect(try await filesWithTheWord() == [])
    let second = try bench.daemon(environment: lease)
    _ = try await second.base()
    try await bench.wait("a record") {
      try await bench.store.counts().byState.values.reduce(0, +) == 1
    }
    try await bench.wait("its end") { try await !bench.ended().isEmpty }
    #expect(try await bench.ended().first?.summary.filtered == 1)
    #expect(try await second.stop() == 0)
    #expect(try await filesWithTheWord() == [])

    func terminal() throws -> TmuxSession {
      try TmuxSession(
        "\(Program.path) open --store \(bench.path)", columns: 100, rows: 28,
        environment: ["HOME": bench.folder.path])
    }
    do {
      let dying = try terminal()
      try await dying.wait(for: "1 open")
      try dying.press("Enter")
      try await dying.wait(for: "<< FAILED")
      try dying.press("e")
      try await dying.wait(for: "Enter keep")
      try dying.press("End", "C-u")
      try dying.type("changed-\(Self.word)")
      try dying.press("Enter")
      try await dying.wait(for: "UNSAVED")
      let id = try #require(try await bench.store.page(RecordFilter(), .first, limit: 1).first?.id)
      try await bench.wait("a draft") {
        do throws(StoreError) {
          return try await !bench.store.drafts(of: id, by: NSUserName()).isEmpty
        } catch {
          // It is there: this store has no key to open it with.
          guard case .sealed = error else { throw error }
          return true
        }
      }
      kill(try dying.processID(), SIGKILL)
    }
    #expect(try await filesWithTheWord() == [])
    let again = try terminal()
    try await again.wait(for: "1 open")
    try again.press("Enter")
    try await again.wait(for: "changed-planted-customer")
  }

  @Test("the same word of a scenario that is not confidential is found, so the search can find")
  func open() async throws {
    let service = service()
    let path = try await hook(service.base, #""dlq":true"#)
    let daemon = try bench.daemon()
    #expect(await send(try await daemon.base(), path) == 200)
    try await bench.wait("a record") { try await bench.store.counts().byState[.unresolved] == 1 }
    #expect(try await daemon.stop() == 0)
    #expect(try await !filesWithTheWord().isEmpty)
  }

  @Test("strict: nothing is stored, and the event is back in its queue, sealed")
  func strict() async throws {
    let service = service()
    let path = try await hook(service.base, #""dlq":true,"confidential":true"#)
    let daemon = try bench.daemon(environment: ["FETTLE_CONFIDENTIAL": "strict"])
    _ = await send(try await daemon.base(), path)
    try await bench.wait("an end") { try await bench.ended().count == 1 }
    #expect(try await daemon.stop() == 0)
    #expect(try await bench.ended().first?.summary.status == .error)
    #expect(try await bench.store.counts().byState.values.reduce(0, +) == 0)
    #expect(try await bench.waiting() == 1)
    #expect(try await filesWithTheWord() == [])
  }

  @Test("without a key a sender is told to come again, and a run does not begin")
  func keyless() async throws {
    let service = service()
    let path = try await hook(service.base, #""dlq":true,"confidential":true"#)
    let key = ["FETTLE_KEY_FILE": bench.folder.path + "/elsewhere"]
    let daemon = try bench.daemon(environment: key)
    #expect(await send(try await daemon.base(), path) == 503)
    #expect(try await daemon.stop() == 0)
    #expect(daemon.log.contains("FETTLE_KEY_FILE"))
    #expect(try await bench.waiting() == 0)
    #expect(service.requests.isEmpty)
  }
}
