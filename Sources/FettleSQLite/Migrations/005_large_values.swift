import GRDB

extension Migrations {
  /// Large texts and buffers, each stored once whatever number of entries and records hold it, and
  /// who holds them: an execution (kind 0) or a record (kind 1), by its number.
  static func largeValues(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE large_value (digest BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL);
        CREATE TABLE large_use (
          kind INTEGER NOT NULL,
          holder INTEGER NOT NULL,
          digest BLOB NOT NULL,
          PRIMARY KEY (kind, holder, digest)
        ) WITHOUT ROWID;
        CREATE INDEX large_used ON large_use (digest);
        """)
  }
}
