import FettleCore
import Synchronization

/// An execution that waits for one it called.
struct Caller: Sendable {
  let execution: String
  let scenario: ScenarioID
}

/// Calls scenarios for the modules of one execution.
///
/// The called scenario is run as an execution of its own, with a history, incomplete executions and a
/// retry plan of its own. What of that is the caller's concern is what came back: where there is
/// nothing, the module that called fails, and what becomes of its bundle is decided as for any other
/// failure.
struct ScenarioCalls: ScenarioCalling {
  let runner: ScenarioRunner
  /// The executions that wait for the one that calls, the outermost first, and that one itself.
  let callers: [Caller]
  /// How many calls lie behind the one that calls that nobody waits for.
  let generation: Int
  /// The identity of the execution that is begun; nil for a fresh one.
  var identity: String?
  /// Where the operation that calls is the one a record waits at: that record.
  var resumed: IncompleteExecution?

  /// How deep scenarios may call each other and wait: beyond that, one calls itself without an end.
  private static let deepest = 20
  /// How many generations of runs may call each other without waiting: beyond that, there is no end to it.
  /// Scenarios that call themselves for each next page of something are far below.
  private static let mostGenerations = 1000
  /// How many runs that nobody waits for may be under way before those that were begun so themselves
  /// begin no more of them. What grows by itself would take the machine otherwise; a run of an iterator
  /// that calls for each item is no such thing.
  private static let mostAtOnce = 1000

  func call(_ call: ScenarioCall) async throws(ModuleError) -> ScenarioReturn {
    if let former = try await goneOn(with: call) { return former }
    let row = try await row(of: call.target)
    let name = "\"\(row.name)\""
    guard row.state.isActive else {
      throw ModuleError(
        .invalidConfiguration,
        "the scenario \(name) is switched off, so that it cannot be called; switch it on (fettle "
          + "start \(row.id)) and resume")
    }
    let (blueprint, zone) = (try await blueprint(of: row), row.state.timeZone ?? runner.timeZone)
    let problems = blueprint.problems(ofInputs: call.inputs, timeZone: zone)
    guard problems.isEmpty else {
      throw ModuleError(
        .bundleValidation,
        "the scenario \(name) cannot be called with this: " + problems.joined(separator: "; "),
        suberrors: problems, field: "data", stage: .input)
    }
    if call.waits {
      guard callers.count <= Self.deepest else {
        throw ModuleError(
          .invalidConfiguration,
          "\(callers.count) scenarios wait for each other; \(name) seems to call itself without an end"
        )
      }
    } else {
      try checkGrowth(name)
    }
    // Also one that is not waited for could not begin before the end of the run that calls it.
    if row.isSequential, callers.contains(where: { $0.scenario == row.id }) {
      throw ModuleError(
        .invalidConfiguration,
        "the scenario \(name) is processed in order and would wait for itself; it cannot be called "
          + "by a run of it")
    }
    guard row.isSequential else {
      let begun = try await reading { () throws(StoreError) in
        try await begin(blueprint, call, inOrder: false)
      }
      return try await came(of: begun, from: row, call)
    }
    // Scenarios that wait for each other in several programs have to come to an end as well.
    let longest = Duration.seconds(runner.limits.run)
    let end = ContinuousClock.now + longest
    let turn: Turns.Turn
    switch runner.turns.enter(row.id, for: callers) {
    case .turn(let own): turn = own
    case .circle(let others): throw try await circle(row, others)
    }
    defer { runner.turns.leave(turn) }
    while await !runner.turns.hasCome(turn, within: .seconds(1)) {
      try checkPatience(row, until: end)
    }
    while true {
      try await waitForTurn(of: row.id, until: end)
      let begun = try await reading { () throws(StoreError) -> BegunRun? in
        do throws(StoreError) { return try await begin(blueprint, call, inOrder: true) } catch {
          // Somebody else was faster.
          if case .notItsTurn = error { return nil }
          throw error
        }
      }
      if let begun { return try await came(of: begun, from: row, call) }
    }
  }

