import FettleCore
import Synchronization

/// Takes over executions whose worker is gone: their journal is walked through again, without doing
/// anything, up to the place where it stops. What is left from there on becomes an incomplete
/// execution (durability 3).
struct TakeOver: Sendable {
  let runner: ScenarioRunner
  let author: String
  /// Told how many executions were claimed, before they are walked through.
  var onClaim: @Sendable (Int) -> Void = { _ in }

  /// How many are walked through at once: they share their waits for the disk.
  private static let width = 64
  /// How many are claimed in one transaction. What a dead worker leaves is under a new lease at once;
  /// nobody else can start on it while the walks go on.
  private static let most = 10_000

  /// Every execution that can be taken over now.
  /// - Returns: how they ended.
  func run() async throws(StoreError) -> [ExecutionSummary] {
    var ended: [ExecutionSummary] = []
    while true {
      let claimed = try await claim()
      if claimed.isEmpty { break }
      onClaim(claimed.count)
      // Whoever asked them to stop asked the worker that is gone.
      runner.stops.take(try await runner.journal.stopRequests(of: runner.worker))
      ended += try await finish(claimed)
    }
    _ = try await runner.store.releaseExpiredLeases(now: runner.clock.now())
    return ended
  }

  /// Puts every execution whose worker is gone under a lease of this worker, without reading any.
  func claim() async throws(StoreError) -> [String] {
    var claimed: [String] = []
    while true {
      let some = try await runner.journal.takeOver(
        by: runner.worker, now: runner.clock.now(), lease: lease, limit: Self.most,
        except: runner.living.all)
      claimed += some
      if some.count < Self.most { return claimed }
    }
  }

  private var lease: Instant { runner.clock.now().advanced(bySeconds: runner.leaseSeconds) }

