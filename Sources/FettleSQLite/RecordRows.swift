import FettleCore
import Foundation
import GRDB

extension IncompleteSummary {
  /// The columns of a summary, in the order `init(_:)` reads them.
  static let columns = """
    id, scenario, scenario_name, queue_index, execution, failer, failer_title, error_type, reason, \
    created, size, state, next_retry, attempts, planned_attempts, version, \
    sealed
    """

  init(_ row: Row) throws {
    guard let state = IncompleteState(rawValue: row[11]) else {
      throw StoreError.damaged("the state of a record")
    }
    self.init(
      id: RecordID(row[0]), scenarioID: ScenarioID(row[1]), scenarioName: row[2], index: row[3],
      executionID: row[4], failer: ModuleID(row[5]), failerTitle: row[6],
      errorType: ErrorType(row[7]), reason: row[8], created: Instant(milliseconds: row[9]),
      size: row[10], state: state,
      nextRetry: (row[12] as Int64?).map { Instant(milliseconds: $0) }, attempts: row[13],
      plannedAttempts: row[14], version: row[15])
    guard let seal = Seal(rawValue: row[16]) else {
      throw StoreError.damaged("the seal of a record")
    }
    self.seal = seal
  }
}

/// Reads and writes whole records inside a transaction.
struct RecordRows {
  let database: Database
  let cache: BlueprintCache
  let limits: StoreLimits
  let seals: Seals
  let leases: LeaseClock
  private var large: LargeValues { LargeValues(database: database) }

  /// Adds a record; one that is there already, because its journal was walked through again, is left
  /// as it is.
  /// - Returns: its position in the queue of its scenario.
  func insert(_ record: IncompleteExecution, author: String) throws -> Int {
    var summary = record.summary
    if summary.seal != .open { summary.reason = record.error.withheld.message }
    if let known = try Int.fetchOne(
      try database.cachedStatement(sql: "SELECT queue_index FROM record WHERE id = ?"),
      arguments: [summary.id.text])
    {
      return known
    }
    // What continues a record takes its place: refusing it would lose the bundle.
    if record.predecessor == nil { try checkRoom(for: summary) }
    guard
      let index = try Int.fetchOne(
        try database.cachedStatement(
          sql:
            "UPDATE scenario SET next_index = next_index + 1 WHERE id = ? RETURNING next_index - 1"),
        arguments: [summary.scenarioID.number])
    else { throw StoreError.notFound("scenario \(summary.scenarioID)") }
    let group = ErrorGroup(summary)
    try database.run(
      """
      INSERT INTO record
        (\(IncompleteSummary.columns), closing_reason, predecessor, successor, fingerprint, number)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        -- A number is never used again: the index of texts may still know a record that was purged.
        max(coalesce((SELECT max(number) FROM record), 0), (SELECT last FROM search_state)) + 1)
      """,
      .text(summary.id.text), .number(summary.scenarioID.number), .text(summary.scenarioName),
      .number(index), .text(summary.executionID), .number(summary.failer.number),
      .text(summary.failerTitle), .text(summary.errorType.rawValue), .text(summary.reason),
      .number(summary.created.milliseconds), .number(summary.size),
      .text(summary.state.rawValue), summary.nextRetry.map { .number($0.milliseconds) } ?? .null,
      .number(summary.attempts), .number(summary.plannedAttempts), .number(summary.version),
      .number(summary.seal.rawValue), .text(record.closingReason), .text(record.predecessor?.text),
      .text(record.successor?.text),
      .number(group.fingerprint))
    let number = database.lastInsertedRowID
    try database.run(
      "INSERT OR IGNORE INTO error_group VALUES (?, ?, ?, ?)", .number(group.fingerprint),
      .text(group.errorType.rawValue), .text(group.moduleTitle), .text(group.text))
    var apart = ValueCodec.Apart()
    try database.run(
      "INSERT INTO content VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", .number(number),
      .number(try self.number(of: record.blueprint)),
      .bytes(try bytes(of: record.error, in: summary)),
      .bytes(try bytes(of: record.originalBundles, in: summary, puttingAside: &apart)),
      .bytes(try bytes(of: record.mappedInput, in: summary, puttingAside: &apart)),
      .bytes(try bytes(of: record.variables, in: summary, puttingAside: &apart)),
      .bytes(try bytes(of: record.continuation, in: summary, puttingAside: &apart)),
      .bytes(StoredVisits(record.visits).bytes), .bytes(record.schedule.bytes),
      .number(record.settledEdits))
    try large.keep(apart, for: .record(number))
    for edit in record.edits { try insert(edit, of: summary, number: number) }
    for attempt in record.attempts { try insert(attempt, of: summary, number: number) }
    return index
  }

