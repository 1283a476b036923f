/// What a condition on groups of records with one cause is about.
public enum GroupKey: TestedKeys {
  case count, age, error, module, text

  /// The keys, in the order a completion offers them.
  public static let named: [(name: String, key: GroupKey)] = [
    ("count", .count), ("age", .age), ("error", .error), ("module", .module), ("text", .text),
  ]

  /// Other names of keys.
  public static let synonyms: [String: GroupKey] = ["records": .count]

  /// Whether two dots between values mean a range.
  public var hasRanges: Bool { self == .count || self == .age }

  /// Whether a regular expression can be a value.
  public var takesPatterns: Bool { self == .error || self == .module }

  /// What the values of the key look like.
  public func form(not value: FilterValue) -> String {
    switch self {
    case .count: "a number looks like 3, >2 or 2..5"
    case .age: "a time looks like <2h, >3d or 1h..2h; the units are s m h d w"
    case .error, .module, .text: "that is not understood here"
    }
  }

  /// What words without a key mean.
  public static func words(_ text: String) -> GroupTest { .words(text) }

  /// What one value means.
  public func rule(
    _ value: FilterValue, now: Instant, utcOffset: Int
  ) -> FilterRule<GroupTest>? {
    let test: GroupTest? =
      switch self {
      case .count: value.counts.map { .records($0) }
      case .age: value.durations(FilterQuantity.shortDuration).map { .newest($0.before(now)) }
      case .error: .error(value.beginningPattern)
      case .module: .module(value.namePattern)
      case .text: value.words.map { .words($0) }
      }
    return test.map(FilterRule.test)
  }
}

/// One test of a group of records.
public enum GroupTest: RowTest {
  /// How many records it has.
  case records(NumberRange)
  /// When the newest of them was stored, in milliseconds since 1970.
  case newest(NumberRange)
  /// By the kind of the failure, as it is or in short.
  case error(TextPattern)
  /// By what people call the failed module.
  case module(TextPattern)
  /// Words in what is shown of it.
  case words(String)

  /// Whether a group passes.
  public func matches(_ group: ErrorGroupCount) -> Bool {
    switch self {
    case .records(let range): range.contains(Int64(group.records))
    case .newest(let range): range.contains(group.newest.milliseconds)
    case .error(let pattern): ExecutionTest.matches(pattern, group.errorType)
    case .module(let pattern): pattern.matches(group.moduleTitle)
    case .words(let words):
      [group.errorType.shortName, group.moduleTitle, group.example]
        .contains(where: TextPattern.contains(words).matches)
    }
  }
}

/// Which groups are shown, and in which order.
public typealias GroupFilter = RowFilter<GroupKey, GroupColumn>

/// The order of the groups.
public typealias GroupOrder = ListOrder<GroupColumn>

/// A place among the groups.
public typealias GroupPlace = ListPlace<GroupColumn>

/// What the groups can be ordered by.
public enum GroupColumn: String, ListColumn {
  case count, age, error, module

  /// When the newest record of a group was stored.
  public static let time = GroupColumn.age

  /// Names begin with the first letter, all else with the greatest.
  public var beginsWithGreatest: Bool { self == .count || self == .age }

  /// What is compared of a group.
  public func key(of group: ErrorGroupCount) -> ListKey {
    switch self {
    case .count: .number(Int64(group.records))
    case .age: .number(group.newest.milliseconds)
    case .error: .text(group.errorType.rawValue)
    case .module: .text(group.moduleTitle)
    }
  }

  /// When the newest record of a group was stored.
  public static func date(of group: ErrorGroupCount) -> Instant { group.newest }

  /// Its fingerprint.
  public static func position(of group: ErrorGroupCount) -> Int64 { group.fingerprint }
}
