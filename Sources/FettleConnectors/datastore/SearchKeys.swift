import FettleCore

/// `datastore:SearchKeys`: the keys of a data store, in their order, one bundle each.
struct SearchKeys: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:SearchKeys", kind: .search, effect: .read,
    fields: [
      FieldDescriptor("limit", "Limit", .number, range: 1...10_000),
      FieldDescriptor("prefix", "Begins with", .text),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let parameters = context.module.parameters
    let limit =
      (input["limit"] ?? parameters["limit"]).flatMap(Coercion.number)?.integer ?? 10
    let prefix = input["prefix"]?.text ?? ""
    var keys: [String] = []
    try await DataStore.visit(store, in: context) { records throws(ModuleError) in
      keys += records.map(\.key).filter { $0.hasPrefix(prefix) }
      return keys.count < limit
    }
    if keys.isEmpty, parameters["continueWhenNoRes"].flatMap(Coercion.boolean) ?? false {
      return .nothingFound
    }
    return OperationOutput(keys.prefix(max(1, limit)).map { ["key": .text($0)] })
  }
}
