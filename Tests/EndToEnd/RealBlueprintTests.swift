import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

private let folderOfReal = Conformance.folder + "/blueprints/official"

@Suite(
  "A real blueprint, its calls going to a local server",
  .enabled(
    if: FileManager.default.fileExists(atPath: folderOfReal),
    "the real blueprints are not beside this checkout"), .fewAtOnce)
struct RealBlueprintTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The export as it is, but for the host it calls.
  func local(_ name: String, _ base: String) throws -> String {
    let text = try String(contentsOfFile: "\(folderOfReal)/\(name).json", encoding: .utf8)
    let hosts = text.matches(of: /https:\/\/[a-z.]+/).map { String($0.output) }
    #expect(!hosts.isEmpty)
    return try folder.file(
      name + ".json", Set(hosts).reduce(text) { $0.replacing($1, with: base) })
  }

  func run(_ blueprint: String, _ bundles: String) async throws -> Program.Result {
    try await Program.fettle(
      [
        "run", blueprint, "--bundles", folder.file("bundles.json", bundles), "--store",
        folder.path + "/s.db",
      ], home: folder.path)
  }

  @Test("webhook-to-http forwards what the hook received")
  func webhookToHTTP() async throws {
    let server = LoopbackHTTP { _ in .json(201, ["ok": true]) }
    let result = try await run(
      local("webhook-to-http", server.base), #"[{"email":"ada@example.org","name":"Ada"}]"#)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(server.requests.map(\.method) == ["POST"])
    let body = try JSONReader.read(try #require(server.requests.first?.body)).collection
    #expect(body?["email"] == "ada@example.org")
    #expect(body?["name"] == "Ada")
  }

  @Test("filter-gate lets 51 pass and 50 not")
  func filterGate() async throws {
    let server = LoopbackHTTP { _ in .json(200, [:]) }
    let result = try await run(
      local("filter-gate", server.base),
      #"[{"score":51,"email":"a@example.org","name":"A"},{"score":50,"email":"b@example.org","name":"B"}]"#
    )
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(server.requests.count == 1)
  }

  @Test(
    "webhook-router-error-handler: both routes run, and a 500 is ignored as its author said",
    arguments: [200, 500])
  func router(status: Int) async throws {
    let server = LoopbackHTTP { _ in .json(status, ["message": "answer"]) }
    let result = try await run(
      local("webhook-router-error-handler", server.base),
      #"[{"email":"a@example.org","name":"A","score":80},{"email":"b@example.org","name":"B","score":3}]"#
    )
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(server.requests.map(\.path) == ["/hot-leads"])
    let body = try JSONReader.read(try #require(server.requests.first?.body)).collection
    #expect(body?["score"] == 80)
    #expect(Instant(iso8601: body?["received"]?.text ?? "") != nil, "formatDate(now; …)")
  }

  @Test("iterator-aggregator: the items of an order become one request, in their order")
  func iterator() async throws {
    let server = LoopbackHTTP { _ in .json(200, ["ok": true]) }
    let result = try await run(
      local("iterator-aggregator", server.base),
      #"[{"items":[{"name":"Pen","qty":3},{"name":"Ink","qty":1}]},{"items":[{"name":"Pad","qty":2}]}]"#
    )
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let summaries = try server.requests.map {
      try JSONReader.read($0.body).collection?["summary"]
    }
    #expect(server.requests.allSatisfy { $0.path == "/order-summaries" && $0.method == "POST" })
    #expect(summaries == ["Pen × 3, Ink × 1", "Pad × 2"])
  }

  @Test(
    "scheduled-http-poll: an alert is sent when the status is another than ok",
    arguments: [("ok", 0), ("degraded", 1)])
  func poll(status: String, alerts: Int) async throws {
    let server = LoopbackHTTP { request in
      request.method == "GET"
        ? .json(200, ["status": .text(status)]) : .json(201, ["ok": true])
    }
    let store = folder.path + "/s.db"
    let planned = try await Program.fettle(
      [
        "schedule", local("scheduled-http-poll", server.base), "--set",
        #"{"type":"indefinitely","interval":3600}"#, "--store", store,
      ], home: folder.path)
    #expect(planned.status == 0, "\(planned.errors)")
    let daemon = try Daemon(store: store, in: folder)
    let opened = try SQLiteStore.openExisting(path: store)
    for _ in 0..<1200 {
      let runs = try await opened.executions(of: nil, limit: 1)
      if runs.first?.summary.ended != nil { break }
      try await Task.sleep(for: .milliseconds(25))
    }
    #expect(server.requests.count { $0.method == "GET" } == 1)
    let posts = server.requests.filter { $0.method == "POST" }
    #expect(posts.map(\.path) == Array(repeating: "/alerts", count: alerts))
    #expect(try await daemon.stop() == 0)
  }

  @Test("every official pattern is checked and drawn")
  func check() async throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: folderOfReal)
    for file in files.sorted() where file.hasSuffix(".json") {
      let result = try await Program.fettle(
        ["check", "\(folderOfReal)/\(file)"], home: folder.path)
      #expect(result.status == 0, "\(file): \(result.output)\(result.errors)")
      #expect(result.output.contains("· 1 "))
    }
  }

  @Test("webhook-api-endpoint: the caller of its webhook gets what the scenario answers")
  func endpoint() async throws {
    let store = folder.path + "/s.db"
    let planned = try await Program.fettle(
      ["schedule", "\(folderOfReal)/webhook-api-endpoint.json", "--store", store],
      home: folder.path)
    #expect(planned.status == 0, "\(planned.errors)")
    let path = try #require(
      planned.output.split { " ,\n".contains($0) }.first { $0.hasPrefix("/hook/") })
    let daemon = try Daemon(store: store, in: folder)
    let answer = await HTTPClient(try await daemon.base()).send(
      "POST", String(path), ["Content-Type": "application/json"], #"{"email":"ada@example.org"}"#)
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"] == "application/json")
    #expect(answer.text == #"{"ok": true, "received": "ada@example.org"}"#)
    #expect(try await daemon.stop() == 0)
  }

  @Test("datastore-dedupe: the same id twice is sent once, and remembered with its date")
  func dedupe() async throws {
    let server = LoopbackHTTP { _ in .json(200, ["ok": true]) }
    let result = try await run(
      local("datastore-dedupe", server.base),
      #"[{"id":"7","email":"a@example.org"},{"id":"7","email":"a@example.org"},{"id":"8","email":"b@example.org"}]"#
    )
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(server.requests.count == 2)
    let store = try SQLiteStore.openExisting(path: folder.path + "/s.db")
    let remembered = try await store.dataRecord("7", in: "default")
    #expect(remembered?["email"] == "a@example.org")
    #expect(remembered?["processedAt"]?.kind == .date)
  }
}
