import GRDB

extension Migrations {
  /// How often a filter stopped a bundle of an execution. Executions of before tell nothing of it.
  static func filtered(_ database: Database) throws {
    try database.execute(
      sql: "ALTER TABLE execution ADD COLUMN filtered INTEGER NOT NULL DEFAULT 0")
  }
}
