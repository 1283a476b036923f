public import FettleCore
import Foundation
import GRDB

/// Goes through the history in one of its orders. What indexes can answer - status, scenario, the time
/// of the beginning - they answer; the rest is looked at row by row.
struct ExecutionPages {
  let filter: ExecutionFilter
  let request: ListRequest<ExecutionPlace>

  private typealias Part = MergedList<ExecutionColumn>.Part

  /// What of a filter indexes answer, and what is left.
  private struct Split {
    var statuses = ExecutionStatus.allCases
    /// The numbers of the scenarios, in the order of their names; nil is all of them.
    var scenarios: [Int]?
    var started: [NumberRange] = []
    var ids: [String] = []
    var rest: [FilterRule<ExecutionTest>] = []
    /// The name of every scenario.
    var names: [Int: String] = [:]
  }

  private var order: ExecutionOrder { filter.order }
  private var way: ListWay<ExecutionColumn> { ListWay(order: order, request: request) }
  private var place: ExecutionPlace? { request.place }

  /// More parts than this are not merged; the list is gone through instead.
  private static let mostScenarios = 8

  private func split(_ database: Database) throws -> Split {
    var split = Split()
    var scenarios: Set<Int>?
    let needsNames =
      order.column == .scenario || filter.rules.contains { $0.has { $0.readsScenario } }
    if needsNames {
      for row in try Row.fetchAll(
        try database.cachedStatement(sql: "SELECT id, name FROM scenario"))
      {
        split.names[row[0]] = row[1]
      }
    }
    for rule in filter.rules {
      if let sets = rule.alternatives({ $0.statuses }) {
        let wanted = sets.reduce(into: Set()) { $0.formUnion($1) }
        split.statuses.removeAll { !wanted.contains($0) }
      } else if let sets = rule.alternatives({ $0.scenarios }) {
        let wanted = sets.reduce(into: Set()) { $0.formUnion($1.map(\.number)) }
        scenarios = scenarios?.intersection(wanted) ?? wanted
      } else if rule.isOnly({ $0.isAboutScenario }) {
        let fitting = split.names.filter { _, name in
          rule.holds {
            if case .scenario(let pattern) = $0 { pattern.matches(name) } else { false }
          }
        }
        scenarios = scenarios?.intersection(fitting.keys) ?? Set(fitting.keys)
      } else if case .test(.number(.started, let range)) = rule {
        split.started.append(range)
      } else if case .test(.id(let start)) = rule {
        split.ids.append(start)
      } else {
        split.rest.append(rule)
      }
    }
    split.scenarios = scenarios?.sorted()
    return split
  }

  /// The parts, and whether nothing is left to be looked at row by row.
  func list(_ database: Database) throws -> MergedList<ExecutionColumn> {
    let split = try split(database)
    var rest = split.rest.map { condition($0, split) }
    let isInIndex = order.column != .operations && order.column != .duration
    var scenarios = split.scenarios
    if let wanted = scenarios, !isInIndex || wanted.count > Self.mostScenarios,
      order.column != .scenario
    {
      rest.append(.isOne(written: wanted.map(String.init), "scenario"))
      scenarios = nil
    }
    // A few executions that are named are looked up and sorted.
    let named = split.ids.map { start in
      let matching = RuleCondition.begins("id", with: start)
      return RuleCondition(
        sql: "number IN (SELECT number FROM execution WHERE \(matching.sql))",
        arguments: matching.arguments)
    }
    let times = split.started.map { RuleCondition.within($0, "started") }
    let isByStatus = isInIndex && named.isEmpty
    if !isByStatus, split.statuses.count < ExecutionStatus.allCases.count {
      rest.append(.isOne(written: split.statuses, "status"))
    }
    let statuses: [ExecutionStatus?] = isByStatus ? split.statuses : [nil]
    if !isInIndex { rest += times }
    let fits = RuleCondition.all(rest)
    /// The parts of one group: the statuses and scenarios side by side.
    func parts(_ scenarios: [Int?], _ statuses: [ExecutionStatus?], key: ListKey?) -> [Part] {
      scenarios.flatMap { scenario in
        statuses.map { status in
          var conditions = named + (isInIndex ? times : [])
          if let scenario {
            conditions.insert(RuleCondition(sql: "scenario = \(scenario)"), at: 0)
          }
          if let status {
            conditions.insert(RuleCondition(sql: "status = '\(status.rawValue)'"), at: 0)
          }
          return part(fits, conditions, key: key)
        }
      }
    }
    let groups: [[Part]]
    let all: [Int?] = scenarios.map { $0.map(Optional.some) } ?? [nil]
    switch order.column {
    case .started: groups = all.isEmpty ? [] : [parts(all, statuses, key: nil)]
    case .status:
      groups =
        named.isEmpty
        ? way.groups(split.statuses, by: { .text($0.rawValue) }).map {
          parts(all, [$0.member], key: $0.key)
        } : [namedParts(fits, named + times, "status")]
    case .scenario:
      let wanted = scenarios ?? Array(split.names.keys)
      groups =
        named.isEmpty
        ? way.groups(wanted, by: { .text(split.names[$0] ?? "") }).map {
          parts([$0.member], statuses, key: $0.key)
        }
        : [
          namedParts(
            .all(
              [fits]
                + (scenarios.map { [.isOne(written: $0.map(String.init), "scenario")] } ?? [])),
            named + times, "(SELECT name FROM scenario WHERE scenario.id = execution.scenario)")
        ]
    case .operations, .duration: groups = [endedAndRunning(fits, named)]
    }
    return MergedList(groups: groups, way: way, isLookUp: rest.isEmpty)
  }

