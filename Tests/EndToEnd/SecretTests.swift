import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite("Secrets of connections are nowhere but where they are kept", .fewAtOnce)
struct SecretTests {
  static let secret = "planted-secret-7f3a"
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func fettle(
    _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
  ) async throws -> Program.Result {
    try await Program.fettle(
      arguments + ["--store", folder.path + "/s.db"], input: input, home: folder.path,
      environment: ["XDG_CONFIG_HOME": folder.path + "/config"].merging(environment) { $1 })
  }

  /// Every file the program left behind but for the key that opens the secret.
  private func everything() throws -> [(path: String, bytes: Data)] {
    let files = FileManager.default.enumerator(atPath: folder.path)
    return try (files?.allObjects ?? []).compactMap { $0 as? String }
      .map { folder.path + "/" + $0 }
      .filter { path in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
          && !isFolder.boolValue
      }
      .map { ($0, try Data(contentsOf: URL(fileURLWithPath: $0))) }
  }

  private func blueprint(_ base: String) throws -> String {
    try folder.file(
      "scenario.json",
      """
      {"name": "Guarded", "flow": [
        {"id": 1, "module": "util:SetVariable2", "version": 1, "mapper": {"name": "a", "value": "1"}},
        {"id": 2, "module": "http:ActionSendDataAPIKeyAuth", "version": 3,
         "parameters": {"auth": 72749, "handleErrors": true},
         "mapper": {"url": "\(base)/echo", "method": "get", "parseResponse": true}},
        {"id": 3, "module": "http:ActionSendDataAPIKeyAuth", "version": 3,
         "parameters": {"auth": 72749, "handleErrors": true},
         "mapper": {"url": "\(base)/refuse", "method": "post", "parseResponse": true}}],
       "metadata": {"scenario": {"dlq": true}}}
      """)
  }

  @Test("a service that tells the secret back, in an answer and in an error, tells it to nobody")
  func planted() async throws {
    let secret = Self.secret
    let server = LoopbackHTTP { request in
      let key = request.headers["x-api-key"] ?? "none"
      return request.path == "/echo"
        ? .json(
          200,
          ["you": .text(key), "basic": .text(Buffer(Array(key.utf8)).base64), "list": [.text(key)]])
        : .json(
          422, ["message": .text("no customer for \(key)"), "errors": [["message": .text(key)]]])
    }
    let added = try await fettle(
      ["connection", "add", "desk", "api-key", "--secret", "key"], input: secret + "\n")
    #expect(added.status == 0, "\(added.errors)")
    let file = try blueprint(server.base)
    let open = try await fettle(["import", file])
    #expect(open.status == 2)
    #expect(open.errors.contains("http:72749"))
    let imported = try await fettle(["import", file, "--connection", "http:72749=desk"])
    #expect(imported.status == 0, "\(imported.errors)")
    let run = try await fettle(["run", file])
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(server.requests.allSatisfy { $0.headers["x-api-key"] == secret })
    #expect(server.requests.count == 2)
    var outputs = [added, open, imported, run]
    for arguments in [
      ["connection", "list"], ["connection", "list", "--json"], ["list"], ["list", "--json"],
      ["history", "--json"], ["connection", "test", "desk", "--url", server.base + "/refuse"],
      ["connection", "test", "desk"],
    ] {
      outputs.append(try await fettle(arguments))
    }
    let records = try JSONReader.read(Array(try await fettle(["list", "--json"]).output.utf8))
    let id = try #require(
      (records.array ?? records.collection?["records"]?.array)?.first?.collection?["id"]?.text)
    let shown = try await fettle(["show", id])
    #expect(shown.output.contains(Mask.sign), "\(shown.output)")
    outputs += [shown, try await fettle(["show", id, "--json"]), try await fettle(["retry", id])]
    let executions = try JSONReader.read(
      Array(try await fettle(["history", "--json"]).output.utf8))
    for execution in executions.array ?? [] {
      guard let id = execution.collection?["id"]?.text else { continue }
      outputs.append(try await fettle(["log", id]))
    }
    for output in outputs {
      #expect(!output.output.contains(secret) && !output.errors.contains(secret))
    }
    let forms = [secret, Buffer(Array(secret.utf8)).base64].map { Data($0.utf8) }
    let files = try everything()
    #expect(files.contains { $0.path.hasSuffix("s.db") })
    for file in files where !file.path.hasSuffix("/fettle/key") {
      for form in forms { #expect(file.bytes.range(of: form) == nil, "\(file.path)") }
    }
  }