  /// The stored bytes of a part of a record, sealed where the record is.
  func bytes(of part: some Stored, in record: IncompleteSummary) throws -> [UInt8] {
    record.seal == .open ? part.bytes : try seals.sealed(part.stored, of: .record(record.id))
  }

  /// The stored bytes of a part of a record, sealed where the record is; else with its large values
  /// put aside.
  func bytes(
    of part: some Stored, in record: IncompleteSummary, puttingAside apart: inout ValueCodec.Apart
  ) throws -> [UInt8] {
    guard record.seal == .open else { return try bytes(of: part, in: record) }
    return part.bytes(puttingAside: &apart)
  }

  /// The data of a confidential record goes when it is resolved; who did what to it, and when, stays
  /// (semantics D28). No key is needed for it.
  func removeData(of summary: IncompleteSummary, number: Int64) throws {
    let error = ModuleError(summary.errorType, summary.reason)
    try database.run(
      """
      UPDATE content SET error = ?, bundles = ?, input = ?, variables = ?, continuation = ?
      WHERE record = ?
      """, .bytes(error.bytes), .bytes(VisibleBundles().bytes), .bytes(Value.null.bytes),
      .bytes(Variables().bytes), .bytes([OwedFrame]().bytes), .number(number))
    try database.run(
      "UPDATE edit SET old = NULL, new = NULL WHERE record = ?", .number(number))
    try database.run("DELETE FROM draft WHERE record = ?", .number(number))
    try database.run("DELETE FROM kept_text WHERE record = ?", .number(number))
    try database.run(
      "UPDATE record SET sealed = ? WHERE number = ?", .number(Seal.removed.rawValue),
      .number(number))
  }

  /// Refuses a record that would go over a limit (semantics 5.8).
  private func checkRoom(for record: IncompleteSummary) throws {
    let inScenario =
      try Int.fetchOne(
        try database.cachedStatement(sql: "SELECT bytes FROM open_counter WHERE scenario = ?"),
        arguments: [record.scenarioID.number]) ?? 0
    if inScenario + record.size > limits.scenarioBytes {
      throw StoreError.full(
        "the incomplete executions of \(record.scenarioName) would take "
          + "\(inScenario + record.size) bytes of \(limits.scenarioBytes) (FETTLE_SCENARIO_LIMIT)")
    }
    let inAll =
      try Int.fetchOne(try database.cachedStatement(sql: "SELECT sum(bytes) FROM open_counter"))
      ?? 0
    if inAll + record.size > limits.storeBytes {
      throw StoreError.full(
        "the incomplete executions of the store would take \(inAll + record.size) bytes of "
          + "\(limits.storeBytes) (FETTLE_STORE_LIMIT)")
    }
  }

  /// The number under which a blueprint is stored. Many records share one.
  func number(of blueprint: Blueprint) throws -> Int64 {
    if let number = cache.number(of: blueprint), let hash = try hash(of: number),
      cache.blueprint(number, hash: hash) != nil
    {
      return number
    }
    let json = blueprint.json
    let hash = json.fnv1a
    let known = try Row.fetchCursor(
      try database.cachedStatement(sql: "SELECT id, json FROM blueprint WHERE hash = ?"),
      arguments: [hash])
    while let row = try known.next() {
      guard (row[1] as Data).elementsEqual(json) else { continue }
      cache.note(blueprint, number: row[0], hash: hash)
      return row[0]
    }
    try database.execute(
      cached: "INSERT INTO blueprint (hash, json) VALUES (?, ?)", arguments: [hash, Data(json)])
    return database.lastInsertedRowID
  }

  /// The names of the scenarios that have a blueprint.
  private func users(of blueprint: Int64) throws -> String {
    try String.fetchAll(
      database, sql: "SELECT name FROM scenario WHERE blueprint = ? ORDER BY name",
      arguments: [blueprint]
    ).joined(separator: ", ")
  }

  private func hash(of blueprint: Int64) throws -> Int64? {
    try database.run("SELECT hash FROM blueprint WHERE id = ?", .number(blueprint))?[0]
  }

  /// A stored blueprint.
  func blueprint(_ number: Int) throws -> Blueprint {
    let number = Int64(number)
    guard let hash = try hash(of: number) else {
      throw StoreError.damaged("a blueprint is missing")
    }
    if let known = cache.blueprint(number, hash: hash) { return known }
    let blueprint = try read(blueprint: number)
    cache.note(blueprint, number: number, hash: hash)
    return blueprint
  }

