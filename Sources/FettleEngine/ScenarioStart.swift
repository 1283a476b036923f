public import FettleCore

/// A run that has begun: its bundles are on the disk.
public struct BegunRun: Sendable {
  /// The execution.
  public let execution: ExecutionSummary
  /// How it ends.
  public let end: Task<Result<ExecutionSummary, StoreError>, Never>
}

extension ScenarioRunner {
  /// Begins a run and does not wait for its end. When this returns, what was given survives a power cut.
  /// - Parameter callBack: an address that is told how it ended, by whoever serves the store then.
  /// - Throws: `notItsTurn` where the scenario is processed in order and a run of it is under way, or
  ///   something of it is open.
  public func begin(
    _ blueprint: Blueprint, given: [Bundle]? = nil, origin: ExecutionOrigin = .manual,
    callBack: String? = nil
  ) async throws(StoreError) -> BegunRun {
    try await begin(
      blueprint, given: given, origin: origin, callBack: callBack, callers: [], waits: false,
      inOrder: blueprint.settings.sequential)
  }

  /// Begins a run.
  /// - Parameters:
  ///   - callers: the execution that calls it, behind those that wait for that one.
  ///   - waits: whether they wait for it.
  ///   - identity: the identity of the execution; nil for a fresh one.
  ///   - generation: how many calls lie behind it that nobody waits for.
  ///   - inOrder: whether it may only begin when it is the turn of its scenario.
  /// - Throws: `notItsTurn` when it is not.
  func begin(
    _ blueprint: Blueprint, given: [Bundle]?, origin: ExecutionOrigin, callBack: String? = nil,
    callers: [Caller], waits: Bool, generation: Int = 0, identity: String? = nil,
    inOrder: Bool = false
  ) async throws(StoreError) -> BegunRun {
    let scenario = try await scenarios.scenario(named: blueprint.name)
    var opening = opening(
      ExecutionSummary(
        id: identity ?? clock.uuid(), scenario: scenario, origin: origin,
        caller: callers.last?.execution,
        started: clock.now()),
      of: blueprint, given: given)
    opening.callBack = callBack
    opening.isInOrder = inOrder
    let (begun, state) = (opening, try await journal.open(opening, claiming: nil))
    let waiting = waits ? callers : []
    return BegunRun(
      execution: begun.execution,
      end: Task {
        do throws(StoreError) {
          return .success(
            try await run(begun, state, callers: waiting, generation: generation).summary)
        } catch { return .failure(error) }
      })
  }

  /// Lets a scenario start by itself.
  /// - Throws: `unfit` with what would not work (semantics 8.4).
  public func activate(_ id: ScenarioID) async throws(StoreError) {
    guard let blueprint = try await scenarios.blueprint(of: id) else {
      throw .unfit("no blueprint of scenario \(id) is kept; run it once, or fettle schedule it")
    }
    try await checkActivation(of: blueprint)
    let (now, zone) = (clock.now(), timeZone)
    try await scenarios.update(id) { $0.activate(at: now, zone: zone) }
  }

  /// Checks that a blueprint can be the one of a scenario that starts by itself: what cannot work is
  /// refused now, not at night. Whoever switches a scenario on asks this.
  /// - Throws: `unfit` with what would not work (semantics 8.4).
  public func checkActivation(of blueprint: Blueprint) async throws(StoreError) {
    let check = BlueprintCheck(blueprint) { modules.descriptor(of: $0) }
    let wrong = check.obstacles
    guard wrong.isEmpty else {
      throw .unfit(
        "\(blueprint.name) cannot be activated: "
          + wrong.map { finding in
            // That the scenario cannot be activated was said; what failed bundles lead to is for later.
            finding.message.prefix { $0 != ";" } + (finding.module.map { " (module \($0))" } ?? "")
          }.joined(separator: "; ") + "; fettle check says more of each")
    }
    try await checkCalls(of: blueprint)
  }

  /// Checks that the scenarios a blueprint calls are known.
  private func checkCalls(of blueprint: Blueprint) async throws(StoreError) {
    let calling = blueprint.allModules.filter { $0.type == CallSubscenario.descriptor.type }
    for module in calling {
      // Which one is mapped is known when it is called.
      guard module.document["mapper"]?.collection?["scenario"] == nil,
        let target = try? CallSubscenario.target([:], module)
      else { continue }
      if case .named(blueprint.name) = target { continue }
      guard try await scenarios.scenario(meantBy: target) != nil else {
        throw .unfit(
          "\(blueprint.name) cannot be activated: module \(module.id) calls the scenario \(target), and "
            + "none is known here; bring its blueprint first (fettle import FILE)")
      }
    }
  }

  /// No longer lets a scenario start by itself.
  public func deactivate(_ id: ScenarioID) async throws(StoreError) {
    try await scenarios.update(id) { $0.deactivate() }
  }
}

extension ScenarioStore {
  /// The scenario a call means; nil when none is known.
  func scenario(meantBy target: ScenarioCall.Target) async throws(StoreError) -> ScenarioRow? {
    switch target {
    case .named(let name): return try await knownScenario(named: name)
    case .numbered(let id):
      do throws(StoreError) { return try await scenario(id) } catch {
        if case .notFound = error { return nil }
        throw error
      }
    }
  }
}
