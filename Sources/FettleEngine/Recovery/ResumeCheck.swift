public import FettleCore

/// What a resume of a record would do: what the failed module would be given, what does not fit,
/// and what runs. Computed; nothing is run.
public struct ResumeCheck: Sendable, Hashable {
  /// What the failed module would be given; nil when its mapping fails.
  public let input: Collection?
  /// Why it would fail before anything is sent: expressions that fail, fields that do not fit.
  public let problems: [Problem]
  /// The modules that would run if nothing fails: the failed one, what follows it, and the later
  /// routes that are owed; without what lies behind a filter that is known to stop the bundle.
  public let willRun: [ModuleID]
  /// The modules that ran before and would not run again.
  public let notRepeated: [ModuleID]
  /// The filters in front of what would run, and what can be said of them now.
  public let filters: [FilterForecast]
  /// The modules that would change the world, and how: what would be done again if it had happened.
  public let effects: [Effect]
  /// Whether the failed module called a scenario before: it goes on with what that returned then, and
  /// calls again only where an operator gave that up.
  public let goesOnWithCall: Bool
  /// Other bundles that the record owes, which would be processed after this one.
  public let owed: [OwedBundles]

  /// Bundles of the run that were not reached when it stopped.
  public struct OwedBundles: Sendable, Hashable {
    /// The module that emitted them.
    public let module: ModuleID
    /// How many.
    public let count: Int
    /// The modules they would go through if nothing fails.
    public let willRun: [ModuleID]
  }

  /// A filter in front of a module that would run.
  public struct FilterForecast: Sendable, Hashable {
    /// The module it guards.
    public let module: ModuleID
    /// Its label, or its conditions in short.
    public let text: String
    /// What can be said of it.
    public let answer: Answer

    /// What can be said of a filter before the run.
    public enum Answer: Sendable, Hashable {
      /// The bundle passes.
      case passes
      /// The bundle stops here.
      case stops
      /// It depends on what modules give that have not run yet.
      case depends
      /// It cannot be decided: why.
      case fails(String)
    }
  }

  /// A module that would change the world.
  public struct Effect: Sendable, Hashable {
    /// The module.
    public let module: ModuleID
    /// What doing it twice means.
    public let effect: EffectClass
    /// Whether it may have happened already.
    public let mayHaveHappened: Bool
  }

  /// One reason why the resume would fail.
  public struct Problem: Sendable, Hashable {
    /// The field of the module's input, by name; nil when the whole input is meant.
    public let field: String?
    /// One sentence.
    public let message: String

    /// A reason.
    public init(field: String?, message: String) {
      self.field = field
      self.message = message
    }
  }

  /// A check of these results.
  public init(
    input: Collection?, problems: [Problem], willRun: [ModuleID], notRepeated: [ModuleID],
    filters: [FilterForecast] = [], effects: [Effect] = [], owed: [OwedBundles] = [],
    goesOnWithCall: Bool = false
  ) {
    self.input = input
    self.problems = problems
    self.willRun = willRun
    self.notRepeated = notRepeated
    self.filters = filters
    self.effects = effects
    self.owed = owed
    self.goesOnWithCall = goesOnWithCall
  }
}

extension ResumeCheck {
  init(record: IncompleteExecution, bundles: VisibleBundles, runner: ScenarioRunner) {
    let blueprint = record.blueprint
    guard let module = record.failedModule, let place = blueprint.path(to: module.id)?.last else {
      self.init(
        input: nil,
        problems: [
          Problem(
            field: nil, message: "the stored blueprint has no module \(record.summary.failer)")
        ],
        willRun: [], notRepeated: [])
      return
    }
    let scope = runner.scope(of: record, bundles)
    var input: Collection?
    var problems: [Problem] = []
    do throws(ModuleError) {
      let mapped = try Operation.map(module, in: scope)
      input = mapped
      if let descriptor = runner.modules.descriptor(of: module.type) {
        input = descriptor.masked(mapped)
        problems = descriptor.fitted(mapped, timeZone: scope.timeZone).misfits.map {
          Problem(field: $0.field.name, message: $0.message)
        }
      } else {
        problems.append(Problem(field: nil, message: "Fettle cannot run \(module.type)"))
      }
    } catch {
      problems.append(Problem(field: error.field, message: error.message))
    }
    var way = Way(known: Set(bundles.entries.map(\.module)), scope: scope)
    // The bundle is behind the filter of the module it waits at, unless that filter failed.
    way.walk(place.flow[place.position...], entered: record.error.stage != .filter)
    var owed: [OwedBundles] = []
    var behindOthers: [ModuleNode] = []
    for frame in record.continuation.reversed() {
      switch frame {
      case .routes(let id, let after, _):
        guard let router = blueprint.module(id) else { continue }
        let order = router.routeOrder
        for route in order.firstIndex(of: after).map({ order[($0 + 1)...] }) ?? [] {
          way.walk(router.routes[route].flow[...])
        }
      case .bundles(let id, let remaining):
        guard !remaining.isEmpty, let place = blueprint.path(to: id)?.last else { continue }
        var others = Way(known: [], scope: scope)
        others.walk(place.flow[(place.position + 1)...])
        owed.append(
          OwedBundles(module: id, count: remaining.count, willRun: others.modules.map(\.id)))
        behindOthers += others.modules
      case .aggregation, .hidden: continue
      }
    }
    let willRun = way.modules.map(\.id)
    var ahead = way.modules
    for module in behindOthers where !ahead.contains(where: { $0.id == module.id }) {
      ahead.append(module)
    }
    let goesOnWithCall =
      module.type == CallSubscenario.descriptor.type
      && record.hasCalled(with: input?["data"]?.collection ?? [:])
    self.init(
      input: input, problems: problems, willRun: willRun,
      notRepeated: record.visits.filter { $0.emitted > 0 && !willRun.contains($0.module) }
        .map(\.module),
      filters: way.filters,
      effects: ahead.compactMap { ahead in
        let isFirst = ahead.id == module.id
        if isFirst, goesOnWithCall { return nil }
        guard let effect = runner.effect(of: ahead, given: isFirst ? input : nil, in: scope),
          effect != .pure, effect != .read
        else { return nil }
        return Effect(
          module: ahead.id, effect: effect,
          mayHaveHappened: isFirst && record.error.stage == .inDoubt)
      },
      owed: owed, goesOnWithCall: goesOnWithCall)
  }
}

