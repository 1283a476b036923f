import GRDB

extension Migrations {
  /// What schedules need: the blueprint a scenario has today, what started an execution, and how
  /// much each scenario has open.
  static func scheduling(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE scenario ADD COLUMN blueprint INTEGER REFERENCES blueprint;
        ALTER TABLE scenario ADD COLUMN sequential INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE execution ADD COLUMN origin TEXT NOT NULL DEFAULT 'manual';
        UPDATE scenario SET blueprint = (SELECT blueprint FROM execution
          WHERE execution.scenario = scenario.id ORDER BY started DESC LIMIT 1);
        CREATE INDEX execution_running ON execution (scenario, lease_until)
          WHERE lease_until IS NOT NULL AND retry_of IS NULL;
        CREATE INDEX record_in_queue ON record (scenario, queue_index)
          WHERE state IN ('pending', 'unresolved', 'inProgress');

        CREATE TABLE open_counter (
          scenario INTEGER PRIMARY KEY,
          records INTEGER NOT NULL,
          bytes INTEGER NOT NULL
        );
        INSERT INTO open_counter SELECT scenario, count(*), sum(size) FROM record
          WHERE state IN ('pending', 'unresolved', 'inProgress') GROUP BY scenario;
        CREATE TRIGGER record_opened AFTER INSERT ON record
        WHEN NEW.state IN ('pending', 'unresolved', 'inProgress') BEGIN
          INSERT INTO open_counter VALUES (NEW.scenario, 1, NEW.size)
            ON CONFLICT (scenario) DO UPDATE SET records = records + 1, bytes = bytes + NEW.size;
        END;
        CREATE TRIGGER record_closed AFTER UPDATE OF state ON record
        WHEN OLD.state IN ('pending', 'unresolved', 'inProgress')
          AND NEW.state IN ('resolved', 'deleted') BEGIN
          UPDATE open_counter SET records = records - 1, bytes = bytes - OLD.size
            WHERE scenario = OLD.scenario;
        END;
        CREATE TRIGGER record_reopened AFTER UPDATE OF state ON record
        WHEN OLD.state IN ('resolved', 'deleted')
          AND NEW.state IN ('pending', 'unresolved', 'inProgress') BEGIN
          UPDATE open_counter SET records = records + 1, bytes = bytes + NEW.size
            WHERE scenario = NEW.scenario;
        END;
        """)
  }
}
