public import FettleCore
import Foundation
import GRDB

extension SQLiteStore: HookStore {
  /// Every webhook with its queue, by number.
  public func hooks() async throws(StoreError) -> [HookRow] {
    try await reading { database in
      try Row.fetchAll(
        try database.cachedStatement(
          sql: """
            SELECT hook.*, scenario.name AS scenario_name
            FROM hook LEFT JOIN scenario ON scenario.id = hook.scenario ORDER BY hook.id
            """)
      ).map {
        HookRow(
          hook: try Hook($0), scenarioName: $0["scenario_name"], waiting: $0["waiting"],
          parked: $0["parked"])
      }
    }
  }

  /// The webhook of an address.
  public func hook(at address: String) async throws(StoreError) -> Hook? {
    try await one("address = ?", [address])
  }

  /// The webhook of a scenario.
  public func hook(of scenario: ScenarioID) async throws(StoreError) -> Hook? {
    try await one("scenario = ?", [scenario.number])
  }

  private func one(
    _ condition: String, _ arguments: StatementArguments
  ) async throws(StoreError) -> Hook? {
    try await reading { database in
      try Row.fetchOne(
        try database.cachedStatement(sql: "SELECT * FROM hook WHERE \(condition)"),
        arguments: arguments
      ).map(Hook.init)
    }
  }

  /// Makes a webhook known.
  public func addHook(
    number: HookID?, address: String, scenario: ScenarioID?, settings: HookSettings
  ) async throws(StoreError) -> Hook {
    try await writing { database in
      if let number,
        try Int.fetchOne(
          database, sql: "SELECT id FROM hook WHERE id = ?", arguments: [number.number]) != nil
      {
        throw StoreError.unfit("there is a webhook \(number) already")
      }
      try Self.checkFree(scenario, for: nil, database)
      try database.execute(
        cached: """
          INSERT INTO hook (id, address, scenario, queue_length, settings) VALUES (?, ?, ?, ?, ?)
          """,
        arguments: [
          number?.number, address, scenario?.number, settings.queueLength, Data(settings.bytes),
        ])
      return Hook(
        id: HookID(Int(database.lastInsertedRowID)), address: address, scenario: scenario,
        settings: settings)
    }
  }

  private static func checkFree(
    _ scenario: ScenarioID?, for hook: HookID?, _ database: Database
  ) throws {
    guard let scenario,
      let other = try Int.fetchOne(
        database, sql: "SELECT id FROM hook WHERE scenario = ?", arguments: [scenario.number]),
      other != hook?.number
    else { return }
    throw StoreError.unfit(
      "scenario \(scenario) has webhook \(other) already; remove that, or use it")
  }

  /// Changes a webhook.
  public func change(_ hook: Hook) async throws(StoreError) {
    try await writing { database in
      try Self.checkFree(hook.scenario, for: hook.id, database)
      try database.execute(
        cached: "UPDATE hook SET scenario = ?, queue_length = ?, settings = ? WHERE id = ?",
        arguments: [
          hook.scenario?.number, hook.settings.queueLength, Data(hook.settings.bytes),
          hook.id.number,
        ])
      guard database.changesCount == 1 else { throw StoreError.notFound("webhook \(hook.id)") }
    }
  }

  /// Seals the keys that senders sign with and that lie open in the store, as they did before keys
  /// were sealed.
  /// - Returns: how many there were.
  /// - Throws: `failed` when the key that seals cannot be had.
  public func sealHookKeys() async throws(StoreError) -> Int {
    var sealed = 0
    for row in try await hooks() {
      guard let secret = row.hook.settings.secret, case .signature(_, _, .open) = secret else {
        continue
      }
      let closed: HookSecret
      do throws(SealingError) {
        closed = try secret.sealed(by: seals.sealing, at: row.hook.address)
      } catch { throw .failed("the key of webhook \(row.hook.id) is not sealed: \(error)") }
      let id = row.hook.id.number
      sealed += try await writing { database in
        // Who changed it meanwhile has sealed it.
        guard
          let row = try Row.fetchOne(
            try database.cachedStatement(sql: "SELECT * FROM hook WHERE id = ?"), arguments: [id])
        else { return 0 }
        var settings = try Hook(row).settings
        guard settings.secret == secret else { return 0 }
        settings.secret = closed
        try database.execute(
          cached: "UPDATE hook SET settings = ? WHERE id = ?",
          arguments: [Data(settings.bytes), id])
        return 1
      }
    }
    return sealed
  }

