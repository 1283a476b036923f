import GRDB

extension Migrations {
  /// Which execution called one, and what its scenario calls it.
  static func called(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE execution ADD COLUMN called_by TEXT;
        ALTER TABLE execution ADD COLUMN run_name TEXT;
        """)
  }
}
