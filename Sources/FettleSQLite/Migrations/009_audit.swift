import GRDB

extension Migrations {
  /// The audit of all records by time, and counters that follow when records leave the bin for good.
  static func audit(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE INDEX move_by_date ON move (date);
        CREATE INDEX edit_by_date ON edit (date);
        CREATE TRIGGER record_purged AFTER DELETE ON record BEGIN
          UPDATE counter SET records = records - 1, bytes = bytes - OLD.size
            WHERE state = OLD.state;
          UPDATE group_counter SET records = records - 1
            WHERE fingerprint = OLD.fingerprint AND state = OLD.state;
        END;
        """)
  }
}