  /// Runs that begin others without waiting come to no end by themselves where those do the same.
  private func checkGrowth(_ name: String) throws(ModuleError) {
    guard generation < Self.mostGenerations else {
      throw ModuleError(
        .invalidConfiguration,
        "\(generation) runs called one after the other, none waiting for the next; \(name) seems to be "
          + "called without an end. Resumed, this one begins to count again")
    }
    guard generation == 0 || runner.called.count < Self.mostAtOnce else {
      throw ModuleError(
        .rateLimit,
        "\(runner.called.count) runs that were called without waiting are under way, and this one was "
          + "called so itself; \(name) is called when there are fewer")
    }
  }

  /// The failure of a call that would wait for a run which waits for one of its own callers. The one that
  /// would close the circle gives way, and is tried again when the others are through.
  private func circle(
    _ row: ScenarioRow, _ others: [ScenarioID]
  ) async throws(ModuleError) -> ModuleError {
    var names: [String] = []
    for id in others {
      let other = try await reading { () throws(StoreError) in
        try await runner.scenarios.scenario(id)
      }
      names.append("\"\(other.name)\"")
    }
    return ModuleError(
      .rateLimit,
      "\"\(row.name)\" and \(names.joined(separator: " and ")) are processed in order and wait for each "
        + "other: runs of both call the other one; this call gives way, so that they can go on")
  }

  /// Whether the time is over, or somebody wants the caller to end.
  private func checkPatience(
    _ row: ScenarioRow, until end: ContinuousClock.Instant
  ) throws(ModuleError) {
    // Nothing has been called yet: who ends the program, or stops the caller, need not wait for this.
    if runner.brake.isPulled {
      throw ModuleError(
        .rateLimit, "Fettle was stopped before it was the turn of the scenario \"\(row.name)\"")
    }
    if let author = callers.lazy.compactMap({ runner.stops.author(of: $0.execution) }).first {
      throw ModuleError(
        .data, "\(author) stopped the run before it was the turn of the scenario \"\(row.name)\"")
    }
    guard ContinuousClock.now < end, !Task.isCancelled else { throw isBusy(row) }
  }

  private func isBusy(_ row: ScenarioRow) -> ModuleError {
    ModuleError(
      .rateLimit,
      "the scenario \"\(row.name)\" is processed in order and was at work for \(runner.limits.run) s, so "
        + "that this call did not get its turn")
  }

  private func row(of target: ScenarioCall.Target) async throws(ModuleError) -> ScenarioRow {
    let found = try await reading { () throws(StoreError) in
      try await runner.scenarios.scenario(meantBy: target)
    }
    guard let found else {
      throw ModuleError(
        .invalidConfiguration,
        "it calls the scenario \(target), and none is known here; bring its blueprint (fettle import "
          + "FILE), switch it on and resume")
    }
    return found
  }

  private func blueprint(of row: ScenarioRow) async throws(ModuleError) -> Blueprint {
    let kept = try await reading { () throws(StoreError) in
      try await runner.scenarios.blueprint(of: row.id)
    }
    guard let kept else {
      throw ModuleError(
        .invalidConfiguration,
        "no blueprint of the scenario \"\(row.name)\" is kept; bring it (fettle import FILE) and resume"
      )
    }
    return kept
  }

  /// One that is processed in order begins when no other run of it is at work, and not before what it
  /// stored is resolved (semantics 5.9).
  private func waitForTurn(
    of id: ScenarioID, until end: ContinuousClock.Instant
  ) async throws(ModuleError) {
    while true {
      let row = try await reading { () throws(StoreError) in try await runner.scenarios.scenario(id)
      }
      if row.isWaiting {
        let those = row.openRecords == 1 ? "that" : "those"
        throw ModuleError(
          .rateLimit,
          "the scenario \"\(row.name)\" is processed in order and has \(row.openRecords) incomplete "
            + "execution\(row.openRecords == 1 ? "" : "s") open; resolve \(those) first")
      }
      try checkPatience(row, until: end)
      guard let until = row.runsUntil else { return }
      if until < runner.clock.now() {
        // Its worker is gone, and what it left comes first.
        _ = try await reading { () throws(StoreError) in try await runner.takeOverInterrupted() }
      }
      do { try await Task.sleep(for: .milliseconds(50)) } catch { throw isBusy(row) }
    }
  }

