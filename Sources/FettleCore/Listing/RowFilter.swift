/// One test of a row of a list.
public protocol RowTest: Hashable, Sendable {
  /// What is tested.
  associatedtype Row

  /// Whether a row passes: the reference that stores are compared with.
  func matches(_ row: Row) -> Bool
}

/// Which rows of a list are shown, and in which order: what a filter means at an instant.
public struct RowFilter<Key: TestedKeys, Column: ListColumn>: Hashable, Sendable
where Key.Test: RowTest, Key.Test.Row == Column.Row {
  /// What has to hold, all of it.
  public var rules: [FilterRule<Key.Test>]
  /// The order of the list.
  public var order: ListOrder<Column>

  /// All rows, or less of them.
  public init(rules: [FilterRule<Key.Test>] = [], order: ListOrder<Column> = .usual) {
    self.rules = rules
    self.order = order
  }

  /// What a filter means at an instant.
  /// - Parameter utcOffset: the zone of its dates, in seconds east of UTC.
  public init(
    _ tree: FilterTree<Key>, now: Instant, utcOffset: Int = 0, order: ListOrder<Column> = .usual
  ) {
    self.init(rules: tree.rules(now: now, utcOffset: utcOffset), order: order)
  }

  /// Whether a row is let through: the reference that stores are compared with.
  public func matches(_ row: Column.Row) -> Bool {
    rules.allSatisfy { $0.holds { $0.matches(row) } }
  }
}
