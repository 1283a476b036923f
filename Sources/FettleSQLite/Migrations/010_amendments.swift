import GRDB

extension Migrations {
  /// What operators do to a record beside its moves: changes of its blueprint with old and new, lines
  /// of its audit, and what somebody changed and has not saved.
  static func amendments(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE mapping_edit (
          record INTEGER NOT NULL REFERENCES record,
          number INTEGER NOT NULL,
          path TEXT NOT NULL,
          old BLOB,
          new BLOB,
          in_scenario INTEGER NOT NULL,
          author TEXT NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, number)
        ) WITHOUT ROWID;

        CREATE TABLE record_note (
          record INTEGER NOT NULL REFERENCES record,
          number INTEGER NOT NULL,
          event TEXT NOT NULL,
          detail TEXT,
          author TEXT NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, number)
        ) WITHOUT ROWID;

        CREATE TABLE draft (
          record INTEGER NOT NULL REFERENCES record,
          author TEXT NOT NULL,
          version INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          changes BLOB NOT NULL,
          withheld INTEGER NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, author)
        ) WITHOUT ROWID;
        """)
  }
}
