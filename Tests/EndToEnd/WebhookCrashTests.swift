import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

/// Every event that was acknowledged is processed or listed, exactly once, whatever dies.
/// `FETTLE_EVENTS` makes it longer.
@Suite("Webhooks, while the daemon is killed with signal 9", .fewAtOnce)
struct WebhookCrashTests {
  @Test("every acknowledged event is processed or listed, exactly once")
  func kills() async throws {
    let count = ProcessInfo.processInfo.environment["FETTLE_EVENTS"].flatMap(Int.init) ?? 1000
    let bench = try ServiceBench()
    let arrivals = CountingHTTP()
    let path = try await bench.webhook("Load", ServiceBench.post(2, "\(arrivals.base)/e{{1.n}}"))
    let environment = ["FETTLE_LEASE": "2"]
    var daemon = try bench.daemon(environment: environment)
    let senders = EventSenders(count, to: path, at: try await daemon.base())
    for kill in 1...2 {
      try await bench.wait("a third", seconds: 300) {
        senders.acknowledged.count >= count * kill / 3 || senders.isDone
      }
      try await daemon.kill()
      daemon = try bench.daemon(environment: environment)
      senders.move(to: try await daemon.base())
    }
    try await bench.wait("the senders", seconds: 300) { senders.isDone }
    let acknowledged = senders.acknowledged
    #expect(senders.refused == [:])
    #expect(acknowledged.count + senders.unanswered == count)
    #expect(Set(acknowledged).count == acknowledged.count)

    // What the killed daemons had begun is taken over when their leases have run out.
    try await bench.wait("rest", seconds: 120) {
      let isRunning = try await bench.store.executions(of: nil, limit: count * 2).contains {
        $0.summary.ended == nil
      }
      let records = try await bench.store.page(RecordFilter(), .first, limit: 1000)
      let waiting = try await bench.waiting()
      return !isRunning && waiting == 0 && records.allSatisfy { $0.state == .unresolved }
    }
    #expect(try await daemon.stop() == 0)
    #expect(arrivals.repeated == [], "nothing is sent twice")
    // A record in doubt may have arrived; any other has not.
    var listed: [String: Int] = [:]
    var inDoubt: Set<String> = []
    for summary in try await bench.store.page(RecordFilter(), .first, limit: 1000) {
      let record = try await bench.store.record(summary.id)
      let name = "e" + (record.bundles[ModuleID(1)]?["n"].flatMap(Coercion.text) ?? "?")
      listed[name, default: 0] += 1
      if record.error.stage == .inDoubt { inDoubt.insert(name) }
    }
    #expect(listed.values.allSatisfy { $0 == 1 }, "nothing is listed twice")
    for number in acknowledged {
      let name = "e\(number)"
      let arrived = arrivals.count(name)
      #expect(
        arrived == 1 && (listed[name] == nil || inDoubt.contains(name))
          || arrived == 0 && listed[name] == 1,
        "event \(number): arrived \(arrived), listed \(listed[name] ?? 0)")
    }
    print(
      "\(acknowledged.count) acknowledged, \(senders.unanswered) unanswered, 2 kills: "
        + "\(listed.count) listed, \(inDoubt.count) of them in doubt")
  }
}
