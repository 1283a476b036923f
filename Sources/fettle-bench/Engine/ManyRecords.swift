import FettleCore
import FettleEngine
import FettleSQLite

extension Bench {
  /// Stores the records, five hundred in a transaction.
  func fill(with records: Int) async throws {
    let blueprint = try Self.chain([(Step.descriptor.type, true)])
    let scenarios = [
      try await store.scenario(named: "Orders"),
      try await store.scenario(named: "Leads"),
    ]
    let clock = SystemClock()
    let opening = ExecutionOpening(
      execution: ExecutionSummary(id: "fill", scenario: scenarios[0], started: clock.now()),
      blueprint: blueprint, given: nil, seed: 1, worker: "fill",
      lease: clock.now().advanced(bySeconds: 86_400))
    _ = try await store.open(opening, claiming: nil)
    for first in stride(from: 0, to: records, by: 500) {
      let batch = (first..<min(first + 500, records)).map { number in
        Self.record(number, of: scenarios[number % 2], blueprint, clock)
      }
      try await store.append(
        [], records: batch, changes: [], to: "fill", by: "fill",
        lease: clock.now().advanced(bySeconds: 86_400), isConfidential: false)
    }
  }

  /// Stores one record more, as the run does that fails: it shares its commit with others.
  func keep(_ number: Int) async throws {
    let clock = SystemClock()
    let blueprint = try Self.chain([(Step.descriptor.type, true)])
    let scenario = try await store.scenario(named: "Orders")
    try await store.append(
      [], records: [Self.record(number, of: scenario, blueprint, clock)], changes: [], to: "fill",
      by: "fill", lease: clock.now().advanced(bySeconds: 86_400), isConfidential: false)
  }

  /// Between two records, in milliseconds: a hundred thousand are what a hundred days leave behind.
  private static let pause: Int64 = 90_000

  private static func record(
    _ number: Int, of scenario: ScenarioID, _ blueprint: Blueprint, _ clock: SystemClock
  ) -> IncompleteExecution {
    let type: ErrorType =
      number % 100_000 == 7 ? .maxResultsExceeded : number % 3 == 0 ? .connection : .data
    return IncompleteExecution(
      summary: IncompleteSummary(
        id: clock.recordID(), scenarioID: scenario,
        scenarioName: number % 2 == 0 ? "Orders" : "Leads", index: 0, executionID: "fill",
        failer: 2, failerTitle: "Create task", errorType: type, reason: "the address is refused",
        created: Instant(milliseconds: 1_700_000_000_000 + Int64(number) * pause), size: 900,
        state: .unresolved, nextRetry: nil),
      error: ModuleError(type, "the address is refused"), blueprint: blueprint,
      originalBundles: VisibleBundles([
        .init(module: 1, bundle: ["email": .text("customer\(number)x@example.org"), "n": 4])
      ]), mappedInput: ["to": "x"], variables: Variables(), continuation: [], visits: [],
      schedule: RetrySchedule(pauses: []))
  }
}
