import Crypto

/// What a token of the API allows.
public enum AccessScope: String, Sendable, CaseIterable, Comparable {
  case dlqsRead = "dlqs:read"
  case dlqsWrite = "dlqs:write"
  case scenariosRead = "scenarios:read"
  case scenariosWrite = "scenarios:write"
  case scenariosRun = "scenarios:run"
  case hooksRead = "hooks:read"
  case hooksWrite = "hooks:write"

  /// In the order they are listed.
  public static func < (left: AccessScope, right: AccessScope) -> Bool {
    let order = allCases
    return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
  }
}

/// A token of the API, as the store knows it: without the token itself.
public struct AccessToken: Sendable, Hashable {
  /// Its number.
  public let number: Int
  /// What its owner calls it. Changes made with it stand under this name.
  public let name: String
  /// What it allows.
  public let scopes: Set<AccessScope>
  /// When it was made.
  public let created: Instant

  /// A token of these parts.
  public init(number: Int, name: String, scopes: Set<AccessScope>, created: Instant) {
    self.number = number
    self.name = name
    self.scopes = scopes
    self.created = created
  }

  /// A fresh token: 160 bits of chance. It is shown once and kept nowhere.
  public static func secret() -> String {
    var chance = SystemRandomNumberGenerator()
    let bytes = (0..<20).map { _ in UInt8.random(in: 0...255, using: &chance) }
    return "fettle_" + bytes.hexadecimal
  }

  /// What the store keeps of a token. Tokens are chance alone, so a plain digest cannot be guessed.
  public static func digest(of secret: String) -> [UInt8] {
    [UInt8](SHA256.hash(data: Array(secret.utf8)))
  }
}

/// Where the tokens of the API are known.
public protocol TokenStore: Sendable {
  /// Keeps a token.
  /// - Throws: `unfit` when the name is taken.
  func addToken(
    named name: String, digest: [UInt8], scopes: Set<AccessScope>, created: Instant
  ) async throws(StoreError) -> AccessToken

  /// Every token, oldest first.
  func tokens() async throws(StoreError) -> [AccessToken]

  /// The token of that digest; nil where there is none.
  func token(digest: [UInt8]) async throws(StoreError) -> AccessToken?

  /// Removes a token; whoever holds it is refused from now on.
  /// - Throws: `notFound`.
  func removeToken(named name: String) async throws(StoreError)
}
