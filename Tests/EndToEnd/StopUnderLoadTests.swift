import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Glibc
import Synchronization
import Testing

/// Signals while webhooks arrive and retries run.
@Suite("The daemon, stopped or killed under load", .fewAtOnce)
struct StopUnderLoadTests {
  /// Records whose service was away, and is back.
  private static let records = 30

  @Test("nothing is lost and nothing is done twice", arguments: [SIGTERM, SIGKILL])
  func load(signal: Int32) async throws {
    let late = LateService()
    let server = LoopbackHTTP { late.answer($0) }
    let bench = try ServiceBench()
    let path = try await bench.webhook("Load", ServiceBench.post(2, "\(server.base)/event-{{1.n}}"))
    try await store(Self.records, for: "\(server.base)/late-{{1.n}}", in: bench)
    let awaited = server.requests.count
    #expect(awaited == Self.records)
    late.phase.withLock { $0 = .holding }
    let environment = ["FETTLE_LEASE": "2"]
    let daemon = try bench.daemon(["--parallel", "4"], environment: environment)
    let senders = EventSenders(300, to: path, at: try await daemon.base(), width: 4)
    _ = try await bench.store.requestRetries(
      of: try await bench.store.page(RecordFilter(), .first, limit: 100).map(\.id), by: "ada",
      at: SystemClock().now(), output: nil, sendAgain: false)
    func arrived(_ prefix: String) -> [String] {
      server.requests.dropFirst(awaited).map(\.path).filter { $0.hasPrefix("/\(prefix)-") }
    }
    try await bench.wait("work of both kinds") {
      arrived("late").count > LateService.free && arrived("event").count >= 5
    }
    #expect(arrived("late").count < Self.records, "the retries still run")
    if signal == SIGTERM {
      let began = ContinuousClock.now
      late.phase.withLock { $0 = .back }
      #expect(try await daemon.stop() == 0, "\(daemon.log)")
      #expect(ContinuousClock.now - began < .seconds(15))
    } else {
      try await daemon.kill()
      late.phase.withLock { $0 = .back }
    }
    let again = try bench.daemon(["--parallel", "4"], environment: environment)
    senders.move(to: try await again.base())
    try await bench.wait("the senders") { senders.isDone }
    try await bench.wait("rest", seconds: 120) {
      let open = try await bench.store.page(RecordFilter(), .first, limit: 1000)
      let isRunning = try await bench.store.executions(of: nil, limit: 2000).contains {
        $0.summary.ended == nil
      }
      return try await bench.waiting() == 0 && !isRunning
        && open.allSatisfy { $0.state == .unresolved }
    }
    #expect(try await again.stop() == 0)

    // Who asked for a retry is served by the next daemon. What is left is in doubt: it may have arrived,
    // once; only a kill leaves such a record.
    var inDoubt: Set<String> = []
    for summary in try await bench.store.page(RecordFilter(), .first, limit: 1000) {
      let record = try await bench.store.record(summary.id)
      #expect(record.error.stage == .inDoubt, "\(summary)")
      let number = record.bundles[ModuleID(1)]?["n"].flatMap(Coercion.text) ?? "?"
      inDoubt.insert("/\(summary.scenarioName == "Load" ? "event" : "late")-\(number)")
    }
    if signal == SIGTERM { #expect(inDoubt.isEmpty) }
    let counts = Dictionary(
      (arrived("late") + arrived("event")).map { ($0, 1) }, uniquingKeysWith: +)
    #expect(counts.values.allSatisfy { $0 == 1 }, "\(counts.filter { $0.value > 1 })")
    let expected =
      (0..<Self.records).map { "/late-\($0)" } + senders.acknowledged.map { "/event-\($0)" }
    for path in expected where counts[path] == nil {
      #expect(inDoubt.contains(path), "\(path) is lost")
    }
  }

  /// A service that is away for some of what it is asked, then back, but holds all but the first few
  /// answers until the signal is sent: however fast the machine is, retries run then.
  private final class LateService: Sendable {
    enum Phase { case away, holding, back }

    static let free = 5
    let phase = Mutex(Phase.away)
    private let answered = Atomic(0)

    func answer(_ request: LoopbackHTTP.Request) -> LoopbackHTTP.Answer {
      guard request.path.hasPrefix("/late-") else {
        return LoopbackHTTP.Answer(200, "{}", delay: .milliseconds(20))
      }
      if phase.withLock({ $0 == .away }) { return .json(503, [:]) }
      if answered.add(1, ordering: .relaxed).newValue > Self.free {
        // Should the test end meanwhile, this does too.
        for _ in 0..<3000 where phase.withLock({ $0 == .holding }) { usleep(10_000) }
      }
      return .json(200, [:])
    }
  }

  /// Stores records of a scenario that posts each of its bundles to a service that is away.
  private func store(_ count: Int, for url: String, in bench: ServiceBench) async throws {
    let file = try bench.folder.file(
      "late.json",
      #"""
      {"name":"Late","flow":[{"id":1,"module":"gateway:CustomWebHook"},\#(ServiceBench.post(2, url))],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let bundles = (0..<count).map { "{\"n\":\($0)}" }.joined(separator: ",")
    let given = try bench.folder.file("late-bundles.json", "[\(bundles)]")
    try await bench.fettle(["run", file, "--bundles", given], expecting: 3)
    #expect(try await bench.store.page(RecordFilter(), .first, limit: 100).count == count)
  }

  @Test("waits for an operation that does not end no longer than its limit")
  func limit() async throws {
    let server = LoopbackHTTP { _ in LoopbackHTTP.Answer(200, "{}", delay: .seconds(30)) }
    let bench = try ServiceBench()
    let path = try await bench.webhook(
      "Hangs",
      ServiceBench.post(2, "\(server.base)/hangs")
        .replacing("\"stopOnHttpError\":true", with: "\"stopOnHttpError\":true,\"timeout\":3"))
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    #expect(await client.send("POST", path).status == 200)
    try await bench.wait("the request") { server.requests.count == 1 }
    let began = ContinuousClock.now
    #expect(try await daemon.stop() == 0)
    let took = ContinuousClock.now - began
    #expect(took < .seconds(10), "its limit is 3 s, that of a connection 30 s: \(took)")
    let record = try #require(try await bench.store.page(RecordFilter(), .first, limit: 10).first)
    #expect(record.errorType == .moduleTimeout)
    #expect(record.retry, "it goes on by itself")
  }
}
