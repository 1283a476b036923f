import FettleCore
import Synchronization

/// What a blueprint says about its flow that the walk asks for again and again, worked out once and
/// shared by every run of the blueprint.
final class FlowPlan: Sendable {
  private let stations: [ModuleID: Station]
  /// Which branch ends behind a module, by the last module of the branch.
  private let branchEnds: [ModuleID: BranchEnd]

  /// The end of a branch that goes on behind its if-else.
  struct BranchEnd {
    let merge: Merge
    let branch: Int
  }

  /// Whether anything reads what the scenario is started with.
  let readsInputs: Bool

  init(_ blueprint: Blueprint, modules: ModuleRegistry) {
    readsInputs = blueprint.readsInputs
    var survey = Survey(of: blueprint, modules: modules)
    survey.add(blueprint.flow, isInsideHandler: false)
    stations = survey.stations
    branchEnds = survey.branchEnds
  }

  /// Where a module stands; nil when it is not in the blueprint.
  func station(of id: ModuleID) -> Station? { stations[id] }

  /// How the walk goes on behind a flow; nil where it does not.
  func end(of flow: [ModuleNode]) -> BranchEnd? { flow.last.flatMap { branchEnds[$0.id] } }
}

/// A module where it stands, and what the walk does when it comes there.
final class Station: Sendable {
  let module: ModuleNode
  let flow: [ModuleNode]
  let position: Int
  let part: Part
  /// The module that performs its operations; nil for what is part of the walk, and for what Fettle
  /// cannot run.
  let implementation: (any Module)?
  let descriptor: ModuleDescriptor?
  /// The aggregators of what it emits, in the order of the flow.
  let aggregators: [ModuleID]
  let isInsideHandler: Bool

  /// What the walk does with a bundle that comes to a module.
  enum Part {
    /// An empty slot of the editor: a flow ends here.
    case placeholder
    case aggregator(Aggregator)
    /// An if-else, with the merge behind it where there is one.
    case ifElse(Merge?)
    case merge(Merge)
    case router
    case directive(Directive)
    case operation
    /// An operation whose output is what the scenario gives back; the run ends with it.
    case returning
    /// An operation whose output is the name of the run.
    case naming
  }

  fileprivate init(
    _ module: ModuleNode, in flow: [ModuleNode], at position: Int, part: Part,
    modules: ModuleRegistry, aggregators: [ModuleID], isInsideHandler: Bool
  ) {
    self.module = module
    self.flow = flow
    self.position = position
    self.part = part
    self.aggregators = aggregators
    self.isInsideHandler = isInsideHandler
    implementation = modules[module.type]
    descriptor = modules.descriptor(of: module.type)
  }

  /// Whether the traversals of the bundles it emits are told apart: a kind that may emit several
  /// splits even when it emits one (semantics 7.2). What is not known counts as a trigger.
  var splits: Bool { (descriptor?.kind ?? .trigger).splits || !aggregators.isEmpty }
}

/// A look through a whole blueprint.
private struct Survey {
  let modules: ModuleRegistry
  var stations: [ModuleID: Station] = [:]
  var branchEnds: [ModuleID: FlowPlan.BranchEnd] = [:]
  /// The aggregators of each source, in the order of the flow. An aggregator stands behind its
  /// source, so that they are looked for before the stations are made.
  private var aggregators: [ModuleID: [ModuleID]] = [:]

  init(of blueprint: Blueprint, modules: ModuleRegistry) {
    self.modules = modules
    for module in blueprint.allModules {
      if let source = Aggregator(module)?.source {
        aggregators[source, default: []].append(module.id)
      }
    }
  }

  mutating func add(_ flow: [ModuleNode], isInsideHandler: Bool) {
    for (position, module) in flow.enumerated() {
      stations[module.id] = Station(
        module, in: flow, at: position, part: part(of: module, in: flow, at: position),
        modules: modules, aggregators: aggregators[module.id] ?? [],
        isInsideHandler: isInsideHandler)
      for route in module.routes { add(route.flow, isInsideHandler: isInsideHandler) }
      for branch in module.branches { add(branch.flow, isInsideHandler: isInsideHandler) }
      add(module.handler, isInsideHandler: true)
    }
  }

  private mutating func part(
    of module: ModuleNode, in flow: [ModuleNode], at position: Int
  ) -> Station.Part {
    if module.type == ModuleNode.placeholderType { return .placeholder }
    if let aggregator = Aggregator(module) { return .aggregator(aggregator) }
    if module.isIfElse {
      guard position + 1 < flow.count, flow[position + 1].type == Merge.type else {
        return .ifElse(nil)
      }
      let merge = Merge(flow[position + 1], of: module, at: position + 1, in: flow)
      for (index, branch) in module.branches.enumerated() where branch.merges {
        if let last = branch.flow.last {
          branchEnds[last.id] = FlowPlan.BranchEnd(merge: merge, branch: index)
        }
      }
      return .ifElse(merge)
    }
    if module.type == Merge.type, position > 0, flow[position - 1].isIfElse {
      return .merge(Merge(module, of: flow[position - 1], at: position, in: flow))
    }
    if module.isRouter { return .router }
    switch module.type {
    case ModuleNode.returnType: return .returning
    case NameExecution.type: return .naming
    default: return Directive(module).map { .directive($0) } ?? .operation
    }
  }
}

extension ModuleNode {
  /// Whether it chooses one of its branches.
  fileprivate var isIfElse: Bool { type == "builtin:BasicIfElse" || !branches.isEmpty }
}

/// The plans of the blueprints that were run lately. A blueprint is never changed, so that its plan
/// stays true until other modules are known.
final class FlowPlans: Sendable {
  private struct State {
    var plans: [Blueprint.Export: FlowPlan] = [:]
    /// The edition of the modules the plans name.
    var edition = 0
  }

  private let state = Mutex(State())

  /// Blueprints are few.
  private static let most = 200

  /// The plan of a blueprint.
  func plan(of blueprint: Blueprint, modules: ModuleRegistry) -> FlowPlan {
    let edition = modules.edition
    let found = state.withLock { state in
      state.edition == edition ? state.plans[blueprint.export] : nil
    }
    if let found { return found }
    let plan = FlowPlan(blueprint, modules: modules)
    state.withLock { state in
      if state.edition != edition || state.plans.count >= Self.most { state.plans = [:] }
      state.edition = edition
      state.plans[blueprint.export] = plan
    }
    return plan
  }
}
