import FettleCore

/// What a blueprint says about its flow that the walk asks for again and again, worked out once.
struct FlowPlan: Sendable {
  /// The aggregators of each source module, in the order of the flow.
  private(set) var aggregators: [ModuleID: [Aggregator]] = [:]
  private(set) var aggregator: [ModuleID: Aggregator] = [:]
  /// The merge behind each if-else.
  private(set) var mergeBehind: [ModuleID: Merge] = [:]
  private(set) var merge: [ModuleID: Merge] = [:]
  /// Which branch ends behind a module, by the last module of the branch.
  private(set) var branchEnd: [ModuleID: BranchEnd] = [:]
  private var places: [ModuleID: Place] = [:]

  /// Where a module stands.
  struct Place {
    let flow: [ModuleNode]
    let position: Int
  }

  /// The end of a branch that goes on behind its if-else.
  struct BranchEnd {
    let merge: Merge
    let branch: Int
  }

  init(_ blueprint: Blueprint) { add(blueprint.flow) }

  /// Where a module stands; nil when it is not in the blueprint.
  func place(of id: ModuleID) -> Place? { places[id] }

  private mutating func add(_ flow: [ModuleNode]) {
    for (position, module) in flow.enumerated() {
      places[module.id] = Place(flow: flow, position: position)
      if let found = Aggregator(module) {
        aggregator[module.id] = found
        if let source = found.source { aggregators[source, default: []].append(found) }
      }
      if position + 1 < flow.count, flow[position + 1].type == Merge.type, module.isIfElse {
        let behind = Merge(flow[position + 1], of: module, at: position + 1, in: flow)
        mergeBehind[module.id] = behind
        merge[behind.module.id] = behind
        for (index, branch) in module.branches.enumerated() where branch.merges {
          if let last = branch.flow.last {
            branchEnd[last.id] = BranchEnd(merge: behind, branch: index)
          }
        }
      }
      for route in module.routes { add(route.flow) }
      for branch in module.branches { add(branch.flow) }
      add(module.handler)
    }
  }
}

extension ModuleNode {
  /// Whether it chooses one of its branches.
  var isIfElse: Bool { type == "builtin:BasicIfElse" || !branches.isEmpty }
}
