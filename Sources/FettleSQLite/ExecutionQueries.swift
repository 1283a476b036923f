public import FettleCore
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
}