  @Test("what feeds a secret field is masked in what show prints; --reveal tells it, and the audit")
  func shown() async throws {
    let secret = Self.secret
    let server = LoopbackHTTP { _ in .json(422, ["message": "no"]) }
    let file = try folder.file(
      "login.json",
      """
      {"name": "Login", "flow": [
        {"id": 1, "module": "gateway:CustomWebHook", "mapper": {}},
        {"id": 2, "module": "http:ActionSendData", "version": 3,
         "parameters": {"handleErrors": true},
         "mapper": {"url": "\(server.base)/", "method": "post", "authUser": "ada",
           "authPass": "{{1.password}}"}}],
       "metadata": {"scenario": {"dlq": true}}}
      """)
    let bundles = try folder.file(
      "login-bundles.json", #"[{"name": "Ada", "password": "\#(secret)"}]"#)
    #expect(try await fettle(["run", file, "--bundles", bundles]).status == 3)
    let records = try JSONReader.read(try await fettle(["list", "--json"]).output)
    let id = try #require(
      (records.array ?? records.collection?["records"]?.array)?.first?.collection?["id"]?.text)
    let edited = try await fettle(["edit", id, "--set", "1.password=\(secret)2"])
    #expect(edited.status == 0 && !edited.output.contains(secret), "\(edited)")
    for arguments in [["show", id], ["show", id, "--json"]] {
      let masked = try await fettle(arguments)
      #expect(masked.output.contains("Ada") && !masked.output.contains(secret))
      let told = try await fettle(arguments + ["--reveal"])
      #expect(told.output.contains(secret + "2"), "\(told.errors)")
    }
  }