  private func query(
    _ fits: RuleCondition, _ conditions: [RuleCondition], key: String
  ) -> (RuleCondition) -> RuleCondition {
    { beyond in
      let condition = RuleCondition.all(conditions + [beyond])
      return RuleCondition(
        sql: "SELECT \(fits.sql), started, number, \(key) FROM execution WHERE \(condition.sql)",
        arguments: fits.arguments + condition.arguments)
    }
  }

  /// A part in the order of the beginning; all of it has the same key, where one is given.
  private func part(
    _ fits: RuleCondition, _ conditions: [RuleCondition], key: ListKey?
  ) -> Part {
    var beyond = RuleCondition(sql: "1")
    if let place, key == nil || key == place.key {
      beyond = way.beyond(["started", "number"], [place.date.milliseconds, place.position])
    }
    var query = query(fits, conditions, key: "0")(beyond)
    query.sql += " ORDER BY \(way.sorted(["started", "number"]))"
    return Part(query: query) { row in
      let started = row[1] as Int64
      return ExecutionPlace(
        key: key ?? .number(started), date: Instant(milliseconds: started), position: row[2])
    }
  }

  /// A few executions, sorted by an expression.
  private func namedParts(
    _ fits: RuleCondition, _ conditions: [RuleCondition], _ expression: String
  ) -> [Part] {
    [sorted(fits, conditions, by: expression, isText: true)]
  }

  /// The executions that have ended by their index, and the few that run.
  private func endedAndRunning(_ fits: RuleCondition, _ named: [RuleCondition]) -> [Part] {
    let expression = order.column == .operations ? "operations" : "ended - started"
    let ended = sorted(
      fits, named + [RuleCondition(sql: "ended IS NOT NULL")], by: expression, isText: false)
    let running = sorted(
      fits,
      named + [RuleCondition(sql: "status = 'running'"), RuleCondition(sql: "ended IS NULL")],
      by: order.column == .operations ? "operations" : "\(Int64.max)", isText: false)
    return [ended, running]
  }

  private func sorted(
    _ fits: RuleCondition, _ conditions: [RuleCondition], by expression: String, isText: Bool
  ) -> Part {
    let keys = [expression, "started", "number"]
    var beyond = RuleCondition(sql: "1")
    if let place {
      // The first condition is for the index: it is not found for an expression among several values.
      beyond = .all([
        RuleCondition(sql: "\(expression) \(way.sign)= ?", arguments: place.key.argument),
        way.beyond(keys, place.key.argument + [place.date.milliseconds, place.position]),
      ])
    }
    var query = query(fits, conditions, key: expression)(beyond)
    query.sql += " ORDER BY \(way.sorted(keys))"
    return Part(query: query) { row in
      ExecutionPlace(
        key: isText ? .text(row[3]) : .number(row[3]), date: Instant(milliseconds: row[1]),
        position: row[2])
    }
  }

  // MARK: Conditions

  private func condition(_ rule: FilterRule<ExecutionTest>, _ split: Split) -> RuleCondition {
    RuleCondition(rule) { condition($0, split) }
  }

  private func condition(_ test: ExecutionTest, _ split: Split) -> RuleCondition {
    switch test {
    case .status(let wanted): return .isOne(written: wanted, "status")
    case .scenarios(let wanted):
      return .isOne(written: wanted.map(\.number).sorted().map(String.init), "scenario")
    case .trigger(let wanted): return .isOne(written: wanted, "origin")
    case .scenario(let pattern): return isScenario(pattern, split)
    case .error(let pattern):
      return RuleCondition(
        sql: "(error IS NOT NULL AND \(ExecutionTest.typeFunction)(?, error))",
        arguments: [pattern.encoded])
    case .number(let field, let range):
      switch field {
      case .started: return .within(range, "started")
      case .duration:
        return .all([RuleCondition(sql: "ended IS NOT NULL"), .within(range, "ended - started")])
      case .operations: return .within(range, "operations")
      case .stored: return .within(range, "stored")
      }
    case .id(let start): return .begins("id", with: start)
    case .words(let words):
      let pattern = TextPattern.contains(words)
      return .joined(
        [
          isScenario(pattern, split),
          .isOne(
            written: ExecutionStatus.allCases.filter { pattern.matches($0.rawValue) }, "status"),
          .isOne(
            written: ExecutionOrigin.allCases.filter { pattern.matches($0.rawValue) }, "origin"),
          RuleCondition(sql: "instr(id, ?) > 0", arguments: [words.lowercased()]),
          RuleCondition(
            sql: "(run_name IS NOT NULL AND \(ExecutionTest.textFunction)(?, run_name))",
            arguments: [pattern.encoded]),
          RuleCondition(
            sql: "(error IS NOT NULL AND \(ExecutionTest.wordsFunction)(?, error))",
            arguments: [pattern.encoded]),
        ], " OR ", empty: "0")
    }
  }

