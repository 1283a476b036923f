public import FettleCore
import Synchronization

/// Takes events from the queues of webhooks and runs their scenarios: one at a time and in order where
/// a scenario is processed in order, otherwise several at once, up to a bound.
///
/// Events leave their queue, several in one transaction, in the one that opens their executions; each
/// is done with, or back in its place, in the transaction that ends its execution. While that
/// transaction goes to the disk the place of the event is another's, and what is taken grows with what
/// was begun while the last transaction was on its way: so a disk that is slow makes the transactions
/// larger, and modules that are slow leave events where they are safe. It begins with one event, and
/// grows by those that ended well, so that a scenario whose runs fail is switched off before the queue
/// behind the first event is at work.
public actor EventIntake {
  private let runner: ScenarioRunner
  private let queue: any QueueStore
  private let width: Int
  private let report: @Sendable (Scheduler.Event) -> Void
  private let answer: @Sendable (String, HookAnswer) -> Void
  private var lanes: [ScenarioID: Lane] = [:]
  /// The scenarios an event came for since the intake looked last.
  private let rung = Mutex<Set<ScenarioID>>([])
  private var isStopped = false
  private var waitingForEnd: [CheckedContinuation<Void, Never>] = []

  /// The events of one scenario.
  private struct Lane {
    /// Taken, and not begun.
    var waiting: [TakenEvent] = []
    /// At work in the modules of the scenario.
    var working = 0
    /// Taken, and not ended on the disk.
    var open = 0
    /// Begun since events were taken last.
    var begun = 0
    /// Ended well since events were taken last.
    var endedWell = 0
    var isTaking = false
    /// Whether there may be an event that nobody has looked for.
    var isCalled = false

    var isIdle: Bool { open == 0 && !isTaking && !isCalled }
  }

  /// More in one transaction would only make the others in it wait longer.
  private static let mostTaken = 64
  /// How many events may be open for each that may be at work: those whose ends are on their way to
  /// the disk.
  private static let depth = 8

  /// An intake.
  /// - Parameters:
  ///   - width: how many events of a scenario are at work at once, at most.
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
    lanes[scenario, default: Lane()].isCalled = true
    advance(scenario)
  }

  /// An event came for a scenario; whoever says so does not wait. Events come by the thousand, so those
  /// that come before the intake has its turn are one call.
  public nonisolated func ring(for scenario: ScenarioID) {
    guard rung.withLock({ $0.insert(scenario).inserted }) else { return }
    // Work comes after the answers to those who send it.
    Task(priority: .medium) { await answerRing(of: scenario) }
  }

  private func answerRing(of scenario: ScenarioID) {
    rung.withLock { _ = $0.remove(scenario) }
    call(scenario)
  }

  /// Looks for events that wait: those others stored, and those whose scenario may run again.
  public func callAll() async throws(StoreError) {
    for scenario in try await queue.scenariosWithEvents() { call(scenario) }
  }

  /// Takes nothing any more, and returns when what was taken has ended.
  public func stop() async {
    isStopped = true
    for scenario in lanes.keys { advance(scenario) }
    guard !lanes.isEmpty else { return }
    await withCheckedContinuation { waitingForEnd.append($0) }
  }

  /// Begins what may begin, and takes more where there may be more.
  private func advance(_ scenario: ScenarioID) {
    guard var lane = lanes[scenario] else { return }
    if isStopped { lane.isCalled = false }
    while lane.working < width, !lane.waiting.isEmpty {
      let event = lane.waiting.removeFirst()
      lane.working += 1
      lane.begun += 1
      Task { await run(event, of: scenario) }
    }
    if lane.isCalled, !lane.isTaking, lane.waiting.isEmpty {
      let most = min(
        1 + lane.endedWell, width - lane.working + lane.begun, Self.mostTaken,
        width * Self.depth - lane.open)
      if most > 0 {
        (lane.isTaking, lane.isCalled) = (true, false)
        (lane.begun, lane.endedWell) = (0, 0)
        Task { await take(most, of: scenario) }
      }
    }
    lanes[scenario] = lane.isIdle ? nil : lane
    guard isStopped, lanes.isEmpty else { return }
    for waiting in waitingForEnd { waiting.resume() }
    waitingForEnd = []
  }

  private func take(_ most: Int, of scenario: ScenarioID) async {
    // A scenario that is processed in order is called in between: whoever came first is first.
    let turn = runner.turns.isTaken(scenario) ? runner.turns.enter(scenario) : nil
    defer { if case .turn(let turn) = turn { runner.turns.leave(turn) } }
    if case .turn(let turn) = turn {
      _ = await runner.turns.hasCome(turn, within: .seconds(runner.limits.run))
    }
    do throws(StoreError) {
      let now = runner.clock.now()
      let taken = try await queue.take(
        of: scenario, as: (0..<most).map { _ in runner.newExecution(at: now) },
        permits: { $0.takesEvents(at: now) })
      lanes[scenario]?.waiting += taken
      lanes[scenario]?.open += taken.count
    } catch { report(.refused("an event of scenario \(scenario)", error)) }
    lanes[scenario]?.isTaking = false
    advance(scenario)
  }

  private func run(_ event: TakenEvent, of scenario: ScenarioID) async {
    let endedWell = await run(event) { await self.leave(scenario) }
    lanes[scenario]?.open -= 1
    if endedWell { lanes[scenario]?.endedWell += 1 } else { lanes[scenario]?.endedWell = 0 }
    // There may be more; and where one event waits for the end of another, or came back to its place,
    // it can be taken now.
    lanes[scenario]?.isCalled = true
    advance(scenario)
  }

  /// An event is through the modules of its scenario; what is left is to write down how it ended.
  private func leave(_ scenario: ScenarioID) {
    lanes[scenario]?.working -= 1
    advance(scenario)
  }

  /// - Returns: whether the run ended, and with no error.
  private nonisolated func run(
    _ taken: TakenEvent, leaving: @escaping @Sendable () async -> Void
  ) async -> Bool {
    let left = Once(leaving)
    let name = taken.opening.blueprint.name
    let ticket = taken.ticket
    var endedWell = false
    do throws(StoreError) {
      var reply: (@Sendable (HookAnswer) -> Void)?
      if let ticket { reply = { [answer] given in answer(ticket, given) } }
      let (summary, state) = try await runner.run(
        taken.opening, taken.state, answer: reply, walked: { await left.call() })
      // The first answer counts; where the scenario gave none, the sender is told how it ended.
      let isSafe = summary.error == nil || summary.isLeftOpen
      if let ticket { answer(ticket, isSafe ? .accepted : .failed) }
      report(.ran(name, summary, state))
      endedWell = summary.error == nil
    } catch {
      if let ticket { answer(ticket, .accepted) }
      report(.cutShort(name, error))
    }
    // A run that the store stopped never came to its end.
    await left.call()
    return endedWell
  }
}