extension IncompleteExecution {
  /// Whether its module called a scenario with these inputs before, and waits for what that returns.
  func hasCalled(with inputs: Collection) -> Bool {
    (error.awaited != nil || error.awaitedExecution != nil)
      && mappedInput.collection?["data"]?.collection ?? [:] == inputs
  }
}

extension ScenarioRunner {
  /// What doing a module twice means, as far as it can be told before it is run.
  /// - Parameter input: what it is given, where that is known.
  /// - Returns: nil when Fettle cannot run it.
  func effect(of module: ModuleNode, given input: Collection? = nil, in scope: Scope)
    -> EffectClass?
  {
    if let declared = module.declaredEffect { return declared }
    guard let implementation = modules[module.type] else { return module.isRouter ? .pure : nil }
    // Later modules may be mapped from what has not run yet; what tells their effect, such as a
    // method, hardly ever is.
    let mapped = input ?? (try? Operation.map(module, in: scope))
    return mapped.map(implementation.effect) ?? implementation.descriptor.effect
  }

  /// What can be mapped in a record that is not run.
  func scope(of record: IncompleteExecution, _ bundles: VisibleBundles) -> Scope {
    let execution = ExecutionSummary(
      id: record.summary.executionID, scenario: record.summary.scenarioID, started: clock.now())
    return Cycle(
      runner: self, blueprint: record.blueprint, execution: execution, state: ScenarioState(),
      journal: RunJournal(opening(execution, of: record.blueprint, given: nil), of: self),
      retried: record
    ).scope(bundles)
  }
}

extension ResumeCheck.FilterForecast {
  fileprivate init?(_ module: ModuleNode, knowing known: Set<ModuleID>, _ scope: Scope) {
    guard let filter = module.filter, let summary = filter.summary else { return nil }
    let templates = filter.groups.joined().flatMap { [$0.left] + ($0.right.map { [$0] } ?? []) }
    let answer: Answer
    if templates.flatMap(\.references).contains(where: { !known.contains($0.module) }) {
      answer = .depends
    } else {
      do throws(ExpressionError) { answer = try filter.passes(in: scope) ? .passes : .stops } catch
      {
        answer = .fails("\(error)")
      }
    }
    self.init(module: module.id, text: summary, answer: answer)
  }
}

/// What lies ahead of a bundle, as far as it can be told before anything has run.
private struct Way {
  private(set) var known: Set<ModuleID>
  let scope: Scope
  private(set) var modules: [ModuleNode] = []
  private(set) var filters: [ResumeCheck.FilterForecast] = []

  init(known: Set<ModuleID>, scope: Scope) {
    self.known = known
    self.scope = scope
  }

  mutating func walk(_ flow: ArraySlice<ModuleNode>, entered: Bool = false) {
    for (offset, module) in flow.enumerated() {
      if !(entered && offset == 0),
        let filter = ResumeCheck.FilterForecast(module, knowing: known, scope)
      {
        filters.append(filter)
        if filter.answer == .stops { return }
      }
      modules.append(module)
      // What it gave before, when it is run again, says nothing of what it will give.
      known.remove(module.id)
      for route in module.routes where !route.isDisabled { walk(route.flow[...]) }
      for branch in module.branches where !branch.isDisabled { walk(branch.flow[...]) }
    }
  }
}
