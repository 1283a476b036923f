@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

private let apache = RealServer.installed("apache2")
private let microsocks = RealServer.installed("microsocks")
private let v4 = "http:MakeRequest"

@Suite(
  "A proxy that asks who wants to pass: Apache",
  .enabled(if: apache != nil, "apache2-bin is not installed; .ci/install does it"), .fewAtOnce)
struct ProxyTests {
  let folder: TemporaryFolder
  let certificates: Certificates
  let proxy: RealServer
  let secure: RealServer
  let plain = LoopbackHTTP { _ in .init(200, "reached") }

  init() async throws {
    folder = try TemporaryFolder()
    certificates = try await Certificates(in: folder)
    let port = RealServer.freePort()
    let hash = try await RealServer.run(
      "/usr/bin/openssl", ["passwd", "-apr1", "battery-staple"], in: folder)
    let users = try folder.file("users", "ada:" + hash)
    let modules = [
      "mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "proxy",
      "proxy_http", "proxy_connect",
    ].map { "LoadModule \($0)_module /usr/lib/apache2/modules/mod_\($0).so" }
    let configuration = try folder.file(
      "apache.conf",
      """
      ServerName localhost
      Listen 127.0.0.1:\(port)
      PidFile \(folder.path)/apache.pid
      ErrorLog \(folder.path)/apache.log
      \(modules.joined(separator: "\n"))
      Mutex file:\(folder.path)
      ProxyRequests On
      AllowCONNECT 1-65535
      <Proxy "*">
        AuthType Basic
        AuthName gate
        AuthBasicProvider file
        AuthUserFile \(users)
        Require valid-user
      </Proxy>

      """)
    proxy = try await RealServer(
      apache ?? "", ["-DFOREGROUND", "-f", configuration], port: port, in: folder)
    let securePort = RealServer.freePort()
    secure = try await RealServer(
      "/usr/bin/openssl",
      [
        "s_server", "-accept", "127.0.0.1:\(securePort)", "-www", "-quiet", "-cert",
        certificates.path("server.pem"), "-key", certificates.path("server.key"),
      ], port: securePort, in: folder)
  }

  private func connections(user: String? = "ada", password: String?) -> TestConnections {
    var gate: Collection = ["proxy": .text("http://127.0.0.1:\(proxy.port)")]
    if let user { gate["user"] = .text(user) }
    return TestConnections(
      [
        "9": Connection(name: "gate", kind: "proxy", settings: gate),
        "7": Connection(
          name: "trust", kind: "certificate", settings: ["ca": .text(certificates.path("ca.pem"))]),
      ], secrets: password.map { ["gate": ["password": $0]] } ?? [:])
  }

  private func parameters(_ url: String) -> Collection {
    url.hasPrefix("https:")
      ? ["proxyKeychain": 9, "tlsType": "mTLS", "tlsKeychain": 7] : ["proxyKeychain": 9]
  }

  private var urls: [String] { [plain.base + "/a", "https://127.0.0.1:\(secure.port)/a"] }

  @Test("the right login passes, to a service in the clear and through a tunnel to one over TLS")
  func right() async throws {
    for url in urls {
      let output = try await perform(
        v4, ["url": .text(url), "method": "get"], parameters: parameters(url),
        connections: connections(password: "battery-staple"))
      #expect(output.bundles.first?["statusCode"] == 200, "\(url)")
    }
    #expect(plain.requests.count == 1)
  }

  @Test(
    "a wrong login is one failure, in the clear and through a tunnel: it waits for the operator",
    arguments: [true, false])
  func wrong(raisesOnStatus: Bool) async {
    for url in urls {
      let error = await failure(
        v4, ["url": .text(url), "method": "get", "stopOnHttpError": .boolean(raisesOnStatus)],
        parameters: parameters(url), connections: connections(password: "wrong-password"))
      #expect(error?.type == .invalidAccessToken, "\(url): \(error?.message ?? "no failure")")
      #expect(error?.type.row.stored == .store)
      #expect(error?.statusCode == 407)
      let message = error?.message ?? ""
      #expect(message.contains("the proxy http://127.0.0.1:\(proxy.port) does not accept"))
      #expect(message.contains("fettle connection add gate proxy --replace"))
      #expect(!message.contains("wrong-password"))
    }
    #expect(plain.requests.isEmpty)
  }

  @Test("a proxy that is told of nobody wants to know who asks")
  func nobody() async {
    for url in urls {
      let error = await failure(
        v4, ["url": .text(url), "method": "get"], parameters: parameters(url),
        connections: connections(user: nil, password: nil))
      #expect(error?.type == .invalidAccessToken, "\(error?.message ?? "no failure")")
      #expect(error?.message.contains("wants to know who asks") == true)
    }
  }

  @Test("a service behind the proxy that is not there is worth another try")
  func absent() async {
    let closed = LoopbackSocket(.refused).port
    for scheme in ["http", "https"] {
      let url = "\(scheme)://127.0.0.1:\(closed)/"
      let error = await failure(
        v4, ["url": .text(url), "method": "get"], parameters: parameters(url),
        connections: connections(password: "battery-staple"))
      #expect(error?.type == .connection, "\(scheme): \(error?.message ?? "no failure")")
    }
  }

  @Test("the proxy's connection is tried: who passes, and who does not")
  func connection() async throws {
    func test(_ password: String) async throws -> String {
      let connections = connections(password: password)
      return try await ConnectionTest(connections: connections)
        .run(try await connections.open("9", of: "http"), url: plain.base)
    }
    #expect(try await test("battery-staple").contains("answers 200"))
    let error = await #expect(throws: ModuleError.self) { try await test("wrong-password") }
    #expect(error?.type == .invalidAccessToken)
    #expect(error?.message.contains("the proxy http://127.0.0.1:\(proxy.port)") == true)
  }

