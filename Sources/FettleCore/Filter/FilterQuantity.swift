/// Numbers, sizes, times and dates in a filter, and the ranges that follow from comparing with them.
enum FilterQuantity {
  /// Milliseconds: `90s`, `10m`, `2h`, `3d`, `1w`.
  static func duration(_ text: String) -> Int64? {
    guard let unit = text.last, let factor = units[unit],
      let count = Int64(text.dropLast()), count >= 0
    else { return nil }
    let (product, isTooLong) = count.multipliedReportingOverflow(by: factor)
    return isTooLong ? nil : product
  }

  /// The same, with milliseconds too: `250ms`.
  static func shortDuration(_ text: String) -> Int64? {
    guard text.hasSuffix("ms") else { return duration(text) }
    return Int64(text.dropLast(2)).flatMap { $0 >= 0 ? $0 : nil }
  }

  private static let units: [Character: Int64] = [
    "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
  ]

  /// Bytes: `812`, `12.4K`, `1M`.
  static func size(_ text: String) -> Int64? {
    var digits = Substring(text.uppercased())
    if digits.hasSuffix("B") { digits = digits.dropLast() }
    var factor = 1.0
    switch digits.last {
    case "K": factor = 1e3
    case "M": factor = 1e6
    case "G": factor = 1e9
    default: break
    }
    if factor > 1 { digits = digits.dropLast() }
    guard let number = plainNumber(digits), number >= 0, number * factor < 9e18 else { return nil }
    return Int64(number * factor)
  }

  /// A decimal number without an exponent, a sign in front at most.
  static func plainNumber(_ text: some StringProtocol) -> Double? {
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && ($0.isNumber || ".-+".contains($0)) })
    else { return nil }
    return Double(String(text))
  }

  /// The time a date covers, from its first to behind its last millisecond: `2026-09`,
  /// `2026-09-20`, `2026-09-20T14:02`, `today`, `yesterday`.
  static func date(_ text: String, now: Instant, utcOffset: Int) -> Range<Int64>? {
    let word = text.lowercased()
    if word == "today" || word == "yesterday" {
      let today = CivilTime(now, offsetSeconds: utcOffset)
      let start =
        CivilTime(year: today.year, month: today.month, day: today.day)
        .instant(offsetSeconds: utcOffset).milliseconds - (word == "today" ? 0 : day)
      return start..<(start + day)
    }
    let halves = word.split(separator: "t", omittingEmptySubsequences: false)
    guard let first = halves.first, halves.count <= 2 else { return nil }
    let parts = first.split(separator: "-", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), parts[0].count == 4, let year = number(parts[0], 4),
      let month = number(parts[1], 2), (1...12).contains(month)
    else { return nil }
    if parts.count == 2 {
      guard halves.count == 1 else { return nil }
      let start = CivilTime(year: year, month: month, day: 1)
      let days = Int64(CivilTime.days(inMonth: month, of: year))
      let begin = start.instant(offsetSeconds: utcOffset).milliseconds
      return begin..<(begin + days * day)
    }
    guard let number = number(parts[2], 2) else { return nil }
    var civil = CivilTime(year: year, month: month, day: number)
    var length = day
    if halves.count == 2 {
      let times = halves[1].split(separator: ":", omittingEmptySubsequences: false)
      guard (1...3).contains(times.count), let hour = Self.number(times[0], 2) else { return nil }
      civil.hour = hour
      length = 3_600_000
      if times.count > 1 {
        guard let minute = Self.number(times[1], 2) else { return nil }
        civil.minute = minute
        length = 60_000
      }
      if times.count > 2 {
        guard let second = Self.number(times[2], 2) else { return nil }
        civil.second = second
        length = 1000
      }
    }
    guard civil.isValid else { return nil }
    let start = civil.instant(offsetSeconds: utcOffset).milliseconds
    return start..<(start + length)
  }

  private static let day: Int64 = 86_400_000

  private static func number(_ text: Substring, _ digits: Int) -> Int? {
    guard (1...digits).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }) else {
      return nil
    }
    return Int(text)
  }

  /// The end of a range of dates, which may leave out what it shares with the beginning:
  /// `2026-09-20..21`.
  static func completed(_ end: String, like start: String) -> String {
    guard end.count <= 2, end.allSatisfy(\.isNumber),
      let last = start.lastIndex(where: { $0 == "-" || $0 == ":" || $0 == "T" || $0 == "t" })
    else { return end }
    return start[...last] + end
  }
}

/// Whole numbers between two ends, both included; nil is open.
public struct NumberRange: Hashable, Sendable {
  /// The smallest.
  public let low: Int64?
  /// The greatest.
  public let high: Int64?

  /// The numbers between two ends.
  public init(_ low: Int64?, _ high: Int64?) {
    self.low = low
    self.high = high
  }

  /// The numbers that compare so with a stretch of numbers, its end not included.
  init(_ comparison: FilterValue.Comparison, _ stretch: Range<Int64>) {
    switch comparison {
    case .greater: self.init(stretch.upperBound, nil)
    case .atLeast: self.init(stretch.lowerBound, nil)
    case .less: self.init(nil, stretch.lowerBound - 1)
    case .atMost: self.init(nil, stretch.upperBound - 1)
    }
  }

  /// Whether a number is between the ends.
  public func contains(_ number: Int64) -> Bool {
    (low.map { number >= $0 } ?? true) && (high.map { number <= $0 } ?? true)
  }
}
