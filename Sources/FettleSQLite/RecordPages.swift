import FettleCore
import GRDB

/// Fetches one page of the list. For each state (and kind, and scenario, where the filter names
/// some) an index holds the records in the order of the list, so each contributes at most a page
/// from its place on; the pages are merged here. No offset, no counting, no sorting of what is not
/// shown.
struct RecordPages {
  let filter: RecordFilter
  let request: PageRequest
  let limit: Int

  var way: ListWay<RecordColumn> { ListWay(order: filter.order, request: request) }
  var isForwards: Bool { request.isForwards }

  /// How many parts one statement reads; SQLite joins at most 500.
  private static let mostParts = 100

  /// Whether an index gives the page at once, in one statement.
  var isLookUp: Bool {
    filter.words.isEmpty && filter.rules.isEmpty
      && filter.effectiveStates.count * max(1, filter.scenarios.count)
        * max(1, filter.errorTypes.count) <= Self.mostParts
  }

  func fetch(_ database: Database) throws -> [IncompleteSummary] {
    let parts = try parts(database)
    var found: [IncompleteSummary] = []
    for start in stride(from: 0, to: parts.count, by: Self.mostParts) {
      let queries = parts[start..<min(start + Self.mostParts, parts.count)].map { query($0) }
      let sql =
        queries.count == 1
        ? queries[0].sql
        : queries.map { "SELECT * FROM (\($0.sql))" }.joined(separator: " UNION ALL ")
      let rows = try Row.fetchCursor(
        try database.cachedStatement(sql: sql),
        arguments: queries.reduce(StatementArguments()) { $0 + $1.arguments })
      while let row = try rows.next() { found.append(try IncompleteSummary(row)) }
    }
    // One part comes in the order it was asked for, from the end of the list when that was asked.
    guard parts.count > 1 else { return isForwards ? found : found.reversed() }
    let order = filter.order
    let sorted = found.map { (record: $0, place: RecordPlace($0, order)) }
      .sorted { order.precedes($0.place, $1.place) }
      .map(\.record)
    return Array(isForwards ? sorted.prefix(limit) : sorted.suffix(limit))
  }

  /// The parts the list is merged from, each of them in the order of the list.
  func parts(_ database: Database) throws -> [RuleCondition] {
    var rules = filter.rules.filter { !$0.readsData }
    let scenarios = try scenarios(takingFrom: &rules, database)
    if let scenarios, scenarios.isEmpty { return [] }
    // Only words are looked up in the index of texts.
    let last =
      filter.words.isEmpty && !rules.contains(where: \.readsWords)
      ? 0 : try database.run("SELECT last FROM search_state")?[0] ?? 0
    let rest = rules.map { RuleCondition($0, indexed: last) }
    var parts: [RuleCondition] = []
    // In an order of its own, so that the same filter gives the same statements.
    for state in IncompleteState.allCases where filter.effectiveStates.contains(state) {
      for scenario in scenarios.orJustNil {
        for type in filter.errorTypes.sorted(by: { $0.rawValue < $1.rawValue }).orJustNil {
          for words in words(indexed: last) {
            // Written out: with a variable here SQLite would compile the statement again whenever it
            // is bound, to see whether an index for some states holds that one.
            var conditions = [RuleCondition(sql: "state = '\(state.rawValue)'")]
            if let scenario { conditions.append(scenario) }
            if let type {
              conditions.append(RuleCondition(sql: "error_type = ?", arguments: [type.rawValue]))
            }
            parts.append(.all(conditions + rest + words))
          }
        }
      }
    }
    return parts
  }