  /// Reads a stored blueprint, whatever is remembered of it.
  private func read(blueprint number: Int64) throws -> Blueprint {
    do {
      guard
        let json = try Data.fetchOne(
          try database.cachedStatement(sql: "SELECT json FROM blueprint WHERE id = ?"),
          arguments: [number])
      else { throw StoreError.damaged("a blueprint is missing") }
      do { return try Blueprint(try JSONReader.read([UInt8](json))) } catch let error as JSONError {
        throw StoreError.damaged(
          "blueprint \(number), of scenarios \(try users(of: number)): \(error)")
      }
    } catch {
      cache.noteReadable(number, false)
      throw error
    }
  }

  /// Why a stored blueprint cannot be read; nil when it can. It is read once at most: what can be read
  /// is never changed. It does not become one of those that are remembered.
  /// - Throws: what says nothing of the blueprint, such as a store that is busy.
  func whyUnreadable(_ number: Int64, path: String) throws -> String? {
    guard !cache.isReadable(number) else { return nil }
    do {
      _ = try read(blueprint: number)
      cache.noteReadable(number, true)
      return nil
    } catch {
      let error = StoreError(error, path: path)
      guard case .damaged = error else { throw error }
      return "\(error)"
    }
  }

  /// Appends an edit.
  func insert(_ edit: BundleEdit, of record: IncompleteSummary, number: Int64) throws {
    try database.execute(
      cached: """
        INSERT INTO edit VALUES
          (?, (SELECT coalesce(max(number), 0) + 1 FROM edit WHERE record = ?), ?, ?, ?, ?, ?)
        """,
      arguments: [
        number, number, edit.path.description,
        try edit.old.map { Data(try bytes(of: $0, in: record)) },
        try edit.new.map { Data(try bytes(of: $0, in: record)) }, edit.author,
        edit.date.milliseconds,
      ])
  }

