/// Which records a list shows, and in which order: what a `FilterExpression` means at an instant,
/// with the parts apart for which a store has indexes.
public struct RecordFilter: Sendable, Hashable {
  /// Those in one of these states; empty means those that are neither resolved nor deleted.
  public var states: Set<IncompleteState>
  /// Those of these scenarios; empty means all.
  public var scenarios: Set<ScenarioID>
  /// Those of these kinds of failure; empty means all.
  public var errorTypes: Set<ErrorType>
  /// Those that contain each of these texts in reason, scenario, module, identity or, from three
  /// characters on, in the data; in any case.
  public var words: [String]
  /// What else has to hold, all of it.
  public var rules: [RecordRule]
  /// The order of the list.
  public var order: RecordOrder

  /// Everything that is still to be mended, or less of it.
  /// - Parameter text: words with spaces between them.
  public init(
    states: Set<IncompleteState> = [], scenarios: Set<ScenarioID> = [],
    errorTypes: Set<ErrorType> = [], text: String = "", rules: [RecordRule] = [],
    order: RecordOrder = .newest
  ) {
    self.states = states
    self.scenarios = scenarios
    self.errorTypes = errorTypes
    words = text.split(separator: " ").map(String.init)
    self.rules = rules
    self.order = order
  }

  /// What a filter means at an instant. Where it says nothing about the status and names no
  /// identity, it means the records that are neither resolved nor deleted.
  /// - Parameter utcOffset: the zone of its dates, in seconds east of UTC.
  public init(
    _ expression: FilterExpression, now: Instant, utcOffset: Int = 0, order: RecordOrder = .newest
  ) {
    self.init(order: order)
    let parts: [FilterExpression] =
      if case .all(let parts) = expression { parts } else { [expression] }
    var isStated = false
    for part in parts {
      if case .words(let text, _) = part {
        words.append(text)
        continue
      }
      let rule = part.rule(now: now, utcOffset: utcOffset)
      switch rule {
      case .test(.words(let text)): words.append(text)
      case _ where !isStated && rule.states != nil:
        states = rule.states ?? []
        isStated = true
      case _ where errorTypes.isEmpty && rule.errorTypes?.isEmpty == false:
        errorTypes = rule.errorTypes ?? []
      default: rules.append(rule)
      }
    }
    if !isStated, expression.namesStatus { states = Set(IncompleteState.allCases) }
  }

  /// The states a record may be in.
  public var effectiveStates: Set<IncompleteState> {
    states.isEmpty ? [.pending, .unresolved, .inProgress] : states
  }

  /// Whether the bundles have to be read to answer it.
  public var readsData: Bool { rules.contains(where: \.readsData) }

  /// Whether stores have indexes for all of it. Otherwise a page may cost a look at every record, and
  /// is not worth asking for again and again.
  public var isLookUp: Bool {
    words.isEmpty && (order.column == .created || order.column == .error)
      && rules.allSatisfy(\.isIndexed)
  }

  /// Whether a record is let through: the reference that stores are compared with.
  public func matches(_ record: IncompleteExecution) -> Bool {
    effectiveStates.contains(record.summary.state)
      && (scenarios.isEmpty || scenarios.contains(record.summary.scenarioID))
      && (errorTypes.isEmpty || errorTypes.contains(record.summary.errorType))
      && words.allSatisfy { RecordRule.test(.words($0)).matches(record) }
      && rules.allSatisfy { $0.matches(record) }
  }
}

extension FilterRule where Test == RecordTest {
  /// Whether stores have an index for it.
  fileprivate var isIndexed: Bool {
    switch self {
    case .test(.text(.scenario, _)), .test(.text(.id, _)), .test(.number(.created, _)),
      .test(.group):
      true
    case .any(let parts):
      parts.allSatisfy { if case .test(.text(.scenario, _)) = $0 { true } else { false } }
    default: false
    }
  }

  /// The states, where it is about nothing else.
  fileprivate var states: Set<IncompleteState>? {
    alternatives { if case .state(let states) = $0 { states } else { nil } }?
      .reduce(into: []) { $0.formUnion($1) }
  }

  /// The kinds of failure, where it is about nothing else.
  fileprivate var errorTypes: Set<ErrorType>? {
    alternatives { if case .errorType(let types) = $0 { types } else { nil } }?
      .reduce(into: []) { $0.formUnion($1) }
  }
}

/// The order of the list of records.
public typealias RecordOrder = ListOrder<RecordColumn>

/// A place in the list of records.
public typealias RecordPlace = ListPlace<RecordColumn>

/// Which part of the list of records is wanted.
public typealias PageRequest = ListRequest<RecordPlace>

/// What the list of records can be ordered by.
public enum RecordColumn: String, ListColumn {
  case created, scenario, module, error, next, attempts, size

  /// When a record was stored.
  public static let time = RecordColumn.created

  /// What the list calls the column of the attempts.
  public static let synonyms: [String: RecordColumn] = ["try": .attempts]

  /// The column as the list names it.
  public var title: String { self == .attempts ? "try" : rawValue }

  /// Time, tries and size begin with the greatest.
  public var beginsWithGreatest: Bool {
    switch self {
    case .created, .size, .attempts: true
    case .scenario, .module, .error, .next: false
    }
  }

  /// What is compared of a record.
  public func key(of record: IncompleteSummary) -> ListKey {
    switch self {
    case .created: .number(record.created.milliseconds)
    case .scenario: .text(record.scenarioName)
    case .module: .text(record.failerTitle)
    case .error: .text(record.errorType.rawValue)
    // A record without a planned retry waits longest.
    case .next: .number(record.nextRetry?.milliseconds ?? .max)
    case .attempts: .number(Int64(record.attempts))
    case .size: .number(Int64(record.size))
    }
  }

  /// When a record was stored.
  public static func date(of record: IncompleteSummary) -> Instant { record.created }

  /// Its identity.
  public static func position(of record: IncompleteSummary) -> RecordID { record.id }
}

/// What one stretch of a search through the data found.
public struct SearchStretch: Sendable, Hashable {
  /// The records found, in the order of the list.
  public let records: [IncompleteSummary]
  /// How many were looked at.
  public let searched: Int
  /// Where the next stretch begins; nil when everything was looked at.
  public let end: RecordPlace?

  /// A stretch of these parts.
  public init(records: [IncompleteSummary], searched: Int, end: RecordPlace?) {
    self.records = records
    self.searched = searched
    self.end = end
  }
}
