import FettleCore
import FettleSQLite
import FettleTestKit
import Glibc
import Testing

@Suite("Two daemons on one store", .timeLimit(.minutes(15)), .fewAtOnce)
struct TwoDaemonsTests {
  @Test("an event whose run failed is begun again by neither before its scenario is switched off")
  func switchedOff() async throws {
    let bench = try ServiceBench()
    let path = try await bench.webhook(
      "Fails", ServiceBench.fail(2, "RuntimeError"), settings: "\"dlq\":false")
    let daemons = [try bench.daemon(), try bench.daemon()]
    var senders: [EventSenders] = []
    for daemon in daemons {
      senders.append(
        EventSenders(.max, to: path, at: try await daemon.base(), width: 2) { n in
          usleep(20_000)
          return "{\"n\":\(n)}"
        })
    }
    let scenario = try await bench.store.scenario(named: "Fails")
    func isOff() async throws -> Bool {
      let isActive = try await bench.store.scenario(scenario).state.isActive
      let runs = try await bench.store.executions(of: scenario, limit: 1000)
      return !isActive && runs.allSatisfy { $0.summary.ended != nil }
    }
    try await bench.wait("the first end") { try await isOff() }
    for time in 1...15 {
      let before = try await bench.ended().count
      try await bench.fettle(["start", "Fails"])
      try await bench.wait("the end") {
        let ended = try await bench.ended().count
        return try await isOff() && ended > before
      }
      // Others may have been at work beside it.
      #expect(try await bench.store.event(1).failures == time + 1)
    }
    for sender in senders { sender.stop() }
    for daemon in daemons { #expect(try await daemon.stop() == 0) }
  }
}
