import FettleCore
import GRDB

/// A list that is merged from parts, each of which an index gives in the order of the list. It is gone
/// through row by row from a place on, and ends when enough was found or looked at: no offset, no
/// counting, and no more of a part is read than is needed.
struct MergedList<Column: ListColumn> {
  typealias Place = ListPlace<Column>

  /// A part of the list: a query whose first column says whether a row is let through.
  struct Part {
    let query: RuleCondition
    let place: (Row) throws -> Place
  }

  /// Groups that follow one another; the parts of one lie side by side.
  let groups: [[Part]]
  let way: ListWay<Column>
  /// Whether indexes find the rows, so that none is looked at in vain.
  let isLookUp: Bool

  private struct Source {
    let cursor: RowCursor
    let place: (Row) throws -> Place
    var next: (isWanted: Bool, place: Place)?

    mutating func advance() throws {
      next = try cursor.next().map { row in (row[0], try place(row)) }
    }
  }

  /// Goes on until so many rows were found, or so many were looked at.
  /// - Returns: the places of those that were found, and the last one that was looked at, where there
  ///   may be more behind it.
  func walk(
    _ database: Database, limit: Int, effort: Int
  ) throws -> (found: [Place], searched: Int, end: Place?) {
    let effort = min(effort, 1_000_000)
    var found: [Place] = []
    var searched = 0
    var last: Place?
    for group in groups {
      var sources: [Source] = []
      for part in group {
        var source = Source(
          cursor: try Row.fetchCursor(
            try database.makeStatement(sql: part.query.sql + " LIMIT ?"),
            // One more than is looked at tells whether the part goes on.
            arguments: part.query.arguments + [effort + 1]), place: part.place)
        try source.advance()
        sources.append(source)
      }
      while true {
        var first: Int?
        for index in sources.indices {
          guard let place = sources[index].next?.place else { continue }
          if let best = first, let other = sources[best].next?.place, !way.precedes(place, other) {
            continue
          }
          first = index
        }
        guard let first, let (isWanted, place) = sources[first].next else { break }
        guard searched < effort, found.count < limit else { return (found, searched, last) }
        searched += 1
        last = place
        if isWanted { found.append(place) }
        try sources[first].advance()
      }
    }
    return (found, searched, nil)
  }
  /// A stretch of the list with its rows.
  /// - Parameter row: reads the row at a place; nil when it is gone.
  func stretch<Row>(
    _ database: Database, limit: Int, effort: Int, row: (Place) throws -> Row?
  ) throws -> ListStretch<Row, Place> {
    let (found, searched, end) = try walk(
      database, limit: max(1, limit), effort: max(1, effort))
    let rows = try found.compactMap(row)
    return ListStretch(
      rows: way.isForwards ? rows : rows.reversed(), searched: searched, end: end,
      isLookUp: isLookUp)
  }
}
