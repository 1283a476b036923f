/// What a filter of records means at an instant.
public typealias RecordRule = FilterRule<RecordTest>

/// One test of a record.
public enum RecordTest: Hashable, Sendable {
  case state(Set<IncompleteState>)
  case errorType(Set<ErrorType>)
  case text(TextField, TextPattern)
  case number(NumberField, NumberRange)
  /// Whether Fettle retries it by itself.
  case retriesItself(Bool)
  /// The error group (`ErrorGroup`).
  case group(Int64)
  /// Words in the reason, the names, the identity or the data.
  case words(String)
  /// A value in the bundles, edits included.
  case data(BundlePattern, DataTest)

  /// A text of the summary.
  public enum TextField: Hashable, Sendable { case scenario, module, errorType, execution, id }

  /// A number of the summary.
  public enum NumberField: Hashable, Sendable {
    case module, attempts, size
    /// Milliseconds since 1970.
    case created
    /// Milliseconds since 1970; a record without a planned retry has none and is in no range.
    case nextRetry
  }

  /// Whether the bundles have to be read to answer it.
  public var readsData: Bool { if case .data = self { true } else { false } }
}

extension FilterRule where Test == RecordTest {
  /// Whether the bundles have to be read to answer it.
  public var readsData: Bool { has(\.readsData) }
}

/// What a value in the bundles is compared with.
public enum DataTest: Hashable, Sendable {
  /// Anything: the place is there.
  case exists
  case null
  case text(TextPattern)
  /// Numbers, and texts that are spelled as numbers; both ends are included as told.
  case numbers(low: Double?, includesLow: Bool, high: Double?, includesHigh: Bool)
  /// Dates between two instants, in milliseconds since 1970.
  case dates(NumberRange)

  /// Whether a value is meant.
  public func matches(_ value: Value) -> Bool {
    switch self {
    case .exists: return true
    case .null: return value.isNull
    case .text(let pattern):
      guard !value.isNull else { return false }
      return Coercion.text(value).map(pattern.matches) ?? false
    case .numbers(let low, let includesLow, let high, let includesHigh):
      guard
        let number = value.number?.double ?? value.text.flatMap({ FilterQuantity.plainNumber($0) })
      else { return false }
      if let low, includesLow ? number < low : number <= low { return false }
      if let high, includesHigh ? number > high : number >= high { return false }
      return true
    case .dates(let range):
      switch value {
      case .date(let date): return range.contains(date.milliseconds)
      case .text(let text):
        return Instant(iso8601: text).map { range.contains($0.milliseconds) } ?? false
      default: return false
      }
    }
  }
}

extension FilterRule where Test == RecordTest {
  /// Whether a record is let through: the reference that stores are compared with.
  public func matches(_ record: IncompleteExecution) -> Bool {
    matches(record.summary, bundles: { record.bundles }, original: { record.originalBundles })
  }

  /// Whether a record is let through.
  /// - Parameters:
  ///   - bundles: its bundles with every edit; asked for only when the rule reads them.
  ///   - original: its bundles as they were at the failure, which words are looked for in.
  public func matches(
    _ summary: IncompleteSummary, bundles: () throws -> VisibleBundles,
    original: () throws -> VisibleBundles
  ) rethrows -> Bool {
    try holds { try $0.matches(summary, bundles: bundles, original: original) }
  }
}

extension RecordTest {
  fileprivate func matches(
    _ summary: IncompleteSummary, bundles: () throws -> VisibleBundles,
    original: () throws -> VisibleBundles
  ) rethrows -> Bool {
    switch self {
    case .state(let states): return states.contains(summary.state)
    case .errorType(let types): return types.contains(summary.errorType)
    case .text(let field, let pattern): return pattern.matches(summary.text(field))
    case .number(let field, let range):
      return summary.number(field).map(range.contains) ?? false
    case .retriesItself(let wanted): return summary.retry == wanted
    case .group(let fingerprint): return ErrorGroup(summary).fingerprint == fingerprint
    case .words(let words):
      let texts = [
        summary.reason, summary.scenarioName, summary.failerTitle, summary.errorType.rawValue,
        summary.id.text,
      ]
      let pattern = TextPattern.contains(words)
      if texts.contains(where: pattern.matches) { return true }
      // Shorter words are not looked for in the data: every record would have them.
      guard words.unicodeScalars.count >= 3 else { return false }
      return try original().entries.contains { Self.contains(pattern, .collection($0.bundle)) }
    case .data(let place, let test): return place.contains(in: try bundles(), where: test.matches)
    }
  }

  private static func contains(_ pattern: TextPattern, _ value: Value) -> Bool {
    switch value {
    case .collection(let fields): fields.fields.contains { contains(pattern, $0.value) }
    case .array(let elements): elements.contains { contains(pattern, $0) }
    case .null, .boolean, .buffer: false
    default: Coercion.text(value).map(pattern.matches) ?? false
    }
  }
}

extension IncompleteSummary {
  fileprivate func text(_ field: RecordTest.TextField) -> String {
    switch field {
    case .scenario: scenarioName
    case .module: failerTitle
    case .errorType: errorType.rawValue
    case .execution: executionID
    case .id: id.text
    }
  }

  fileprivate func number(_ field: RecordTest.NumberField) -> Int64? {
    switch field {
    case .module: Int64(failer.number)
    case .attempts: Int64(attempts)
    case .size: Int64(size)
    case .created: created.milliseconds
    case .nextRetry: nextRetry?.milliseconds
    }
  }
}
