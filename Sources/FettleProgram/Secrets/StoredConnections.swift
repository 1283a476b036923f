public import FettleCore
import Glibc
import Synchronization

/// The connections of a store, opened for modules.
public final class StoredConnections: ConnectionOpening {
  private let store: any ConnectionStore
  private let sealing: any Sealing
  /// What commands printed, and until when it is believed: a process for every operation would be
  /// dear, and a password safe may ask its owner each time.
  private let printed = Mutex<[String: (secret: String, until: ContinuousClock.Instant)]>([:])

  private static let believed = Duration.seconds(300)

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
    return try open(found)
  }

  /// A connection with its secrets.
  /// - Throws: `InvalidConfigurationError` that names the secret which cannot be had.
  public func open(_ connection: Connection) throws(ModuleError) -> OpenConnection {
    var secrets: [String: String] = [:]
    for (name, source) in connection.secrets {
      do throws(SecretFailure) {
        secrets[name] = try secret(source, name, of: connection)
      } catch {
        throw ModuleError(
          .invalidConfiguration,
          "the \(name) of the connection \"\(connection.name)\" cannot be had: \(error.reason)")
      }
    }
    return OpenConnection(connection, secrets: secrets)
  }

  /// Seals a secret for a connection.
  public func seal(
    _ secret: String, _ name: String, of connection: String
  ) throws(SealingError) -> SecretSource {
    .sealed(try sealing.seal(Array(secret.utf8), for: Self.context(name, of: connection)))
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

  private static func context(_ name: String, of connection: String) -> String {
    "connection \(connection) \(name)"
  }

  private struct SecretFailure: Error { let reason: String }

  private func secret(
    _ source: SecretSource, _ name: String, of connection: Connection
  ) throws(SecretFailure) -> String {
    switch source {
    case .environment(let variable):
      guard let value = environment(variable), !value.isEmpty else {
        throw SecretFailure(reason: "the environment has no \(variable)")
      }
      return value
    case .file(let path): return try content(of: path)
    case .command(let line): return try output(of: line)
    case .sealed(let bytes):
      do throws(SealingError) {
        return String(
          decoding: try sealing.open(bytes, for: Self.context(name, of: connection.name)),
          as: UTF8.self)
      } catch { throw SecretFailure(reason: error.description) }
    }
  }

  private func content(of path: String) throws(SecretFailure) -> String {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw SecretFailure(reason: "\(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while content.count < 1_000_000 {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw SecretFailure(reason: "\(path): \(String(cString: strerror(errno)))")
      }
      if count == 0 { break }
      content += chunk[..<count]
    }
    return try Self.text(content, from: path)
  }

  private func output(of line: String) throws(SecretFailure) -> String {
    let now = ContinuousClock.now
    if let known = printed.withLock({ $0[line] }), known.until > now { return known.secret }
    let output: [UInt8]
    do throws(ShellCommand.Failure) { output = try ShellCommand.output(of: line) } catch {
      throw SecretFailure(reason: error.description)
    }
    let secret = try Self.text(output, from: "the command")
    printed.withLock { $0[line] = (secret, now + Self.believed) }
    return secret
  }

  private static func text(_ bytes: [UInt8], from place: String) throws(SecretFailure) -> String {
    guard var text = String(validating: bytes, as: UTF8.self) else {
      throw SecretFailure(reason: "\(place) gives no text")
    }
    while text.last?.isNewline == true { text.removeLast() }
    guard !text.isEmpty else { throw SecretFailure(reason: "\(place) gives nothing") }
    return text
  }
}
