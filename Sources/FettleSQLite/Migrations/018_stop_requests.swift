import GRDB

extension Migrations {
  /// Who asked an execution to stop. Its worker looks for what is asked of it, again and again: the
  /// index holds nothing else.
  static func stopRequests(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE execution ADD COLUMN stop_asked_by TEXT;
        CREATE INDEX execution_asked_to_stop ON execution (worker)
          WHERE stop_asked_by IS NOT NULL;
        """)
  }
}
