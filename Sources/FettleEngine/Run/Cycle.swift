import FettleCore

/// One pass through a scenario: the trigger's bundles, one at a time, depth first (semantics 6.2).
/// A retry is the same walk, entered at the failed module of a record.
///
/// It belongs to one task and holds everything it changes.
struct Cycle {
  let runner: ScenarioRunner
  let blueprint: Blueprint
  let plan: FlowPlan
  /// What is known of the scenario beside its blueprint.
  let state: ScenarioState
  /// The record that is being retried; nil in an ordinary run.
  let retried: IncompleteExecution?
  var execution: ExecutionSummary
  var variables: Variables
  var journal: RunJournal
  /// Changes of data stores that wait for the commit of the cycle.
  var uncommitted: [DataChange] = []
  var frames: [LiveFrame] = []
  /// How full the archives are that aggregators fill.
  var fillings: [ModuleID: ArchiveFilling] = [:]
  var visits: [ModuleID: ModuleVisit] = [:]
  /// In a retry: the records of failures at other places, stored together with its outcome.
  var continuations: [IncompleteExecution] = []
  /// In a retry: how the failed module failed again.
  var failedAgain: FailedAgain?
  /// In a retry: what is left of a suspended aggregation that failed again at a later operation.
  var rest: IncompleteExecution?
  /// In a retry: how many of the frames, from the outermost on, are those the record owed.
  var framesOfRecord = 0
  /// How many records had been stored when the cycle began.
  private var storedBefore = 0
  /// How many bundles had been given up then.
  private var lostBefore = 0
  /// Why bundles were given up, in order. They are told of with the end of the run only: until then
  /// it may turn out that nothing is lost.
  var losses: [String] = []
  /// Whether the trigger of the cycle gives its bundles again when the cycle is given up: how far it
  /// has read waits for the commit.
  private var isDeliveredAgain = false
  /// In a retry: whether the bundle it begins with is still to get beyond the failed module, also where
  /// that is no operation: an aggregator, an if-else, a filter.
  var isAtStart = false
  /// In the take-over of a retry, or in one that was stopped: whether it had not got beyond the failed
  /// module.
  var wasInterruptedAtStart = false
  /// Whether that is because somebody stopped it.
  var wasStopped = false
  /// Takes what the scenario answers the sender of its event.
  var answer: (@Sendable (HookAnswer) -> Void)?
  /// The executions that wait for this one, the outermost first.
  let callers: [Caller]
  /// What calls scenarios for its modules.
  private let calls: ScenarioCalls
  /// What expressions see whatever the bundle is.
  private let surroundings: Scope

  /// How the module a retry begins with failed again.
  struct FailedAgain {
    let error: ModuleError
    /// What it was given this time; nil when it did not come to that.
    var input: Value?
    /// The plan of the Break directive that took the failure.
    var schedule: RetrySchedule?
  }

  init(
    runner: ScenarioRunner, blueprint: Blueprint, execution: ExecutionSummary,
    state: ScenarioState, journal: RunJournal, retried: IncompleteExecution? = nil,
    callers: [Caller] = [], generation: Int = 0
  ) {
    self.runner = runner
    self.callers = callers
    calls = ScenarioCalls(
      runner: runner,
      callers: callers + [Caller(execution: execution.id, scenario: execution.scenario)],
      generation: generation)
    self.blueprint = blueprint
    plan = runner.plans.plan(of: blueprint, modules: runner.modules)
    self.state = state
    self.execution = execution
    self.journal = journal
    self.retried = retried
    variables = retried?.currentVariables ?? Variables()
    surroundings = Scope(
      now: execution.started,
      variables: [
        "scenario": [
          "id": .integer(execution.scenario.number), "name": .text(blueprint.name),
          "executionId": .text(execution.id),
        ]
      ],
      timeZone: state.timeZone ?? runner.timeZone, executionID: execution.id,
      scenarioID: execution.scenario.description, scenarioName: blueprint.name,
      triggerTimestamp: execution.started,
      random: { [chance = journal.chance] in chance.random() },
      uuid: { [chance = journal.chance] in chance.uuid() })
  }

