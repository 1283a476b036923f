public import FettleCore
import Foundation
import GRDB

/// Goes through the records of a list in its order and looks into their bundles. What indexes and
/// columns can answer is answered by them first; of the rest one stretch is read at a time.
struct RecordSearch {
  let pages: RecordPages
  /// How many records are looked at, at most.
  let effort: Int

  private var filter: RecordFilter { pages.filter }

  init(_ filter: RecordFilter, _ request: PageRequest, limit: Int, effort: Int) {
    pages = RecordPages(filter: filter, request: request, limit: effort)
    self.effort = effort
    self.limit = limit
  }

  private let limit: Int

  /// A part of the list with its next record.
  private struct Source {
    let cursor: RowCursor
    var next: (row: Row, place: RecordPlace)?

    mutating func advance(_ order: RecordOrder) throws {
      next = try cursor.next().map { row in
        // The cursor uses its row again.
        let row = row.copy()
        return (row, RecordPlace(try IncompleteSummary(row), order))
      }
    }
  }

  func fetch(_ rows: RecordRows) throws -> SearchStretch {
    let database = rows.database
    let rules = filter.rules.filter(\.readsData)
    let prefilter = Self.prefilter(rules)
    let order = filter.order
    var sources: [Source] = []
    for part in try pages.parts(database) {
      let query = pages.query(
        .all([part]),
        columns: IncompleteSummary.columns + ", number, content.bundles, \(prefilter.sql), "
          + "content.settled_edits",
        joining: " JOIN content ON content.record = record.number")
      var source = Source(
        cursor: try Row.fetchCursor(
          try database.makeStatement(sql: query.sql),
          arguments: prefilter.arguments + query.arguments))
      try source.advance(order)
      sources.append(source)
    }
    var found: [IncompleteSummary] = []
    var searched = 0
    var last: RecordPlace?
    while searched < effort, found.count < limit {
      let candidates = sources.indices.filter { sources[$0].next != nil }
      let first = candidates.min { left, right in
        guard let a = sources[left].next?.place, let b = sources[right].next?.place else {
          return false
        }
        return pages.way.precedes(a, b)
      }
      guard let first, let (row, place) = sources[first].next else {
        return stretch(found, searched, end: nil)
      }
      searched += 1
      last = place
      if row[19], try matches(row, rules, rows) { found.append(try IncompleteSummary(row)) }
      try sources[first].advance(order)
    }
    let isMore = sources.contains { $0.next != nil }
    // A source that gave all it was asked for may have more.
    return stretch(found, searched, end: isMore || searched == effort ? last : nil)
  }

  private func stretch(
    _ found: [IncompleteSummary], _ searched: Int, end: RecordPlace?
  ) -> SearchStretch {
    SearchStretch(
      records: pages.isForwards ? found : found.reversed(), searched: searched, end: end)
  }

  /// Whether the data of a record is what the rules ask for. What cannot be opened here matches
  /// nothing.
  private func matches(
    _ row: Row, _ rules: [RecordRule], _ rows: RecordRows
  ) throws -> Bool {
    let summary = try IncompleteSummary(row)
    let large = LargeValues(database: rows.database)
    let stored: [UInt8]
    do throws(StoreError) {
      stored = try rows.seals.opened([UInt8](row[18] as Data), of: .record(summary.id))
    } catch {
      if case .sealed = error { return false }
      throw error
    }
    let original = try large.part(VisibleBundles.self, stored, what: "the bundles")
    var edited: VisibleBundles?
    func bundles() throws -> VisibleBundles {
      if let edited { return edited }
      var bundles = original
      for edit in try rows.edits(of: row[17], summary.id, behind: row[20]) {
        try? bundles.apply(edit)
      }
      edited = bundles
      return bundles
    }
    return try rules.allSatisfy {
      try $0.matches(summary, bundles: bundles, original: { original })
    }
  }

  /// Leaves out records in which a name that is asked for occurs nowhere: the bytes of a bundle are
  /// looked through faster than it is read. A record that was edited is read in any case.
  private static func prefilter(_ rules: [RecordRule]) -> RuleCondition {
    let names = rules.compactMap { rule -> String? in
      if case .test(.data(let place, _)) = rule { return place.innermostName }
      return nil
    }
    let parts = names.map {
      RuleCondition(sql: "instr(content.bundles, CAST(? AS BLOB)) > 0", arguments: [$0])
    }
    let all = RuleCondition.all(parts)
    return RuleCondition(
      sql:
        "(\(all.sql) OR record.sealed OR EXISTS (SELECT 1 FROM edit WHERE edit.record = number))",
      arguments: all.arguments)
  }
}

extension SQLiteStore {
  /// One stretch of a search through the data.
  public func search(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int, effort: Int
  ) async throws(StoreError) -> SearchStretch {
    if !filter.words.isEmpty { searchIndex.schedule(pool) }
    return try await reading { [self] in
      try RecordSearch(filter, request, limit: limit, effort: max(1, effort)).fetch(rows($0))
    }
  }

  /// A page of a list whose filter reads data: stretch after stretch until it is full.
  func pageOfData(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] {
    var found: [IncompleteSummary] = []
    var request = request
    let isForwards = RecordPages(filter: filter, request: request, limit: limit).isForwards
    while found.count < limit {
      let stretch = try await search(
        filter, request, limit: limit - found.count, effort: 20_000)
      found = isForwards ? found + stretch.records : stretch.records + found
      guard let end = stretch.end else { break }
      request = isForwards ? .after(end) : .before(end)
    }
    return found
  }

  /// The summaries of those records that still exist.
  public func summaries(of ids: [RecordID]) async throws(StoreError) -> [IncompleteSummary] {
    try await reading { database in
      try ids.compactMap { id in
        try Row.fetchOne(
          try database.cachedStatement(
            sql: "SELECT \(IncompleteSummary.columns) FROM record WHERE id = ?"),
          arguments: [id.text]
        ).map(IncompleteSummary.init)
      }
    }
  }
}
