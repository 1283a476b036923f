import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

/// Who may ask for what, what is refused, and where the daemon listens.
@Suite("What the API lets in", .fewAtOnce)
struct APIRefusalTests {
  /// Every call, with what it needs to be allowed.
  static let calls: [(method: String, path: String, scope: String)] = [
    ("GET", "dlqs", "dlqs:read"), ("DELETE", "dlqs", "dlqs:write"),
    ("POST", "dlqs/retry", "dlqs:write"), ("GET", "dlqs/ID", "dlqs:read"),
    ("PATCH", "dlqs/ID", "dlqs:write"), ("DELETE", "dlqs/ID", "dlqs:write"),
    ("GET", "dlqs/ID/blueprint", "dlqs:read"), ("GET", "dlqs/ID/bundle", "dlqs:read"),
    ("PATCH", "dlqs/ID/bundle", "dlqs:write"), ("GET", "dlqs/ID/logs", "dlqs:read"),
    ("GET", "dlqs/ID/logs/x", "dlqs:read"), ("POST", "dlqs/ID/retry", "dlqs:write"),
    ("POST", "dlqs/ID/resolve", "dlqs:write"), ("POST", "dlqs/ID/check", "dlqs:read"),
    ("GET", "scenarios", "scenarios:read"), ("GET", "scenarios/9", "scenarios:read"),
    ("GET", "scenarios/9/blueprint", "scenarios:read"),
    ("GET", "scenarios/9/blueprints", "scenarios:read"),
    ("POST", "scenarios/9/run", "scenarios:run"),
    ("POST", "scenarios/9/start", "scenarios:write"),
    ("POST", "scenarios/9/stop", "scenarios:write"),
    ("GET", "scenarios/9/logs", "scenarios:read"),
    ("GET", "scenarios/9/logs/x", "scenarios:read"),
    ("GET", "scenarios/9/executions", "scenarios:read"),
    ("GET", "scenarios/9/executions/x", "scenarios:read"),
    ("GET", "hooks", "hooks:read"), ("GET", "hooks/9", "hooks:read"),
    ("GET", "hooks/9/incomings", "hooks:read"), ("GET", "hooks/9/incomings/1", "hooks:read"),
    ("POST", "hooks/9/incomings/1/park", "hooks:write"),
    ("POST", "hooks/9/incomings/1/release", "hooks:write"),
    ("DELETE", "hooks/9/incomings/1", "hooks:write"),
  ]

