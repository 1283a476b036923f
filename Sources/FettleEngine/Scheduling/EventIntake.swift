public import FettleCore

/// Takes events from the queues of webhooks and runs their scenarios: one at a time and in order where
/// a scenario is processed in order, otherwise several at once, up to a bound.
///
/// An event leaves its queue in the transaction that opens its execution, and is done with, or back
/// in its place, in the transaction that ends it.
public actor EventIntake {
  private let runner: ScenarioRunner
  private let queue: any QueueStore
  private let width: Int
  private let report: @Sendable (Scheduler.Event) -> Void
  private let answer: @Sendable (String, HookAnswer) -> Void
  private var lanes: [ScenarioID: Lane] = [:]
  private var isStopped = false
  private var waitingForEnd: [CheckedContinuation<Void, Never>] = []

  /// The workers of one scenario.
  private struct Lane {
    var workers = 0
    /// Whether an event came since a worker looked last.
    var isCalled = false
  }

  /// An intake.
  /// - Parameters:
  ///   - width: how many events of a scenario are processed at once, at most.
  ///   - answer: takes what a sender that waits is answered, by its ticket.
  ///   - report: told what came of each event.
  public init(
    runner: ScenarioRunner, queue: any QueueStore, width: Int = 16,
    answer: @escaping @Sendable (String, HookAnswer) -> Void,
    report: @escaping @Sendable (Scheduler.Event) -> Void
  ) {
    self.runner = runner
    self.queue = queue
    self.width = max(1, width)
    self.answer = answer
    self.report = report
  }

  /// An event came for a scenario.
  public func call(_ scenario: ScenarioID) {
    guard !isStopped else { return }
    var lane = lanes[scenario] ?? Lane()
    lane.isCalled = true
    if lane.workers < width {
      lane.workers += 1
      Task { await work(for: scenario) }
    }
    lanes[scenario] = lane
  }

  /// Looks for events that wait: those others stored, and those whose scenario may run again.
  public func callAll() async throws(StoreError) {
    for scenario in try await queue.scenariosWithEvents() { call(scenario) }
  }

  /// How many events are being processed.
  public var running: Int { lanes.values.reduce(0) { $0 + $1.workers } }

  /// Takes nothing any more, and returns when what was taken has ended.
  public func stop() async {
    isStopped = true
    guard running > 0 else { return }
    await withCheckedContinuation { waitingForEnd.append($0) }
  }

  private func work(for scenario: ScenarioID) async {
    while !isStopped {
      lanes[scenario]?.isCalled = false
      do throws(StoreError) {
        if let taken = try await take(of: scenario) {
          await run(taken)
          continue
        }
      } catch {
        report(.refused("an event of scenario \(scenario)", error))
        break
      }
      // An event that came while this worker looked may have found all of them at work.
      if lanes[scenario]?.isCalled != true { break }
    }
    lanes[scenario]?.workers -= 1
    if lanes[scenario]?.workers == 0 { lanes[scenario] = nil }
    guard isStopped, running == 0 else { return }
    for waiting in waitingForEnd { waiting.resume() }
    waitingForEnd = []
  }

  private nonisolated func take(
    of scenario: ScenarioID
  ) async throws(StoreError) -> TakenEvent? {
    let now = runner.clock.now()
    return try await queue.take(
      of: scenario, as: runner.newExecution(at: now), permits: { $0.takesEvents(at: now) })
  }

  private nonisolated func run(_ taken: TakenEvent) async {
    let name = taken.opening.blueprint.name
    let ticket = taken.ticket
    do throws(StoreError) {
      var reply: (@Sendable (HookAnswer) -> Void)?
      if let ticket { reply = { [answer] given in answer(ticket, given) } }
      let summary = try await runner.run(taken.opening, taken.state, answer: reply)
      // The first answer counts; where the scenario gave none, the sender is told how it ended.
      if let ticket { answer(ticket, summary.error == nil ? .accepted : .failed) }
      let state = try await runner.note(summary, of: taken.opening.blueprint, knowing: taken.state)
      report(.ran(name, summary, state))
    } catch {
      if let ticket { answer(ticket, .accepted) }
      report(.refused(name, error))
    }
  }
}

extension ScenarioRunner {
  /// What an execution is opened with that begins now.
  func newExecution(at now: Instant) -> NewExecution {
    NewExecution(
      id: clock.uuid(), started: now, seed: clock.uuid().seed, worker: worker,
      lease: now.advanced(bySeconds: leaseSeconds))
  }

  /// Notes for the scenario how a run of it ended.
  /// - Parameter known: what was known of the scenario when the run began; where the run changes
  ///   nothing of that, nothing is written, because events come by the thousand.
  /// - Returns: what is known of the scenario then.
  public func note(
    _ summary: ExecutionSummary, of blueprint: Blueprint, knowing known: ScenarioState? = nil
  ) async throws(StoreError) -> ScenarioState {
    let (zone, settings, backoff) = (timeZone, blueprint.settings, retrySchedule)
    let change: @Sendable (inout ScenarioState) -> ScenarioState = { state in
      state.ended(summary, settings: settings, zone: zone, backoff: state.retries ?? backoff)
      return state
    }
    if var expected = known, let known, change(&expected) == known { return known }
    return try await scenarios.update(summary.scenario, change)
  }
}
