public import FettleCore
import Foundation
import GRDB

/// Goes through the history in one of its orders. What indexes can answer - status, scenario, the time
/// of the beginning - they answer; the rest is looked at row by row.
struct ExecutionPages {
  let filter: ExecutionFilter
  let request: ListRequest<ExecutionPlace>

  private typealias Part = MergedList<ExecutionPlace>.Part

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
  private var goesDown: Bool { request.isForwards == order.isDescending }
  private var direction: String { goesDown ? "DESC" : "ASC" }
  private var sign: String { goesDown ? "<" : ">" }
  private var place: ExecutionPlace? {
    switch request {
    case .after(let place), .before(let place): place
    case .first, .last: nil
    }
  }

  /// More parts than this are not merged; the list is gone through instead.
  private static let mostScenarios = 8

  private func split(_ database: Database) throws -> Split {
    var split = Split()
    var scenarios: Set<Int>? =
      filter.scenarios.isEmpty ? nil : Set(filter.scenarios.map(\.number))
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
  func list(_ database: Database) throws -> (list: MergedList<ExecutionPlace>, isLookUp: Bool) {
    let split = try split(database)
    var rest = split.rest.map { condition($0, split) }
    let isInIndex = order.column != .operations && order.column != .duration
    var scenarios = split.scenarios
    if let wanted = scenarios, !isInIndex || wanted.count > Self.mostScenarios,
      order.column != .scenario
    {
      rest.append(Self.isOne(of: wanted.map(String.init), "scenario"))
      scenarios = nil
    }
    // A few executions that are named are looked up and sorted.
    let named = split.ids.map { start in
      RuleCondition(
        sql: "number IN (SELECT number FROM execution WHERE id >= ? AND id < ?)",
        arguments: [start, start + "\u{7F}"])
    }
    let times = split.started.map { Self.range($0, "started") }
    let isByStatus = isInIndex && named.isEmpty
    if !isByStatus, split.statuses.count < ExecutionStatus.allCases.count {
      rest.append(Self.isOne(of: split.statuses.map { "'\($0.rawValue)'" }, "status"))
    }
    let statuses: [ExecutionStatus?] = isByStatus ? split.statuses : [nil]
    if !isInIndex { rest += times }
    let fits = RuleCondition.all(rest)
    /// The parts of one group: the statuses and scenarios side by side.
    func parts(_ scenarios: [Int?], _ statuses: [ExecutionStatus?], key: RecordOrder.Key?) -> [Part]
    {
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
        ? inDirection(split.statuses, by: { .text($0.rawValue) }).map {
          parts(all, [$0.member], key: $0.key)
        } : [namedParts(fits, named + times, "status")]
    case .scenario:
      let wanted = scenarios ?? Array(split.names.keys)
      groups =
        named.isEmpty
        ? inDirection(wanted, by: { .text(split.names[$0] ?? "") }).map {
          parts([$0.member], statuses, key: $0.key)
        }
        : [
          namedParts(
            .all(
              [fits]
                + (scenarios.map { [Self.isOne(of: $0.map(String.init), "scenario")] } ?? [])),
            named + times, "(SELECT name FROM scenario WHERE scenario.id = execution.scenario)")
        ]
    case .operations, .duration: groups = [endedAndRunning(fits, named)]
    }
    let (order, isForwards) = (order, request.isForwards)
    return (
      MergedList(groups: groups) {
        isForwards ? order.precedes($0, $1) : order.precedes($1, $0)
      }, rest.isEmpty
    )
  }

  /// Members that each make a group, in the direction the list is gone through, without those that lie
  /// before the place.
  private func inDirection<Member>(
    _ members: [Member], by key: (Member) -> RecordOrder.Key
  ) -> [(member: Member, key: RecordOrder.Key)] {
    members.map { (member: $0, key: key($0)) }
      .filter { member in
        guard let place else { return true }
        return goesDown ? member.key <= place.key : member.key >= place.key
      }.sorted { goesDown ? $1.key < $0.key : $0.key < $1.key }
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
    _ fits: RuleCondition, _ conditions: [RuleCondition], key: RecordOrder.Key?
  ) -> Part {
    var beyond = RuleCondition(sql: "1")
    if let place, key == nil || key == place.key {
      beyond = RuleCondition(
        sql: "(started, number) \(sign) (?, ?)",
        arguments: [place.started.milliseconds, place.number])
    }
    var query = query(fits, conditions, key: "0")(beyond)
    query.sql += " ORDER BY started \(direction), number \(direction)"
    return Part(query: query) { row in
      let started = row[1] as Int64
      return ExecutionPlace(
        key: key ?? .number(started), started: Instant(milliseconds: started), number: row[2])
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
    var beyond = RuleCondition(sql: "1")
    if let place {
      // The first condition is for the index: it is not found for an expression among several values.
      beyond.sql =
        "\(expression) \(sign)= ? AND (\(expression), started, number) \(sign) (?, ?, ?)"
      switch place.key {
      case .number(let number): beyond.arguments += [number, number]
      case .text(let text): beyond.arguments += [text, text]
      }
      beyond.arguments += [place.started.milliseconds, place.number]
    }
    var query = query(fits, conditions, key: expression)(beyond)
    query.sql +=
      " ORDER BY \(expression) \(direction), started \(direction), number \(direction)"
    return Part(query: query) { row in
      ExecutionPlace(
        key: isText ? .text(row[3]) : .number(row[3]), started: Instant(milliseconds: row[1]),
        number: row[2])
    }
  }

  // MARK: Conditions

  private static func isOne(of values: [String], _ column: String) -> RuleCondition {
    RuleCondition(sql: values.isEmpty ? "0" : "\(column) IN (\(values.joined(separator: ", ")))")
  }

  private static func range(_ range: NumberRange, _ expression: String) -> RuleCondition {
    var parts: [RuleCondition] = []
    if let low = range.low {
      parts.append(RuleCondition(sql: "\(expression) >= ?", arguments: [low]))
    }
    if let high = range.high {
      parts.append(RuleCondition(sql: "\(expression) <= ?", arguments: [high]))
    }
    return .all(parts)
  }

  private func condition(_ rule: FilterRule<ExecutionTest>, _ split: Split) -> RuleCondition {
    switch rule {
    case .all(let parts): .all(parts.map { condition($0, split) })
    case .any(let parts): .joined(parts.map { condition($0, split) }, " OR ", empty: "0")
    case .not(let part):
      {
        let inner = condition(part, split)
        return RuleCondition(sql: "NOT \(inner.sql)", arguments: inner.arguments)
      }()
    case .test(let test): condition(test, split)
    }
  }

  private func condition(_ test: ExecutionTest, _ split: Split) -> RuleCondition {
    switch test {
    case .status(let wanted):
      return Self.isOne(of: wanted.map { "'\($0.rawValue)'" }.sorted(), "status")
    case .trigger(let wanted):
      return Self.isOne(of: wanted.map { "'\($0.rawValue)'" }.sorted(), "origin")
    case .scenario(let pattern):
      return Self.isOne(
        of: split.names.filter { pattern.matches($1) }.keys.sorted().map(String.init), "scenario")
    case .error(let pattern):
      return RuleCondition(
        sql: "(error IS NOT NULL AND \(ExecutionTest.typeFunction)(?, error))",
        arguments: [pattern.encoded])
    case .number(let field, let range):
      switch field {
      case .started: return Self.range(range, "started")
      case .duration:
        return .all([RuleCondition(sql: "ended IS NOT NULL"), Self.range(range, "ended - started")])
      case .operations: return Self.range(range, "operations")
      case .stored: return Self.range(range, "stored")
      }
    case .id(let start):
      return RuleCondition(sql: "(id >= ? AND id < ?)", arguments: [start, start + "\u{7F}"])
    case .words(let words):
      let pattern = TextPattern.contains(words)
      let scenarios = split.names.filter { pattern.matches($1) }.keys.sorted().map(String.init)
      let statuses = ExecutionStatus.allCases.filter { pattern.matches($0.rawValue) }
      let origins = ExecutionOrigin.allCases.filter { pattern.matches($0.rawValue) }
      return .joined(
        [
          Self.isOne(of: scenarios, "scenario"),
          Self.isOne(of: statuses.map { "'\($0.rawValue)'" }, "status"),
          Self.isOne(of: origins.map { "'\($0.rawValue)'" }, "origin"),
          RuleCondition(sql: "instr(id, ?) > 0", arguments: [words.lowercased()]),
          RuleCondition(
            sql: "(error IS NOT NULL AND \(ExecutionTest.wordsFunction)(?, error))",
            arguments: [pattern.encoded]),
        ], " OR ", empty: "0")
    }
  }

  // MARK: Counting

  /// How many executions there are, where the counters tell.
  func count(_ database: Database) throws -> Int? {
    let split = try split(database)
    guard split.rest.isEmpty, split.ids.isEmpty, split.started.isEmpty else { return nil }
    var conditions = [Self.isOne(of: split.statuses.map { "'\($0.rawValue)'" }, "status")]
    if let scenarios = split.scenarios {
      conditions.append(Self.isOne(of: scenarios.map(String.init), "scenario"))
    }
    return try Int.fetchOne(
      database,
      sql: """
        SELECT coalesce(sum(executions), 0) FROM execution_counter
        WHERE \(conditions.map(\.sql).joined(separator: " AND "))
        """)
  }
}

extension FilterRule {
  /// Whether every test in it is of a kind.
  func isOnly(_ kind: (Test) -> Bool) -> Bool {
    switch self {
    case .all(let parts), .any(let parts): !parts.isEmpty && parts.allSatisfy { $0.isOnly(kind) }
    case .not(let part): part.isOnly(kind)
    case .test(let test): kind(test)
    }
  }

  /// Whether any test in it is of a kind.
  func has(_ kind: (Test) -> Bool) -> Bool {
    switch self {
    case .all(let parts), .any(let parts): parts.contains { $0.has(kind) }
    case .not(let part): part.has(kind)
    case .test(let test): kind(test)
    }
  }
}

extension ExecutionTest {
  fileprivate var statuses: Set<ExecutionStatus>? {
    if case .status(let statuses) = self { statuses } else { nil }
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
  }
}

extension SQLiteStore {
  /// A stretch of the history, in its order.
  public func executions(
    _ filter: ExecutionFilter, _ request: ListRequest<ExecutionPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ExecutionRow, ExecutionPlace> {
    try await reading { database in
      let (list, isLookUp) = try ExecutionPages(filter: filter, request: request).list(database)
      let (found, searched, end) = try list.walk(
        database, limit: max(1, limit), effort: max(1, effort))
      let rows = try found.compactMap { try ExecutionRow.fetch($0.number, database) }
      return ListStretch(
        rows: request.isForwards ? rows : rows.reversed(), searched: searched, end: end,
        isLookUp: isLookUp)
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
