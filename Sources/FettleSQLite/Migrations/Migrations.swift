import GRDB

/// The steps from an empty file to today's store. A step that was released is never edited; what
/// changes later is a step of its own.
enum Migrations {
  static let all: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("001_initial", migrate: initial)
    migrator.registerMigration("002_journal", migrate: journal)
    migrator.registerMigration("003_scheduling", migrate: scheduling)
    migrator.registerMigration("004_search", migrate: search)
    migrator.registerMigration("005_large_values", migrate: largeValues)
    migrator.registerMigration("006_executions_by_number", migrate: executionsByNumber)
    migrator.registerMigration("008_groups", migrate: groups)
    migrator.registerMigration("009_audit", migrate: audit)
    migrator.registerMigration("010_amendments", migrate: amendments)
    migrator.registerMigration("011_connections", migrate: connections)
    migrator.registerMigration("013_webhooks", migrate: webhooks)
    migrator.registerMigration("014_api", migrate: api)
    migrator.registerMigration("015_seals", migrate: seals)
    migrator.registerMigration("020_due_by_scenario", migrate: dueByScenario)
    migrator.registerMigration("021_transfer", migrate: transfer)
    migrator.registerMigration("018_stop_requests", migrate: stopRequests)
    migrator.registerMigration("022_call_backs", migrate: callBacks)
    migrator.registerMigration("025_filtered", migrate: filtered)
    migrator.registerMigration("030_blueprint_versions", migrate: blueprintVersions)
    migrator.registerMigration("032_settled_edits", migrate: settledEdits)
    migrator.registerMigration("034_kept_texts", migrate: keptTexts)
    migrator.registerMigration("035_clock", migrate: clock)
    migrator.registerMigration("036_probe", migrate: probe)
    migrator.registerMigration("033_history_by_store", migrate: historyByStore)
    migrator.registerMigration("041_kept_texts_by_session", migrate: keptTextsBySession)
    migrator.registerMigration("042_lost_bundles", migrate: lostBundles)
    migrator.registerMigration("043_drafts_by_session", migrate: draftsBySession)
    migrator.registerMigration("050_called", migrate: called)
    migrator.registerMigration("045_claimed_by", migrate: claimedBy)
    return migrator
  }()
}
