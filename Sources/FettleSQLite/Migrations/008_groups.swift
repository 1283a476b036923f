import GRDB

extension Migrations {
  /// Which records failed for the same reason (`ErrorGroup`): a number with every record, the texts
  /// once a group, and counters that are kept with every change, never counted. The index holds the
  /// records of a group in the order of the list.
  static func groups(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE record ADD COLUMN fingerprint INTEGER;
        CREATE TABLE error_group (
          fingerprint INTEGER PRIMARY KEY,
          error_type TEXT NOT NULL,
          module TEXT NOT NULL,
          text TEXT NOT NULL
        );
        CREATE TABLE group_counter (
          fingerprint INTEGER NOT NULL,
          state TEXT NOT NULL,
          records INTEGER NOT NULL,
          newest INTEGER NOT NULL,
          PRIMARY KEY (fingerprint, state)
        ) WITHOUT ROWID;

        UPDATE record SET fingerprint = fettle_fingerprint(error_type, failer_title, reason);
        INSERT OR IGNORE INTO error_group SELECT fingerprint, error_type, failer_title,
          fettle_group_text(error_type, failer_title, reason) FROM record;
        INSERT INTO group_counter SELECT fingerprint, state, count(*), max(created) FROM record
          GROUP BY fingerprint, state;
        CREATE INDEX record_by_group ON record (state, fingerprint, created, id);

        CREATE TRIGGER record_grouped AFTER INSERT ON record
        WHEN NEW.fingerprint IS NOT NULL BEGIN
          INSERT INTO group_counter VALUES (NEW.fingerprint, NEW.state, 1, NEW.created)
            ON CONFLICT (fingerprint, state)
            DO UPDATE SET records = records + 1, newest = max(newest, NEW.created);
        END;
        CREATE TRIGGER record_regrouped AFTER UPDATE OF state, fingerprint ON record
        WHEN OLD.state <> NEW.state OR OLD.fingerprint IS NOT NEW.fingerprint BEGIN
          UPDATE group_counter SET records = records - 1
            WHERE fingerprint = OLD.fingerprint AND state = OLD.state;
          INSERT INTO group_counter VALUES (NEW.fingerprint, NEW.state, 1, NEW.created)
            ON CONFLICT (fingerprint, state)
            DO UPDATE SET records = records + 1, newest = max(newest, NEW.created);
        END;
        """)
  }
}
