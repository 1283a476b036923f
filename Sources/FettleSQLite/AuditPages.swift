public import FettleCore
import Foundation
import GRDB

/// Goes through the audit of all records and scenarios. Its lines lie in five tables, each with indexes by
/// time and by author, and clustered by record; the list is merged from them.
struct AuditPages {
  let filter: AuditFilter
  let request: ListRequest<AuditPlace>

  private typealias Part = MergedList<AuditColumn>.Part

  /// A table of lines. Its number orders lines of one record and one time.
  private enum Source: Int, CaseIterable {
    case move, edit, mappingEdit, note, scenarioNote

    var table: String {
      switch self {
      case .move: "move"
      case .edit: "edit"
      case .mappingEdit: "mapping_edit"
      case .note: "record_note"
      case .scenarioNote: "scenario_note"
      }
    }

    /// What orders the lines of a record.
    var number: String { self == .move ? "version" : "number" }

    var action: String {
      switch self {
      case .move, .note, .scenarioNote: "event"
      case .edit: "'edited'"
      case .mappingEdit: "iif(in_scenario, 'mapping of the scenario changed', 'mapping changed')"
      }
    }

    /// The events this version knows.
    static let events =
      IncompleteEvent.allCases.map(\.rawValue) + RecordNote.known + [AuditEntry.lossAcknowledged]

    /// What was done, in the words of an operator.
    var deed: String {
      guard action == "event" else { return action }
      let words = Self.events.map { "WHEN '\($0)' THEN '\(AuditEntry.deed($0))'" }
      return "CASE event \(words.joined(separator: " ")) ELSE event END"
    }

    var hasPath: Bool { self == .edit || self == .mappingEdit }

    var note: String {
      switch self {
      case .move: "reason"
      case .note, .scenarioNote: "detail"
      case .edit, .mappingEdit: "NULL"
      }
    }

    /// All of a line, in the order `AuditPages.line` reads it.
    var columns: String {
      "date, author, \(action), " + (hasPath ? "path" : "NULL") + ", \(note), "
        + (hasPath ? ["old", "new"] : ["NULL", "NULL"]).map {
          "substr(\($0), 1, \(ValueHead.length)), length(\($0))"
        }.joined(separator: ", ")
    }
  }

  private var order: AuditOrder { filter.order }
  private var way: ListWay<AuditColumn> { ListWay(order: order, request: request) }
  private var place: AuditPlace? { request.place }

  /// So many lines are sorted again and again to see what changed.
  private static let few = 20_000

  /// More authors or records than this are not merged; the list is gone through instead.
  private static let most = 8

  func list(_ database: Database) throws -> MergedList<AuditColumn> {
    var times: [NumberRange] = []
    var rest: [FilterRule<AuditTest>] = []
    var authors: [String]?
    var records: [Int64]?
    for rule in filter.rules {
      if case .test(.time(let range)) = rule {
        times.append(range)
      } else if rule.isOnly({ if case .who = $0 { true } else { false } }) {
        authors = try (authors ?? Self.authors(database)).filter { author in
          rule.holds { if case .who(let pattern) = $0 { pattern.matches(author) } else { false } }
        }
      } else if records == nil, case .test(.record(let start)) = rule,
        let numbers = try Self.records(start, database)
      {
        records = numbers
      } else {
        rest.append(rule)
      }
    }
    // A record has few lines, which are sorted; an author may have most of them.
    let isByRecord = records != nil
    var isByAuthor = order.column == .who && !isByRecord
    var merged: [String?] = [nil]
    var others: [RuleCondition] = []
    if let wanted = authors {
      if !isByRecord, order.column == .time, wanted.count <= Self.most {
        isByAuthor = true
        merged = wanted
      } else if order.column != .who || isByRecord {
        others.append(
          .joined(
            wanted.map { RuleCondition(sql: "author = ?", arguments: [$0]) }, " OR ", empty: "0"))
      }
    }
    var groups: [(authors: [String?], key: ListKey?)] = [(merged, nil)]
    if order.column == .who, !isByRecord {
      groups = way.groups(try authors ?? Self.authors(database)) { .text($0) }
        .map { ([$0.member], $0.key) }
    }
    let isInIndex = order.column == .time || order.column == .who
    let ranges = times.map { RuleCondition.within($0, "date") }
    var isLookUp = rest.isEmpty && others.isEmpty && (isInIndex || ranges.isEmpty)
    if isByRecord, authors != nil { isLookUp = false }
    // No index knows the actions: all lines are gone through and sorted.
    if order.column == .action { isLookUp = try isLookUp && Self.count(database) <= Self.few }
    let list = groups.map { group in
      Source.allCases.flatMap { source in
        group.authors.flatMap { author -> [Part] in
          (records.map { $0.map(Optional.some) } ?? [nil]).map { record in
            var fits =
              others + rest.map { rule in RuleCondition(rule) { Self.condition($0, source) } }
            var conditions = isInIndex ? ranges : []
            if !isInIndex { fits += ranges }
            if order.column == .action {
              // Only what is let through is sorted; a stretch that looked at less would sort it all again.
              (fits, conditions) = ([], fits)
            }
            if let author, isByAuthor {
              conditions.append(RuleCondition(sql: "author = ?", arguments: [author]))
            }
            if let record { conditions.append(RuleCondition(sql: "record = \(record)")) }
            return part(source, .all(fits), conditions, key: group.key)
          }
        }
      }
    }
    return MergedList(groups: list, way: way, isLookUp: isLookUp)
  }

