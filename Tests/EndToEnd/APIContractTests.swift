import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Synchronization
import Testing

/// Make's interface of incomplete executions, call by call, as semantics 9 describes it; then what
/// Fettle adds.
@Suite("The API, over HTTP", .fewAtOnce)
struct APIContractTests {
  static let bad = #"{"email":"ada@example.org","j":"[","n":1}"#

  @Test("lists, shows and gives bundles, blueprint and log with the fields of Make")
  func reading() async throws {
    let caller = try await APICaller()
    try await caller.fail("Orders", [Self.bad, Self.bad, Self.bad])
    let newest = try #require(try await caller.records().first)
    let list = await caller.call("GET", "dlqs?scenarioId=1&pg[limit]=2")
    #expect(list.status == 200)
    #expect(list["dlqs"].array?.count == 2)
    #expect(list["dlqs.0.id"] == .text(newest.id.text))
    for field in ["id", "reason", "created", "size", "resolved", "retry", "attempts"] {
      #expect(list["dlqs.0.\(field)"] != .null, "\(field)")
    }
    #expect(list["dlqs.0.resolved"] == false)
    #expect(list["dlqs.0.attempts"] == 0)
    #expect(
      list["pg"] == ["sortBy": "created", "limit": 2, "sortDir": "desc", "offset": 0])
    // The brackets of Make's clients come encoded.
    let rest = await caller.call("GET", "dlqs?scenarioId=1&pg%5Blimit%5D=2&pg%5Boffset%5D=2")
    #expect(rest["dlqs"].array?.count == 1)
    let oldest = await caller.call("GET", "dlqs?scenarioId=1&pg[sortDir]=asc&pg[limit]=1")
    #expect(oldest["dlqs.0.id"] == rest["dlqs.0.id"])
    #expect(await caller.call("GET", "dlqs?scenarioId=99")["dlqs"].array == [])

