import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

/// Every kind of secret in one store, told back by the service in answers and errors: nothing that
/// the programs show, answer, log or leave behind may hold one.
@Suite("Planted secrets, from the connection to the screen", .fewAtOnce)
struct PlantedSecretTests {
  private static let password = "planted-password-81c0"
  private static let headerKey = "planted-header-key-2f7e"
  private static let queryKey = "planted-query-key-93ab"
  private static let clientSecret = "planted-client-secret-0d4d"
  private static let refreshToken = "planted-refresh-token-6c1b"
  private static let accessToken = "planted-access-token-e5f2"
  private static let hookKey = "planted-hook-key-77aa"
  /// Stands in the blueprint itself, as people do it; what the service tells back of it is taken out.
  private static let inline = "planted-inline-token-4b39"
  private static let planted = [
    password, headerKey, queryKey, clientSecret, refreshToken, accessToken, hookKey,
  ]

  /// A service that tells back whatever it is told.
  private static func service() -> LoopbackHTTP {
    LoopbackHTTP { request in
      if request.path == "/token" {
        return .json(200, ["access_token": .text(accessToken), "expires_in": 3600])
      }
      let told = Value.collection(
        Collection(
          request.headers.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) }
            + request.query.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) }))
      if request.path.hasPrefix("/ok") { return .json(200, ["you": told]) }
      return .json(
        422,
        [
          "message": .text("refused: \(JSONWriter.text(told))"), "field": "url",
          "error": ["status": "INVALID_ARGUMENT", "message": .text(JSONWriter.text(told))],
          "errors": [["message": told]],
        ])
    }
  }

  private static func call(_ id: Int, _ module: String, _ parameters: String, _ url: String)
    -> String
  {
    #"""
    {"id":\#(id),"module":"http:\#(module)","version":3,
     "parameters":{\#(parameters),"handleErrors":true},
     "mapper":{"url":"\#(url)","method":"get","parseResponse":true}}
    """#
  }

  @Test("none is shown, answered, logged or left behind")
  func everywhere() async throws {
    let caller = try await APICaller()
    let bench = caller.bench
    let service = Self.service()
    let base = service.base
    for (arguments, input) in [
      (["desk", "basic", "--set", "user=ada", "--secret", "password"], Self.password),
      (["shop", "api-key", "--secret", "key"], Self.headerKey),
      (["maps", "api-key", "--set", "placement=query", "--secret", "key"], Self.queryKey),
      (
        [
          "google", "oauth2", "--app", "google-sheets", "--set", "url=\(base)/bad", "--set",
          "token-url=\(base)/token", "--set", "client-id=fettle", "--secret", "client-secret",
          "--secret", "refresh-token",
        ], Self.clientSecret + "\n" + Self.refreshToken
      ),
    ] {
      try await bench.fettle(["connection", "add"] + arguments, input: input + "\n")
    }
    var outputs: [String] = []
    let scenarios: [(name: String, first: String, then: String)] = [
      (
        "Basic", Self.call(2, "ActionSendDataBasicAuth", #""auth":"desk""#, base + "/ok"),
        Self.call(3, "ActionSendDataBasicAuth", #""auth":"desk""#, base + "/bad")
      ),
      (
        "Header", Self.call(2, "ActionSendDataAPIKeyAuth", #""auth":"shop""#, base + "/ok"),
        Self.call(3, "ActionSendDataAPIKeyAuth", #""auth":"shop""#, base + "/bad")
      ),
      (
        "Query", Self.call(2, "ActionSendDataAPIKeyAuth", #""auth":"maps""#, base + "/ok"),
        Self.call(3, "ActionSendDataAPIKeyAuth", #""auth":"maps""#, base + "/bad")
      ),
      (
        "Sheets", #"{"id":2,"module":"util:SetVariable2","mapper":{"name":"a","value":"1"}}"#,
        #"""
        {"id":3,"module":"google-sheets:addRow","parameters":{"__IMTCONN__":"google"},
         "mapper":{"spreadsheetId":"S","sheetId":"X","values":{"0":"{{1.note}}"}}}
        """#
      ),
    ]
    for (name, first, then) in scenarios {
      let file = try bench.folder.file(
        "\(name).json",
        #"""
        {"name":"\#(name)","flow":[{"id":1,"module":"gateway:CustomWebHook"},\#(first),\#(then)],
         "metadata":{"scenario":{"dlq":true}}}
        """#)
      let given = try bench.folder.file("given.json", #"[{"note":"hello"}]"#)
      outputs.append(try await bench.fettle(["run", file, "--bundles", given], expecting: 3))
    }
    // The service was really told the secrets.
    let asked = service.requests
    #expect(asked.contains { $0.headers["x-api-key"] == Self.headerKey })
    #expect(asked.contains { $0.query.values.contains(Self.queryKey) })
    #expect(asked.contains { $0.headers["authorization"] == "Bearer \(Self.accessToken)" })
    #expect(asked.contains { $0.text.contains(Self.refreshToken) })

    // A webhook that asks for a signature; whoever has none is turned away, and that is logged.
    let path = try await bench.webhook("Signed", Self.failing(base))
    try await bench.fettle(
      [
        "hook", "set", "1", "--secret-header", "X-Signature", "--secret-file", "-", "--hmac",
        "sha256",
      ], input: Self.hookKey)
    caller.daemon.reload()
    let body = "signed"
    let code = try await Program.fettle(
      ["eval", #"{{sha256("\#(body)"; "hex"; "\#(Self.hookKey)")}}"#], home: bench.folder.path
    ).output.filter { $0.isHexDigit }
    let headers = ["Content-Type": "text/plain", "X-Signature": "sha256=\(code)"]
    _ = await caller.client.send("POST", path, headers, body)
    #expect(
      await caller.client.send("POST", path, ["Content-Type": "text/plain"], body).status
        == 401)

    let records = try await caller.records()
    #expect(records.count >= 4)
    for record in records {
      let id = record.id.text
      try await bench.fettle(["edit", id, "--set", "1.note=again"])
      outputs.append(try await bench.fettle(["retry", id], expecting: 1))
      outputs.append(try await bench.fettle(["show", id]))
      outputs.append(try await bench.fettle(["show", id, "--json"]))
      for call in ["", "/bundle", "/blueprint", "/logs"] {
        let answer = await caller.call("GET", "dlqs/\(id)\(call)")
        #expect(answer.status == 200)
        outputs.append(JSONWriter.text(answer.json))
      }
      outputs.append(
        JSONWriter.text(await caller.call("POST", "dlqs/\(id)/check", "{}").json))
    }
    for execution in try await bench.ended() {
      outputs.append(try await bench.fettle(["log", execution.summary.id]))
      outputs.append(try await bench.fettle(["log", execution.summary.id, "--json"]))
    }
    for arguments in [
      ["list"], ["list", "--json"], ["history"], ["history", "--json"], ["connection", "list"],
      ["connection", "list", "--json"], ["hook", "list"], ["hook", "list", "--json"],
      ["scenarios"], ["hook", "queue", "1", "--json"],
    ] { outputs.append(try await bench.fettle(arguments)) }
    for call in ["dlqs?scenarioId=1", "scenarios", "scenarios/1", "scenarios/1/logs"] {
      outputs.append(JSONWriter.text(await caller.call("GET", call).json))
    }
    outputs.append(await caller.client.send("GET", "/metrics").text)
    for name in ["desk", "shop", "maps", "google"] {
      let test = try await Program.fettle(
        ["connection", "test", name, "--url", base + "/bad", "--store", bench.path],
        home: bench.folder.path)
      outputs += [test.output, test.errors]
    }
    outputs += try await screens(bench, records: records.count)
    _ = try await caller.daemon.stop()
    outputs.append(caller.daemon.log)
    for secret in Self.planted {
      let forms = [secret, Buffer(Array(secret.utf8)).base64]
      for output in outputs {
        for form in forms where output.contains(form) {
          let place = output.range(of: form).map { found in
            String(output[..<found.lowerBound].suffix(200))
          }
          Issue.record("\(form) is shown after: \(place ?? "")")
        }
      }
      for form in forms { #expect(try await files(bench, holding: form) == []) }
    }
    // What was written into a blueprint is where it was written, and nowhere else.
    #expect(asked.allSatisfy { $0.headers["authorization"] != "Bearer \(Self.inline)" })
  }

  /// Everything the programs left in the folder but for the key and what the test wrote.
  private func files(_ bench: ServiceBench, holding word: String) async throws -> [String] {
    let folder = bench.folder.path
    let names = (FileManager.default.enumerator(atPath: folder)?.allObjects ?? [])
      .compactMap { $0 as? String }
    #expect(names.contains("s.db"))
    return try await FileSearch.files(
      names.filter { !$0.hasSuffix("fettle/key") && $0 != "in" }.map { "\(folder)/\($0)" },
      holding: word)
  }

  private static func failing(_ base: String) -> String {
    call(2, "ActionSendDataAPIKeyAuth", #""auth":"shop""#, base + "/bad")
  }

  /// The screens an operator goes through.
  private func screens(_ bench: ServiceBench, records: Int) async throws -> [String] {
    guard TmuxSession.isInstalled else { return [] }
    let terminal = try TmuxSession(
      "\(Program.path) --store \(bench.path)", columns: 160, rows: 50,
      environment: ["HOME": bench.folder.path])
    var seen = [try await terminal.wait(for: "Sheets")]
    let quiet = try Quiet(terminal)
    defer { quiet.end() }
    func press(_ keys: String...) async throws {
      for key in keys {
        try terminal.press(key)
        // What comes too soon behind it would be taken for the rest of another key.
        if key == "Escape" { try await Task.sleep(for: .milliseconds(40)) }
        seen.append(try await quiet.look(at: terminal, seconds: 15).text)
      }
    }
    for _ in 0..<records {
      try await press("Enter")
      seen.append(try await terminal.wait(for: "FAILED"))
      try await press("Tab", "Enter", "Escape", "D", "Escape", "a", "Escape", "Tab", "e")
      try await press("Escape", "Escape", "j")
    }
    for key in ["2", "3", "4", "5"] { try await press(key, "Enter", "Escape") }
    return seen
  }

  @Test("what a blueprint itself sends to prove who asks is not told by the service's answers")
  func inBlueprints() async throws {
    let bench = try ServiceBench()
    let service = Self.service()
    let file = try bench.folder.file(
      "inline.json",
      #"""
      {"name":"Inline","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        {"id":2,"module":"http:MakeRequest","version":4,
         "mapper":{"url":"\#(service.base)/bad?api_key=\#(Self.inline)","method":"get",
          "headers":[{"name":"Authorization","value":"Bearer \#(Self.inline)"}]}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let address = service.base.replacing("http://", with: "http://ada:\(Self.inline)@")
    let inside = try bench.folder.file(
      "inside.json",
      #"""
      {"name":"Inside","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        {"id":2,"module":"http:MakeRequest","version":4,
         "mapper":{"url":"\#(address)/bad","method":"get"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let given = try bench.folder.file("given.json", #"[{"note":"hello"}]"#)
    let run = try await bench.fettle(["run", file, "--bundles", given], expecting: 3)
    #expect(service.requests.first?.headers["authorization"] == "Bearer \(Self.inline)")
    #expect(!run.contains(Self.inline))
    #expect(!(try await bench.fettle(["list", "--json"]).contains(Self.inline)))
    let summary = try #require(try await bench.store.page(RecordFilter(), .first, limit: 1).first)
    let record = try await bench.store.record(summary.id)
    #expect(!"\(record.error)".contains(Self.inline))
    #expect("\(record.error)".contains(Mask.sign))
    // A login in the address is sent as basic authentication, and told back so.
    let login = Buffer(Array("ada:\(Self.inline)".utf8)).base64
    _ = try await bench.fettle(["run", inside, "--bundles", given], expecting: 3)
    #expect(service.requests.last?.headers["authorization"] == "Basic \(login)")
    for summary in try await bench.store.page(RecordFilter(), .first, limit: 10) {
      let error = "\(try await bench.store.record(summary.id).error)"
      #expect(!error.contains(login) && !error.contains(Self.inline), "\(error)")
    }
  }
}
