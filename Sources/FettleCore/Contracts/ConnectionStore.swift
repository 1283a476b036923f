/// Where connections live, and what the identities of blueprints mean.
public protocol ConnectionStore: Sendable {
  /// Every connection, by name.
  func connections() async throws(StoreError) -> [Connection]

  /// The connection of that name; nil when there is none.
  func connection(named name: String) async throws(StoreError) -> Connection?

  /// Adds a connection, or puts it in the place of the one with its name.
  func keep(_ connection: Connection) async throws(StoreError)

  /// Removes a connection, with everything that means it.
  /// - Returns: whether there was one.
  func removeConnection(named name: String) async throws(StoreError) -> Bool

  /// Remembers which connection an identity means.
  func remember(_ meaning: ConnectionMeaning) async throws(StoreError)

  /// Everything that was remembered, by identity.
  func meanings() async throws(StoreError) -> [ConnectionMeaning]

  /// The connection an identity means; nil when nobody said.
  func meaning(of foreign: ForeignConnection) async throws(StoreError) -> String?
}

/// A connection as a blueprint names it.
public struct ForeignConnection: Sendable, Hashable, Comparable {
  /// The app of the modules that name it.
  public let app: String
  /// The number or the placeholder.
  public let id: String

  /// What a module of that app names so.
  public init(app: String, id: String) {
    self.app = app
    self.id = id
  }

  /// By app, then by identity.
  public static func < (left: ForeignConnection, right: ForeignConnection) -> Bool {
    (left.app, left.id) < (right.app, right.id)
  }
}

/// Which connection an identity of a blueprint means here.
public struct ConnectionMeaning: Sendable, Hashable {
  /// As the blueprint names it.
  public let foreign: ForeignConnection
  /// The connection.
  public let name: String

  /// That identity means the connection of that name.
  public init(_ foreign: ForeignConnection, means name: String) {
    self.foreign = foreign
    self.name = name
  }
}

extension ModuleNode {
  /// The parameters that hold the identity of a connection, as exports spell them (blueprints 9).
  public static let connectionParameters = ["__IMTCONN__", "account", "accountImap"]

  /// The parameters that hold the identity of a keychain; the HTTP modules alone have them.
  public var keychainParameters: [String] {
    guard app == "http" else { return [] }
    return ["auth", "key"]
      + parameters.names.filter { $0.hasSuffix("Keychain") }
  }

  /// The identity of the connection of a module; nil when it names none.
  /// - Parameter names: the parameters to look at, the first that is set counts.
  public func connection(
    in names: [String] = ModuleNode.connectionParameters
  ) -> ForeignConnection? {
    for name in names {
      guard let value = parameters[name], value.kind == .number || value.kind == .text,
        let id = Coercion.text(value), !id.isEmpty
      else { continue }
      return ForeignConnection(app: app, id: id)
    }
    return nil
  }

  /// Every connection and keychain a module names.
  public var connections: [ForeignConnection] {
    (Self.connectionParameters + keychainParameters)
      .compactMap { connection(in: [$0]) }
  }
}
