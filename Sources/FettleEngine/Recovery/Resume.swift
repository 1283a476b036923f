import FettleCore

/// Runs a record on from its failed module, through the same walk that ran it first.
struct Resume {
  let runner: ScenarioRunner
  let store: any IncompleteStore
  let author: String

  /// Claims the record, runs what it owes, and notes the outcome.
  /// - Parameter substitute: the output of the failed module, given by the operator; the module is
  ///   not run then (semantics 7.3.11).
  func run(
    _ former: IncompleteExecution, version: Int?, trigger: AttemptTrigger,
    substitute: Bundle? = nil
  ) async throws(StoreError) -> ResumeReport {
    let id = former.id
    let started = runner.clock.now()
    var opening = runner.opening(
      ExecutionSummary(
        id: runner.clock.uuid(), scenario: former.summary.scenarioID, retryOf: id,
        started: started),
      of: former.blueprint, given: substitute.map { [$0] })
    if former.summary.seal != .open { opening.isConfidential = true }
    let claim = RecordChange(
      .claimed, lease: started.advanced(bySeconds: runner.leaseSeconds), trigger: trigger,
      reason: substitute.map { Self.words(for: $0, isWithheld: former.summary.seal != .open) },
      author: author, date: started)
    // Refused before anything is written when the state does not allow it. That comes first: it says more
    // than that something was changed.
    let record = try after(claim, former)
    // The version is that of the record in hand, so what was read is what is claimed.
    let version = version ?? former.summary.version
    guard version == former.summary.version else {
      throw .changedMeanwhile(currentVersion: former.summary.version)
    }
    let state = try await runner.journal.open(
      opening, claiming: RecordMove(id, version: version, claim))
    return try await runner.keepingLease(of: opening.execution.id) {
      () throws(StoreError) in
      var cycle = Cycle(
        runner: runner, blueprint: record.blueprint, execution: opening.execution,
        state: state, journal: RunJournal(opening, of: runner), retried: record)
      // Should the outcome not be kept, the journal says what became of the record, and the take-over
      // reads it. Who asked is not told that nothing was run.
      do throws(StoreError) {
        return try await walk(
          &cycle, record, former: former.summary, trigger: trigger, substitute: substitute)
      } catch {
        if case .takenOver = error { throw error }
        throw .outcomeUnknown(id, error)
      }
    }
  }

  /// What the audit says of an output that an operator gave: nothing else tells that the module did
  /// not make it.
  private static func words(for output: Bundle, isWithheld: Bool) -> String {
    guard !isWithheld else { return "its output was given" }
    let text = JSONWriter.text(.collection(output))
    return "its output was given: " + text.prefix(2000) + (text.count > 2000 ? "…" : "")
  }

  /// Walks what a claimed record owes, and notes the outcome.
  func walk(
    _ cycle: inout Cycle, _ record: IncompleteExecution, former: IncompleteSummary,
    trigger: AttemptTrigger, substitute: Bundle?
  ) async throws(StoreError) -> ResumeReport {
    try await cycle.resume(record, substitute: substitute)
    // A retry is one cycle (semantics 7.3.6). One that is given up is undone as a whole.
    if cycle.isGivenUp { cycle.rollBack() } else { try await cycle.commit() }
    let summary = cycle.closed()
    let ended = runner.clock.now()
    let outcome = cycle.outcome
    let change = self.change(
      after: outcome, of: cycle, former: former, trigger: trigger,
      attempt: Attempt(
        number: former.attempts + 1, trigger: trigger, executionID: summary.id,
        started: summary.started, ended: ended, outcome: outcome))
    // What the attempt did, what became of the record and what that means for its scenario are on disk
    // together. What a person started counts for nothing but good: what resolves the record ends the errors
    // in a row (semantics 5.4).
    let noting: (@Sendable (inout ScenarioState) -> Void)?
    if trigger == .auto {
      noting = runner.change(
        afterRetry: summary, of: record.blueprint, isResolved: outcome == .resolved)
    } else if outcome == .resolved, cycle.state.consecutiveErrors > 0 {
      noting = { $0.consecutiveErrors = 0 }
    } else {
      noting = nil
    }
    try await cycle.journal.close(
      summary, outcome: RecordMove(record.id, version: nil, change), noting: noting)
    return ResumeReport(
      record: try after(change, record), outcome: outcome, execution: summary,
      milliseconds: Int(ended.milliseconds - summary.started.milliseconds))
  }

