public import FettleCore

/// What a resume of a record would do: what the failed module would be given, what does not fit,
/// and what runs. Computed; nothing is run.
public struct ResumeCheck: Sendable, Hashable {
  /// What the failed module would be given; nil when its mapping fails.
  public let input: Collection?
  /// Why it would fail before anything is sent: expressions that fail, fields that do not fit.
  public let problems: [Problem]
  /// The modules that would run if nothing fails: the failed one, what follows it, and the later
  /// routes that are owed. Filters are not considered.
  public let willRun: [ModuleID]
  /// The modules that ran before and would not run again.
  public let notRepeated: [ModuleID]

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
    input: Collection?, problems: [Problem], willRun: [ModuleID], notRepeated: [ModuleID]
  ) {
    self.input = input
    self.problems = problems
    self.willRun = willRun
    self.notRepeated = notRepeated
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
      runner: runner, blueprint: blueprint, execution: execution,
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
      let mapped = try Operation.map(module, in: cycle.scope(Sight(bundles)))
      input = mapped
      if let descriptor = runner.modules.descriptor(of: module.type) {
        problems = descriptor.fitted(mapped).misfits.map {
          Problem(field: $0.field.name, message: $0.message)
        }
      } else {
        problems.append(Problem(field: nil, message: "Fettle cannot run \(module.type)"))
      }
    } catch {
      problems.append(Problem(field: error.field, message: error.message))
    }
    let owed = record.continuation.reversed().flatMap { frame -> [ModuleNode] in
      guard case .routes(let id, let after, _) = frame, let router = blueprint.module(id) else {
        return []
      }
      let order = router.routeOrder
      let later = order.firstIndex(of: after).map { order[($0 + 1)...] } ?? []
      return later.flatMap { router.routes[$0].flow }
    }
    let willRun = (place.flow[place.position...] + owed).flatMap(\.withRoutes).map(\.id)
    self.init(
      input: input, problems: problems, willRun: willRun,
      notRepeated: record.visits.filter { $0.emitted > 0 && !willRun.contains($0.module) }
        .map(\.module))
  }
}

extension ModuleNode {
  /// This module and every module in its routes and branches, but no handlers.
  fileprivate var withRoutes: [ModuleNode] {
    [self] + routes.flatMap { $0.isDisabled ? [] : $0.flow.flatMap(\.withRoutes) }
      + branches.flatMap { $0.isDisabled ? [] : $0.flow.flatMap(\.withRoutes) }
  }
}
