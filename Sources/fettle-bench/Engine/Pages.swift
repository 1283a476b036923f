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
    try await bench.fill(with: records)
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
}