  @Test("refuses a wrong token with 401, a missing scope with 403, what is not there with 404")
  func access() async throws {
    let caller = try await APICaller()
    let unknown = String(repeating: "0", count: 32)
    var tokens: [String: String] = [:]
    for scope in AccessScope.allCases {
      tokens[scope.rawValue] = try await caller.bench.fettle(
        ["token", "add", "only \(scope.rawValue)", "--scope", scope.rawValue]
      ).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    for call in Self.calls {
      let path = call.path.replacing("ID", with: unknown)
      let what = "\(call.method) \(path)"
      let noToken = await caller.client.send(call.method, "/api/v2/\(path)")
      #expect(noToken.status == 401, "\(what)")
      #expect(noToken.headers["www-authenticate"] == "Token", "\(what)")
      let wrong = await caller.call(call.method, path, token: "fettle_" + unknown)
      #expect(wrong.status == 401, "\(what)")
      #expect(wrong["code"] == "SC401", "\(what)")
      for (scope, token) in tokens where scope != call.scope {
        let refused = await caller.call(call.method, path, token: token)
        #expect(refused.status == 403, "\(what) with \(scope)")
        #expect(refused["message"] == "Permission denied", "\(what)")
        #expect(refused["code"] == "SC403", "\(what)")
      }
      let allowed = await caller.call(call.method, path, token: tokens[call.scope])
      #expect(![401, 403, 405].contains(allowed.status), "\(what): \(allowed.json)")
      if path.contains(unknown) || path.contains("/9") {
        #expect(
          allowed.status == 404 || allowed.status == 400, "\(what): \(allowed.json)")
        #expect(allowed["code"] != .null)
      }
    }
    // A token that is taken away is nobody's.
    try await caller.bench.fettle(["token", "remove", "only dlqs:read"])
    #expect(await caller.call("GET", "dlqs", token: tokens["dlqs:read"]).status == 401)
    #expect(try await caller.bench.fettle(["token", "list"]).contains("only dlqs:write"))
    let stored =
      try Data(contentsOf: URL(fileURLWithPath: caller.bench.path))
      + ((try? Data(contentsOf: URL(fileURLWithPath: caller.bench.path + "-wal"))) ?? Data())
    for token in tokens.values {
      #expect(stored.firstRange(of: Data(token.utf8)) == nil, "the store holds a token")
    }
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("refuses what it cannot read, and no path leads where none should")
  func refusals() async throws {
    let caller = try await APICaller()
    let auth = ["Authorization": "Token \(caller.token)"]
    for (query, field) in [
      ("pg[limit]=0", "pg[limit]"), ("pg[limit]=x", "pg[limit]"), ("pg[limit]=10001", "pg[limit]"),
      ("pg[offset]=-1", "pg[offset]"), ("pg[sortDir]=up", "pg[sortDir]"),
      ("pg[sortBy]=nothing", "pg[sortBy]"), ("scenarioId=x", "scenarioId"),
      ("status=nothing", "status"),
    ] {
      let refused = await caller.call("GET", "dlqs?\(query)")
      #expect(refused.status == 400, "\(query)")
      #expect(refused["code"] == "IM005")
      #expect(refused["suberrors.0.message"].text?.hasPrefix(field) == true, "\(refused.json)")
    }
    let id = String(repeating: "a", count: 32)
    for path in [
      "/api/v2/dlqs/", "/api/v2//dlqs", "/api/v2/../v2/dlqs", "/api/v2/./dlqs", "/api/v2/DLQS",
      "/api/v2/dlqs%2f\(id)", "/api/v2/dlqs/%2e%2e/scenarios", "/api/v2/dlqs/\(id)/..",
      "/api/v2/dlqs/%00", "/api/v2/dlqs\\x", "/hook", "/hook/", "/hook/a/b", "/hook/..%2f..",
      "/", "/etc/passwd", "/api", "/api/v1/dlqs", "/health/x", "/%zz", "/metrics%00",
    ] {
      let refused = await caller.client.send("GET", path, auth)
      #expect(refused.status == 404, "\(path): \(refused.status) \(refused.text)")
    }
    for short in ["x", "0123", "\(id)0", "%27%20OR%201=1"] {
      #expect(await caller.call("GET", "dlqs/\(short)").status == 400, "\(short)")
    }
    let wrongMethod = await caller.call("PUT", "dlqs")
    #expect(wrongMethod.status == 405)
    #expect(wrongMethod.headers["allow"] == "DELETE, GET")
    let malformed = await caller.call("POST", "dlqs/retry", "{\"ids\":[")
    #expect(malformed.status == 400)
    #expect(malformed["detail"].text?.contains("line 1") == true)
    let oversized = await caller.call(
      "POST", "dlqs/retry", String(repeating: " ", count: 5_000_001))
    #expect(oversized.status == 413)
    let announced = await caller.client.sendRaw(
      Array(
        "POST /api/v2/dlqs/retry HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n".utf8))
    #expect(announced.status == 413)
    for raw in [
      "NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "GET http://x HTTP/9.9\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "y", count: 40_000))\r\n\r\n",
    ] {
      let answer = await caller.client.sendRaw(Array(raw.utf8), seconds: 5)
      #expect(
        [0, 400, 431, 505].contains(answer.status), "\(raw.prefix(30)): \(answer.status)")
    }
    #expect(await caller.client.send("GET", "/health").status == 200, "it still answers")
    let metrics = await caller.client.send("GET", "/metrics")
    #expect(metrics.status == 200)
    #expect(metrics.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
    #expect(metrics.text.contains("\nfettle_api_requests_total{status=\"405\"} 1\n"))
    #expect(metrics.text.contains("fettle_records{state=\"unresolved\"} 0"))
    let head = await caller.client.send("HEAD", "/health")
    #expect(head.status == 200)
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("listens on loopback alone unless it is told otherwise, and says so when it cannot")
  func listening() async throws {
    let bench = try ServiceBench()
    let daemon = try bench.daemon()
    let base = try await daemon.base()
    #expect(base.hasPrefix("http://127.0.0.1:"))
    let port = String(UInt16(base.split(separator: ":").last ?? "") ?? 0, radix: 16).uppercased()
    // The kernel's table may change while it is read.
    try await bench.wait("loopback alone") {
      try Self.listeners(on: port) == ["0100007F:\(port)"]
    }
    let second = try bench.daemon(["--listen", String(base.dropFirst("http://".count))])
    #expect(try await second.wait() == 2)
    #expect(second.log.contains("cannot be listened on: Address already in use;"))
    for wrong in ["8080", "example.org:80", "127.0.0.1:99999", "unix:socket"] {
      let refused = try bench.daemon(["--listen", wrong])
      #expect(try await refused.wait() == 64, "\(wrong)")
    }
    let everywhere = try bench.daemon(["--listen", "0.0.0.0:0"])
    _ = try await everywhere.base()
    #expect(everywhere.log.contains("other machines reach this address"))
    #expect(try await everywhere.stop() == 0)
    let nowhere = try bench.daemon(["--listen", "none"])
    try await bench.wait("work") { nowhere.log.contains("message=working") }
    #expect(try await nowhere.stop() == 0)
    #expect(!nowhere.log.contains("listening"))
    #expect(try await daemon.stop() == 0)
  }

  /// The addresses that are listened on at a port, as the kernel writes them.
  private static func listeners(on port: String) throws -> [String] {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
    return try tables.flatMap { table -> [String] in
      // Files of the kernel have no size, and are read until there is no more.
      let file = try #require(FileHandle(forReadingAtPath: table))
      var text: [UInt8] = []
      while let part = try file.read(upToCount: 65_536), !part.isEmpty { text += part }
      return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap {
        let columns = $0.split(separator: " ")
        guard columns.count > 3, columns[3] == "0A", columns[1].hasSuffix(":\(port)") else {
          return nil
        }
        return String(columns[1])
      }
    }
  }
}
