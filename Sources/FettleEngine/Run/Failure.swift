import FettleCore

extension Cycle {
  /// What follows when a module failed for a bundle: a handler in reach, or the default.
  mutating func failed(
    _ error: ModuleError, input: Value, in flow: [ModuleNode], at position: Int,
    sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    let module = flow[position]
    visits[module.id, default: ModuleVisit(module: module.id)].failed += 1
    let failure = Failure(
      module: module, error: error, input: input, sight: sight, flow: flow, position: position)
    for handler in HandlerSearch.handlers(
      inReachOf: module.id, in: blueprint, profile: runner.profile)
    {
      guard accepts(handler, failure) else { continue }
      return try await handle(failure, by: handler)
    }
    // A failure while a failure is handled ends the run, whose bundles are processed again from the start
    // (semantics 3.1). Those of a retry are not: its record goes on where it failed, as behind any other
    // module (semantics 1.5.5), so that what the route did before is not done again.
    if retried == nil, isInsideHandler(module.id) { return stop(.countError, because: failure) }
    return try await handleByDefault(failure)
  }

  /// One failed operation and what was known when it failed.
  struct Failure {
    let module: ModuleNode
    let error: ModuleError
    let input: Value
    let sight: VisibleBundles
    let flow: [ModuleNode]
    let position: Int

    /// What a handler route sees: everything the module saw, and the error under its number.
    var handlerSight: VisibleBundles { sight.adding(["error": error.value], of: module.id) }
  }

  func isInsideHandler(_ id: ModuleID) -> Bool {
    plan.station(of: id)?.isInsideHandler ?? false
  }

  /// Whether the filter on a handler route lets the failure in; without, it is as if there were no
  /// handler (semantics 3.2).
  private func accepts(_ handler: HandlerSearch.Found, _ failure: Failure) -> Bool {
    guard let filter = handler.flow.first?.filter else { return true }
    // A filter that fails cannot be said to have passed; the search goes on outwards.
    return (try? filter.passes(in: scope(failure.handlerSight))) ?? false
  }

  // MARK: Default handling

  private mutating func handleByDefault(_ failure: Failure) async throws(StoreError) -> Passage {
    if let retried, failsAgain(retried, failure) {
      failedAgain = FailedAgain(error: failure.error, input: failure.input)
      return .stop(.failedAgain)
    }
    var situation = FailureSituation(failure.error.type)
    situation.isFirstModule = retried == nil && failure.module.id == blueprint.flow.first?.id
    situation.storingAllowed = storesFailures
    situation.sequential = blueprint.settings.sequential
    situation.dataLossAllowed = blueprint.settings.dataLoss
    situation.profile = runner.profile
    situation.treatsDuplicatesAsData = runner.treatsDuplicatesAsData
    var decision = situation.decision
    // A bundle that came from a record is never lost by retrying it (semantics 5.4).
    if retried != nil, case .rollBack = decision {
      decision = .store(autoRetry: false, thenStopRun: false)
    }
    switch decision {
    case .rollBack(let consequence): return stop(consequence, because: failure)
    case .dropBundle: return lose("the store has no room for incomplete executions")
    case .store(let autoRetry, let thenStopRun):
      let schedule = autoRetry ? retrySchedule : RetrySchedule(pauses: [])
      raise(to: .warning)
      let suspended = suspendedAggregation(by: failure)
      do {
        let owed = thenStopRun ? frames[...] : frames[(suspended?.frame ?? ownFrames)...]
        // A second failure of an aggregation that waits already stays with its record.
        let isRest = rest == nil && suspended.map { $0.frame < framesOfRecord } ?? false
        try await store(failure, schedule: schedule, owed: owed.compactMap(\.owed), isRest: isRest)
      } catch .full(let reason) { return withoutRoom(reason, for: failure) }
      if failure.error.type.row.stopsRun { execution.needsPerson = failure.error.type }
      if thenStopRun { return .stop(.afterStoring) }
      return suspended.map { .suspended(source: $0.source) } ?? .fellOut
    }
  }

  /// The store has no room for a failing bundle: it is given up where data loss is allowed, otherwise
  /// the run ends and the scenario pauses (semantics 3.4, rows 9 and 10).
  private mutating func withoutRoom(_ reason: String, for failure: Failure) -> Passage {
    if blueprint.settings.dataLoss { return lose(reason) }
    execution.warnings.append("a bundle could not be stored: \(reason)")
    raise(to: .warning)
    execution.storeWasFull = true
    return stop(.pauseScenario, because: failure)
  }

