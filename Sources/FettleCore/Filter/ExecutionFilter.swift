/// What a condition on executions is about.
public enum ExecutionKey: TestedKeys {
  case status, scenario, trigger, error, started, age, duration, operations, stored, id, text

  /// The keys, in the order a completion offers them.
  public static let named: [(name: String, key: ExecutionKey)] = [
    ("status", .status), ("scenario", .scenario), ("trigger", .trigger), ("error", .error),
    ("started", .started), ("age", .age), ("duration", .duration), ("operations", .operations),
    ("stored", .stored), ("id", .id), ("text", .text),
  ]

  /// Other names of keys; `created` is what the list of records calls it.
  public static let synonyms: [String: ExecutionKey] = [
    "state": .status, "created": .started, "by": .trigger, "ops": .operations, "run": .id,
  ]

  /// Whether two dots between values mean a range.
  public var hasRanges: Bool {
    switch self {
    case .started, .age, .duration, .operations, .stored: true
    case .status, .scenario, .trigger, .error, .id, .text: false
    }
  }

  /// Whether a regular expression can be a value.
  public var takesPatterns: Bool { self == .scenario || self == .error }

  /// What the values of the key look like.
  public var form: String {
    switch self {
    case .status: "a status is running, success, warning or error"
    case .trigger: "a trigger is manual, scheduled, instant or retry"
    case .started: "a date looks like 2026-09-20, >2026-09-20T14:02, 2026-09-20..21, today"
    case .age, .duration: "a time looks like <2h, >3d or 1h..2h; the units are ms s m h d w"
    case .operations, .stored: "a number looks like 3, >2 or 2..5"
    case .id: "an identity has letters and digits only"
    case .scenario, .error, .text: "that is not understood here"
    }
  }

  /// What words without a key mean.
  public static func words(_ text: String) -> ExecutionTest { .words(text) }

  /// What one value means.
  public func test(_ value: FilterValue, now: Instant, utcOffset: Int) -> ExecutionTest? {
    switch self {
    case .status:
      let found = Self.beginning(value, ExecutionStatus.allCases)
      return found.isEmpty ? nil : .status(found)
    case .trigger:
      let found = Self.beginning(value, ExecutionOrigin.allCases)
      return found.isEmpty ? nil : .trigger(found)
    case .scenario: return .scenario(value.namePattern)
    case .error:
      if case .text(let text, isQuoted: false) = value, !text.contains("*"), !text.contains("?") {
        return .error(.begins(text))
      }
      return .error(value.namePattern)
    case .started:
      return FilterKey.range(value) { FilterQuantity.date($0, now: now, utcOffset: utcOffset) }
        .map { .number(.started, $0) }
    case .age:
      // The older, the earlier: the ends change places.
      return FilterKey.range(value, Self.duration).map { range in
        .number(
          .started,
          NumberRange(
            range.high.map { now.milliseconds - $0 }, range.low.map { now.milliseconds - $0 }))
      }
    case .duration: return FilterKey.range(value, Self.duration).map { .number(.duration, $0) }
    case .operations: return FilterKey.range(value, Self.count).map { .number(.operations, $0) }
    case .stored: return FilterKey.range(value, Self.count).map { .number(.stored, $0) }
    case .id:
      guard case .text(let text, _) = value, !text.isEmpty,
        text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
      else { return nil }
      return .id(text.lowercased())
    case .text:
      guard case .text(let text, _) = value, !text.isEmpty else { return nil }
      return .words(text)
    }
  }

  private static func duration(_ text: String) -> Range<Int64>? {
    FilterQuantity.shortDuration(text).map { $0..<($0 + 1) }
  }

  private static func count(_ text: String) -> Range<Int64>? {
    Int64(text).flatMap { $0 >= 0 && $0 < .max ? $0..<($0 + 1) : nil }
  }

  /// Those whose word begins so.
  private static func beginning<Word: RawRepresentable & Hashable>(
    _ value: FilterValue, _ words: [Word]
  ) -> Set<Word> where Word.RawValue == String {
    guard case .text(let text, _) = value, !text.isEmpty else { return [] }
    if text.lowercased() == "all" { return Set(words) }
    return Set(words.filter { $0.rawValue.hasPrefix(text.lowercased()) })
  }
}

/// One test of an execution.
public enum ExecutionTest: Hashable, Sendable {
  case status(Set<ExecutionStatus>)
  case trigger(Set<ExecutionOrigin>)
  /// By the name of its scenario.
  case scenario(TextPattern)
  /// By the kind of the failure that ended it, as it is or in short.
  case error(TextPattern)
  case number(NumberField, NumberRange)
  /// Identities that begin so.
  case id(String)
  /// Words in the identity, the status, the trigger, the scenario, the kind and the message of the
  /// failure.
  case words(String)

  /// A number of an execution.
  public enum NumberField: Hashable, Sendable {
    /// Milliseconds since 1970.
    case started
    /// Milliseconds; an execution that runs has none and is in no range.
    case duration
    case operations
    /// The incomplete executions it stored.
    case stored
  }

