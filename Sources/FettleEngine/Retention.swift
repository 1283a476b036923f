public import FettleCore

/// How much of the history is kept. Incomplete executions never go with it.
public struct Retention: Sendable, Hashable {
  /// The days an execution is kept; nil keeps it whatever its age.
  public var days: Int?
  /// The bytes a store may take before the oldest executions go; nil keeps them whatever their size.
  public var bytes: Int?

  /// Keeps that much; Fusion keeps 30 days (semantics 6.9).
  public init(days: Int? = 30, bytes: Int? = nil) {
    self.days = days
    self.bytes = bytes
  }

  /// Removes what is not kept, a few hundred executions at a time, so that nobody waits for it.
  /// - Returns: how many executions were removed.
  @discardableResult public func apply(
    to journal: any ExecutionJournal, now: Instant
  ) async throws(StoreError) -> Int {
    var removed = 0
    if let days {
      let limit = now.advanced(bySeconds: -days * 86_400)
      var count = 0
      repeat {
        count = try await journal.prune(endedBefore: limit)
        removed += count
      } while count > 0
    }
    if let bytes {
      while try await journal.usedBytes() > bytes {
        let count = try await journal.pruneOldest()
        removed += count
        if count == 0 { break }
      }
    }
    return removed
  }
}
