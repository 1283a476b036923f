public import FettleCore
import Foundation
import GRDB

extension SQLiteStore: ExecutionJournal {
  /// Notes that an execution begins.
  public func open(
    _ opening: ExecutionOpening, claiming claim: RecordMove?
  ) async throws(StoreError) -> ScenarioState {
    var aside = ValueCodec.Apart()
    var given: [UInt8]?
    if let bundles = opening.given {
      let value = Value.array(bundles.map(Value.collection))
      given =
        opening.isConfidential
        ? try seals.sealed(value, of: .event)
        : ValueCodec.encode(value, puttingAside: &aside)
    }
    let (apart, opened) = (aside, given)
    let (state, number) = try await committing { [self] database in
      let execution = opening.execution
      let records = self.rows(database)
      if opening.isAlone { try journalRows(database).requireAlone(execution) }
      if opening.isInOrder { try requireTurn(of: execution.scenario, database) }
      if let start = opening.start { try records.take(start, of: execution) }
      let blueprint = try records.number(of: opening.blueprint)
      let state = try records.state(
        of: execution.scenario,
        running: execution.retryOf == nil ? (blueprint, opening.blueprint.settings) : nil)
      try database.run(
        """
        INSERT INTO execution (id, scenario, origin, retry_of, called_by, started, status, operations,
          stored, blueprint, given, seed, worker, lease_until)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)
        """,
        .text(execution.id), .number(execution.scenario.number), .text(execution.origin.rawValue),
        .text(execution.retryOf?.text), .text(execution.caller),
        .number(execution.started.milliseconds),
        .text(execution.status.rawValue), .number(blueprint),
        opened.map { .bytes($0) } ?? .null, .number(Int64(bitPattern: opening.seed)),
        .text(opening.worker), .number(leases.stored(opening.lease)))
      let number = Int(database.lastInsertedRowID)
      try LargeValues(database: database).keep(apart, for: .execution(number))
      if let url = opening.callBack {
        try database.run(
          "INSERT INTO call_back (execution, url, next) VALUES (?, ?, ?)", .text(execution.id),
          .text(url), .number(leases.stored(execution.started)))
      }
      if let claim { try records.carryOut(claim) }
      return (state, number)
    }
    openExecutions.note(number, of: opening.execution.id)
    return state
  }

  private func requireTurn(of scenario: ScenarioID, _ database: Database) throws {
    guard
      let row = try Row.fetchOne(
        try database.cachedStatement(sql: "\(Self.scenarioColumns) WHERE scenario.id = ?"),
        arguments: [scenario.number])
    else { return }
    let known = try ScenarioRow(row, leases)
    let name = "\(known.name) is processed in order (metadata.scenario.sequential)"
    guard known.openRecords == 0 else {
      throw StoreError.notItsTurn(
        "\(name) and has \(known.openRecords) incomplete execution"
          + "\(known.openRecords == 1 ? "" : "s") open; 'fettle list' shows them")
    }
    guard known.runsUntil == nil else {
      throw StoreError.notItsTurn(
        "\(name) and a run of it is under way; wait for its end, 'fettle history' shows it")
    }
  }

  /// Appends entries and carries out changes, in one transaction.
  public func append(
    _ entries: [JournalEntry], records: [IncompleteExecution], changes: [DataChange],
    to execution: String, by worker: String, lease: Instant, isConfidential: Bool
  ) async throws(StoreError) {
    defer { if !records.isEmpty { searchIndex.schedule(pool) } }
    var stored: [StoredEntry] = []
    stored.reserveCapacity(entries.count)
    for entry in entries {
      stored.append(
        isConfidential ? try StoredEntry(entry, of: execution, seals) : StoredEntry(entry))
    }
    let entries = stored
    let transferred = entries.reduce(0) { $0 + $1.size }
    let known = openExecutions.number(of: execution)
    try await committing { [self] database in
      let rows = journalRows(database)
      let number = try rows.renew(execution, known, by: worker, until: lease)
      for entry in entries { try rows.insert(entry, execution: number) }
      for record in records {
        _ = try self.rows(database).insert(record, author: "engine")
      }
      for change in changes { try rows.carryOut(change) }
    }
    openExecutions.count(transferred: transferred, of: execution)
  }

  /// Says that the worker of an execution is still at work on it.
  public func renewLease(
    of execution: String, by worker: String, until: Instant
  ) async throws(StoreError) {
    let known = openExecutions.number(of: execution)
    try await committing { [self] database in
      _ = try journalRows(database).renew(
        execution, known, by: worker, until: until, isHeartbeat: true)
    }
  }

