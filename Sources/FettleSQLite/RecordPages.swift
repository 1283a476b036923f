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
          let query = query(state, scenario, type, descending: isTowardsOlder)
          let rows = try Row.fetchCursor(
            database, sql: query.sql, arguments: query.arguments)
          while let row = try rows.next() { found.append(try IncompleteSummary(row)) }
        }
      }
    }
    found.sort { ($0.created, $0.id) > ($1.created, $1.id) }
    return Array(isTowardsOlder ? found.prefix(limit) : found.suffix(limit))
  }

  /// The part of a page that one combination contributes.
  func query(
    _ state: IncompleteState, _ scenario: ScenarioID?, _ type: ErrorType?, descending: Bool
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
    for word in filter.text.split(separator: " ") {
      let pattern =
        "%"
        + word.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
        .replacing("_", with: "\\_") + "%"
      conditions.append(
        """
        (reason LIKE ? ESCAPE '\\' OR scenario_name LIKE ? ESCAPE '\\' \
        OR failer_title LIKE ? ESCAPE '\\' OR error_type LIKE ? ESCAPE '\\' \
        OR id LIKE ? ESCAPE '\\')
        """)
      arguments += [pattern, pattern, pattern, pattern, String(pattern.dropFirst())]
    }
    let order = descending ? "DESC" : "ASC"
    return (
      """
      SELECT \(IncompleteSummary.columns) FROM record WHERE \(conditions.joined(separator: " AND "))
      ORDER BY created \(order), id \(order) LIMIT ?
      """, arguments + [limit]
    )
  }
}

extension Set {
  /// The elements, or one nil where there are none: no restriction.
  fileprivate var orJustNil: [Element?] { isEmpty ? [nil] : map(Optional.some) }
}
