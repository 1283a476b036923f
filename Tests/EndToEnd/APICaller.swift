import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation

/// Somebody who calls the API: one daemon for all calls of a test.
final class APICaller: Sendable {
  let bench: ServiceBench
  let daemon: Daemon
  let client: HTTPClient
  let token: String

  init(environment: [String: String] = [:]) async throws {
    bench = try ServiceBench()
    token = try await bench.fettle(["token", "add", "tests", "--all"])
      .trimmingCharacters(in: .whitespacesAndNewlines)
    daemon = try bench.daemon(environment: environment)
    client = HTTPClient(try await daemon.base())
  }

  struct Answer {
    let status: Int
    let headers: [String: String]
    let json: Value
    subscript(_ path: String) -> Value {
      path.split(separator: ".").reduce(json) { value, part in
        if let index = Int(part), let array = value.array {
          return array.indices.contains(index) ? array[index] : .null
        }
        return value.collection?[String(part)] ?? .null
      }
    }
  }

  func call(
    _ method: String, _ path: String, _ body: String = "", token: String? = nil,
    headers: [String: String] = [:]
  ) async -> Answer {
    var headers = headers
    headers["Authorization"] = "Token \(token ?? self.token)"
    if !body.isEmpty { headers["Content-Type"] = "application/json" }
    let answer = await client.send(method, "/api/v2/\(path)", headers, body)
    let json = (try? JSONReader.read(answer.body)) ?? .text(answer.text)
    return Answer(status: answer.status, headers: answer.headers, json: json)
  }

  /// Stores records of one scenario: each bundle fails at module 2.
  func fail(_ name: String, _ bundles: [String], module: String? = nil) async throws {
    let file = try bench.folder.file(
      "\(name).json",
      #"""
      {"name":"\#(name)","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        \#(module ?? #"{"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.j}}"}}"#),
        {"id":3,"module":"util:SetVariable2","mapper":{"name":"x","scope":"roundtrip","value":"{{2.a}}"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let given = try bench.folder.file("given.json", "[\(bundles.joined(separator: ","))]")
    try await bench.fettle(["run", file, "--bundles", given], expecting: 3)
  }

  func records() async throws -> [IncompleteSummary] {
    try await bench.store.page(RecordFilter(), .first, limit: 1000)
  }
}
