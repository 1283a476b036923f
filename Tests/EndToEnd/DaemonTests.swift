import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

@Suite("The daemon", .fewAtOnce)
struct DaemonTests {
  let folder: TemporaryFolder
  var store: String { folder.path + "/s.db" }

  init() throws { folder = try TemporaryFolder() }

  private func blueprint(_ base: String, _ name: String) throws -> String {
    try folder.file(
      "\(name).json",
      #"""
      {"name":"\#(name)","flow":[
        {"id":1,"module":"util:BasicTrigger","parameters":{"values":[{"spec":[{"name":"n","value":"1"}]}]}},
        {"id":2,"module":"http:MakeRequest","version":4,"parameters":{"authenticationType":"noAuth"},
         "mapper":{"url":"\#(base)/\#(name)","method":"post","stopOnHttpError":true}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
  }

  @Test("told to stop right behind its first line, it stops", .timeLimit(.minutes(15)))
  func stoppedEarly() async throws {
    let bench = try ServiceBench()
    // Many at once, so that some are held up between the line and what they do next.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<16 {
        let daemon = try bench.daemon(["--listen", "none"])
        group.addTask {
          while !daemon.log.contains("message=working") {
            try await Task.sleep(for: .milliseconds(1))
          }
          #expect(try await daemon.stop() == 0)
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("reads described apps again on SIGHUP: what nothing could run yesterday runs today")
  func apps() async throws {
    let server = LoopbackHTTP { request in .json(200, ["path": .text(request.path)]) }
    let apps = folder.path + "/config/fettle/apps"
    try FileManager.default.createDirectory(atPath: apps, withIntermediateDirectories: true)
    let file = try folder.file(
      "n.json",
      #"{"name":"New","flow":[{"id":1,"module":"util:BasicTrigger"},{"id":2,"module":"novel:Ask"}]}"#
    )
    let environment = ["XDG_CONFIG_HOME": folder.path + "/config"]
    let home = folder.path
    let scheduled = try await Program.fettle(
      ["schedule", file, "--inactive", "--set", #"{"type":"on-demand"}"#, "--store", store],
      home: home, environment: environment)
    #expect(scheduled.status == 0, "\(scheduled.errors)")
    let token = try await Program.fettle(
      [
        "token", "add", "t", "--scope", "scenarios:run", "--scope", "scenarios:write", "--store",
        store,
      ],
      home: home, environment: environment
    ).output.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("fettle_") }
    let daemon = try Daemon(store: store, in: folder, environment: environment)
    let client = HTTPClient(try await daemon.base())
    func start() async -> HTTPClient.Answer {
      await client.send(
        "POST", "/api/v2/scenarios/1/start", ["Authorization": "Token \(token ?? "")"], "")
    }
    let refused = await start()
    #expect(refused.status == 400, "\(refused)")
    try """
    app: novel
    base: \(server.base)
    modules: { Ask: { request: { path: "/hello" } } }
    """.write(toFile: apps + "/novel.yaml", atomically: true, encoding: .utf8)
    try "app: [".write(toFile: apps + "/broken.yaml", atomically: true, encoding: .utf8)
    daemon.reload()
    for _ in 0..<600 where !daemon.log.contains("reloaded") {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(daemon.log.contains("an app is left out"))
    let started = await start()
    #expect(started.status == 200, "\(started)")
    let run = await client.send(
      "POST", "/api/v2/scenarios/1/run", ["Authorization": "Token \(token ?? "")"],
      #"{"data":{"n":1},"responsive":true}"#)
    #expect(run.status == 200, "\(run)")
    #expect(server.requests.map(\.path) == ["/hello"])
    #expect(try await daemon.stop() == 0)
  }

  @Test(
    "starts what is scheduled, retries what is due, and finishes what runs when it is told to stop")
  func nightly() async throws {
    let server = LoopbackHTTP { _ in .json(200, ["ok": true]) }
    // A record whose automatic retry is due: stored while nothing listened, and its plan moved up.
    let free = LoopbackSocket(.refused)
    let failed = try await Program.fettle(
      ["run", blueprint("http://127.0.0.1:\(free.port)", "Later"), "--store", store],
      home: folder.path)
    #expect(failed.status == 3, "\(failed.output)\(failed.errors)")
    let opened = try SQLiteStore.openExisting(path: store)
    let record = try #require(try await opened.page(RecordFilter(), .first, limit: 1).first)
    #expect(record.retry)
    _ = try await opened.replaceBlueprint(
      of: record.id,
      with: try Blueprint(
        json: Array(try Data(contentsOf: URL(fileURLWithPath: blueprint(server.base, "Later"))))),
      failer: 2, version: record.version, author: "ada", date: SystemClock().now())
    for event in [IncompleteEvent.autoRetryTurnedOff, .autoRetryTurnedOn] {
      _ = try await opened.move(
        record.id, version: nil,
        RecordChange(
          event, nextRetry: SystemClock().now(), author: "ada", date: SystemClock().now()))
    }
    let planned = try await Program.fettle(
      [
        "schedule", blueprint(server.base, "Nightly"), "--set",
        #"{"type":"indefinitely","interval":3600}"#, "--store", store,
      ], home: folder.path)
    #expect(planned.status == 0, "\(planned.errors)")

    let daemon = try Daemon(store: store, in: folder)
    for _ in 0..<600 where server.requests.count < 2 {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(Set(server.requests.map(\.path)) == ["/Later", "/Nightly"])
    for _ in 0..<600 where try await opened.record(record.id).summary.state != .resolved {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await opened.record(record.id).attempts.last?.trigger == .auto)
    #expect(try await daemon.stop() == 0, "\(daemon.log)")
    #expect(daemon.log.contains("stopped"))
    let runs = try await opened.executions(of: nil, limit: 10)
    #expect(runs.allSatisfy { $0.summary.ended != nil })
    #expect(runs.contains { $0.summary.origin == .scheduled && $0.summary.status == .success })
  }

  @Test("refuses what is no store in one line, and leaves it as it was")
  func noStore() async throws {
    let other = try folder.file("letter.txt", "Dear Ada")
    let daemon = try Daemon(store: other, in: folder)
    #expect(try await daemon.wait() == 2)
    #expect(daemon.log.contains("is not a store of Fettle"))
    #expect(try String(contentsOfFile: other, encoding: .utf8) == "Dear Ada")
  }
}
