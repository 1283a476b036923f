extension FilterTree where Key == FilterKey {
  /// Whether it says anything about the status.
  var namesStatus: Bool {
    switch self {
    case .all(let parts), .any(let parts): parts.contains(where: \.namesStatus)
    case .not(let part): part.namesStatus
    case .condition(.status, _), .condition(.id, _): true
    case .condition, .words: false
    }
  }
}

extension FilterKey: TestedKeys {
  /// Whether two dots between values mean a range.
  public var hasRanges: Bool {
    switch self {
    case .attempts, .age, .created, .next, .size, .bundle: true
    case .status, .error, .scenario, .module, .auto, .run, .id, .text, .group: false
    }
  }

  /// Whether a regular expression can be a value.
  public var takesPatterns: Bool {
    switch self {
    case .scenario, .module, .error, .bundle: true
    default: false
    }
  }

  /// What the values of the key look like.
  public func form(not value: FilterValue) -> String {
    switch self {
    case .status: "no status \"\(value)\": open, wait, run, done, bin, all"
    case .auto: "auto: is yes or no"
    case .attempts: "a number of retries looks like 3, >2 or 2..5"
    case .age, .next: "a time looks like <2h, >3d or 1h..2h; the units are s m h d w"
    case .created: FilterValue.formOfDates
    case .size: "a size looks like 812, >1M or 10K..50K"
    case .run, .id: FilterValue.formOfIdentities
    case .group: "a group has the 16 digits the group list shows"
    case .error, .scenario, .module, .text: "\"\(value)\" is not understood here"
    case .bundle: "values are compared with numbers or dates: >100, 2..5, >2026-09-20"
    }
  }

  /// What words without a key mean.
  public static func words(_ text: String) -> RecordTest { .words(text) }

  /// What one value means; nil when it does not fit the key.
  public func rule(_ value: FilterValue, now: Instant, utcOffset: Int) -> RecordRule? {
    if self == .error { return Self.error(value) }
    return test(value, now: now, utcOffset: utcOffset).map(RecordRule.test)
  }

  private func test(_ value: FilterValue, now: Instant, utcOffset: Int) -> RecordTest? {
    switch self {
    case .status: return Self.status(value)
    case .error: return nil
    case .scenario: return .text(.scenario, value.namePattern)
    case .module:
      if case .text(let text, isQuoted: false) = value, let number = Int64(text) {
        return .number(.module, NumberRange(number, number))
      }
      return .text(.module, value.namePattern)
    case .auto:
      guard case .text(let text, _) = value else { return nil }
      switch text.lowercased() {
      case "yes", "on", "true": return .retriesItself(true)
      case "no", "off", "false": return .retriesItself(false)
      default: return nil
      }
    case .attempts: return value.counts.map { .number(.attempts, $0) }
    case .size:
      return value.range { FilterQuantity.size($0).map { $0..<($0 + 1) } }
        .map { .number(.size, $0) }
    case .created:
      return value.dates(now: now, utcOffset: utcOffset).map { .number(.created, $0) }
    case .age:
      return value.durations(FilterQuantity.duration).map { .number(.created, $0.before(now)) }
    case .next:
      return value.durations(FilterQuantity.duration).map { .number(.nextRetry, $0.after(now)) }
    case .run, .id:
      return value.identity.map { .text(self == .id ? .id : .execution, .begins($0)) }
    case .text: return value.words.map { .words($0) }
    case .group:
      guard case .text(let text, _) = value, let number = UInt64(text, radix: 16) else {
        return nil
      }
      return .group(Int64(bitPattern: number))
    case .bundle(let pattern):
      return Self.dataTest(value, now: now, utcOffset: utcOffset).map { .data(pattern, $0) }
    }
  }

  private static func status(_ value: FilterValue) -> RecordTest? {
    guard case .text(let text, _) = value, !text.isEmpty else { return nil }
    let wanted = text.lowercased()
    if wanted == "all" { return .state(Set(IncompleteState.allCases)) }
    let states = IncompleteState.allCases.filter {
      $0.word.lowercased().hasPrefix(wanted) || $0.name.lowercased().hasPrefix(wanted)
        || $0.rawValue.lowercased().hasPrefix(wanted)
    }
    return states.isEmpty ? nil : .state(Set(states))
  }

  private static func error(_ value: FilterValue) -> RecordRule? {
    let known = ErrorType.table.map(\.type)
    switch value {
    case .text(let text, let isQuoted):
      if !isQuoted, text.contains("*") || text.contains("?") { break }
      let wanted = text.lowercased()
      let types = known.filter {
        isQuoted
          ? $0.rawValue == text
          : $0.shortName.lowercased().hasPrefix(wanted)
            || $0.rawValue.lowercased().hasPrefix(wanted)
      }
      // The set of types is open: a name the table does not know may still be in the store.
      return .test(.errorType(types.isEmpty ? [ErrorType(text)] : Set(types)))
    case .pattern: break
    case .compared, .range: return nil
    }
    let pattern = value.namePattern
    return .any([
      .test(.errorType(Set(known.filter { pattern.matches($0.shortName) }))),
      .test(.text(.errorType, pattern)),
    ])
  }

  private static func dataTest(
    _ value: FilterValue, now: Instant, utcOffset: Int
  ) -> DataTest? {
    switch value {
    case .text("null", isQuoted: false): return .null
    case .text("*", isQuoted: false): return .exists
    case .text(let text, isQuoted: false):
      if text.contains("*") || text.contains("?") { return .text(.shape(text)) }
      return .text(.equals(text))
    case .text(let text, isQuoted: true): return .text(.exactly(text))
    case .pattern(let pattern, let ignoresCase):
      return .text(.regular(pattern, ignoresCase: ignoresCase))
    case .compared(let comparison, let text):
      if let number = FilterQuantity.plainNumber(text) {
        let isLow = comparison == .greater || comparison == .atLeast
        let isIncluded = comparison == .atLeast || comparison == .atMost
        return .numbers(
          low: isLow ? number : nil, includesLow: isIncluded, high: isLow ? nil : number,
          includesHigh: isIncluded)
      }
      return FilterQuantity.date(text, now: now, utcOffset: utcOffset).map {
        .dates(NumberRange(comparison, $0))
      }
    case .range(let low, let high):
      if let first = FilterQuantity.plainNumber(low), let last = FilterQuantity.plainNumber(high) {
        return first <= last
          ? .numbers(low: first, includesLow: true, high: last, includesHigh: true) : nil
      }
      return value.dates(now: now, utcOffset: utcOffset).map { .dates($0) }
    }
  }
}
