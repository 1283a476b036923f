public import FettleCore
import Foundation
import GRDB

extension SQLiteStore {
  /// The latest lines of the audit of all records, newest first.
  public func audit(limit: Int) async throws(StoreError) -> [AuditEntry] {
    try await reading { [self] database in
      let records = self.rows(database)
      let rows = try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT date, author, record.id, action, path, old, new, note FROM (
              SELECT * FROM (SELECT date, author, record AS of, event AS action, NULL AS path,
                NULL AS old, NULL AS new, reason AS note, version AS place
                FROM move ORDER BY date DESC LIMIT ?1)
              UNION ALL SELECT * FROM (SELECT date, author, record, 'edited', path, old, new, NULL,
                number FROM edit ORDER BY date DESC LIMIT ?1)
              UNION ALL SELECT date, author, record,
                iif(in_scenario, 'mapping of the scenario changed', 'mapping changed'),
                path, old, new, NULL, number FROM mapping_edit
              UNION ALL SELECT date, author, record, event, NULL, NULL, NULL, detail, number
                FROM record_note
            ) JOIN record ON record.number = of
            ORDER BY date DESC, of DESC, place DESC LIMIT ?1
            """), arguments: [limit])
      return try rows.map { row in
        let id = RecordID(row[2])
        // Who did what is told without the key too; only the values are not.
        func value(_ column: Int) throws -> Value? {
          do { return try records.value(row[column], of: id) } catch StoreError.sealed {
            return nil
          }
        }
        return AuditEntry(
          date: Instant(milliseconds: row[0]), author: row[1], record: id,
          action: row[3], place: (row[4] as String?).flatMap { try? ValuePath(parsing: $0) },
          old: try value(5), new: try value(6), note: row[7])
      }
    }
  }

  /// Removes a record from the bin for good.
  public func purge(_ id: RecordID) async throws(StoreError) {
    try await writing { [self] database in
      let (number, summary) = try rows(database).find(id)
      guard summary.state == .deleted else {
        throw StoreError.unfit("record \(id.short) is not in the bin; only what is can be purged")
      }
      try Self.purge(number, from: database)
    }
  }

  /// Removes from the bin for good what was put there before an instant.
  public func purge(deletedBefore instant: Instant) async throws(StoreError) -> Int {
    // Whatever was deleted before then was stored before then: the index of states ends the search.
    let old = """
      SELECT number FROM record WHERE state = 'deleted' AND created < ?1
        AND (SELECT max(date) FROM move WHERE record = record.number AND event = 'deleted') < ?1
      LIMIT 200
      """
    let isAny = try await reading { database in
      try Int64.fetchOne(database, sql: old, arguments: [instant.milliseconds]) != nil
    }
    guard isAny else { return 0 }
    return try await writing { database in
      let numbers = try Int64.fetchAll(database, sql: old, arguments: [instant.milliseconds])
      for number in numbers { try Self.purge(number, from: database) }
      return numbers.count
    }
  }

  private static func purge(_ number: Int64, from database: Database) throws {
    try LargeValues(database: database).release(.record(number))
    for table in [
      "edit", "attempt", "move", "mapping_edit", "record_note", "draft", "kept_text", "content",
    ] {
      try database.run("DELETE FROM \(table) WHERE record = ?", .number(number))
    }
    try database.run("DELETE FROM record WHERE number = ?", .number(number))
  }
}
