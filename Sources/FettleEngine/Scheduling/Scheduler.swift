public import FettleCore

/// What happens while nobody looks: scheduled starts and automatic retries, on one store, beside
/// other workers and operators.
///
/// It decides what is due and starts it; when to ask is its owner's affair, so that a test can let a
/// week pass in a moment.
public actor Scheduler {
  /// Something that was started came to its end.
  public enum Event: Sendable {
    /// A scenario ran.
    case ran(String, ExecutionSummary, ScenarioState)
    /// A record was retried.
    case retried(ResumeReport)
    /// A run that had begun could not be written down; what is left of it is taken over.
    case cutShort(String, StoreError)
    /// Something could not be done; it is tried again.
    case refused(String, StoreError)
    /// Another worker, or an operator, was faster with a record that was due: nothing is amiss.
    case overtaken(RecordID)
  }

  private let runner: ScenarioRunner
  private let desk: OperatorDesk
  private let queue: RetryQueue
  private var running: Set<ScenarioID> = []
  private var retrying: [ScenarioID: Int] = [:]
  private var isStopped = false

  /// A scheduler of what a runner's store holds.
  public init(runner: ScenarioRunner, queue: RetryQueue = RetryQueue()) {
    self.runner = runner
    self.queue = queue
    desk = OperatorDesk(store: runner.store, runner: runner, author: "fettle")
  }

  /// Starts nothing any more. What was started goes on.
  public func stop() { isStopped = true }

  /// Starts everything that is due.
  /// - Returns: what was started; each gives what came of it.
  public func startDue() async throws(StoreError) -> [Task<Event, Never>] {
    guard !isStopped else { return [] }
    _ = try await runner.takeOverInterrupted()
    let now = runner.clock.now()
    let rows = try await runner.scenarios.scenarios()
    var started: [Task<Event, Never>] = []
    for row in rows where isDue(row, now) {
      if let task = await start(row, now) { started.append(task) }
    }
    for record in try await dueRetries(rows, now) { started.append(retry(record)) }
    return started
  }

  /// Follows the clock of the machine: what waits for a pause to be over does not wait for longer
  /// because the clock was set back.
  /// - Returns: by how many seconds it was set since somebody looked last; 0 where it was not.
  public func followClock() async throws(StoreError) -> Int {
    let (clock, zone) = (runner.clock, runner.timeZone)
    return try await runner.scenarios.followClock { state, seconds in
      state.clockWasSetBack(by: seconds, now: clock.now(), zone: zone)
    }
  }

  /// When something is due next; nil when nothing is planned.
  public func nextDue() async throws(StoreError) -> Instant? {
    let now = runner.clock.now()
    let starts = try await runner.scenarios.scenarios()
      .filter { $0.state.isActive && !$0.isWaiting && !running.contains($0.id) }
      .filter { $0.state.schedule?.isInstant != true || $0.state.nextRun.map { $0 > now } == true }
      .compactMap(\.state.nextRun)
    let retry = try await runner.store.earliestRetry(after: now)
    return (starts + (retry.map { [$0] } ?? [])).min()
  }

  private func isDue(_ row: ScenarioRow, _ now: Instant) -> Bool {
    // An instant scenario starts with its events; its planned start is when they are taken again.
    guard row.state.isActive, row.state.schedule?.isInstant != true,
      let next = row.state.nextRun, next <= now
    else { return false }
    // A scenario never overlaps itself, and one that is processed in order waits for its open
    // records (semantics 5.9, 6.10).
    return !running.contains(row.id) && !isRunning(row, now) && !row.isWaiting
  }

  private func isRunning(_ row: ScenarioRow, _ now: Instant) -> Bool {
    row.runsUntil.map { $0 >= now } ?? false
  }

  private func start(_ row: ScenarioRow, _ now: Instant) async -> Task<Event, Never>? {
    do throws(StoreError) {
      guard let blueprint = try await runner.scenarios.blueprint(of: row.id) else {
        let event = try await refuse(row, now)
        return Task { event }
      }
      var opening = runner.opening(
        ExecutionSummary(
          id: runner.clock.uuid(), scenario: row.id, origin: .scheduled, started: now),
        of: blueprint, given: nil)
      opening.isInOrder = blueprint.settings.sequential
      // Of several workers the one that takes the planned start is the one that runs it.
      opening.start = PlannedStart(date: row.state.nextRun, zone: runner.timeZone)
      let (opened, state) = (opening, try await runner.journal.open(opening, claiming: nil))
      running.insert(row.id)
      return Task {
        let event = await run(opened, state, of: row)
        running.remove(row.id)
        return event
      }
    } catch {
      switch error {
      case .changedMeanwhile: return nil
      // It runs by hand, or was left and is not taken over yet.
      case .notItsTurn: return nil
      default: break
      }
      // The start is where it was, and is taken when the store takes it.
      return Task { .refused(row.name, error) }
    }
  }

  private func run(
    _ opening: ExecutionOpening, _ state: ScenarioState, of row: ScenarioRow
  ) async -> Event {
    do throws(StoreError) {
      let (summary, state) = try await runner.run(opening, state)
      return .ran(row.name, summary, state)
    } catch { return .cutShort(row.name, error) }
  }

  /// Switches off what there is no blueprint of.
  private func refuse(_ row: ScenarioRow, _ now: Instant) async throws(StoreError) -> Event {
    let state = try await runner.scenarios.update(row.id) { state in
      state.deactivate(because: "no blueprint of it is kept")
      return state
    }
    return .ran(
      row.name,
      ExecutionSummary(id: "", scenario: row.id, origin: .scheduled, started: now), state)
  }

  // MARK: Retries

  private func dueRetries(
    _ rows: [ScenarioRow], _ now: Instant
  ) async throws(StoreError) -> [IncompleteSummary] {
    let scenarios = Set(try await runner.store.scenariosWithDue(at: now))
    var chosen: [IncompleteSummary] = []
    for row in rows where scenarios.contains(row.id) {
      let situation = RetryQueue.Situation(
        retrying: max(retrying[row.id] ?? 0, row.retrying),
        isRunning: running.contains(row.id) || isRunning(row, now), isSequential: row.isSequential)
      guard let batch = queue.batch(at: now, in: situation) else { continue }
      chosen += try await runner.store.due(
        at: batch.dueBy, of: row.id, inOrder: row.isSequential, limit: batch.size)
    }
    return chosen.sorted { $0.index < $1.index }
  }

  private func retry(_ record: IncompleteSummary) -> Task<Event, Never> {
    let scenario = record.scenarioID
    retrying[scenario, default: 0] += 1
    // Nobody waits for a retry that is due; whoever sends an event waits for its answer.
    return Task(priority: .utility) {
      let event = await run(record)
      retrying[scenario, default: 1] -= 1
      return event
    }
  }

  private func run(_ record: IncompleteSummary) async -> Event {
    do throws(StoreError) {
      let report = try await desk.resume(record.id, version: record.version, trigger: .auto)
      return .retried(report)
    } catch {
      switch error {
      // It is not what it was when it was found to be due. The next look says whether it still is.
      case .changedMeanwhile, .refused, .notFound: return .overtaken(record.id)
      default: return .refused("record \(record.id.short)", error)
      }
    }
  }
}
