import FettleCore

/// `datastore:AddRecord`: writes a record under a key that is free; without a key, under a fresh
/// one.
struct AddRecord: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:AddRecord", kind: .action, effect: .transactional,
    fields: [
      FieldDescriptor("key", "Key", .text), DataStore.data,
      FieldDescriptor("overwrite", "Overwrite an existing record", .boolean),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let key = DataStore.key(input) ?? context.clock.uuid()
    let record = input["data"]?.collection ?? [:]
    let overwrites = input["overwrite"]?.boolean ?? false
    if !overwrites, try await DataStore.record(key, of: store, in: context) != nil {
      throw DataStore.duplicate(key, in: store)
    }
    return OperationOutput(
      [["key": .text(key)]],
      changes: [
        overwrites
          ? .put(store: store, key: key, record: record)
          : .add(store: store, key: key, record: record)
      ])
  }
}

/// `datastore:UpdateRecord`: changes the fields it names and leaves the others. `upsert` writes a
/// record that is not there; `overwriteArrays` puts new arrays in the place of old ones instead of
/// appending to them. What another execution changes between the reading and the writing is not lost:
/// the update is then made again, of what is there.
struct UpdateRecord: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:UpdateRecord", kind: .action, effect: .transactional,
    fields: [
      DataStore.key, DataStore.data,
      FieldDescriptor("upsert", "Insert a missing record", .boolean),
      FieldDescriptor("overwriteArrays", "Overwrite arrays", .boolean),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let key = DataStore.key(input) ?? ""
    let known = try await DataStore.record(key, of: store, in: context)
    guard known != nil || input["upsert"]?.boolean == true else {
      throw ModuleError(
        .data, "data store \(store) has no record with the key \"\(key)\"", field: "key")
    }
    let overwrites = input["overwriteArrays"]?.boolean ?? false
    let record = (known ?? [:]).merged(
      with: input["data"]?.collection ?? [:], overwritingArrays: overwrites)
    return OperationOutput(
      [["key": .text(key), "data": .collection(record)]],
      changes: [.replace(store: store, key: key, old: known, record: record)])
  }
}

/// `datastore:DeleteRecord`: removes a record; one that is not there is no failure.
struct DeleteRecord: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:DeleteRecord", kind: .action, effect: .transactional, fields: [DataStore.key])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let key = DataStore.key(input) ?? ""
    let known = try await DataStore.record(key, of: store, in: context)
    return OperationOutput(
      [["key": .text(key), "data": known.map(Value.collection) ?? .null]],
      changes: [.remove(store: store, key: key)])
  }
}

/// `datastore:DeleteAllRecords`: empties the store.
struct DeleteAllRecords: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:DeleteAllRecords", kind: .action, effect: .transactional)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let count = try await DataStore.count(of: store, in: context)
    return OperationOutput([["count": .integer(count)]], changes: [.clear(store: store)])
  }
}

extension Collection {
  fileprivate func merged(with new: Collection, overwritingArrays: Bool) -> Collection {
    var merged = self
    for (name, value) in new.fields.map({ ($0.name, $0.value) }) {
      switch (merged[name], value) {
      case (.collection(let inner)?, .collection(let more)):
        merged[name] = .collection(inner.merged(with: more, overwritingArrays: overwritingArrays))
      case (.array(let inner)?, .array(let more)) where !overwritingArrays:
        merged[name] = .array(inner + more)
      default: merged[name] = value
      }
    }
    return merged
  }
}