  private func begin(
    _ blueprint: Blueprint, _ call: ScenarioCall, inOrder: Bool
  ) async throws(StoreError) -> BegunRun {
    try await runner.begin(
      blueprint, given: [call.inputs], origin: .called, callers: callers, waits: call.waits,
      generation: call.waits ? generation : generation + 1, identity: identity, inOrder: inOrder)
  }

  /// What comes of a run that was begun.
  private func came(
    of begun: BegunRun, from row: ScenarioRow, _ call: ScenarioCall
  ) async throws(ModuleError) -> ScenarioReturn {
    guard call.waits else {
      runner.called.add(begun)
      return ScenarioReturn(execution: begun.execution.id, outputs: nil)
    }
    switch await begun.end.value {
    case .success(let summary): return try await came(of: summary, from: row)
    case .failure(let error):
      throw ModuleError(
        .data,
        "the run of \"\(row.name)\" could not be written down to its end (\(error)); what is left of "
          + "it becomes an incomplete execution",
        awaitingExecution: begun.execution.id)
    }
  }

  /// What a run that was waited for gave back.
  private func came(
    of run: ExecutionSummary, from row: ScenarioRow
  ) async throws(ModuleError) -> ScenarioReturn {
    if let outputs = run.returned { return ScenarioReturn(execution: run.id, outputs: outputs) }
    let place = "\"\(row.name)\" (execution \(run.id.prefix(8)))"
    if run.isLeftOpen {
      throw ModuleError(
        .outOfSpace,
        "the scenario it called, \(place), could not be written down to its end, as the store has no "
          + "room; what is left of it becomes an incomplete execution when there is room, and this one "
          + "goes on with what that returned", awaitingExecution: run.id)
    }
    if let error = run.error {
      // What that one waited for is no business of the caller: it would take that for what it called.
      let detail = error.awaited == nil && error.awaitedExecution == nil ? error.detail : nil
      // Its type decides what becomes of the bundle of the caller: a service that cannot be reached by
      // the called scenario cannot be reached by the caller.
      throw ModuleError(
        error.type,
        "the scenario it called, \(place), failed"
          + (run.failedModule.map { " in its module \($0)" } ?? "") + ": \(error.message)",
        detail: detail, statusCode: error.statusCode,
        retryAfterSeconds: error.retryAfterSeconds)
    }
    guard let first = run.stored.first else {
      return ScenarioReturn(execution: run.id, outputs: [:])
    }
    throw try await waiting(for: first, place)
  }

  // MARK: What was called before

  /// The failure of a call whose run stored something before it gave anything back. Called again it
  /// would begin from the start, beside what it owes already: the record that is named is where it goes
  /// on.
  private func waiting(
    for id: RecordID, _ place: String
  ) async throws(ModuleError) -> ModuleError {
    let record = try await reading { () throws(StoreError) in try await runner.store.record(id) }
    var type = record.error.type.row.stored == .fail ? ErrorType.data : record.error.type
    var pause: Int?
    let next = record.summary.nextRetry ?? runner.clock.now()
    if record.summary.state == .pending || record.summary.state == .inProgress {
      // What is retried by itself is waited for in the same way, and after it.
      if type.row.stored != .storeAndRetry { type = .connection }
      pause = Int(max(0, next.milliseconds - runner.clock.now().milliseconds) / 1000) + Self.behind
    }
    var error = ModuleError(
      type,
      "the scenario it called, \(place), stored incomplete execution \(id.short) before it gave "
        + "anything back (\(record.error.type)); once that is resolved, this one goes on with what it "
        + "returned", awaiting: id)
    error.retryAfterSeconds = pause
    return error
  }

  /// How many seconds behind the retry it waits for one that waits is tried.
  static let behind = 10