  private func isScenario(_ pattern: TextPattern, _ split: Split) -> RuleCondition {
    .isOne(
      written: split.names.filter { pattern.matches($1) }.keys.sorted().map(String.init),
      "scenario")
  }

  // MARK: Counting

  /// How many executions there are, where the counters tell.
  func count(_ database: Database) throws -> Int? {
    let split = try split(database)
    guard split.rest.isEmpty, split.ids.isEmpty, split.started.isEmpty else { return nil }
    var conditions = [RuleCondition.isOne(written: split.statuses, "status")]
    if let scenarios = split.scenarios {
      conditions.append(.isOne(written: scenarios.map(String.init), "scenario"))
    }
    return try Int.fetchOne(
      database,
      sql: """
        SELECT coalesce(sum(executions), 0) FROM execution_counter
        WHERE \(conditions.map(\.sql).joined(separator: " AND "))
        """)
  }
}

extension ExecutionTest {
  fileprivate var statuses: Set<ExecutionStatus>? {
    if case .status(let statuses) = self { statuses } else { nil }
  }

  fileprivate var scenarios: Set<ScenarioID>? {
    if case .scenarios(let scenarios) = self { scenarios } else { nil }
  }

  fileprivate var isAboutScenario: Bool {
    if case .scenario = self { true } else { false }
  }

  fileprivate var readsScenario: Bool {
    switch self {
    case .scenario, .words: true
    default: false
    }
  }

  fileprivate static let typeFunction = "fettle_error_type_matches"
  fileprivate static let wordsFunction = "fettle_error_has_words"
  fileprivate static let textFunction = "fettle_text_matches"

  /// The functions under which the database looks into the failure of an execution.
  static func register(in database: Database) {
    func add(_ name: String, _ matches: @escaping @Sendable (TextPattern, ModuleError) -> Bool) {
      database.add(
        function: DatabaseFunction(name, argumentCount: 2, pure: true) { values in
          guard
            let pattern = String.fromDatabaseValue(values[0]).flatMap(TextPattern.init(encoded:)),
            let bytes = Data.fromDatabaseValue(values[1]),
            let error = try? ModuleError(bytes: [UInt8](bytes), what: "the error of an execution")
          else { return false }
          return matches(pattern, error)
        })
    }
    add(typeFunction) { Self.matches($0, $1.type) }
    add(wordsFunction) { Self.hasWords($0, $1) }
    database.add(
      function: DatabaseFunction(textFunction, argumentCount: 2, pure: true) { values in
        String.fromDatabaseValue(values[0]).flatMap(TextPattern.init(encoded:))?
          .matches(String.fromDatabaseValue(values[1]) ?? "") ?? false
      })
  }
}

extension SQLiteStore {
  /// A stretch of the history, in its order.
  public func executions(
    _ filter: ExecutionFilter, _ request: ListRequest<ExecutionPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ExecutionRow, ExecutionPlace> {
    try await reading { database in
      try ExecutionPages(filter: filter, request: request).list(database)
        .stretch(database, limit: limit, effort: effort) {
          try ExecutionRow.fetch($0.position, database)
        }
    }
  }

  /// Those of these executions that still exist.
  public func executions(numbered numbers: [Int]) async throws(StoreError) -> [ExecutionRow] {
    try await reading { database in
      try numbers.compactMap { try ExecutionRow.fetch($0, database) }
    }
  }

  /// How many executions a filter lets through, where counters tell.
  public func executionCount(_ filter: ExecutionFilter) async throws(StoreError) -> Int? {
    try await reading { try ExecutionPages(filter: filter, request: .first).count($0) }
  }
}

extension ExecutionRow {
  fileprivate static func fetch(_ number: Int, _ database: Database) throws -> ExecutionRow? {
    try Row.fetchOne(
      try database.cachedStatement(sql: "\(JournalRows.select) WHERE number = ?"),
      arguments: [number]
    ).map(ExecutionRow.init)
  }
}
