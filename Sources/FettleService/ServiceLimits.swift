/// What the service takes from whoever it does not know.
public struct ServiceLimits: Sendable {
  /// The most a body may be, in bytes: that of a webhook (semantics 6.10).
  public var body = 5_000_000
  /// How long a request may take to arrive, in seconds. Whoever sends a byte a second is not waited for.
  public var arrival = 30
  /// How long a connection may do nothing, in seconds.
  public var idle = 60
  /// How many connections are open at once; more wait to be accepted.
  public var connections = 1024
  /// How much may be in the memory of bodies that are not on the disk yet, in bytes.
  public var bodiesInMemory = 256_000_000
  /// How long a sender waits for the answer of a scenario, in seconds.
  public var answer = 300
  /// How long connections have to end when the service stops, in seconds.
  public var farewell = 10

  /// The standard limits.
  public init() {}
}
