import GRDB

extension Migrations {
  /// The texts of records, by every three characters of them, so that a word is found among a million
  /// without reading them. It is filled behind the records, a few hundred at a time; `search_state`
  /// says how far. The texts themselves are not stored again.
  static func search(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE VIRTUAL TABLE record_text USING fts5 (text, content = '', tokenize = 'trigram');
        CREATE TABLE search_state (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL);
        INSERT INTO search_state VALUES (1, 0);
        """)
  }
}