  /// Removes a webhook with the events that wait in its queue.
  public func removeHook(_ id: HookID) async throws(StoreError) -> Int {
    try await writing { [self] database in
      let events = EventRows(database: database, records: rows(database))
      let numbers = try Int.fetchAll(
        database, sql: "SELECT number FROM event WHERE hook = ? AND state <> 'taken'",
        arguments: [id.number])
      for number in numbers { try events.remove(number) }
      try database.execute(cached: "DELETE FROM hook WHERE id = ?", arguments: [id.number])
      guard database.changesCount == 1 else { throw StoreError.notFound("webhook \(id)") }
      return numbers.count
    }
  }
}

extension Hook {
  init(_ row: Row) throws {
    self.init(
      id: HookID(row["id"]), address: row["address"],
      scenario: (row["scenario"] as Int?).map { ScenarioID($0) },
      settings: try HookSettings(
        bytes: [UInt8](row["settings"] as Data), what: "the settings of a webhook"))
  }
}

extension HookSettings: Stored {
  var stored: Value {
    [
      "name": .text(name), "isEnabled": .boolean(isEnabled), "secret": secret?.stored ?? .null,
      "queueLength": .integer(queueLength), "perSecond": perSecond.map(Value.integer) ?? .null,
      "keepsHeaders": .boolean(keepsHeaders), "keepsMethod": .boolean(keepsMethod),
      "passesJSONThrough": .boolean(passesJSONThrough),
    ]
  }

  init?(stored: Value) {
    guard let fields = stored.collection else { return nil }
    self.init()
    name = fields["name"]?.text ?? ""
    isEnabled = fields["isEnabled"]?.boolean ?? true
    if let written = fields["secret"], !written.isNull {
      // A secret that cannot be read must not become an open door.
      guard let read = HookSecret(stored: written) else { return nil }
      secret = read
    }
    queueLength = fields["queueLength"]?.number?.integer ?? queueLength
    perSecond = fields["perSecond"]?.number?.integer
    keepsHeaders = fields["keepsHeaders"]?.boolean ?? false
    keepsMethod = fields["keepsMethod"]?.boolean ?? false
    passesJSONThrough = fields["passesJSONThrough"]?.boolean ?? false
  }
}

extension HookSecret: Stored {
  var stored: Value {
    switch self {
    case .header(let name, let digest): ["header": .text(name), "digest": .buffer(Buffer(digest))]
    case .signature(let header, let function, let key):
      ["header": .text(header), "function": .text(function.rawValue), "key": key.stored]
    }
  }

  init?(stored: Value) {
    guard let fields = stored.collection, let header = fields["header"]?.text else { return nil }
    if case .buffer(let digest)? = fields["digest"] {
      self = .header(name: header, digest: digest.bytes)
    } else if let key = fields["key"].flatMap(Key.init(stored:)),
      let function = fields["function"]?.text.flatMap(HashFunctionName.init(rawValue:))
    {
      self = .signature(header: header, function: function, key: key)
    } else {
      return nil
    }
  }
}

extension HookSecret.Key: Stored {
  var stored: Value {
    switch self {
    case .open(let key): .text(key)
    case .sealed(let bytes): .buffer(Buffer(bytes))
    }
  }

  init?(stored: Value) {
    switch stored {
    case .text(let key): self = .open(key)
    case .buffer(let sealed): self = .sealed(sealed.bytes)
    default: return nil
    }
  }
}
