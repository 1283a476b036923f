public import FettleCore
import GRDB

extension SQLiteStore {
  /// An operator has seen that bundles were lost.
  public func acknowledgeLoss(
    of id: ScenarioID, count: Int, author: String, date: Instant
  ) async throws(StoreError) -> Int {
    try await committing { [self] in
      try rows($0).acknowledgeLoss(of: id, count: count, author: author, date: date)
    }
  }
}

extension LostBundles {
  /// Of a row that has these columns.
  init?(_ row: Row) {
    guard let count = row["lost"] as Int? else { return nil }
    self.init(
      count: count, since: Instant(milliseconds: row["lost_since"]),
      last: Instant(milliseconds: row["lost_last"]), reason: row["lost_reason"])
  }

  /// The columns of a scenario that `init` reads.
  static let columns = """
    lost_bundles.count AS lost, lost_bundles.since AS lost_since, lost_bundles.last AS lost_last,
      lost_bundles.reason AS lost_reason
    """
}

extension RecordRows {
  /// Counts what an execution lost, in the transaction that ends it: a run whose end does not reach the
  /// disk is taken over, and loses nothing as long as there is room then.
  func countLost(by summary: ExecutionSummary) throws {
    guard summary.lost > 0 else { return }
    let date = (summary.ended ?? summary.started).milliseconds
    try database.execute(
      cached: """
        INSERT INTO lost_bundles VALUES (?, ?, ?, ?, ?) ON CONFLICT (scenario) DO UPDATE
          SET count = count + excluded.count, last = excluded.last, reason = excluded.reason
        """,
      arguments: [summary.scenario.number, summary.lost, date, date, summary.lossReason])
  }

  /// Takes what an operator was told of out of the count, and notes it in the audit.
  func acknowledgeLoss(
    of id: ScenarioID, count: Int, author: String, date: Instant
  ) throws -> Int {
    guard
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT name, \(LostBundles.columns) FROM scenario
            LEFT JOIN lost_bundles ON lost_bundles.scenario = scenario.id WHERE scenario.id = ?
          """, arguments: [id.number])
    else { throw StoreError.notFound("scenario \(id)") }
    guard let lost = LostBundles(row), count > 0 else {
      throw StoreError.unfit(
        "\(row["name"] as String) lost nothing that was not acknowledged already")
    }
    let seen = min(count, lost.count)
    if seen == lost.count {
      try database.execute(
        sql: "DELETE FROM lost_bundles WHERE scenario = ?", arguments: [id.number])
    } else {
      // What is left was lost after the operator looked.
      try database.execute(
        sql: "UPDATE lost_bundles SET count = count - ?, since = last WHERE scenario = ?",
        arguments: [seen, id.number])
    }
    try database.execute(
      sql: """
        INSERT INTO scenario_note (number, scenario, event, detail, author, date) VALUES
          ((SELECT coalesce(max(number), 0) + 1 FROM scenario_note), ?, ?, ?, ?, ?)
        """,
      arguments: [
        id.number, AuditEntry.lossAcknowledged,
        "\(row["name"] as String): \(seen) lost from \(lost.since.iso8601) to "
          + "\(lost.last.iso8601); \(lost.reason)", author, date.milliseconds,
      ])
    return seen
  }
}
