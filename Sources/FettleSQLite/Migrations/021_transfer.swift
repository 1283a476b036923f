import GRDB

extension Migrations {
  /// How much the modules of an execution were given and gave, in bytes. It is kept when the bundles
  /// themselves are forgotten.
  static func transfer(_ database: Database) throws {
    try database.execute(
      sql: "ALTER TABLE execution ADD COLUMN transferred INTEGER NOT NULL DEFAULT 0")
  }
}
