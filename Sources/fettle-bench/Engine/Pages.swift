import ArgumentParser
import FettleCore
import FettleEngine
import FettleSQLite

/// Pages of the list and searches among many records, beside the same rows fetched with plain SQLite
/// calls (bars P7 and P8).
struct Pages: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pages",
    abstract: "Pages of 50 and searches among many records, beside plain SQLite.")

  @Option(help: "Records in the store.")
  var records = 1_000_000

  @Option(help: "Rounds of each pair; the median of their ratios is printed.")
  var rounds = 7

  @Option(help: "Milliseconds each side runs in a round.")
  var milliseconds = 100

  func run() async throws {
    let bench = try Bench()
    let clock = ContinuousClock()
    var start = clock.now
    try await fill(bench)
    let filling = start.duration(to: clock.now) / .seconds(1)
    start = clock.now
    try await bench.store.indexTexts()
    let indexing = start.duration(to: clock.now) / .seconds(1)
    print(
      "\(records) records: \(Table.rate(Double(records) / filling)) stored, "
        + "\(Table.rate(Double(records) / indexing)) indexed behind them")
    let plain = try PlainSQLite(bench.path)
    let columns =
      "id, scenario, scenario_name, queue_index, execution, failer, failer_title, error_type, "
      + "reason, created, size, state, next_retry, attempts, planned_attempts, version"
    var table = Table(["page of 50", "fettle", "floor", "times the floor"])
    let pages: [(String, RecordFilter, PageRequest, String)] = [
      ("all, newest", open(), .first, "state = 'unresolved' ORDER BY created DESC, id DESC"),
      (
        "an error type", open(errorTypes: [.connection]), .first,
        "state = 'unresolved' AND error_type = 'ConnectionError' ORDER BY created DESC, id DESC"
      ),
      (
        "a rare error type", open(errorTypes: [.maxResultsExceeded]), .first,
        "state = 'unresolved' AND error_type = 'MaxResultsExceededError' "
          + "ORDER BY created DESC, id DESC"
      ),
      (
        "a scenario", open(scenarios: [ScenarioID(1)]), .first,
        "state = 'unresolved' AND scenario = 1 ORDER BY created DESC, id DESC"
      ),
      ("the last page", open(), .last, "state = 'unresolved' ORDER BY created, id"),
    ]
    for (name, filter, request, sql) in pages {
      let statement = try plain.prepare("SELECT \(columns) FROM record WHERE \(sql) LIMIT 50")
      try await compare(name, bench, filter, request, statement, atMost: 7, into: &table)
    }
    let word = "customer\(records / 2)x"
    let trigram = try plain.prepare(
      """
      SELECT \(columns) FROM record WHERE number IN (SELECT rowid FROM record_text
        WHERE record_text MATCH '"\(word)"') AND state = 'unresolved'
      ORDER BY created DESC, id DESC LIMIT 50
      """)
    try await compare(
      "a word in one bundle", bench, open(text: word), .first, trigram, atMost: 15, into: &table)
    print(table.text)
  }

  private func open(
    scenarios: Set<ScenarioID> = [], errorTypes: Set<ErrorType> = [], text: String = ""
  ) -> RecordFilter {
    RecordFilter(
      states: [.unresolved], scenarios: scenarios, errorTypes: errorTypes, text: text)
  }

  private func compare(
    _ name: String, _ bench: Bench, _ filter: RecordFilter, _ request: PageRequest,
    _ floor: PlainSQLite.Statement, atMost bar: Double, into table: inout Table
  ) async throws {
    var measured = Rounds()
    let clock = ContinuousClock()
    for _ in 0..<rounds {
      var count = 0
      let start = clock.now
      while start.duration(to: clock.now) < .milliseconds(milliseconds) {
        use(try await bench.store.page(filter, request, limit: 50))
        count += 1
      }
      measured.add(
        Double(count) / (start.duration(to: clock.now) / .seconds(1)), of: "fettle")
      measured.add(
        try Measure.rate(for: .milliseconds(milliseconds)) { use(try floor.run()) }, of: "floor")
    }
    table.add([
      name, Table.rate(measured.rate(of: "fettle")), Table.rate(measured.rate(of: "floor")),
      Table.ratio(measured.ratio("floor", to: "fettle"), atMost: bar),
    ])
  }

  /// Stores the records, five hundred in a transaction.
  private func fill(_ bench: Bench) async throws {
    let blueprint = try Bench.chain([(Step.descriptor.type, true)])
    let scenarios = [
      try await bench.store.scenario(named: "Orders"),
      try await bench.store.scenario(named: "Leads"),
    ]
    let clock = SystemClock()
    let opening = ExecutionOpening(
      execution: ExecutionSummary(id: "fill", scenario: scenarios[0], started: clock.now()),
      blueprint: blueprint, given: nil, seed: 1, worker: "fill",
      lease: clock.now().advanced(bySeconds: 86_400))
    _ = try await bench.store.open(opening, claiming: nil)
    for first in stride(from: 0, to: records, by: 500) {
      let batch = (first..<min(first + 500, records)).map { number in
        record(number, of: scenarios[number % 2], blueprint, clock)
      }
      try await bench.store.append(
        [], records: batch, changes: [], to: "fill", by: "fill",
        lease: clock.now().advanced(bySeconds: 86_400))
    }
  }

  private func record(
    _ number: Int, of scenario: ScenarioID, _ blueprint: Blueprint, _ clock: SystemClock
  ) -> IncompleteExecution {
    let type: ErrorType =
      number % 100_000 == 7 ? .maxResultsExceeded : number % 3 == 0 ? .connection : .data
    return IncompleteExecution(
      summary: IncompleteSummary(
        id: clock.recordID(), scenarioID: scenario,
        scenarioName: number % 2 == 0 ? "Orders" : "Leads", index: 0, executionID: "fill",
        failer: 2, failerTitle: "Create task", errorType: type, reason: "the address is refused",
        created: Instant(milliseconds: 1_700_000_000_000 + Int64(number) * 1000), size: 900,
        state: .unresolved, nextRetry: nil),
      error: ModuleError(type, "the address is refused"), blueprint: blueprint,
      originalBundles: VisibleBundles([
        .init(module: 1, bundle: ["email": .text("customer\(number)x@example.org"), "n": 4])
      ]), mappedInput: ["to": "x"], variables: Variables(), continuation: [], visits: [],
      schedule: RetrySchedule(pauses: []))
  }
}
