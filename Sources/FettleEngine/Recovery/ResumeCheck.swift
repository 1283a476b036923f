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
    filters: [FilterForecast] = [], effects: [Effect] = []
  ) {
    self.input = input
    self.problems = problems
    self.willRun = willRun
    self.notRepeated = notRepeated
    self.filters = filters
    self.effects = effects
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
    let execution = ExecutionSummary(
      id: record.summary.executionID, scenario: record.summary.scenarioID,
      started: runner.clock.now())
    let cycle = Cycle(
      runner: runner, blueprint: blueprint, execution: execution, state: ScenarioState(),
      journal: RunJournal(
        runner.opening(execution, of: blueprint, given: nil), of: runner), retried: record)
    var input: Collection?
    var problems: [Problem] = []
    if record.error.stage == .inDoubt {
      problems.append(
        Problem(
          field: nil,
          message: "what it was sending may have arrived already; a resume sends it again"))
    }
    do throws(ModuleError) {
      let scope = cycle.scope(bundles)
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
    let scope = cycle.scope(bundles)
    var way = Way(known: Set(bundles.entries.map(\.module)), scope: scope)
    // The bundle is behind the filter of the module it waits at, unless that filter failed.
    way.walk(place.flow[place.position...], entered: record.error.stage != .filter)
    for frame in record.continuation.reversed() {
      guard case .routes(let id, let after, _) = frame, let router = blueprint.module(id) else {
        continue
      }
      let order = router.routeOrder
      for route in order.firstIndex(of: after).map({ order[($0 + 1)...] }) ?? [] {
        way.walk(router.routes[route].flow[...])
      }
    }
    let ahead = way.modules
    let willRun = ahead.map(\.id)
    self.init(
      input: input, problems: problems, willRun: willRun,
      notRepeated: record.visits.filter { $0.emitted > 0 && !willRun.contains($0.module) }
        .map(\.module),
      filters: way.filters,
      effects: ahead.compactMap { ahead in
        guard let implementation = runner.modules[ahead.type] else { return nil }
        let isFirst = ahead.id == module.id
        // Later modules may be mapped from what has not run yet; what tells their effect, such as a
        // method, hardly ever is.
        let mapped = isFirst ? input : try? Operation.map(ahead, in: scope)
        let effect =
          ahead.declaredEffect ?? mapped.map(implementation.effect)
          ?? implementation.descriptor.effect
        guard effect != .pure, effect != .read else { return nil }
        return Effect(
          module: ahead.id, effect: effect,
          mayHaveHappened: isFirst && record.error.stage == .inDoubt)
      })
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
  let known: Set<ModuleID>
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
      for route in module.routes where !route.isDisabled { walk(route.flow[...]) }
      for branch in module.branches where !branch.isDisabled { walk(branch.flow[...]) }
    }
  }
}
