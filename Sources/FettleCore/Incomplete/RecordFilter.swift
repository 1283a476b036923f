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
      case .words(let text): words.append(text)
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
      && words.allSatisfy { RecordRule.words($0).matches(record) }
      && rules.allSatisfy { $0.matches(record) }
  }
}

extension RecordRule {
  /// Whether stores have an index for it.
  fileprivate var isIndexed: Bool {
    switch self {
    case .text(.scenario, _), .text(.id, _), .number(.created, _), .group: true
    case .any(let parts):
      parts.allSatisfy { if case .text(.scenario, _) = $0 { true } else { false } }
    default: false
    }
  }

  /// The states, where it is about nothing else.
  fileprivate var states: Set<IncompleteState>? {
    switch self {
    case .state(let states): states
    case .any(let parts) where !parts.isEmpty:
      parts.reduce(into: Set<IncompleteState>?([])) { all, part in
        all = part.states.flatMap { all?.union($0) }
      }
    default: nil
    }
  }

  /// The kinds of failure, where it is about nothing else.
  fileprivate var errorTypes: Set<ErrorType>? {
    switch self {
    case .errorType(let types): types
    case .any(let parts) where !parts.isEmpty:
      parts.reduce(into: Set<ErrorType>?([])) { all, part in
        all = part.errorTypes.flatMap { all?.union($0) }
      }
    default: nil
    }
  }
}

/// The order of a list. Records that are equal in the column follow by the time they were stored and
/// then by identity, so that every order is total and a list can go on from any place.
public struct RecordOrder: Hashable, Sendable {
  /// What is compared.
  public enum Column: String, CaseIterable, Hashable, Sendable {
    case created, scenario, module, error, next, attempts, size
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

  /// An order in words: `size`, or `-size` for the greatest first; nil when there is none such.
  public init?(words: String) {
    let isDescending = words.hasPrefix("-")
    let name = isDescending ? String(words.dropFirst()) : words
    guard let column = Column(rawValue: name == "try" ? "attempts" : name) else { return nil }
    self.init(column, isDescending: isDescending)
  }

  /// What was stored last comes first.
  public static let newest = RecordOrder(.created, isDescending: true)

