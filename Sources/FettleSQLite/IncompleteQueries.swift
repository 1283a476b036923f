public import FettleCore
import GRDB

extension SQLiteStore: IncompleteStore {
  /// Adds a record; it is on disk when this returns.
  public func add(_ record: IncompleteExecution) async throws(StoreError) -> Int {
    defer { searchIndex.schedule(pool) }
    return try await writing { [self] in try rows($0).insert(record, author: "engine") }
  }

  /// What the store is like now: nothing of it is read but a number.
  public func mark() async throws(StoreError) -> StoreMark { try await reading { try $0.mark() } }

  /// A part of the list, in its order.
  public func page(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] {
    guard !filter.readsData else { return try await pageOfData(filter, request, limit: limit) }
    let pages = RecordPages(filter: filter, request: request, limit: limit)
    if pages.isLookUp { return try readPage(pages) }
    if !filter.words.isEmpty { searchIndex.schedule(pool) }
    return try await reading { try pages.fetch($0) }
  }

  private func readPage(_ pages: RecordPages) throws(StoreError) -> [IncompleteSummary] {
    try readingHere { try pages.fetch($0) }
  }

  /// The counters, which the database keeps with every change.
  public func counts() async throws(StoreError) -> RecordCounts {
    try await reading { database in
      var counts = RecordCounts()
      for row in try Row.fetchAll(
        try database.cachedStatement(sql: "SELECT state, records, bytes FROM counter"))
      {
        guard let state = IncompleteState(rawValue: row["state"]) else { continue }
        counts.byState[state] = row["records"]
        if RecordFilter().effectiveStates.contains(state) { counts.openBytes += row["bytes"] }
      }
      counts.lost =
        try Int.fetchOne(
          try database.cachedStatement(sql: "SELECT sum(count) FROM lost_bundles")) ?? 0
      return counts
    }
  }

  /// A record with all it holds.
  public func record(_ id: RecordID) async throws(StoreError) -> IncompleteExecution {
    try await reading { [self] in try rows($0).record(id) }
  }

