public import FettleCore
import Foundation
import GRDB

extension SQLiteStore: ConnectionStore {
  /// Every connection, by name.
  public func connections() async throws(StoreError) -> [Connection] {
    try await reading { database in
      try Row.fetchAll(
        try database.cachedStatement(
          sql: "SELECT name, kind, settings, secrets FROM connection ORDER BY name")
      ).map(Connection.init)
    }
  }

  /// The connection of that name; nil when there is none.
  public func connection(named name: String) async throws(StoreError) -> Connection? {
    try await reading { database in
      try Row.fetchOne(
        try database.cachedStatement(
          sql: "SELECT name, kind, settings, secrets FROM connection WHERE name = ?"),
        arguments: [name]
      ).map(Connection.init)
    }
  }

  /// Adds a connection, or puts it in the place of the one with its name.
  public func keep(_ connection: Connection) async throws(StoreError) {
    let settings = Data(ValueCodec.encode(.collection(connection.settings)))
    let secrets = connection.storedSecrets
    try await writing { database in
      try database.execute(
        cached: """
          INSERT INTO connection VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE
            SET kind = excluded.kind, settings = excluded.settings, secrets = excluded.secrets
          """, arguments: [connection.name, connection.kind, settings, secrets])
    }
  }

  /// Removes a connection, with everything that means it.
  public func removeConnection(named name: String) async throws(StoreError) -> Bool {
    try await writing { database in
      try database.execute(cached: "DELETE FROM connection WHERE name = ?", arguments: [name])
      return database.changesCount > 0
    }
  }

  /// Remembers which connection an identity means.
  public func remember(_ meaning: ConnectionMeaning) async throws(StoreError) {
    try await writing { database in
      try database.execute(
        cached: """
          INSERT INTO connection_meaning VALUES (?, ?, ?)
            ON CONFLICT (app, foreign_id) DO UPDATE SET name = excluded.name
          """, arguments: [meaning.foreign.app, meaning.foreign.id, meaning.name])
    }
  }

  /// Everything that was remembered, by identity.
  public func meanings() async throws(StoreError) -> [ConnectionMeaning] {
    try await reading { database in
      try Row.fetchAll(
        try database.cachedStatement(
          sql: "SELECT app, foreign_id, name FROM connection_meaning ORDER BY app, foreign_id")
      ).map { ConnectionMeaning(ForeignConnection(app: $0[0], id: $0[1]), means: $0[2]) }
    }
  }

  /// The connection an identity means; nil when nobody said.
  public func meaning(of foreign: ForeignConnection) async throws(StoreError) -> String? {
    try await reading { database in
      try String.fetchOne(
        try database.cachedStatement(
          sql: "SELECT name FROM connection_meaning WHERE app = ? AND foreign_id = ?"),
        arguments: [foreign.app, foreign.id])
    }
  }
}

extension Connection {
  /// Where its secrets are, as it is stored.
  var storedSecrets: Data {
    Data(
      ValueCodec.encode(
        .collection(Collection(secrets.sorted { $0.key < $1.key }.map { ($0, $1.stored) }))))
  }

  init(_ row: Row) throws {
    let name: String = row[0]
    guard let settings = try ValueCodec.decode([UInt8](row[2] as Data)).collection,
      let secrets = try ValueCodec.decode([UInt8](row[3] as Data)).collection
    else { throw StoreError.damaged("the connection \(name)") }
    self.init(name: name, kind: row[1], settings: settings)
    for field in secrets.fields {
      guard let source = SecretSource(stored: field.value) else {
        throw StoreError.damaged("the connection \(name)")
      }
      self.secrets[field.name] = source
    }
  }
}

extension SecretSource {
  /// The kind and what it holds.
  fileprivate var stored: Value {
    switch self {
    case .environment(let name): ["environment", .text(name)]
    case .file(let path): ["file", .text(path)]
    case .command(let line): ["command", .text(line)]
    case .sealed(let bytes): ["sealed", .buffer(Buffer(bytes))]
    }
  }

  fileprivate init?(stored: Value) {
    guard let parts = stored.array, parts.count == 2, let kind = parts[0].text else { return nil }
    switch (kind, parts[1]) {
    case ("environment", .text(let name)): self = .environment(name)
    case ("file", .text(let path)): self = .file(path)
    case ("command", .text(let line)): self = .command(line)
    case ("sealed", .buffer(let buffer)): self = .sealed(buffer.bytes)
    default: return nil
    }
  }
}
