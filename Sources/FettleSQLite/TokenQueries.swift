public import FettleCore
import Foundation
import GRDB

extension SQLiteStore: TokenStore {
  /// Keeps a token.
  public func addToken(
    named name: String, digest: [UInt8], scopes: Set<AccessScope>, created: Instant
  ) async throws(StoreError) -> AccessToken {
    try await writing { database in
      let isTaken = try Int.fetchOne(
        database, sql: "SELECT 1 FROM token WHERE name = ?", arguments: [name])
      if isTaken != nil { throw StoreError.unfit("there is a token \"\(name)\" already") }
      try database.execute(
        sql: "INSERT INTO token (name, digest, scopes, created) VALUES (?, ?, ?, ?)",
        arguments: [
          name, Data(digest), scopes.sorted().map(\.rawValue).joined(separator: " "),
          created.milliseconds,
        ])
      return AccessToken(
        number: Int(database.lastInsertedRowID), name: name, scopes: scopes, created: created)
    }
  }

  /// Every token, oldest first.
  public func tokens() async throws(StoreError) -> [AccessToken] {
    try await reading { database in
      try Row.fetchAll(database, sql: "SELECT * FROM token ORDER BY number").map(AccessToken.init)
    }
  }

  /// The token of that digest.
  public func token(digest: [UInt8]) async throws(StoreError) -> AccessToken? {
    try await reading { database in
      try Row.fetchOne(
        try database.cachedStatement(sql: "SELECT * FROM token WHERE digest = ?"),
        arguments: [Data(digest)]
      ).map(AccessToken.init)
    }
  }

  /// Removes a token.
  public func removeToken(named name: String) async throws(StoreError) {
    try await writing { database in
      try database.execute(sql: "DELETE FROM token WHERE name = ?", arguments: [name])
      guard database.changesCount == 1 else { throw StoreError.notFound("token \"\(name)\"") }
    }
  }
}

extension AccessToken {
  fileprivate init(_ row: Row) {
    let scopes = (row["scopes"] as String).split(separator: " ")
      .compactMap { AccessScope(rawValue: String($0)) }
    self.init(
      number: row["number"], name: row["name"], scopes: Set(scopes),
      created: Instant(milliseconds: row["created"]))
  }
}
