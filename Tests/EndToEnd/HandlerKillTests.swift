import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Synchronization
import Testing

/// The route of an error handler is work like any other: what it did is done, what it was doing is in doubt.
@Suite(
  "The program, killed with signal 9 in an error handler route", .timeLimit(.minutes(10)),
  .fewAtOnce)
struct HandlerKillTests {
  private static let directives = ["Resume", "Ignore", "Break", "Commit", "Rollback"]
  /// What is sent on the way through the route, in order.
  private static let steps = ["h1", "inner", "h2"]

  /// Counts what arrived as `/case/step`.
  private final class Arrivals: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func note(_ path: String) -> Int {
      counts.withLock { counts in
        counts[path, default: 0] += 1
        return counts[path] ?? 0
      }
    }

    func count(_ key: String, _ step: String) -> Int {
      counts.withLock { $0["/\(key)/\(step)"] ?? 0 }
    }
  }

  /// A service that refuses `m`, first because it is busy where a retry is wanted, and does not answer what
  /// the program is to be killed in: the step that the name of the case begins with.
  private static func service(_ arrivals: Arrivals) -> LoopbackHTTP {
    LoopbackHTTP { request in
      let count = arrivals.note(request.path)
      let parts = request.path.split(separator: "/").map(String.init)
      let words = parts[0].split(separator: "-").map(String.init)
      if parts[1] == "m" {
        return .json(words.contains("retry") && count == 1 ? 503 : 400, ["no": true])
      }
      return LoopbackHTTP.Answer(
        200, #"{"ok":true}"#, headers: ["Content-Type": "application/json"],
        delay: parts[1] == words[0] && count == 1 ? .seconds(15) : .zero)
    }
  }

  private static func blueprint(_ name: String, _ directive: String, _ base: String) -> String {
    func post(_ id: Int, _ step: String, _ more: String = "") -> String {
      #"""
      {"id":\#(id),"module":"http:MakeRequest","version":4,"parameters":{"authenticationType":"noAuth"},
       "mapper":{"url":"\#(base)/\#(name)/\#(step)","method":"post","contentType":"json",
        "inputMethod":"jsonString","jsonStringBodyContent":"{}","parseResponse":true,
        "stopOnHttpError":true}\#(more)}
      """#
    }
    let mapper =
      ["Resume": #"{"statusCode":200}"#, "Break": #"{"retry":false}"#][directive] ?? "{}"
    let filter =
      #","filter":{"conditions":[[{"a":"{{2.error.type}}","o":"text:equal","b":"DataError"}]]}"#
    let handler = """
      \(post(8, "h1", filter)),{"id":11,"module":"builtin:BasicRouter","routes":[\
      {"flow":[\(post(12, "inner"))]},\
      {"flow":[\(post(13, "h2")),{"id":9,"module":"builtin:\(directive)","mapper":\(mapper)}]}]}
      """
    return #"""
      {"name":"\#(name)","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        {"id":20,"module":"builtin:BasicRouter","routes":[
          {"flow":[\#(post(2, "m", #","onerror":[\#(handler)]"#)),\#(post(4, "after"))]},
          {"flow":[\#(post(5, "route2"))]}]}],
       "metadata":{"scenario":{"dlq":true}}}
      """#
  }

  @Test(
    "repeats no step of the route, in a first run and in a retry",
    arguments: directives, [false, true])
  func kills(directive: String, inRetry: Bool) async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/store.db"
    let store = try SQLiteStore.open(path: path)
    let arrivals = Arrivals()
    let service = Self.service(arrivals)
    func fettle(_ arguments: [String], killedWhen: (() -> Bool)? = nil) async throws -> Int32 {
      try await Program.fettle(
        arguments + ["--store", path], home: folder.path, environment: ["FETTLE_LEASE": "1"],
        killedWhen: killedWhen
      ).status
    }
    for step in Self.steps {
      let name = "\(step)-\(directive)" + (inRetry ? "-retry" : "")
      let file = try folder.file(
        "\(name).json", Self.blueprint(name, directive, service.base))
      let bundles = try folder.file("bundles.json", "[{}]")
      func open() async throws -> [IncompleteSummary] {
        try await store.page(RecordFilter(), .first, limit: 10).filter { $0.scenarioName == name }
      }
      let isSending = { arrivals.count(name, step) > 0 }
      if inRetry {
        _ = try await fettle(["run", file, "--bundles", bundles])
        let record = try #require(try await open().first)
        #expect(record.failer == 2)
        #expect(try await fettle(["retry", record.id.text], killedWhen: isSending) == 128 + 9)
      } else {
        #expect(
          try await fettle(["run", file, "--bundles", bundles], killedWhen: isSending) == 128 + 9)
      }
      try await Task.sleep(for: .milliseconds(1100))
      _ = try await fettle(["list"])
      let record = try #require(try await open().first)
      let whole = try await store.record(record.id)
      #expect(whole.error.stage == .inDoubt)
      #expect(record.state == .unresolved)
      let sent = whole.mappedInput.collection?["url"]?.text
      #expect(sent == "\(service.base)/\(name)/\(step)", "it is told what was being sent")
      let output = try folder.file("output.json", #"{"statusCode":200,"data":{"ok":true}}"#)
      _ = try await fettle(["retry", record.id.text, "--output", output])
      let counts = Self.steps.map { arrivals.count(name, $0) }
      #expect(counts == [1, 1, 1], "\(name)")
      let goesOn = directive == "Resume"
      let endsRoute = goesOn || directive == "Ignore"
      #expect(arrivals.count(name, "after") == (goesOn ? 1 : 0), "\(name)")
      #expect(arrivals.count(name, "route2") == (endsRoute ? 1 : 0), "\(name)")
      let left = try await open()
      switch directive {
      case "Break":
        #expect(left.map(\.failer) == [2])
        #expect(left.map(\.errorType) == [.data])
      case "Rollback": #expect(left.count == 1)
      default: #expect(left.isEmpty, "\(name)")
      }
    }
  }
}
