import GRDB

extension Migrations {
  /// What scenarios lost for want of room and nobody has acknowledged; and lines of the audit that tell
  /// of a scenario, which have the shape of those that tell of a record.
  static func lostBundles(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE lost_bundles (
          scenario INTEGER PRIMARY KEY REFERENCES scenario,
          count INTEGER NOT NULL,
          since INTEGER NOT NULL,
          last INTEGER NOT NULL,
          reason TEXT NOT NULL
        );
        CREATE TABLE scenario_note (
          record INTEGER NOT NULL DEFAULT 0 CHECK (record = 0),
          number INTEGER NOT NULL,
          scenario INTEGER NOT NULL REFERENCES scenario,
          event TEXT NOT NULL,
          detail TEXT,
          author TEXT NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, number)
        ) WITHOUT ROWID;
        CREATE INDEX scenario_note_by_date ON scenario_note (date);
        CREATE INDEX scenario_note_by_author ON scenario_note (author, date);
        CREATE TRIGGER scenario_note_counted AFTER INSERT ON scenario_note BEGIN
          UPDATE audit_counter SET lines = lines + 1;
        END;
        """)
  }
}