  /// Gives the bundle up, and counts it.
  private mutating func lose(_ reason: String) -> Passage {
    losses.append(reason)
    raise(to: .warning)
    return .fellOut
  }

  /// Whether the operation that failed is the one the retry began with.
  func isStart(of record: IncompleteExecution, _ failure: Failure) -> Bool {
    isAtStart && failure.module.id == record.summary.failer
  }

  /// Whether the failure is the one the record stands for. A record of a run that was cut short had
  /// no failure yet: its module fails for the first time, and the bundles that wait behind it go on,
  /// as they would have in the run.
  private func failsAgain(_ record: IncompleteExecution, _ failure: Failure) -> Bool {
    guard isStart(of: record, failure) else { return false }
    return !record.error.stage.isCutShort
      || !record.continuation.contains { frame in
        if case .bundles(_, let remaining) = frame { !remaining.isEmpty } else { false }
      }
  }

  mutating func stop(
    _ consequence: FailureDecision.Consequence, because failure: Failure
  ) -> Passage {
    execution.error = failure.error
    execution.failedModule = failure.module.id
    return .stop(.rollBack(consequence))
  }

  // MARK: Handlers

  private mutating func handle(
    _ failure: Failure, by handler: HandlerSearch.Found
  ) async throws(StoreError) -> Passage {
    // However far the handler gets, the bundle is still where it failed.
    let wasAtStart = isAtStart
    let passage = try await process(
      handler.flow, at: 0, sight: failure.handlerSight, entered: true)
    isAtStart = wasAtStart
    return try await conclude(passage, of: failure, by: handler)
  }

  /// What follows from the way a handler route ended.
  mutating func conclude(
    _ passage: Passage, of failure: Failure, by handler: HandlerSearch.Found
  ) async throws(StoreError) -> Passage {
    let directive: Directive
    let mapper: Collection
    switch passage {
    case .reached(let reached, let mapped): (directive, mapper) = (reached, mapped)
    // The bundle left the run inside the route, with all that is left of it.
    case .fellOut, .suspended, .stop:
      isAtStart = false
      return passage
    // A route that ends without a directive ignores the failure (semantics 3.3.4).
    case .completed, .dropped: (directive, mapper) = (.ignore, [:])
    }
    // With Break the bundle stays where it is; anything else ends its wait there.
    if directive != .breakOff, failure.module.id == retried?.summary.failer { isAtStart = false }
    switch directive {
    case .ignore: return dropped(failure, by: handler)
    case .resume:
      if failure.module.type == ModuleNode.returnType {
        return try await giveBack(mapper, insteadOf: failure.module)
      }
      return try await send(
        [mapper], of: failure.module, in: failure.flow, at: failure.position, sight: failure.sight)
    case .commit: return .stop(.commit)
    case .rollback: return stop(.countError, because: failure)
    case .breakOff: return try await breakOff(failure, BreakSettings(mapper, runner.profile))
    }
  }

  private func dropped(_ failure: Failure, by handler: HandlerSearch.Found) -> Passage {
    // A handler of the module ends its flow only (D13); one of a router skips its later routes.
    handler.owner.id == failure.module.id ? .completed : .dropped(by: handler.owner.id)
  }

  private mutating func breakOff(
    _ failure: Failure, _ settings: BreakSettings
  ) async throws(StoreError) -> Passage {
    if !settings.schedule.pauses.isEmpty { noteBreakFailure() }
    // Of a run that was cut short it is the first failure: the attempts of the directive begin with it.
    if let retried, failsAgain(retried, failure), !retried.error.stage.isCutShort {
      failedAgain = FailedAgain(
        error: failure.error, input: failure.input, schedule: settings.schedule)
      return .stop(.failedAgain)
    }
    guard storesFailures else {
      return try await handleByDefault(failure)  // D16
    }
    if settings.schedule.pauses.isEmpty || !runner.profile.breakWithRetryIsSuccess {  // D9
      raise(to: .warning)
    }
    // The aggregate is made without the bundle; later it makes one of its own (semantics 7.4).
    let alone = openAggregations(missing: failure, together: false).map {
      OwedFrame.aggregation(source: $0.source, waiting: $0.missing, items: [])
    }
    do {
      try await store(
        failure, schedule: settings.schedule, owed: alone + frames[ownFrames...].compactMap(\.owed))
    } catch .full(let reason) { return withoutRoom(reason, for: failure) }
    return .fellOut
  }

  // MARK: What leaves the run with a bundle

  /// Where the frames begin that belong to the failing bundle alone: below the point where bundles
  /// split. What lies above it is still the run's (semantics 7.2).
  var ownFrames: Int { (frames.lastIndex { $0.splits } ?? -1) + 1 }

