/// The input of a failed module, traced back: which references each field is mapped from.
public struct Lineage: Sendable, Hashable {
  /// One reference in the mapping of the module.
  public struct Origin: Hashable, Sendable {
    /// The field of the input, as the way down from the mapper.
    public let input: [ValuePath.Step]
    /// The place it is read from.
    public let source: ValuePath
    /// The whole mapping of the field, as it stands in the blueprint.
    public let mapping: String
    /// Whether the mapping is this reference and nothing else, so that changing the source changes
    /// the field and nothing but that.
    public let isPlain: Bool
  }

  /// The module.
  public let module: ModuleID
  /// The references, in the order they stand in the mapper; each once for a field.
  public let origins: [Origin]

  /// The lineage of a module's input.
  public init(of module: ModuleNode) {
    self.module = module.id
    var origins: [Origin] = []
    var seen: Set<Origin> = []
    for (path, template) in module.mapper.templates() {
      let plain = Self.plainReference(template)
      for reference in template.references {
        let source = ValuePath(module: reference.module, steps: reference.steps)
        let origin = Origin(
          input: path, source: source, mapping: template.source, isPlain: plain == source)
        if seen.insert(origin).inserted { origins.append(origin) }
      }
    }
    self.origins = origins
  }

  /// The one reference a template consists of; nil when there is more or less in it.
  static func plainReference(_ template: Template) -> ValuePath? {
    guard template.references.count == 1, let reference = template.references.first else {
      return nil
    }
    var inner = Substring(template.source)
    guard inner.hasPrefix("{{"), inner.hasSuffix("}}"), inner.count > 4 else { return nil }
    inner = inner.dropFirst(2).dropLast(2)
    while inner.first == " " { inner = inner.dropFirst() }
    while inner.last == " " { inner = inner.dropLast() }
    // `[]` counts as the first element, as the references of the template do.
    let spelled = inner.split(separator: "[]", omittingEmptySubsequences: false)
      .joined(separator: "[1]")
    guard let path = try? ValuePath(parsing: spelled), path.module == reference.module,
      path.steps == reference.steps
    else { return nil }
    return path
  }

  /// The places that these places of the input, or something inside them, are mapped from.
  public func sources(of input: [[ValuePath.Step]]) -> Set<ValuePath> {
    Set(
      origins.lazy.filter { origin in input.contains { origin.input.starts(with: $0) } }
        .map(\.source))
  }

  /// Where a field of the input, or something inside it, comes from.
  public func origins(of input: [ValuePath.Step]) -> [Origin] {
    origins.filter { $0.input.starts(with: input) || input.starts(with: $0.input) }
  }

  /// The one place that a field of the input is a copy of, as far down as the field lies; nil when
  /// its mapping computes something, or is constant.
  public func plainSource(of input: [ValuePath.Step]) -> ValuePath? {
    guard let origin = origins.first(where: { $0.isPlain && input.starts(with: $0.input) }) else {
      return nil
    }
    return origin.source.appending(input.dropFirst(origin.input.count))
  }

  /// The fields of the input that read a place, or something inside it.
  public func inputs(reading path: ValuePath) -> [[ValuePath.Step]] {
    origins.filter { $0.source.module == path.module && $0.source.steps.starts(with: path.steps) }
      .map(\.input)
  }

  /// The field of the input that a place is read for: the one that reads it itself, else one that
  /// reads what it stands in.
  public func input(fedBy path: ValuePath) -> Origin? {
    origins.first { $0.source == path }
      ?? origins.filter {
        $0.source.module == path.module && path.steps.starts(with: $0.source.steps)
          && !$0.source.steps.isEmpty
      }.max { $0.source.steps.count < $1.source.steps.count }
  }
}

extension ValuePath {
  /// The place some steps further down.
  public func appending(_ steps: some Sequence<Step>) -> ValuePath {
    ValuePath(module: module, steps: self.steps + steps)
  }

  /// The name of the last field on the way, which is what people call the place.
  public var name: String? {
    for step in steps.reversed() {
      if case .field(let name) = step { return name }
    }
    return nil
  }
}
