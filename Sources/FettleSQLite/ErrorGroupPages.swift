public import FettleCore
import GRDB
import Synchronization

/// The groups in the order of a column, kept for as long as nothing is written to the store: sorting a
/// hundred thousand of them takes longer than anybody waits for a page.
final class GroupOrders: Sendable {
  private struct Entry {
    let mark: StoreMark
    let column: GroupColumn
    let places: [GroupPlace]
  }

  /// By connection.
  private let entries = Mutex<[Int: Entry]>([:])

  /// The places of all groups of records that are neither resolved nor deleted, ascending.
  func places(_ column: GroupColumn, _ database: Database) throws -> [GroupPlace] {
    let connection = database.sqliteConnection.map { Int(bitPattern: $0) } ?? 0
    let mark = try database.mark()
    let known = entries.withLock { $0[connection] }
    if let known, known.mark == mark, known.column == column { return known.places }
    let places = try Self.sorted(column, database)
    entries.withLock {
      $0[connection] = Entry(mark: mark, column: column, places: places)
    }
    return places
  }

  private static func sorted(_ column: GroupColumn, _ database: Database) throws -> [GroupPlace] {
    let key: String
    switch column {
    case .count: key = "counted"
    case .age: key = "newest"
    case .error: key = "(SELECT error_type FROM error_group WHERE fingerprint = cause)"
    case .module: key = "(SELECT module FROM error_group WHERE fingerprint = cause)"
    }
    let isText = column == .error || column == .module
    let rows = try Row.fetchCursor(
      try database.cachedStatement(
        sql: """
          SELECT \(key) AS key, newest, cause FROM (
            SELECT fingerprint AS cause, sum(records) AS counted, max(newest) AS newest
            FROM group_counter WHERE \(ErrorGroupPages.open) GROUP BY fingerprint)
          ORDER BY key, newest, cause
          """))
    var places: [GroupPlace] = []
    while let row = try rows.next() {
      places.append(
        GroupPlace(
          key: isText ? .text(row[0]) : .number(row[0]), date: Instant(milliseconds: row[1]),
          position: row[2]))
    }
    return places
  }
}

/// Goes through the groups of records that are neither resolved nor deleted, in one of their orders. The
/// counters alone are sorted; texts and an example are read of the groups that are shown.
struct ErrorGroupPages {
  let filter: GroupFilter
  let request: ListRequest<GroupPlace>

  private var way: ListWay<GroupColumn> { ListWay(order: filter.order, request: request) }

  /// Counters of records that are neither resolved nor deleted.
  static let open = "state IN ('pending', 'unresolved', 'inProgress') AND records > 0"

  func stretch(
    _ orders: GroupOrders, _ database: Database, limit: Int, effort: Int
  ) throws -> ListStretch<ErrorGroupCount, GroupPlace> {
    let places = try orders.places(filter.order.column, database)
    var index = way.goesDown ? places.count - 1 : 0
    if let place = way.place {
      index = places.partitioned { way.goesDown ? $0 < place : $0 <= place }
      if way.goesDown { index -= 1 }
    }
    var found: [ErrorGroupCount] = []
    var searched = 0
    var last: GroupPlace?
    while places.indices.contains(index), searched < max(1, effort), found.count < max(1, limit) {
      searched += 1
      last = places[index]
      if let group = try Self.group(places[index].position, database), filter.matches(group) {
        found.append(group)
      }
      index += way.goesDown ? -1 : 1
    }
    return ListStretch(
      rows: way.isForwards ? found : found.reversed(), searched: searched,
      end: places.indices.contains(index) ? last : nil, isLookUp: filter.rules.isEmpty)
  }

  /// A group, with the message of its newest record.
  private static func group(
    _ fingerprint: Int64, _ database: Database
  ) throws -> ErrorGroupCount? {
    guard
      let texts = try Row.fetchOne(
        try database.cachedStatement(
          sql: "SELECT error_type, module, text FROM error_group WHERE fingerprint = ?"),
        arguments: [fingerprint])
    else { return nil }
    let counters = try Row.fetchAll(
      try database.cachedStatement(
        sql: """
          SELECT state, records, newest FROM group_counter WHERE fingerprint = ? AND \(open)
          ORDER BY newest DESC
          """), arguments: [fingerprint])
    guard let newest = counters.first else { return nil }
    let example = try String.fetchOne(
      try database.cachedStatement(
        sql: """
          SELECT reason FROM record WHERE state = ? AND fingerprint = ? ORDER BY created DESC LIMIT 1
          """), arguments: [newest[0] as String, fingerprint])
    var byState: [IncompleteState: Int] = [:]
    for row in counters {
      if let state = IncompleteState(rawValue: row[0]) { byState[state] = row[1] }
    }
    return ErrorGroupCount(
      fingerprint: fingerprint, errorType: ErrorType(texts[0]), moduleTitle: texts[1],
      text: texts[2], example: example, byState: byState, newest: Instant(milliseconds: newest[2]))
  }

  /// How many groups there are.
  static func count(_ database: Database) throws -> Int {
    try Int.fetchOne(
      try database.cachedStatement(
        sql: "SELECT count(DISTINCT fingerprint) FROM group_counter WHERE \(open)")) ?? 0
  }
}

extension Array {
  /// How many elements a condition holds for that holds for all of them up to some place.
  fileprivate func partitioned(by condition: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension SQLiteStore {
  /// A stretch of the groups of records that are neither resolved nor deleted, in its order.
  public func groups(
    _ filter: GroupFilter, _ request: ListRequest<GroupPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ErrorGroupCount, GroupPlace> {
    try await reading { [groupOrders] in
      try ErrorGroupPages(filter: filter, request: request)
        .stretch(groupOrders, $0, limit: limit, effort: effort)
    }
  }

  /// How many groups there are.
  public func groupCount() async throws(StoreError) -> Int {
    try await reading { try ErrorGroupPages.count($0) }
  }

  /// The names of modules and the kinds of failures that records had, whatever became of them.
  public func failureNames() async throws(StoreError) -> FailureNames {
    try await reading { database in
      FailureNames(
        modules: try String.fetchAll(
          database, sql: "SELECT DISTINCT module FROM error_group ORDER BY module"),
        errorTypes: try String.fetchAll(
          database, sql: "SELECT DISTINCT error_type FROM error_group ORDER BY error_type"
        ).map { ErrorType($0) })
    }
  }
}