  /// Runs from the first module.
  mutating func run(given: [Bundle]?) async throws(StoreError) {
    guard let first = blueprint.flow.first else {
      return fail(
        ModuleError(.invalidConfiguration, "the scenario has no modules"), of: nil)
    }
    do throws(Initialization.Failure) {
      if journal.isOfRun { try await initialization.open(blueprint.allModules) }
    } catch { return refuse(error) }
    let isTrigger = runner.modules.descriptor(of: first.type).map { $0.kind == .trigger } ?? true
    var given = given
    if plan.readsInputs {
      let zone = state.timeZone ?? runner.timeZone
      if blueprint.startsWithInputs {
        given = given?.map { blueprint.inputs($0, timeZone: zone) }
      }
      // Of several bundles the first.
      variables.execution[ScenarioInputs.name] = .collection(
        blueprint.inputs(given?.first ?? [:], timeZone: zone))
    }
    // Bundles that are given are one event; a trigger that looks for itself is asked again while it
    // finds something; without a trigger the number of cycles is the number (semantics 6.8).
    let isEvent = given != nil && isTrigger
    let isSingle =
      isEvent || execution.origin == .manual && !runner.profile.runsAllCyclesByHand
    for _ in 0..<(isSingle ? 1 : max(1, blueprint.settings.roundtrips)) {
      variables.cycle = [:]
      storedBefore = execution.stored.count
      lostBefore = losses.count
      isDeliveredAgain = false
      let emittedBefore = visits[first.id]?.emitted ?? 0
      let passage: Passage
      if let given, isTrigger {
        // The bundles stand in for what the trigger would have received.
        execution.operations += 1
        passage = try await send(
          given, of: first, in: blueprint.flow, at: 0, sight: VisibleBundles())
      } else {
        passage = try await process(blueprint.flow, at: 0, sight: VisibleBundles())
      }
      guard try await endCycle(passage) else { return }
      if isTrigger, visits[first.id]?.emitted ?? 0 == emittedBefore { return }
    }
  }

  var initialization: Initialization {
    Initialization(connections: runner.connections, plan: plan)
  }

  /// Ends the run before its first operation: nothing is stored, whatever the type (semantics 2.1.6).
  private mutating func refuse(_ failure: Initialization.Failure) {
    fail(failure.error, of: failure.module.id)
    var situation = FailureSituation(failure.error.type)
    situation.storingAllowed = false
    if case .rollBack(let consequence) = situation.decision { execution.consequence = consequence }
  }

  /// Commits a cycle, or rolls it back.
  /// - Returns: whether another one may follow.
  private mutating func endCycle(_ passage: Passage) async throws(StoreError) -> Bool {
    settle(passage)
    switch passage {
    case .stop(.rollBack):
      rollBack()
      return false
    case .stop:
      try await commit()
      return false
    default:
      try await commit()
      return execution.error == nil
    }
  }

  /// Carries out what the cycle did to data stores.
  mutating func commit() async throws(StoreError) {
    guard !uncommitted.isEmpty else { return }
    switch journal.recordedCycleEnd() {
    case .committed: uncommitted = []
    case .rolledBack: inconsistent("another execution wrote the same key of a data store")
    default:
      do throws(StoreError) {
        try await journal.commit(uncommitted)
        uncommitted = []
      } catch {
        guard error.isConflict else { throw error }
        inconsistent("\(error)")
        journal.rollBack()
      }
    }
  }

  /// A commit that fails stops the run at once; what was committed before stays (semantics 6.1).
  private mutating func inconsistent(_ what: String) {
    fail(
      ModuleError(
        .inconsistency,
        "the changes of the cycle could not be committed: \(what); nothing of them "
          + "was kept"), of: nil)
    execution.consequence = .countError
    noteUndoneRecords()
    uncommitted = []
  }

  /// Gives up what the cycle did to data stores.
  mutating func rollBack() {
    guard !uncommitted.isEmpty else { return }
    noteUndoneRecords()
    uncommitted = []
    if journal.recordedCycleEnd() == nil { journal.rollBack() }
  }

  /// What becomes of the records of a cycle that is rolled back (semantics 7.5): those whose bundles
  /// the trigger gives again are withdrawn; the others stay, and it is said that earlier steps are
  /// undone.
  private mutating func noteUndoneRecords() {
    if isDeliveredAgain { losses.removeLast(losses.count - lostBefore) }
    let stored = execution.stored.dropFirst(storedBefore)
    guard !stored.isEmpty else { return }
    let names = stored.map(\.short).joined(separator: ", ")
    if isDeliveredAgain {
      execution.withdrawn += stored
      execution.warnings.append(
        "\(names) went into the bin: the cycle is rolled back, and the trigger gives their bundles again"
      )
    } else {
      execution.undone += stored
      execution.warnings.append(
        "what was written to data stores for \(names) before "
          + "they were stored is rolled back; let them go on at the first module that writes there")
    }
  }

