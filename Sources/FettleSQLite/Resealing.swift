public import FettleCore
import Foundation
import GRDB

/// What of a store is sealed, and with which key.
public struct SealedParts: Sendable, Hashable {
  /// Values that are sealed with the key of today.
  public var current = 0
  /// Values that are sealed with the one before.
  public var former = 0
  /// Values that neither of them opens, by what they belong to.
  public var unreadable: [String] = []
}

extension SQLiteStore {
  /// Looks at everything that is sealed.
  public func sealedParts() async throws(StoreError) -> SealedParts {
    try await reading { [seals] database in
      var walk = Resealing(database: database, seals: seals, writes: false)
      for (table, row) in try walk.staleRows() { try walk.visit(table, row) }
      try walk.visitConnections()
      try walk.visitHooks()
      return walk.parts
    }
  }

  /// Seals with the key of today what was sealed with the one before, some rows in a transaction: others
  /// write between them. What neither key opens stays as it is.
  /// - Returns: how many values were sealed anew.
  public func sealAnew() async throws(StoreError) -> Int {
    let stale = try await reading { [seals] database in
      var walk = Resealing(database: database, seals: seals, writes: false)
      return try walk.staleRows()
    }
    // What was sealed with the former key must not stay behind in the free parts of the file.
    try await writing { try $0.execute(sql: "PRAGMA secure_delete = ON") }
    var renewed = 0
    for start in stride(from: 0, to: stale.count, by: 50) {
      let rows = stale[start..<min(start + 50, stale.count)]
      renewed += try await writing { [seals] database in
        var walk = Resealing(database: database, seals: seals, writes: true)
        for (table, row) in rows { try walk.visit(table, row) }
        return walk.parts.former
      }
    }
    return renewed
      + (try await writing { [seals] database in
        var walk = Resealing(database: database, seals: seals, writes: true)
        try walk.visitConnections()
        try walk.visitHooks()
        return walk.parts.former
      })
  }
}

extension SQLiteStore {
  /// Empties the write-ahead log, which holds what was written over for a while. Where others read at this
  /// moment, it is done with a later commit.
  public func emptyLog() async {
    _ = try? await pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
  }
}

/// A walk through what is sealed, inside a transaction.
private struct Resealing {
  let database: Database
  let seals: Seals
  /// Whether what was sealed with the former key is sealed anew; else it is only tried.
  let writes: Bool
  var parts = SealedParts()

  /// A table with columns that may be sealed.
  struct Table: Sendable {
    let name: String
    /// What tells its rows apart.
    let keys: [String]
    let columns: [String]
    /// What a row belongs to, in SQL.
    let owner: String
    let means: @Sendable (String) -> Seals.Owner
    let word: String
  }

  private static let tables: [Table] = {
    func ofRecord(_ name: String, _ keys: [String], _ columns: [String]) -> Table {
      Table(
        name: name, keys: keys, columns: columns,
        owner: "(SELECT id FROM record WHERE record.number = \(name).record)",
        means: { .record(RecordID($0)) }, word: "record")
    }
    return [
      ofRecord(
        "content", ["record"], ["error", "bundles", "input", "variables", "continuation"]),
      ofRecord("edit", ["record", "number"], ["old", "new"]),
      ofRecord("draft", ["record", "author", "session"], ["changes"]),
      ofRecord("kept_text", ["record", "author", "purpose", "session"], ["text"]),
      Table(
        name: "retry_request", keys: ["number"], columns: ["output"], owner: "record",
        means: { .record(RecordID($0)) }, word: "record"),
      Table(
        name: "event", keys: ["number"], columns: ["payload"], owner: "number",
        means: { _ in .event }, word: "event"),
      Table(
        name: "execution", keys: ["number"], columns: ["given"], owner: "id",
        means: { _ in .event }, word: "execution"),
      Table(
        name: "journal", keys: ["execution", "number"], columns: ["input", "outcome"],
        owner: "(SELECT id FROM execution WHERE execution.number = journal.execution)",
        means: { .execution($0) }, word: "execution"),
    ]
  }()