  /// Notes how an execution ended, with its last entries.
  public func close(
    _ summary: ExecutionSummary, _ entries: [JournalEntry], outcome: RecordMove?,
    noting: (@Sendable (inout ScenarioState) -> Void)?, by worker: String, isConfidential: Bool
  ) async throws(StoreError) -> ScenarioState? {
    let whole = entries.map { StoredEntry($0) }
    // What is not kept was transferred all the same.
    let transferred =
      openExecutions.transferred(by: summary.id) + whole.reduce(0) { $0 + $1.size }
    let entries = isConfidential ? entries.map { StoredEntry(withoutData: $0) } : whole
    let known = openExecutions.number(of: summary.id)
    let state = try await committing { [self] database -> ScenarioState? in
      let rows = journalRows(database)
      let number = try rows.renew(summary.id, known, by: worker, until: summary.started)
      for entry in entries { try rows.insert(entry, execution: number) }
      try database.run(
        """
        UPDATE execution SET ended = ?, status = ?, operations = ?, stored = ?, error = ?,
          failed_module = ?, warnings = ?, transferred = ?, filtered = ?, run_name = ?,
          lease_until = NULL, worker = NULL WHERE number = ?
        """,
        summary.ended.map { .number($0.milliseconds) } ?? .null, .text(summary.status.rawValue),
        .number(summary.operations), .number(summary.stored.count),
        summary.error.map { .bytes($0.bytes) } ?? .null,
        summary.failedModule.map { .number($0.number) } ?? .null,
        summary.warnings.isEmpty
          ? .null : .bytes(ValueCodec.encode(.array(summary.warnings.map(Value.text)))),
        .number(transferred), .number(summary.filtered),
        isConfidential ? .null : .text(summary.name), .number(number))
      try self.rows(database).settleUndone(by: summary)
      try self.rows(database).countLost(by: summary)
      if summary.origin == .instant {
        try EventRows(database: database, records: self.rows(database))
          .settle(summary, execution: number)
      }
      if isConfidential {
        try database.execute(
          cached: "UPDATE execution SET given = NULL WHERE number = ?", arguments: [number])
        try database.execute(
          cached: "UPDATE journal SET input = NULL, outcome = NULL WHERE execution = ?",
          arguments: [number])
        try LargeValues(database: database).release(.execution(number))
      }
      if let outcome { try self.rows(database).carryOut(outcome) }
      guard let noting else { return nil }
      return try self.rows(database).update(summary.scenario) { state in
        noting(&state)
        return state
      }
    }
    openExecutions.forget(summary.id)
    return state
  }

  /// Takes over executions whose lease has run out: one walk through an index.
  public func takeOver(
    by worker: String, now: Instant, lease: Instant, limit: Int, except living: Set<String>
  ) async throws(StoreError) -> [String] {
    let (now, lease) = (leases.stored(now), leases.stored(lease))
    // Looking takes no lock; there is hardly ever one.
    let isAny = try await reading { database in
      try Bool.fetchOne(
        try database.cachedStatement(
          sql: """
            SELECT EXISTS (SELECT 1 FROM execution
              WHERE lease_until IS NOT NULL AND lease_until < ?)
            """), arguments: [now])
    }
    guard isAny == true else { return [] }
    let excepted = JSONWriter.text(.array(living.map(Value.text)))
    return try await committing { database in
      try String.fetchAll(
        try database.cachedStatement(
          sql: """
            UPDATE execution SET worker = ?1, lease_until = ?2 WHERE number IN
              (SELECT number FROM execution WHERE lease_until IS NOT NULL AND lease_until < ?3
                AND NOT (worker IS ?1 AND id IN (SELECT value FROM json_each(?4)))
                ORDER BY lease_until LIMIT ?5)
            RETURNING id
            """), arguments: [worker, lease, now, excepted, limit])
    }
  }

  /// An execution that was taken over, with what its journal says.
  public func interrupted(_ execution: String) async throws(StoreError) -> InterruptedExecution {
    let (interrupted, transferred) = try await reading { [self] database in
      let rows = journalRows(database)
      return (
        try rows.interrupted(execution, self.rows(database)),
        try rows.transferred(by: execution)
      )
    }
    openExecutions.note(transferred: transferred, of: execution)
    return interrupted
  }

  /// What an execution did.
  public func entries(of execution: String) async throws(StoreError) -> [JournalEntry] {
    try await reading { [self] in try journalRows($0).entries(of: execution) }
  }

