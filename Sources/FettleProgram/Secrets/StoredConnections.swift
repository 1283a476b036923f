public import FettleCore

/// The connections of a store, opened for modules.
public final class StoredConnections: ConnectionOpening {
  private let store: any ConnectionStore
  private let sealing: any Sealing
  private let sources = SecretSources()

  /// The connections of that store.
  public init(_ store: any ConnectionStore, sealing: any Sealing) {
    self.store = store
    self.sealing = sealing
  }

  /// The connection that an identity means: the one that was remembered for it, else the one with
  /// that name.
  public func open(_ foreign: String, of app: String) async throws(ModuleError) -> OpenConnection {
    let found: Connection?
    do throws(StoreError) {
      let meant = try await store.meaning(of: ForeignConnection(app: app, id: foreign))
      found = try await store.connection(named: meant ?? foreign)
    } catch {
      throw ModuleError(.connection, "the connections cannot be read: \(error)")
    }
    guard let found else {
      throw ModuleError(
        .invalidConfiguration,
        "nobody said which connection \(app) \(foreign) means; say it with "
          + "'fettle connection use \(app):\(foreign) NAME'")
    }
    return try await open(found)
  }

  /// A connection with its secrets.
  /// - Throws: an error that names the secret which cannot be had, why, and what to do next:
  ///   `ConnectionError` where that may pass by itself, else `InvalidConfigurationError`.
  public func open(_ connection: Connection) async throws(ModuleError) -> OpenConnection {
    var secrets: [String: String] = [:]
    for (name, source) in connection.secrets.sorted(by: { $0.key < $1.key }) {
      do throws(SecretFailure) {
        secrets[name] = try await secret(source, name, of: connection)
      } catch {
        throw ModuleError(
          error.mayPass ? .connection : .invalidConfiguration,
          "the \(name) of the connection \"\(connection.name)\" cannot be had: \(error.reason); "
            + error.advice)
      }
    }
    return OpenConnection(connection, secrets: secrets)
  }

  /// Why connections cannot be opened, for whoever should hear of it before they are needed. Commands
  /// are not run for it: a password safe may ask its owner.
  public func problems() async throws(StoreError) -> [String] {
    var problems: [String] = []
    for var connection in try await store.connections() {
      for (name, source) in connection.secrets {
        if case .command = source { connection.secrets[name] = nil }
      }
      do throws(ModuleError) { _ = try await open(connection) } catch {
        problems.append(error.message)
      }
    }
    return problems
  }

  /// Seals a secret for a connection.
  public func seal(
    _ secret: String, _ name: String, of connection: String
  ) throws(SealingError) -> SecretSource {
    .sealed(
      try sealing.seal(
        Array(secret.utf8), for: Connection.sealingContext(of: name, in: connection)))
  }

  /// Seals what takes the place of a sealed secret. One that lies in a file, in the environment or
  /// behind a command is not ours to change.
  public func renew(
    _ secret: String, of open: OpenConnection, to value: String
  ) async throws(ModuleError) {
    let name = open.connection.name
    let stored: Connection?
    do throws(StoreError) { stored = try await store.connection(named: name) } catch {
      throw ModuleError(.connection, "the connection \"\(name)\" cannot be read: \(error)")
    }
    guard var stored, case .sealed? = stored.secrets[secret] else { return }
    do throws(SealingError) { stored.secrets[secret] = try seal(value, secret, of: name) } catch {
      throw ModuleError(
        .invalidConfiguration, "the \(secret) cannot be sealed: \(error.description)")
    }
    do throws(StoreError) { try await store.keep(stored) } catch {
      throw ModuleError(.connection, "the connection \"\(name)\" cannot be kept: \(error)")
    }
  }

  private func secret(
    _ source: SecretSource, _ name: String, of connection: Connection
  ) async throws(SecretFailure) -> String {
    switch source {
    case .environment(let variable): return try SecretSources.variable(variable)
    case .file(let path): return try SecretSources.file(path)
    case .command(let line): return try await sources.command(line)
    case .sealed(let bytes):
      do throws(SealingError) {
        return String(
          decoding: try sealing.open(
            bytes, for: Connection.sealingContext(of: name, in: connection.name)),
          as: UTF8.self)
      } catch {
        throw SecretFailure(
          reason: error.description,
          advice: (error == .damaged ? "" : "or ")
            + "seal the secret anew with 'fettle connection add \(connection.name) "
            + "\(connection.kind) --replace --secret \(name) …'")
      }
    }
  }
}
