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
  public func form(not value: FilterValue) -> String {
    switch self {
    case .status: "a status is running, success, warning or error"
    case .trigger: "a trigger is manual, scheduled, instant or retry"
    case .started: FilterValue.formOfDates
    case .age, .duration: "a time looks like <2h, >3d or 1h..2h; the units are ms s m h d w"
    case .operations, .stored: "a number looks like 3, >2 or 2..5"
    case .id: FilterValue.formOfIdentities
    case .scenario, .error, .text: "that is not understood here"
    }
  }

  /// What words without a key mean.
  public static func words(_ text: String) -> ExecutionTest { .words(text) }

  /// What one value means.
  public func rule(
    _ value: FilterValue, now: Instant, utcOffset: Int
  ) -> FilterRule<ExecutionTest>? {
    test(value, now: now, utcOffset: utcOffset).map(FilterRule.test)
  }

  private func test(_ value: FilterValue, now: Instant, utcOffset: Int) -> ExecutionTest? {
    switch self {
    case .status:
      let found = Self.beginning(value, ExecutionStatus.allCases)
      return found.isEmpty ? nil : .status(found)
    case .trigger:
      let found = Self.beginning(value, ExecutionOrigin.allCases)
      return found.isEmpty ? nil : .trigger(found)
    case .scenario: return .scenario(value.namePattern)
    case .error: return .error(value.beginningPattern)
    case .started:
      return value.dates(now: now, utcOffset: utcOffset).map { .number(.started, $0) }
    case .age:
      return value.durations(FilterQuantity.shortDuration)
        .map { .number(.started, $0.before(now)) }
    case .duration:
      return value.durations(FilterQuantity.shortDuration).map { .number(.duration, $0) }
    case .operations: return value.counts.map { .number(.operations, $0) }
    case .stored: return value.counts.map { .number(.stored, $0) }
    case .id: return value.identity.map { .id($0) }
    case .text: return value.words.map { .words($0) }
    }
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
public enum ExecutionTest: RowTest {
  case status(Set<ExecutionStatus>)
  /// By the scenario itself, whatever it is called.
  case scenarios(Set<ScenarioID>)
  case trigger(Set<ExecutionOrigin>)
  /// By the name of its scenario.
  case scenario(TextPattern)
  /// By the kind of the failure that ended it, as it is or in short.
  case error(TextPattern)
  case number(NumberField, NumberRange)
  /// Identities that begin so.
  case id(String)
  /// Words in the identity, the status, the trigger, the scenario, the name of the execution, the kind
  /// and the message of the failure.
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
    case .scenarios(let wanted): return wanted.contains(summary.scenario)
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
      return [
        summary.id, summary.status.rawValue, summary.origin.rawValue, row.scenarioName,
        summary.name ?? "",
      ].contains(where: pattern.matches)
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
public typealias ExecutionFilter = RowFilter<ExecutionKey, ExecutionColumn>

/// The order of a history.
public typealias ExecutionOrder = ListOrder<ExecutionColumn>

/// A place in a history.
public typealias ExecutionPlace = ListPlace<ExecutionColumn>

extension RowFilter where Key == ExecutionKey, Column == ExecutionColumn {
  /// The executions of a scenario, or less of them.
  public init(
    of scenario: ScenarioID, rules: [FilterRule<ExecutionTest>] = [],
    order: ExecutionOrder = .newest
  ) {
    self.init(rules: [.test(.scenarios([scenario]))] + rules, order: order)
  }
}

/// What a history can be ordered by.
public enum ExecutionColumn: String, ListColumn {
  case started, status, scenario, operations, duration

  /// When an execution began.
  public static let time = ExecutionColumn.started

  /// What the list of records calls the time.
  public static let synonyms: [String: ExecutionColumn] = ["created": .started]

  /// Names begin with the first letter, all else with the greatest.
  public var beginsWithGreatest: Bool { self != .status && self != .scenario }

  /// What is compared of an execution.
  public func key(of row: ExecutionRow) -> ListKey {
    switch self {
    case .started: .number(row.summary.started.milliseconds)
    case .status: .text(row.summary.status.rawValue)
    case .scenario: .text(row.scenarioName)
    case .operations: .number(Int64(row.summary.operations))
    // What still runs has taken longest.
    case .duration: .number(row.summary.duration ?? .max)
    }
  }

  /// When an execution began.
  public static func date(of row: ExecutionRow) -> Instant { row.summary.started }

  /// Its number.
  public static func position(of row: ExecutionRow) -> Int { row.number }
}