  /// Notes how the walk ended.
  mutating func settle(_ passage: Passage) {
    guard case .stop(.rollBack(let consequence)) = passage else { return }
    execution.consequence = consequence
    raise(to: consequence == .warnAndBackOff ? .warning : .error)
  }

  /// The execution, ended.
  func closed() -> ExecutionSummary {
    var summary = execution
    summary.ended = runner.clock.now()
    summary.status = max(summary.status, retried == nil ? .success : statusOfRetry)
    // What the history and the log tell of a confidential scenario holds nothing of its data.
    if journal.opening.isConfidential { summary.error = summary.error?.withheld }
    // What a run gives up has nobody else: its event is processed again, from the start (semantics
    // 3.4, 5.5).
    summary.returnsEvent = summary.origin == .instant && summary.error != nil
    if summary.returnsEvent {
      summary.withdrawn = summary.stored
      summary.undone = []
    } else {
      summary.lost = losses.count
      summary.lossReason = losses.last ?? ""
      summary.warnings += losses.map {
        "a bundle was lost, as \"Enable data loss\" is on: it could not be stored, \($0)"
      }
    }
    return summary
  }

  /// A retry whose record stays open, or goes on in another one, did not succeed (semantics 5.4).
  private var statusOfRetry: ExecutionStatus {
    switch outcome {
    case .resolved: .success
    case .failed(let error): error.type.row.stored == .fail ? .error : .warning
    case .failedElsewhere, .interrupted: .warning
    }
  }

  /// Whether nothing of the scenario may be stored, whatever happens to it.
  var storesNothing: Bool {
    journal.opening.isConfidential && runner.confidentiality == .strict && retried == nil
  }

  /// Whether failures may become incomplete executions. Those of a retry do in any case: their bundle
  /// has a record already.
  var storesFailures: Bool {
    retried != nil || blueprint.settings.storesIncompleteExecutions && !storesNothing
  }

  /// When a failure of a type that retries by itself is tried again.
  var retrySchedule: RetrySchedule { state.retries ?? runner.retrySchedule }

  mutating func raise(to status: ExecutionStatus) {
    execution.status = max(execution.status, status)
  }

  /// Ends the run with a failure that nothing can be stored for.
  mutating func fail(_ error: ModuleError, of module: ModuleID?) {
    execution.error = error
    execution.failedModule = module
    raise(to: .error)
  }

  /// A Break directive with automatic completion took a failure (semantics 4.4.6).
  mutating func noteBreakFailure() {
    execution.breakFailures = (execution.breakFailures + [journal.now])
      .suffix(ScenarioState.stormFailures)
  }

  /// A bundle of the trigger went through. What failed before it counts only where that alone
  /// switches the scenario off.
  private mutating func noteSuccess() {
    guard execution.breakFailures.count < ScenarioState.stormFailures else { return }
    execution.breakFailures = []
    execution.hadSuccess = true
  }

  // MARK: The walk

