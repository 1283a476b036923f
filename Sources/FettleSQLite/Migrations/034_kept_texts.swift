import GRDB

extension Migrations {
  /// What operators were typing and had not finished. Record 0 stands for what is about several.
  static func keptTexts(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE kept_text (
          author TEXT NOT NULL,
          record INTEGER NOT NULL,
          purpose TEXT NOT NULL,
          place TEXT NOT NULL,
          text BLOB NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, author, purpose)
        ) WITHOUT ROWID;
        """)
  }
}
