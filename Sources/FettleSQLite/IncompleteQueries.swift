public import FettleCore
import GRDB

extension SQLiteStore: IncompleteStore {
  /// Adds a record; it is on disk when this returns.
  public func add(_ record: IncompleteExecution) async throws(StoreError) -> Int {
    try await writing { try RecordRows(database: $0).insert(record, author: "engine") }
  }

  /// A part of the list, newest first.
  public func page(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] {
    try await reading { try RecordPages(filter: filter, request: request, limit: limit).fetch($0) }
  }

  /// The counters, which the database keeps with every change.
  public func counts() async throws(StoreError) -> RecordCounts {
    try await reading { database in
      var counts = RecordCounts()
      for row in try Row.fetchAll(database, sql: "SELECT state, records, bytes FROM counter") {
        guard let state = IncompleteState(rawValue: row["state"]) else { continue }
        counts.byState[state] = row["records"]
        if RecordFilter().effectiveStates.contains(state) { counts.openBytes += row["bytes"] }
      }
      return counts
    }
  }

  /// A record with all it holds.
  public func record(_ id: RecordID) async throws(StoreError) -> IncompleteExecution {
    try await reading { try RecordRows(database: $0).record(id) }
  }

  /// The record whose identity begins with these digits.
  public func identify(_ digits: String) async throws(StoreError) -> RecordID {
    let digits = digits.lowercased()
    return try await reading { database in
      guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit) else {
        throw StoreError.notFound("record \(digits)")
      }
      let ids = try String.fetchAll(
        database, sql: "SELECT id FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT 4",
        arguments: [digits, digits + "g"])
      if let only = ids.first, ids.count == 1 { return RecordID(only) }
      throw ids.isEmpty
        ? StoreError.notFound("record \(digits)")
        : StoreError.ambiguous(digits, ids.map { RecordID($0) })
    }
  }

  /// Appends edits and returns the new version.
  public func append(
    _ edits: [BundleEdit], to id: RecordID, version: Int
  ) async throws(StoreError) -> Int {
    try await writing { database in
      let rows = RecordRows(database: database)
      let (number, summary) = try rows.find(id)
      guard summary.state == .pending || summary.state == .unresolved else {
        throw IllegalMove(state: summary.state, event: .claimed)
      }
      guard summary.version == version else {
        throw StoreError.changedMeanwhile(currentVersion: summary.version)
      }
      for edit in edits { try rows.insert(edit, number: number) }
      try database.execute(
        sql: "UPDATE record SET version = version + 1 WHERE number = ?", arguments: [number])
      return version + 1
    }
  }

  /// Makes one move in a record's life.
  public func move(
    _ id: RecordID, version: Int?, _ change: RecordChange
  ) async throws(StoreError) -> IncompleteExecution {
    try await writing { database in
      let rows = RecordRows(database: database)
      let (number, summary) = try rows.find(id)
      let state = try summary.state.after(change.event)
      if let version, version != summary.version {
        throw StoreError.changedMeanwhile(currentVersion: summary.version)
      }
      for record in change.successors { _ = try rows.insert(record, author: change.author) }
      if let attempt = change.attempt { try rows.insert(attempt, number: number) }
      if let error = change.error {
        try database.execute(
          sql: "UPDATE content SET error = ? WHERE record = ?",
          arguments: [rows.blob(error), number])
        try database.execute(
          sql: "UPDATE record SET error_type = ?, reason = ? WHERE number = ?",
          arguments: [error.type.rawValue, error.message, number])
      }
      try database.execute(
        sql: """
          UPDATE record SET state = ?, next_retry = ?, attempts = attempts + ?,
            version = version + 1, closing_reason = coalesce(?, closing_reason),
            successor = coalesce(?, successor)
          WHERE number = ?
          """,
        arguments: [
          state.rawValue, change.nextRetry?.milliseconds, change.attempt == nil ? 0 : 1,
          change.reason, change.successors.first?.id.text, number,
        ])
      try database.execute(
        sql: "INSERT INTO move VALUES (?, ?, ?, ?, ?, ?, ?)",
        arguments: [
          number, summary.version + 1, change.event.rawValue, state.rawValue, change.reason,
          change.author, change.date.milliseconds,
        ])
      return try rows.record(id)
    }
  }
}
