import GRDB

extension Migrations {
  /// What somebody changed and has not saved, of each program it is changed in. What was kept before is
  /// of none.
  static func draftsBySession(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE draft_by_session (
          record INTEGER NOT NULL REFERENCES record,
          author TEXT NOT NULL,
          session TEXT NOT NULL,
          version INTEGER NOT NULL,
          sequence INTEGER NOT NULL,
          changes BLOB NOT NULL,
          withheld INTEGER NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, author, session)
        ) WITHOUT ROWID;
        INSERT INTO draft_by_session
          SELECT record, author, '', version, sequence, changes, withheld, date FROM draft;
        DROP TABLE draft;
        ALTER TABLE draft_by_session RENAME TO draft;
        """)
  }
}
