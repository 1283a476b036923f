public import FettleCore
import Foundation
import GRDB
import Synchronization

extension SQLiteStore: ScenarioStore {
  /// The scenario of that name.
  public func scenario(named name: String) async throws(StoreError) -> ScenarioID {
    if let known = scenarioNumbers.withLock({ $0[name] }) { return ScenarioID(known) }
    let known = try await reading { database in
      try Int.fetchOne(
        try database.cachedStatement(sql: "SELECT id FROM scenario WHERE name = ?"),
        arguments: [name])
    }
    if let known {
      // A scenario is never removed, so its number stays true.
      scenarioNumbers.withLock { numbers in
        if numbers.count > 10_000 { numbers = [:] }
        numbers[name] = known
      }
      return ScenarioID(known)
    }
    return try await writing { database in
      try database.execute(
        cached: "INSERT INTO scenario (name) VALUES (?) ON CONFLICT (name) DO NOTHING",
        arguments: [name])
      guard
        let number = try Int.fetchOne(
          try database.cachedStatement(sql: "SELECT id FROM scenario WHERE name = ?"),
          arguments: [name])
      else { throw StoreError.damaged("a scenario that was just stored is gone") }
      return ScenarioID(number)
    }
  }

  /// Every scenario, by name.
  public func scenarios() async throws(StoreError) -> [ScenarioRow] {
    try await reading { [leases] database in
      try Row.fetchAll(try database.cachedStatement(sql: "\(Self.scenarioColumns) ORDER BY name"))
        .map { try ScenarioRow($0, leases) }
    }
  }

  /// One scenario.
  public func scenario(_ id: ScenarioID) async throws(StoreError) -> ScenarioRow {
    try await reading { [leases] database in
      guard
        let row = try Row.fetchOne(
          try database.cachedStatement(sql: "\(Self.scenarioColumns) WHERE scenario.id = ?"),
          arguments: [id.number])
      else { throw StoreError.notFound("scenario \(id)") }
      return try ScenarioRow(row, leases)
    }
  }

  /// The scenario of that name.
  public func knownScenario(named name: String) async throws(StoreError) -> ScenarioRow? {
    try await reading { [leases] database in
      try Row.fetchOne(
        try database.cachedStatement(sql: "\(Self.scenarioColumns) WHERE scenario.name = ?"),
        arguments: [name]
      ).map { try ScenarioRow($0, leases) }
    }
  }

  static let scenarioColumns = """
    SELECT scenario.id, name, state, sequential, coalesce(records, 0) AS records,
      coalesce(bytes, 0) AS bytes,
      (SELECT max(lease_until) FROM execution
        WHERE execution.scenario = scenario.id AND lease_until IS NOT NULL AND retry_of IS NULL)
        AS runs_until,
      (SELECT count(*) FROM execution
        WHERE execution.scenario = scenario.id AND lease_until IS NOT NULL
          AND retry_of IS NOT NULL) AS retrying,
      \(LostBundles.columns)
    FROM scenario LEFT JOIN open_counter ON open_counter.scenario = scenario.id
      LEFT JOIN lost_bundles ON lost_bundles.scenario = scenario.id
    """

  /// The blueprint a scenario has today.
  public func blueprint(of id: ScenarioID) async throws(StoreError) -> Blueprint? {
    try await reading { [self] database in
      try Int.fetchOne(
        try database.cachedStatement(sql: "SELECT blueprint FROM scenario WHERE id = ?"),
        arguments: [id.number]
      ).map { try rows(database).blueprint($0) }
    }
  }

