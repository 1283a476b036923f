import FettleTestKit
import Foundation
import GRDB
import Testing

/// What the daemon says of scenarios that lost bundles, and of those it cannot run.
@Suite("The daemon, when a scenario is not well", .timeLimit(.minutes(15)), .fewAtOnce)
struct LossTests {
  @Test(
    "with data loss enabled, bundles without room are counted until an operator acknowledges it")
  func losses() async throws {
    let bench = try ServiceBench()
    let hook = try await bench.webhook(
      "Lossy", ServiceBench.fail(2, "DataError"), settings: #""dlq":true,"dataloss":true"#)
    let daemon = try bench.daemon(environment: ["FETTLE_SCENARIO_LIMIT": "10"])
    let client = HTTPClient(try await daemon.base())
    for _ in 0..<3 { #expect(await client.send("POST", hook, [:], "{}").status == 200) }
    try await bench.wait("three runs") { try await bench.ended().count == 3 }
    let metrics = await client.send("GET", "/metrics").text
    for line in [
      "fettle_bundles_lost_total 3", "fettle_lost_unacknowledged 3",
      "fettle_scenario_lost_unacknowledged{scenario=\"1\"} 3",
    ] { #expect(metrics.contains(line), "\(metrics)") }
    #expect(daemon.log.contains("lost=1"), "\(daemon.log)")
    let listed = try await bench.fettle(["scenarios"])
    #expect(listed.contains("3 bundles lost since 20"), "\(listed)")
    #expect(listed.contains("fettle acknowledge 1"), "\(listed)")
    #expect(
      try await bench.fettle(["acknowledge", "Lossy"]) == "Lossy: 3 lost bundles acknowledged\n")
    #expect(!(try await bench.fettle(["scenarios"])).contains("lost since"))
    #expect(await client.send("GET", "/metrics").text.contains("fettle_lost_unacknowledged 0"))
    _ = try await bench.fettle(["acknowledge", "Lossy"], expecting: 2)
    #expect(try await daemon.stop() == 0)
  }

  @Test("health names the scenarios whose blueprint cannot be read, and the others run")
  func unreadable() async throws {
    let bench = try ServiceBench()
    let ill = try await bench.webhook("Ill", "")
    let well = try await bench.webhook("Well", "")
    try await DatabaseQueue(path: bench.path).write { database in
      try database.execute(
        sql:
          "UPDATE blueprint SET json = '{' WHERE id = (SELECT blueprint FROM scenario WHERE name = 'Ill')"
      )
    }
    let daemon = try bench.daemon()
    let client = HTTPClient(try await daemon.base())
    let health = await client.send("GET", "/health")
    #expect(health.status == 200, "a daemon that works is not to be replaced")
    for word in [#""status":"degraded""#, #""name":"Ill""#, "cannot be read", "fettle schedule"] {
      #expect(health.text.contains(word), "\(health.text)")
    }
    #expect(!health.text.contains("Well"))
    #expect(await client.send("GET", "/metrics").text.contains("fettle_scenarios_unreadable 1"))
    #expect(
      await client.send("POST", ill, [:], "{}").status == 503,
      "what it would run is not known, so the sender keeps the event")
    #expect(await client.send("POST", well, [:], "{}").status == 200)
    try await bench.wait("the run of the other") { try await bench.ended().count == 1 }
    _ = try await bench.webhook("Ill", "")
    #expect(await client.send("GET", "/health").text.contains(#""status":"ok""#))
    #expect(await client.send("POST", ill, [:], "{}").status == 200)
    try await bench.wait("the run of the event that was sent again") {
      try await bench.ended().count == 2
    }
    #expect(try await daemon.stop() == 0)
  }
}
