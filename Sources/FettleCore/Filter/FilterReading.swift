/// What a value of a filter says, for keys of every list that ask the same of it.
extension FilterValue {
  /// The numbers it stands for.
  /// - Parameter read: the stretch of numbers a text stands for, such as all of a day.
  func range(_ read: (String) -> Range<Int64>?) -> NumberRange? {
    switch self {
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

  /// Whole numbers from 0 on.
  var counts: NumberRange? {
    range { Int64($0).flatMap { $0 >= 0 && $0 < .max ? $0..<($0 + 1) : nil } }
  }

  /// Dates, in milliseconds since 1970.
  func dates(now: Instant, utcOffset: Int) -> NumberRange? {
    range { FilterQuantity.date($0, now: now, utcOffset: utcOffset) }
  }

  /// Lengths of time in milliseconds, as `read` understands them.
  func durations(_ read: (String) -> Int64?) -> NumberRange? {
    range { read($0).flatMap { $0 < .max ? $0..<($0 + 1) : nil } }
  }

  /// The digits an identity begins with.
  var identity: String? {
    guard case .text(let text, _) = self, !text.isEmpty,
      text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
    else { return nil }
    return text.lowercased()
  }

  /// Texts that are it, or begin with it where it is a plain one.
  var beginningPattern: TextPattern {
    if case .text(let text, isQuoted: false) = self, !text.contains("*"), !text.contains("?") {
      return .begins(text)
    }
    return namePattern
  }

  /// Words to look for.
  var words: String? {
    guard case .text(let text, _) = self, !text.isEmpty else { return nil }
    return text
  }

  static let formOfDates =
    "a date looks like 2026-09-20, >2026-09-20T14:02, 2026-09-20..21, today"
  static let formOfIdentities = "an identity has letters and digits only"
}

extension NumberRange {
  /// The dates that are so old. The older, the earlier: the ends change places.
  func before(_ now: Instant) -> NumberRange {
    NumberRange(high.map { now.milliseconds - $0 }, low.map { now.milliseconds - $0 })
  }

  /// The dates that are so far ahead.
  func after(_ now: Instant) -> NumberRange {
    NumberRange(low.map { now.milliseconds + $0 }, high.map { now.milliseconds + $0 })
  }
}