  /// What the first module of an execution was given.
  public func given(toExecution id: String) async throws(StoreError) -> [FettleCore.Bundle] {
    try await reading { [self] database in
      let data = try Data.fetchOne(
        try database.cachedStatement(sql: "SELECT given FROM execution WHERE id = ?"),
        arguments: [id])
      return try data.map { try journalRows(database).given($0) } ?? []
    }
  }

  /// The blueprint an execution runs.
  public func blueprint(ofExecution id: String) async throws(StoreError) -> Blueprint {
    try await reading { [self] database in
      guard
        let number = try Int.fetchOne(
          try database.cachedStatement(sql: "SELECT blueprint FROM execution WHERE id = ?"),
          arguments: [id])
      else { throw StoreError.notFound("blueprint of execution \(id)") }
      return try rows(database).blueprint(number)
    }
  }

  /// The execution whose identity begins with these characters.
  public func execution(_ prefix: String) async throws(StoreError) -> ExecutionRow {
    try await reading { database in
      let rows = try Row.fetchAll(
        try database.cachedStatement(
          sql: "\(JournalRows.select) WHERE execution.id >= ? AND execution.id < ? LIMIT 2"),
        arguments: [prefix, prefix + "\u{10FFFF}"])
      guard let first = rows.first, !prefix.isEmpty else {
        throw StoreError.notFound("execution \(prefix)")
      }
      guard rows.count == 1 else {
        throw StoreError.unfit("several executions begin with \(prefix); type more of it")
      }
      return try ExecutionRow(first)
    }
  }

  /// Removes executions that ended before an instant.
  public func prune(endedBefore instant: Instant) async throws(StoreError) -> Int {
    try await remove(
      "SELECT number FROM execution WHERE ended < ? LIMIT 500", [instant.milliseconds])
  }

  /// Removes the oldest ended executions.
  public func pruneOldest() async throws(StoreError) -> Int {
    try await remove(
      "SELECT number FROM execution WHERE ended IS NOT NULL ORDER BY ended LIMIT 500", [])
  }

  private func remove(
    _ old: String, _ arguments: StatementArguments
  ) async throws(StoreError) -> Int {
    let numbers = try await reading { database in
      try Int.fetchAll(database, sql: old, arguments: arguments)
    }
    guard !numbers.isEmpty else { return 0 }
    try await writing { database in
      for number in numbers {
        try database.execute(cached: "DELETE FROM journal WHERE execution = ?", arguments: [number])
        try database.execute(cached: "DELETE FROM execution WHERE number = ?", arguments: [number])
        try LargeValues(database: database).release(.execution(number))
      }
      // What nobody knows any more nobody can be told.
      try database.execute(
        cached: """
          DELETE FROM call_back WHERE NOT EXISTS
            (SELECT 1 FROM execution WHERE execution.id = call_back.execution)
          """)
    }
    return numbers.count
  }

  /// What the store takes, without what is free inside it.
  public func usedBytes() async throws(StoreError) -> Int {
    try await reading { database in
      let pages = try Int.fetchOne(try database.cachedStatement(sql: "PRAGMA page_count")) ?? 0
      let free = try Int.fetchOne(try database.cachedStatement(sql: "PRAGMA freelist_count")) ?? 0
      let size = try Int.fetchOne(try database.cachedStatement(sql: "PRAGMA page_size")) ?? 0
      return (pages - free) * size
    }
  }
}

extension ExecutionRow {
  init(_ row: Row) throws {
    var summary = ExecutionSummary(
      id: row["id"], scenario: ScenarioID(row["scenario"]),
      origin: ExecutionOrigin(rawValue: row["origin"]) ?? .manual,
      retryOf: (row["retry_of"] as String?).map { RecordID($0) }, caller: row["called_by"],
      started: Instant(milliseconds: row["started"]))
    summary.ended = (row["ended"] as Int64?).map { Instant(milliseconds: $0) }
    guard let status = ExecutionStatus(rawValue: row["status"]) else {
      throw StoreError.damaged("the status of an execution")
    }
    summary.status = status
    summary.operations = row["operations"]
    summary.filtered = row["filtered"]
    summary.name = row["run_name"]
    if let error = row["error"] as Data? {
      summary.error = try ModuleError(bytes: [UInt8](error), what: "the error of an execution")
    }
    summary.failedModule = (row["failed_module"] as Int?).map { ModuleID($0) }
    if let warnings = row["warnings"] as Data? {
      summary.warnings = try ValueCodec.decode([UInt8](warnings)).array?.compactMap(\.text) ?? []
    }
    self.init(
      summary: summary, scenarioName: row["scenario_name"], storedCount: row["stored"],
      transferred: row["transferred"], stopAskedBy: row["stop_asked_by"], number: row["number"])
  }
}

