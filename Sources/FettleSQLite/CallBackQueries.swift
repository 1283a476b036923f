public import FettleCore
import GRDB

extension SQLiteStore: CallBackStore {
  private static let due = """
    SELECT call_back.execution FROM call_back JOIN execution ON execution.id = call_back.execution
    WHERE call_back.next <= ? AND execution.ended IS NOT NULL
    """

  /// Takes calls that are due.
  public func takeCallBacks(
    now: Instant, until: Instant, limit: Int
  ) async throws(StoreError) -> [CallBackDue] {
    let (now, until) = (leases.stored(now), leases.stored(until))
    // Looking takes no lock; there is hardly ever one.
    let isAny = try await reading { database in
      try Bool.fetchOne(
        try database.cachedStatement(sql: "SELECT EXISTS (\(Self.due))"),
        arguments: [now])
    }
    guard isAny == true else { return [] }
    return try await committing { database in
      let taken = try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            UPDATE call_back SET next = ?, attempts = attempts + 1
            WHERE execution IN (\(Self.due) ORDER BY call_back.next LIMIT ?)
            RETURNING execution, url, attempts
            """), arguments: [until, now, limit])
      return try taken.compactMap { row in
        try Row.fetchOne(
          try database.cachedStatement(sql: "\(JournalRows.select) WHERE execution.id = ?"),
          arguments: [row["execution"] as String]
        ).map {
          CallBackDue(
            execution: try ExecutionRow($0).summary, url: row["url"], attempt: row["attempts"])
        }
      }
    }
  }

  /// Gives a call back to be made later.
  public func postponeCallBack(
    of execution: String, until: Instant
  ) async throws(StoreError) {
    try await committing { [leases] database in
      _ = try database.run(
        "UPDATE call_back SET next = ? WHERE execution = ?", .number(leases.stored(until)),
        .text(execution))
    }
  }

  /// A call was made, or never will be.
  public func removeCallBack(of execution: String) async throws(StoreError) {
    try await committing { database in
      _ = try database.run("DELETE FROM call_back WHERE execution = ?", .text(execution))
    }
  }
}
