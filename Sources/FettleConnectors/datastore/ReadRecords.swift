import FettleCore

/// `datastore:GetRecord`: the record of a key. A key that is not there gives an empty bundle, as in
/// Make; `returnWrapped` puts the fields under `data`, beside the key.
struct GetRecord: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:GetRecord", kind: .action, effect: .read,
    fields: [DataStore.key, FieldDescriptor("returnWrapped", "Return wrapped output", .boolean)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let key = DataStore.key(input) ?? ""
    let record = try await DataStore.record(key, of: store, in: context)
    guard input["returnWrapped"]?.boolean == true else { return OperationOutput([record ?? [:]]) }
    return OperationOutput([["key": .text(key), "data": record.map(Value.collection) ?? .null]])
  }
}

/// `datastore:ExistRecord`: whether there is a record under a key.
struct ExistRecord: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:ExistRecord", kind: .action, effect: .read, fields: [DataStore.key])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let record = try await DataStore.record(DataStore.key(input) ?? "", of: store, in: context)
    return OperationOutput([["exist": .boolean(record != nil)]])
  }
}

/// `datastore:CountRecord`: the number of records.
struct CountRecord: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:CountRecord", kind: .action, effect: .read)

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let count = try await DataStore.count(of: store, in: context)
    return OperationOutput([["count": .integer(count)]])
  }
}

/// `datastore:SearchRecord`: the records that a filter lets through, sorted, up to `limit`. The
/// first operand of a condition is the name of a field.
struct SearchRecord: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "datastore:SearchRecord", kind: .search, effect: .read,
    fields: [
      FieldDescriptor("filter", "Filter", .array), FieldDescriptor("sort", "Sort", .array),
      FieldDescriptor("limit", "Limit", .number),
    ])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let store = DataStore.name(of: context.module)
    let parameters = context.module.parameters
    let asked = [input["mappAbleLimit"], input["limit"], parameters["limit"]].lazy
      .compactMap { $0.flatMap(Coercion.number)?.integer }.first
    let limit = max(1, asked ?? 10)
    let filter = try FieldFilter(input["filter"])
    let sort = input["sort"]?.array ?? []
    let scope = Scope(bundles: [:], now: context.clock.now())
    var found: [DataRecord] = []
    try await DataStore.visit(store, in: context) { records throws(ModuleError) in
      for record in records
      where try filter.passes(in: scope, { Self.value($0, of: record) }) {
        found.append(record)
        if sort.isEmpty, found.count == limit { return false }
      }
      return true
    }
    if !sort.isEmpty { found = sorted(found, by: sort) }
    let bundles = found.prefix(limit).map { record -> Bundle in
      ["key": .text(record.key), "data": .collection(record.fields)]
    }
    if bundles.isEmpty,
      parameters["continueWhenNoRes"].flatMap(Coercion.boolean) ?? false
    {
      return .nothingFound
    }
    return OperationOutput(bundles)
  }

  private static func value(_ path: String, of record: DataRecord) -> Value {
    if path == "key" { return .text(record.key) }
    var value = Value.collection(record.fields)
    for name in path.split(separator: ".") {
      value = value.collection?[String(name)] ?? .null
    }
    return value
  }

  private func sorted(_ records: [DataRecord], by sort: [Value]) -> [DataRecord] {
    let keys = sort.compactMap { key -> (field: String, isDescending: Bool)? in
      guard let fields = key.collection, let field = fields["key"]?.text ?? fields["column"]?.text
      else { return nil }
      return (field, (fields["order"]?.text ?? "asc").lowercased() == "desc")
    }
    return records.sorted { left, right in
      for (field, isDescending) in keys {
        let (a, b) = (Self.value(field, of: left), Self.value(field, of: right))
        if a == b { continue }
        return FieldFilter.isBefore(a, b) != isDescending
      }
      return left.key < right.key
    }
  }
}
