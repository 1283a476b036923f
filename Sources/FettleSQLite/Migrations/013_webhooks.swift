import GRDB

extension Migrations {
  /// Webhooks and the events that wait in their queues. An event that an execution has keeps its row,
  /// without its payload, so that it can return to its place.
  static func webhooks(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE hook (
          id INTEGER PRIMARY KEY,
          address TEXT NOT NULL UNIQUE,
          scenario INTEGER UNIQUE REFERENCES scenario,
          queue_length INTEGER NOT NULL,
          settings BLOB NOT NULL,
          waiting INTEGER NOT NULL DEFAULT 0,
          parked INTEGER NOT NULL DEFAULT 0
        );

        CREATE TABLE event (
          number INTEGER PRIMARY KEY AUTOINCREMENT,
          hook INTEGER NOT NULL,
          received INTEGER NOT NULL,
          payload BLOB,
          size INTEGER NOT NULL,
          state TEXT NOT NULL,
          failures INTEGER NOT NULL DEFAULT 0,
          reason TEXT,
          execution TEXT,
          ticket TEXT,
          worker TEXT,
          reserved_until INTEGER
        );
        CREATE INDEX event_waiting ON event (hook, number) WHERE state = 'waiting';
        CREATE INDEX event_by_hook ON event (hook, number);
        CREATE UNIQUE INDEX event_taken ON event (execution) WHERE execution IS NOT NULL;

        CREATE TRIGGER event_queued AFTER INSERT ON event BEGIN
          UPDATE hook SET waiting = waiting + 1 WHERE id = NEW.hook;
        END;
        CREATE TRIGGER event_moved AFTER UPDATE OF state ON event
        WHEN OLD.state <> NEW.state BEGIN
          UPDATE hook SET
            waiting = waiting + (NEW.state = 'waiting') - (OLD.state = 'waiting'),
            parked = parked + (NEW.state = 'parked') - (OLD.state = 'parked')
          WHERE id = NEW.hook;
        END;
        CREATE TRIGGER event_gone AFTER DELETE ON event
        WHEN OLD.state <> 'taken' BEGIN
          UPDATE hook SET waiting = waiting - (OLD.state = 'waiting'),
            parked = parked - (OLD.state = 'parked')
          WHERE id = OLD.hook;
        END;
        """)
  }
}