  /// Walks through claimed executions and ends them, some at a time.
  func finish(_ claimed: [String]) async throws(StoreError) -> [ExecutionSummary] {
    let left = Left(claimed)
    // The last ones wait for their turn, perhaps for longer than a lease.
    let heartbeat = Watch.shared.begin(
      after: .milliseconds(runner.leaseSeconds * 333), repeating: true
    ) { [self] in
      Task {
        for id in left.all {
          try? await runner.journal.renewLease(of: id, by: runner.worker, until: lease)
        }
      }
    }
    defer { Watch.shared.end(heartbeat) }
    let results = await withTaskGroup(of: Result<[ExecutionSummary], StoreError>.self) { group in
      for _ in 0..<min(Self.width, claimed.count) {
        group.addTask {
          var ended: [ExecutionSummary] = []
          do throws(StoreError) {
            while let id = left.next() {
              if let summary = try await finish(id) { ended.append(summary) }
            }
            return .success(ended)
          } catch { return .failure(error) }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var ended: [ExecutionSummary] = []
    for result in results { ended += try result.get() }
    return ended
  }

  /// The claimed executions that nobody has begun with.
  private final class Left: Sendable {
    private let ids: Mutex<ArraySlice<String>>

    init(_ ids: [String]) { self.ids = Mutex(ids[...]) }

    var all: [String] { ids.withLock { Array($0) } }

    func next() -> String? { ids.withLock { $0.popFirst() } }
  }

  /// - Returns: nil for one that somebody else took meanwhile.
  private func finish(_ id: String) async throws(StoreError) -> ExecutionSummary? {
    do throws(StoreError) {
      return try await finish(try await runner.journal.interrupted(id))
    } catch {
      if case .takenOver = error { return nil }
      throw error
    }
  }

  private func finish(
    _ interrupted: InterruptedExecution
  ) async throws(StoreError) -> ExecutionSummary {
    var opening = interrupted.opening
    let state = try await runner.scenarios.scenario(opening.execution.scenario).state
    guard let retried = opening.execution.retryOf else {
      let journal = RunJournal(opening, of: runner, recorded: interrupted.entries)
      var cycle = Cycle(
        runner: runner, blueprint: opening.blueprint, execution: opening.execution,
        state: state, journal: journal)
      try await cycle.run(given: opening.given)
      let summary = cycle.closed()
      // What an execution that somebody else began means for its scenario is not known, but for one that
      // begins again.
      let change =
        summary.hadNothing
        ? runner.change(after: summary, of: opening.blueprint, knowing: state) : nil
      try await cycle.journal.close(summary, noting: change)
      return summary
    }
    let record = try await runner.store.record(retried)
    if record.summary.seal != .open { opening.isConfidential = true }
    var journal = RunJournal(opening, of: runner, recorded: interrupted.entries)
    guard record.summary.state == .inProgress, let former = record.former,
      !record.attempts.contains(where: { $0.executionID == opening.execution.id })
    else {
      // The outcome was written; only the end of the execution was not.
      var summary = opening.execution
      summary.ended = runner.clock.now()
      summary.status = record.summary.state == .resolved ? .success : .warning
      try await journal.close(summary)
      return summary
    }
    var cycle = Cycle(
      runner: runner, blueprint: record.blueprint, execution: opening.execution,
      state: state, journal: journal, retried: record)
    let report = try await Resume(runner: runner, store: runner.store, author: author)
      .walk(
        &cycle, record, former: former, trigger: record.claimedBy ?? .manual,
        substitute: opening.given?.first)
    return report.execution
  }
}

extension Cycle {
  /// The walk came to where its journal ends: what is left of the traversal, and everything the run
  /// had not got to, is kept.
  /// - Parameter sending: what a module was about to send when the worker died, if that cannot
  ///   simply be sent again.
  mutating func interrupted(
    sending: Value?, in flow: [ModuleNode], at position: Int, sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    let module = flow[position]
    let error =
      sending == nil
      ? ModuleError(
        .executionInterrupted,
        "Fettle was stopped before \"\(module.title)\" was done; it goes on from here",
        stage: .notBegun)
      : ModuleError(
        .executionInterrupted,
        "Fettle was stopped while \"\(module.title)\" was sending; whether it arrived is not known: "
          + "give its output if it did, or send it again", stage: .inDoubt)
    return try await keep(
      Failure(
        module: module, error: error, input: sending ?? .null, sight: sight, flow: flow,
        position: position), sending: sending)
  }

  /// The walk came to where its journal ends, in an operation that waited for an execution it had
  /// called. That goes on by itself, or with its own records; the bundle waits for what it returns.
  mutating func interrupted(
    calling execution: String, input: Value, in flow: [ModuleNode], at position: Int,
    sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    let module = flow[position]
    return try await keep(
      Failure(
        module: module,
        error: ModuleError(
          .executionInterrupted,
          "Fettle was stopped while \"\(module.title)\" waited for the scenario it had called "
            + "(execution \(execution.prefix(8))); it goes on with what that returned",
          awaitingExecution: execution, stage: .notBegun),
        input: input, sight: sight, flow: flow, position: position), sending: nil)
  }

  private mutating func keep(
    _ failure: Failure, sending: Value?
  ) async throws(StoreError) -> Passage {
    let hasCalled = failure.error.awaitedExecution != nil
    if let retried, isStart(of: retried, failure) {
      if hasCalled {
        failedAgain = FailedAgain(
          error: failure.error, input: failure.input, schedule: retried.schedule)
      } else if sending == nil {
        wasInterruptedAtStart = true
        wasStopped = stopAskedBy != nil
      } else {
        failedAgain = FailedAgain(error: failure.error, input: sending)
      }
      return .stop(.failedAgain)
    }
    let hadNothing =
      retried == nil && failure.module.id == blueprint.flow.first?.id
      && failure.sight.entries.isEmpty && sending == nil && !hasCalled
    if hadNothing || storesNothing {
      // Nothing was taken in yet, or nothing may be kept: the next run finds it where it was.
      execution.hadNothing = hadNothing && execution.operations == 0 && stopAskedBy == nil
      return stop(.countError, because: failure)
    }
    raise(to: .warning)
    // "Auto-retry at once", then as for a connection that is down; what was asked to stop waits. One that
    // called goes on behind what it called, which is retried at once as well.
    let first = hasCalled ? ScenarioCalls.behind : 0
    let schedule =
      sending == nil && stopAskedBy == nil
      ? RetrySchedule(pauses: [first] + retrySchedule.pauses) : RetrySchedule(pauses: [])
    try await store(failure, schedule: schedule, owed: frames.compactMap(\.owed))
    return .stop(.afterStoring)
  }
}

extension Cycle {
  /// Whether the run has had its time. The journal tells the time, so that a walk through it decides
  /// what the run decided.
  var isOutOfTime: Bool {
    journal.now.milliseconds - execution.started.milliseconds
      >= Int64(runner.limits.run) * 1000
  }

  /// The run is cut before a module: what it had not got to is kept, for an operator (D32).
  mutating func outOfTime(
    in flow: [ModuleNode], at position: Int, sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    let module = flow[position]
    raise(to: .warning)
    execution.warnings.append(
      "the run was cut after \(runner.limits.run) s, before module \(module.id) \"\(module.title)\""
    )
    let isFirst = retried == nil && module.id == blueprint.flow.first?.id
    let failure = Failure(
      module: module,
      error: ModuleError(
        .executionInterrupted,
        "the run had taken \(runner.limits.run) s, the most it may; it goes on from here",
        stage: .notBegun),
      input: .null, sight: sight, flow: flow, position: position)
    if storesNothing { return stop(.countError, because: failure) }
    if !isFirst {
      try await store(
        failure, schedule: RetrySchedule(pauses: []), owed: frames.compactMap(\.owed))
    }
    return .stop(.afterStoring)
  }
}