  /// An aggregation in progress that would miss a bundle.
  struct OpenAggregation {
    let frame: Int
    let source: ModuleID
    let missing: [ModuleID]
  }

  /// The outermost aggregation that would be made with a hole if the bundle left the run alone.
  private func suspendedAggregation(by failure: Failure) -> OpenAggregation? {
    openAggregations(missing: failure, together: true).first
  }

  /// The aggregations in progress that wait for the failing bundle, outermost first.
  /// - Parameter together: whether an aggregation leaves the run as a whole, with what its aggregators
  ///   lead to and the bundles that come after this one: those around it wait for that too.
  private func openAggregations(missing failure: Failure, together: Bool) -> [OpenAggregation] {
    var ahead = Set(modulesAhead(in: failure.flow, at: failure.position))
    // Behind a handler route the bundle may go on where it failed.
    for step in blueprint.path(to: failure.module.id) ?? [] where step.exit == .handler {
      ahead.formUnion(modulesAhead(in: step.flow, at: step.position))
    }
    var open: [OpenAggregation] = []
    // What leaves the run only where something around it does: all beyond the place where bundles split.
    var around: Set<ModuleID> = []
    var isOwn = true
    for (index, frame) in frames.enumerated().reversed() {
      switch frame {
      case .handler, .hidden: continue
      case .route(let router, let route, _):
        let later = router.routeOrder.drop { $0 != route }.dropFirst().flatMap {
          modulesAhead(in: router.routes[$0].flow, at: 0)
        }
        if isOwn { ahead.formUnion(later) } else { around.formUnion(later) }
      case .bundles(let source, let remaining):
        isOwn = false
        if !remaining.isEmpty { around.formUnion(modulesBehind(source)) }
      case .aggregation(let source, let waiting, _):
        isOwn = false
        let missing = waiting.filter(ahead.contains)
        around.formUnion(waiting.flatMap(modulesBehind))
        guard !missing.isEmpty else { continue }
        open.insert(OpenAggregation(frame: index, source: source, missing: missing), at: 0)
        if together { ahead.formUnion(around) }
      }
    }
    return open
  }

  /// The modules that what a module emits may come to.
  private func modulesBehind(_ id: ModuleID) -> [ModuleID] {
    plan.station(of: id).map { modulesAhead(in: $0.flow, at: $0.position + 1) } ?? []
  }

  /// The modules a bundle may still come to in its flow, and behind the merge of its branch.
  private func modulesAhead(in flow: [ModuleNode], at position: Int) -> [ModuleID] {
    var ids = flow[position...].flatMap(\.withDescendants).map(\.id)
    if let end = plan.end(of: flow) {
      ids += modulesAhead(in: end.merge.flow, at: end.merge.position)
    }
    return ids
  }

  /// A directive stands where the walk came to.
  mutating func reach(
    _ directive: Directive, in flow: [ModuleNode], at position: Int, sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    let module = flow[position]
    guard isInsideHandler(module.id) else {
      return try await failed(
        ModuleError(
          .invalidConfiguration, "\(module.type) stands outside an error handler route"),
        input: .null, in: flow, at: position, sight: sight)
    }
    do {
      return .reached(directive, mapper: try Operation.map(module, in: scope(sight)))
    } catch {
      return try await failed(error, input: .null, in: flow, at: position, sight: sight)
    }
  }
}

/// The settings of a Break directive. Numbers come as numbers and as texts (semantics 4.4).
struct BreakSettings {
  let schedule: RetrySchedule

  /// The longest interval the editor of Make takes, in minutes: 31 days.
  private static let longestInterval = 44_640.0

  init(_ mapper: Collection, _ profile: Profile) {
    let isOn = mapper["retry"].flatMap(Coercion.boolean) ?? false
    let count = mapper["count"].flatMap(Coercion.number)?.integer ?? 3
    let minutes = mapper["interval"].flatMap(Coercion.number)?.double ?? 15
    let seconds = Int(min(max(minutes, 0), Self.longestInterval) * 60)
    if !isOn {
      schedule = RetrySchedule(pauses: [])
    } else if profile.breakPausesGrow {
      schedule = .growing(attempts: count, interval: seconds)
    } else {
      schedule = .steady(attempts: count, interval: seconds)
    }
  }
}

extension ModuleError.Stage {
  /// Whether no module failed: the run ended before one was done.
  fileprivate var isCutShort: Bool { self == .notBegun || self == .inDoubt }
}