  /// Whether an execution passes: the reference that stores are compared with.
  public func matches(_ row: ExecutionRow) -> Bool {
    let summary = row.summary
    switch self {
    case .status(let wanted): return wanted.contains(summary.status)
    case .trigger(let wanted): return wanted.contains(summary.origin)
    case .scenario(let pattern): return pattern.matches(row.scenarioName)
    case .error(let pattern):
      return summary.error.map { Self.matches(pattern, $0.type) } ?? false
    case .number(let field, let range):
      switch field {
      case .started: return range.contains(summary.started.milliseconds)
      case .duration: return summary.duration.map(range.contains) ?? false
      case .operations: return range.contains(Int64(summary.operations))
      case .stored: return range.contains(Int64(row.storedCount))
      }
    case .id(let start): return summary.id.lowercased().hasPrefix(start)
    case .words(let words):
      let pattern = TextPattern.contains(words)
      return [summary.id, summary.status.rawValue, summary.origin.rawValue, row.scenarioName]
        .contains(where: pattern.matches)
        || summary.error.map { Self.hasWords(pattern, $0) } ?? false
    }
  }

  /// Whether the name of a kind of failure is meant.
  public static func matches(_ pattern: TextPattern, _ type: ErrorType) -> Bool {
    pattern.matches(type.rawValue) || pattern.matches(type.shortName)
  }

  /// Whether words stand in what is told of a failure.
  public static func hasWords(_ pattern: TextPattern, _ error: ModuleError) -> Bool {
    matches(pattern, error.type) || pattern.matches(error.message)
  }
}

/// Which executions a history shows, and in which order.
public struct ExecutionFilter: Hashable, Sendable {
  /// Those of these scenarios; empty means all.
  public var scenarios: Set<ScenarioID>
  /// What has to hold, all of it.
  public var rules: [FilterRule<ExecutionTest>]
  /// The order of the list.
  public var order: ExecutionOrder

  /// All executions, or less of them.
  public init(
    scenarios: Set<ScenarioID> = [], rules: [FilterRule<ExecutionTest>] = [],
    order: ExecutionOrder = .newest
  ) {
    self.scenarios = scenarios
    self.rules = rules
    self.order = order
  }

  /// What a filter means at an instant.
  /// - Parameter utcOffset: the zone of its dates, in seconds east of UTC.
  public init(
    _ tree: FilterTree<ExecutionKey>, now: Instant, utcOffset: Int = 0,
    order: ExecutionOrder = .newest
  ) {
    self.init(rules: tree.rules(now: now, utcOffset: utcOffset), order: order)
  }

  /// Whether an execution is let through: the reference that stores are compared with.
  public func matches(_ row: ExecutionRow) -> Bool {
    (scenarios.isEmpty || scenarios.contains(row.summary.scenario))
      && rules.allSatisfy { $0.holds { $0.matches(row) } }
  }
}

/// The order of a history. Executions that are equal in the column follow by the time they began and
/// then by their number, so that every order is total.
public struct ExecutionOrder: Hashable, Sendable {
  /// What is compared.
  public enum Column: String, CaseIterable, Hashable, Sendable {
    case started, status, scenario, operations, duration
  }

  /// What is compared.
  public var column: Column
  /// Whether the greatest comes first.
  public var isDescending: Bool

  /// An order by a column.
  public init(_ column: Column, isDescending: Bool) {
    self.column = column
    self.isDescending = isDescending
  }

  /// An order in words: `duration`, or `-duration` for the greatest first; nil when there is none such.
  public init?(words: String) {
    let isDescending = words.hasPrefix("-")
    let name = isDescending ? String(words.dropFirst()) : words
    guard let column = Column(rawValue: name == "created" ? "started" : name) else { return nil }
    self.init(column, isDescending: isDescending)
  }

  /// What began last comes first.
  public static let newest = ExecutionOrder(.started, isDescending: true)

  /// What is compared of an execution.
  public func key(of row: ExecutionRow) -> RecordOrder.Key {
    switch column {
    case .started: .number(row.summary.started.milliseconds)
    case .status: .text(row.summary.status.rawValue)
    case .scenario: .text(row.scenarioName)
    case .operations: .number(Int64(row.summary.operations))
    // What still runs has taken longest.
    case .duration: .number(row.summary.duration ?? .max)
    }
  }

  /// Whether one place comes before another in the list.
  public func precedes(_ left: ExecutionPlace, _ right: ExecutionPlace) -> Bool {
    isDescending ? right < left : left < right
  }
}

extension ExecutionOrder: CustomStringConvertible {
  /// `duration`, or `-duration` for the greatest first.
  public var description: String { (isDescending ? "-" : "") + column.rawValue }
}

/// A place in a history, told by the execution it stands next to.
public struct ExecutionPlace: Hashable, Sendable, Comparable {
  /// What the list is ordered by, of the execution next to it.
  public let key: RecordOrder.Key
  /// When the execution next to it began.
  public let started: Instant
  /// The number of the execution next to it.
  public let number: Int

  /// A place of these parts.
  public init(key: RecordOrder.Key, started: Instant, number: Int) {
    self.key = key
    self.started = started
    self.number = number
  }

  /// The place next to an execution.
  public init(_ row: ExecutionRow, _ order: ExecutionOrder) {
    self.init(key: order.key(of: row), started: row.summary.started, number: row.number)
  }

  /// The place just before an execution: what follows begins with it.
  public init(justBefore row: ExecutionRow, _ order: ExecutionOrder) {
    self.init(
      key: order.key(of: row), started: row.summary.started,
      number: row.number + (order.isDescending ? 1 : -1))
  }

  /// In the ascending order of the column.
  public static func < (left: ExecutionPlace, right: ExecutionPlace) -> Bool {
    if left.key != right.key { return left.key < right.key }
    return (left.started, left.number) < (right.started, right.number)
  }
}