/// An entry as it is stored, made before the transaction, which others wait for.
struct StoredEntry {
  let number: Int
  let module: Int
  let date: Int64
  let step: String
  /// Nil where it is that of the entry before, which said that the operation began.
  let input: [UInt8]?
  let outcome: [UInt8]?
  let apart: ValueCodec.Apart

  /// What the module was given and gave, in bytes.
  var size: Int {
    (input?.count ?? 0) + (outcome?.count ?? 0) + apart.values.reduce(0) { $0 + $1.value.count }
  }

  init(_ entry: JournalEntry) {
    let (step, outcome) = entry.step.stored
    number = entry.number
    module = entry.module.number
    date = entry.date.milliseconds
    self.step = step
    var apart = ValueCodec.Apart()
    input = entry.followsBegun ? nil : ValueCodec.encode(entry.input, puttingAside: &apart)
    self.outcome = outcome.map { ValueCodec.encode($0, puttingAside: &apart) }
    self.apart = apart
  }

  /// An entry of a confidential execution, sealed.
  init(_ entry: JournalEntry, of execution: String, _ seals: Seals) throws(StoreError) {
    let (step, outcome) = entry.step.stored
    number = entry.number
    module = entry.module.number
    date = entry.date.milliseconds
    self.step = step
    input =
      entry.followsBegun ? nil : try seals.sealed(entry.input, of: .execution(execution))
    var closed: [UInt8]?
    if let outcome { closed = try seals.sealed(outcome, of: .execution(execution)) }
    self.outcome = closed
    apart = ValueCodec.Apart()
  }

  /// An entry of a confidential execution that ends with it: its data is not kept at all.
  init(withoutData entry: JournalEntry) {
    number = entry.number
    module = entry.module.number
    date = entry.date.milliseconds
    step = entry.step.stored.0
    input = nil
    outcome = nil
    apart = ValueCodec.Apart()
  }
}

/// Reads and writes the journal inside a transaction.
struct JournalRows {
  let database: Database
  let seals: Seals
  let leases: LeaseClock

  /// What a row of the history shows. What an execution was given is no part of it: that may be more
  /// than all the rest.
  static let select = """
    SELECT number, execution.id, scenario, origin, retry_of, called_by, run_name, started, ended,
      status, operations, stored, error, failed_module, warnings, stop_asked_by, transferred, filtered,
      scenario.name AS scenario_name
    FROM execution JOIN scenario ON scenario.id = execution.scenario
    """

  /// Checks that a worker still has its execution, and renews the lease where that is worth a write:
  /// a heartbeat always does, an entry only when the lease has aged by some seconds.
  /// - Parameter known: the number of the execution, where it is known; it is checked.
  /// - Returns: the number of the execution.
  /// - Throws: `takenOver`.
  func renew(
    _ id: String, _ known: Int?, by worker: String, until: Instant, isHeartbeat: Bool = false
  ) throws -> Int {
    let found =
      if let known {
        try database.run(
          "SELECT number, lease_until FROM execution WHERE number = ? AND id = ? AND worker = ?",
          .number(known), .text(id), .text(worker))
      } else {
        try database.run(
          "SELECT number, lease_until FROM execution WHERE id = ? AND worker = ?", .text(id),
          .text(worker))
      }
    guard let number = found?[0], let lease = found?[1] else {
      throw StoreError.takenOver(execution: id)
    }
    let until = leases.stored(until)
    if isHeartbeat || until - lease > 5000 {
      try database.run(
        "UPDATE execution SET lease_until = ? WHERE number = ?", .number(until), .number(number))
    }
    return Int(number)
  }

  /// Refuses a run while another one of its scenario that asks the trigger is under way, or was left by a
  /// worker whose lease has not run out.
  func requireAlone(_ execution: ExecutionSummary) throws {
    let other = try String.fetchOne(
      try database.cachedStatement(
        sql: """
          SELECT id FROM execution WHERE lease_until IS NOT NULL AND scenario = ?
            AND given IS NULL AND retry_of IS NULL LIMIT 1
          """), arguments: [execution.scenario.number])
    guard let other else { return }
    throw StoreError.notItsTurn(
      "the scenario runs already (execution \(other.prefix(8))), and both runs would be given the same; "
        + "wait for its end, or fettle stop --execution \(other.prefix(8))")
  }

