public import FettleCore

/// How much of what is over is kept: of the history, and of the bin. Incomplete executions never go
/// with the history.
public struct Retention: Sendable, Hashable {
  /// The days an execution is kept; nil keeps it whatever its age.
  public var days: Int?
  /// The bytes a store may take before the oldest executions go; nil keeps them whatever their size.
  public var bytes: Int?
  /// The days a deleted record can be taken out of the bin; nil empties nothing.
  public var binDays: Int?

  /// What went.
  public struct Removed: Sendable, Hashable {
    /// Executions of the history.
    public var executions = 0
    /// Records of the bin.
    public var records = 0
  }

  /// Keeps that much; Fusion keeps 30 days of history (semantics 6.9), the bin as long.
  public init(days: Int? = 30, bytes: Int? = nil, binDays: Int? = 30) {
    self.days = days
    self.bytes = bytes
    self.binDays = binDays
  }

  /// Removes what is not kept, a few hundred at a time, so that nobody waits for it.
  /// - Returns: how much was removed.
  @discardableResult public func apply(
    to store: any ExecutionJournal & IncompleteStore, now: Instant
  ) async throws(StoreError) -> Removed {
    var removed = Removed()
    if let binDays {
      let limit = now.advanced(bySeconds: -binDays * 86_400)
      var count = 0
      repeat {
        count = try await store.purge(deletedBefore: limit)
        removed.records += count
      } while count > 0
    }
    if let days {
      let limit = now.advanced(bySeconds: -days * 86_400)
      var count = 0
      repeat {
        count = try await store.prune(endedBefore: limit)
        removed.executions += count
      } while count > 0
    }
    if let bytes {
      while try await store.usedBytes() > bytes {
        let count = try await store.pruneOldest()
        removed.executions += count
        if count == 0 { break }
      }
    }
    return removed
  }
}