    let one = await caller.call("GET", "dlqs/\(newest.id.text)")
    #expect(one.status == 200)
    #expect(one.headers["etag"] == "\"1\"")
    let expected: [(String, Value)] = [
      ("id", .text(newest.id.text)), ("scenarioId", 1), ("scenarioName", "Orders"),
      ("resolved", false), ("deleted", false), ("retry", false), ("attempts", 0),
      ("executionId", .text(newest.executionID)), ("failer", 2), ("inDoubt", false),
    ]
    for (field, value) in expected { #expect(one["dlq.\(field)"] == value, "\(field)") }
    for field in ["companyId", "companyName", "created", "size"] {
      #expect(one["dlq.\(field)"] != .null, "\(field)")
    }
    // Those of one millisecond stand in any order.
    var indexes: Set<Value> = []
    for record in try await caller.records() {
      indexes.insert(await caller.call("GET", "dlqs/\(record.id.text)")["dlq.index"])
    }
    #expect(indexes == [1, 2, 3])
    let bundle = await caller.call("GET", "dlqs/\(newest.id.text)/bundle")
    #expect(bundle["code"] == "OK")
    #expect(bundle["response.1.email"] == "ada@example.org")
    #expect(bundle["response.1.__IMTLENGTH__"] == 3)
    #expect(bundle["response.2.error.type"] == "BundleValidationError")
    #expect(bundle["response.2.error.message"] != .null)
    let blueprint = await caller.call("GET", "dlqs/\(newest.id.text)/blueprint")
    #expect(blueprint["code"] == "OK")
    #expect(blueprint["response.blueprint.name"] == "Orders")
    let logs = await caller.call("GET", "dlqs/\(newest.id.text)/logs")
    #expect(
      logs.json == [
        "dlqLogs": [],
        "pg": ["sortBy": "imtId", "limit": 50, "sortDir": "desc", "offset": 0],
      ])
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("edits with a version, checks, retries in a queue, and the outcome is seen")
  func mending() async throws {
    let caller = try await APICaller()
    try await caller.fail("Orders", [Self.bad])
    let id = try #require(try await caller.records().first).id.text
    let stale = await caller.call(
      "PATCH", "dlqs/\(id)/bundle", #"{"version":7,"edits":[{"path":"1.j","value":"[1]"}]}"#)
    #expect(stale.status == 409)
    let broken = await caller.call("POST", "dlqs/\(id)/check")
    #expect(broken.status == 200)
    #expect(broken["check.willRun"] == [2, 3])
    let again = await caller.call("POST", "dlqs/\(id)/retry")
    #expect(again.status == 200)
    #expect(again["dlq"] == .text(id))
    try await caller.bench.wait("the attempt") {
      await caller.call("GET", "dlqs/\(id)")["dlq.attempts"] == 1
    }
    let failed = await caller.call("GET", "dlqs/\(id)")
    #expect(failed["dlq.status"] == "unresolved")
    #expect(failed["dlq.lastAttempt.outcome"] == "failed")
    #expect(failed["dlq.queuePosition"] == .null)

    let version = failed.headers["etag"] ?? ""
    let edited = await caller.call(
      "PATCH", "dlqs/\(id)/bundle",
      #"{"edits":[{"path":"1.j","value":"{\"a\":5}"},{"path":"1.n","remove":true}]}"#,
      headers: ["If-Match": version])
    #expect(edited.status == 200, "\(edited.json)")
    #expect(edited["response.1.j"] == #"{"a":5}"#)
    #expect(edited["response.1.n"] == .null)
    let refused = await caller.call(
      "POST", "dlqs/\(id)/retry", headers: ["If-Match": version])
    #expect(refused.status == 409, "the version before the edit")
    #expect(await caller.call("POST", "dlqs/\(id)/retry").status == 200)
    try await caller.bench.wait("the end") {
      await caller.call("GET", "dlqs/\(id)")["dlq.resolved"] == true
    }
    let logs = await caller.call("GET", "dlqs/\(id)/logs")
    #expect(logs["dlqLogs"].array?.count == 2)
    #expect(logs["dlqLogs.0.status"] == 1)
    #expect(logs["dlqLogs.1.status"] == 3)
    for field in [
      "imtId", "id", "type", "status", "duration", "operations", "centicredits", "transfer",
      "teamId", "timestamp",
    ] { #expect(logs["dlqLogs.0.\(field)"] != .null, "\(field)") }
    #expect(logs["dlqLogs.0.operations"] == 2)
    #expect(logs["dlqLogs.0.transfer"].number?.integer ?? 0 > 0)
    let imtId = logs["dlqLogs.0.imtId"].text ?? ""
    #expect(imtId.contains("_dlq.\(id).manual."))
    let row = await caller.call("GET", "dlqs/\(id)/logs/\(imtId)")
    #expect(row["dlqLog.id"] == logs["dlqLogs.0.id"])
    #expect(row["dlqLog.organizationId"] != .null)
    #expect(row["dlqLog.instant"] == false)
    #expect(await caller.call("GET", "dlqs/\(id)/logs?status=3")["dlqLogs"].array?.count == 1)
    #expect(await caller.call("GET", "dlqs/\(id)/logs?from=9999999999999")["dlqLogs"] == [])
    #expect(await caller.call("POST", "dlqs/\(id)/retry").status == 409, "it is resolved")
    let record = try await caller.bench.store.record(RecordID(id))
    #expect(record.edits.allSatisfy { $0.author == "api:tests" })
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("replaces blueprint and failed module, and refuses what the record cannot go on with")
  func patching() async throws {
    let caller = try await APICaller()
    try await caller.fail("Orders", [Self.bad])
    let id = try #require(try await caller.records().first).id.text
    let old = await caller.call("GET", "dlqs/\(id)/blueprint")["response.blueprint"]
    let fixed = JSONWriter.text(old).replacing("{{1.j}}", with: #"{\"a\":1}"#)
    let text = JSONWriter.text(.text(fixed))
    let patched = await caller.call(
      "PATCH", "dlqs/\(id)", #"{"blueprint":\#(text),"failer":2}"#)
    #expect(patched.status == 200, "\(patched.json)")
    #expect(patched["dlq.failer"] == 2)
    #expect(patched["dlq.blueprint.name"] == "Orders")
    for body in [
      #"{"failer":77}"#, #"{"blueprint":"{"}"#, #"{"blueprint":"{\"flow\":[]}"}"#, "{}",
      #"{"failer":"x"}"#,
    ] {
      let refused = await caller.call("PATCH", "dlqs/\(id)", body)
      #expect(refused.status == 400, "\(body): \(refused.json)")
    }
    let stale = await caller.call(
      "PATCH", "dlqs/\(id)", #"{"failer":2}"#, headers: ["If-Match": "\"1\""])
    #expect(stale.status == 409)
    #expect(await caller.call("POST", "dlqs/\(id)/retry").status == 200)
    try await caller.bench.wait("the end") {
      await caller.call("GET", "dlqs/\(id)")["dlq.resolved"] == true
    }
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("retries and deletes many: by ids, by all, with exceptions, confirmed, not all or nothing")
  func many() async throws {
    let caller = try await APICaller()
    try await caller.fail("Orders", Array(repeating: Self.bad, count: 6))
    try await caller.fail("Other", [Self.bad])
    let ids = try await caller.records().filter { $0.scenarioName == "Orders" }.map(\.id.text)
    func list(_ ids: [String]) -> String { "[\(ids.map { "\"\($0)\"" }.joined(separator: ","))]" }

    let unconfirmed = await caller.call("DELETE", "dlqs?scenarioId=1", #"{"all":true}"#)
    #expect(unconfirmed.status == 406)
    #expect(unconfirmed["code"] == "IM004")
    #expect(unconfirmed["message"] != .null)
    #expect(try await caller.records().count == 7, "nothing was deleted")
    for body in ["", "{}", #"{"ids":[],"all":true}"#, #"{"ids":["x"]}"#, #"{"ids":"x"}"#, "["] {
      for call in [("DELETE", "dlqs?scenarioId=1&confirmed=true"), ("POST", "dlqs/retry")] {
        let refused = await caller.call(call.0, call.1, body)
        #expect(refused.status == 400, "\(call) \(body)")
        #expect(refused["code"] == "IM005")
      }
    }
    let foreign = await caller.call("DELETE", "dlqs?scenarioId=2", "{\"ids\":\(list([ids[0]]))}")
    #expect(foreign.status == 400, "a record of another scenario")
    let unknown = String(repeating: "0", count: 32)
    let missing = await caller.call("DELETE", "dlqs", "{\"ids\":\(list([unknown]))}")
    #expect(missing.status == 404)

    let deleted = await caller.call("DELETE", "dlqs?scenarioId=1", "{\"ids\":\(list([ids[0]]))}")
    #expect(deleted.json == ["dlqs": [.text(ids[0])]])
    #expect(await caller.call("GET", "dlqs/\(ids[0])")["dlq.deleted"] == true)
    #expect(await caller.call("GET", "dlqs?scenarioId=1")["dlqs"].array?.count == 5)
    #expect(
      await caller.call("GET", "dlqs?scenarioId=1&status=deleted")["dlqs.0.id"] == .text(ids[0]))
    // One that is being retried is named; the others are deleted all the same.
    let busy = try await caller.bench.store.move(
      RecordID(ids[1]), version: nil,
      RecordChange(
        .claimed, lease: SystemClock().now().advanced(bySeconds: 60), author: "x",
        date: SystemClock().now()))
    #expect(busy.summary.state == .inProgress)
    let partly = await caller.call(
      "DELETE", "dlqs?scenarioId=1", "{\"ids\":\(list([ids[1], ids[2]]))}")
    #expect(partly.status == 409)
    #expect(partly["suberrors.0.message"].text?.contains(ids[1]) == true)
    #expect(await caller.call("GET", "dlqs/\(ids[2])")["dlq.deleted"] == true)
    #expect(await caller.call("DELETE", "dlqs/\(ids[1])").status == 409)
    #expect(await caller.call("POST", "dlqs/\(ids[1])/retry").status == 409)
    #expect(
      await caller.call(
        "PATCH", "dlqs/\(ids[1])/bundle",
        #"{"version":2,"edits":[{"path":"1.j","value":"x"}]}"#
      ).status == 409)

    let retried = await caller.call(
      "POST", "dlqs/retry?scenarioId=1", "{\"all\":true,\"exceptIds\":\(list([ids[3]]))}")
    #expect(retried.status == 200)
    #expect(Set(retried["dlqs"].array?.compactMap(\.text) ?? []) == [ids[4], ids[5]])
    try await caller.bench.wait("both attempts") {
      for id in [ids[4], ids[5]] where await caller.call("GET", "dlqs/\(id)")["dlq.attempts"] != 1 {
        return false
      }
      return true
    }
    let trigger = try await caller.bench.store.record(RecordID(ids[4])).attempts.last?.trigger
    #expect(trigger == .bulk)
    let one = await caller.call("DELETE", "dlqs/\(ids[3])")
    #expect(one.json == ["dlq": .text(ids[3])])
    let all = await caller.call(
      "DELETE", "dlqs?scenarioId=1&confirmed=true",
      "{\"all\":true,\"exceptIds\":\(list([ids[4]]))}")
    #expect(all.json == ["dlqs": [.text(ids[5])]])
    #expect(try await caller.records().map(\.scenarioName).contains("Other"))
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("closes with a reason, filters across scenarios, refuses what is in doubt")
  func beyondMake() async throws {
    let caller = try await APICaller()
    try await caller.fail("Orders", [Self.bad])
    try await caller.fail(
      "Bills", [#"{"word":"elephant"}"#],
      module: ServiceBench.fail(2, "DataError", "{{1.word}}"))
    let bill = await caller.call("GET", "dlqs?type=DataError")
    #expect(bill["dlqs"].array?.count == 1)
    #expect(bill["dlqs.0.scenarioName"] == "Bills")
    #expect(await caller.call("GET", "dlqs?text=elephant")["dlqs"].array?.count == 1)
    let grammar = await caller.call("GET", "dlqs?filter=error:Data%20bundle.word:elephant")
    #expect(grammar["dlqs.0.id"] == bill["dlqs.0.id"], "\(grammar.json)")
    #expect(await caller.call("GET", "dlqs?filter=size:%3E%3E")["suberrors"] != .null)
    let sorted = await caller.call("GET", "dlqs?pg[sortBy]=scenarioName&pg[sortDir]=asc")
    #expect(sorted["dlqs.0.scenarioName"] == "Bills")
    #expect(await caller.call("GET", "dlqs?status=pending")["dlqs"].array?.count == 0)
    #expect(await caller.call("GET", "dlqs")["dlqs"].array?.count == 2)
    let id = bill["dlqs.0.id"].text ?? ""
    let noReason = await caller.call("POST", "dlqs/\(id)/resolve")
    #expect(noReason.status == 400)
    let closed = await caller.call(
      "POST", "dlqs/\(id)/resolve", #"{"reason":"paid by hand"}"#)
    #expect(closed["dlq.resolved"] == true)
    #expect(closed["dlq.closingReason"] == "paid by hand")
    #expect(closed["dlq.attempts"] == 0)
    #expect(await caller.call("POST", "dlqs/\(id)/resolve", #"{"reason":"x"}"#).status == 409)
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("tells an address how a run ended, again when it could not be reached")
  func callback() async throws {
    let caller = try await APICaller()
    let file = try caller.bench.folder.file(
      "s.json",
      #"""
      {"name":"Told","flow":[{"id":1,"module":"util:BasicTrigger"},
        {"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.j}}"}}]}
      """#)
    try await caller.bench.fettle(
      ["schedule", file, "--inactive", "--set", #"{"type":"on-demand"}"#])
    let isAway = Mutex(true)
    let listener = LoopbackHTTP { _ in
      isAway.withLock { isAway in
        defer { isAway = false }
        return .json(isAway ? 503 : 200, [:])
      }
    }
    let url = listener.base + "/done"
    let good = await caller.call(
      "POST", "scenarios/1/run", #"{"data":{"j":"[1]"},"callbackUrl":"\#(url)"}"#)
    let id = good["executionId"].text ?? ""
    try await caller.bench.wait("the second call") { listener.requests.count == 2 }
    for request in listener.requests {
      #expect(request.method == "POST" && request.path == "/done")
      let told = try JSONReader.read(request.text).collection
      #expect(told?["executionId"] == .text(id))
      #expect(told?["status"] == "SUCCESS")
      #expect(told?["error"] == .null)
    }
    let bad = await caller.call(
      "POST", "scenarios/1/run", #"{"data":{"j":"["},"callbackUrl":"\#(url)","responsive":true}"#)
    #expect(bad["status"] == 3)
    try await caller.bench.wait("the third call") { listener.requests.count == 3 }
    let told = try JSONReader.read(listener.requests.last?.text ?? "").collection
    #expect(told?["status"] == "ERROR")
    #expect(told?["error"]?.collection?["causeModule"]?.collection?["id"] == 2)
    // Programs write null where they mean nothing.
    let uncalled = await caller.call(
      "POST", "scenarios/1/run", #"{"data":{"j":"[1]"},"callbackUrl":null,"responsive":true}"#)
    #expect(uncalled["status"] == 1, "\(uncalled)")
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test(
    "a run that is waited for gives what its scenario returned; inputs that do not fit are refused")
  func outputs() async throws {
    let caller = try await APICaller()
    let file = try caller.bench.folder.file(
      "sum.json",
      #"""
      {"name":"Sum","flow":[{"id":1,"module":"scenario-service:StartSubscenario","mapper":{}},
        {"id":2,"module":"scenario-service:ReturnData","mapper":{"sum":"{{1.a + 1}}"}}],
       "io":{"input_spec":[{"name":"a","type":"number","required":true}]},
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    try await caller.bench.fettle(["import", file])
    let run = await caller.call(
      "POST", "scenarios/1/run", #"{"data":{"a":"41"},"responsive":true}"#)
    #expect(run["status"] == 1, "\(run)")
    #expect(run["outputs"] == ["sum": 42])
    for body in [#"{"responsive":true}"#, #"{"data":{"a":"many"}}"#] {
      let refused = await caller.call("POST", "scenarios/1/run", body)
      #expect(refused.status == 400, "\(refused)")
      #expect(refused["suberrors.0.message"].text?.contains("\"a\"") == true, "\(refused)")
    }
    #expect(try await caller.daemon.stop() == 0)
  }

  @Test("lists, shows, runs, starts and stops scenarios, and tells what they did")
  func scenarios() async throws {
    let caller = try await APICaller()
    let file = try caller.bench.folder.file(
      "s.json",
      #"""
      {"name":"Sums","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        {"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.j}}"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    try await caller.bench.fettle(["schedule", file, "--inactive"])
    let list = await caller.call("GET", "scenarios?teamId=1")
    #expect(list["scenarios"].array?.count == 1)
    #expect(list["scenarios.0.name"] == "Sums")
    #expect(list["scenarios.0.isActive"] == false)
    #expect(list["scenarios.0.scheduling.type"] == "immediately")
    #expect(list["scenarios.0.hookId"] == 1)
    #expect(list["pg"] != .null)
    let one = await caller.call("GET", "scenarios/1")
    #expect(one["scenario.dlqCount"] == 0)
    let blueprint = await caller.call("GET", "scenarios/1/blueprint")
    #expect(blueprint["response.blueprint.name"] == "Sums")
    #expect(blueprint["response.idSequence"] == 3)
    #expect(blueprint["response.scheduling.type"] == "immediately")

    let started = await caller.call("POST", "scenarios/1/start")
    #expect(started.json == ["scenario": ["id": 1, "isActive": true]])
    #expect(await caller.call("GET", "scenarios/1")["scenario.isActive"] == true)
    let stopped = await caller.call("POST", "scenarios/1/stop")
    #expect(stopped.json == ["scenario": ["id": 1, "isActive": false]])

    let good = await caller.call(
      "POST", "scenarios/1/run", #"{"data":{"j":"[1]"},"responsive":true}"#)
    #expect(good["status"] == 1, "\(good.json)")
    let warning = await caller.call(
      "POST", "scenarios/1/run", #"{"data":{"j":"["},"responsive":true}"#)
    #expect(warning["status"] == 2)
    let later = await caller.call("POST", "scenarios/1/run", #"{"data":{"j":"[2]"}}"#)
    let id = later["executionId"].text ?? ""
    #expect(!id.isEmpty)
    try await caller.bench.wait("its end") {
      await caller.call("GET", "scenarios/1/executions/\(id)")["status"] == "SUCCESS"
    }
    let logs = await caller.call("GET", "scenarios/1/logs")
    #expect(logs["scenarioLogs"].array?.count == 3)
    #expect(logs["scenarioLogs.0.operations"] == 2)
    #expect(logs["scenarioLogs.0.transfer"].number?.integer ?? 0 > 10)
    for field in [
      "imtId", "id", "type", "status", "duration", "operations", "transfer", "timestamp",
    ] { #expect(logs["scenarioLogs.0.\(field)"] != .null, "\(field)") }
    #expect(
      await caller.call("GET", "scenarios/1/logs?status=2")["scenarioLogs"].array?.count == 1)
    let row = await caller.call("GET", "scenarios/1/logs/\(id)")
    #expect(row["scenarioLog.id"] == .text(id))
    #expect(row["scenarioLog.imtId"].text?.hasSuffix("_scenario.1.manual.\(id)") == true)
    #expect(await caller.call("GET", "scenarios/1/executions")["executions"].array?.count == 3)
    #expect(await caller.call("GET", "scenarios/1/executions/\(id)?maxBytes=5").status == 413)
    for (body, status) in [
      (#"{"data":5}"#, 400), (#"{"callbackUrl":"file:///etc/passwd"}"#, 400), ("[", 400),
    ] { #expect(await caller.call("POST", "scenarios/1/run", body).status == status, "\(body)") }
    #expect(await caller.call("GET", "hooks")["hooks.0.queueCount"] == 0)
    #expect(await caller.call("GET", "hooks/1/incomings")["incomings"] == [])

    // What cannot work is refused when it is switched on.
    let broken = try caller.bench.folder.file(
      "b.json",
      #"""
      {"name":"Broken","flow":[{"id":1,"module":"util:BasicTrigger"},
        {"id":2,"module":"json:ParseJSON","filter":{"conditions":[[{"a":"1","o":"text:nonsense"}]]}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    try await caller.bench.fettle(
      ["schedule", broken, "--inactive", "--set", #"{"type":"on-demand"}"#])
    let refused = await caller.call("POST", "scenarios/2/start")
    #expect(refused.status == 400)
    #expect(refused["detail"].text?.contains("text:nonsense") == true)
    let foreign = try caller.bench.folder.file(
      "f.json",
      #"{"name":"Foreign","flow":[{"id":1,"module":"util:BasicTrigger"},{"id":2,"module":"nowhere:Send"}]}"#
    )
    try await caller.bench.fettle(
      ["schedule", foreign, "--inactive", "--set", #"{"type":"on-demand"}"#])
    let unknown = await caller.call("POST", "scenarios/3/start")
    #expect(unknown.status == 400)
    #expect(unknown["detail"].text?.contains("nowhere:Send") == true)
    try await caller.bench.fettle(["start", "Foreign"], expecting: 2)
    #expect(await caller.call("GET", "scenarios/3")["scenario.isActive"] == false)
    #expect(try await caller.daemon.stop() == 0)
  }
}
