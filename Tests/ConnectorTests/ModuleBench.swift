import FettleConnectors
import FettleCore

/// Runs one operation of a connector the way the engine does: its input checked against its fields,
/// then performed.
func perform(
  _ type: String, _ input: Collection, parameters: Collection = [:],
  variables: Variables = Variables(), connections: any ConnectionOpening = NoConnections(),
  apps: [any Module] = [], dataStore: any DataStoreReader = MemoryDataStore()
) async throws(ModuleError) -> OperationOutput {
  let modules = Connectors.all(connections: connections) + apps
  guard let module = modules.first(where: { $0.descriptor.type == type }) else {
    throw ModuleError(.unexpected, "there is no \(type)")
  }
  let document: Value = [
    "flow": [["id": 1, "module": .text(type), "parameters": .collection(parameters)]]
  ]
  guard let node = try? Blueprint(document).flow.first else {
    throw ModuleError(.unexpected, "no blueprint")
  }
  let (fitted, misfits) = module.descriptor.fitted(input)
  if let misfit = misfits.first { throw ModuleError(.bundleValidation, misfit.message) }
  return try await module.perform(
    fitted,
    in: OperationContext(
      module: node, variables: variables, dataStores: DataStoreView(dataStore)))
}

/// The failure of an operation, or nil when it went well.
func failure(
  _ type: String, _ input: Collection, parameters: Collection = [:],
  connections: any ConnectionOpening = NoConnections(), apps: [any Module] = []
) async -> ModuleError? {
  do throws(ModuleError) {
    _ = try await perform(
      type, input, parameters: parameters, connections: connections, apps: apps)
    return nil
  } catch {
    return error
  }
}

/// Connections a test made up, by the identity blueprints carry.
struct TestConnections: ConnectionOpening {
  var known: [String: Connection] = [:]
  var secrets: [String: [String: String]] = [:]

  init(_ known: [String: Connection] = [:], secrets: [String: [String: String]] = [:]) {
    self.known = known
    self.secrets = secrets
  }

  func open(_ foreign: String, of app: String) async throws(ModuleError) -> OpenConnection {
    guard let connection = known[foreign] else {
      throw ModuleError(.invalidConfiguration, "there is no connection \(foreign)")
    }
    return OpenConnection(connection, secrets: secrets[connection.name] ?? [:])
  }
}

/// What is stored, in memory.
struct MemoryDataStore: DataStoreReader {
  private var records: [String: Collection] = [:]

  /// Carries out what a module changed.
  mutating func commit(_ changes: [DataChange]) {
    for case .put(_, let key, let record) in changes { records[key] = record }
  }

  func dataRecord(_ key: String, in store: String) async throws(StoreError) -> Collection? {
    records[key]
  }
  func dataRecords(
    in store: String, after key: String?, limit: Int
  ) async throws(StoreError) -> [DataRecord] { [] }
  func dataCount(in store: String) async throws(StoreError) -> Int { records.count }
}