  func insert(_ entry: StoredEntry, execution: Int) throws {
    try database.run(
      "INSERT OR IGNORE INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", .number(execution),
      .number(entry.number), .number(entry.module), .number(entry.date), .text(entry.step),
      entry.input.map { .bytes($0) } ?? .null, entry.outcome.map { .bytes($0) } ?? .null)
    try LargeValues(database: database).keep(entry.apart, for: .execution(execution))
  }

  func carryOut(_ change: DataChange) throws {
    switch change {
    case .put(let store, let key, let record):
      try database.execute(
        cached: "INSERT OR REPLACE INTO data_record VALUES (?, ?, ?)",
        arguments: [store, key, Data(ValueCodec.encode(.collection(record)))])
    case .add(let store, let key, let record):
      try database.execute(
        cached: "INSERT OR IGNORE INTO data_record VALUES (?, ?, ?)",
        arguments: [store, key, Data(ValueCodec.encode(.collection(record)))])
      guard database.changesCount == 1 else {
        throw StoreError.duplicateKey(store: store, key: key)
      }
    case .replace(let store, let key, let old, let record):
      let found = try Data.fetchOne(
        try database.cachedStatement(
          sql: "SELECT record FROM data_record WHERE store = ? AND key = ?"),
        arguments: [store, key])
      guard found == old.map({ Data(ValueCodec.encode(.collection($0))) }) else {
        throw StoreError.dataChanged(store: store, key: key)
      }
      try database.execute(
        cached: "INSERT OR REPLACE INTO data_record VALUES (?, ?, ?)",
        arguments: [store, key, Data(ValueCodec.encode(.collection(record)))])
    case .remove(let store, let key):
      try database.execute(
        cached: "DELETE FROM data_record WHERE store = ? AND key = ?", arguments: [store, key])
    case .clear(let store):
      try database.execute(cached: "DELETE FROM data_record WHERE store = ?", arguments: [store])
    }
  }

  func entries(of execution: String) throws -> [JournalEntry] {
    let large = LargeValues(database: database)
    var before: (module: Int, input: Value) = (-1, .null)
    return try Row.fetchAll(
      try database.cachedStatement(
        sql: """
          SELECT journal.* FROM journal JOIN execution ON execution.number = journal.execution
          WHERE execution.id = ? ORDER BY journal.number
          """), arguments: [execution]
    ).map { row in
      func value(_ column: String) throws -> Value? {
        try (row[column] as Data?).map {
          try large.decode(try seals.opened([UInt8]($0), of: .execution(execution)))
        }
      }
      let input = try value("input")
      let outcome = try value("outcome")
      let module: Int = row["module"]
      let given = input ?? (before.module == module ? before.input : .null)
      before = (module, given)
      guard
        let step = JournalEntry.Step(
          stored: row["step"], input: given, outcome: outcome ?? .null)
      else { throw StoreError.damaged("an entry of the journal") }
      return JournalEntry(
        number: row["number"], module: ModuleID(row["module"]),
        date: Instant(milliseconds: row["date"]), step: step)
    }
  }

  /// What the entries of an execution hold, in bytes.
  func transferred(by id: String) throws -> Int {
    try database.run(
      """
      SELECT sum(coalesce(length(input), 0) + coalesce(length(outcome), 0)) FROM journal
      WHERE execution = (SELECT number FROM execution WHERE id = ?)
      """, .text(id))?[0].map { Int($0) } ?? 0
  }

  func given(_ stored: Data) throws -> [FettleCore.Bundle] {
    try LargeValues(database: database).decode(try seals.opened([UInt8](stored), of: .event))
      .array?.compactMap(\.collection) ?? []
  }

  func interrupted(_ id: String, _ records: RecordRows) throws -> InterruptedExecution {
    guard
      let row = try Row.fetchOne(
        try database.cachedStatement(sql: "SELECT * FROM execution WHERE id = ?"), arguments: [id]),
      let blueprint = row["blueprint"] as Int?
    else { throw StoreError.damaged("the opening of an execution") }
    let given = try (row["given"] as Data?).map { try self.given($0) }
    return InterruptedExecution(
      opening: ExecutionOpening(
        execution: ExecutionSummary(
          id: id, scenario: ScenarioID(row["scenario"]),
          origin: ExecutionOrigin(rawValue: row["origin"]) ?? .manual,
          retryOf: (row["retry_of"] as String?).map { RecordID($0) }, caller: row["called_by"],
          started: Instant(milliseconds: row["started"])),
        blueprint: try records.blueprint(blueprint), given: given,
        seed: UInt64(bitPattern: row["seed"]), worker: row["worker"] ?? "",
        lease: leases.date(row["lease_until"] ?? 0)),
      entries: try entries(of: id))
  }
}
