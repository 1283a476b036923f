import GRDB

extension Migrations {
  /// What is written to find out whether the store can be written to. Its only row is gone again when
  /// nobody is at it.
  static func probe(_ database: Database) throws {
    try database.execute(
      sql: "CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), filler BLOB NOT NULL)")
  }
}
