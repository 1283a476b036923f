public import FettleCore
import Foundation
import GRDB

extension SQLiteStore {
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