  /// The record whose identity begins with these digits.
  public func identify(_ digits: String) async throws(StoreError) -> RecordID {
    let digits = digits.lowercased()
    return try await reading { database in
      guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit) else {
        throw StoreError.notFound("record \(digits)")
      }
      let ids = try String.fetchAll(
        try database.cachedStatement(
          sql: "SELECT id FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT 4"),
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
    try await writing { [self] database in
      let rows = self.rows(database)
      let (number, summary) = try rows.findEditable(id, version: version)
      for edit in edits { try rows.insert(edit, of: summary, number: number) }
      try database.execute(
        cached: "UPDATE record SET version = version + 1 WHERE number = ?", arguments: [number])
      return version + 1
    }
  }

  /// Makes moves in a record's life, all of them or none.
  public func move(
    _ id: RecordID, version: Int?, _ changes: [RecordChange]
  ) async throws(StoreError) -> IncompleteExecution {
    try await writing { [self] database in
      let rows = self.rows(database)
      for (made, change) in changes.enumerated() {
        try rows.carryOut(RecordMove(id, version: version.map { $0 + made }, change))
      }
      return try rows.record(id)
    }
  }

  /// The scenarios that have records whose automatic retry is due.
  public func scenariosWithDue(at now: Instant) async throws(StoreError) -> [ScenarioID] {
    try await reading { database in
      // One look into the index tells that nothing is due, which is what most looks find.
      guard
        let earliest = try Int64.fetchOne(
          try database.cachedStatement(
            sql: "SELECT min(next_retry) FROM record WHERE next_retry IS NOT NULL")),
        earliest <= now.milliseconds
      else { return [] }
      return try Int.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT scenario FROM open_counter WHERE records > 0 AND EXISTS (
              SELECT 1 FROM record INDEXED BY record_retried
              WHERE record.scenario = open_counter.scenario AND state = 'pending'
                AND next_retry IS NOT NULL AND next_retry <= ?)
            """), arguments: [now.milliseconds]
      ).map { ScenarioID($0) }
    }
  }

  /// The records of a scenario whose automatic retry is due.
  public func due(
    at now: Instant, of scenario: ScenarioID, inOrder: Bool, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] {
    let columns = IncompleteSummary.columns
    return try await reading { database in
      guard inOrder else {
        return try Row.fetchAll(
          try database.cachedStatement(
            sql: """
              SELECT \(columns) FROM record INDEXED BY record_retried
              WHERE scenario = ? AND state = 'pending' AND next_retry IS NOT NULL
                AND next_retry <= ? ORDER BY queue_index LIMIT ?
              """), arguments: [scenario.number, now.milliseconds, limit]
        ).map(IncompleteSummary.init)
      }
      let oldest = try Row.fetchOne(
        try database.cachedStatement(
          sql: """
            SELECT \(columns) FROM record
            WHERE scenario = ? AND state IN ('pending', 'unresolved', 'inProgress')
            ORDER BY queue_index LIMIT 1
            """), arguments: [scenario.number]
      ).map(IncompleteSummary.init)
      guard let oldest, limit > 0, oldest.state == .pending,
        oldest.nextRetry.map({ $0 <= now }) == true
      else { return [] }
      return [oldest]
    }
  }

  /// When the next automatic retry is due.
  public func earliestRetry(after instant: Instant) async throws(StoreError) -> Instant? {
    try await reading { database in
      try Int64.fetchOne(
        try database.cachedStatement(
          sql: """
            SELECT next_retry FROM record
            WHERE next_retry IS NOT NULL AND next_retry > ? AND state = 'pending'
            ORDER BY next_retry LIMIT 1
            """), arguments: [instant.milliseconds]
      ).map { Instant(milliseconds: $0) }
    }
  }

  /// The oldest record of a scenario that is neither resolved nor deleted.
  public func oldestOpen(of scenario: ScenarioID) async throws(StoreError) -> RecordID? {
    try await reading { database in
      try String.fetchOne(
        try database.cachedStatement(
          sql: """
            SELECT id FROM record
            WHERE scenario = ? AND state IN ('pending', 'unresolved', 'inProgress')
            ORDER BY queue_index LIMIT 1
            """), arguments: [scenario.number]
      ).map { RecordID($0) }
    }
  }

  /// Gives a record another blueprint and module to go on with.
  public func replaceBlueprint(
    of id: RecordID, with blueprint: Blueprint, failer: ModuleID, version: Int, author: String,
    date: Instant
  ) async throws(StoreError) -> Int {
    try await writing { [self] database in
      let rows = self.rows(database)
      let (number, summary) = try rows.findEditable(id, version: version)
      try database.execute(
        cached: "UPDATE content SET blueprint = ? WHERE record = ?",
        arguments: [try rows.number(of: blueprint), number])
      try database.execute(
        cached: """
          UPDATE record SET failer = ?, failer_title = ?, version = version + 1 WHERE number = ?
          """,
        arguments: [
          failer.number, blueprint.module(failer)?.title ?? summary.failerTitle, number,
        ])
      try rows.regroup(number)
      try database.execute(
        cached: "INSERT INTO move VALUES (?, ?, 'blueprintReplaced', ?, NULL, ?, ?)",
        arguments: [number, version + 1, summary.state.rawValue, author, date.milliseconds])
      return version + 1
    }
  }

  /// Gives the records whose worker died back to the state they were claimed from.
  public func releaseExpiredLeases(now: Instant) async throws(StoreError) -> [RecordID] {
    // Looking is cheap and takes no lock; there is hardly ever one.
    let isAny = try await reading { [self] in try !rows($0).expired(now).isEmpty }
    guard isAny else { return [] }
    return try await writing { [self] database in
      let rows = self.rows(database)
      return try rows.expired(now).map { try rows.release($0, now: now) }
    }
  }
}

extension RecordRows {
  /// A record that an operator may change, as the operator has seen it.
  /// - Throws: `IllegalMove` while it is being retried or when it is closed, `changedMeanwhile`.
  func findEditable(
    _ id: RecordID, version: Int
  ) throws -> (number: Int64, summary: IncompleteSummary) {
    let found = try find(id)
    guard found.summary.state == .pending || found.summary.state == .unresolved else {
      throw IllegalMove(state: found.summary.state, event: .claimed)
    }
    guard found.summary.version == version else {
      throw StoreError.changedMeanwhile(currentVersion: found.summary.version)
    }
    return found
  }

  /// Makes one move in a record's life.
  func move(
    _ id: RecordID, version: Int?, _ change: RecordChange
  ) throws -> IncompleteExecution {
    try carryOut(RecordMove(id, version: version, change))
    return try record(id)
  }

  /// Makes one move in a record's life, without reading the record.
  func carryOut(_ move: RecordMove) throws {
    let (id, version, change) = (move.id, move.version, move.change)
    let rows = self
    let (number, summary) = try rows.find(id)
    let state = try summary.state.after(change.event)
    if let version, version != summary.version {
      throw StoreError.changedMeanwhile(currentVersion: summary.version)
    }
    if change.event == .reopened { try requireClosed(summary, number) }
    for record in change.successors { _ = try rows.insert(record, author: change.author) }
    if let attempt = change.attempt { try rows.insert(attempt, of: summary, number: number) }
    if let error = change.error {
      try database.run(
        "UPDATE content SET error = ? WHERE record = ?",
        .bytes(try rows.bytes(of: error, in: summary)), .number(number))
      let reason = summary.seal == .open ? error.message : error.withheld.message
      try database.execute(
        cached: "UPDATE record SET error_type = ?, reason = ? WHERE number = ?",
        arguments: [error.type.rawValue, reason, number])
      try regroup(number)
    }
    if let input = change.mappedInput {
      var apart = ValueCodec.Apart()
      try database.run(
        "UPDATE content SET input = ? WHERE record = ?",
        .bytes(try rows.bytes(of: input, in: summary, puttingAside: &apart)), .number(number))
      try LargeValues(database: database).keep(apart, for: .record(number))
    }
    if let rest = change.rest { try rows.takeUp(rest, as: summary, number: number) }
    let isClaim = change.event == .claimed
    try database.execute(
      cached: """
        UPDATE record SET state = ?, next_retry = ?, attempts = attempts + ?,
          version = version + 1, lease_until = ?, claimed_from = ?, claimed_retry = ?, claimed_by = ?,
          closing_reason = CASE WHEN ? THEN NULL ELSE coalesce(?, closing_reason) END,
          successor = coalesce(?, successor), size = coalesce(?, size)
        WHERE number = ?
        """,
      arguments: [
        state.rawValue, change.nextRetry?.milliseconds, change.attempt == nil ? 0 : 1,
        change.lease.map(leases.stored), isClaim ? summary.state.rawValue : nil,
        isClaim ? summary.nextRetry?.milliseconds : nil,
        isClaim ? change.trigger?.rawValue : nil,
        change.event.opensAgain, isClaim ? nil : change.reason, change.successors.first?.id.text,
        change.rest?.summary.size, number,
      ])
    try database.execute(
      cached: "INSERT INTO move VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        number, summary.version + 1, change.event.rawValue, state.rawValue, change.reason,
        change.author, change.date.milliseconds,
      ])
    if state == .resolved, summary.seal == .sealed {
      try removeData(of: summary, number: number)
    }
  }

  /// Refuses to open a record again that a retry resolved: what it completed would be done twice.
  private func requireClosed(_ summary: IncompleteSummary, _ number: Int64) throws {
    let last = try String.fetchOne(
      try database.cachedStatement(
        sql: "SELECT event FROM move WHERE record = ? ORDER BY version DESC LIMIT 1"),
      arguments: [number])
    guard last == IncompleteEvent.closed.rawValue else {
      throw IllegalMove(state: summary.state, event: .reopened)
    }
    guard summary.seal != .removed else {
      throw StoreError.unfit(
        "its scenario is confidential: the data was removed when the record was closed, and there is "
          + "nothing left to go on with")
    }
  }

  /// Gives a record what is left of its aggregation. Its size is counted with its state.
  private func takeUp(
    _ rest: IncompleteExecution, as summary: IncompleteSummary, number: Int64
  ) throws {
    var apart = ValueCodec.Apart()
    try database.run(
      """
      UPDATE content SET error = ?, bundles = ?, input = ?, variables = ?, continuation = ?,
        visits = ?, schedule = ?,
        settled_edits = (SELECT count(*) FROM edit WHERE edit.record = content.record)
      WHERE record = ?
      """,
      .bytes(try bytes(of: rest.error, in: summary)),
      .bytes(try bytes(of: rest.originalBundles, in: summary, puttingAside: &apart)),
      .bytes(try bytes(of: rest.mappedInput, in: summary, puttingAside: &apart)),
      .bytes(try bytes(of: rest.variables, in: summary, puttingAside: &apart)),
      .bytes(try bytes(of: rest.continuation, in: summary, puttingAside: &apart)),
      .bytes(StoredVisits(rest.visits).bytes), .bytes(rest.schedule.bytes), .number(number))
    try LargeValues(database: database).keep(apart, for: .record(number))
    let reason = summary.seal == .open ? rest.error.message : rest.error.withheld.message
    try database.run(
      """
      UPDATE record SET failer = ?, failer_title = ?, error_type = ?, reason = ?,
        planned_attempts = ?
      WHERE number = ?
      """,
      .number(rest.summary.failer.number), .text(rest.summary.failerTitle),
      .text(rest.error.type.rawValue), .text(reason), .number(rest.summary.plannedAttempts),
      .number(number))
    try database.run(
      "UPDATE open_counter SET bytes = bytes + ? WHERE scenario = ?",
      .number(rest.summary.size - summary.size), .number(summary.scenarioID.number))
    try regroup(number)
    try SearchIndex.add(number, database)
  }

  /// The records whose lease has run out.
  func expired(_ now: Instant) throws -> [RecordID] {
    try String.fetchAll(
      database,
      // Where the retry has a journal, its take-over says what becomes of the record.
      sql: """
        SELECT id FROM record WHERE lease_until IS NOT NULL AND lease_until < ?
          AND NOT EXISTS (SELECT 1 FROM execution
            WHERE retry_of = record.id AND execution.lease_until IS NOT NULL)
        """,
      arguments: [leases.stored(now)]
    ).map { RecordID($0) }
  }

  /// Gives a record back to the state it was claimed from.
  func release(_ id: RecordID, now: Instant) throws -> RecordID {
    let row = try Row.fetchOne(
      try database.cachedStatement(
        sql: """
          SELECT claimed_from, claimed_retry, claimed_by, attempts,
            (SELECT max(date) FROM move WHERE record = record.number AND event = 'claimed') AS began
          FROM record WHERE id = ?
          """), arguments: [id.text])
    let wasPending = (row?["claimed_from"] as String?) == IncompleteState.pending.rawValue
    let began = (row?["began"] as Int64?).map { Instant(milliseconds: $0) } ?? now
    let attempt = Attempt(
      number: (row?["attempts"] ?? 0) + 1,
      trigger: AttemptTrigger(stored: row?["claimed_by"]) ?? .manual, executionID: "",
      started: began,
      ended: now, outcome: .interrupted)
    _ = try move(
      id, version: nil,
      RecordChange(
        wasPending ? .interruptedWhilePending : .interruptedWhileUnresolved, attempt: attempt,
        nextRetry: (row?["claimed_retry"] as Int64?).map { Instant(milliseconds: $0) },
        author: "fettle", date: now))
    return id
  }
}

extension Database {
  /// What the database is like now, as this connection counts (sqlite.org/pragma.html#pragma_data_version).
  func mark() throws -> StoreMark {
    StoreMark(
      connection: sqliteConnection.map { Int(bitPattern: $0) } ?? 0,
      count: try Int.fetchOne(try cachedStatement(sql: "PRAGMA data_version")) ?? 0)
  }
}