/// Something that happens once, whoever is first to ask for it.
private actor Once {
  private var action: (@Sendable () async -> Void)?

  init(_ action: @escaping @Sendable () async -> Void) { self.action = action }

  func call() async {
    let pending = action
    action = nil
    await pending?()
  }
}

extension ScenarioRunner {
  /// What an execution is opened with that begins now.
  func newExecution(at now: Instant) -> NewExecution {
    NewExecution(
      id: clock.uuid(), started: now, seed: clock.uuid().seed, worker: worker,
      lease: now.advanced(bySeconds: leaseSeconds))
  }

  /// What the end of a run that nobody started by hand means for its scenario; nil where that changes
  /// nothing of what was known when the run began, because events come by the thousand.
  func change(
    after summary: ExecutionSummary, of blueprint: Blueprint, knowing known: ScenarioState
  ) -> (@Sendable (inout ScenarioState) -> Void)? {
    guard summary.origin.startsByItself else { return nil }
    let change = change(after: summary, of: blueprint)
    var expected = known
    change(&expected)
    return expected == known ? nil : change
  }

  /// What the end of an automatic retry means for its scenario: it counts for nothing but good, and where
  /// Break directives take one failure after the other (semantics 4.4.6, 5.4). Nil where it means nothing.
  func change(
    afterRetry summary: ExecutionSummary, of blueprint: Blueprint, isResolved: Bool
  ) -> (@Sendable (inout ScenarioState) -> Void)? {
    guard isResolved || !summary.breakFailures.isEmpty else { return nil }
    return change(after: summary, of: blueprint)
  }

  private func change(
    after summary: ExecutionSummary, of blueprint: Blueprint
  ) -> @Sendable (inout ScenarioState) -> Void {
    let (zone, settings, backoff, profile) = (
      timeZone, blueprint.settings, retrySchedule, profile
    )
    return { state in
      state.ended(
        summary, settings: settings, zone: zone,
        backoff: (state.retries ?? backoff).forScenario, profile: profile)
    }
  }

  /// Notes for the scenario that a run of it ended in this worker only. There may be no room for that
  /// either; then it begins again as it was planned.
  func noteLeftOpen(
    _ summary: ExecutionSummary, of blueprint: Blueprint, knowing known: ScenarioState
  ) async -> ScenarioState {
    guard let change = change(after: summary, of: blueprint, knowing: known) else { return known }
    do throws(StoreError) {
      return try await scenarios.update(summary.scenario) { state in
        change(&state)
        return state
      }
    } catch { return known }
  }
}
