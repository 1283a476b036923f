import GRDB

extension Migrations {
  /// Who or what started the attempt a record is claimed for: should the worker die, whoever takes the
  /// record over writes down the attempt.
  static func claimedBy(_ database: Database) throws {
    try database.execute(sql: "ALTER TABLE record ADD COLUMN claimed_by TEXT")
  }
}
