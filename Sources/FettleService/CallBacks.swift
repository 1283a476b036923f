import FettleCore
import FettleEngine
import Logging

/// Tells whoever wanted to be told how an execution ended. Who is to be told stands in the store until
/// it happened: an address that is away for a while is called again, and a service that begins calls
/// for one that died. So an address may hear of an end twice, and always hears of it.
actor CallBacks {
  typealias Tell = @Sendable (_ url: String, _ body: Value) async -> ModuleError?
  private let store: any CallBackStore
  private let clock: any RunClock
  private let tell: Tell?
  private let logger: Logger
  private var running: [String: Task<Void, Never>] = [:]
  private var isStopped = false

  /// The pauses before somebody who could not be told is told again, in seconds. What is told can be
  /// asked for at any time, so it is not tried for ever.
  private static let pauses = [1, 4, 60, 600, 3600]
  /// Nobody else calls meanwhile, in seconds: longer than a call may take.
  private static let lease = 60
  /// How many are called at once.
  private static let width = 16

  init(store: any CallBackStore, clock: any RunClock, tell: Tell?, logger: Logger) {
    self.store = store
    self.clock = clock
    self.tell = tell
    self.logger = logger
  }

  /// Calls those whose time has come; does not wait for them.
  func call() async throws(StoreError) {
    guard let tell, !isStopped, running.count < Self.width else { return }
    let now = clock.now()
    let due = try await store.takeCallBacks(
      now: now, until: now.advanced(bySeconds: Self.lease), limit: Self.width - running.count)
    for one in due {
      let id = one.execution.id
      running[id] = Task {
        await self.carryOut(one, tell)
        self.running[id] = nil
      }
    }
  }

  /// Calls nobody any more, and returns when those who are being called have answered.
  func stop() async {
    isStopped = true
    for task in running.values { await task.value }
  }

  private nonisolated func carryOut(_ due: CallBackDue, _ tell: Tell) async {
    let id = due.execution.id
    let body: Value = [
      "executionId": .text(id), "status": .text(due.execution.status.rawValue.uppercased()),
      "error": due.execution.errorShown,
    ]
    let error = await tell(due.url, body)
    do throws(StoreError) {
      guard let error else { return try await store.removeCallBack(of: id) }
      let isAway = error.type == .connection || error.type == .rateLimit
      guard isAway, due.attempt <= Self.pauses.count else {
        logger.warning(
          "the end of execution \(id.prefix(8)) could not be told: \(error.message)")
        return try await store.removeCallBack(of: id)
      }
      let pause = Self.pauses[due.attempt - 1]
      try await store.postponeCallBack(of: id, until: clock.now().advanced(bySeconds: pause))
    } catch {
      // It stands in the store as it was, and is called again.
      logger.warning("what came of telling execution \(id.prefix(8)) is not kept: \(error)")
    }
  }
}
