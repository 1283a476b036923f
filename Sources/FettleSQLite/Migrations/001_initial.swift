import GRDB

extension Migrations {
  /// The list reads `record` alone; what a record holds lies in `content`, which a list never
  /// touches. Every order a list can have is an index, so that a page costs the same anywhere.
  static func initial(_ database: Database) throws {
    try database.execute(
      sql: """
        PRAGMA application_id = \(StoreFile.applicationID);

        CREATE TABLE scenario (
          id INTEGER PRIMARY KEY,
          name TEXT NOT NULL UNIQUE,
          next_index INTEGER NOT NULL DEFAULT 1
        );

        CREATE TABLE execution (
          id TEXT PRIMARY KEY,
          scenario INTEGER NOT NULL REFERENCES scenario,
          retry_of TEXT,
          started INTEGER NOT NULL,
          ended INTEGER,
          status TEXT NOT NULL,
          operations INTEGER NOT NULL,
          stored INTEGER NOT NULL,
          error BLOB,
          failed_module INTEGER
        ) WITHOUT ROWID;
        CREATE INDEX execution_by_time ON execution (scenario, started);

        CREATE TABLE blueprint (
          id INTEGER PRIMARY KEY,
          hash INTEGER NOT NULL,
          json BLOB NOT NULL
        );
        CREATE INDEX blueprint_by_hash ON blueprint (hash);

        CREATE TABLE record (
          number INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          scenario INTEGER NOT NULL REFERENCES scenario,
          scenario_name TEXT NOT NULL,
          queue_index INTEGER NOT NULL,
          execution TEXT NOT NULL,
          failer INTEGER NOT NULL,
          failer_title TEXT NOT NULL,
          error_type TEXT NOT NULL,
          reason TEXT NOT NULL,
          created INTEGER NOT NULL,
          size INTEGER NOT NULL,
          state TEXT NOT NULL,
          next_retry INTEGER,
          attempts INTEGER NOT NULL,
          planned_attempts INTEGER NOT NULL,
          version INTEGER NOT NULL,
          lease_until INTEGER,
          claimed_from TEXT,
          claimed_retry INTEGER,
          closing_reason TEXT,
          predecessor TEXT,
          successor TEXT
        );
        CREATE INDEX record_by_state ON record (state, created, id);
        CREATE INDEX record_by_type ON record (state, error_type, created, id);
        CREATE INDEX record_by_scenario ON record (state, scenario, created, id);
        CREATE INDEX record_by_scenario_and_type
          ON record (state, scenario, error_type, created, id);
        CREATE INDEX record_leased ON record (lease_until) WHERE lease_until IS NOT NULL;
        CREATE INDEX record_due ON record (next_retry) WHERE next_retry IS NOT NULL;

        CREATE TABLE content (
          record INTEGER PRIMARY KEY REFERENCES record,
          blueprint INTEGER NOT NULL REFERENCES blueprint,
          error BLOB NOT NULL,
          bundles BLOB NOT NULL,
          input BLOB NOT NULL,
          variables BLOB NOT NULL,
          continuation BLOB NOT NULL,
          visits BLOB NOT NULL,
          schedule BLOB NOT NULL
        );

        CREATE TABLE edit (
          record INTEGER NOT NULL REFERENCES record,
          number INTEGER NOT NULL,
          path TEXT NOT NULL,
          old BLOB,
          new BLOB,
          author TEXT NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, number)
        ) WITHOUT ROWID;

        CREATE TABLE attempt (
          record INTEGER NOT NULL REFERENCES record,
          number INTEGER NOT NULL,
          started_by TEXT NOT NULL,
          execution TEXT NOT NULL,
          started INTEGER NOT NULL,
          ended INTEGER NOT NULL,
          outcome BLOB NOT NULL,
          PRIMARY KEY (record, number)
        ) WITHOUT ROWID;

        CREATE TABLE move (
          record INTEGER NOT NULL REFERENCES record,
          version INTEGER NOT NULL,
          event TEXT NOT NULL,
          state TEXT NOT NULL,
          reason TEXT,
          author TEXT NOT NULL,
          date INTEGER NOT NULL,
          PRIMARY KEY (record, version)
        ) WITHOUT ROWID;

        CREATE TABLE counter (
          state TEXT PRIMARY KEY,
          records INTEGER NOT NULL,
          bytes INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TRIGGER record_counted AFTER INSERT ON record BEGIN
          INSERT INTO counter VALUES (NEW.state, 1, NEW.size)
            ON CONFLICT (state) DO UPDATE SET records = records + 1, bytes = bytes + NEW.size;
        END;
        CREATE TRIGGER record_recounted AFTER UPDATE OF state ON record
        WHEN OLD.state <> NEW.state BEGIN
          UPDATE counter SET records = records - 1, bytes = bytes - OLD.size
            WHERE state = OLD.state;
          INSERT INTO counter VALUES (NEW.state, 1, NEW.size)
            ON CONFLICT (state) DO UPDATE SET records = records + 1, bytes = bytes + NEW.size;
        END;
        """)
  }
}
