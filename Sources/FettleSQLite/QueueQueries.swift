public import FettleCore
import Foundation
import GRDB

extension SQLiteStore: QueueStore {
  /// Adds an event to its queue; it is on disk when this returns.
  public func enqueue(_ event: NewEvent) async throws(StoreError) -> Int {
    var aside = ValueCodec.Apart()
    let payload = ValueCodec.encode(Self.value(of: event.bundles), puttingAside: &aside)
    let apart = aside
    let size = payload.count + apart.values.reduce(0) { $0 + $1.value.count }
    // A refusal is an answer, not a failure: it must not undo the commit it shares with others.
    let answer = try await committing(for: .sender) {
      [seals, leases] database -> Result<Int, StoreError> in
      guard
        let hook = try database.run(
          """
          SELECT waiting, queue_length,
            (SELECT confidential FROM scenario WHERE scenario.id = hook.scenario)
          FROM hook WHERE id = ?
          """, .number(event.hook.number)),
        let waiting = hook[0], let length = hook[1]
      else { return .failure(.notFound("webhook \(event.hook)")) }
      if waiting >= length { return .failure(.queueFull(event.hook, length: Int(length))) }
      let isConfidential = hook[2] == 1
      let payload =
        isConfidential ? try seals.sealed(Self.value(of: event.bundles), of: .event) : payload
      try database.run(
        """
        INSERT INTO event (hook, received, payload, size, state, ticket, worker, reserved_until)
        VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?)
        """,
        .number(event.hook.number), .number(event.received.milliseconds), .bytes(payload),
        .number(size), .text(event.waiter?.ticket), .text(event.waiter?.worker),
        event.waiter.map { .number(leases.stored($0.until)) } ?? .null)
      // The trigger that counts does not change what was inserted last.
      let number = database.lastInsertedRowID
      if !apart.values.isEmpty, !isConfidential {
        try LargeValues(database: database).keep(apart, for: .event(number))
      }
      return .success(Int(number))
    }
    return try answer.get()
  }

  static func value(of bundles: [Collection]) -> Value { .array(bundles.map(Value.collection)) }

  /// Takes the oldest waiting events of a scenario and opens an execution of each.
  public func take(
    of scenario: ScenarioID, as executions: [NewExecution],
    permits: @escaping @Sendable (ScenarioRow) -> Bool
  ) async throws(StoreError) -> [TakenEvent] {
    guard let first = executions.first else { return [] }
    // Looking takes no lock; a worker that finds nothing must not hold up those who write.
    let isAny = try await reading { [self] database in
      try EventRows(database: database, records: rows(database))
        .next(of: scenario, for: first, limit: 1).isEmpty == false
    }
    guard isAny else { return [] }
    return try await committing { [self] database in
      let events = EventRows(database: database, records: rows(database))
      guard
        let row = try Row.fetchOne(
          try database.cachedStatement(sql: "\(Self.scenarioColumns) WHERE scenario.id = ?"),
          arguments: [scenario.number])
      else { return [] }
      let known = try ScenarioRow(row, leases)
      guard permits(known) else { return [] }
      let most = known.isSequential ? 1 : executions.count
      let numbers = try events.next(of: scenario, for: first, limit: most)
      return try zip(numbers, executions).compactMap { number, execution in
        try events.take(number, of: known, as: execution)
      }
    }
  }

  /// The scenarios for which events wait.
  public func scenariosWithEvents() async throws(StoreError) -> [ScenarioID] {
    try await reading { database in
      try Int.fetchAll(
        try database.cachedStatement(
          sql: "SELECT scenario FROM hook WHERE waiting > 0 AND scenario IS NOT NULL")
      ).map { ScenarioID($0) }
    }
  }