  /// Takes one bundle through the rest of a flow.
  /// - Parameter entered: whether the filter of the first module was passed already.
  mutating func process(
    _ flow: [ModuleNode], at position: Int, sight: VisibleBundles, entered: Bool = false
  ) async throws(StoreError) -> Passage {
    guard position < flow.count else { return try await ended(flow, sight: sight) }
    let module = flow[position]
    guard let station = plan.station(of: module.id) else { return .completed }
    if case .placeholder = station.part { return .completed }
    if !entered {
      switch try await passesFilter(of: module, sight: sight) {
      case .passes: break
      case .filteredOut: return .completed
      case .failed(let error):
        return try await failed(error, input: .null, in: flow, at: position, sight: sight)
      }
    }
    switch station.part {
    case .placeholder: return .completed
    case .aggregator(let aggregator):
      return try await aggregate(by: aggregator, in: flow, at: position, sight: sight)
    case .ifElse(let merge):
      return try await choose(module, before: merge, in: flow, at: position, sight: sight)
    case .merge(let merge): return try await enter(merge, sight: sight)
    case .router: return try await route(through: module, sight: sight)
    case .directive(let directive):
      return try await reach(directive, in: flow, at: position, sight: sight)
    case .operation, .returning, .naming: break
    }
    if isOutOfTime, !station.isInsideHandler {
      return try await outOfTime(in: flow, at: position, sight: sight)
    }
    if journal.isOfRun, !station.isInsideHandler, let author = stopAskedBy {
      return try await stopped(by: author, in: flow, at: position, sight: sight)
    }
    // What somebody waits for is part of an operation that runs now.
    if runner.brake.isPulled, callers.isEmpty, journal.isOfRun, !station.isInsideHandler {
      return try await interrupted(sending: nil, in: flow, at: position, sight: sight)
    }
    switch try await operate(station, sight: sight) {
    case .emitted(let output, _):
      isAtStart = false
      output.assignments.forEach { variables.assign($0) }
      switch station.part {
      case .returning: return giveBack(output.bundles.first ?? [:])
      case .naming:
        execution.name =
          output.bundles.first?["name"]?.text.map(NameExecution.line) ?? execution.name
      default: break
      }
      return try await send(output.bundles, of: module, in: flow, at: position, sight: sight)
    case .failed(let error, let input):
      return try await failed(error, input: input, in: flow, at: position, sight: sight)
    case .interrupted(let sending):
      return try await interrupted(sending: sending, in: flow, at: position, sight: sight)
    case .interruptedCall(let execution, let input):
      return try await interrupted(
        calling: execution, input: input, in: flow, at: position, sight: sight)
    }
  }

  /// The scenario gives something back, which ends the run, as a Commit directive does.
  private mutating func giveBack(_ outputs: Collection) -> Passage {
    execution.returned = outputs
    // That a search ends with what it looked for is meant; that bundles of the trigger are left out is
    // not seen anywhere else.
    if case .bundles(let module, let left)? = frames.first, module == blueprint.flow.first?.id,
      !left.isEmpty
    {
      execution.warnings.append(
        "outputs were returned, which ends the run: \(left.count) more "
          + "bundle\(left.count == 1 ? "" : "s") of module \(module) "
          + "\(left.count == 1 ? "was" : "were") not processed")
      raise(to: .warning)
    }
    return .stop(.commit)
  }

  /// The scenario gives back what stands in for the output of a module that would have done so.
  mutating func giveBack(
    _ outputs: Collection, insteadOf module: ModuleNode
  ) async throws(StoreError) -> Passage {
    if journal.isReplaying {
      _ = journal.recorded(of: module.id)
    } else {
      // Whoever called the scenario finds it in the journal.
      try await journal.end(
        module.id, .finished(input: .null, output: OperationOutput([outputs])))
    }
    return giveBack(outputs)
  }

  private mutating func operate(
    _ station: Station, sight: VisibleBundles
  ) async throws(StoreError) -> Operation.Result {
    let module = station.module
    guard let implementation = station.implementation, let descriptor = station.descriptor else {
      return .failed(
        ModuleError(
          .invalidConfiguration,
          "Fettle cannot run \(module.type); module \(module.id) \"\(module.title)\" needs it"),
        input: .null)
    }
    var result: Operation.Result
    // What it is before the walk takes the next entry.
    let called = module.type == CallSubscenario.descriptor.type ? journal.callIdentity : nil
    switch journal.recorded(of: module.id) {
    case .interrupted(let sending):
      guard let called, let sending else { return .interrupted(sending: sending) }
      result = try await interruptedCall(of: called, by: module, sending: sending)
    case .done(let step):
      result = Operation.Result(step)
      if case .finished(_, let output) = step, !commitsAtOnce(implementation) {
        keepForCommit(output, of: descriptor)
      }
    case .nothing:
      let operation = Operation(
        module: module, implementation: implementation, descriptor: descriptor,
        context: OperationContext(
          module: module, variables: variables, clock: runner.clock,
          dataStores: DataStoreView(runner.dataStores, uncommitted: uncommitted),
          scenario: execution.scenario, calls: called.map { calls(for: module, as: $0) }))
      result = try await perform(operation, sight: sight)
    }
    if case .emitted(let output, _) = result {
      // Failed operations are not counted (semantics 6.2.6).
      execution.operations += 1
      if let given = output.answer { answer?(given) }
      if !output.warnings.isEmpty {
        execution.warnings += output.warnings.map {
          "module \(module.id): "
            + (journal.opening.isConfidential ? "a warning; its text is not kept" : $0)
        }
        raise(to: .warning)
      }
    }
    return result
  }

