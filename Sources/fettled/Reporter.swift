import FettleCore
import FettleEngine
import FettleService
import Logging
import Synchronization

/// Says in the log, and counts, what came of what was begun.
final class Reporter: Sendable {
  let logger: Logger
  let metrics: ServiceMetrics
  /// The file of the store.
  private let store: String
  /// What could not be done, and why, since something last came to its end. It is tried again every
  /// second, and said once.
  private let refused = Mutex<Set<String>>([])

  init(logger: Logger, metrics: ServiceMetrics, store: String) {
    self.logger = logger
    self.store = store
    self.metrics = metrics
  }

  func report(_ event: Scheduler.Event) {
    switch event {
    case .refused, .cutShort, .overtaken: break
    case .ran(_, let run, _) where run.isLeftOpen: break
    default: refused.withLock { $0 = [] }
    }
    switch event {
    case .ran(let name, let run, let state): report(name, run, state)
    case .retried(let report):
      let summary = report.record.summary
      var metadata: Logger.Metadata = [
        "record": "\(summary.id.short)", "scenario": "\(summary.scenarioName)",
        "attempt": "\(summary.attempts)", "state": "\(summary.state.name)",
      ]
      if let next = summary.nextRetry { metadata["next"] = "\(next.iso8601)" }
      let outcome =
        switch report.outcome {
        case .resolved: "resolved"
        case .failed: "failed"
        case .failedElsewhere: "failed_elsewhere"
        case .interrupted: "interrupted"
        }
      metrics.count("fettle_retries_total", ("outcome", outcome))
      logger.log(
        level: report.outcome == .resolved ? .info : .warning, "retried", metadata: metadata)
    case .cutShort(let name, let error):
      cutShort(name, error, [:])
    case .overtaken(let record):
      logger.debug("another worker was faster", metadata: ["record": "\(record.short)"])
    case .refused(let what, let error):
      metrics.count("fettle_refused_total")
      let sentence = "\(what) was not run: \(error)"
      let isNew = refused.withLock { $0.insert(sentence).inserted }
      logger.log(level: isNew ? .warning : .debug, "\(sentence)")
    }
  }

  /// It was the store that ended a run, not one of its modules.
  private func cutShort(_ name: String, _ error: StoreError?, _ metadata: Logger.Metadata) {
    metrics.count("fettle_cut_short_total")
    var metadata = metadata
    metadata["scenario"] = "\(name)"
    metadata["store"] = "\(store)"
    if let error { metadata["error"] = "\(error)" }
    metadata["next"] = "what is left of it becomes an incomplete execution when the store is back"
    // Events come by the thousand.
    let isNew = refused.withLock { $0.insert("cut short: \(name)").inserted }
    logger.log(
      level: isNew ? .warning : .debug, "a run was cut short by the store", metadata: metadata)
  }

  private func report(_ name: String, _ run: ExecutionSummary, _ state: ScenarioState) {
    if run.isLeftOpen {
      return cutShort(
        name, nil,
        [
          "execution": "\(run.id.prefix(8))", "operations": "\(run.operations)",
          "stored": "\(run.stored.count)", "origin": "\(run.origin.rawValue)",
          "error": "\(run.error?.message ?? "the store has no room")",
        ])
    }
    metrics.count("fettle_executions_total", ("status", run.status.rawValue))
    metrics.count("fettle_operations_total", by: run.operations)
    if !run.stored.isEmpty { metrics.count("fettle_records_stored_total", by: run.stored.count) }
    var metadata: Logger.Metadata = [
      "scenario": "\(name)", "execution": "\(run.id.prefix(8))",
      "status": "\(run.status.rawValue)", "operations": "\(run.operations)",
      "stored": "\(run.stored.count)", "origin": "\(run.origin.rawValue)",
    ]
    if let error = run.error { metadata["error"] = "\(error.type)" }
    if run.lost > 0 {
      metrics.count("fettle_bundles_lost_total", by: run.lost)
      metadata["lost"] = "\(run.lost)"
      metadata["why"] = "\(run.lossReason)"
    }
    // Events come by the thousand; those that went well are counted, not told.
    let isQuiet = run.origin == .instant && run.status == .success
    logger.log(
      level: run.status != .success ? .warning : isQuiet ? .debug : .info, "ran",
      metadata: metadata)
    if run.returnsEvent {
      logger.warning(
        "the event is back in the queue; fettle hook queue shows it",
        metadata: ["scenario": "\(name)"])
    }
    if let why = state.whySwitchedOff {
      logger.error("\(why)", metadata: ["scenario": "\(name)"])
    }
  }
}
