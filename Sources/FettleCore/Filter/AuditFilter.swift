/// What a condition on lines of the audit is about.
public enum AuditKey: TestedKeys {
  case who, action, record, field, time, age, text

  /// The keys, in the order a completion offers them.
  public static let named: [(name: String, key: AuditKey)] = [
    ("who", .who), ("action", .action), ("record", .record), ("field", .field), ("time", .time),
    ("age", .age), ("text", .text),
  ]

  /// Other names of keys.
  public static let synonyms: [String: AuditKey] = [
    "author": .who, "what": .action, "id": .record, "created": .time, "date": .time,
  ]

  /// Whether two dots between values mean a range.
  public var hasRanges: Bool { self == .time || self == .age }

  /// Whether a regular expression can be a value.
  public var takesPatterns: Bool { self == .who || self == .action || self == .field }

  /// What the values of the key look like.
  public var form: String {
    switch self {
    case .record: "an identity has letters and digits only"
    case .time: "a date looks like 2026-09-20, >2026-09-20T14:02, 2026-09-20..21, today"
    case .age: "a time looks like <2h, >3d or 1h..2h; the units are s m h d w"
    case .who, .action, .field, .text: "that is not understood here"
    }
  }

  /// What words without a key mean.
  public static func words(_ text: String) -> AuditTest { .words(text) }

  /// What one value means.
  public func test(_ value: FilterValue, now: Instant, utcOffset: Int) -> AuditTest? {
    switch self {
    case .who: return .who(value.namePattern)
    case .action: return .action(value.namePattern)
    case .field: return .field(value.namePattern)
    case .record:
      guard case .text(let text, _) = value, !text.isEmpty,
        text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
      else { return nil }
      return .record(text.lowercased())
    case .time:
      return FilterKey.range(value) { FilterQuantity.date($0, now: now, utcOffset: utcOffset) }
        .map(AuditTest.time)
    case .age:
      return FilterKey.range(value) { FilterQuantity.shortDuration($0).map { $0..<($0 + 1) } }
        .map { range in
          .time(
            NumberRange(
              range.high.map { now.milliseconds - $0 }, range.low.map { now.milliseconds - $0 }))
        }
    case .text:
      guard case .text(let text, _) = value, !text.isEmpty else { return nil }
      return .words(text)
    }
  }
}

/// One test of a line of the audit.
public enum AuditTest: Hashable, Sendable {
  case who(TextPattern)
  /// What was done, as it is stored or in the words of an operator.
  case action(TextPattern)
  /// Records whose identity begins so.
  case record(String)
  /// The path of the field that was changed.
  case field(TextPattern)
  /// Milliseconds since 1970.
  case time(NumberRange)
  /// Words anywhere in the line, old and new value included.
  case words(String)

  /// Whether a line passes: the reference that stores are compared with.
  public func matches(_ line: AuditEntry) -> Bool {
    switch self {
    case .who(let pattern): return pattern.matches(line.author)
    case .action(let pattern): return pattern.matches(line.action) || pattern.matches(line.deed)
    case .record(let start): return line.record.text.lowercased().hasPrefix(start)
    case .field(let pattern):
      return line.place.map { pattern.matches($0.description) } ?? false
    case .time(let range): return range.contains(line.date.milliseconds)
    case .words(let words):
      let pattern = TextPattern.contains(words)
      let texts = [
        line.author, line.action, line.deed, line.record.text, line.place?.description,
        line.note, line.old.flatMap(Self.text), line.new.flatMap(Self.text),
      ]
      return texts.contains { $0.map(pattern.matches) ?? false }
    }
  }

  /// A value as words are looked for in it.
  public static func text(_ value: Value) -> String? {
    switch value {
    case .null, .buffer: nil
    case .collection, .array: JSONWriter.text(value)
    default: Coercion.text(value)
    }
  }
}

/// Which lines of the audit are shown, and in which order.
public struct AuditFilter: Hashable, Sendable {
  /// What has to hold, all of it.
  public var rules: [FilterRule<AuditTest>]
  /// The order of the lines.
  public var order: AuditOrder

  /// All lines, or less of them.
  public init(rules: [FilterRule<AuditTest>] = [], order: AuditOrder = .newest) {
    self.rules = rules
    self.order = order
  }

  /// What a filter means at an instant.
  /// - Parameter utcOffset: the zone of its dates, in seconds east of UTC.
  public init(
    _ tree: FilterTree<AuditKey>, now: Instant, utcOffset: Int = 0, order: AuditOrder = .newest
  ) {
    self.init(rules: tree.rules(now: now, utcOffset: utcOffset), order: order)
  }

  /// Whether a line is let through: the reference that stores are compared with.
  public func matches(_ line: AuditEntry) -> Bool {
    rules.allSatisfy { $0.holds { $0.matches(line) } }
  }
}

/// The order of the audit; lines that are equal in the column follow by their time.
public struct AuditOrder: Hashable, Sendable {
  /// What is compared.
  public enum Column: String, CaseIterable, Hashable, Sendable {
    case time, who
    /// Records in the order they were stored.
    case record
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

  /// What was done last comes first.
  public static let newest = AuditOrder(.time, isDescending: true)

  /// What is compared of a line.
  public func key(of line: AuditEntry) -> RecordOrder.Key {
    switch column {
    case .time: .number(line.date.milliseconds)
    case .who: .text(line.author)
    case .record: .number(line.position.record)
    }
  }

  /// Whether one place comes before another.
  public func precedes(_ left: AuditPlace, _ right: AuditPlace) -> Bool {
    isDescending ? right < left : left < right
  }
}

extension AuditOrder: CustomStringConvertible {
  /// `time`, or `-time` for the latest first.
  public var description: String { (isDescending ? "-" : "") + column.rawValue }
}

/// A place in the audit, told by the line it stands next to.
public struct AuditPlace: Hashable, Sendable, Comparable {
  /// What the audit is ordered by, of the line next to it.
  public let key: RecordOrder.Key
  /// When what the line tells of was done.
  public let date: Instant
  /// Where the line is kept.
  public let position: AuditEntry.Position

  /// A place of these parts.
  public init(key: RecordOrder.Key, date: Instant, position: AuditEntry.Position) {
    self.key = key
    self.date = date
    self.position = position
  }

  /// The place next to a line.
  public init(_ line: AuditEntry, _ order: AuditOrder) {
    self.init(key: order.key(of: line), date: line.date, position: line.position)
  }

  /// The place just before a line: what follows begins with it.
  public init(justBefore line: AuditEntry, _ order: AuditOrder) {
    var position = line.position
    position.number += order.isDescending ? 1 : -1
    self.init(key: order.key(of: line), date: line.date, position: position)
  }

  /// In the ascending order of the column.
  public static func < (left: AuditPlace, right: AuditPlace) -> Bool {
    if left.key != right.key { return left.key < right.key }
    return (left.date, left.position) < (right.date, right.position)
  }
}
