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

  func fetch(_ database: Database) throws -> [IncompleteSummary] {
    let isTowardsOlder =
      switch request {
      case .first, .after: true
      case .before, .last: false
      }
    var found: [IncompleteSummary] = []
    for state in filter.effectiveStates {
      for scenario in filter.scenarios.orJustNil {
        for type in filter.errorTypes.orJustNil {
          for text in try searches(database) {
            let query = query(state, scenario, type, text, descending: isTowardsOlder)
            let rows = try Row.fetchCursor(
              try database.cachedStatement(sql: query.sql), arguments: query.arguments)
            while let row = try rows.next() { found.append(try IncompleteSummary(row)) }
          }
        }
      }
    }
    found.sort { ($0.created, $0.id) > ($1.created, $1.id) }
    return Array(isTowardsOlder ? found.prefix(limit) : found.suffix(limit))
  }

  /// How the words of the filter are looked for: two ways that share the records between them.
  struct Search {
    let condition: String
    let arguments: StatementArguments

    static let none = Search(condition: "", arguments: StatementArguments())
  }

  /// Words of three characters and more are looked up in the index, as far as it goes; behind its
  /// end, and for shorter words, the texts of the records are read.
  func searches(_ database: Database) throws -> [Search] {
    let words = filter.text.split(separator: " ").map(String.init)
    guard !words.isEmpty else { return [.none] }
    let long = words.filter { $0.unicodeScalars.count >= 3 }
    let short = words.filter { $0.unicodeScalars.count < 3 }
    let shorts = Search.reading(short, alsoBundles: false)
    guard !long.isEmpty else { return [shorts] }
    let last = try Int64.fetchOne(database, sql: "SELECT last FROM search_state") ?? 0
    let match = long.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(
      separator: " AND ")
    let behind = Search.reading(words, alsoBundles: true)
    return [
      Search(
        condition:
          " AND number IN (SELECT rowid FROM record_text WHERE record_text MATCH ?)"
          + shorts.condition,
        arguments: StatementArguments([match]) + shorts.arguments),
      Search(
        condition: " AND number > ?" + behind.condition,
        arguments: StatementArguments([last]) + behind.arguments),
    ]
  }

  /// The part of a page that one combination contributes.
  func query(
    _ state: IncompleteState, _ scenario: ScenarioID?, _ type: ErrorType?,
    _ search: Search = .none, descending: Bool
  ) -> (sql: String, arguments: StatementArguments) {
    var conditions = ["state = ?"]
    var arguments: StatementArguments = [state.rawValue]
    if let scenario {
      conditions.append("scenario = ?")
      arguments += [scenario.number]
    }
    if let type {
      conditions.append("error_type = ?")
      arguments += [type.rawValue]
    }
    if case .after(let place) = request {
      conditions.append("(created, id) < (?, ?)")
      arguments += [place.created.milliseconds, place.id.text]
    }
    if case .before(let place) = request {
      conditions.append("(created, id) > (?, ?)")
      arguments += [place.created.milliseconds, place.id.text]
    }
    let order = descending ? "DESC" : "ASC"
    return (
      """
      SELECT \(IncompleteSummary.columns) FROM record WHERE \(conditions.joined(separator: " AND "))\(search.condition)
      ORDER BY created \(order), id \(order) LIMIT ?
      """, arguments + search.arguments + [limit]
    )
  }
}

extension RecordPages.Search {
  /// Reads the columns, and the bundles where nothing has indexed them yet.
  fileprivate static func reading(_ words: [String], alsoBundles: Bool) -> Self {
    var condition = ""
    var arguments = StatementArguments()
    for word in words {
      let pattern =
        "%"
        + word.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
        .replacing("_", with: "\\_") + "%"
      let bundles =
        alsoBundles
        ? " OR EXISTS (SELECT 1 FROM content WHERE content.record = record.number"
          + " AND instr(content.bundles, CAST(? AS BLOB)) > 0)" : ""
      condition += """
         AND (reason LIKE ? ESCAPE '\\' OR scenario_name LIKE ? ESCAPE '\\' \
        OR failer_title LIKE ? ESCAPE '\\' OR error_type LIKE ? ESCAPE '\\' \
        OR id LIKE ? ESCAPE '\\'\(bundles))
        """
      arguments += [pattern, pattern, pattern, pattern, String(pattern.dropFirst())]
      if alsoBundles { arguments += [word] }
    }
    return Self(condition: condition, arguments: arguments)
  }
}

extension Set {
  /// The elements, or one nil where there are none: no restriction.
  fileprivate var orJustNil: [Element?] { isEmpty ? [nil] : map(Optional.some) }
}
