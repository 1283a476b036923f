/// How many of the records whose time has come are retried now (semantics 5.3).
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
    /// Whether the scenario is processed in order: one retry at a time, and never beside the scenario
    /// itself.
    public var isSequential: Bool

    /// A scenario at rest.
    public init(retrying: Int = 0, isRunning: Bool = false, isSequential: Bool = false) {
      self.retrying = retrying
      self.isRunning = isRunning
      self.isSequential = isSequential
    }
  }

  /// Retries that may start together.
  public struct Batch: Sendable, Hashable {
    /// How many at most, in the order of their positions.
    public let size: Int
    /// When they must have been due. While the scenario runs, only those start that have waited for it
    /// long enough.
    public let dueBy: Instant
  }

  /// What may start now of a scenario's retries; nil while nothing may.
  public func batch(at now: Instant, in situation: Situation) -> Batch? {
    guard situation.retrying == 0, !(situation.isRunning && situation.isSequential) else {
      return nil
    }
    return Batch(
      size: situation.isSequential ? 1 : atOnce,
      dueBy: situation.isRunning ? now.advanced(bySeconds: -patience) : now)
  }
}