  /// What calls scenarios for a module. Where a record waits at it, what was called then may have gone
  /// on since.
  private func calls(for module: ModuleNode, as identity: String) -> any ScenarioCalling {
    var calls = calls
    calls.identity = identity
    if isAtStart, let retried, retried.summary.failer == module.id { calls.resumed = retried }
    return calls
  }

  /// What is known of an operation that was calling a scenario when its worker died. Unlike with other
  /// services there is no doubt about it: what it called is in the same store, or was not begun.
  private func interruptedCall(
    of called: String, by module: ModuleNode, sending input: Value
  ) async throws(StoreError) -> Operation.Result {
    do throws(StoreError) { _ = try await runner.journal.execution(called) } catch {
      guard case .notFound = error else { throw error }
      return .interrupted(sending: nil)
    }
    guard CallSubscenario.waits(input.collection ?? [:], module) else {
      return .emitted(CallSubscenario.output(calling: called), input: input)
    }
    return .interruptedCall(called, input: input)
  }

  /// Whether what a module changes is carried out with its entry. A trigger's position waits for the
  /// end of the cycle in any case: it is committed last (`autoCommitTriggerLast`).
  private func commitsAtOnce(_ implementation: any Module) -> Bool {
    blueprint.settings.autoCommit && implementation.descriptor.kind != .trigger
  }

  private mutating func keepForCommit(_ output: OperationOutput, of descriptor: ModuleDescriptor) {
    uncommitted += output.changes
    if descriptor.kind == .trigger, !output.changes.isEmpty { isDeliveredAgain = true }
  }

  /// Performs an operation between the entries of the journal that say so.
  private mutating func perform(
    _ operation: Operation, sight: VisibleBundles
  ) async throws(StoreError) -> Operation.Result {
    let id = operation.module.id
    let input: Collection
    switch operation.prepared(in: scope(sight)) {
    case .failure(let refusal):
      try await journal.end(id, .failed(input: refusal.input, error: refusal.error))
      return .failed(refusal.error, input: refusal.input)
    case .success(let mapped): input = mapped
    }
    let shown = operation.shown(input)
    let effect = operation.effect(of: input)
    if effect == .effect || effect == .transactional {
      try await journal.begin(id, shown, effect)
    }
    for _ in 0..<Self.mostConflicts {
      let output: OperationOutput
      do throws(ModuleError) {
        output = try await operation.perform(input, within: runner.limits.operation)
      } catch {
        var error = error
        if error.statusCode == 500, error.type == .runtime {
          error.type = runner.internalServerError
        }
        guard effect == .read, let spared = withoutFile(error, of: operation) else {
          return try await note(error, of: id, given: shown)
        }
        output = spared
      }
      let commitsNow = commitsAtOnce(operation.implementation)
      do throws(StoreError) {
        try await journal.end(
          id, .finished(input: shown, output: output),
          changes: commitsNow ? output.changes : [])
        if !commitsNow { keepForCommit(output, of: operation.descriptor) }
        return .emitted(output, input: shown)
      } catch {
        switch error {
        case .duplicateKey:
          return try await note(
            ModuleError(.duplicateData, "\(error)", field: "key"), of: id,
            given: shown)
        // Nothing was written: done again, it works on what is there now.
        case .dataChanged: continue
        default: throw error
        }
      }
    }
    return try await note(
      ModuleError(
        .rateLimit,
        "other executions change the same record of the data store all the time; "
          + "\(Self.mostConflicts) attempts were made"), of: id, given: shown)
  }

  /// What a module emits that only reads, where the file it read is too large and data may be lost: a
  /// bundle without the file, and a warning (semantics 2.6.3). That a service does not take a file is a
  /// failure in any case.
  private func withoutFile(_ error: ModuleError, of operation: Operation) -> OperationOutput? {
    // A trigger would not get beyond the file.
    guard error.type == .maxFileSizeExceeded, error.statusCode == nil,
      blueprint.settings.dataLoss, operation.descriptor.kind != .trigger
    else { return nil }
    return OperationOutput(
      [[:]], warnings: ["its file was left out, as \"Enable data loss\" is on: \(error.message)"])
  }

  /// How often an operation is done again because another execution was quicker. Each time one of
  /// them gets through.
  private static let mostConflicts = 1000

