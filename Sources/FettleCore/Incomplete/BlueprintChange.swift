extension IncompleteExecution {
  /// Why the record cannot go on with another blueprint; empty when it can: the failed module is
  /// there with the same type, and every module whose bundles or later routes the record holds
  /// stands before it (semantics 5.6.3).
  public func obstacles(toRunningOnWith other: Blueprint) -> [String] {
    var obstacles: [String] = []
    let failer = summary.failer
    guard let path = other.path(to: failer), let failed = path.last?.module else {
      return ["it has no module \(failer) \"\(summary.failerTitle)\", where the record goes on"]
    }
    if let former = failedModule, former.type != failed.type {
      obstacles.append("module \(failer) is \(failed.type) there, and was \(former.type)")
    }
    let before = Set(path.dropLast().map(\.module.id))
    for entry in originalBundles.entries where !before.contains(entry.module) {
      // What a handler or a branch saw beside the path is only read.
      guard blueprint.path(to: failer)?.contains(where: { $0.module.id == entry.module }) == true
      else { continue }
      obstacles.append("module \(entry.module), whose bundle the record holds, is not before it")
    }
    for frame in continuation {
      switch frame {
      case .routes(let router, let after, _):
        guard let now = other.module(router), now.isRouter, now.routes.indices.contains(after)
        else {
          obstacles.append("router \(router), whose later routes are owed, is not there as it was")
          continue
        }
      case .bundles(let module, _):
        if !before.contains(module) {
          obstacles.append("module \(module), whose next bundles are owed, is not before it")
        }
      case .aggregation(let source, let waiting, _):
        for module in [source] + waiting where other.module(module) == nil {
          obstacles.append("module \(module) of a suspended aggregation is not there")
        }
      // It is only read.
      case .hidden: continue
      }
    }
    return obstacles
  }
}
