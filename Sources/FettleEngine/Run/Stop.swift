import FettleCore
import Synchronization

/// What others ask of the executions of one worker: to stop. The store is asked again and again while
/// something runs, once for all of them.
final class StopRequests: Sendable {
  private struct State {
    var running = 0
    var watch: Int?
    var authors: [String: String] = [:]
  }

  private let state = Mutex(State())

  /// How often it is looked. Who presses the key waits for the operation that runs in any case.
  private static let pace = Duration.milliseconds(500)

  /// An execution begins; while there is one, it is looked for requests.
  func begin(_ look: @escaping @Sendable () async -> [String: String]?) {
    state.withLock { state in
      state.running += 1
      guard state.watch == nil else { return }
      state.watch = Watch.shared.begin(after: Self.pace, repeating: true) { [self] in
        Task { if let found = await look() { take(found) } }
      }
    }
  }

  /// An execution ended.
  func end(_ execution: String) {
    let watch = state.withLock { state -> Int? in
      state.running -= 1
      state.authors[execution] = nil
      guard state.running == 0 else { return nil }
      defer { state.watch = nil }
      return state.watch
    }
    if let watch { Watch.shared.end(watch) }
  }

  /// Takes in what was found. A request is never taken back.
  func take(_ found: [String: String]) {
    guard !found.isEmpty else { return }
    state.withLock { $0.authors.merge(found) { own, _ in own } }
  }

  /// Who asked an execution to stop; nil when nobody did.
  func author(of execution: String) -> String? { state.withLock { $0.authors[execution] } }
}

extension Cycle {
  /// Who asked this run to stop, or one that waits for it. Inside an error handler it goes on, so that
  /// a record begins at the module that failed.
  var stopAskedBy: String? {
    runner.stops.author(of: execution.id)
      ?? callers.lazy.compactMap { runner.stops.author(of: $0.execution) }.first
  }

  /// The run ends before a module because somebody asked for it: what it had not got to is kept, for
  /// an operator (semantics 4.7, 6.9).
  mutating func stopped(
    by author: String, in flow: [ModuleNode], at position: Int, sight: VisibleBundles
  ) async throws(StoreError) -> Passage {
    let module = flow[position]
    raise(to: .warning)
    execution.warnings.append("\(author) stopped it before module \(module.id) \"\(module.title)\"")
    let failure = Failure(
      module: module,
      error: ModuleError(
        .executionInterrupted,
        "\(author) stopped the run before \"\(module.title)\"; it goes on from here",
        stage: .notBegun),
      input: .null, sight: sight, flow: flow, position: position)
    if let retried, isStart(of: retried, failure) {
      // The record owes what it owed, and waits for an operator.
      wasInterruptedAtStart = true
      wasStopped = true
      return .stop(.failedAgain)
    }
    if storesNothing { return stop(.countError, because: failure) }
    let hadNothing =
      retried == nil && module.id == blueprint.flow.first?.id && sight.entries.isEmpty
    if !hadNothing {
      try await store(failure, schedule: RetrySchedule(pauses: []), owed: frames.compactMap(\.owed))
    }
    return .stop(.afterStoring)
  }
}
