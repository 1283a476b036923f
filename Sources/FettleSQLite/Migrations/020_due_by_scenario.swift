import GRDB

extension Migrations {
  /// The records a scenario retries by itself, in the order of its queue, so that the next batch is
  /// found without reading what waits behind it.
  static func dueByScenario(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE INDEX record_retried ON record (scenario, queue_index, next_retry)
          WHERE state = 'pending' AND next_retry IS NOT NULL;
        """)
  }
}