  /// Appends an attempt. Of a sealed record it keeps no message: the last one lies with the data.
  func insert(_ attempt: Attempt, of record: IncompleteSummary, number: Int64) throws {
    let outcome = record.seal == .open ? attempt.outcome : attempt.outcome.withheld
    try database.execute(
      cached: "INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        number, attempt.number, attempt.trigger.rawValue, attempt.executionID,
        attempt.started.milliseconds, attempt.ended.milliseconds, blob(outcome),
      ])
  }

  /// The number and the summary of a record.
  func find(_ id: RecordID) throws -> (number: Int64, summary: IncompleteSummary) {
    guard
      let row = try Row.fetchOne(
        try database.cachedStatement(
          sql: "SELECT \(IncompleteSummary.columns), number FROM record WHERE id = ?"),
        arguments: [id.text])
    else { throw StoreError.notFound("record \(id.short)") }
    return (row["number"], try IncompleteSummary(row))
  }

  /// A record with all it holds.
  func record(_ id: RecordID) throws -> IncompleteExecution {
    var (number, summary) = try find(id)
    guard
      let row = try Row.fetchOne(
        try database.cachedStatement(
          sql: """
            SELECT content.*, closing_reason, predecessor, successor,
              claimed_from, claimed_retry, claimed_by
            FROM content JOIN record ON record.number = content.record
            WHERE content.record = ?
            """),
        arguments: [number])
    else { throw StoreError.damaged("record \(id.short) has no content") }
    func bytes(_ row: Row, _ column: String) throws -> [UInt8] {
      try seals.opened(Array(row[column] as Data), of: .record(id))
    }
    let error = try ModuleError(bytes: bytes(row, "error"), what: "the error")
    if summary.seal == .sealed { summary.reason = error.message }
    var record = IncompleteExecution(
      summary: summary, error: error,
      blueprint: try blueprint(row["blueprint"]),
      originalBundles: try large.part(
        VisibleBundles.self, bytes(row, "bundles"), what: "the bundles"),
      mappedInput: try large.decode(bytes(row, "input")),
      variables: try large.part(
        Variables.self, bytes(row, "variables"), what: "the variables"),
      continuation: try large.part(
        [OwedFrame].self, bytes(row, "continuation"), what: "the continuation"),
      visits: try StoredVisits(bytes: bytes(row, "visits"), what: "the visits").visits,
      schedule: try RetrySchedule(bytes: bytes(row, "schedule"), what: "the schedule"))
    record.closingReason = row["closing_reason"]
    record.predecessor = (row["predecessor"] as String?).map { RecordID($0) }
    record.successor = (row["successor"] as String?).map { RecordID($0) }
    if let from = (row["claimed_from"] as String?).flatMap(IncompleteState.init(rawValue:)) {
      var former = summary
      former.state = from
      former.nextRetry = (row["claimed_retry"] as Int64?).map { Instant(milliseconds: $0) }
      record.former = former
      record.claimedBy = AttemptTrigger(stored: row["claimed_by"])
    }
    record.edits = try edits(of: number, id)
    record.settledEdits = row["settled_edits"]
    record.mappingEdits = try mappingEdits(of: number)
    record.attempts = try attempts(of: number)
    return record
  }

  /// The edits of a record, oldest first.
  /// - Parameter behind: how many of them to leave out.
  func edits(of number: Int64, _ id: RecordID, behind: Int = 0) throws -> [BundleEdit] {
    try Row.fetchAll(
      try database.cachedStatement(
        sql: "SELECT * FROM edit WHERE record = ? AND number > ? ORDER BY number"),
      arguments: [number, behind]
    ).map { row in
      guard let path = try? ValuePath(parsing: row["path"]) else {
        throw StoreError.damaged("the path of an edit")
      }
      return BundleEdit(
        path: path,
        old: try value(row["old"], of: id),
        new: try value(row["new"], of: id),
        author: row["author"], date: Instant(milliseconds: row["date"]))
    }
  }

  /// A value that belongs to a record, opened.
  func value(_ stored: Data?, of id: RecordID) throws -> Value? {
    try stored.map { try ValueCodec.decode(try seals.opened([UInt8]($0), of: .record(id))) }
  }

  /// Appends a change of a mapping.
  func insert(_ edit: MappingEdit, number: Int64) throws {
    try database.execute(
      cached: """
        INSERT INTO mapping_edit VALUES
          (?, (SELECT coalesce(max(number), 0) + 1 FROM mapping_edit WHERE record = ?),
           ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        number, number, edit.path.description, edit.old.map { blob($0) },
        edit.new.map { blob($0) }, edit.isInScenario, edit.author, edit.date.milliseconds,
      ])
  }

  private func mappingEdits(of number: Int64) throws -> [MappingEdit] {
    try Row.fetchAll(
      try database.cachedStatement(
        sql: "SELECT * FROM mapping_edit WHERE record = ? ORDER BY number"),
      arguments: [number]
    ).map { row in
      guard let path = try? ValuePath(parsing: row["path"]) else {
        throw StoreError.damaged("the path of a change of a mapping")
      }
      return MappingEdit(
        path: path,
        old: try (row["old"] as Data?).map { try ValueCodec.decode(Array($0)) },
        new: try (row["new"] as Data?).map { try ValueCodec.decode(Array($0)) },
        isInScenario: row["in_scenario"], author: row["author"],
        date: Instant(milliseconds: row["date"]))
    }
  }

  private func attempts(of number: Int64) throws -> [Attempt] {
    try Row.fetchAll(
      try database.cachedStatement(sql: "SELECT * FROM attempt WHERE record = ? ORDER BY number"),
      arguments: [number]
    ).map { row in
      guard let trigger = AttemptTrigger(rawValue: row["started_by"]) else {
        throw StoreError.damaged("an attempt")
      }
      return Attempt(
        number: row["number"], trigger: trigger, executionID: row["execution"],
        started: Instant(milliseconds: row["started"]),
        ended: Instant(milliseconds: row["ended"]),
        outcome: try Attempt.Outcome(bytes: bytes(row, "outcome"), what: "an attempt"))
    }
  }

  /// The stored bytes of a part.
  func blob(_ part: some Stored) -> Data { Data(part.bytes) }

  private func bytes(_ row: Row, _ column: String) -> [UInt8] { Array(row[column] as Data) }
}

extension [UInt8] {
  /// FNV-1a: the same for the same bytes in every run, which Swift's own hash is not. Bytes are
  /// compared where hashes are equal.
  fileprivate var fnv1a: Int64 {
    Int64(
      bitPattern: reduce(0xCBF2_9CE4_8422_2325) { hash, byte in
        (hash ^ UInt64(byte)) &* 0x100_0000_01B3
      })
  }
}

extension AttemptTrigger {
  /// What was stored with a claim; nil with those that were made before it was.
  init?(stored: String?) {
    guard let stored, let trigger = AttemptTrigger(rawValue: stored) else { return nil }
    self = trigger
  }
}