  /// Notes that an operation failed.
  private mutating func note(
    _ error: ModuleError, of id: ModuleID, given input: Value
  ) async throws(StoreError) -> Operation.Result {
    try await journal.end(id, .failed(input: input, error: error))
    return .failed(error, input: input)
  }

  /// The bundles of one operation with their numbers, which those that wait in a record keep.
  private static func numbered(_ bundles: [Bundle]) -> [Bundle] {
    // A search that found nothing and goes on all the same has numbered its bundle itself.
    if bundles.count == 1, bundles[0]["__IMTLENGTH__"] == 0 { return bundles }
    return bundles.enumerated().map { index, bundle in
      var numbered = bundle
      numbered["__IMTINDEX__"] = .integer(index + 1)
      numbered["__IMTLENGTH__"] = .integer(bundles.count)
      return numbered
    }
  }

  /// Sends the bundles a module emitted on through the rest of its flow, one after the other.
  mutating func send(
    _ bundles: [Bundle], of module: ModuleNode, in flow: [ModuleNode], at position: Int,
    sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    visits[module.id, default: ModuleVisit(module: module.id)].emitted += bundles.count
    let station = plan.station(of: module.id)
    let aggregators = station?.aggregators ?? []
    // What emits several bundles splits whatever its kind is.
    let splits = bundles.count > 1 || station?.splits ?? true
    if !aggregators.isEmpty {
      frames.append(.aggregation(source: module.id, waiting: aggregators, items: []))
      for aggregator in aggregators { fillings[aggregator] = nil }
    }
    // What a record tells of other modules is what they did for its own bundle of the trigger.
    let visitsBefore = frames.isEmpty ? visits : nil
    let bundles = Self.numbered(bundles)
    for (index, bundle) in bundles.enumerated() {
      if let visitsBefore { visits = visitsBefore }
      if splits {
        frames.append(.bundles(module: module.id, remaining: bundles[(index + 1)...]))
      }
      let failures = execution.breakFailures.count
      let passage = try await process(
        flow, at: position + 1, sight: sight.adding(bundle, of: module.id))
      if splits { frames.removeLast() }
      if case .completed = passage, visitsBefore != nil, execution.breakFailures.count == failures {
        noteSuccess()
      }
      switch passage {
      case .completed: continue
      case .fellOut where splits, .dropped where splits: continue
      case .suspended(source: module.id):
        frames.removeLast()
        return .completed
      default:
        if !aggregators.isEmpty { frames.removeLast() }
        return passage
      }
    }
    guard case .aggregation(_, _, let items)? = aggregators.isEmpty ? nil : frames.popLast() else {
      return .completed
    }
    return try await emit(aggregators, of: module.id, items, sight: sight)
  }

  /// What an expression can see.
  func scope(_ sight: VisibleBundles) -> Scope {
    var scope = surroundings
    scope.bundles = sight
    scope.now = journal.now
    scope.operationsConsumed = execution.operations
    if plan.readsInputs, let inputs = variables.execution[ScenarioInputs.name] {
      scope.variables["input"] = inputs
    }
    return scope
  }

  // MARK: Filters

  enum FilterResult {
    case passes
    case filteredOut
    case failed(ModuleError)
  }

  /// Whether a bundle passes the filter of a module. Where it does not, the journal says why.
  mutating func passesFilter(
    of module: ModuleNode, sight: VisibleBundles
  ) async throws(StoreError) -> FilterResult {
    visits[module.id, default: ModuleVisit(module: module.id)].seen += 1
    if let filter = module.filter {
      let refusal: FilterRefusal?
      do throws(ExpressionError) { refusal = try filter.refusal(in: scope(sight)) } catch {
        // The failure of a filter is one of the module it guards (semantics 6.5.7).
        let name = filter.summary.map { " \"\($0)\"" } ?? ""
        return .failed(
          ModuleError(error.type, "the filter\(name) failed: \(error)", stage: .filter))
      }
      if let refusal {
        try await stopped(module, by: refusal)
        return .filteredOut
      }
    }
    visits[module.id]?.passed += 1
    return .passes
  }

  /// A filter stopped a bundle before a module.
  mutating func stopped(
    _ module: ModuleNode, by refusal: FilterRefusal
  ) async throws(StoreError) {
    execution.filtered += 1
    isAtStart = false
    try await journal.filteredOut(module.id, refusal)
  }
}
