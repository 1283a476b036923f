import FettleCore

/// Runs that were begun and nobody waits for: a service that stops does.
actor Errands {
  private var running: [Int: Task<Void, Never>] = [:]
  private var next = 0

  /// Remembers a run until it ends.
  func add(_ task: Task<Result<ExecutionSummary, StoreError>, Never>) {
    let number = next
    next += 1
    running[number] = Task {
      _ = await task.value
      running[number] = nil
    }
  }

  /// Waits for all of them.
  func finish() async { for task in running.values { await task.value } }
}
