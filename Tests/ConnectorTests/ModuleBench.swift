import FettleConnectors
import FettleCore

/// Runs one operation of a connector the way the engine does: its input checked against its fields,
/// then performed.
func perform(
  _ type: String, _ input: Collection, parameters: Collection = [:],
  variables: Variables = Variables()
) async throws(ModuleError) -> OperationOutput {
  guard
    let module = Connectors.all().first(where: { $0.descriptor.type == type })
  else { throw ModuleError(.unexpected, "there is no \(type)") }
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
      module: node, variables: variables, dataStores: DataStoreView(NoDataStores())))
}

/// The failure of an operation, or nil when it went well.
func failure(
  _ type: String, _ input: Collection, parameters: Collection = [:]
) async -> ModuleError? {
  do throws(ModuleError) {
    _ = try await perform(type, input, parameters: parameters)
    return nil
  } catch {
    return error
  }
}

/// What modules that use no data store are given.
private struct NoDataStores: DataStoreReader {
  func dataRecord(_ key: String, in store: String) async throws(StoreError) -> Collection? { nil }
  func dataRecords(
    in store: String, after key: String?, limit: Int
  ) async throws(StoreError) -> [DataRecord] { [] }
  func dataCount(in store: String) async throws(StoreError) -> Int { 0 }
}
