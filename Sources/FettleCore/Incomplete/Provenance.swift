/// One station on the way a value took: a place, and the mapping that put it there.
public struct Provenance: Hashable, Sendable {
  /// Where the value stands.
  public enum Place: Hashable, Sendable {
    /// In the input of a module, as the way down from its mapper.
    case input(ModuleID, [ValuePath.Step])
    /// In the bundle a module emitted.
    case bundle(ValuePath)
  }

  /// Where the value stands.
  public let place: Place
  /// The mapping that made it, as it stands in the blueprint; nil for a bundle.
  public let mapping: String?
  /// How many stations lie between the failed module and this one.
  public let depth: Int
  /// Whether the value is known to have come this way; otherwise the module made it out of its whole
  /// input, and this is a part of that.
  public let isExact: Bool
}

extension Lineage {
  /// The way a field of the input came, from the failed module upstream: the mapping, the bundles it
  /// reads, and for those the mappings of the modules that emitted them.
  public func way(
    to input: [ValuePath.Step], in blueprint: Blueprint, bundles: VisibleBundles
  ) -> [Provenance] {
    var walk = UpstreamWalk(blueprint: blueprint, bundles: bundles)
    walk.addInput(of: module, input, depth: 0, isExact: true)
    return walk.stations
  }

  /// The way a place of a bundle came, from there upstream.
  public static func way(
    to path: ValuePath, in blueprint: Blueprint, bundles: VisibleBundles
  ) -> [Provenance] {
    var walk = UpstreamWalk(blueprint: blueprint, bundles: bundles)
    walk.addBundle(path, depth: 0, isExact: true)
    return walk.stations
  }
}

private struct UpstreamWalk {
  let blueprint: Blueprint
  let bundles: VisibleBundles
  private(set) var stations: [Provenance] = []
  private var seen: Set<Provenance.Place> = []

  init(blueprint: Blueprint, bundles: VisibleBundles) {
    self.blueprint = blueprint
    self.bundles = bundles
  }

  private static let longest = 60

  mutating func addInput(
    of id: ModuleID, _ input: [ValuePath.Step], depth: Int, isExact: Bool
  ) {
    guard let module = blueprint.module(id) else { return }
    let origins = Lineage(of: module).origins(of: input)
    guard !origins.isEmpty else {
      let constant = module.document["mapper"]?.value(at: input[...])
      add(
        Provenance(
          place: .input(id, input), mapping: constant.map { $0.text ?? JSONWriter.text($0) },
          depth: depth, isExact: isExact))
      return
    }
    var told: Set<[ValuePath.Step]> = []
    for origin in origins where told.insert(origin.input).inserted {
      guard
        add(
          Provenance(
            place: .input(id, origin.input), mapping: origin.mapping, depth: depth,
            isExact: isExact))
      else { continue }
      let rest = input.dropFirst(origin.input.count)
      for source in origins where source.input == origin.input {
        addBundle(
          source.isPlain ? source.source.appending(rest) : source.source, depth: depth + 1,
          isExact: isExact)
      }
    }
  }

  mutating func addBundle(_ path: ValuePath, depth: Int, isExact: Bool) {
    guard depth < 24,
      add(Provenance(place: .bundle(path), mapping: nil, depth: depth, isExact: isExact)),
      let module = blueprint.module(path.module)
    else { return }
    if let element = fedElement(path, of: module) {
      add(
        Provenance(
          place: .input(module.id, [.field("array")]), mapping: element.mapping, depth: depth + 1,
          isExact: isExact))
      addBundle(element.source, depth: depth + 2, isExact: isExact)
      return
    }
    let lineage = Lineage(of: module)
    if let field = namedField(path, of: module, lineage) {
      addInput(of: module.id, field, depth: depth + 1, isExact: isExact)
      return
    }
    var told: Set<[ValuePath.Step]> = []
    for origin in lineage.origins where told.insert(origin.input).inserted {
      addInput(of: module.id, origin.input, depth: depth + 1, isExact: false)
    }
  }

  /// An iterator emits the elements of its array, each as a bundle.
  private func fedElement(
    _ path: ValuePath, of module: ModuleNode
  ) -> (source: ValuePath, mapping: String)? {
    guard ["builtin:BasicFeeder", "builtin:BasicIterator"].contains(module.type),
      let origin = Lineage(of: module).origins.first(where: { $0.input == [.field("array")] }),
      origin.isPlain, let index = bundles[module.id]?["__IMTINDEX__"]?.number?.integer
    else { return nil }
    var steps = path.steps
    // Elements that are no collections are emitted under the name `value`.
    let element = origin.source.appending(.element(index))
    if bundles.value(at: element)?.collection == nil, steps.first == .field("value") {
      steps.removeFirst()
    }
    return (element.appending(steps), origin.mapping)
  }

  /// The field of a module's mapper that a field of its bundle is a copy of: modules that set
  /// variables or compose values emit what they were given, by name.
  private func namedField(
    _ path: ValuePath, of module: ModuleNode, _ lineage: Lineage
  ) -> [ValuePath.Step]? {
    guard module.app == "util", case .field(let name)? = path.steps.first,
      let mapper = module.document["mapper"]?.collection
    else { return nil }
    if let variables = mapper["variables"]?.array,
      let index = variables.firstIndex(where: { $0.collection?["name"]?.text == name })
    {
      return [.field("variables"), .element(index + 1), .field("value")] + path.steps.dropFirst()
    }
    if mapper["name"]?.text == name { return [.field("value")] + path.steps.dropFirst() }
    return mapper[name] == nil ? nil : path.steps
  }

  @discardableResult private mutating func add(_ station: Provenance) -> Bool {
    guard stations.count < Self.longest, seen.insert(station.place).inserted else { return false }
    stations.append(station)
    return true
  }
}