  /// Events of a webhook, oldest first, without their bundles.
  public func events(
    of hook: HookID, after number: Int, limit: Int
  ) async throws(StoreError) -> [QueuedEvent] {
    try await reading { database in
      try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT number, hook, received, size, state, failures, reason, execution FROM event
            WHERE hook = ? AND number > ? ORDER BY number LIMIT ?
            """), arguments: [hook.number, number, limit]
      ).map(QueuedEvent.init)
    }
  }

  /// An event with its bundles.
  public func event(_ number: Int) async throws(StoreError) -> QueuedEvent {
    try await reading { [self] database in
      try EventRows(database: database, records: rows(database)).event(number)
    }
  }

  /// Sets an event aside, or puts it back.
  @discardableResult
  public func setEvent(
    _ number: Int, parked: Bool, bundles: [Collection]?
  ) async throws(StoreError) -> QueuedEvent {
    try await committing { [self] database in
      let events = EventRows(database: database, records: rows(database))
      try events.checkFree(number)
      if let bundles { try events.replace(bundles, of: number) }
      try database.run(
        """
        UPDATE event SET state = ?, ticket = NULL, worker = NULL, reserved_until = NULL,
          failures = 0, reason = CASE WHEN ? THEN reason END
        WHERE number = ?
        """, .text(parked ? "parked" : "waiting"), .number(parked ? 1 : 0), .number(number))
      return try events.listed(number)
    }
  }

  /// Throws an event away.
  public func dropEvent(_ number: Int) async throws(StoreError) {
    try await committing { [self] database in
      let events = EventRows(database: database, records: rows(database))
      try events.checkFree(number)
      try events.remove(number)
    }
  }
}

extension QueuedEvent {
  fileprivate init(_ row: Row) throws {
    guard let state = State(rawValue: row["state"]) else {
      throw StoreError.damaged("the state of an event")
    }
    self.init(
      number: row["number"], hook: HookID(row["hook"]),
      received: Instant(milliseconds: row["received"]), size: row["size"], state: state,
      failures: row["failures"], reason: row["reason"], execution: row["execution"])
  }
}

/// Moves events inside a transaction.
struct EventRows {
  let database: Database
  let records: RecordRows
  private var large: LargeValues { LargeValues(database: database) }

  /// The oldest waiting events of a scenario that this worker may take; one that another worker's
  /// sender waits for is left to that worker, and keeps its place.
  func next(of scenario: ScenarioID, for execution: NewExecution, limit: Int) throws -> [Int] {
    try Int.fetchAll(
      try database.cachedStatement(
        sql: """
          SELECT number FROM event
          WHERE hook = (SELECT id FROM hook WHERE scenario = ?) AND state = 'waiting'
            AND (worker IS NULL OR worker = ? OR reserved_until < ?)
          ORDER BY number LIMIT ?
          """),
      arguments: [
        scenario.number, execution.worker, records.leases.stored(execution.started), limit,
      ])
  }

  /// Gives an event to an execution, which begins with it.
  func take(
    _ number: Int, of scenario: ScenarioRow, as new: NewExecution
  ) throws -> TakenEvent? {
    guard
      let blueprint = try Int.fetchOne(
        try database.cachedStatement(sql: "SELECT blueprint FROM scenario WHERE id = ?"),
        arguments: [scenario.id.number])
    else { return nil }
    var event = try event(number)
    let summary = ExecutionSummary(
      id: new.id, scenario: scenario.id, origin: .instant, started: new.started)
    try database.run(
      """
      INSERT INTO execution (id, scenario, origin, retry_of, started, status, operations, stored,
        blueprint, given, seed, worker, lease_until)
      VALUES (?, ?, ?, NULL, ?, ?, 0, 0, ?, (SELECT payload FROM event WHERE number = ?), ?, ?, ?)
      """,
      .text(new.id), .number(scenario.id.number), .text(summary.origin.rawValue),
      .number(new.started.milliseconds), .text(summary.status.rawValue), .number(blueprint),
      .number(number), .number(Int64(bitPattern: new.seed)), .text(new.worker),
      .number(records.leases.stored(new.lease)))
    let execution = Int(database.lastInsertedRowID)
    if event.size > ValueCodec.Apart.threshold {
      try large.pass(from: .event(Int64(number)), to: .execution(execution))
    }
    let ticket = try String.fetchOne(
      try database.cachedStatement(
        sql: "SELECT ticket FROM event WHERE number = ? AND worker = ?"),
      arguments: [number, new.worker])
    try database.run(
      """
      UPDATE event SET state = 'taken', execution = ?, payload = NULL, ticket = NULL, worker = NULL,
        reserved_until = NULL WHERE number = ?
      """, .text(new.id), .number(number))
    event.state = .taken
    event.execution = new.id
    return TakenEvent(
      event: event,
      opening: ExecutionOpening(
        execution: summary, blueprint: try records.blueprint(blueprint), given: event.bundles,
        seed: new.seed, worker: new.worker, lease: new.lease),
      state: scenario.state, ticket: ticket)
  }

  /// An execution ended: its event is done with, or returns to its place in the queue.
  func settle(_ summary: ExecutionSummary, execution: Int) throws {
    guard
      let number = try Int.fetchOne(
        try database.cachedStatement(sql: "SELECT number FROM event WHERE execution = ?"),
        arguments: [summary.id])
    else { return }
    guard summary.returnsEvent else { return try remove(number) }
    let reason = summary.error.map { "\($0.type.rawValue): \($0.message)" } ?? "it failed"
    try database.run(
      """
      UPDATE event SET state = 'waiting', execution = NULL,
        payload = (SELECT given FROM execution WHERE number = ?1),
        failures = CASE WHEN reason IS ?2 THEN failures + 1 ELSE 1 END, reason = ?2
      WHERE number = ?3
      """, .number(execution), .text(reason), .number(number))
    let size = try Int.fetchOne(
      database, sql: "SELECT size FROM event WHERE number = ?", arguments: [number])
    if size ?? 0 > ValueCodec.Apart.threshold {
      try large.pass(from: .execution(execution), to: .event(Int64(number)))
    }
    // From now on the queue has the bundles, and the history only what became of them.
    try database.run("UPDATE execution SET given = NULL WHERE number = ?", .number(execution))
  }

  /// An event with its bundles.
  func event(_ number: Int) throws -> QueuedEvent {
    guard
      let row = try Row.fetchOne(
        try database.cachedStatement(
          sql: """
            SELECT event.*, coalesce(payload, given) AS content FROM event
            LEFT JOIN execution ON execution.id = event.execution WHERE event.number = ?
            """), arguments: [number])
    else { throw StoreError.notFound("event \(number)") }
    var event = try QueuedEvent(row)
    if let content = row["content"] as Data? {
      let opened = try records.seals.opened([UInt8](content), of: .event)
      event.bundles = try large.decode(opened).array?.compactMap(\.collection) ?? []
    }
    return event
  }

  /// An event without its bundles, which need not be readable.
  func listed(_ number: Int) throws -> QueuedEvent {
    let row = try Row.fetchOne(
      try database.cachedStatement(sql: "SELECT * FROM event WHERE number = ?"),
      arguments: [number])
    guard let row else { throw StoreError.notFound("event \(number)") }
    return try QueuedEvent(row)
  }

  /// Checks that nobody processes an event.
  func checkFree(_ number: Int) throws {
    guard
      let state = try String.fetchOne(
        try database.cachedStatement(sql: "SELECT state FROM event WHERE number = ?"),
        arguments: [number])
    else { throw StoreError.notFound("event \(number)") }
    if state == QueuedEvent.State.taken.rawValue {
      throw StoreError.unfit("event \(number) is being processed right now; look again")
    }
  }

  /// Gives an event other bundles.
  func replace(_ bundles: [Collection], of number: Int) throws {
    var apart = ValueCodec.Apart()
    let confidential = try database.run(
      """
      SELECT 1 FROM event JOIN hook ON hook.id = event.hook
        JOIN scenario ON scenario.id = hook.scenario
      WHERE event.number = ? AND scenario.confidential
      """, .number(number))
    let value = SQLiteStore.value(of: bundles)
    let payload =
      confidential == nil
      ? ValueCodec.encode(value, puttingAside: &apart)
      : try records.seals.sealed(value, of: .event)
    try large.release(.event(Int64(number)))
    try large.keep(apart, for: .event(Int64(number)))
    try database.run(
      "UPDATE event SET payload = ?, size = ? WHERE number = ?", .bytes(payload),
      .number(payload.count + apart.values.reduce(0) { $0 + $1.value.count }), .number(number))
  }

  /// Removes an event with what it holds.
  func remove(_ number: Int) throws {
    try large.release(.event(Int64(number)))
    try database.run("DELETE FROM event WHERE number = ?", .number(number))
  }
}