  /// What the run gave back that the same operation called before, where that has gone on since by its
  /// own records. Nil where the scenario is to be called: for the first time, with something else than
  /// before, or because an operator closed those records.
  private func goneOn(with call: ScenarioCall) async throws(ModuleError) -> ScenarioReturn? {
    guard let resumed, resumed.hasCalled(with: call.inputs) else { return nil }
    if let awaited = resumed.error.awaited {
      return try await goneOn(from: try await family(of: awaited))
    }
    guard let execution = resumed.error.awaitedExecution else { return nil }
    guard let run = try await row(of: execution) else { throw Self.forgotten(execution) }
    let summary = run.summary
    guard summary.ended != nil else {
      var error = ModuleError(
        .connection,
        "the scenario it called, \"\(run.scenarioName)\" (execution \(execution.prefix(8))), is not at "
          + "its end yet; once it is, this one goes on with what it returned",
        awaitingExecution: execution)
      error.retryAfterSeconds = Self.behind
      throw error
    }
    let blueprint = try await reading { () throws(StoreError) in
      try await runner.journal.blueprint(ofExecution: execution)
    }
    let isKept = !blueprint.settings.confidential
    if isKept, summary.status != .error,
      let outputs = try await outputs(of: execution, blueprint)
    {
      return ScenarioReturn(execution: execution, outputs: outputs)
    }
    let stored = try await stored(by: execution, of: summary.scenario)
    if !stored.isEmpty { return try await goneOn(from: stored) }
    // It failed without keeping anything, so that it can only be called again.
    if summary.status == .error { return nil }
    guard isKept else {
      throw ModuleError(
        .data,
        "what \"\(run.scenarioName)\" (execution \(execution.prefix(8))) returned is not kept, as that "
          + "scenario is confidential: give this module's output by hand",
        awaitingExecution: execution)
    }
    return ScenarioReturn(execution: execution, outputs: [:])
  }

  /// The records an execution stored that nobody has purged, the oldest first.
  private func stored(
    by execution: String, of scenario: ScenarioID
  ) async throws(ModuleError) -> [RecordID] {
    let filter = RecordFilter(
      states: Set(IncompleteState.allCases), scenarios: [scenario],
      rules: [.test(.text(.execution, .exactly(execution)))],
      order: RecordOrder(.created, isDescending: false))
    return try await reading { () throws(StoreError) in
      try await runner.store.page(filter, .first, limit: Self.mostRecords).map(\.id)
    }
  }

  /// How many records of one run are looked at for what it returned.
  private static let mostRecords = 500

  /// The records of the run that stored this one, or the one it continues: whichever of them comes to a
  /// return gives back what the caller waits for.
  private func family(of id: RecordID) async throws(ModuleError) -> [RecordID] {
    var first = id
    var run: (execution: String, scenario: ScenarioID)?
    while let record = try await record(first) {
      run = (record.summary.executionID, record.summary.scenarioID)
      guard let before = record.predecessor else { break }
      first = before
    }
    guard let run else { return [] }
    let all = try await stored(by: run.execution, of: run.scenario)
    // Where what came before it was purged, it stands for itself.
    return all.isEmpty ? [id] : all
  }

  private func record(_ id: RecordID) async throws(ModuleError) -> IncompleteExecution? {
    try await reading { () throws(StoreError) -> IncompleteExecution? in
      do throws(StoreError) { return try await runner.store.record(id) } catch {
        if case .notFound = error { return nil }
        throw error
      }
    }
  }

  private func row(of id: String) async throws(ModuleError) -> ExecutionRow? {
    try await reading { () throws(StoreError) in
      do throws(StoreError) { return try await runner.journal.execution(id) } catch {
        if case .notFound = error { return nil }
        throw error
      }
    }
  }

  /// The failure of a call whose run is known by its identity alone. To call again would do again what
  /// it did.
  private static func forgotten(_ execution: String) -> ModuleError {
    ModuleError(
      .data,
      "execution \(execution.prefix(8)), which it called, is not in the history any more, so that what "
        + "it returned is not known: give this module's output by hand",
      awaitingExecution: execution)
  }

