import FettleEngine

/// Runs that were begun and nobody waits for: a service that stops does.
actor Errands {
  private var running: [Int: Task<Void, Never>] = [:]
  private var next = 0

  /// Remembers a run until it ends.
  /// - Parameter ended: what is to be done then.
  func add(_ run: BegunRun, then ended: (@Sendable () async -> Void)? = nil) {
    let number = next
    next += 1
    running[number] = Task {
      _ = await run.end.value
      await ended?()
      running[number] = nil
    }
  }

  /// Waits for all of them.
  func finish() async { for task in running.values { await task.value } }
}
