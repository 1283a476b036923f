import FettleCore
import FettleTestKit
import Foundation
import Synchronization
import Testing

/// An authorization server as RFC 6749 and RFC 7636 describe it: a code is good once, for the proof key
/// it was asked with, and each refresh token is good once.
private final class AuthorizationServer: Sendable {
  struct State {
    var challenge = ""
    var redirect = ""
    var count = 0
    var refresh = ""
    var access: Set<String> = []
    var refusals: [String] = []
  }

  let state = Mutex(State())
  let seconds: Int
  private let own = Mutex<LoopbackHTTP?>(nil)
  var base: String { own.withLock { $0?.base ?? "" } }
  var requests: [LoopbackHTTP.Request] { own.withLock { $0?.requests ?? [] } }

  /// - Parameter seconds: after which access tokens run out.
  init(seconds: Int = 3600) {
    self.seconds = seconds
    let server = LoopbackHTTP { [weak self] request in
      self?.answer(request) ?? .json(500, [:])
    }
    own.withLock { $0 = server }
  }

  private func answer(_ request: LoopbackHTTP.Request) -> LoopbackHTTP.Answer {
    if request.path == "/data" {
      let token = request.headers["authorization"]?.dropFirst("Bearer ".count) ?? ""
      return state.withLock { $0.access.contains(String(token)) }
        ? .json(200, ["ok": true]) : .json(401, ["message": "no such token"])
    }
    let form = Dictionary(
      request.text.split(separator: "&").map { pair in
        let parts = pair.split(separator: "=", maxSplits: 1)
        return (
          String(parts[0]),
          parts.count > 1 ? String(parts[1]).removingPercentEncoding ?? "" : ""
        )
      }, uniquingKeysWith: { $1 })
    return state.withLock { state in
      switch form["grant_type"] {
      case "authorization_code"
      where form["code"] == "c0de" && form["redirect_uri"] == state.redirect
        && Self.challenge(form["code_verifier"] ?? "") == state.challenge:
        break
      case "refresh_token" where form["refresh_token"] == state.refresh: break
      default:
        state.refusals.append(request.text)
        return .json(400, ["error": "invalid_grant", "error_description": "not what was asked"])
      }
      state.count += 1
      state.refresh = "refresh-secret-\(state.count)"
      let access = "access-secret-\(state.count)"
      state.access = [access]
      return .json(
        200,
        [
          "access_token": .text(access), "refresh_token": .text(state.refresh),
          "expires_in": .integer(seconds), "token_type": "Bearer",
        ])
    }
  }

  private static func challenge(_ verifier: String) -> String {
    let function = #"{{sha256("\#(verifier)"; "base64")}}"#
    let value = try? Mapping(compiling: .text(function)).evaluate(
      in: Scope(now: SystemClock().now()))
    return value?.text?.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
      ?? ""
  }
}

@Suite("fettle connection login: a code with a proof key, over the loopback interface", .fewAtOnce)
struct LoginTests {
  let bench: ServiceBench

  init() throws { bench = try ServiceBench() }

  private struct Ended {
    let status: Int32
    let output: String
    let errors: String
  }

  private func add(_ server: AuthorizationServer) async throws {
    try await bench.fettle(
      [
        "connection", "add", "cloud", "oauth2", "--set", "client-id=fettle", "--set",
        "authorize-url=\(server.base)/authorize?access_type=offline", "--set",
        "token-url=\(server.base)/token", "--set", "scope=read write",
      ])
  }

  /// A login that waits for a person, and what its address asks for.
  private struct Waiting {
    let process: Process
    let output: String
    let errors: String
    let redirect: String
    let state: String
    let input: Pipe
  }

