import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

@Suite("A webhook", .fewAtOnce)
struct WebhookTests {
  let bench: ServiceBench

  init() throws { bench = try ServiceBench() }

  @Test("takes what Make takes, answers Accepted, and the scenario runs with it")
  func accepted() async throws {
    let arrivals = CountingHTTP()
    let path = try await bench.webhook(
      "In", ServiceBench.post(2, "\(arrivals.base)/{{1.name}}-{{1.n}}"))
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    let json = await client.send(
      "POST", path, ["Content-Type": "application/json"], #"{"name":"json","n":1}"#)
    #expect(json.status == 200)
    #expect(json.text == "Accepted")
    let form = await client.send(
      "POST", path + "?n=2", ["Content-Type": "application/x-www-form-urlencoded"], "name=form")
    #expect(form.status == 200)
    let query = await client.send("GET", path + "?name=query&n=3")
    #expect(query.status == 200)
    for name in ["json-1", "form-2", "query-3"] {
      try await bench.wait(name) { arrivals.count(name) == 1 }
    }
    try await bench.wait("an empty queue") { try await bench.waiting() == 0 }
    try await bench.wait("three ends") { try await bench.ended().count == 3 }
    #expect(try await bench.ended().allSatisfy { $0.summary.origin == .instant })
    #expect(try await daemon.stop() == 0)
  }

  @Test("is answered by the scenario where that says what: status, headers, body")
  func answered() async throws {
    let path = try await bench.webhook(
      "Echo",
      #"""
      {"id":2,"module":"gateway:WebhookRespond","mapper":{"status":"{{1.status}}","body":"{{1.text}}",
       "headers":[{"key":"Content-Type","value":"application/json"},{"key":"X-N","value":"{{1.n}}"}]}},
      {"id":3,"module":"gateway:WebhookRespond","mapper":{"status":"500","body":"too late"}}
      """#)
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    let answer = await client.send(
      "POST", path, ["Content-Type": "application/json"],
      #"{"status":201,"text":"{\"ok\":true}","n":7}"#)
    #expect(answer.status == 201)
    #expect(answer.headers["content-type"] == "application/json")
    #expect(answer.headers["x-n"] == "7")
    #expect(answer.text == #"{"ok":true}"#)
    // A header that would smuggle another one in fails the module; the sender is told Accepted,
    // because the bundle waits to be mended.
    let smuggled = await client.send(
      "POST", path, ["Content-Type": "application/json"],
      #"{"status":200,"text":"x","n":"1\r\nSet-Cookie: a=b"}"#)
    #expect(smuggled.status == 200)
    #expect(smuggled.headers["set-cookie"] == nil)
    #expect(smuggled.text == "Accepted")
    #expect(try await daemon.stop() == 0)
    #expect(try await bench.store.page(RecordFilter(), .first, limit: 10).count == 1)
  }

  @Test("says 500 when the run fails before it answers, and the event is back in the queue")
  func failedRun() async throws {
    let path = try await bench.webhook(
      "Fails",
      ServiceBench.fail(2, "RuntimeError")
        + #",{"id":3,"module":"gateway:WebhookRespond","mapper":{"status":"200","body":"fine"}}"#)
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    let answer = await client.send("POST", path, ["Content-Type": "text/plain"], "x")
    #expect(answer.status == 500)
    #expect(answer.text == "Scenario failed to complete.")
    try await bench.wait("its return") { try await bench.waiting() == 1 }
    #expect(try await daemon.stop() == 0)
  }

  @Test("refuses what it does not know, does not want or cannot read, and says why")
  func refusals() async throws {
    let path = try await bench.webhook("Guarded", "")
    let secret = try bench.folder.file("secret", "open sesame\n")
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    func expect(
      _ status: Int, _ text: String, _ path: String, _ headers: [String: String] = [:],
      _ body: String = "", line: UInt = #line
    ) async {
      let answer = await client.send("POST", path, headers, body)
      #expect(answer.status == status, "line \(line): \(answer.text)")
      #expect(answer.text.contains(text), "line \(line): \(answer.text)")
    }
    let json = ["Content-Type": "application/json"]
    await expect(404, "no webhook", "/hook/0123456789abcdef0123456789abcdef01234567")
    await expect(400, "no JSON", path, json, "{")
    await expect(413, "at most", path, [:], String(repeating: "x", count: 5_000_001))
    await expect(200, "Accepted", path, ["Content-Type": "text/plain"], "fine")

    try await bench.fettle(
      ["hook", "set", "1", "--secret-header", "X-Secret", "--secret-file", secret])
    daemon.reload()
    try await bench.wait("the secret") {
      await client.send("POST", path, ["Content-Type": "text/plain"], "x").status == 401
    }
    await expect(401, "secret", path, ["X-Secret": "open sesame?"], "x")
    await expect(200, "Accepted", path, ["X-Secret": "open sesame"], "x")

    try await bench.fettle(
      ["hook", "set", "1", "--no-secret", "--per-second", "2"])
    daemon.reload()
    try await bench.wait("the rate") {
      for _ in 0..<5 {
        let answer = await client.send("POST", path)
        if answer.status == 429 { return answer.headers["retry-after"] == "1" }
      }
      return false
    }
    try await bench.fettle(["hook", "set", "1", "--per-second", "0", "--disable-events"])
    daemon.reload()
    try await bench.wait("the end") { await client.send("POST", path).status == 410 }
    try await bench.fettle(["hook", "set", "1", "--enable-events", "--scenario", "none"])
    daemon.reload()
    try await Task.sleep(for: .milliseconds(50))
    await expect(410, "no scenario listening", path)
    try await bench.fettle(["hook", "remove", "1", "--force"])
    daemon.reload()
    try await bench.wait("its removal") { await client.send("POST", path).status == 404 }
    #expect(try await daemon.stop() == 0)
  }

  @Test("takes events in while its scenario is off, up to the length of its queue")
  func fullQueue() async throws {
    let path = try await bench.webhook("Off", "")
    try await bench.fettle(["stop", "Off"])
    try await bench.fettle(["hook", "set", "1", "--queue-length", "3"])
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    for _ in 0..<3 { #expect(await client.send("POST", path, [:], "x").status == 200) }
    let full = await client.send("POST", path, [:], "x")
    #expect(full.status == 400)
    #expect(full.text == "Queue is full.")
    try await bench.fettle(["start", "Off"])
    try await bench.wait("an empty queue") { try await bench.waiting() == 0 }
    #expect(await client.send("POST", path, [:], "x").status == 200)
    #expect(try await daemon.stop() == 0)
  }

  @Test("one at a time and in order where the scenario is processed in order")
  func sequential() async throws {
    let server = LoopbackHTTP { _ in
      LoopbackHTTP.Answer(200, "{}", delay: .milliseconds(5))
    }
    let path = try await bench.webhook(
      "Ordered", ServiceBench.post(2, "\(server.base)/{{1.n}}"),
      settings: "\"dlq\":true,\"sequential\":true")
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    for n in 0..<20 {
      let answer = await client.send(
        "POST", path, ["Content-Type": "application/json"], "{\"n\":\(n)}")
      #expect(answer.status == 200)
    }
    try await bench.wait("all of them") { server.requests.count == 20 }
    #expect(server.requests.map(\.path) == (0..<20).map { "/\($0)" })
    #expect(try await daemon.stop() == 0)
  }

  @Test(
    "an event whose run fails returns to its place, switches the scenario off, and can be parked, changed and put back"
  )
  func poisoned() async throws {
    let server = LoopbackHTTP { _ in .json(200, ["ok": true]) }
    let path = try await bench.webhook(
      "Poisoned",
      #"{"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.j}}"}},"#
        + ServiceBench.post(3, "\(server.base)/{{1.n}}"), settings: "\"dlq\":false")
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    func send(_ n: Int, _ json: String) async {
      let answer = await client.send(
        "POST", path, ["Content-Type": "application/x-www-form-urlencoded"], "n=\(n)&j=\(json)")
      #expect(answer.status == 200)
    }
    await send(1, "[")
    try await bench.wait("its return") {
      try await bench.store.scenarios().first?.state.problem != nil
    }
    await send(2, "[1]")
    #expect(try await bench.waiting() == 2, "what comes meanwhile is taken in")
    try await bench.fettle(["start", "Poisoned"])
    try await bench.wait("the same failure again") {
      try await bench.store.event(1).failures == 2
    }
    let queue = try await bench.fettle(["hook", "queue", "1"])
    #expect(queue.contains("failed 2 times the same way"))
    #expect(queue.contains("fettle hook park 1"))
    #expect(server.requests.isEmpty)

    try await bench.fettle(["hook", "park", "1"])
    try await bench.fettle(["start", "Poisoned"])
    try await bench.wait("the second event") { server.requests.map(\.path) == ["/2"] }
    #expect(try await bench.fettle(["hook", "show", "1"]).contains(#""j": "[""#))
    let mended = try bench.folder.file("mended.json", #"[{"n":"1","j":"[1]"}]"#)
    try await bench.fettle(["hook", "release", "1", "--bundles", mended])
    try await bench.wait("the mended event") { server.requests.map(\.path) == ["/2", "/1"] }
    try await bench.wait("nothing left") {
      let row = try await bench.store.hooks().first
      return row?.waiting == 0 && row?.parked == 0
    }
    #expect(try await daemon.stop() == 0)
  }

  @Test(
    "a key that lies open since the time before keys were sealed is sealed when a daemon starts")
  func sealedLate() async throws {
    let path = try await bench.webhook("Signed", "")
    var hook = try #require(try await bench.store.hooks().first?.hook)
    hook.settings.secret = .signature(
      header: "X-Signature", function: .sha256, key: .open("planted-open-key-77e1"))
    try await bench.store.change(hook)
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    let secret = try #require(try await bench.store.hooks().first?.hook.settings.secret)
    guard case .signature("X-Signature", .sha256, .sealed) = secret else {
      Issue.record("the key is not sealed: \(secret)")
      return
    }
    let signing = try await Program.fettle(
      ["eval", #"{{sha256("hello"; "hex"; "planted-open-key-77e1")}}"#], home: bench.folder.path)
    let code = signing.output.trimmingCharacters(in: .whitespacesAndNewlines)
    for (signature, status) in [(code, 200), (String(code.reversed()), 401)] {
      let answer = await client.send(
        "POST", path, ["Content-Type": "text/plain", "X-Signature": signature], "hello")
      #expect(answer.status == status)
    }
    #expect(daemon.log.contains("keys of webhooks sealed"))
    #expect(try await daemon.stop() == 0)
  }

  @Test("the key senders sign with lies sealed in the store, and opens for nothing but its webhook")
  func signed() async throws {
    let key = "planted-hmac-key-51c2"
    let path = try await bench.webhook("Signed", "")
    try await bench.fettle(
      [
        "hook", "set", "1", "--secret-header", "X-Signature", "--secret-file", "-", "--hmac",
        "sha256",
      ],
      input: key + "\n")
    let secret = try #require(try await bench.store.hooks().first?.hook.settings.secret)
    guard case .signature(_, _, .sealed(let sealed)) = secret else {
      Issue.record("the key is not sealed: \(secret)")
      return
    }
    #expect(!String(decoding: sealed, as: UTF8.self).contains(key))
    for file in ["s.db", "s.db-wal"] {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: bench.folder.path + "/" + file))
      #expect(bytes.firstRange(of: Data(key.utf8)) == nil, "\(file) holds the key")
    }
    let body = "hello"
    let signing = try await Program.fettle(
      ["eval", #"{{sha256("hello"; "hex"; "\#(key)")}}"#], home: bench.folder.path)
    let code = signing.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    func send(_ signature: String) async -> Int {
      await client.send(
        "POST", path, ["Content-Type": "text/plain", "X-Signature": signature], body
      ).status
    }
    #expect(await send("sha256=\(code)") == 200)
    #expect(await send("sha256=\(String(code.reversed()))") == 401)
    #expect(await send("") == 401)
    // Moved to another webhook it opens nothing, and nothing is taken in.
    let other = try await bench.webhook("Other", "")
    var hook = try #require(try await bench.store.hooks().last?.hook)
    hook.settings.secret = secret
    try await bench.store.change(hook)
    let refused = await client.send(
      "POST", other, ["Content-Type": "text/plain", "X-Signature": "sha256=\(code)"], body)
    #expect(refused.status == 503)
    #expect(try await daemon.stop() == 0)
  }

  @Test("waits on backoff where the service cannot be reached, and its events wait in order")
  func backoff() async throws {
    let free = LoopbackSocket(.refused)
    let path = try await bench.webhook(
      "Away", ServiceBench.post(2, "http://127.0.0.1:\(free.port)/{{1.n}}"),
      settings: "\"dlq\":false")
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    #expect(await client.send("POST", path + "?n=1").status == 200)
    try await bench.wait("the backoff") {
      try await bench.store.scenarios().first?.state.backoffStep == 1
    }
    let state = try #require(try await bench.store.scenarios().first?.state)
    #expect(state.isActive)
    #expect(state.nextRun != nil)
    #expect(await client.send("POST", path + "?n=2").status == 200)
    #expect(try await bench.waiting() == 2)
    #expect(try await bench.ended().count == 1, "the second does not overtake the first")
    #expect(try await daemon.stop() == 0)
  }
}

@Suite("The daemon, told to stop", .fewAtOnce)
struct StopTests {
  @Test("ends with the operation that runs; what it had not got to goes on later, nothing twice")
  func graceful() async throws {
    let bench = try ServiceBench()
    let server = LoopbackHTTP { request in
      LoopbackHTTP.Answer(
        200, "{}", delay: request.path.hasPrefix("/slow") ? .milliseconds(300) : .zero)
    }
    let path = try await bench.webhook(
      "Long",
      ServiceBench.post(2, "\(server.base)/slow-{{1.n}}") + ","
        + ServiceBench.post(3, "\(server.base)/second-{{1.n}}"))
    let daemon = try bench.daemon(["--parallel", "4"])
    let senders = EventSenders(40, to: path, at: try await daemon.base(), width: 8)
    try await bench.wait("work") { server.requests.count >= 6 }
    let began = ContinuousClock.now
    #expect(try await daemon.stop() == 0)
    #expect(ContinuousClock.now - began < .seconds(15))
    try await bench.wait("the senders") { senders.isDone }
    let open = try await bench.store.executions(of: nil, limit: 1000).filter {
      $0.summary.ended == nil
    }
    #expect(open.isEmpty, "everything that was begun has an end")
    let again = try bench.daemon()
    _ = try await again.base()
    let acknowledged = Set(senders.acknowledged)
    #expect(!acknowledged.isEmpty)
    try await bench.wait("all of them", seconds: 60) {
      let paths = server.requests.map(\.path)
      return acknowledged.allSatisfy { paths.contains("/second-\($0)") }
    }
    let paths = server.requests.map(\.path)
    #expect(Set(paths).count == paths.count, "nothing was sent twice")
    #expect(try await again.stop() == 0)
  }
}
