import FettleCore
import FettleEngine
import Logging

/// Runs that were begun and nobody waits for: a service that stops does. Where somebody wants to be
/// told, they are told how the run ended.
actor Errands {
  typealias CallBack = @Sendable (_ url: String, _ body: Value) async -> ModuleError?
  private let callBack: CallBack?
  private let logger: Logger
  private var running: [Int: Task<Void, Never>] = [:]
  private var next = 0

  /// The pauses before somebody who could not be told is told again, in seconds. What is told can be
  /// asked for at any time, so it is not kept for longer than this.
  private static let pauses = [1, 4]

  init(callBack: CallBack?, logger: Logger) {
    self.callBack = callBack
    self.logger = logger
  }

  /// Remembers a run until it ends.
  /// - Parameter url: whom to tell how it ended.
  func add(_ run: BegunRun, telling url: String? = nil) {
    let number = next
    next += 1
    running[number] = Task {
      let end = await run.end.value
      if let url { await tell(url, run, end) }
      running[number] = nil
    }
  }

  /// Waits for all of them.
  func finish() async { for task in running.values { await task.value } }

  private func tell(
    _ url: String, _ run: BegunRun, _ end: Result<ExecutionSummary, StoreError>
  ) async {
    guard let callBack else { return }
    let body: Value =
      switch end {
      case .success(let summary):
        [
          "executionId": .text(summary.id), "status": .text(summary.status.rawValue.uppercased()),
          "error": summary.errorShown,
        ]
      case .failure(let error):
        [
          "executionId": .text(run.execution.id), "status": "RUNNING",
          "error": ["name": "StoreError", "message": .text(error.description)],
        ]
      }
    for pause in Self.pauses + [nil] {
      guard let error = await callBack(url, body) else { return }
      guard let pause, error.type == .connection || error.type == .rateLimit else {
        return logger.warning(
          "the end of execution \(run.execution.id.prefix(8)) could not be told: \(error.message)")
      }
      try? await Task.sleep(for: .seconds(pause))
    }
  }
}
