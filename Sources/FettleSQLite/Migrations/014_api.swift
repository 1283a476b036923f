import GRDB

extension Migrations {
  /// The tokens of the API, by their digests, and the retries that were asked for over it.
  static func api(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE token (
          number INTEGER PRIMARY KEY,
          name TEXT NOT NULL UNIQUE,
          digest BLOB NOT NULL UNIQUE,
          scopes TEXT NOT NULL,
          created INTEGER NOT NULL
        );

        CREATE TABLE retry_request (
          number INTEGER PRIMARY KEY AUTOINCREMENT,
          record TEXT NOT NULL UNIQUE,
          scenario INTEGER NOT NULL,
          author TEXT NOT NULL,
          date INTEGER NOT NULL,
          started_by TEXT NOT NULL,
          output BLOB
        );
        """)
  }
}
