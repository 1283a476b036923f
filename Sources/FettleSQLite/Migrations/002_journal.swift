import GRDB

extension Migrations {
  /// The journal of executions, data stores, and what is known of a scenario between its runs.
  ///
  /// `journal` is clustered by execution: reading one execution, which recovery and history do, is
  /// one walk through neighbouring pages, and appending to it touches one.
  static func journal(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE execution ADD COLUMN number INTEGER;
        ALTER TABLE execution ADD COLUMN blueprint INTEGER REFERENCES blueprint;
        ALTER TABLE execution ADD COLUMN given BLOB;
        ALTER TABLE execution ADD COLUMN seed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE execution ADD COLUMN worker TEXT;
        ALTER TABLE execution ADD COLUMN lease_until INTEGER;
        ALTER TABLE execution ADD COLUMN warnings BLOB;
        UPDATE execution SET number =
          (SELECT count(*) FROM execution AS other WHERE other.id <= execution.id);
        -- What an earlier version left open has no journal to go on from.
        UPDATE execution SET ended = started, status = 'error' WHERE ended IS NULL;
        CREATE UNIQUE INDEX execution_by_number ON execution (number);
        CREATE INDEX execution_newest ON execution (started);
        CREATE INDEX execution_ended ON execution (ended);
        CREATE INDEX execution_leased ON execution (lease_until) WHERE lease_until IS NOT NULL;
        CREATE INDEX execution_of_retry ON execution (retry_of) WHERE lease_until IS NOT NULL;

        CREATE TABLE journal (
          execution INTEGER NOT NULL,
          number INTEGER NOT NULL,
          module INTEGER NOT NULL,
          date INTEGER NOT NULL,
          step TEXT NOT NULL,
          input BLOB,
          outcome BLOB,
          PRIMARY KEY (execution, number)
        ) WITHOUT ROWID;

        CREATE TABLE data_record (
          store TEXT NOT NULL,
          key TEXT NOT NULL,
          record BLOB NOT NULL,
          PRIMARY KEY (store, key)
        ) WITHOUT ROWID;

        ALTER TABLE scenario ADD COLUMN state BLOB;
        """)
  }
}