  /// Starts the login, up to the address to open.
  private func begin(
    _ server: AuthorizationServer, _ options: [String] = []
  ) async throws -> Waiting {
    let (output, errors) = (bench.folder.path + "/login.out", bench.folder.path + "/login.err")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments =
      ["connection", "login", "cloud", "--wait", "60", "--store", bench.path] + options
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["HOME": bench.folder.path, "XDG_DATA_HOME": "", "LC_ALL": "C.UTF-8"]
    ) { $1 }
    for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    var address = ""
    try await bench.wait("the address to open") {
      let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
      address =
        text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("http") }.map(String.init)
        ?? ""
      return text.contains("\n") && !address.isEmpty
    }
    let query = Dictionary(
      (URLComponents(string: address)?.queryItems ?? []).map { ($0.name, $0.value ?? "") },
      uniquingKeysWith: { $1 })
    #expect(query["response_type"] == "code")
    #expect(query["access_type"] == "offline")
    #expect(query["scope"] == "read write")
    #expect(query["code_challenge_method"] == "S256")
    let redirect = query["redirect_uri"] ?? ""
    #expect(redirect.hasPrefix("http://127.0.0.1:"))
    server.state.withLock {
      $0.challenge = query["code_challenge"] ?? ""
      $0.redirect = redirect
    }
    return Waiting(
      process: process, output: output, errors: errors, redirect: redirect,
      state: query["state"] ?? "", input: input)
  }

  /// What a browser is shown that comes back with that query.
  private func visit(_ login: Waiting, _ query: String) async throws -> String {
    try await RealServer.run(
      "/usr/bin/curl", ["--silent", "\(login.redirect)?\(query)"], in: bench.folder)
  }

  private func end(_ login: Waiting) async throws -> Ended {
    try await bench.wait("the end of the login") { !login.process.isRunning }
    return Ended(
      status: login.process.terminationStatus,
      output: try String(contentsOfFile: login.output, encoding: .utf8),
      errors: try String(contentsOfFile: login.errors, encoding: .utf8))
  }

  /// Runs the login, with a browser that is told what to come back with.
  private func login(
    _ server: AuthorizationServer, comesBackWith answer: (_ state: String) -> String
  ) async throws -> Ended {
    let login = try await begin(server)
    #expect(try await visit(login, answer(login.state)).contains("can be closed"))
    return try await end(login)
  }

  private func scenario(_ server: AuthorizationServer) throws -> String {
    try bench.folder.file(
      "data.json",
      #"""
      {"name":"Data","flow":[{"id":1,"module":"util:SetVariable2","mapper":{"name":"a","value":"1"}},
        {"id":2,"module":"http:MakeRequest","version":4,
         "parameters":{"authenticationType":"oAuth","oAuthKeychain":"cloud"},
         "mapper":{"url":"\#(server.base)/data","method":"get"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
  }

  @Test(
    "the tokens are sealed, a fresh one is asked for, and the refresh token that follows is kept")
  func works() async throws {
    let server = AuthorizationServer()
    try await add(server)
    let before = try await Program.fettle(
      ["connection", "test", "cloud", "--store", bench.path], home: bench.folder.path)
    #expect(before.status == 1)
    #expect(before.errors.contains("fettle connection login cloud"), "\(before.errors)")
    let login = try await login(server) { "state=\($0)&code=c0de" }
    #expect(login.status == 0, "\(login.output)\(login.errors)")
    let file = try scenario(server)
    // Each program asks with the refresh token that the one before was given.
    for _ in 0..<3 { try await bench.fettle(["run", file]) }
    #expect(server.state.withLock { $0.refusals } == [])
    #expect(server.state.withLock { $0.count } == 4)
    let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path)
    for word in ["refresh-secret", "access-secret"] {
      #expect(
        try await FileSearch.files(names.map { "\(bench.folder.path)/\($0)" }, holding: word) == [])
    }
    #expect(!login.output.contains("secret-"))
  }

  @Test("a token the service has withdrawn is replaced, one that ran out is not even tried")
  func renews() async throws {
    let server = AuthorizationServer(seconds: 1)
    try await add(server)
    #expect(try await login(server) { "state=\($0)&code=c0de" }.status == 0)
    let file = try bench.folder.file(
      "twice.json",
      #"""
      {"name":"Twice","flow":[{"id":1,"module":"util:SetVariable2","mapper":{"name":"a","value":"1"}},
        {"id":2,"module":"http:MakeRequest","version":4,
         "parameters":{"authenticationType":"oAuth","oAuthKeychain":"cloud"},
         "mapper":{"url":"\#(server.base)/data","method":"get"}},
        {"id":3,"module":"util:FunctionSleep","mapper":{"duration":2}},
        {"id":4,"module":"http:MakeRequest","version":4,
         "parameters":{"authenticationType":"oAuth","oAuthKeychain":"cloud"},
         "mapper":{"url":"\#(server.base)/data","method":"get"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    try await bench.fettle(["run", file])
    let data = server.requests.filter { $0.path == "/data" }
    #expect(data.count == 2, "no request went out with a token that had run out")
    #expect(Set(data.compactMap { $0.headers["authorization"] }).count == 2)
  }

  @Test("who comes back without consent gets no token")
  func refused() async throws {
    let server = AuthorizationServer()
    try await add(server)
    let denied = try await login(server) { state in
      "error=access_denied&error_description=The+user+said+no&state=\(state)"
    }
    #expect(denied.status == 1)
    #expect(denied.errors.contains("The user said no"), "\(denied.errors)")
    #expect(!server.requests.contains { $0.path == "/token" })
  }

  @Test("a visit with another state, or with none, is turned away; the login goes on waiting")
  func stranger() async throws {
    let server = AuthorizationServer()
    try await add(server)
    let login = try await begin(server)
    for query in ["state=other&code=c0de", "code=c0de", "error=access_denied&state="] {
      #expect(try await visit(login, query).contains("not the login that waits here"), "\(query)")
    }
    #expect(login.process.isRunning)
    #expect(!server.requests.contains { $0.path == "/token" })
    #expect(try await visit(login, "state=\(login.state)&code=c0de").contains("can be closed"))
    let ended = try await end(login)
    #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
  }

  @Test("where the browser is on another machine, the address it ends at is pasted")
  func pasted() async throws {
    let server = AuthorizationServer()
    try await add(server)
    func paste(_ address: (Waiting) -> String) async throws -> Ended {
      let login = try await begin(server, ["--paste"])
      // What no browser can show: nobody listens there.
      try login.input.fileHandleForWriting.write(contentsOf: Data((address(login) + "\n").utf8))
      try login.input.fileHandleForWriting.close()
      return try await end(login)
    }
    let other = try await paste { "\($0.redirect)?state=other&code=c0de" }
    #expect(other.status == 1)
    #expect(other.errors.contains("another login"), "\(other.errors)")
    let nothing = try await paste { _ in "" }
    #expect(nothing.status == 1, "\(nothing.errors)")
    #expect(!server.requests.contains { $0.path == "/token" })
    let good = try await paste {
      "  \($0.redirect)?state=\($0.state)&code=c0de&scope=read%20write#"
    }
    #expect(good.status == 0, "\(good.output)\(good.errors)")
    let file = try scenario(server)
    try await bench.fettle(["run", file])
    #expect(server.requests.contains { $0.path == "/data" })
    #expect(!(good.output + good.errors).contains("c0de"), "what was pasted is not shown")
  }
}
