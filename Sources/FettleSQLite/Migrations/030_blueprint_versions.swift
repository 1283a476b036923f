import GRDB

extension Migrations {
  /// The blueprints a scenario had, in the order it had them. A blueprint that comes back is a version
  /// of its own. What is known of the time before is what executions were run with.
  static func blueprintVersions(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE blueprint_version (
          scenario INTEGER NOT NULL REFERENCES scenario,
          version INTEGER NOT NULL,
          blueprint INTEGER NOT NULL REFERENCES blueprint,
          created INTEGER NOT NULL,
          PRIMARY KEY (scenario, version)
        ) WITHOUT ROWID;

        INSERT INTO blueprint_version
        SELECT scenario, row_number() OVER (PARTITION BY scenario ORDER BY created), blueprint, created
        FROM (
          SELECT scenario, blueprint, min(started) AS created FROM execution
          WHERE retry_of IS NULL AND blueprint IS NOT NULL GROUP BY scenario, blueprint);

        CREATE TRIGGER scenario_has_blueprint AFTER UPDATE OF blueprint ON scenario
        WHEN NEW.blueprint IS NOT NULL AND NEW.blueprint IS NOT (
          SELECT blueprint FROM blueprint_version WHERE scenario = NEW.id
          ORDER BY version DESC LIMIT 1)
        BEGIN
          INSERT INTO blueprint_version
          SELECT NEW.id, coalesce(max(version), 0) + 1, NEW.blueprint,
            CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER)
          FROM blueprint_version WHERE scenario = NEW.id;
        END;

        UPDATE scenario SET blueprint = blueprint;
        """)
  }
}