  private func after(
    _ change: RecordChange, _ record: IncompleteExecution
  ) throws(StoreError) -> IncompleteExecution {
    do throws(IllegalMove) { return try record.moved(by: change) } catch { throw .refused(error) }
  }

  /// What an attempt changes (semantics 5.4).
  private func change(
    after outcome: Attempt.Outcome, of cycle: Cycle, former: IncompleteSummary,
    trigger: AttemptTrigger, attempt: Attempt
  ) -> RecordChange {
    var change = RecordChange(
      .finished, attempt: attempt, author: author, date: attempt.ended)
    switch outcome {
    case .resolved: break
    case .interrupted:
      // What an operator stopped does not begin again by itself.
      let waits = former.state == .pending && !cycle.wasStopped
      change.event = waits ? .interruptedWhilePending : .interruptedWhileUnresolved
      change.nextRetry = waits ? nextRetry(afterInterruption: attempt, of: cycle, former) : nil
    case .failedElsewhere:
      change.event = .failedElsewhere
      change.successors = cycle.continuations
      if let rest = cycle.rest {
        change.rest = rest
        // Attempts go on being counted (semantics 7.4).
        change.nextRetry = rest.schedule
          .pause(before: attempt.number + 1, asked: rest.error.retryAfterSeconds ?? 0)
          .map { attempt.ended.advanced(bySeconds: $0) }
        change.event = change.nextRetry == nil ? .failedForGood : .failedWithAttemptsLeft
      }
    case .failed(let error):
      // An attempt that did not begin says nothing new of what may have happened, or of a filter.
      if error.stage != .initialization || cycle.retried?.error.stage == .service {
        change.error = error
        change.mappedInput = cycle.failedAgain?.input
      }
      change.nextRetry = nextRetry(after: error, of: cycle, former, attempt, trigger)
      change.event = change.nextRetry == nil ? .failedForGood : .failedWithAttemptsLeft
    }
    return change
  }

  private func nextRetry(
    after error: ModuleError, of cycle: Cycle, _ former: IncompleteSummary, _ attempt: Attempt,
    _ trigger: AttemptTrigger
  ) -> Instant? {
    guard former.state == .pending, let record = cycle.retried else { return nil }
    // With a Break handler any type goes on being retried; without, only the types that retry.
    guard cycle.failedAgain?.schedule != nil || error.type.row.stored == .storeAndRetry else {
      return nil
    }
    if trigger != .auto, let planned = former.nextRetry, planned > attempt.ended { return planned }
    return record.schedule
      .pause(before: step(behind: attempt, of: cycle), asked: error.retryAfterSeconds ?? 0)
      .map { attempt.ended.advanced(bySeconds: $0) }
  }

  /// When a record is retried again whose attempt was interrupted: when it was to be. One that is
  /// interrupted time after time may be what ends its workers, and with them what they do besides, so that
  /// it waits for as long as after as many failures.
  private func nextRetry(
    afterInterruption attempt: Attempt, of cycle: Cycle, _ former: IncompleteSummary
  ) -> Instant? {
    let before = (cycle.retried?.attempts ?? []).reversed().prefix { $0.outcome == .interrupted }
    guard let planned = former.nextRetry, !before.isEmpty else { return former.nextRetry }
    let pauses = runner.retrySchedule.pauses
    guard let pause = pauses.isEmpty ? nil : pauses[min(before.count, pauses.count) - 1] else {
      return planned
    }
    return max(planned, attempt.ended.advanced(bySeconds: pause))
  }

  /// Where the plan of automatic attempts stands behind an attempt. Those of an operator, and those
  /// that were cut short, take none of its steps (semantics 5.4); nor do those that came before what
  /// they wait for, which is retried by a plan of its own.
  private func step(behind attempt: Attempt, of cycle: Cycle) -> Int {
    let taken = (cycle.retried?.attempts ?? []).count(where: \.takesStep)
    return taken + (attempt.takesStep ? 2 : 1)
  }
}

