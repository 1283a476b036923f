/// One change an operator made to a record's bundles or variables. Edits are appended; both stay as
/// they were at the failure.
public struct BundleEdit: Hashable, Sendable {
  /// The place.
  public let path: ValuePath
  /// What stood there; nil when nothing did.
  public let old: Value?
  /// What stands there now; nil when it was taken away.
  public let new: Value?
  /// Who made it.
  public let author: String
  /// When.
  public let date: Instant

  /// A change from `old` to `new`.
  public init(path: ValuePath, old: Value?, new: Value?, author: String, date: Instant) {
    self.path = path
    self.old = old
    self.new = new
    self.author = author
    self.date = date
  }

  /// The change that takes this one back.
  public var inverse: BundleEdit {
    BundleEdit(path: path, old: new, new: old, author: author, date: date)
  }
}

/// Why an edit does not fit the bundles.
public struct BundleEditError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The place that was meant.
  public let path: ValuePath
  /// One sentence.
  public let description: String
}

/// The bundles that can be mapped into a module, in the order the modules stand in the blueprint.
///
/// There are few of them at any place, so that looking through them is quicker than an index, and
/// handing them on to the next module is one copy of a short list.
public struct VisibleBundles: Hashable, Sendable {
  /// Module and bundle, in order.
  public private(set) var entries: [Entry]

  /// The bundle of one module.
  public struct Entry: Hashable, Sendable {
    /// The module that emitted it.
    public let module: ModuleID
    /// The bundle.
    public var bundle: Bundle

    /// The bundle of that module.
    public init(module: ModuleID, bundle: Bundle) {
      self.module = module
      self.bundle = bundle
    }
  }

  /// These bundles.
  public init(_ entries: [Entry] = []) { self.entries = entries }

  /// These bundles, in the order they are written.
  public init(_ bundles: KeyValuePairs<ModuleID, Bundle>) {
    entries = bundles.map { Entry(module: $0, bundle: $1) }
  }

  /// The bundle of a module. Writing to a module that has none appends it; writing nil removes it.
  public subscript(module: ModuleID) -> Bundle? {
    get { entries.firstIndex { $0.module == module }.map { entries[$0].bundle } }
    set {
      let position = entries.firstIndex { $0.module == module }
      switch (position, newValue) {
      case (let position?, let bundle?): entries[position].bundle = bundle
      case (let position?, nil): entries.remove(at: position)
      case (nil, let bundle?): entries.append(Entry(module: module, bundle: bundle))
      case (nil, nil): break
      }
    }
  }

  /// The same with the bundle of one more module, or another bundle of a module.
  public func adding(_ bundle: Bundle, of module: ModuleID) -> VisibleBundles {
    var bundles = self
    bundles[module] = bundle
    return bundles
  }

  /// The same without the modules that cannot be mapped from elsewhere.
  public func keeping(_ modules: some Sequence<ModuleID>) -> VisibleBundles {
    let kept = Set(modules)
    return VisibleBundles(entries.filter { kept.contains($0.module) })
  }

  /// The same without the variables: what can be mapped.
  public var withoutVariables: VisibleBundles {
    VisibleBundles(entries.filter { $0.module != ValuePath.variables })
  }

  /// The value at a place, or nil where there is none.
  public func value(at path: ValuePath) -> Value? {
    self[path.module].flatMap { Value.collection($0).value(at: path.steps[...]) }
  }

  /// Writes a value to a place, or takes away what stands there.
  /// - Returns: the edit, with what stood there before.
  /// - Throws: why there is no such place.
  public mutating func write(
    _ value: Value?, at path: ValuePath, author: String, date: Instant
  ) throws(BundleEditError) -> BundleEdit {
    guard let position = entries.firstIndex(where: { $0.module == path.module }) else {
      guard !path.isVariable else {
        throw BundleEditError(
          path: path, description: "\(path) is a variable, which 'fettle edit' changes")
      }
      let known = entries.map(\.module.description).joined(separator: ", ")
      throw BundleEditError(
        path: path,
        description: "the record holds no bundle of module \(path.module); it has those of \(known)"
      )
    }
    if path.steps.isEmpty, value?.collection == nil {
      throw BundleEditError(
        path: path,
        description: path.isVariable
          ? "\(path) is all variables and can only become a collection; one is named as var.total"
          : "\(path) is a whole bundle; it can only become a collection")
    }
    let old = self.value(at: path)
    let value = path.steps.isEmpty && !path.isVariable ? value?.keepingPosition(of: old) : value
    // It is held in one place only while it is written to: else all of it would be copied.
    var changed = Value.collection(entries[position].bundle)
    entries[position].bundle = [:]
    let isWritten = changed.write(value, at: path.steps[...])
    if case .collection(let bundle) = changed { entries[position].bundle = bundle }
    guard isWritten else {
      throw BundleEditError(
        path: path, description: missing(path, in: entries[position].bundle))
    }
    return BundleEdit(path: path, old: old, new: value, author: author, date: date)
  }

  /// Applies an edit that was made before.
  public mutating func apply(_ edit: BundleEdit) throws(BundleEditError) {
    _ = try write(edit.new, at: edit.path, author: edit.author, date: edit.date)
  }

  fileprivate func missing(_ path: ValuePath, in bundle: Bundle) -> String {
    var reached = ValuePath(module: path.module)
    for step in path.steps {
      let next = reached.appending(step)
      if value(at: next) == nil { break }
      reached = next
    }
    switch value(at: reached) {
    case .collection(let collection)? where reached.steps.count + 1 < path.steps.count:
      let next = reached.appending(path.steps[reached.steps.count])
      let names = collection.names.prefix(8).map { ValuePath.written($0) }.joined(separator: ", ")
      return
        "\(path) does not exist; \(reached) has \(names.isEmpty ? "no fields" : names); what is "
        + "missing in between is given as JSON, as in '\(next)={…}'"
    case .collection(let collection)?:
      let names = collection.names.prefix(8).map { ValuePath.written($0) }.joined(separator: ", ")
      return "\(path) does not exist; \(reached) has \(names.isEmpty ? "no fields" : names)"
    case .array(let elements)?:
      return "\(path) does not exist; \(reached) is an array of \(elements.count), counted from 1"
    case let value?:
      return "\(path) does not exist; \(reached) is \(value.kind) and has nothing inside"
    case nil: return "\(path) does not exist"
    }
  }
}
