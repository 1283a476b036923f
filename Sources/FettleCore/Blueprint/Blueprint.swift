import Synchronization

/// A scenario as Make and Fusion export it.
///
/// `document` is the export itself and the only source of truth: what Fettle does not understand
/// stays in it and is written back. `flow` and `settings` are a typed view of it.
public struct Blueprint: Sendable, Hashable {
  /// The export, taken out of the wrapper of an API answer where there was one.
  public let document: Collection
  /// The name of the scenario; `Untitled` where the export has none.
  public let name: String
  /// The modules of the main flow.
  public let flow: [ModuleNode]
  /// `metadata.scenario`.
  public let settings: ScenarioSettings

  /// The export as bytes, made when they are first asked for and shared by every copy.
  public let export = Export()

  /// The bytes of an export.
  public final class Export: Sendable, Hashable {
    private let made = Mutex<[UInt8]?>(nil)

    fileprivate func bytes(of document: Collection) -> [UInt8] {
      made.withLock { made in
        let bytes = made ?? JSONWriter.bytes(.collection(document))
        made = bytes
        return bytes
      }
    }

    /// Identity: copies of one blueprint share it.
    public static func == (left: Export, right: Export) -> Bool { left === right }

    /// Feeds the identity into `hasher`.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
  }

  /// The export as JSON.
  public var json: [UInt8] { export.bytes(of: document) }

  /// The largest blueprint that is taken, in bytes (semantics 6.9).
  public static let maximumSize = 5_000_000

  /// Reads an export: a blueprint, a blueprint inside an API answer, a module, or a list of modules
  /// from the clipboard.
  /// - Throws: where the text is no JSON, or what a blueprint must have and this one lacks.
  public init(json bytes: [UInt8]) throws(BlueprintError) {
    guard bytes.count <= Self.maximumSize else {
      throw BlueprintError("it is \(bytes.count) bytes; a blueprint has at most 5 MB")
    }
    let value: Value
    do { value = try JSONReader.read(Fence.content(of: bytes)) } catch {
      throw BlueprintError("\(error)")
    }
    try self.init(value)
  }

  /// Takes an export that was read already.
  /// - Throws: what a blueprint must have and this one lacks.
  public init(_ value: Value) throws(BlueprintError) {
    let document = try Self.unwrapped(value)
    guard case .array(let modules)? = document["flow"] else {
      let loose = document.fields.filter { $0.value.collection?["module"] != nil }.map(\.name)
      throw BlueprintError(
        loose.isEmpty
          ? "it has no \"flow\", the list of modules; export the scenario as a blueprint"
          : "it has no \"flow\", but modules by name (\(loose.joined(separator: ", "))); a blueprint "
            + "has them in a list, in the order they run: {\"flow\": [{…}, {…}]}")
    }
    self.document = document
    name = document["name"]?.text.flatMap { $0.isEmpty ? nil : $0 } ?? "Untitled"
    flow = try ModuleNode.flow(modules, at: "flow")
    settings = ScenarioSettings(document["metadata"]?.collection?["scenario"]?.collection ?? [:])
    var seen: Set<ModuleID> = []
    for module in allModules where !seen.insert(module.id).inserted {
      throw BlueprintError(
        "the module number \(module.id) is used twice; the numbers tell modules apart in mappings")
    }
  }

  private static func unwrapped(_ value: Value) throws(BlueprintError) -> Collection {
    switch value {
    case .array:
      return ["name": "Pasted modules", "flow": value]
    case .collection(let outer):
      if outer["flow"] != nil { return outer }
      let candidates = [
        outer["blueprint"], outer["response"]?.collection?["blueprint"],
        outer["subflows"]?.array.flatMap(connected),
      ]
      for candidate in candidates {
        // The API also hands out the blueprint as a text that holds JSON.
        if let text = candidate?.text {
          do { return try unwrapped(try JSONReader.read(text)) } catch let error as JSONError {
            throw BlueprintError("inside \"blueprint\", \(error)")
          } catch let error as BlueprintError { throw error } catch {
            throw BlueprintError("\(error)")
          }
        }
        if let inner = candidate?.collection { return inner }
      }
      if outer["module"] != nil, outer["id"] != nil {
        return ["name": "Pasted module", "flow": .array([value])]
      }
      return outer
    default:
      throw BlueprintError("it is \(value.kind), not a JSON object with a \"flow\"")
    }
  }

