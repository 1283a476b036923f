import FettleCore

extension JournalEntry.Step {
  /// The word of the step, and its outcome.
  var stored: (String, Value?) {
    switch self {
    case .begun(_, let effect): ("begun", .text(effect.rawValue))
    case .finished(_, let output): ("finished", output.stored)
    case .failed(_, let error): ("failed", error.stored)
    case .filteredOut(let refusal): ("filteredOut", refusal.stored)
    case .committed: ("committed", nil)
    case .rolledBack: ("rolledBack", nil)
    }
  }

  /// The step of that word; nil for a word nobody wrote.
  init?(stored word: String, input: Value, outcome: Value) {
    switch word {
    case "begun":
      self = .begun(
        input: input, effect: outcome.text.flatMap(EffectClass.init(rawValue:)) ?? .effect)
    case "finished":
      // Forgotten data of a confidential scenario reads as an empty output.
      self = .finished(
        input: input, output: OperationOutput(stored: outcome) ?? OperationOutput([]))
    case "failed":
      self = .failed(
        input: input,
        error: ModuleError(stored: outcome) ?? ModuleError(.unexpected, "not kept"))
    case "filteredOut":
      self = .filteredOut(
        FilterRefusal(stored: outcome) ?? FilterRefusal(filter: nil, conditions: []))
    case "committed": self = .committed
    case "rolledBack": self = .rolledBack
    default: return nil
    }
  }
}

extension OperationOutput: Stored {
  var stored: Value {
    var fields: Collection = ["bundles": .array(bundles.map(Value.collection))]
    // Most outputs are bundles alone.
    if !assignments.isEmpty {
      fields["assignments"] = .array(
        assignments.map {
          ["name": .text($0.name), "value": $0.value, "scope": .text($0.scope.rawValue)]
        })
    }
    if !warnings.isEmpty { fields["warnings"] = .array(warnings.map(Value.text)) }
    if !changes.isEmpty { fields["changes"] = .array(changes.map(\.stored)) }
    return .collection(fields)
  }

  init?(stored: Value) {
    guard let fields = stored.collection, let bundles = fields["bundles"]?.array else { return nil }
    self.init(
      bundles.compactMap(\.collection),
      assignments: (fields["assignments"]?.array ?? []).compactMap { assignment in
        guard let parts = assignment.collection, let name = parts["name"]?.text,
          let scope = parts["scope"]?.text.flatMap(VariableScope.init(rawValue:))
        else { return nil }
        return VariableAssignment(name: name, value: parts["value"] ?? .null, scope: scope)
      },
      warnings: (fields["warnings"]?.array ?? []).compactMap(\.text),
      changes: (fields["changes"]?.array ?? []).compactMap(DataChange.init(stored:)))
  }
}

extension FilterRefusal: Stored {
  var stored: Value {
    [
      "filter": filter.map(Value.text) ?? .null,
      "conditions": .array(
        conditions.map { condition in
          var fields: Collection = ["text": .text(condition.text), "left": condition.left]
          fields["right"] = condition.right
          return .collection(fields)
        }),
    ]
  }

  init?(stored: Value) {
    guard let fields = stored.collection, let conditions = fields["conditions"]?.array else {
      return nil
    }
    self.init(
      filter: fields["filter"]?.text,
      conditions: conditions.compactMap { condition in
        guard let parts = condition.collection, let text = parts["text"]?.text else { return nil }
        return UnmetCondition(text: text, left: parts["left"] ?? .null, right: parts["right"])
      })
  }
}

extension DataChange: Stored {
  var stored: Value {
    switch self {
    case .put(let store, let key, let record):
      ["store": .text(store), "key": .text(key), "record": .collection(record)]
    case .add(let store, let key, let record):
      [
        "store": .text(store), "key": .text(key), "record": .collection(record),
        "isNew": .boolean(true),
      ]
    case .replace(let store, let key, let old, let record):
      [
        "store": .text(store), "key": .text(key), "record": .collection(record),
        "old": old.map(Value.collection) ?? .null,
      ]
    case .remove(let store, let key): ["store": .text(store), "key": .text(key)]
    case .clear(let store): ["store": .text(store)]
    }
  }

  init?(stored: Value) {
    guard let fields = stored.collection, let store = fields["store"]?.text else { return nil }
    switch (fields["key"]?.text, fields["record"]?.collection) {
    case (let key?, let record?) where fields["old"] != nil:
      self = .replace(
        store: store, key: key, old: fields["old"]?.collection, record: record)
    case (let key?, let record?):
      self =
        fields["isNew"]?.boolean == true
        ? .add(store: store, key: key, record: record)
        : .put(store: store, key: key, record: record)
    case (let key?, nil): self = .remove(store: store, key: key)
    default: self = .clear(store: store)
    }
  }
}
