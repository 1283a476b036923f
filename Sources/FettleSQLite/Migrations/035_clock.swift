import GRDB

extension Migrations {
  /// What leases are measured by (`LeaseClock`), in one row: the boot of the machine it holds for, what
  /// is added to the time since that boot, and how far the wall clock was ahead of it when somebody
  /// last looked, in milliseconds.
  static func clock(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE clock (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          boot TEXT NOT NULL,
          anchor INTEGER NOT NULL,
          step INTEGER NOT NULL
        );
        """)
  }
}
