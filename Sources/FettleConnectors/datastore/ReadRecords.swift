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
    let record = try await DataStore.reading { () async throws(StoreError) in
      try await context.dataStores.record(key, in: store)
    }
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
    let record = try await DataStore.reading { () async throws(StoreError) in
      try await context.dataStores.record(DataStore.key(input) ?? "", in: store)
    }
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
    let count = try await DataStore.reading { () async throws(StoreError) in
      try await context.dataStores.count(in: store)
    }
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
    let groups = try conditions(input["filter"]?.array ?? [])
    let sort = input["sort"]?.array ?? []
    let scope = Scope(bundles: [:], now: context.clock.now())
    var found: [DataRecord] = []
    var place: String?
    pages: repeat {
      let behind = place
      let page = try await DataStore.reading { () async throws(StoreError) in
        try await context.dataStores.page(of: store, after: behind)
      }
      for record in page.records where try passes(record, groups, scope) {
        found.append(record)
        if sort.isEmpty, found.count == limit { break pages }
      }
      place = page.next
    } while place != nil
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

  private struct FieldCondition {
    let field: String
    let operation: FilterOperator
    let operand: Value
  }

  private func conditions(_ groups: [Value]) throws(ModuleError) -> [[FieldCondition]] {
    var read: [[FieldCondition]] = []
    for group in groups {
      var conditions: [FieldCondition] = []
      for condition in group.array ?? [] {
        guard let fields = condition.collection, let field = fields["a"]?.text, !field.isEmpty
        else { continue }
        let name = fields["o"]?.text ?? "text:equal"
        guard let operation = FilterOperator.named(name) else {
          throw ModuleError(
            .bundleValidation, "\"filter\" has \(name), which is no operator", field: "filter",
            stage: .input)
        }
        conditions.append(
          FieldCondition(field: field, operation: operation, operand: fields["b"] ?? .null))
      }
      if !conditions.isEmpty { read.append(conditions) }
    }
    return read
  }

  private func passes(
    _ record: DataRecord, _ groups: [[FieldCondition]], _ scope: Scope
  ) throws(ModuleError) -> Bool {
    guard !groups.isEmpty else { return true }
    groups: for group in groups {
      for condition in group {
        let value =
          condition.field == "key" ? .text(record.key) : Self.value(condition.field, of: record)
        let isMet: Bool
        do throws(ExpressionError) {
          isMet = try condition.operation.isMet(
            by: value, condition.operand, in: scope)
        } catch {
          throw ModuleError(.bundleValidation, "\(error)", field: "filter", stage: .input)
        }
        guard isMet else { continue groups }
      }
      return true
    }
    return false
  }

  private static func value(_ path: String, of record: DataRecord) -> Value {
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
        let isBefore: Bool
        if let a = Coercion.number(a), let b = Coercion.number(b) {
          isBefore = a.double < b.double
        } else {
          isBefore = (Coercion.text(a) ?? "") < (Coercion.text(b) ?? "")
        }
        return isBefore != isDescending
      }
      return left.key < right.key
    }
  }
}