  private func part(
    _ source: Source, _ fits: RuleCondition, _ conditions: [RuleCondition], key: ListKey?
  ) -> Part {
    let text: String? =
      switch order.column {
      case .who where key == nil: "author"
      case .action: source.deed
      default: nil
      }
    let keys =
      order.column == .record
      ? ["record", "date"] : (text.map { [$0] } ?? []) + ["date", "record"]
    var conditions = conditions
    if let place, key == nil || key == place.key {
      conditions.append(beyond(place, source, keys: keys, isText: text != nil))
    }
    let condition = RuleCondition.all(conditions)
    let sorted = way.sorted(keys + [source.number])
    let query = RuleCondition(
      sql: """
        SELECT \(fits.sql), date, record, \(source.number), \(text ?? "NULL") FROM \(source.table)
        WHERE \(condition.sql) ORDER BY \(sorted)
        """, arguments: fits.arguments + condition.arguments)
    let column = order.column
    return Part(query: query) { row in
      let date = row[1] as Int64
      let record = row[2] as Int64
      return AuditPlace(
        key: key
          ?? (row[4] as String?).map { .text($0) } ?? .number(column == .record ? record : date),
        date: Instant(milliseconds: date),
        position: AuditEntry.Position(record: record, source: source.rawValue, number: row[3]))
    }
  }

  /// What lies behind a place in a table: the tables follow one another at one time of one record.
  private func beyond(
    _ place: AuditPlace, _ source: Source, keys: [String], isText: Bool
  ) -> RuleCondition {
    var values: StatementArguments = []
    if isText { values += place.key.argument }
    let (date, record) = (place.date.milliseconds, place.position.record)
    values += StatementArguments(order.column == .record ? [record, date] : [date, record])
    if source.rawValue == place.position.source {
      return way.beyond(keys + [source.number], values + [place.position.number])
    }
    let isBehind =
      way.goesDown
      ? source.rawValue < place.position.source : source.rawValue > place.position.source
    let names = keys.joined(separator: ", ")
    let marks = keys.map { _ in "?" }.joined(separator: ", ")
    return RuleCondition(
      sql: "(\(names)) \(way.sign)\(isBehind ? "=" : "") (\(marks))", arguments: values)
  }

  private static func condition(_ test: AuditTest, _ source: Source) -> RuleCondition {
    switch test {
    case .who(let pattern): return .matches(pattern, "author")
    case .action(let pattern): return action(pattern, source)
    case .record(let start):
      let matching = RuleCondition.begins("id", with: start)
      return RuleCondition(
        sql: "record IN (SELECT number FROM record WHERE \(matching.sql))",
        arguments: matching.arguments)
    case .field(let pattern):
      guard source.hasPath else { return RuleCondition(sql: "0") }
      return .matches(pattern, "path")
    case .time(let range): return .within(range, "date")
    case .words(let words):
      return RuleCondition(
        sql: """
          (\(AuditTest.wordsFunction)(?, author, \(source.action), \
          \(source.hasPath ? "path, old, new" : "NULL, NULL, NULL"), \(source.note))
            OR EXISTS (SELECT 1 FROM record
              WHERE record.number = \(source.table).record AND instr(id, ?) > 0))
          """, arguments: [TextPattern.contains(words).encoded, words.lowercased()])
    }
  }

