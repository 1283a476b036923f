@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite("Apps that are described in files", .fewAtOnce)
struct DeclarativeAppTests {
  private func app(_ name: String) throws -> DeclarativeApp {
    try #require(DeclarativeApp.builtIn.first { $0.name == name })
  }

  @Test("that come with Fettle are all in the program, and all can be read")
  func builtIn() throws {
    let folder = Conformance.root + "/Sources/FettleConnectors/Apps"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(DeclarativeApp.files.map { $0.name + ".yaml" } == files)
    for file in DeclarativeApp.files {
      #expect(throws: Never.self, "\(file.name)") {
        try DeclarativeApp(yaml: String(decoding: file.text, as: UTF8.self))
      }
    }
  }

  @Test("the example of the article that tells the format can be read")
  func article() throws {
    let text = try String(
      contentsOfFile: Conformance.root
        + "/Sources/FettleEngine/FettleEngine.docc/DescribeAnApp.md", encoding: .utf8)
    let begin = try #require(text.range(of: "```yaml\n")).upperBound
    let end = try #require(text.range(of: "```\n", range: begin..<text.endIndex)).lowerBound
    #expect(try DeclarativeApp(yaml: String(text[begin..<end])).types == ["shop:CreateOrder"])
  }

  private func modules(
    _ name: String, _ base: String, kind: String, settings: Collection = [:], secret: String
  ) throws -> (modules: [any Module], connections: TestConnections) {
    var all: Collection = ["url": .text(base)]
    for field in settings.fields { all[field.name] = field.value }
    let connections = TestConnections(
      ["CONN": Connection(name: name, kind: kind, settings: all)],
      secrets: [name: [secret: "xoxb-sesame-sesame"]])
    return (try app(name).modules(connections: connections), connections)
  }

  @Test(
    "a message to Slack is what was mapped, and nothing else",
    arguments: ["slack:CreateMessage", "slack:ActionCreateMessage"])
  func slack(type: String) async throws {
    let server = LoopbackHTTP { _ in
      .json(200, ["ok": true, "ts": "17.5", "channel": "C1"])
    }
    let (modules, _) = try modules("slack", server.base, kind: "bearer", secret: "token")
    let output = try await perform(
      type, ["channel": "C1", "text": "hällo \"you\"", "thread_ts": ""],
      parameters: ["__IMTCONN__": "CONN"], apps: modules)
    #expect(output.bundles.first?["ts"] == "17.5")
    let request = try #require(server.requests.first)
    #expect(request.method == "POST" && request.path == "/chat.postMessage")
    #expect(request.headers["authorization"] == "Bearer xoxb-sesame-sesame")
    #expect(request.text == #"{"channel":"C1","text":"hällo \"you\""}"#)
    let empty = await failure(
      type, ["text": "x"], parameters: ["__IMTCONN__": "CONN"], apps: modules)
    #expect(empty?.type == .bundleValidation)
    let none = await failure(type, ["channel": "x"], apps: modules)
    #expect(none?.type == .invalidConfiguration)
  }

  @Test(
    "what Slack says in a body that is answered with 200 becomes its type",
    arguments: [
      ("invalid_auth", ErrorType.invalidAccessToken), ("ratelimited", .rateLimit),
      ("channel_not_found", .data), ("internal_error", .connection),
      ("already_reacted", .duplicateData),
    ])
  func slackErrors(said: String, type: ErrorType) async throws {
    let server = LoopbackHTTP { _ in
      .json(200, ["ok": false, "error": .text(said), "echo": "xoxb-sesame-sesame"])
    }
    let (modules, _) = try modules("slack", server.base, kind: "bearer", secret: "token")
    let error = await failure(
      "slack:CreateMessage", ["channel": "C1"], parameters: ["__IMTCONN__": "CONN"], apps: modules)
    #expect(error?.type == type)
    #expect(error.map { "\($0)" }?.contains("sesame") == false, "the answer held the token")
  }

  @Test("pages are asked for until there are no more, or enough")
  func pages() async throws {
    let server = LoopbackHTTP { request in
      let first = Int(request.query["offset"] ?? "0") ?? 0
      let records = (first..<first + 3).map { number -> Value in
        ["id": .text("rec\(number)"), "createdTime": "t", "fields": ["n": .integer(number)]]
      }
      return .json(
        200,
        first < 6
          ? ["records": .array(records), "offset": .text("\(first + 3)")]
          : ["records": .array(records)])
    }
    let (modules, _) = try modules("airtable", server.base, kind: "bearer", secret: "token")
    func search(_ limit: Value) async throws -> [Collection] {
      try await perform(
        "airtable:ActionSearchRecords",
        ["base": "app 1", "table": "tbl/2", "formula": "{a} = \"b\"", "maxRecords": limit],
        parameters: ["__IMTCONN__": "CONN"], apps: modules
      ).bundles
    }
    #expect(try await search("20").map { $0["id"] } == (0..<9).map { .text("rec\($0)") })
    #expect(server.requests.first?.query["filterByFormula"] == "{a} = \"b\"")
    #expect(server.requests.map(\.query["offset"]) == [nil, "3", "6"])
    #expect(try await search("4").count == 4)
    #expect(server.requests.count == 5)
  }

  @Test("a trigger emits what it has not seen, and advances with the commit")
  func trigger() async throws {
    let server = LoopbackHTTP { _ in
      .json(200, ["records": [["id": "a"], ["id": "b"], ["id": "c"]]])
    }
    let (modules, _) = try modules("airtable", server.base, kind: "bearer", secret: "token")
    var store = MemoryDataStore()
    func poll() async throws -> OperationOutput {
      try await perform(
        "airtable:TriggerWatchRecords", [:],
        parameters: ["__IMTCONN__": "CONN", "base": "b", "table": "t", "maxRecords": 2],
        apps: modules, dataStore: store)
    }
    let first = try await poll()
    #expect(first.bundles.map { $0["id"] } == ["a", "b"])
    #expect(try await poll().bundles.count == 2)
    store.commit(first.changes)
    let second = try await poll()
    #expect(second.bundles.map { $0["id"] } == ["c"])
    store.commit(second.changes)
    #expect(try await poll() == OperationOutput([]))
  }

  @Test("what a service has made is one bundle, where it stands alone in the answer")
  func single() async throws {
    let server = LoopbackHTTP { _ in
      .json(200, ["ok": true, "result": ["message_id": 5, "text": "x"]])
    }
    let (telegram, _) = try modules("telegram", server.base, kind: "app", secret: "token")
    let output = try await perform(
      "telegram:SendReplyMessage", ["chatId": 7, "text": "x"],
      parameters: ["__IMTCONN__": "CONN"], apps: telegram)
    #expect(output.bundles == [["message_id": 5, "text": "x"]])
  }

  @Test("what proves who asks stands where the service wants it: path, header with a prefix")
  func places() async throws {
    let server = LoopbackHTTP { request in
      .json(request.path.contains("bot") ? 401 : 200, ["description": .text(request.path)])
    }
    let (telegram, _) = try modules("telegram", server.base, kind: "app", secret: "token")
    let error = await failure(
      "telegram:SendReplyMessage", ["chatId": 7, "text": "x"],
      parameters: ["__IMTCONN__": "CONN"], apps: telegram)
    #expect(server.requests.first?.path == "/botxoxb-sesame-sesame/sendMessage")
    #expect(error?.type == .invalidAccessToken)
    #expect(error.map { "\($0)" }?.contains("sesame") == false)
    let (discord, _) = try modules(
      "discord", server.base, kind: "api-key",
      settings: ["name": "Authorization", "prefix": "Bot "], secret: "key")
    _ = try await perform(
      "discord:createMessage", ["channelId": "1", "content": "x"],
      parameters: ["__IMTCONN__": "CONN"], apps: discord)
    #expect(server.requests.last?.headers["authorization"] == "Bot xoxb-sesame-sesame")
  }

  @Test("a field that is left empty is as one that is not there")
  func leftEmpty() throws {
    let app = try DeclarativeApp(
      yaml:
        "app: x\nbase: http://h\nconnection:\nlogin:\nerrors:\nmodules: {A: {kind: ~, request: {}}}"
    )
    #expect(app.connection == nil && app.login.isEmpty && app.errors.isEmpty)
    #expect(app.types == ["x:A"])
  }

  @Test(
    "a slip of the pen is refused with its place",
    arguments: [
      ("app: x", "base"), ("app: x\nbase:\nmodules: {A: {request: {}}}", "base: is missing"),
      ("app: x\nbase: http://h\nmodul: {}", "modul"),
      ("app: x\nbase: http://h\nmodules: {}", "modules"),
      ("app: x\nbase: http://h\nmodules: {A: {}}", "modules.A.request"),
      ("app: x\nbase: http://h\nmodules: {A: {request: {metod: get}}}", "modules.A.request.metod"),
      (
        "app: x\nbase: http://h\nmodules: {A: {request: {path: '{{upper(}}'}}}",
        "modules.A.request.path"
      ),
      ("app: x\nbase: http://h\nconnection: magic\nmodules: {A: {request: {}}}", "connection"),
      (
        "app: x\nbase: http://h\nerrors: [{status: 1, type: No}]\nmodules: {A: {request: {}}}",
        "errors[1].type"
      ),
      ("app: x\nbase: http://h\nmodules: {A: {kind: trigger, request: {}}}", "modules.A.output"),
      ("app: x\nbase: http://h\nmodules: {A: {kind: webhook, request: {}}}", "modules.A.request"),
      ("app: [", "line 2"),
      (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
          + "bcdefghijk".map { letter in
            let before = Character(UnicodeScalar(letter.asciiValue.map { $0 - 1 } ?? 0))
            return "\(letter): &\(letter) ["
              + Array(repeating: "*\(before)", count: 10).joined(separator: ", ") + "]\n"
          }.joined(), "without references"
      ),
    ])
  func slips(yaml: String, place: String) {
    do throws(DeclarativeApp.Problem) {
      _ = try DeclarativeApp(yaml: yaml)
      Issue.record("it was taken")
    } catch { #expect("\(error)".contains(place), "\(error)") }
  }
}