  /// What is compared of a record.
  public func key(of record: IncompleteSummary) -> Key {
    switch column {
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

  /// A value that is compared: numbers as numbers, texts by their bytes.
  public enum Key: Hashable, Sendable, Comparable {
    case number(Int64)
    case text(String)

    /// By value; a number comes before a text.
    public static func < (left: Key, right: Key) -> Bool {
      switch (left, right) {
      case (.number(let a), .number(let b)): a < b
      case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
      case (.number, .text): true
      case (.text, .number): false
      }
    }
  }

  /// Whether one place comes before another in the list.
  public func precedes(_ left: RecordPlace, _ right: RecordPlace) -> Bool {
    isDescending ? right.isLess(than: left) : left.isLess(than: right)
  }
}

extension RecordOrder: CustomStringConvertible {
  /// `size`, or `-size` for the greatest first.
  public var description: String { (isDescending ? "-" : "") + column.rawValue }
}

/// A place in the list: between two records, told by the record it stands next to. A list goes on
/// from a place, never from a row number, so that new records move nothing.
public struct RecordPlace: Sendable, Hashable {
  /// What the list is ordered by, of the record next to it.
  public let key: RecordOrder.Key
  /// When the record next to it was stored.
  public let created: Instant
  /// The record next to it.
  public let id: RecordID

  /// The place next to a record, in a list ordered by the time of storing.
  public init(created: Instant, id: RecordID) {
    key = .number(created.milliseconds)
    self.created = created
    self.id = id
  }

  /// The place next to that record.
  public init(_ record: IncompleteSummary, _ order: RecordOrder = .newest) {
    key = order.key(of: record)
    created = record.created
    id = record.id
  }

  /// The place just before a record: what follows begins with it.
  public init(justBefore record: IncompleteSummary, _ order: RecordOrder) {
    // Identities are hexadecimal digits: an empty one comes before, `~` behind all of them.
    key = order.key(of: record)
    created = record.created
    id = RecordID(order.isDescending ? record.id.text + "~" : String(record.id.text.dropLast()))
  }

  fileprivate func isLess(than other: RecordPlace) -> Bool {
    if key != other.key { return key < other.key }
    return (created, id) < (other.created, other.id)
  }
}

/// Which part of the list of records is wanted.
public typealias PageRequest = ListRequest<RecordPlace>

/// Which part of a list is wanted.
public enum ListRequest<Place: Hashable & Sendable>: Sendable, Hashable {
  /// The rows at its beginning.
  case first
  /// The rows behind a place, from there on.
  case after(Place)
  /// The rows before a place: those nearest to it, in the order of the list.
  case before(Place)
  /// The rows at its end, in the order of the list.
  case last

  /// Whether the list is gone through from its beginning to its end.
  public var isForwards: Bool {
    switch self {
    case .first, .after: true
    case .before, .last: false
    }
  }
}

/// What one stretch of a list brought.
public struct ListStretch<Row: Hashable & Sendable, Place: Hashable & Sendable>: Sendable, Hashable
{
  /// The rows that are let through, in the order of the list.
  public var rows: [Row]
  /// How many were looked at.
  public let searched: Int
  /// Where the next stretch begins; nil when the list ends here.
  public let end: Place?
  /// Whether indexes found the rows: then nothing was looked at but what was found.
  public let isLookUp: Bool

  /// A stretch of these parts.
  public init(rows: [Row], searched: Int, end: Place?, isLookUp: Bool) {
    self.rows = rows
    self.searched = searched
    self.end = end
    self.isLookUp = isLookUp
  }
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

/// How many records there are, by what they wait for. Counters kept with the records, never counted.
public struct RecordCounts: Sendable, Hashable {
  /// By state.
  public var byState: [IncompleteState: Int]
  /// The bytes of the records that are neither resolved nor deleted.
  public var openBytes: Int

  /// These numbers.
  public init(byState: [IncompleteState: Int] = [:], openBytes: Int = 0) {
    self.byState = byState
    self.openBytes = openBytes
  }

  /// The number of records in a state.
  public subscript(state: IncompleteState) -> Int { byState[state] ?? 0 }
}

extension RecordFilter {
  /// How many records are in the states it asks for, whatever else it asks.
  public func candidates(in counts: RecordCounts) -> Int {
    askedStates.reduce(0) { $0 + counts[$1] }
  }

  /// What is true when no record is in the states it asks for.
  public var noCandidates: String {
    switch askedStates {
    case Self.openStates: "Nothing incomplete."
    case [.deleted]: "The bin is empty."
    case [.resolved]: "Nothing is resolved yet."
    default: "No record is \(askedStates.map(\.name).sorted().joined(separator: " or "))."
    }
  }

  private static let openStates: Set<IncompleteState> = [.pending, .unresolved, .inProgress]

  private var askedStates: Set<IncompleteState> { states.isEmpty ? Self.openStates : states }
}

/// How many records a group has.
public struct ErrorGroupCount: Sendable, Hashable {
  /// The group.
  public let fingerprint: Int64
  /// The kind of the failure.
  public let errorType: ErrorType
  /// What people call the failed module.
  public let moduleTitle: String
  /// The message without what differs from bundle to bundle.
  public let text: String
  /// The message of the newest of them, as it was.
  public let example: String
  /// Those that are neither resolved nor deleted, by state.
  public let byState: [IncompleteState: Int]
  /// When the newest of them was stored.
  public let newest: Instant

  /// A group of these parts.
  public init(
    fingerprint: Int64, errorType: ErrorType, moduleTitle: String, text: String,
    example: String? = nil, byState: [IncompleteState: Int], newest: Instant
  ) {
    self.fingerprint = fingerprint
    self.errorType = errorType
    self.moduleTitle = moduleTitle
    self.text = text
    self.example = example ?? text
    self.byState = byState
    self.newest = newest
  }

  /// All of them.
  public var records: Int { byState.values.reduce(0, +) }
}
