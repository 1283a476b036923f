import FettleConnectors
import FettleCore
import FettleTestKit
import Testing

private let v3 = "http:ActionSendData"
private let v4 = "http:MakeRequest"

@Suite("HTTP modules that share cookies, and modules with a proxy of their own", .fewAtOnce)
struct HTTPSessionTests {
  /// A run of several modules: what one is given, the next one knows.
  private struct Visitor {
    var variables = Variables()

    mutating func visit(
      _ url: String, type: String = v4, shares: Bool = true, _ more: Collection = [:]
    ) async throws -> OperationOutput {
      var input: Collection = [
        "url": .text(url), "method": "get", "shareCookies": .boolean(shares),
      ]
      for field in more.fields { input[field.name] = field.value }
      let output = try await perform(type, input, variables: variables)
      for assignment in output.assignments { variables.assign(assignment) }
      return output
    }
  }

  /// Gives what its path says, and tells what it was sent.
  private func server() -> LoopbackHTTP {
    LoopbackHTTP { request in
      let sent = request.headers["cookie"] ?? "nothing"
      return switch request.path {
      case "/in": .init(200, sent, headers: ["Set-Cookie": "session=s1; Path=/shop; HttpOnly"])
      case "/in/all": .init(200, sent, headers: ["Set-Cookie": "all=a1; Path=/"])
      case "/out":
        .init(200, sent, headers: ["Set-Cookie": "session=; Path=/shop; Max-Age=0"])
      case "/foreign": .init(200, sent, headers: ["Set-Cookie": "f=x; Domain=example.org"])
      case "/turn":
        .init(302, "", headers: ["Set-Cookie": "turned=1; Path=/", "Location": "/shop/end"])
      default: .init(200, sent)
      }
    }
  }

  @Test("a cookie goes to whom it is for, until it ends, and to those modules alone that share")
  func cookies() async throws {
    let server = server()
    var visitor = Visitor()
    #expect(
      try await visitor.visit(server.base + "/in", type: v3).bundles.first?["data"] == "nothing")
    _ = try await visitor.visit(server.base + "/in/all")
    func sent(_ path: String, type: String = v4, shares: Bool = true) async throws -> Value? {
      try await visitor.visit(server.base + path, type: type, shares: shares).bundles.first?["data"]
    }
    for type in [v3, v4] {
      #expect(try await sent("/shop/a", type: type) == "session=s1; all=a1")
      #expect(try await sent("/elsewhere", type: type) == "all=a1")
      #expect(try await sent("/shop/a", type: type, shares: false) == "nothing")
    }
    guard case .buffer(let file)? = try await sent("/shop/file", type: "http:DownloadFile") else {
      Issue.record("no file")
      return
    }
    #expect(file.bytes == Array("session=s1; all=a1".utf8))
    let port = server.base.split(separator: ":").last ?? ""
    let other = try await visitor.visit("http://localhost:\(port)/shop/a")
    #expect(other.bundles.first?["data"] == "nothing", "another host")
    _ = try await visitor.visit(server.base + "/out")
    #expect(try await sent("/shop/a") == "all=a1")
    _ = try await visitor.visit(server.base + "/foreign")
    #expect(try await sent("/") == "all=a1", "nobody sets cookies for others")
  }

  @Test("a cookie that comes with a redirect is sent where it leads; nothing new, nothing kept")
  func redirects() async throws {
    let server = server()
    var visitor = Visitor()
    let turned = try await visitor.visit(server.base + "/turn")
    #expect(turned.bundles.first?["data"] == "turned=1")
    #expect(turned.assignments.map(\.scope) == [.execution])
    #expect(try await visitor.visit(server.base + "/").assignments.isEmpty)
    let alone = try await visitor.visit(server.base + "/in/all", shares: false)
    #expect(alone.assignments.isEmpty)
  }

  private func connections(_ proxy: String, kind: String = "proxy") -> TestConnections {
    TestConnections(
      [
        "9": Connection(
          name: "gate", kind: kind, settings: ["proxy": .text(proxy), "user": "ada"])
      ], secrets: ["gate": ["password": "correct horse"]])
  }

  @Test("a module with a proxy of its own asks it, and proves to it alone who asks")
  func proxy() async throws {
    let proxy = LoopbackHTTP { request in
      .json(
        200,
        [
          "host": .text(request.headers["host"] ?? ""),
          "proof": .text(request.headers["proxy-authorization"] ?? ""),
          "own": .text(request.headers["authorization"] ?? ""),
        ])
    }
    let output = try await perform(
      v4, ["url": "http://service.invalid/a", "method": "get", "parseResponse": true],
      parameters: ["authenticationType": "noAuth", "tlsType": "", "proxyKeychain": 9],
      connections: connections(proxy.base))
    let data = output.bundles.first?["data"]?.collection
    #expect(data?["host"] == "service.invalid", "the proxy knows the way, not this machine")
    #expect(data?["own"] == "")
    #expect(
      proxy.requests.first?.headers["proxy-authorization"] == "Basic YWRhOmNvcnJlY3QgaG9yc2U=")
    #expect(data?["proof"] == "Basic •••", "what it is told back is masked")
  }

  @Test("a proxy that is not there, and a connection that is none")
  func noProxy() async {
    func error(_ connections: TestConnections, _ parameters: Collection) async -> ModuleError? {
      await failure(
        v4, ["url": "http://127.0.0.1:1/", "method": "get"], parameters: parameters,
        connections: connections)
    }
    let closed = "http://127.0.0.1:\(LoopbackSocket(.refused).port)"
    #expect(await error(connections(closed), ["proxyKeychain": 9])?.type == .connection)
    let basic = await error(connections(closed, kind: "basic"), ["proxyKeychain": 9])
    #expect(basic?.type == .invalidConfiguration)
    #expect(basic?.message.contains("a proxy is needed") == true)
    let turned = await error(
      connections(closed), ["authenticationType": "basicAuth", "basicAuthKeychain": 9])
    #expect(turned?.type == .invalidConfiguration)
  }
}