  /// The blueprints a scenario had and has.
  public func blueprintVersions(
    of id: ScenarioID
  ) async throws(StoreError) -> [BlueprintVersion] {
    _ = try await scenario(id)
    return try await reading { database in
      try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT version, created FROM blueprint_version WHERE scenario = ? ORDER BY version DESC
            """), arguments: [id.number]
      ).map {
        BlueprintVersion(number: $0["version"], created: Instant(milliseconds: $0["created"]))
      }
    }
  }

  /// A blueprint a scenario had or has.
  public func blueprint(
    of id: ScenarioID, version: Int
  ) async throws(StoreError) -> Blueprint {
    try await reading { [self] database in
      guard
        let number = try Int.fetchOne(
          try database.cachedStatement(
            sql: "SELECT blueprint FROM blueprint_version WHERE scenario = ? AND version = ?"),
          arguments: [id.number, version])
      else { throw StoreError.notFound("version \(version) of the blueprint of scenario \(id)") }
      return try rows(database).blueprint(number)
    }
  }

  /// Makes a blueprint the one its scenario has today.
  public func keep(_ blueprint: Blueprint, for id: ScenarioID) async throws(StoreError) {
    try await writing { [self] database in
      let rows = rows(database)
      try rows.keep(try rows.number(of: blueprint), blueprint.settings, for: id)
    }
  }

  /// Changes what is known of a scenario.
  public func update<Result: Sendable>(
    _ id: ScenarioID, _ change: @escaping @Sendable (inout ScenarioState) -> Result
  ) async throws(StoreError) -> Result {
    try await committing { [self] in try rows($0).update(id, change) }
  }
}

extension RecordRows {
  /// Takes a planned start, and plans the next one.
  func take(_ start: PlannedStart, of execution: ExecutionSummary) throws {
    let isThere = try update(execution.scenario) { state in
      guard state.isActive, state.nextRun == start.date else { return false }
      state.began(at: execution.started, zone: start.zone)
      return true
    }
    guard isThere else { throw StoreError.changedMeanwhile(currentVersion: 0) }
  }

  /// Changes what is known of a scenario.
  func update<Result>(
    _ id: ScenarioID, _ change: (inout ScenarioState) -> Result
  ) throws -> Result {
    let stored = try Row.fetchOne(
      try database.cachedStatement(sql: "SELECT state FROM scenario WHERE id = ?"),
      arguments: [id.number])
    guard let stored else { throw StoreError.notFound("scenario \(id)") }
    var state =
      try (stored[0] as Data?).map {
        try ScenarioState(bytes: [UInt8]($0), what: "the state of a scenario")
      } ?? ScenarioState()
    let result = change(&state)
    try database.execute(
      cached: "UPDATE scenario SET state = ? WHERE id = ?",
      arguments: [Data(state.bytes), id.number])
    return result
  }

  /// What is known of a scenario.
  /// - Parameter running: the blueprint that is about to be run, which becomes the one the scenario
  ///   has today; nil in a retry.
  func state(
    of id: ScenarioID, running: (blueprint: Int64, settings: ScenarioSettings)?
  ) throws -> ScenarioState {
    let known = try database.run(
      "SELECT blueprint, sequential, state IS NOT NULL, confidential FROM scenario WHERE id = ?",
      .number(id.number))
    if let running,
      known?[0] != running.blueprint
        || known?[1] != (running.settings.sequential ? 1 : 0)
        || known?[3] != (running.settings.confidential ? 1 : 0)
    {
      try keep(running.blueprint, running.settings, for: id)
    }
    guard known?[2] == 1 else { return ScenarioState() }
    let state = try Data.fetchOne(
      try database.cachedStatement(sql: "SELECT state FROM scenario WHERE id = ?"),
      arguments: [id.number])
    return try state.map {
      try ScenarioState(bytes: [UInt8]($0), what: "the state of a scenario")
    } ?? ScenarioState()
  }

  /// Makes a stored blueprint the one a scenario has today.
  func keep(_ blueprint: Int64, _ settings: ScenarioSettings, for id: ScenarioID) throws {
    try database.execute(
      cached: """
        UPDATE scenario SET blueprint = ?1, sequential = ?2, confidential = ?3
        WHERE id = ?4 AND (blueprint IS NOT ?1 OR sequential <> ?2 OR confidential <> ?3)
        """,
      arguments: [blueprint, settings.sequential, settings.confidential, id.number])
  }
}

extension ScenarioRow {
  init(_ row: Row, _ leases: LeaseClock) throws {
    self.init(
      id: ScenarioID(row["id"]), name: row["name"],
      state: try (row["state"] as Data?).map {
        try ScenarioState(bytes: [UInt8]($0), what: "the state of a scenario")
      } ?? ScenarioState(),
      openRecords: row["records"], openBytes: row["bytes"],
      runsUntil: (row["runs_until"] as Int64?).map(leases.date),
      isSequential: row["sequential"], retrying: row["retrying"], lost: LostBundles(row))
  }
}
