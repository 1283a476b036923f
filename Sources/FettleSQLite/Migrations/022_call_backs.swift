import GRDB

extension Migrations {
  /// Who is to be told how an execution ended, and from when on.
  static func callBacks(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE call_back (
          execution TEXT PRIMARY KEY,
          url TEXT NOT NULL,
          attempts INTEGER NOT NULL DEFAULT 0,
          next INTEGER NOT NULL
        ) WITHOUT ROWID;
        """)
  }
}
