/// The kept connections of accounts of mail and files, apart for each account and trust. A pool that
/// nobody uses is given up after a while, or when there are too many.
///
/// It holds what a pool is by its address alone, so that what is given up can be closed elsewhere.
struct ConnectionPools {
  /// How long one is kept that nobody uses. curl does not use a connection again that rested for longer.
  static let rest = Duration.seconds(118)
  /// How many are kept that nobody uses.
  static let most = 50

  private struct Pool {
    let address: UnsafeMutableRawPointer
    var users = 0
    var rested: ContinuousClock.Instant
  }

  private var pools: [String: Pool] = [:]

  /// How many there are.
  var count: Int { pools.count }

  /// The pool of that name, for one more user.
  /// - Parameter make: makes one; nil where there is no memory.
  mutating func take(
    _ name: String, now: ContinuousClock.Instant, make: () -> UnsafeMutableRawPointer?
  ) -> UnsafeMutableRawPointer? {
    guard let address = pools[name]?.address ?? make() else { return nil }
    pools[name, default: Pool(address: address, rested: now)].users += 1
    return address
  }

  /// One user has ended.
  mutating func release(_ name: String, now: ContinuousClock.Instant) {
    pools[name]?.users -= 1
    pools[name]?.rested = now
  }

  /// Gives up those that rested for too long, and the longest resting where there are too many.
  /// - Returns: what has to be closed; nobody uses it, and nobody will.
  mutating func givingUp(now: ContinuousClock.Instant) -> [UnsafeMutableRawPointer] {
    let resting = pools.filter { $0.value.users == 0 }.sorted { $0.value.rested > $1.value.rested }
    let surplus = resting.enumerated().filter { place, pool in
      place >= Self.most || now - pool.value.rested > Self.rest
    }
    return surplus.compactMap { pools.removeValue(forKey: $0.element.key)?.address }
  }
}
