/// Which of the records whose time has come are retried now (semantics 5.3).
public struct RetryQueue: Sendable {
  /// How many retries of one scenario make a batch. The next batch starts when the former has
  /// finished, so that a service that has just come back is not overrun (Make, 5.3.1).
  public let atOnce: Int
  /// How long a retry waits for its scenario to stop running, in seconds, before it starts beside
  /// it.
  public let patience: Int

  /// A queue; as Make, batches of three.
  public init(atOnce: Int = 3, patience: Int = 600) {
    self.atOnce = max(1, atOnce)
    self.patience = patience
  }

  /// What is known of a scenario when its retries are chosen.
  public struct Situation: Sendable {
    /// Retries under way, of whatever worker.
    public var retrying: Int
    /// Whether the scenario itself runs.
    public var isRunning: Bool
    /// For a scenario that is processed in order: its oldest open record. Only that one may be
    /// retried, also when it waits for the operator.
    public var mustBeFirst: RecordID?

    /// A scenario at rest.
    public init(retrying: Int = 0, isRunning: Bool = false, mustBeFirst: RecordID? = nil) {
      self.retrying = retrying
      self.isRunning = isRunning
      self.mustBeFirst = mustBeFirst
    }
  }

  /// The records to retry now, in the order of their positions.
  public func choose(
    _ due: [IncompleteSummary], now: Instant, _ situations: [ScenarioID: Situation]
  ) -> [RecordID] {
    var batches: [ScenarioID: Int] = [:]
    var chosen: [RecordID] = []
    for record in due.sorted(by: { $0.index < $1.index }) {
      let situation = situations[record.scenarioID] ?? Situation()
      let isSequential = situation.mustBeFirst != nil
      let waited = record.nextRetry.map { now.milliseconds - $0.milliseconds } ?? 0
      if situation.isRunning, isSequential || waited < Int64(patience) * 1000 { continue }
      if let first = situation.mustBeFirst, first != record.id { continue }
      let batch = batches[record.scenarioID] ?? 0
      guard situation.retrying == 0, batch < (isSequential ? 1 : atOnce) else { continue }
      batches[record.scenarioID] = batch + 1
      chosen.append(record.id)
    }
    return chosen
  }
}
