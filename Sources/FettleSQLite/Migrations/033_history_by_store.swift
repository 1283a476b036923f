import GRDB

extension Migrations {
  /// What the history and the audit need to be read a page at a time in any of their orders, however much
  /// they hold, and counters that are kept with every change, never counted.
  ///
  /// The two indexes of executions by time become two by status and time: all statuses together are
  /// merged from the four of them.
  static func historyByStore(_ database: Database) throws {
    try database.execute(
      sql: """
        DROP INDEX execution_by_time;
        DROP INDEX execution_newest;
        CREATE INDEX execution_by_status ON execution (status, started);
        CREATE INDEX execution_by_scenario ON execution (scenario, status, started);
        CREATE INDEX execution_by_operations ON execution (operations, started)
          WHERE ended IS NOT NULL;
        CREATE INDEX execution_by_duration ON execution (ended - started, started)
          WHERE ended IS NOT NULL;

        CREATE TABLE execution_counter (
          scenario INTEGER NOT NULL,
          status TEXT NOT NULL,
          executions INTEGER NOT NULL,
          PRIMARY KEY (scenario, status)
        ) WITHOUT ROWID;
        INSERT INTO execution_counter
          SELECT scenario, status, count(*) FROM execution GROUP BY scenario, status;
        CREATE TRIGGER execution_counted AFTER INSERT ON execution BEGIN
          INSERT INTO execution_counter VALUES (NEW.scenario, NEW.status, 1)
            ON CONFLICT (scenario, status) DO UPDATE SET executions = executions + 1;
        END;
        CREATE TRIGGER execution_recounted AFTER UPDATE OF status ON execution
        WHEN OLD.status <> NEW.status BEGIN
          UPDATE execution_counter SET executions = executions - 1
            WHERE scenario = OLD.scenario AND status = OLD.status;
          INSERT INTO execution_counter VALUES (NEW.scenario, NEW.status, 1)
            ON CONFLICT (scenario, status) DO UPDATE SET executions = executions + 1;
        END;
        CREATE TRIGGER execution_uncounted AFTER DELETE ON execution BEGIN
          UPDATE execution_counter SET executions = executions - 1
            WHERE scenario = OLD.scenario AND status = OLD.status;
        END;

        CREATE INDEX mapping_edit_by_date ON mapping_edit (date);
        CREATE INDEX record_note_by_date ON record_note (date);
        CREATE TABLE audit_counter (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          lines INTEGER NOT NULL
        );
        INSERT INTO audit_counter SELECT 1, (SELECT count(*) FROM move) + (SELECT count(*) FROM edit)
          + (SELECT count(*) FROM mapping_edit) + (SELECT count(*) FROM record_note);
        """)
    for table in ["move", "edit", "mapping_edit", "record_note"] {
      try database.execute(
        sql: """
          CREATE INDEX \(table)_by_author ON \(table) (author, date);
          CREATE TRIGGER \(table)_counted AFTER INSERT ON \(table) BEGIN
            UPDATE audit_counter SET lines = lines + 1;
          END;
          CREATE TRIGGER \(table)_uncounted AFTER DELETE ON \(table) BEGIN
            UPDATE audit_counter SET lines = lines - 1;
          END;
          """)
    }
  }
}
