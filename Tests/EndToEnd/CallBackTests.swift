import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Synchronization
import Testing

@Suite("Whoever wants to be told how a run ended is told, whatever dies meanwhile", .fewAtOnce)
struct CallBackTests {
  private let bench: ServiceBench

  init() throws { bench = try ServiceBench() }

  /// A scenario that asks a slow service.
  private func scenario(asking url: String) async throws {
    let file = try bench.folder.file(
      "slow.json",
      #"""
      {"name":"Slow","flow":[{"id":1,"module":"util:BasicTrigger"},
        {"id":2,"module":"http:MakeRequest","version":4,"parameters":{"authenticationType":"noAuth"},
         "mapper":{"url":"\#(url)","method":"get","stopOnHttpError":true}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    try await bench.fettle(["schedule", file, "--inactive", "--set", #"{"type":"on-demand"}"#])
  }

  private func run(at base: String, telling url: String) async throws -> String {
    let token = try await bench.fettle(["token", "add", UUID().uuidString, "--all"])
    let answer = await HTTPClient(base).send(
      "POST", "/api/v2/scenarios/1/run",
      [
        "Authorization": "Token \(token.trimmingCharacters(in: .whitespacesAndNewlines))",
        "Content-Type": "application/json",
      ], #"{"data":{},"callbackUrl":"\#(url)"}"#)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(try JSONReader.read(answer.text).collection?["executionId"]?.text)
  }

  @Test("killed while the run goes on: the next daemon takes it over, ends it and tells it")
  func killedBeforeTheEnd() async throws {
    let slow = LoopbackHTTP { _ in .init(200, "late", delay: .seconds(60)) }
    let listener = LoopbackHTTP { _ in .json(200, [:]) }
    try await scenario(asking: slow.base)
    let environment = ["FETTLE_LEASE": "2"]
    let first = try bench.daemon(environment: environment)
    let id = try await run(at: try await first.base(), telling: listener.base + "/done")
    try await bench.wait("the run at its second module") { !slow.requests.isEmpty }
    try await first.kill()
    #expect(listener.requests.isEmpty)
    let second = try bench.daemon(environment: environment)
    try await bench.wait("the call") { !listener.requests.isEmpty }
    let told = try JSONReader.read(listener.requests[0].text).collection
    #expect(told?["executionId"] == .text(id))
    #expect(told?["status"] == "WARNING", "what is left of it waits to be retried")
    #expect(try await second.stop() == 0)
    #expect(listener.requests.count == 1)
  }

  @Test(
    "killed while nobody answers at the address: the next daemon calls again, and only until it was told"
  )
  func killedBeforeItWasTold() async throws {
    let service = LoopbackHTTP { _ in .json(200, [:]) }
    let isAway = Mutex(true)
    let listener = LoopbackHTTP { _ in .json(isAway.withLock { $0 } ? 503 : 200, [:]) }
    try await scenario(asking: service.base)
    let first = try bench.daemon()
    let id = try await run(at: try await first.base(), telling: listener.base + "/done")
    try await bench.wait("a first call") { !listener.requests.isEmpty }
    try await first.kill()
    let before = listener.requests.count
    isAway.withLock { $0 = false }
    let second = try bench.daemon()
    // A call that was on its way when its program died is left alone for a minute.
    try await bench.wait("another call", seconds: 90) { listener.requests.count > before }
    let told = try JSONReader.read(listener.requests.last?.text ?? "").collection
    #expect(told?["executionId"] == .text(id))
    #expect(told?["status"] == "SUCCESS")
    try await bench.wait("nothing to tell any more") {
      try await bench.store.takeCallBacks(
        now: Instant(milliseconds: .max / 2), until: Instant(milliseconds: .max / 2), limit: 1
      ).isEmpty
    }
    #expect(try await second.stop() == 0)
    #expect(listener.requests.count == before + 1)
  }
}
