/// The error handlers in reach of a module, nearest first: its own, then that of the router or
/// if-else whose route it stands in, then that of the one around it (semantics 3.1).
///
/// The walk does not leave a handler route: a failure inside a handler never enters that handler
/// again.
public enum HandlerSearch {
  /// A handler in reach.
  public struct Found: Sendable, Hashable {
    /// The module that carries it: the failed one, or a router around it.
    public let owner: ModuleNode
    /// Its modules.
    public var flow: [ModuleNode] { owner.handler }
  }

  /// The handlers in reach of a module.
  public static func handlers(
    inReachOf id: ModuleID, in blueprint: Blueprint, profile: Profile = .fusion
  ) -> [Found] {
    guard let path = blueprint.path(to: id), let last = path.last else { return [] }
    var found: [Found] = []
    if !last.module.handler.isEmpty { found.append(Found(owner: last.module)) }
    guard profile.routersHaveHandlers else { return found }
    for step in path.dropLast().reversed() {
      if step.exit == .handler { break }
      if step.exit != .next, !step.module.handler.isEmpty {
        found.append(Found(owner: step.module))
      }
    }
    return found
  }
}