  /// Whether a line tells of an action. Which of the known ones are meant is found out once: asked for
  /// each line, it takes many times as long as reading the line does, which an index would have to
  /// make up for with each move that is written.
  private static func action(_ pattern: TextPattern, _ source: Source) -> RuleCondition {
    func isMeant(_ action: String) -> Bool { AuditTest.isAction(action, pattern) }
    func number(_ action: String) -> String { isMeant(action) ? "1" : "0" }
    func list(_ events: [String]) -> String {
      "(" + events.map { "'\($0)'" }.joined(separator: ", ") + ")"
    }
    switch source {
    case .edit: return RuleCondition(sql: number("edited"))
    case .mappingEdit:
      return RuleCondition(
        sql: "iif(in_scenario, \(number("mapping of the scenario changed")), "
          + "\(number("mapping changed")))")
    case .move, .note, .scenarioNote:
      return RuleCondition(
        sql: """
          CASE WHEN event IN \(list(Source.events.filter(isMeant))) THEN 1
            WHEN event IN \(list(Source.events)) THEN 0
            ELSE \(AuditTest.actionFunction)(?, event) END
          """, arguments: [pattern.encoded])
    }
  }

  /// The records whose identity begins so; nil where there are many.
  private static func records(_ start: String, _ database: Database) throws -> [Int64]? {
    let found = try Int64.fetchAll(
      database, sql: "SELECT number FROM record WHERE id >= ? AND id < ? LIMIT \(most + 1)",
      arguments: [start, start + "\u{7F}"])
    return found.count > most ? nil : found
  }