extension Attempt {
  fileprivate var takesStep: Bool {
    guard trigger == .auto else { return false }
    switch outcome {
    case .interrupted: return false
    case .failed(let error):
      let waits = error.awaited != nil || error.awaitedExecution != nil
      return !(waits && error.retryAfterSeconds != nil)
    default: return true
    }
  }
}

extension Cycle {
  /// Runs what a record owes: the failed module and the rest of its flow, then, from the inside
  /// out, the later routes of routers and the bundles that were not reached (semantics 7.2).
  mutating func resume(
    _ record: IncompleteExecution, substitute: Bundle? = nil
  ) async throws(StoreError) {
    guard let path = blueprint.path(to: record.summary.failer), let place = path.last else {
      failedAgain = FailedAgain(
        error: ModuleError(
          .invalidConfiguration,
          "the stored blueprint has no module \(record.summary.failer) to resume at"))
      return
    }
    do throws(Initialization.Failure) {
      if journal.isOfRun {
        try await initialization.open(record.modulesAhead(isReplaced: substitute != nil))
      }
    } catch {
      failedAgain = FailedAgain(error: error.error)
      return
    }
    var sight = record.bundles
    frames = owedFrames(of: record, at: path)
    framesOfRecord = frames.count
    isAtStart = true
    // The filter is behind the bundle, unless the filter itself is what failed.
    var passage: Passage
    if let substitute {
      isAtStart = false
      passage =
        place.module.type == ModuleNode.returnType
        ? try await giveBack(substitute, insteadOf: place.module)
        : try await send(
          [substitute], of: place.module, in: place.flow, at: place.position, sight: sight)
    } else {
      passage = try await process(
        place.flow, at: place.position, sight: sight, entered: entered(record))
    }
    while let frame = frames.popLast() {
      framesOfRecord = frames.count
      if case .handler(let failure, let handler) = frame {
        passage = try await conclude(passage, of: failure, by: handler)
        continue
      }
      if case .hidden(let bundles) = frame {
        for entry in bundles.entries where sight[entry.module] == nil {
          sight[entry.module] = entry.bundle
        }
        continue
      }
      let isHandled = frames.contains { if case .handler = $0 { true } else { false } }
      switch passage {
      case .completed: break
      // What is left of a handler route is given up when a directive is reached in it.
      case .reached where isHandled: continue
      // A bundle that fell out took the later routes of its routers with it into its new record,
      // but not the bundles that come after it.
      case .fellOut: guard frame.splits else { continue }
      case .suspended(let suspended):
        // Everything up to that aggregation went into the new record.
        if case .aggregation(suspended, _, _) = frame { passage = .completed }
        continue
      case .dropped(let by):
        if case .route(let router, _, _) = frame {
          if router.id == by { passage = .completed }
          continue
        }
      case .reached, .stop: return settle(passage)
      }
      switch frame {
      case .route(let router, let index, let passedAny):
        passage = try await route(
          through: router, sight: sightBefore(router.id, sight), after: index,
          passedAny: passedAny)
      case .bundles(let id, let remaining):
        passage = try await process(remaining, of: id, sight: sightBefore(id, sight))
      case .aggregation(let source, let waiting, let items):
        passage = try await emit(
          waiting, of: source, items, sight: sightBefore(source, sight))
      case .handler, .hidden: break
      }
    }
    settle(passage)
  }

  /// Whether the bundle is behind the filter of the module the record waits at.
  private func entered(_ record: IncompleteExecution) -> Bool {
    switch record.error.stage {
    case .filter: false
    default: true
    }
  }

  /// What a record owes, outermost first. Where its module stands inside error handler routes, the
  /// failures that are being handled stand between what is owed outside and inside of them.
  private func owedFrames(
    of record: IncompleteExecution, at path: [Blueprint.PathStep]
  ) -> [LiveFrame] {
    var frames = ownedFrames(of: record)
    let places = Dictionary(
      path.enumerated().map { ($1.module.id, $0) }, uniquingKeysWith: { first, _ in first })
    for (depth, step) in path.enumerated() where step.exit == .handler {
      guard let handled = failure(handledBy: step.module, record) else { continue }
      let inside = frames.firstIndex { frame in
        switch frame {
        case .route(let router, _, _): places[router.id, default: 0] > depth
        case .bundles(let id, _), .aggregation(let id, _, _): places[id, default: 0] > depth
        case .handler, .hidden: false
        }
      }
      frames.insert(.handler(handled.failure, by: handled.handler), at: inside ?? frames.count)
    }
    return frames
  }

