/// A format of `formatDate`, read once (section 11.3): the longest token first, `[…]` protects
/// literal text, everything else is copied.
struct DateFormat: Sendable {
  /// Used when the format is missing or empty: ISO 8601 with the offset.
  static let standard = DateFormat("YYYY-MM-DDTHH:mm:ssZ")

  enum Item: Sendable, Hashable {
    case literal(UInt8)
    case year, yearFull, yearShort
    case quarter, month(width: Int), monthShort, monthFull
    case day(width: Int), dayOfYear(width: Int)
    case weekday, weekdayTwo, weekdayShort, weekdayFull, isoWeekday
    case week(width: Int), isoWeek(width: Int)
    case weekYear(width: Int), isoWeekYear(width: Int)
    case hour(width: Int), hour12(width: Int), hour24(width: Int)
    case minute(width: Int), second(width: Int), fraction(digits: Int)
    case meridiem(isUpper: Bool)
    case offset(hasColon: Bool), seconds, milliseconds
    case ordinal
  }

  /// The tokens; of those that begin alike the longest stands first. An ordinal is its number
  /// followed by its ending.
  // swift-format-ignore
  static let tokens: [(String, [Item])] = [
    ("YYYY", [.yearFull]), ("YY", [.yearShort]), ("Y", [.year]),
    ("Qo", [.quarter, .ordinal]), ("Q", [.quarter]),
    ("MMMM", [.monthFull]), ("MMM", [.monthShort]), ("MM", [.month(width: 2)]),
    ("Mo", [.month(width: 1), .ordinal]), ("M", [.month(width: 1)]),
    ("DDDD", [.dayOfYear(width: 3)]), ("DDDo", [.dayOfYear(width: 1), .ordinal]),
    ("DDD", [.dayOfYear(width: 1)]), ("DD", [.day(width: 2)]),
    ("Do", [.day(width: 1), .ordinal]), ("D", [.day(width: 1)]),
    ("dddd", [.weekdayFull]), ("ddd", [.weekdayShort]), ("dd", [.weekdayTwo]),
    ("do", [.weekday, .ordinal]), ("d", [.weekday]), ("E", [.isoWeekday]),
    ("ww", [.week(width: 2)]), ("wo", [.week(width: 1), .ordinal]), ("w", [.week(width: 1)]),
    ("WW", [.isoWeek(width: 2)]), ("Wo", [.isoWeek(width: 1), .ordinal]), ("W", [.isoWeek(width: 1)]),
    ("gggg", [.weekYear(width: 4)]), ("gg", [.weekYear(width: 2)]),
    ("GGGG", [.isoWeekYear(width: 4)]), ("GG", [.isoWeekYear(width: 2)]),
    ("HH", [.hour(width: 2)]), ("H", [.hour(width: 1)]),
    ("hh", [.hour12(width: 2)]), ("h", [.hour12(width: 1)]),
    ("kk", [.hour24(width: 2)]), ("k", [.hour24(width: 1)]),
    ("mm", [.minute(width: 2)]), ("m", [.minute(width: 1)]),
    ("ss", [.second(width: 2)]), ("s", [.second(width: 1)]),
    ("SSSSSSSSS", [.fraction(digits: 9)]), ("SSSSSSSS", [.fraction(digits: 8)]),
    ("SSSSSSS", [.fraction(digits: 7)]), ("SSSSSS", [.fraction(digits: 6)]),
    ("SSSSS", [.fraction(digits: 5)]), ("SSSS", [.fraction(digits: 4)]),
    ("SSS", [.fraction(digits: 3)]), ("SS", [.fraction(digits: 2)]), ("S", [.fraction(digits: 1)]),
    ("A", [.meridiem(isUpper: true)]), ("a", [.meridiem(isUpper: false)]),
    ("ZZ", [.offset(hasColon: false)]), ("Z", [.offset(hasColon: true)]),
    ("X", [.seconds]), ("x", [.milliseconds]),
  ]

  let items: [Item]

  init(_ format: String) {
    let bytes = Array(format.utf8)
    var items: [Item] = []
    var position = 0
    scan: while position < bytes.count {
      if bytes[position] == UInt8(ascii: "["),
        let close = bytes[position...].firstIndex(of: UInt8(ascii: "]"))
      {
        items += bytes[(position + 1)..<close].map(Item.literal)
        position = close + 1
        continue
      }
      for (token, meaning) in Self.tokens where bytes[position...].starts(with: token.utf8) {
        items += meaning
        position += token.utf8.count
        continue scan
      }
      items.append(.literal(bytes[position]))
      position += 1
    }
    self.items = items
  }

  /// The text of an instant in a zone.
  func text(_ instant: Instant, _ zone: TimeZoneRules) -> String {
    let offset = zone.offset(at: instant)
    let time = CivilTime(instant, offsetSeconds: offset)
    var output = DigitBuffer()
    for item in items { write(item, time, instant, offset, into: &output) }
    return output.text
  }

