/// Bundles of a scenario that were given up: they failed, the store had no room for them, and *Enable
/// data loss* is on (semantics 3.4, row 10). They are told of until an operator acknowledges them
/// (durability 5).
public struct LostBundles: Sendable, Hashable {
  /// How many.
  public var count: Int
  /// When the run ended that lost the first.
  public var since: Instant
  /// When the run ended that lost the last.
  public var last: Instant
  /// Why there was no room for the last.
  public var reason: String

  /// So many of them.
  public init(count: Int, since: Instant, last: Instant, reason: String) {
    self.count = count
    self.since = since
    self.last = last
    self.reason = reason
  }

  /// How many, and since when.
  public var told: String {
    "\(count) \(count == 1 ? "bundle" : "bundles") lost since \(since.iso8601.prefix(19))Z"
  }
}
