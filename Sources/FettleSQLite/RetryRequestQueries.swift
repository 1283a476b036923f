public import FettleCore
import Foundation
import GRDB

extension SQLiteStore: RetryRequestStore {
  /// Puts records into the queue of retries that were asked for.
  public func requestRetries(
    of ids: [RecordID], by author: String, at date: Instant, output: Collection?, sendAgain: Bool
  ) async throws(StoreError) -> [RecordID] {
    return try await writing { [self] database in
      let rows = self.rows(database)
      var queued: [RecordID] = []
      for id in ids {
        do {
          let (number, summary) = try rows.find(id)
          _ = try summary.state.after(.claimed)
          if output == nil, !sendAgain, try isInDoubt(number, id, rows) {
            throw StoreError.inDoubt(id)
          }
          let trigger =
            ids.count > 1 ? AttemptTrigger.bulk : AttemptTrigger.manual
          try database.execute(
            cached: """
              INSERT INTO retry_request (record, scenario, author, date, started_by, output)
              VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (record) DO NOTHING
              """,
            arguments: [
              id.text, summary.scenarioID.number, author, date.milliseconds, trigger.rawValue,
              try output.map { Data(try rows.bytes(of: Value.collection($0), in: summary)) },
            ])
          queued.append(id)
        } catch  where ids.count > 1 && (error is StoreError || error is IllegalMove) {
          continue
        }
      }
      return queued
    }
  }

  private func isInDoubt(_ number: Int64, _ id: RecordID, _ rows: RecordRows) throws -> Bool {
    let error = try Data.fetchOne(
      rows.database, sql: "SELECT error FROM content WHERE record = ?", arguments: [number])
    return try error.map {
      try ModuleError(
        bytes: try rows.seals.opened([UInt8]($0), of: .record(id)), what: "the error"
      ).stage == .inDoubt
    } ?? false
  }

  /// Requests in the order they will be served.
  public func retryRequests(limit: Int) async throws(StoreError) -> [RetryRequest] {
    try await reading { [self] database in
      let rows = self.rows(database)
      return try Row.fetchAll(
        try database.cachedStatement(
          sql: "SELECT * FROM retry_request ORDER BY number LIMIT ?"), arguments: [limit]
      ).map { row in
        RetryRequest(
          record: RecordID(row["record"]), scenario: ScenarioID(row["scenario"]),
          author: row["author"], date: Instant(milliseconds: row["date"]),
          trigger: AttemptTrigger(rawValue: row["started_by"]) ?? .manual,
          output: try rows.value(row["output"], of: RecordID(row["record"]))?.collection)
      }
    }
  }

  /// Where a record stands in the queue.
  public func queuePosition(of record: RecordID) async throws(StoreError) -> Int? {
    try await reading { database in
      try Int.fetchOne(
        try database.cachedStatement(
          sql: """
            SELECT (SELECT count(*) FROM retry_request AS before WHERE before.number <= own.number)
            FROM retry_request AS own WHERE record = ?
            """), arguments: [record.text])
    }
  }

  /// A request was served.
  public func removeRetryRequest(of record: RecordID) async throws(StoreError) {
    try await committing { database in
      try database.execute(
        cached: "DELETE FROM retry_request WHERE record = ?", arguments: [record.text])
    }
  }
}