  @Test("a connection that is changed keeps what was not named, and says so")
  func changed() async throws {
    func list() async throws -> Collection {
      let listed = try JSONReader.read(try await fettle(["connection", "list", "--json"]).output)
      return try #require(listed.array?.first?.collection)
    }
    let added = try await fettle(
      [
        "connection", "add", "mail", "smtp", "--set", "host=a.example", "--set", "user=ada",
        "--set",
        "port=2525", "--secret-env", "password=MAIL",
      ])
    #expect(added.status == 0, "\(added.errors)")
    let again = try await fettle(["connection", "add", "mail", "smtp", "--set", "host=b.example"])
    #expect(again.status == 2)
    let moved = try await fettle(
      [
        "connection", "add", "mail", "smtp", "--replace", "--set", "host=b.example", "--set",
        "port=",
      ])
    #expect(moved.status == 0, "\(moved.errors)")
    #expect(
      moved.output.hasPrefix("Changed mail. Left as it was: user, password."), "\(moved.output)")
    #expect(try await list()["settings"] == ["host": "b.example", "user": "ada"])
    #expect(try await list()["secrets"] == ["password": "environment MAIL"])
    // What it cannot do without cannot be taken away, and the other kind has nothing of it.
    let less = try await fettle([
      "connection", "add", "mail", "smtp", "--replace", "--set", "host=",
    ])
    #expect(less.status == 2 && less.errors.contains("smtp needs --set host"), "\(less.errors)")
    let other = try await fettle(
      ["connection", "add", "mail", "bearer", "--replace", "--secret-env", "token=T"])
    #expect(other.status == 0, "\(other.errors)")
    #expect(try await list()["settings"] == [:])
    #expect(try await list()["secrets"] == ["token": "environment T"])
  }

  @Test("a secret in the environment, in a file, from a command; a missing one says which")
  func places() async throws {
    let server = LoopbackHTTP { request in
      .json(request.headers["authorization"] == "Bearer \(SecretTests.secret)" ? 200 : 401, [:])
    }
    let file = try folder.file("token", Self.secret + "\n")
    for (name, option) in [
      ("env", ["--secret-env", "token=THE_TOKEN"]), ("file", ["--secret-file", "token=\(file)"]),
      ("command", ["--secret-command", "token=cat \(file)"]),
    ] {
      let added = try await fettle(
        ["connection", "add", name, "bearer", "--set", "url=\(server.base)/"] + option)
      #expect(added.status == 0, "\(added.errors)")
      let test = try await fettle(
        ["connection", "test", name], environment: ["THE_TOKEN": Self.secret])
      #expect(test.status == 0, "\(test.errors)")
      #expect(test.output.contains("answers 200"))
    }
    let missing = try await fettle(["connection", "test", "env"])
    #expect(missing.status == 1)
    #expect(missing.errors.contains("THE_TOKEN"))
    let twice = try await fettle(["connection", "add", "env", "bearer", "--secret-env", "token=X"])
    #expect(twice.status == 2)
    let wrong = try await fettle(
      ["connection", "add", "x", "basic", "--set", "password=hunter22", "--set", "user=a"])
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains("--secret password"))
    #expect(try await fettle(["connection", "remove", "env"]).status == 0)
    #expect(try await fettle(["connection", "remove", "env"]).status == 2)
  }

  @Test("without the key nothing sealed is used, and what to do is said")
  func lostKey() async throws {
    _ = try await fettle(
      ["connection", "add", "desk", "bearer", "--secret", "token"], input: Self.secret + "\n")
    let key = folder.path + "/config/fettle/key"
    try FileManager.default.moveItem(atPath: key, toPath: key + ".away")
    let lost = try await fettle(["connection", "test", "desk"])
    #expect(lost.status == 1)
    #expect(lost.errors.contains("FETTLE_KEY_FILE"))
    let found = try await fettle(
      ["connection", "test", "desk"], environment: ["FETTLE_KEY_FILE": key + ".away"])
    #expect(found.status == 0, "\(found.errors)")
  }

  @Test("a token that was fetched to try a connection is not told when the service repeats it")
  func fetched() async throws {
    let token = "fetched-token-91c4"
    let server = LoopbackHTTP { request in
      if request.path == "/token" {
        return .json(200, ["access_token": .text(token), "expires_in": 3600])
      }
      let sent = request.headers["authorization"] ?? ""
      return .json(401, ["message": .text("no: \(sent), \(Buffer(Array(sent.utf8)).base64)")])
    }
    let added = try await fettle(
      [
        "connection", "add", "cloud", "oauth2", "--set", "token-url=\(server.base)/token", "--set",
        "client-id=fettle", "--secret", "client-secret",
      ], input: Self.secret + "\n")
    #expect(added.status == 0, "\(added.errors)")
    let test = try await fettle(["connection", "test", "cloud", "--url", server.base + "/me"])
    #expect(server.requests.contains { $0.headers["authorization"] == "Bearer \(token)" })
    #expect(test.status == 1)
    #expect(test.errors.contains("no: Bearer \(Mask.sign), "), "\(test.errors)")
    let base64 = Buffer(Array("Bearer \(token)".utf8)).base64
    for form in [token, String(base64.dropFirst(12).prefix(12))] {
      #expect(!(test.output + test.errors).contains(form), "\(test.errors)")
    }
  }

  @Test("a refresh token that came with the last answer is told to nobody when it is refused")
  func rotated() async throws {
    let next = "rotated-token-5e02"
    let server = LoopbackHTTP { request in
      guard request.path == "/token" else { return .json(401, [:]) }
      return request.text.contains(next)
        ? .json(400, ["error_description": .text("no: \(request.text)")])
        : .json(
          200,
          ["access_token": "access-token-1", "refresh_token": .text(next), "expires_in": 3600])
    }
    // It lies in a file, so nothing that takes its place is kept.
    let file = try folder.file("refresh", Self.secret)
    let added = try await fettle([
      "connection", "add", "cloud", "oauth2", "--set", "token-url=\(server.base)/token", "--set",
      "client-id=fettle", "--secret-file", "refresh-token=\(file)",
    ])
    #expect(added.status == 0, "\(added.errors)")
    let scenario = try folder.file(
      "scenario.json",
      #"""
      {"name":"Ask","flow":[
        {"id":1,"module":"util:SetVariable2","mapper":{"name":"a","value":"1"}},
        {"id":2,"module":"http:MakeRequest","version":4,
         "parameters":{"authenticationType":"oAuth","oAuthKeychain":"cloud"},
         "mapper":{"url":"\#(server.base)/data","method":"get"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let run = try await fettle(["run", scenario])
    #expect(server.requests.last?.text.contains(next) == true)
    let list = try await fettle(["list", "--json"])
    #expect(list.output.contains("refresh_token=\(Mask.sign)"), "\(list)")
    for file in try everything() where !file.path.hasSuffix("/refresh") {
      #expect(file.bytes.range(of: Data(next.utf8)) == nil, "\(file.path)")
    }
    #expect(!(run.output + run.errors + list.output).contains(next))
  }
}
