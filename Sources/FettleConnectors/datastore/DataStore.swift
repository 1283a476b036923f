import FettleCore

/// What every module of `datastore` does: it finds the store its parameters name, and changes it
/// through the journal, in the transaction that says that it did.
enum DataStore {
  /// The store of a module: its parameter `datastore`. The official patterns leave it out; they use
  /// the store named `default`.
  static func name(of module: ModuleNode) -> String {
    module.parameters["datastore"].flatMap(Coercion.text).flatMap { $0.isEmpty ? nil : $0 }
      ?? "default"
  }

  /// The key an input names; nil when it is empty.
  static func key(_ input: Collection) -> String? {
    input["key"]?.text.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Reads through a view, with a failure of the store as one of the module.
  static func reading<Result>(
    _ body: () async throws(StoreError) -> Result
  ) async throws(ModuleError) -> Result {
    do { return try await body() } catch {
      throw ModuleError(.connection, "the data store cannot be read: \(error)")
    }
  }

  /// A record of the store of a module, as the operation sees it; nil when there is none.
  static func record(
    _ key: String, of store: String, in context: OperationContext
  ) async throws(ModuleError) -> Collection? {
    try await reading { () async throws(StoreError) in
      try await context.dataStores.record(key, in: store)
    }
  }

  /// The number of its records.
  static func count(
    of store: String, in context: OperationContext
  ) async throws(ModuleError) -> Int {
    try await reading { () async throws(StoreError) in
      try await context.dataStores.count(in: store)
    }
  }

  /// All of its records, page by page, until the visitor has enough.
  /// - Parameter visit: returns whether to go on.
  static func visit(
    _ store: String, in context: OperationContext,
    _ visit: ([DataRecord]) throws(ModuleError) -> Bool
  ) async throws(ModuleError) {
    var place: String?
    repeat {
      let behind = place
      let page = try await reading { () async throws(StoreError) in
        try await context.dataStores.page(of: store, after: behind)
      }
      place = try visit(page.records) ? page.next : nil
    } while place != nil
  }

  /// A record that is there already.
  static func duplicate(_ key: String, in store: String) -> ModuleError {
    ModuleError(
      .duplicateData, "\(StoreError.duplicateKey(store: store, key: key))", field: "key")
  }

  static let key = FieldDescriptor("key", "Key", .text, required: true)
  static let data = FieldDescriptor("data", "Record", .collection)
}
