public import FettleCore

/// Serves the retries that were asked for and not waited for, in the order they were asked for; of one
/// scenario no more than three at once (semantics 5.3).
public actor RequestedRetries {
  private let runner: ScenarioRunner
  private let requests: any RetryRequestStore
  private let atOnce: Int
  private let report: @Sendable (Scheduler.Event) -> Void
  /// How often a request is begun, at most, should its worker end each time.
  private static let mostAttempts = 5
  private var running: [RecordID: ScenarioID] = [:]
  private var isStopped = false
  private var isLooking = false
  private var isCalled = false
  private var waitingForEnd: [CheckedContinuation<Void, Never>] = []

  /// What serves the requests of a store.
  /// - Parameter report: told what came of each.
  public init(
    runner: ScenarioRunner, requests: any RetryRequestStore, atOnce: Int = 3,
    report: @escaping @Sendable (Scheduler.Event) -> Void
  ) {
    self.runner = runner
    self.requests = requests
    self.atOnce = max(1, atOnce)
    self.report = report
  }

  /// Looks for requests and begins those whose turn it is.
  public func call() async {
    isCalled = true
    guard !isLooking else { return }
    isLooking = true
    defer { isLooking = false }
    while isCalled, !isStopped {
      isCalled = false
      do throws(StoreError) {
        for request in try await requests.retryRequests(limit: 500) { begin(request) }
      } catch { report(.refused("a retry that was asked for", error)) }
    }
  }

  /// Begins nothing any more, and returns when what was begun has ended.
  public func stop() async {
    isStopped = true
    guard !running.isEmpty else { return }
    await withCheckedContinuation { waitingForEnd.append($0) }
  }

  private func begin(_ request: RetryRequest) {
    // With the brake pulled it would be interrupted before it did anything, and count as an attempt.
    guard !isStopped, !runner.brake.isPulled, running[request.record] == nil,
      running.values.count(where: { $0 == request.scenario }) < atOnce
    else { return }
    running[request.record] = request.scenario
    // Whoever asked does not wait; whoever sends an event waits for its answer.
    Task(priority: .utility) {
      let isServed = await serve(request)
      running[request.record] = nil
      // What could not be served now is looked at with the next call, not at once again.
      if isServed { await call() }
      guard isStopped, running.isEmpty else { return }
      for waiting in waitingForEnd { waiting.resume() }
      waitingForEnd = []
    }
  }

  /// - Returns: whether the request is done with.
  private nonisolated func serve(_ request: RetryRequest) async -> Bool {
    let id = request.record
    do throws(StoreError) {
      let record = try await runner.store.record(id)
      if isDone(request, record) {
        try await requests.removeRetryRequest(of: id)
        return true
      }
      let desk = OperatorDesk(store: runner.store, runner: runner, author: request.author)
      let outcome = try await desk.resume(
        id, version: nil, trigger: request.trigger, substitute: request.output)
      report(.retried(outcome))
      // This worker is stopping; what was asked for goes on with the next one.
      if outcome.outcome == .interrupted { return false }
      try await requests.removeRetryRequest(of: id)
    } catch {
      switch error {
      // It goes on when there is room, or when the worker that has the record has ended.
      case .full, .busy, .outcomeUnknown: return false
      case .refused(let move) where move.state == .inProgress: return false
      // Another worker served it, or somebody changed the record: the next look says which.
      case .changedMeanwhile: return false
      default:
        report(.refused("record \(id.short)", error))
        do throws(StoreError) { try await requests.removeRetryRequest(of: id) } catch {
          return false
        }
      }
    }
    return true
  }

  /// Whether a request that is still there was served: a worker that died after it had done so left it,
  /// and serving it again would repeat what nobody asked for twice. An attempt that was interrupted
  /// serves nothing; but what may have happened is not done again unasked, and a retry that ends its
  /// worker each time is not begun for ever.
  private nonisolated func isDone(_ request: RetryRequest, _ record: IncompleteExecution) -> Bool {
    let attempts = record.attempts.filter { $0.ended >= request.date }
    guard !attempts.isEmpty else { return false }
    return record.error.stage == .inDoubt || attempts.count >= Self.mostAttempts
      || attempts.contains { $0.outcome != .interrupted }
  }
}
