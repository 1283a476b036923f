import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Glibc
import Synchronization
import Testing

/// The calls beside those of incomplete executions: versions of blueprints, webhooks and their queues;
/// and the answers that need a daemon that died.
@Suite("The API's neighbours, over HTTP", .fewAtOnce)
struct APINeighbourTests {
  private func blueprint(_ value: String) -> String {
    #"""
    {"name":"Versions","flow":[{"id":1,"module":"util:BasicTrigger"},
      {"id":2,"module":"util:SetVariable2","mapper":{"name":"x","scope":"roundtrip","value":"\#(value)"}}]}
    """#
  }

  @Test("lists the blueprints a scenario had, the newest first, and gives each of them")
  func versions() async throws {
    let caller = try await APICaller()
    let began = SystemClock().now()
    for value in ["one", "two", "two", "one"] {
      let file = try caller.bench.folder.file("\(value).json", blueprint(value))
      try await caller.bench.fettle(
        ["schedule", file, "--inactive", "--set", #"{"type":"on-demand"}"#])
    }
    let list = await caller.call("GET", "scenarios/1/blueprints")
    #expect(list.status == 200)
    let rows = list["scenariosBlueprints"].array ?? []
    #expect(rows.compactMap { $0.collection?["version"] } == [3, 2, 1])
    for row in rows {
      #expect(row.collection?["scenarioId"] == 1)
      #expect(row.collection?["draft"] == false)
      let created = Coercion.date(row.collection?["created"] ?? .null, timeZone: "UTC")
      #expect(try #require(created) >= began.advanced(bySeconds: -1))
    }
    let oldest = await caller.call(
      "GET", "scenarios/1/blueprints?pg[sortDir]=asc&pg[limit]=1&pg[sortBy]=version")
    #expect(oldest["scenariosBlueprints"].array?.count == 1)
    #expect(oldest["scenariosBlueprints.0.version"] == 1)
    for (query, value) in [
      ("", "one"), ("?blueprintId=2", "two"), ("?blueprintId=1", "one"), ("?draft=false", "one"),
      ("?draft=true&blueprintId=2", "two"),
    ] {
      let given = await caller.call("GET", "scenarios/1/blueprint\(query)")
      #expect(given["response.blueprint.flow.1.mapper.value"] == .text(value), "\(query)")
    }
    for (path, status) in [
      ("scenarios/1/blueprint?blueprintId=4", 404), ("scenarios/1/blueprint?blueprintId=x", 400),
      ("scenarios/1/blueprint?draft=true", 404), ("scenarios/1/blueprint?draft=maybe", 400),
      ("scenarios/9/blueprints", 404), ("scenarios/x/blueprints", 400),
      ("scenarios/1/blueprints?pg[sortBy]=name", 400),
    ] {
      let refused = await caller.call("GET", path)
      #expect(refused.status == status, "\(path): \(refused.json)")
      #expect(refused["code"] != .null)
    }
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("shows webhooks and their events, sets events aside, changes, puts back and drops them")
  func hooks() async throws {
    let caller = try await APICaller()
    let arrivals = CountingHTTP()
    let path = try await caller.bench.webhook(
      "In", ServiceBench.post(2, "\(arrivals.base)/{{1.n}}"))
    #expect(await caller.call("POST", "scenarios/1/stop").status == 200)
    for n in 1...3 {
      let sent = await caller.client.send(
        "POST", path, ["Content-Type": "application/json"], "{\"n\":\(n)}")
      #expect(sent.status == 200)
    }
    let hook = await caller.call("GET", "hooks/1")
    let expected: [(String, Value)] = [
      ("id", 1), ("teamId", 1), ("typeName", "gateway-webhook"), ("enabled", true),
      ("gone", false), ("queueCount", 3), ("scenarioId", 1), ("path", .text(path)),
      ("parkedCount", 0), ("scenarioName", "In"),
    ]
    for (field, value) in expected { #expect(hook["hook.\(field)"] == value, "\(field)") }
    let list = await caller.call("GET", "hooks/1/incomings?pg[limit]=2")
    #expect(list["incomings"].array?.compactMap { $0.collection?["id"] } == [1, 2])
    #expect(list["incomings.0.status"] == "waiting")
    let event = await caller.call("GET", "hooks/1/incomings/2")
    #expect(event["incoming.data.0.n"] == 2)

    let parked = await caller.call("POST", "hooks/1/incomings/1/park")
    #expect(parked["incoming.status"] == "parked")
    #expect(await caller.call("GET", "hooks/1")["hook.parkedCount"] == 1)
    let dropped = await caller.call("DELETE", "hooks/1/incomings/3")
    #expect(dropped.json == ["incoming": 3])
    for (method, path, body, status) in [
      ("GET", "hooks/9", "", 404), ("GET", "hooks/x", "", 400),
      ("GET", "hooks/1/incomings/3", "", 404), ("GET", "hooks/1/incomings/x", "", 400),
      ("DELETE", "hooks/1/incomings/3", "", 404),
      ("POST", "hooks/1/incomings/1/release", #"{"data":5}"#, 400),
      ("POST", "hooks/1/incomings/1/release", "[", 400),
    ] {
      let refused = await caller.call(method, path, body)
      #expect(refused.status == status, "\(method) \(path): \(refused.json)")
    }
    #expect(await caller.call("POST", "scenarios/1/start").status == 200)
    try await caller.bench.wait("the second event") { arrivals.count("2") == 1 }
    let released = await caller.call(
      "POST", "hooks/1/incomings/1/release", #"{"data":{"n":"mended"}}"#)
    #expect(released.status == 200)
    try await caller.bench.wait("the mended event") { arrivals.count("mended") == 1 }
    #expect(arrivals.count("1") == 0 && arrivals.count("3") == 0)
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("tells whether a webhook listens, and switches it off and on at once")
  func switchedHooks() async throws {
    let caller = try await APICaller()
    let arrivals = CountingHTTP()
    let path = try await caller.bench.webhook(
      "In", ServiceBench.post(2, "\(arrivals.base)/{{1.n}}"))
    func send(_ n: Int) async -> Int {
      await caller.client.send(
        "POST", path, ["Content-Type": "application/json"], "{\"n\":\(n)}"
      ).status
    }
    #expect(await send(1) == 200)
    let ping = await caller.call("GET", "hooks/1/ping")
    #expect(ping["address"] == .text("http://localhost" + path))
    #expect(
      ping["attached"] == true && ping["learning"] == false && ping["gone"] == false,
      "\(ping.json)")

    #expect(await caller.call("POST", "hooks/1/disable").json == ["success": true])
    #expect(await send(2) == 410)
    #expect(await caller.call("GET", "hooks/1/ping")["attached"] == false)
    #expect(await caller.call("GET", "hooks/1")["hook.enabled"] == false)
    #expect(await caller.call("POST", "hooks/1/enable").json == ["success": true])
    #expect(await send(3) == 200)
    // Events are run beside each other: the third may be there before the first.
    try await caller.bench.wait("the first and the third event") {
      arrivals.count("1") > 0 && arrivals.count("3") > 0
    }
    #expect(
      arrivals.count("1") == 1 && arrivals.count("2") == 0 && arrivals.count("3") == 1)
    #expect(await caller.call("POST", "hooks/9/disable").status == 404)
    #expect(await caller.call("GET", "hooks/9/ping").status == 404)
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test(
    "a scenario whose failures find no room is paused, keeps taking events in, and goes on later")
  func paused() async throws {
    // No record is as small as that.
    let caller = try await APICaller(environment: ["FETTLE_SCENARIO_LIMIT": "10"])
    let path = try await caller.bench.webhook("Full", ServiceBench.fail(2, "DataError"))
    let body = #"{"n":1}"#
    #expect(await caller.client.send("POST", path, [:], body).status == 200)
    try await caller.bench.wait("the pause") {
      await caller.call("GET", "scenarios/1")["scenario.isPaused"] == true
    }
    let row = await caller.call("GET", "scenarios/1")
    #expect(row["scenario.isActive"] == false && row["scenario.isinvalid"] == false)
    #expect(row["scenario.problem"].text?.contains("no room") == true, "\(row.json)")
    let list = try await caller.bench.fettle(["scenarios"])
    #expect(list.contains("paused: the store has no room"), "\(list)")

    #expect(await caller.client.send("POST", path, [:], body).status == 200)
    // What failed went back to the queue, and the second waits behind it.
    #expect(await caller.call("GET", "hooks/1")["hook.queueCount"] == 2)
    #expect(try await caller.daemon.stop() == 0)

    let roomy = try caller.bench.daemon(environment: [:])
    let again = HTTPClient(try await roomy.base())
    let started = await again.send(
      "POST", "/api/v2/scenarios/1/start", ["Authorization": "Token \(caller.token)"], "")
    #expect(started.status == 200)
    try await caller.bench.wait("two records") {
      try await caller.bench.fettle(["list", "--json"]).components(separatedBy: "DataError").count
        == 3
    }
    #expect(try await roomy.stop() == 0)
  }

  @Test("what may have happened is sent again only when that is said, or closed with its output")
  func inDoubt() async throws {
    let isHeld = Mutex(true)
    let server = LoopbackHTTP { _ in
      // Should the test end meanwhile, this does too.
      for _ in 0..<3000 where isHeld.withLock({ $0 }) { usleep(10_000) }
      return .json(200, [:])
    }
    let environment = ["FETTLE_LEASE": "2"]
    let caller = try await APICaller(environment: environment)
    let path = try await caller.bench.webhook(
      "Doubt", ServiceBench.post(2, "\(server.base)/{{1.n}}"))
    for n in 1...2 {
      let sent = await caller.client.send(
        "POST", path, ["Content-Type": "application/json"], "{\"n\":\(n)}")
      #expect(sent.status == 200)
    }
    try await caller.bench.wait("both") { server.requests.count == 2 }
    try await caller.daemon.kill()
    isHeld.withLock { $0 = false }
    let daemon = try caller.bench.daemon(environment: environment)
    let client = HTTPClient(try await daemon.base())
    func call(_ method: String, _ path: String, _ body: String = "") async throws -> (Int, Value) {
      let answer = await client.send(
        method, "/api/v2/\(path)",
        ["Authorization": "Token \(caller.token)", "Content-Type": "application/json"], body)
      return (answer.status, try JSONReader.read(answer.body))
    }
    // The lease of the dead daemon has to run out.
    try await caller.bench.wait("both records") { try await caller.records().count == 2 }
    let ids = try await caller.records().map(\.id)
    for (id, body) in zip(ids, [#"{"sendAgain":true}"#, #"{"output":{"ok":true}}"#]) {
      let (_, shown) = try await call("GET", "dlqs/\(id.text)")
      #expect(shown.collection?["dlq"]?.collection?["inDoubt"] == true)
      let (refused, why) = try await call("POST", "dlqs/\(id.text)/retry")
      #expect(refused == 409)
      #expect(why.collection?["detail"]?.text?.contains("sendAgain") == true, "\(why)")
      let (wrong, _) = try await call("POST", "dlqs/\(id.text)/retry", #"{"output":5}"#)
      #expect(wrong == 400)
      let (accepted, answer) = try await call("POST", "dlqs/\(id.text)/retry", body)
      #expect(accepted == 200, "\(answer)")
      try await caller.bench.wait("its end") {
        try await caller.bench.store.record(id).summary.state == .resolved
      }
    }
    #expect(server.requests.count == 3, "one of them was sent again")
    #expect(try await daemon.stop() == 0)
  }

  @Test("narrows the list by module, and by more than one thing at once")
  func narrowing() async throws {
    let caller = try await APICaller()
    try await caller.fail("Orders", [APIContractTests.bad])
    try await caller.fail(
      "Bills", [#"{"word":"elephant"}"#], module: ServiceBench.fail(2, "DataError", "{{1.word}}"))
    let both = try await caller.records()
    for record in both {
      let title = record.failerTitle.replacing(" ", with: "%20")
      let list = await caller.call("GET", "dlqs?filter=module:%22\(title)%22")
      #expect(list["dlqs"].array?.count == 1, "\(title): \(list.json)")
      #expect(list["dlqs.0.id"] == .text(record.id.text))
    }
    let neither = await caller.call("GET", "dlqs?type=DataError&scenarioId=1")
    #expect(neither["dlqs"] == [])
    let open = await caller.call("GET", "dlqs?type=DataError&status=unresolved&text=elephant")
    #expect(open["dlqs"].array?.count == 1)
    #expect(try await caller.daemon.stop() == 0)
  }
}
