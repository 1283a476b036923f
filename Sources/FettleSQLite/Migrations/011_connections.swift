import GRDB

extension Migrations {
  /// Connections, and which of them the identities of blueprints mean. `secrets` says where each
  /// secret is, or holds it sealed.
  static func connections(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE connection (
          name TEXT PRIMARY KEY,
          kind TEXT NOT NULL,
          settings BLOB NOT NULL,
          secrets BLOB NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE connection_meaning (
          app TEXT NOT NULL,
          foreign_id TEXT NOT NULL,
          name TEXT NOT NULL REFERENCES connection ON DELETE CASCADE,
          PRIMARY KEY (app, foreign_id)
        ) WITHOUT ROWID;
        """)
  }
}