  /// Everybody who did something, in order: from each author the index leads to the next one.
  static func authors(_ database: Database) throws -> [String] {
    var authors: Set<String> = []
    for source in Source.allCases {
      authors.formUnion(
        try String.fetchAll(
          database,
          sql: """
            WITH RECURSIVE one (author) AS (
              SELECT min(author) FROM \(source.table)
              UNION ALL
              SELECT (SELECT min(author) FROM \(source.table) WHERE author > one.author) FROM one
              WHERE one.author IS NOT NULL)
            SELECT author FROM one WHERE author IS NOT NULL
            """))
    }
    return authors.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The places that were changed, as far as the newest of so many edits tell. No index has them: all
  /// would have to be gone through.
  static func fields(ofNewest count: Int, _ database: Database) throws -> [String] {
    var fields: Set<String> = []
    for source in [Source.edit, .mappingEdit] {
      fields.formUnion(
        try String.fetchAll(
          database,
          sql: """
            SELECT DISTINCT path
            FROM (SELECT path FROM \(source.table) ORDER BY date DESC LIMIT \(max(0, count)))
            """))
    }
    return fields.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// How many lines there are.
  static func count(_ database: Database) throws -> Int {
    try Int.fetchOne(try database.cachedStatement(sql: "SELECT lines FROM audit_counter")) ?? 0
  }

  /// A line, by its place.
  static func line(_ position: AuditEntry.Position, _ rows: RecordRows) throws -> AuditEntry? {
    guard let source = Source(rawValue: position.source),
      let row = try Row.fetchOne(
        try rows.database.cachedStatement(
          sql: """
            SELECT \(source.columns), (SELECT id FROM record WHERE number = ?1)
            FROM \(source.table) WHERE record = ?1 AND \(source.number) = ?2
            """), arguments: [position.record, position.number]),
      let id = row[9] as String? ?? (source == .scenarioNote ? "" : nil)
    else { return nil }
    let record = RecordID(id)
    // Who did what is told without the key too; only the values are not.
    func head(_ column: Int, _ name: String) throws -> ValueHead? {
      guard let start = row[column] as Data? else { return nil }
      do {
        guard (row[column + 1] as Int) > start.count else {
          return try rows.value(start, of: record).map(ValueHead.whole)
        }
        if let head = ValueCodec.head([UInt8](start)) { return head }
        // What is sealed opens as a whole only.
        let whole = try Data.fetchOne(
          try rows.database.cachedStatement(
            sql: "SELECT \(name) FROM \(source.table) WHERE record = ? AND \(source.number) = ?"),
          arguments: [position.record, position.number])
        return try rows.value(whole, of: record).map(ValueHead.init)
      } catch StoreError.sealed { return nil }
    }
    return AuditEntry(
      date: Instant(milliseconds: row[0]), author: row[1], record: record, action: row[2],
      place: (row[3] as String?).flatMap { try? ValuePath(parsing: $0) }, old: try head(5, "old"),
      new: try head(7, "new"), note: row[4], position: position)
  }
}

extension AuditTest {
  /// Whether an action is meant, as it is stored or in the words of an operator.
  fileprivate static func isAction(_ action: String, _ pattern: TextPattern) -> Bool {
    pattern.matches(action) || pattern.matches(AuditEntry.deed(action))
  }

  fileprivate static let actionFunction = "fettle_audit_action"
  fileprivate static let wordsFunction = "fettle_audit_words"

  /// The functions under which the database looks into lines of the audit.
  static func register(in database: Database) {
    database.add(
      function: DatabaseFunction(actionFunction, argumentCount: 2, pure: true) { values in
        guard
          let pattern = String.fromDatabaseValue(values[0]).flatMap(TextPattern.init(encoded:)),
          let action = String.fromDatabaseValue(values[1])
        else { return false }
        return isAction(action, pattern)
      })
    database.add(
      function: DatabaseFunction(wordsFunction, argumentCount: 7, pure: true) { values in
        guard
          let pattern = String.fromDatabaseValue(values[0]).flatMap(TextPattern.init(encoded:))
        else { return false }
        func text(_ index: Int) -> String? { String.fromDatabaseValue(values[index]) }
        // What is sealed cannot be read here, and is not found.
        func value(_ index: Int) -> String? {
          Data.fromDatabaseValue(values[index]).flatMap { try? ValueCodec.decode([UInt8]($0)) }
            .flatMap(AuditTest.text)
        }
        let texts: [() -> String?] = [
          { text(1) }, { text(2) }, { text(2).map(AuditEntry.deed) }, { text(3) }, { text(6) },
          { value(4) }, { value(5) },
        ]
        return texts.contains { $0().map(pattern.matches) ?? false }
      })
  }
}

extension SQLiteStore {
  /// A stretch of the audit of all records, in its order.
  public func audit(
    _ filter: AuditFilter, _ request: ListRequest<AuditPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<AuditEntry, AuditPlace> {
    try await reading { [self] database in
      let records = self.rows(database)
      return try AuditPages(filter: filter, request: request).list(database)
        .stretch(database, limit: limit, effort: effort) {
          try AuditPages.line($0.position, records)
        }
    }
  }

  /// How many lines the audit has.
  public func auditCount() async throws(StoreError) -> Int {
    try await reading { try AuditPages.count($0) }
  }

  /// Who did something that the audit tells of.
  public func auditAuthors() async throws(StoreError) -> [String] {
    try await reading { try AuditPages.authors($0) }
  }

  /// The places that were changed, of the newest edits.
  public func auditFields(ofNewest count: Int) async throws(StoreError) -> [String] {
    try await reading { try AuditPages.fields(ofNewest: count, $0) }
  }

  /// The module a record failed at, of the record's own blueprint.
  public func failedModule(of id: RecordID) async throws(StoreError) -> ModuleNode? {
    try await reading { [self] database in
      guard
        let row = try Row.fetchOne(
          try database.cachedStatement(
            sql: """
              SELECT failer, content.blueprint FROM record JOIN content ON content.record = number
              WHERE id = ?
              """), arguments: [id.text])
      else { throw StoreError.notFound("record \(id)") }
      return try rows(database).blueprint(row[1]).module(ModuleID(row[0]))
    }
  }
}
