public import FettleCore
import GRDB

extension ErrorGroup {
  /// The functions under which the database computes a group: every statement that changes what a
  /// group is made of computes it anew with them.
  static func register(in database: Database) {
    database.add(
      function: DatabaseFunction("fettle_fingerprint", argumentCount: 3, pure: true) { values in
        group(values).fingerprint
      })
    database.add(
      function: DatabaseFunction("fettle_group_text", argumentCount: 3, pure: true) { values in
        group(values).text
      })
  }

  private static func group(_ values: [DatabaseValue]) -> ErrorGroup {
    ErrorGroup(
      errorType: ErrorType(String.fromDatabaseValue(values[0]) ?? ""),
      moduleTitle: String.fromDatabaseValue(values[1]) ?? "",
      reason: String.fromDatabaseValue(values[2]) ?? "")
  }
}

extension RecordRows {
  /// Puts a record into the group that follows from its error and its module.
  func regroup(_ number: Int64) throws {
    try database.run(
      """
      UPDATE record SET fingerprint = fettle_fingerprint(error_type, failer_title, reason)
      WHERE number = ?
      """, .number(number))
    try database.run(
      """
      INSERT OR IGNORE INTO error_group SELECT fingerprint, error_type, failer_title,
        fettle_group_text(error_type, failer_title, reason) FROM record WHERE number = ?
      """, .number(number))
  }
}

extension SQLiteStore {
  /// The groups of records that are neither resolved nor deleted, the largest first.
  public func groups() async throws(StoreError) -> [ErrorGroupCount] {
    try await reading { database in
      let rows = try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT error_group.fingerprint, error_type, module, text, state, records, newest,
              (SELECT reason FROM record WHERE record.state = group_counter.state
                AND record.fingerprint = group_counter.fingerprint ORDER BY created DESC LIMIT 1)
            FROM group_counter JOIN error_group USING (fingerprint)
            WHERE state IN ('pending', 'unresolved', 'inProgress') AND records > 0
            """))
      let groups = Dictionary(grouping: rows) { $0[0] as Int64 }
      return groups.map { fingerprint, rows in
        var byState: [IncompleteState: Int] = [:]
        for row in rows {
          if let state = IncompleteState(rawValue: row[4]) { byState[state] = row[5] }
        }
        let newest = rows.max { ($0[6] as Int64) < ($1[6] as Int64) }
        return ErrorGroupCount(
          fingerprint: fingerprint, errorType: ErrorType(rows[0][1]), moduleTitle: rows[0][2],
          text: rows[0][3], example: newest?[7], byState: byState,
          newest: Instant(milliseconds: newest?[6] ?? 0))
      }.sorted { ($0.records, $0.newest) > ($1.records, $1.newest) }
    }
  }
}