  /// What a run gave back whose bundles went on by records: what the first of them returned that came to
  /// a return. Where none has yet, one that is open is waited for.
  private func goneOn(from records: [RecordID]) async throws(ModuleError) -> ScenarioReturn? {
    var open: IncompleteSummary?
    var ended: ScenarioReturn?
    var unknown: ModuleError?
    for id in records {
      do throws(ModuleError) {
        switch try await outcome(of: id) {
        case .open(let summary): open = open ?? summary
        case .resolved(let execution, let outputs):
          let returned = ScenarioReturn(execution: execution, outputs: outputs ?? [:])
          if outputs != nil { return returned }
          ended = ended ?? returned
        case .givenUp: break
        }
      } catch {
        guard error.awaited != nil else { throw error }
        unknown = unknown ?? error
      }
    }
    if let open { throw try await waiting(for: open.id, "\"\(open.scenarioName)\"") }
    if let unknown { throw unknown }
    return ended
  }

  /// What became of a record of a called run.
  private enum Outcome {
    case open(IncompleteSummary)
    /// In the end by this execution, which gave that back; nil where it came to no return.
    case resolved(execution: String, outputs: Collection?)
    /// An operator closed it, or it is gone.
    case givenUp
  }

  /// - Throws: with `awaited`, where that is not kept.
  private func outcome(of awaited: RecordID) async throws(ModuleError) -> Outcome {
    var id = awaited
    while let record = try await record(id) {
      if let successor = record.successor {
        // Another bundle of the record may have come to the return in the attempt that left this one behind.
        if record.summary.seal == .open, let attempt = record.attempts.last,
          let outputs = try? await outputs(of: attempt.executionID, record.blueprint, awaiting: id)
        {
          return .resolved(execution: attempt.executionID, outputs: outputs)
        }
        id = successor
        continue
      }
      switch record.summary.state {
      case .unresolved, .pending, .inProgress: return .open(record.summary)
      case .deleted: return .givenUp
      case .resolved: break
      }
      guard let attempt = record.attempts.last, attempt.outcome == .resolved else {
        return .givenUp
      }
      guard record.summary.seal == .open else {
        throw ModuleError(
          .data,
          "incomplete execution \(id.short) of \"\(record.summary.scenarioName)\" is resolved, but what it "
            + "returned is not kept, as that scenario is confidential: give this module's output by hand",
          awaiting: id)
      }
      return .resolved(
        execution: attempt.executionID,
        outputs: try await outputs(of: attempt.executionID, record.blueprint, awaiting: id))
    }
    return .givenUp
  }

  /// What an execution gave back, as its journal has it; nil when it came to no return.
  /// - Parameter awaiting: the record it retried.
  private func outputs(
    of execution: String, _ blueprint: Blueprint, awaiting: RecordID? = nil
  ) async throws(ModuleError) -> Collection? {
    guard try await row(of: execution) != nil else {
      var error = Self.forgotten(execution)
      if let awaiting { error = ModuleError(error.type, error.message, awaiting: awaiting) }
      throw error
    }
    let entries = try await reading { () throws(StoreError) in
      try await runner.journal.entries(of: execution)
    }
    guard
      let last = entries.last(where: { blueprint.module($0.module)?.type == ModuleNode.returnType }
      ),
      case .finished(_, let output) = last.step
    else { return nil }
    return output.bundles.first ?? [:]
  }

  private func reading<Result>(
    _ body: () async throws(StoreError) -> Result
  ) async throws(ModuleError) -> Result {
    do { return try await body() } catch {
      throw ModuleError(.connection, "the store cannot be used to call a scenario: \(error)")
    }
  }
}

/// Runs that were called and nobody waits for, as long as they last.
final class CalledRuns: Sendable {
  private let running = Mutex<[String: Task<Void, Never>]>([:])

  func add(_ run: BegunRun) {
    let id = run.execution.id
    running.withLock { running in
      running[id] = Task { [self] in
        _ = await run.end.value
        _ = self.running.withLock { $0.removeValue(forKey: id) }
      }
    }
  }

  /// How many there are.
  var count: Int { running.withLock { $0.count } }

  /// Waits until none is left, nor any that those called.
  func finish() async {
    while let next = running.withLock({ $0.values.first }) { await next.value }
  }
}