  /// The failure that the handler of a module was dealing with when the record was stored: its own, or
  /// that of a module in its routes. The bundles say which, by the error they hold.
  private func failure(
    handledBy owner: ModuleNode, _ record: IncompleteExecution
  ) -> (failure: Failure, handler: HandlerSearch.Found)? {
    let covered = Set(owner.withDescendants.map(\.id))
    let failed = record.bundles.entries.last { entry in
      covered.contains(entry.module) && entry.bundle.names == ["error"]
        && HandlerSearch.handlers(inReachOf: entry.module, in: blueprint, profile: runner.profile)
          .contains { $0.owner.id == owner.id }
    }
    guard let failed, let place = blueprint.path(to: failed.module)?.last,
      let handler = HandlerSearch.handlers(
        inReachOf: failed.module, in: blueprint, profile: runner.profile
      ).first(where: { $0.owner.id == owner.id })
    else { return nil }
    let error = failed.bundle["error"]?.collection ?? [:]
    let sight = sightBefore(failed.module, record.bundles)
    // For people to read, should a directive store the failure.
    let input = (try? Operation.map(place.module, in: scope(sight))).flatMap { mapped in
      plan.station(of: failed.module)?.descriptor.map { Value.collection($0.masked(mapped)) }
    }
    return (
      Failure(
        module: place.module,
        error: ModuleError(
          ErrorType(error["type"]?.text ?? ErrorType.runtime.rawValue),
          error["message"]?.text ?? "", detail: error["detail"]?.text,
          statusCode: error["statusCode"]?.number?.integer,
          suberrors: error["suberrors"]?.array?.compactMap { $0.collection?["message"]?.text } ?? []
        ),
        input: input ?? .null, sight: sight, flow: place.flow, position: place.position), handler
    )
  }

  private func ownedFrames(of record: IncompleteExecution) -> [LiveFrame] {
    record.continuation.compactMap { frame in
      switch frame {
      case .routes(let id, let after, let passedAny):
        blueprint.module(id).map { .route(router: $0, index: after, passedAny: passedAny) }
      case .bundles(let id, let remaining): .bundles(module: id, remaining: remaining[...])
      case .aggregation(let source, let waiting, let items):
        .aggregation(source: source, waiting: waiting, items: items)
      case .hidden(let bundles): .hidden(bundles)
      }
    }
  }

  /// What could be mapped where a module stands.
  private func sightBefore(_ id: ModuleID, _ sight: VisibleBundles) -> VisibleBundles {
    sight.keeping(blueprint.modulesVisible(to: id).map(\.id))
  }

  /// The bundles that a stopped run did not get to.
  private mutating func process(
    _ remaining: ArraySlice<Bundle>, of id: ModuleID, sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    guard let place = blueprint.path(to: id)?.last else { return .completed }
    for index in remaining.indices {
      frames.append(.bundles(module: id, remaining: remaining[(index + 1)...]))
      let bundle = remaining[index]
      let passage = try await process(
        place.flow, at: place.position + 1, sight: sight.adding(bundle, of: id))
      frames.removeLast()
      switch passage {
      case .completed, .fellOut, .dropped: continue
      default: return passage
      }
    }
    return .completed
  }

  /// Whether the record will owe what it owed before.
  var isGivenUp: Bool {
    wasInterruptedAtStart || failedAgain != nil || execution.error != nil
  }

  /// What the retry came to.
  var outcome: Attempt.Outcome {
    if wasInterruptedAtStart { return .interrupted }
    if let failedAgain { return .failed(failedAgain.error) }
    // A retry that was stopped is undone as a whole: the record owes what it owed, and records made
    // on the way are not stored.
    if let error = execution.error { return .failed(error) }
    if let rest { return .failedElsewhere(rest.error, at: rest.summary.failer, record: nil) }
    if let first = continuations.first {
      return .failedElsewhere(first.error, at: first.summary.failer, record: first.id)
    }
    return .resolved
  }
}
