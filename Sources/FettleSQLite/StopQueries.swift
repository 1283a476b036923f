public import FettleCore
import GRDB

extension SQLiteStore {
  /// Asks the worker of an execution to end it.
  public func askToStop(_ execution: String, by author: String) async throws(StoreError) {
    try await writing { database in
      let found = try Row.fetchOne(
        try database.cachedStatement(sql: "SELECT number, worker FROM execution WHERE id = ?"),
        arguments: [execution])
      guard let found else { throw StoreError.notFound("execution \(execution)") }
      guard found["worker"] as String? != nil else {
        throw StoreError.unfit("execution \(execution.prefix(8)) has ended; nothing of it runs")
      }
      // Who asked first is who stops it.
      try database.execute(
        cached: """
          UPDATE execution SET stop_asked_by = ? WHERE number = ? AND stop_asked_by IS NULL
          """, arguments: [author, found["number"] as Int])
    }
  }

  /// The executions of a worker that are asked to stop, and who asked.
  public func stopRequests(of worker: String) async throws(StoreError) -> [String: String] {
    try await reading { database in
      let rows = try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT id, stop_asked_by FROM execution
            WHERE worker = ? AND stop_asked_by IS NOT NULL
            """), arguments: [worker])
      return Dictionary(rows.map { ($0["id"], $0["stop_asked_by"]) }, uniquingKeysWith: { $1 })
    }
  }
}
