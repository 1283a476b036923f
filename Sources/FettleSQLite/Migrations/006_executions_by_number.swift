import GRDB

extension Migrations {
  /// Executions lie in the order they began, not in the order of their random identities: what runs
  /// now lies in a few neighbouring pages, whatever the history holds, and the indexes carry a small
  /// number instead of an identity.
  static func executionsByNumber(_ database: Database) throws {
    let columns = """
      number, id, scenario, origin, retry_of, started, ended, status, operations, stored, error,
      failed_module, blueprint, seed, worker, lease_until, warnings, given
      """
    try database.execute(
      sql: """
        ALTER TABLE execution RENAME TO execution_by_id;
        CREATE TABLE execution (
          number INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          scenario INTEGER NOT NULL REFERENCES scenario,
          origin TEXT NOT NULL,
          retry_of TEXT,
          started INTEGER NOT NULL,
          ended INTEGER,
          status TEXT NOT NULL,
          operations INTEGER NOT NULL,
          stored INTEGER NOT NULL,
          error BLOB,
          failed_module INTEGER,
          blueprint INTEGER REFERENCES blueprint,
          seed INTEGER NOT NULL DEFAULT 0,
          worker TEXT,
          lease_until INTEGER,
          warnings BLOB,
          given BLOB
        );
        INSERT INTO execution (\(columns)) SELECT \(columns) FROM execution_by_id;
        DROP TABLE execution_by_id;
        CREATE INDEX execution_by_time ON execution (scenario, started);
        CREATE INDEX execution_newest ON execution (started);
        CREATE INDEX execution_ended ON execution (ended) WHERE ended IS NOT NULL;
        CREATE INDEX execution_leased ON execution (lease_until) WHERE lease_until IS NOT NULL;
        CREATE INDEX execution_of_retry ON execution (retry_of) WHERE lease_until IS NOT NULL;
        CREATE INDEX execution_running ON execution (scenario, lease_until)
          WHERE lease_until IS NOT NULL AND retry_of IS NULL;
        CREATE INDEX execution_retrying ON execution (scenario, lease_until)
          WHERE lease_until IS NOT NULL AND retry_of IS NOT NULL;
        """)
  }
}
