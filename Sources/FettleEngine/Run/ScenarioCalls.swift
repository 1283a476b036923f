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
  /// Where the operation that calls is the one a record waits at: that record.
  var resumed: IncompleteExecution?

  /// How deep scenarios may call each other and wait: beyond that, one calls itself without an end.
  private static let deepest = 20

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
      if row.isSequential, callers.contains(where: { $0.scenario == row.id }) {
        throw ModuleError(
          .invalidConfiguration,
          "the scenario \(name) is processed in order and would wait for itself; it cannot be called "
            + "by a run of it")
      }
    }
    guard row.isSequential else { return try await run(blueprint, of: row, call) }
    return try await runner.turns.taking(row.id) { () throws(ModuleError) in
      try await waitForTurn(of: row)
      return try await run(blueprint, of: row, call)
    }
  }

  private func row(of target: ScenarioCall.Target) async throws(ModuleError) -> ScenarioRow {
    let found = try await reading { () throws(StoreError) -> ScenarioRow? in
      let known = try await runner.scenarios.scenarios()
      return known.first { row in
        switch target {
        case .named(let name): row.name == name
        case .numbered(let id): row.id == id
        }
      }
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
  private func waitForTurn(of row: ScenarioRow) async throws(ModuleError) {
    var row = row
    while true {
      if row.isWaiting {
        throw ModuleError(
          .rateLimit,
          "the scenario \"\(row.name)\" is processed in order and has \(row.openRecords) incomplete "
            + "execution\(row.openRecords == 1 ? "" : "s") open; resolve \(row.openRecords == 1 ? "that" : "those") first"
        )
      }
      guard let until = row.runsUntil, until >= runner.clock.now() else { return }
      do { try await Task.sleep(for: .milliseconds(200)) } catch {
        throw ModuleError(.moduleTimeout, "the scenario \"\(row.name)\" was at work all the time")
      }
      let id = row.id
      row = try await reading { () throws(StoreError) in try await runner.scenarios.scenario(id) }
    }
  }

  private func run(
    _ blueprint: Blueprint, of row: ScenarioRow, _ call: ScenarioCall
  ) async throws(ModuleError) -> ScenarioReturn {
    let begun = try await reading { () throws(StoreError) in
      try await runner.begin(
        blueprint, given: [call.inputs], origin: .called, callers: callers, waits: call.waits)
    }
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
        detail: "execution \(begun.execution.id)")
    }
  }

  /// What a run that was waited for gave back.
  private func came(
    of run: ExecutionSummary, from row: ScenarioRow
  ) async throws(ModuleError) -> ScenarioReturn {
    if let outputs = run.returned { return ScenarioReturn(execution: run.id, outputs: outputs) }
    let place = "\"\(row.name)\" (execution \(run.id.prefix(8)))"
    if let error = run.error {
      // Its type decides what becomes of the bundle of the caller: a service that cannot be reached by
      // the called scenario cannot be reached by the caller.
      throw ModuleError(
        error.type,
        "the scenario it called, \(place), failed"
          + (run.failedModule.map { " in its module \($0)" } ?? "") + ": \(error.message)",
        detail: error.detail, statusCode: error.statusCode,
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
    let type = record.error.type.row.stored == .fail ? ErrorType.data : record.error.type
    return ModuleError(
      type,
      "the scenario it called, \(place), stored incomplete execution \(id.short) before it gave "
        + "anything back (\(record.error.type)); once that is resolved, this one goes on with what it "
        + "returned", awaiting: id)
  }

  /// What the run gave back that the same operation called before, where that has gone on since by its
  /// own record. Nil where the scenario is to be called: for the first time, with something else than
  /// before, or because an operator closed that record.
  private func goneOn(with call: ScenarioCall) async throws(ModuleError) -> ScenarioReturn? {
    guard let resumed, let awaited = resumed.error.awaited,
      resumed.mappedInput.collection?["data"]?.collection ?? [:] == call.inputs
    else { return nil }
    var id = awaited
    while true {
      let wanted = id
      let found = try await reading { () throws(StoreError) -> IncompleteExecution? in
        do throws(StoreError) { return try await runner.store.record(wanted) } catch {
          if case .notFound = error { return nil }
          throw error
        }
      }
      guard let record = found else { return nil }
      if let successor = record.successor {
        id = successor
        continue
      }
      switch record.summary.state {
      case .unresolved, .pending, .inProgress:
        throw try await waiting(for: id, "\"\(record.summary.scenarioName)\"")
      case .deleted: return nil
      case .resolved: break
      }
      guard let attempt = record.attempts.last, attempt.outcome == .resolved else { return nil }
      guard record.summary.seal == .open else {
        throw ModuleError(
          .data,
          "incomplete execution \(id.short) of \"\(record.summary.scenarioName)\" is resolved, but what it "
            + "returned is not kept, as that scenario is confidential: give this module's output by hand",
          awaiting: id)
      }
      return ScenarioReturn(
        execution: attempt.executionID, outputs: try await outputs(of: attempt, record.blueprint))
    }
  }

  /// What an attempt gave back, as its journal has it.
  private func outputs(
    of attempt: Attempt, _ blueprint: Blueprint
  ) async throws(ModuleError) -> Collection {
    let entries = try await reading { () throws(StoreError) in
      try await runner.journal.entries(of: attempt.executionID)
    }
    guard
      let last = entries.last(where: { blueprint.module($0.module)?.type == ModuleNode.returnType }
      ),
      case .finished(_, let output) = last.step
    else { return [:] }
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

/// Lets one at a time through, for each scenario, in the order they came.
final class Turns: Sendable {
  private let last = Mutex<[ScenarioID: Task<Void, Never>]>([:])

  func taking<Result: Sendable>(
    _ scenario: ScenarioID, _ body: () async throws(ModuleError) -> Result
  ) async throws(ModuleError) -> Result {
    let (done, end) = AsyncStream<Never>.makeStream()
    let mine = Task { for await _ in done {} }
    let before = last.withLock { $0.updateValue(mine, forKey: scenario) }
    defer {
      end.finish()
      last.withLock { if $0[scenario] == mine { $0[scenario] = nil } }
    }
    await before?.value
    return try await body()
  }
}