  /// Modules copied in the editor. Where they are not connected with each other there are several flows,
  /// and the editor pastes them so: the first is the scenario, the others are detached chains, which
  /// never run and are told of.
  private static func connected(_ subflows: [Value]) -> Value? {
    guard subflows.count > 1, var first = subflows[0].collection else { return subflows.first }
    var metadata = first["metadata"]?.collection ?? [:]
    var designer = metadata["designer"]?.collection ?? [:]
    let others = subflows.dropFirst().compactMap { $0.collection?["flow"] }
    designer["orphans"] = .array((designer["orphans"]?.array ?? []) + others)
    metadata["designer"] = .collection(designer)
    first["metadata"] = .collection(metadata)
    return .collection(first)
  }

  /// Equal when the exports are.
  public static func == (left: Blueprint, right: Blueprint) -> Bool {
    left.document == right.document
  }

  /// Feeds the export into `hasher`.
  public func hash(into hasher: inout Hasher) { hasher.combine(document) }
}

/// Why a text is no blueprint.
public struct BlueprintError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence, without the name of the file.
  public let description: String

  init(_ description: String) { self.description = description }
}

extension Blueprint {
  /// Every module: of the flow, of routes and branches, of handlers; in the order they are drawn.
  public var allModules: [ModuleNode] { flow.flatMap(\.withDescendants) }

  /// The module of that number.
  public func module(_ id: ModuleID) -> ModuleNode? { allModules.first { $0.id == id } }

  /// The modules a bundle passes on its way to a module, outermost first, that module included. A
  /// router or if-else on the way stands in it with the route or branch that leads on. Nil when the
  /// module is not in the blueprint.
  public func path(to id: ModuleID) -> [PathStep]? { Self.path(to: id, in: flow) }

  /// One module on the way to another.
  public struct PathStep: Sendable, Hashable {
    /// The flow the module stands in.
    public let flow: [ModuleNode]
    /// Its position in that flow.
    public let position: Int
    /// Where the way goes on.
    public let exit: Exit

    /// How a path leaves a module.
    public enum Exit: Sendable, Hashable {
      /// Behind it in the same flow, or here, when the module is the last step.
      case next
      /// Through a route of the router, counted from 0.
      case route(Int)
      /// Through a branch of the if-else, counted from 0.
      case branch(Int)
      /// Through its error handler.
      case handler
    }

    /// The module.
    public var module: ModuleNode { flow[position] }
  }

  private static func path(to id: ModuleID, in flow: [ModuleNode]) -> [PathStep]? {
    var before: [PathStep] = []
    for (position, module) in flow.enumerated() {
      func step(_ exit: PathStep.Exit) -> PathStep {
        PathStep(flow: flow, position: position, exit: exit)
      }
      if module.id == id { return before + [step(.next)] }
      for (index, route) in module.routes.enumerated() {
        if let rest = path(to: id, in: route.flow) { return before + [step(.route(index))] + rest }
      }
      for (index, branch) in module.branches.enumerated() {
        if let rest = path(to: id, in: branch.flow) {
          return before + [step(.branch(index))] + rest
        }
      }
      if let rest = path(to: id, in: module.handler) { return before + [step(.handler)] + rest }
      before.append(step(.next))
    }
    return nil
  }

  /// The modules whose bundles can be mapped into a module: those before it on its path, without those
  /// that an aggregator on the way hides, from its source on (semantics 6.6.6).
  public func modulesVisible(to id: ModuleID) -> [ModuleNode] {
    var visible: [ModuleNode] = []
    for step in (path(to: id) ?? []).dropLast() {
      // The handler of an aggregator sees what the aggregator saw.
      if step.exit != .handler, let source = step.module.feeder,
        let place = visible.firstIndex(where: { $0.id == source })
      {
        visible.removeSubrange(place...)
      }
      visible.append(step.module)
    }
    return visible
  }
}
