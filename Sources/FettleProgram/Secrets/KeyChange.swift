public import FettleCore
public import FettleSQLite

/// Puts another key into the place of the one that seals what lies in a store.
///
/// The new key counts first, and the former one is kept beside it; then what the store holds is sealed
/// anew, some of it at a time. At every moment everything opens with one of the two, so that programs go
/// on meanwhile, and what was killed half-way is taken up by doing it again.
public struct KeyChange: Sendable {
  private let store: SQLiteStore
  /// Where the key is.
  public let source: KeySource

  /// For a store that was opened with the key of that place.
  public init(of store: SQLiteStore, _ source: KeySource) {
    self.store = store
    self.source = source
  }

  /// Whether a former key lies beside the key that is another one.
  public func hasFormerKey() throws(SealingError) -> Bool {
    guard let former = try source.former?.keyIfThere() else { return false }
    return try former != source.key(orMake: nil)
  }

  /// Makes a new key. From now on it seals, and the former one opens what there is.
  public func begin() throws(SealingError) { try source.exchange(for: KeyedSealing.freshKey()) }

  /// Seals anew what was sealed with the former key.
  /// - Returns: how many values that were.
  public func finish() async throws(StoreError) -> Int {
    var renewed = 0
    // What another program had sealed at the moment of the change may come to the store behind us.
    for _ in 0..<10 {
      let more = try await store.sealAnew()
      renewed += more
      if more == 0 { break }
    }
    await store.emptyLog()
    return renewed
  }
}
