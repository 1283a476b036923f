/// A way into a service: where it is and what proves who asks. Blueprints name it by a number or a
/// placeholder of the place they were exported from; here it has a name.
public struct Connection: Sendable, Hashable {
  /// The name people gave it.
  public let name: String
  /// What it is for, for example `basic` or `smtp`; `ConnectionKind` knows what each needs.
  public let kind: String
  /// What may be seen: hosts, ports, user names.
  public var settings: Collection
  /// Where each secret is, by its name.
  public var secrets: [String: SecretSource]

  /// A connection of these parts.
  public init(
    name: String, kind: String, settings: Collection = [:], secrets: [String: SecretSource] = [:]
  ) {
    self.name = name
    self.kind = kind
    self.settings = settings
    self.secrets = secrets
  }
}

extension Connection {
  /// What a secret of a connection is sealed for.
  public static func sealingContext(of secret: String, in connection: String) -> String {
    "connection \(connection) \(secret)"
  }
}

/// Where a secret is. None of them is the secret.
public enum SecretSource: Sendable, Hashable {
  /// A variable of the environment, by its name.
  case environment(String)
  /// A file that holds nothing else; a line end at its end does not count.
  case file(String)
  /// A command line that prints it.
  case command(String)
  /// Here, sealed with a key that is elsewhere.
  case sealed([UInt8])

  /// Where it is, for people. A command line is not shown: it may hold a secret of its own.
  public var place: String {
    switch self {
    case .environment(let name): "environment \(name)"
    case .file(let path): "file \(path)"
    case .command: "a command"
    case .sealed: "sealed in the store"
    }
  }
}

/// A connection in use: its secrets are known.
public struct OpenConnection: Sendable {
  /// The connection.
  public let connection: Connection
  private let secrets: [String: String]

  /// A connection with its secrets.
  public init(_ connection: Connection, secrets: [String: String]) {
    self.connection = connection
    self.secrets = secrets
  }

  /// A setting as a text; nil when it is not set or empty.
  public func setting(_ name: String) -> String? {
    connection.settings[name].flatMap(Coercion.text).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A secret; nil when the connection has none of that name.
  public func secret(_ name: String) -> String? { secrets[name].flatMap { $0.isEmpty ? nil : $0 } }

  /// The names of its secrets, in order.
  public var secretNames: [String] { secrets.keys.sorted() }

  /// A setting or a secret that the connection has to have.
  public func required(_ name: String) throws(ModuleError) -> String {
    guard let value = secret(name) ?? setting(name) else {
      throw ModuleError(
        .invalidConfiguration,
        "the connection \"\(connection.name)\" has no \(name); set it with 'fettle connection add "
          + "\(connection.name) \(connection.kind) --replace'")
    }
    return value
  }

  /// Takes its secrets out of what others may see.
  public var mask: Mask { Mask(Array(secrets.values), user: setting("user")) }
}

/// Opens connections for modules.
public protocol ConnectionOpening: Sendable {
  /// The connection that a blueprint's identity means.
  /// - Parameter foreign: the identity as the blueprint carries it.
  /// - Parameter app: the app of the module; identities are counted for each.
  /// - Throws: `InvalidConfigurationError` when it means nothing here, or its secrets cannot be had.
  func open(_ foreign: String, of app: String) async throws(ModuleError) -> OpenConnection

  /// Keeps a secret that takes the place of another: a service may give a new refresh token with each
  /// access token, and take the old one no more. Where the secret lies that is not ours to change, it
  /// is kept by nobody.
  /// - Throws: why it could not be kept.
  func renew(
    _ secret: String, of open: OpenConnection, to value: String
  ) async throws(ModuleError)
}

extension ConnectionOpening {
  /// Nothing is kept longer than the program runs.
  public func renew(
    _ secret: String, of open: OpenConnection, to value: String
  ) async throws(ModuleError) {}
}

/// No connections at all.
public struct NoConnections: ConnectionOpening {
  /// None.
  public init() {}

  /// There is none.
  public func open(_ foreign: String, of app: String) async throws(ModuleError) -> OpenConnection {
    throw ModuleError(
      .invalidConfiguration, "there is no connection \(foreign) of \(app): this program has none")
  }
}