  /// The scenarios the filter is about, each with the condition of its index; nil is all of them.
  private func scenarios(
    takingFrom rules: inout [RecordRule], _ database: Database
  ) throws -> [RuleCondition]? {
    var wanted: Set<Int>? = filter.scenarios.isEmpty ? nil : Set(filter.scenarios.map(\.number))
    let named = rules.filter(\.isAboutScenarios)
    if !named.isEmpty {
      rules.removeAll(where: \.isAboutScenarios)
      let known = try Row.fetchAll(
        try database.cachedStatement(sql: "SELECT id, name FROM scenario"))
      for rule in named {
        let numbers = known.filter { rule.matches(scenario: $0[1]) }.map { $0[0] as Int }
        wanted = wanted?.intersection(numbers) ?? Set(numbers)
      }
    }
    guard let numbers = wanted?.sorted() else { return nil }
    guard numbers.count > 8 else {
      return numbers.map { RuleCondition(sql: "scenario = ?", arguments: [$0]) }
    }
    // Too many to merge: the list is walked through instead.
    return [
      RuleCondition(sql: "scenario IN (\(numbers.map(String.init).joined(separator: ", ")))")
    ]
  }

  /// How the words of the filter are looked for: two ways that share the records between them. Words
  /// of three characters and more are looked up in the index, as far as it goes; behind its end, and
  /// for shorter words, the texts of the records are read.
  private func words(indexed last: Int64) -> [[RuleCondition]] {
    guard !filter.words.isEmpty else { return [[]] }
    let long = filter.words.filter { $0.unicodeScalars.count >= 3 }
    let short = filter.words.filter { $0.unicodeScalars.count < 3 }
      .map { RuleCondition.reading($0, alsoBundles: false) }
    guard !long.isEmpty else { return [short] }
    let match = long.map(RuleCondition.phrase).joined(separator: " AND ")
    return [
      [
        RuleCondition(
          sql: "number IN (SELECT rowid FROM record_text WHERE record_text MATCH ?)",
          arguments: [match])
      ] + short,
      [RuleCondition(sql: "number > ?", arguments: [last])]
        + long.map { RuleCondition.reading($0, alsoBundles: true) } + short,
    ]
  }

  /// The part of a page that one part of the list contributes.
  func query(
    _ part: RuleCondition, columns: String = IncompleteSummary.columns, joining join: String = ""
  ) -> (sql: String, arguments: StatementArguments) {
    let column = filter.order.column
    let keys = column == .created ? ["created", "id"] : [column.expression, "created", "id"]
    var condition = part
    if let place = way.place {
      condition = .all([
        part,
        way.beyond(
          keys,
          (column == .created ? [] : place.key.argument)
            + [place.date.milliseconds, place.position.text]),
      ])
    }
    return (
      """
      SELECT \(columns) FROM record\(join) WHERE \(condition.sql)
      ORDER BY \(way.sorted(keys)) LIMIT ?
      """, condition.arguments + [limit]
    )
  }
}

extension RecordColumn {
  /// What is compared, as the database computes it.
  fileprivate var expression: String {
    switch self {
    case .created: "created"
    case .scenario: "scenario_name"
    case .module: "failer_title"
    case .error: "error_type"
    case .next: "coalesce(next_retry, 9223372036854775807)"
    case .attempts: "attempts"
    case .size: "size"
    }
  }
}

extension FilterRule where Test == RecordTest {
  /// Whether it is about the name of the scenario and nothing else.
  fileprivate var isAboutScenarios: Bool {
    isOnly { if case .text(.scenario, _) = $0 { true } else { false } }
  }

  /// Whether the index of texts is asked for it.
  fileprivate var readsWords: Bool { has { if case .words = $0 { true } else { false } } }

  fileprivate func matches(scenario name: String) -> Bool {
    holds { if case .text(.scenario, let pattern) = $0 { pattern.matches(name) } else { false } }
  }
}

extension Array {
  /// The elements, or one nil where there are none: no restriction.
  fileprivate var orJustNil: [Element?] { isEmpty ? [nil] : map(Optional.some) }
}

extension Optional where Wrapped == [RuleCondition] {
  fileprivate var orJustNil: [RuleCondition?] {
    guard let conditions = self else { return [nil] }
    return conditions.map { $0 }
  }
}
