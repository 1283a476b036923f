/// A point in time with millisecond resolution, which is what a date is in a bundle.
public struct Instant: Sendable, Hashable, Comparable {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public let milliseconds: Int64

  /// That many milliseconds after 1970-01-01T00:00:00Z.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// Earlier before later.
  public static func < (left: Instant, right: Instant) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// The instant that many seconds later.
  public func advanced(bySeconds seconds: Int) -> Instant {
    Instant(milliseconds: milliseconds &+ Int64(seconds) &* 1000)
  }
}

extension Instant {
  /// The date and time of day in UTC, as `2016-06-20T17:26:44.356Z`.
  public var iso8601: String {
    let parts = CivilTime(self, offsetSeconds: 0)
    var text: [UInt8] = []
    text.reserveCapacity(24)
    if parts.year < 0 || parts.year > 9999 {
      text.append(UInt8(ascii: parts.year < 0 ? "-" : "+"))
      text.append(decimal: Int(parts.year.magnitude), width: 6)
    } else {
      text.append(decimal: parts.year, width: 4)
    }
    text.append(UInt8(ascii: "-"))
    text.append(decimal: parts.month, width: 2)
    text.append(UInt8(ascii: "-"))
    text.append(decimal: parts.day, width: 2)
    text.append(UInt8(ascii: "T"))
    text.append(decimal: parts.hour, width: 2)
    text.append(UInt8(ascii: ":"))
    text.append(decimal: parts.minute, width: 2)
    text.append(UInt8(ascii: ":"))
    text.append(decimal: parts.second, width: 2)
    text.append(UInt8(ascii: "."))
    text.append(decimal: parts.millisecond, width: 3)
    text.append(UInt8(ascii: "Z"))
    return String(decoding: text, as: UTF8.self)
  }

  /// The instant a text in ISO 8601 names: a date, optionally a time, optionally an offset; UTC
  /// when there is none. Nil when the text has another shape or names no day of the calendar.
  public init?(iso8601 text: String) {
    var rest = Substring(text)
    func number(_ digits: ClosedRange<Int>) -> Int? {
      let run = rest.prefix(digits.upperBound).prefix { $0.isASCII && $0.isNumber }
      guard digits.contains(run.count), let value = Int(run) else { return nil }
      rest = rest.dropFirst(run.count)
      return value
    }
    func skip(_ character: Character) -> Bool {
      guard rest.first == character else { return false }
      rest = rest.dropFirst()
      return true
    }
    guard let year = number(4...4), skip("-"), let month = number(2...2), skip("-"),
      let day = number(2...2)
    else { return nil }
    var time = CivilTime(year: year, month: month, day: day)
    var offset = 0
    if skip("T") || skip("t") || skip(" ") {
      guard let hour = number(2...2), skip(":"), let minute = number(2...2) else { return nil }
      time.hour = hour
      time.minute = minute
      if skip(":") {
        guard let second = number(2...2) else { return nil }
        time.second = second
        if skip(".") || skip(",") {
          let digits = rest.prefix { $0.isASCII && $0.isNumber }
          guard !digits.isEmpty, let thousandths = Int((digits + "00").prefix(3)) else {
            return nil
          }
          time.millisecond = thousandths
          rest = rest.dropFirst(digits.count)
        }
      }
      if !skip("Z") && !skip("z"), !rest.isEmpty {
        let west = rest.first == "-"
        guard skip("+") || skip("-"), let hours = number(2...2) else { return nil }
        _ = skip(":")
        let minutes = rest.isEmpty ? 0 : number(2...2)
        guard let minutes, hours < 24, minutes < 60 else { return nil }
        offset = (hours * 3600 + minutes * 60) * (west ? -1 : 1)
      }
    }
    guard rest.isEmpty, time.isValid else { return nil }
    self = time.instant(offsetSeconds: offset)
  }
}

/// A date and a time of day as a calendar shows them, in some zone.
public struct CivilTime: Sendable, Hashable {
  /// Proleptic Gregorian year.
  public var year: Int
  /// 1 to 12.
  public var month: Int
  /// 1 to 31.
  public var day: Int
  /// 0 to 23.
  public var hour = 0
  /// 0 to 59.
  public var minute = 0
  /// 0 to 59.
  public var second = 0
  /// 0 to 999.
  public var millisecond = 0

  /// Midnight of that day.
  public init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// What a clock shows at `instant` that many seconds east of UTC.
  public init(_ instant: Instant, offsetSeconds: Int) {
    let local = instant.milliseconds &+ Int64(offsetSeconds) &* 1000
    let days = Int(local.floorDivided(by: 86_400_000))
    var rest = Int(local &- Int64(days) &* 86_400_000)
    // Howard Hinnant's civil_from_days: 400-year eras, years that begin in March.
    let shifted = days + 719_468
    let era = shifted.floorDivided(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = rest / 3_600_000
    rest %= 3_600_000
    minute = rest / 60_000
    rest %= 60_000
    second = rest / 1000
    millisecond = rest % 1000
  }

  /// Whether every part is in its range and the day exists in its month.
  public var isValid: Bool {
    (1...12).contains(month) && day >= 1 && day <= CivilTime.days(inMonth: month, of: year)
      && (0..<24).contains(hour) && (0..<60).contains(minute) && (0..<60).contains(second)
      && (0..<1000).contains(millisecond)
  }

  /// Days since 1970-01-01. A month or day beyond its range rolls over.
  public var daysSinceEpoch: Int {
    let monthIndex = month - 1
    let carried = year + monthIndex.floorDivided(by: 12)
    let month = monthIndex - monthIndex.floorDivided(by: 12) * 12 + 1
    let shiftedYear = carried - (month <= 2 ? 1 : 0)
    let era = shiftedYear.floorDivided(by: 400)
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468 + day - 1
  }

  /// The instant a clock that many seconds east of UTC shows this; parts out of range roll over.
  public func instant(offsetSeconds: Int) -> Instant {
    let seconds = Int64(daysSinceEpoch) * 86_400 + Int64(hour) * 3600 + Int64(minute) * 60
    return Instant(
      milliseconds: (seconds + Int64(second) - Int64(offsetSeconds)) * 1000 + Int64(millisecond))
  }

  /// The number of days of a month.
  public static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Whether a year has 366 days.
  public static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }
}

extension BinaryInteger {
  /// The quotient rounded towards negative infinity.
  func floorDivided(by divisor: Self) -> Self {
    let quotient = self / divisor
    return self % divisor != 0 && (self < 0) != (divisor < 0) ? quotient - 1 : quotient
  }
}

extension [UInt8] {
  /// Appends a non-negative integer in decimal, padded with zeros to at least `width` digits.
  mutating func append(decimal value: Int, width: Int) {
    var digits: [UInt8] = []
    var rest = value
    repeat {
      digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    for _ in digits.count..<Swift.max(width, digits.count) { append(UInt8(ascii: "0")) }
    append(contentsOf: digits.reversed())
  }
}
