public import FettleCore
import Foundation
import GRDB

extension SQLiteStore: ScenarioStore {
  /// The scenario of that name.
  public func scenario(named name: String) async throws(StoreError) -> ScenarioID {
    try await writing { database in
      try database.execute(
        sql: "INSERT INTO scenario (name) VALUES (?) ON CONFLICT (name) DO NOTHING",
        arguments: [name])
      guard
        let number = try Int.fetchOne(
          database, sql: "SELECT id FROM scenario WHERE name = ?", arguments: [name])
      else { throw StoreError.damaged("a scenario that was just stored is gone") }
      return ScenarioID(number)
    }
  }

  /// Notes that an execution began.
  public func began(_ execution: ExecutionSummary) async throws(StoreError) {
    try await note(execution)
  }

  /// Notes how an execution ended.
  public func ended(_ execution: ExecutionSummary) async throws(StoreError) {
    try await note(execution)
  }

  private func note(_ execution: ExecutionSummary) async throws(StoreError) {
    try await writing { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO execution VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        arguments: [
          execution.id, execution.scenario.number, execution.retryOf?.text,
          execution.started.milliseconds, execution.ended?.milliseconds,
          execution.status.rawValue, execution.operations, execution.stored.count,
          execution.error.map { Data($0.bytes) }, execution.failedModule?.number,
        ])
    }
  }
}
