/// How long runs and operations may take (semantics 6.9).
public struct RunLimits: Sendable, Hashable {
  /// A run, in seconds. What it did not get to becomes an incomplete execution (D32).
  public var run: Int
  /// One operation of a module that sets no limit of its own, in seconds.
  public var operation: Int

  /// Fusion's limits, unless told otherwise: 40 minutes and 40 seconds.
  public init(run: Int = 2400, operation: Int = 40) {
    self.run = max(1, run)
    self.operation = max(1, operation)
  }
}