  @Test(
    "a proxy of SOCKS that does not take the password is the same failure: microsocks",
    .enabled(if: microsocks != nil, "microsocks is not installed; .ci/install does it"))
  func socks() async throws {
    let port = RealServer.freePort()
    let server = try await RealServer(
      microsocks ?? "",
      ["-i", "127.0.0.1", "-p", "\(port)", "-u", "ada", "-P", "battery-staple"], port: port,
      in: folder)
    func ask(_ password: String) async -> ModuleError? {
      let connections = TestConnections(
        [
          "9": Connection(
            name: "gate", kind: "proxy",
            settings: ["proxy": .text("socks5://127.0.0.1:\(server.port)"), "user": "ada"])
        ], secrets: ["gate": ["password": password]])
      return await failure(
        v4, ["url": .text(plain.base), "method": "get"], parameters: ["proxyKeychain": 9],
        connections: connections)
    }
    let right = await ask("battery-staple")
    #expect(right == nil, "\(right?.message ?? "")")
    let wrong = await ask("wrong-password")
    #expect(wrong?.type == .invalidAccessToken, "\(wrong?.message ?? "no failure")")
    #expect(wrong?.message.contains("socks5://127.0.0.1:\(server.port)") == true)
  }

  @Test("the proxy of the program is found in its environment, and named without its login")
  func environment() {
    func proxy(_ url: String, _ variables: [String: String]) -> Proxy? {
      Proxy.ofProgram(for: url) { variables[$0] }
    }
    let gate = "http://ada:secret@gate:3128"
    let found = proxy("https://a.example/", ["HTTPS_PROXY": gate])
    #expect(found?.target == "http://gate:3128")
    #expect(found?.user == "ada")
    #expect(found?.advice.contains("HTTPS_PROXY") == true)
    #expect(proxy("http://a.example/", ["HTTP_PROXY": gate]) == nil)
    #expect(proxy("http://a.example/", ["http_proxy": "gate:3128"])?.target == "gate:3128")
    #expect(proxy("http://a.example/", ["http_proxy": "gate:3128"])?.user == nil)
    #expect(proxy("ftp://a.example/", ["http_proxy": gate]) == nil)
    #expect(proxy("ftp://a.example/", ["all_proxy": gate])?.variable == "all_proxy")
    let excepted = ["http_proxy": gate, "NO_PROXY": "localhost, .example.org"]
    #expect(proxy("http://ada:x@api.example.org:8080/a?b", excepted) == nil)
    #expect(proxy("http://api.example.net/", excepted)?.variable == "http_proxy")
    #expect(proxy("http://[::1]:80/", ["http_proxy": gate, "no_proxy": "::1"]) == nil)
    #expect(proxy("http://api.example.org/", excepted.merging(["no_proxy": ""]) { $1 }) != nil)
  }

  @Test(
    "no_proxy takes out hosts with what is below them, addresses and networks, as curl does",
    arguments: [
      ("example.com", "example.com", true), ("example.com", "WWW.Example.com.", true),
      ("example.com", "nonexample.com", false), (".example.com", "example.com", true),
      ("a.org, example.com", "example.com", true), ("*", "anything", true),
      ("*,a.org", "b.org", false),
      ("192.168.0.0/16", "192.168.7.1", true), ("192.168.0.0/16", "192.169.7.1", false),
      ("192.168.0.1/31", "192.168.0.0", true), ("10.0.0.1", "10.0.0.1", true),
      ("0.1", "10.0.0.1", false), ("10.0.0.0/33", "10.0.0.1", false),
      ("fd00::/8", "[fd12::1]", true), ("[::1]", "[::1]", true), ("::1", "[::2]", false),
      ("", "a", false),
    ])
  func exceptions(list: String, host: String, isExcepted: Bool) {
    #expect(NoProxy(list).contains(host) == isExcepted)
  }

  @Test("a proxy that answers 401 is not taken for the service")
  func unauthorized() async throws {
    func ask(_ headers: [String: String], user: String? = "ada") async -> ModuleError? {
      let gate = LoopbackHTTP { _ in .init(401, "who are you", headers: headers) }
      var settings: Collection = ["proxy": .text(gate.base)]
      settings["user"] = user.map(Value.text)
      return await failure(
        v4, ["url": "http://service.invalid/a", "method": "get"], parameters: ["proxyKeychain": 9],
        connections: TestConnections(
          ["9": Connection(name: "gate", kind: "proxy", settings: settings)],
          secrets: ["gate": ["password": "x"]]))
    }
    // It says that it is the proxy.
    let own = await ask(["Proxy-Authenticate": "Basic realm=\"gate\""])
    #expect(own?.type == .invalidAccessToken)
    #expect(own?.message.contains("so that nothing reached http://service.invalid/a (401") == true)
    // It does not say so: either may have answered.
    let either = await ask(["WWW-Authenticate": "Basic realm=\"gate\""])
    #expect(either?.type == .invalidAccessToken)
    #expect(
      either?.message.contains("the service may have said so, or the proxy http://127") == true)
    #expect(either?.message.contains("fettle connection add gate proxy --replace") == true)
    let nobody = await ask([:], user: nil)
    #expect(nobody?.message.contains("it was told of nobody") == true, "\(nobody?.message ?? "")")
    // It passes on what the service said.
    let service = await ask(["Via": "1.1 gate"])
    #expect(service?.message.contains("the proxy") == false, "\(service?.message ?? "")")
  }
}
