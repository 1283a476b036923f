import GRDB

extension Migrations {
  /// What operators were typing and had not finished, of each program they type in. What was kept before
  /// is of none.
  static func keptTextsBySession(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE kept_text_by_session (
          author TEXT NOT NULL,
          record INTEGER NOT NULL,
          purpose TEXT NOT NULL,
          session TEXT NOT NULL,
          sequence INTEGER NOT NULL,
          place TEXT NOT NULL,
          text BLOB NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, author, purpose, session)
        ) WITHOUT ROWID;
        INSERT INTO kept_text_by_session
          SELECT author, record, purpose, '', 0, place, text, date FROM kept_text;
        DROP TABLE kept_text;
        ALTER TABLE kept_text_by_session RENAME TO kept_text;
        """)
  }
}
