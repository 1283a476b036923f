extension Blueprint {
  /// The blueprint with another mapping for a field of a module; everything else stays as exported.
  /// - Parameters:
  ///   - path: the module and the way down from its mapper.
  ///   - mapping: what shall stand there, a template where it is a text; nil takes it away.
  /// - Throws: when there is no such module or no such place in its mapper.
  public func replacingMapping(
    at path: ValuePath, with mapping: Value?
  ) throws(BlueprintError) -> Blueprint {
    guard let module = module(path.module) else {
      throw BlueprintError("it has no module \(path.module)")
    }
    var mapper: Value = module.document["mapper"] ?? .null
    if mapper.isNull { mapper = .collection([:]) }
    mapper.openCollections(for: path.steps)
    if mapping == nil, mapper.value(at: path.steps[...]) == nil {
      return self
    }
    guard mapper.write(mapping, at: path.steps[...]) else {
      throw BlueprintError(
        "the mapping of module \(path.module) \"\(module.title)\" has no place "
          + "\(path.description)")
    }
    var document = module.document
    document["mapper"] = mapper
    guard
      let flow = self.document["flow"].flatMap({ Self.replaced(path.module, by: document, in: $0) })
    else { throw BlueprintError("it has no module \(path.module)") }
    var whole = self.document
    whole["flow"] = flow
    return try Blueprint(.collection(whole))
  }

  /// What stands in the blueprint for a field of a module.
  public func mapping(at path: ValuePath) -> Value? {
    module(path.module)?.document["mapper"]?.value(at: path.steps[...])
  }

  /// A list of modules with one of them replaced, wherever it stands; nil when it is not in there.
  private static func replaced(
    _ id: ModuleID, by module: Collection, in list: Value
  ) -> Value? {
    guard var modules = list.array else { return nil }
    for (position, element) in modules.enumerated() {
      guard var document = element.collection else { continue }
      if document["id"].flatMap(Coercion.number)?.integer == id.number {
        modules[position] = .collection(module)
        return .array(modules)
      }
      if let handler = document["onerror"].flatMap({ replaced(id, by: module, in: $0) }) {
        document["onerror"] = handler
        modules[position] = .collection(document)
        return .array(modules)
      }
      for key in ["routes", "branches"] {
        guard var lanes = document[key]?.array else { continue }
        for (index, lane) in lanes.enumerated() {
          guard var fields = lane.collection,
            let flow = fields["flow"].flatMap({ replaced(id, by: module, in: $0) })
          else { continue }
          fields["flow"] = flow
          lanes[index] = .collection(fields)
          document[key] = .array(lanes)
          modules[position] = .collection(document)
          return .array(modules)
        }
      }
    }
    return nil
  }
}

extension Value {
  /// Makes the collections that have to be there before a field below them can be written.
  mutating func openCollections(for steps: [ValuePath.Step]) {
    guard steps.count > 1, case .field(let name) = steps[0], var collection else { return }
    var inner = collection[name] ?? .null
    if inner.isNull, case .field = steps[1] { inner = .collection([:]) }
    inner.openCollections(for: Array(steps.dropFirst()))
    guard !inner.isNull else { return }
    collection[name] = inner
    self = .collection(collection)
  }

  /// The value as a mapping that gives exactly it: a text that looks like an expression is quoted as
  /// one, so that it is not evaluated.
  public var asMapping: Value {
    switch self {
    case .text(let text):
      guard text.contains("{{") else { return self }
      let quoted = text.split(separator: "\"", omittingEmptySubsequences: false)
        .joined(separator: "\"\"")
      return .text("{{\"\(quoted)\"}}")
    case .array(let elements): return .array(elements.map(\.asMapping))
    case .collection(let collection):
      return .collection(Collection(collection.fields.map { ($0.name, $0.value.asMapping) }))
    default: return self
    }
  }
}
