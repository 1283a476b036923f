import FettleCore

extension ModuleNode {
  /// The routes in the order they are run: the fallback last, wherever it stands; disabled ones
  /// never (semantics 6.3).
  var routeOrder: [Int] {
    let enabled = routes.indices.filter { !routes[$0].isDisabled }
    guard let fallback = fallbackRoute, enabled.contains(fallback) else { return enabled }
    return enabled.filter { $0 != fallback } + [fallback]
  }
}

extension Cycle {
  /// Sends one bundle down every route whose filter it passes, one route after the other.
  /// - Parameters:
  ///   - done: the route that a run before has dealt with, and those before it; nil runs all.
  ///   - passed: whether the bundle passed one of those.
  mutating func route(
    through router: ModuleNode, sight: VisibleBundles, after done: Int? = nil,
    passedAny passed: Bool = false
  ) async throws(StoreError) -> Passage {
    var passedAny = passed
    var order = router.routeOrder[...]
    if let done, let position = order.firstIndex(of: done) { order = order[(position + 1)...] }
    for index in order {
      if index == router.fallbackRoute, passedAny { continue }
      let flow = router.routes[index].flow
      guard let first = flow.first else { continue }
      frames.append(.route(router: router, index: index, passedAny: passedAny))
      defer { frames.removeLast() }
      let passage: Passage
      switch try await passesFilter(of: first, sight: sight) {
      case .filteredOut: continue
      case .passes:
        passedAny = true
        frames[frames.count - 1] = .route(router: router, index: index, passedAny: true)
        passage = try await process(flow, at: 0, sight: sight, entered: true)
      case .failed(let error):
        passage = try await failed(error, input: .null, in: flow, at: 0, sight: sight)
      }
      switch passage {
      case .completed: continue
      case .dropped(by: router.id): return .completed
      default: return passage
      }
    }
    return .completed
  }
}
