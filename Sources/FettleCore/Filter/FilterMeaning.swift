extension FilterTree where Key == FilterKey {
  /// What it means at an instant.
  /// - Parameter utcOffset: the zone of its dates, in seconds east of UTC.
  public func rule(now: Instant, utcOffset: Int = 0) -> RecordRule {
    switch self {
    case .all(let parts): .all(parts.map { $0.rule(now: now, utcOffset: utcOffset) })
    case .any(let parts): .any(parts.map { $0.rule(now: now, utcOffset: utcOffset) })
    case .not(let part): .not(part.rule(now: now, utcOffset: utcOffset))
    case .words(let text, _): .words(text)
    case .condition(let key, let values):
      .any(values.compactMap { key.rule($0, now: now, utcOffset: utcOffset) }).simplest
    }
  }

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

extension RecordRule {
  /// The same without a level that changes nothing.
  var simplest: RecordRule {
    switch self {
    case .any(let parts) where parts.count == 1: parts[0]
    case .all(let parts) where parts.count == 1: parts[0]
    default: self
    }
  }
}

extension FilterKey {
  /// Whether two dots between values mean a range.
  public var hasRanges: Bool {
    switch self {
    case .attempts, .age, .created, .next, .size, .bundle: true
    case .status, .error, .scenario, .module, .auto, .run, .id, .text, .group: false
    }
  }

  /// Why a value does not fit the key; nil when it does.
  public func problem(with value: FilterValue) -> String? {
    if case .pattern(let pattern, _) = value {
      switch self {
      case .scenario, .module, .error, .bundle: return TextPattern.problem(with: pattern)
      default: return "\(name): takes no regular expression"
      }
    }
    if case .compared = value, !hasRanges { return "\(name): takes no comparison" }
    guard rule(value, now: Instant(milliseconds: 0), utcOffset: 0) == nil else { return nil }
    return switch self {
    case .status: "no status \"\(value)\": open, wait, run, done, bin, all"
    case .auto: "auto: is yes or no"
    case .attempts: "a number of retries looks like 3, >2 or 2..5"
    case .age, .next: "a time looks like <2h, >3d or 1h..2h; the units are s m h d w"
    case .created: "a date looks like 2026-09-20, >2026-09-20T14:02, 2026-09-20..21, today"
    case .size: "a size looks like 812, >1M or 10K..50K"
    case .run, .id: "an identity has letters and digits only"
    case .group: "a group has the 16 digits the group list shows"
    case .error, .scenario, .module, .text: "\"\(value)\" is not understood here"
    case .bundle: "values are compared with numbers or dates: >100, 2..5, >2026-09-20"
    }
  }

  /// What one value means; nil when it does not fit the key.
  func rule(_ value: FilterValue, now: Instant, utcOffset: Int) -> RecordRule? {
    switch self {
    case .status: return Self.status(value)
    case .error: return Self.error(value)
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
    case .attempts:
      return Self.range(value) { Int64($0).flatMap { $0 >= 0 ? $0..<($0 + 1) : nil } }
        .map { .number(.attempts, $0) }
    case .size:
      return Self.range(value) { FilterQuantity.size($0).map { $0..<($0 + 1) } }
        .map { .number(.size, $0) }
    case .created:
      return Self.range(value) { FilterQuantity.date($0, now: now, utcOffset: utcOffset) }
        .map { .number(.created, $0) }
    case .age:
      // The older, the earlier: the ends change places.
      return Self.range(value) { FilterQuantity.duration($0).map { $0..<($0 + 1) } }.map { range in
        .number(
          .created,
          NumberRange(
            range.high.map { now.milliseconds - $0 }, range.low.map { now.milliseconds - $0 }))
      }
    case .next:
      return Self.range(value) { FilterQuantity.duration($0).map { $0..<($0 + 1) } }.map { range in
        .number(
          .nextRetry,
          NumberRange(
            range.low.map { now.milliseconds + $0 }, range.high.map { now.milliseconds + $0 }))
      }
    case .run, .id:
      guard case .text(let text, _) = value, !text.isEmpty,
        text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
      else { return nil }
      return .text(self == .id ? .id : .execution, .begins(text))
    case .text:
      guard case .text(let text, _) = value, !text.isEmpty else { return nil }
      return .words(text)
    case .group:
      guard case .text(let text, _) = value, let number = UInt64(text, radix: 16) else {
        return nil
      }
      return .group(Int64(bitPattern: number))
    case .bundle(let pattern):
      return Self.dataTest(value, now: now, utcOffset: utcOffset).map { .data(pattern, $0) }
    }
  }

  private static func status(_ value: FilterValue) -> RecordRule? {
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
      return .errorType(types.isEmpty ? [ErrorType(text)] : Set(types))
    case .pattern: break
    case .compared, .range: return nil
    }
    let pattern = value.namePattern
    return .any([
      .errorType(Set(known.filter { pattern.matches($0.shortName) })), .text(.errorType, pattern),
    ])
  }

  /// The numbers a value stands for.
  /// - Parameter read: the stretch of numbers a text stands for, such as all of a day.
  static func range(
    _ value: FilterValue, _ read: (String) -> Range<Int64>?
  ) -> NumberRange? {
    switch value {
    case .text(let text, isQuoted: false):
      return read(text).map { NumberRange($0.lowerBound, $0.upperBound - 1) }
    case .compared(let comparison, let text):
      return read(text).map { NumberRange(comparison, $0) }
    case .range(let low, let high):
      guard let first = read(low), let last = read(FilterQuantity.completed(high, like: low)),
        first.lowerBound < last.upperBound
      else { return nil }
      return NumberRange(first.lowerBound, last.upperBound - 1)
    default: return nil
    }
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
      return range(value) { FilterQuantity.date($0, now: now, utcOffset: utcOffset) }
        .map { .dates($0) }
    }
  }
}
