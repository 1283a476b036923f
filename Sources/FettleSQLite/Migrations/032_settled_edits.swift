import GRDB

extension Migrations {
  /// How many of a record's edits are in its bundles already, because it moved on to a later failure.
  /// Records of before never moved.
  static func settledEdits(_ database: Database) throws {
    try database.execute(
      sql: "ALTER TABLE content ADD COLUMN settled_edits INTEGER NOT NULL DEFAULT 0")
  }
}