  private func write(
    _ item: Item, _ time: CivilTime, _ instant: Instant, _ offset: Int,
    into output: inout DigitBuffer
  ) {
    switch item {
    case .literal(let byte): output.append(byte)
    case .yearFull: output.append(time.year, width: 4)
    case .year:
      if time.year > 9999 { output.append(UInt8(ascii: "+")) }
      output.append(time.year, width: 4)
    case .yearShort: output.append(Int((time.year % 100).magnitude), width: 2)
    case .quarter: output.append((time.month - 1) / 3 + 1, width: 1)
    case .month(let width): output.append(time.month, width: width)
    case .monthShort: output.append(DateNames.months[time.month - 1].prefix(3).utf8)
    case .monthFull: output.append(DateNames.months[time.month - 1].utf8)
    case .day(let width): output.append(time.day, width: width)
    case .dayOfYear(let width): output.append(time.dayOfYear, width: width)
    case .weekday: output.append(time.weekday, width: 1)
    case .weekdayTwo: output.append(DateNames.weekdays[time.weekday].prefix(2).utf8)
    case .weekdayShort: output.append(DateNames.weekdays[time.weekday].prefix(3).utf8)
    case .weekdayFull: output.append(DateNames.weekdays[time.weekday].utf8)
    case .isoWeekday: output.append((time.weekday + 6) % 7 + 1, width: 1)
    case .week(let width): output.append(time.week.week, width: width)
    case .isoWeek(let width): output.append(time.isoWeek.week, width: width)
    case .weekYear(let width): writeWeekYear(time.week.year, width, into: &output)
    case .isoWeekYear(let width): writeWeekYear(time.isoWeek.year, width, into: &output)
    case .hour(let width): output.append(time.hour, width: width)
    case .hour12(let width): output.append((time.hour + 11) % 12 + 1, width: width)
    case .hour24(let width): output.append(time.hour == 0 ? 24 : time.hour, width: width)
    case .minute(let width): output.append(time.minute, width: width)
    case .second(let width): output.append(time.second, width: width)
    case .fraction(let digits):
      let thousandths = [time.millisecond / 100, time.millisecond / 10 % 10, time.millisecond % 10]
      for place in 0..<digits {
        output.append(UInt8(48 + (place < 3 ? thousandths[place] : 0)))
      }
    case .meridiem(let isUpper):
      let letters = time.hour < 12 ? "am" : "pm"
      output.append((isUpper ? letters.uppercased() : letters).utf8)
    case .offset(let hasColon):
      let minutes = Int(offset.magnitude) / 60
      output.append(UInt8(ascii: offset < 0 ? "-" : "+"))
      output.append(minutes / 60, width: 2)
      if hasColon { output.append(UInt8(ascii: ":")) }
      output.append(minutes % 60, width: 2)
    case .seconds: output.append(Int(instant.milliseconds.floorDivided(by: 1000)), width: 1)
    case .milliseconds: output.append(Int(instant.milliseconds), width: 1)
    case .ordinal: output.append(DateNames.ending(output.lastNumber).utf8)
    }
  }

  private func writeWeekYear(_ year: Int, _ width: Int, into output: inout DigitBuffer) {
    output.append(width == 2 ? Int((year % 100).magnitude) : year, width: width)
  }
}

/// Bytes of a text that is mostly digits.
private struct DigitBuffer {
  private var bytes: [UInt8] = []
  private(set) var lastNumber = 0

  init() { bytes.reserveCapacity(40) }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }
  mutating func append(_ text: some Sequence<UInt8>) { bytes.append(contentsOf: text) }

  mutating func append(_ value: Int, width: Int) {
    lastNumber = value
    if width == 2, value >= 0, value < 100 {
      bytes.append(UInt8(48 + value / 10))
      bytes.append(UInt8(48 + value % 10))
      return
    }
    if width == 4, value >= 0, value < 10_000 {
      append(value / 100, width: 2)
      append(value % 100, width: 2)
      lastNumber = value
      return
    }
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    bytes.append(decimal: Int(value.magnitude), width: width)
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// English names; the language has no other locale.
enum DateNames {
  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  /// From Sunday.
  static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  /// `st`, `nd`, `rd` or `th`.
  static func ending(_ number: Int) -> String {
    if (11...13).contains(number % 100) { return "th" }
    return switch number % 10 {
    case 1: "st"
    case 2: "nd"
    case 3: "rd"
    default: "th"
    }
  }

  /// The index of a name, in full or by its first three letters, capitals aside.
  static func index(of name: String, in names: [String]) -> Int? {
    let name = name.lowercased()
    return names.firstIndex { $0.lowercased() == name || $0.prefix(3).lowercased() == name }
  }
}

extension CivilTime {
  /// 0 for Sunday to 6 for Saturday.
  var weekday: Int {
    let days = daysSinceEpoch + 4
    return days - days.floorDivided(by: 7) * 7
  }

  /// From 1.
  var dayOfYear: Int {
    daysSinceEpoch - CivilTime(year: year, month: 1, day: 1).daysSinceEpoch + 1
  }

  /// The week and its year where weeks begin on Sunday and week 1 holds 1 January.
  var week: (year: Int, week: Int) { week(firstWeekday: 0, anchorDay: 1) }

  /// The ISO week and its year: weeks begin on Monday and week 1 holds 4 January.
  var isoWeek: (year: Int, week: Int) { week(firstWeekday: 1, anchorDay: 4) }

  private func week(firstWeekday: Int, anchorDay: Int) -> (year: Int, week: Int) {
    func start(of year: Int) -> Int {
      let anchor = CivilTime(year: year, month: 1, day: anchorDay)
      return anchor.daysSinceEpoch - (anchor.weekday - firstWeekday + 7) % 7
    }
    let today = daysSinceEpoch
    for candidate in [year + 1, year] where today >= start(of: candidate) {
      return (candidate, (today - start(of: candidate)) / 7 + 1)
    }
    return (year - 1, (today - start(of: year - 1)) / 7 + 1)
  }
}
