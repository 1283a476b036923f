import FettleCore

/// The first phase of a run and of a retry (semantics 6.1): the connections of the modules it may come
/// to are opened before anything is done, so that what cannot work stops whole and not in the middle
/// of a bundle. Each operation opens its connection afresh; there is nothing to close behind the last.
struct Initialization {
  /// What opens them; nil where modules have none.
  let connections: (any ConnectionOpening)?
  let plan: FlowPlan

  /// A connection that could not be opened.
  struct Failure: Error {
    let module: ModuleNode
    let error: ModuleError
  }

  /// Opens the connections of modules, each once. What Fettle cannot run fails where a bundle comes to
  /// it, and says more there.
  func open(_ modules: [ModuleNode]) async throws(Failure) {
    guard let connections else { return }
    var opened: Set<ForeignConnection> = []
    for module in modules where plan.station(of: module.id)?.implementation != nil {
      for foreign in module.connections where opened.insert(foreign).inserted {
        do throws(ModuleError) { _ = try await connections.open(foreign.id, of: foreign.app) } catch
        {
          var error = error
          error.stage = .initialization
          throw Failure(module: module, error: error)
        }
      }
    }
  }
}

extension IncompleteExecution {
  /// The modules that a retry may come to (semantics 7.3.3).
  /// - Parameter isReplaced: whether the output of the failed module is given.
  func modulesAhead(isReplaced: Bool) -> [ModuleNode] {
    var ids: Set<ModuleID> = []
    func add(_ flow: ArraySlice<ModuleNode>) {
      ids.formUnion(flow.flatMap(\.withDescendants).map(\.id))
    }
    for step in blueprint.path(to: summary.failer) ?? [] {
      let module = step.flow[step.position]
      switch step.exit {
      case .next:
        guard module.id == summary.failer else { continue }
        add(step.flow[(step.position + (isReplaced ? 1 : 0))...])
      case .route(let taken):
        let order = module.routeOrder
        for route in order.drop(while: { $0 != taken }).dropFirst() {
          add(module.routes[route].flow[...])
        }
        add(module.handler[...])
      case .branch:
        add(module.handler[...])
        add(step.flow[(step.position + 1)...])
      // A module of a handler route failed and has a handler of its own. Behind the route it may go on
      // where the first failure was.
      case .handler: add(step.flow[step.position...])
      }
    }
    for frame in continuation {
      switch frame {
      case .routes, .hidden: continue
      case .bundles(let source, let remaining):
        guard !remaining.isEmpty, let place = blueprint.path(to: source)?.last else { continue }
        add(place.flow[(place.position + 1)...])
      case .aggregation(let source, _, _):
        guard let place = blueprint.path(to: source)?.last else { continue }
        add(place.flow[(place.position + 1)...])
      }
    }
    return blueprint.allModules.filter { ids.contains($0.id) }
  }
}