  /// The rows that hold what was not sealed with the key of today. What was is counted.
  mutating func staleRows() throws -> [(Table, [DatabaseValue])] {
    var stale: [(Table, [DatabaseValue])] = []
    for table in Self.tables {
      let heads = table.columns.map { "substr(\($0), 1, 65)" }
      let sealed = table.columns.map { "substr(\($0), 1, 1) = x'FE'" }
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT \((table.keys + heads).joined(separator: ", ")) FROM \(table.name)
          WHERE \(sealed.joined(separator: " OR "))
          """)
      while let row = try rows.next() {
        var isStale = false
        for column in table.columns.indices {
          guard let head = row[table.keys.count + column] as Data?, Seals.isSealed([UInt8](head))
          else { continue }
          if try seals.isCurrent([UInt8](head)) { parts.current += 1 } else { isStale = true }
        }
        if isStale {
          stale.append((table, table.keys.indices.map { row[$0] as DatabaseValue }))
        }
      }
    }
    return stale
  }

  /// Seals the columns of a row anew; one that is gone meanwhile needs it no more.
  mutating func visit(_ table: Table, _ key: [DatabaseValue]) throws {
    let condition = table.keys.map { "\($0) = ?" }.joined(separator: " AND ")
    guard
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT CAST(\(table.owner) AS TEXT), \(table.columns.joined(separator: ", "))
          FROM \(table.name) WHERE \(condition)
          """, arguments: StatementArguments(key)),
      let owner = row[0] as String?
    else { return }
    for (index, column) in table.columns.enumerated() {
      guard let bytes = (row[index + 1] as Data?).map({ [UInt8]($0) }), Seals.isSealed(bytes),
        try !seals.isCurrent(bytes),
        let renewed = try renewed(
          "\(table.word) \(owner.prefix(8))",
          { [seals] () throws(SealingError) in try seals.renewed(bytes, of: table.means(owner)) }),
        writes
      else { continue }
      try database.execute(
        sql: "UPDATE \(table.name) SET \(column) = ? WHERE \(condition)",
        arguments: StatementArguments([Data(renewed).databaseValue] + key))
    }
  }

  /// Seals the secrets of connections anew.
  mutating func visitConnections() throws {
    for row in try Row.fetchAll(
      database, sql: "SELECT name, kind, settings, secrets FROM connection ORDER BY name")
    {
      var connection = try Connection(row)
      var isChanged = false
      for (secret, source) in connection.secrets.sorted(by: { $0.key < $1.key }) {
        guard case .sealed(let bytes) = source,
          let renewed = try renewed(
            bytes, "the \(secret) of the connection \(connection.name)",
            for: Connection.sealingContext(of: secret, in: connection.name))
        else { continue }
        connection.secrets[secret] = .sealed(renewed)
        isChanged = true
      }
      if isChanged, writes {
        try database.execute(
          sql: "UPDATE connection SET secrets = ? WHERE name = ?",
          arguments: [connection.storedSecrets, connection.name])
      }
    }
  }

  /// Seals the keys that senders sign with anew.
  mutating func visitHooks() throws {
    for row in try Row.fetchAll(database, sql: "SELECT * FROM hook ORDER BY id") {
      let hook = try Hook(row)
      guard case .signature(let header, let function, .sealed(let bytes))? = hook.settings.secret,
        let renewed = try renewed(
          bytes, "the key of webhook \(hook.id)", for: HookSecret.context(hook.address)), writes
      else { continue }
      var settings = hook.settings
      settings.secret = .signature(header: header, function: function, key: .sealed(renewed))
      try database.execute(
        sql: "UPDATE hook SET settings = ? WHERE id = ?",
        arguments: [Data(settings.bytes), hook.id.number])
    }
  }

  private mutating func renewed(
    _ sealed: [UInt8], _ name: String, for context: String
  ) throws -> [UInt8]? {
    if try seals.sealing.isCurrent(sealed) {
      parts.current += 1
      return nil
    }
    return try renewed(name) { [sealing = seals.sealing] () throws(SealingError) in
      try sealing.seal(try sealing.open(sealed, for: context), for: context)
    }
  }

  /// Counts what opens and what does not; that the key cannot be had is nobody's count.
  private mutating func renewed(
    _ name: String, _ body: () throws(SealingError) -> [UInt8]
  ) throws -> [UInt8]? {
    do throws(SealingError) {
      let renewed = try body()
      parts.former += 1
      return renewed
    } catch {
      guard error == .damaged || error.isOtherKey else { throw StoreError.sealed(error) }
      parts.unreadable.append(name)
      return nil
    }
  }
}

extension SealingError {
  fileprivate var isOtherKey: Bool {
    if case .otherKey = self { true } else { false }
  }
}
