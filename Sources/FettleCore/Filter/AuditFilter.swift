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
  public func form(not value: FilterValue) -> String {
    switch self {
    case .record: FilterValue.formOfIdentities
    case .time: FilterValue.formOfDates
    case .age: "a time looks like <2h, >3d or 1h..2h; the units are s m h d w"
    case .who, .action, .field, .text: "that is not understood here"
    }
  }

  /// What words without a key mean.
  public static func words(_ text: String) -> AuditTest { .words(text) }

  /// What one value means.
  public func rule(
    _ value: FilterValue, now: Instant, utcOffset: Int
  ) -> FilterRule<AuditTest>? {
    test(value, now: now, utcOffset: utcOffset).map(FilterRule.test)
  }

  private func test(_ value: FilterValue, now: Instant, utcOffset: Int) -> AuditTest? {
    switch self {
    case .who: return .who(value.namePattern)
    case .action: return .action(value.namePattern)
    case .field: return .field(value.namePattern)
    case .record: return value.identity.map { .record($0) }
    case .time: return value.dates(now: now, utcOffset: utcOffset).map { .time($0) }
    case .age:
      return value.durations(FilterQuantity.shortDuration).map { .time($0.before(now)) }
    case .text: return value.words.map { .words($0) }
    }
  }
}

/// One test of a line of the audit.
public enum AuditTest: RowTest {
  case who(TextPattern)
  /// What was done, as it is stored or in the words of an operator.
  case action(TextPattern)
  /// Records whose identity begins so.
  case record(String)
  /// The path of the field that was changed.
  case field(TextPattern)
  /// Milliseconds since 1970.
  case time(NumberRange)
  /// Words anywhere in the line, old and new value included. Stores look through all of a value, this
  /// reference through what the line has of it.
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

  private static func text(_ head: ValueHead) -> String? {
    switch head {
    case .whole(let value): text(value)
    case .text(let start, _): start
    case .buffer, .array, .collection: nil
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
public typealias AuditFilter = RowFilter<AuditKey, AuditColumn>

/// The order of the audit.
public typealias AuditOrder = ListOrder<AuditColumn>

/// A place in the audit.
public typealias AuditPlace = ListPlace<AuditColumn>

/// What the audit can be ordered by.
public enum AuditColumn: String, ListColumn {
  case time, who, action
  /// Records in the order they were stored.
  case record

  /// Names begin with the first letter, all else with the greatest.
  public var beginsWithGreatest: Bool { self != .who && self != .action }

  /// What is compared of a line.
  public func key(of line: AuditEntry) -> ListKey {
    switch self {
    case .time: .number(line.date.milliseconds)
    case .who: .text(line.author)
    case .action: .text(line.deed)
    case .record: .number(line.position.record)
    }
  }

  /// When what the line tells of was done.
  public static func date(of line: AuditEntry) -> Instant { line.date }

  /// Where the line is kept.
  public static func position(of line: AuditEntry) -> AuditEntry.Position { line.position }
}
