/// A format of `parseDate`, read once (section 11.4).
///
/// Lenient where the format is: a literal is skipped when the text has other punctuation there, a
/// text that ends early leaves the rest at its default, and what follows the format is ignored.
struct DatePattern: Sendable {
  private enum Item: Sendable {
    case literal(Unicode.Scalar)
    case token(String)
  }

  // swift-format-ignore
  private static let tokens = [
    "YYYY", "YY", "Y", "Qo", "Q", "MMMM", "MMM", "MM", "Mo", "M", "DDDD", "DDDo", "DDD", "DD",
    "Do", "D", "X", "x", "dddd", "ddd", "dd", "do", "d", "GGGG", "GG", "gggg", "gg", "WW", "Wo",
    "W", "ww", "wo", "w", "E", "HH", "H", "hh", "h", "kk", "k", "a", "A", "mm", "m", "ss", "s",
    "SSSSSSSSS", "SSSSSSSS", "SSSSSSS", "SSSSSS", "SSSSS", "SSSS", "SSS", "SS", "S", "ZZ", "Z",
  ]

  private let items: [Item]

  init(_ format: String) {
    var items: [Item] = []
    var rest = Substring(format)
    scan: while let first = rest.unicodeScalars.first {
      if first == "[", let close = rest.firstIndex(of: "]") {
        let start = rest.index(after: rest.startIndex)
        items += rest[start..<close].unicodeScalars.map(Item.literal)
        rest = rest[rest.index(after: close)...]
        continue
      }
      for token in Self.tokens where rest.utf8.starts(with: token.utf8) {
        items.append(.token(token))
        rest = rest.dropFirst(token.count)
        continue scan
      }
      items.append(.literal(first))
      rest.unicodeScalars.removeFirst()
    }
    self.items = items
  }

  /// The instant a text names.
  /// - Parameters:
  ///   - zone: where the clock hangs, unless the text names an offset.
  ///   - now: the day of a text without any day, and the year of one without a year.
  func read(_ text: String, zone: TimeZoneRules, now: Instant) -> Instant? {
    guard text.utf8.count <= 1000 else { return nil }
    var reader = Reader(text: Array(text.unicodeScalars))
    for (position, item) in items.enumerated() {
      if reader.isAtEnd { break }
      switch item {
      case .literal(let scalar): reader.skip(literal: scalar)
      case .token(let token):
        var isFollowedByDigits = false
        if position + 1 < items.count, case .token(let next) = items[position + 1] {
          isFollowedByDigits = !["Z", "ZZ", "a", "A"].contains(next)
        }
        guard reader.read(token, isFollowedByDigits) else { return nil }
      }
    }
    return reader.instant(zone: zone, now: now)
  }
}

private struct Reader {
  let text: [Unicode.Scalar]
  var position = 0
  private var hasRead = false

  private var year: Int?
  private var month: Int?
  private var day: Int?
  private var dayOfYear: Int?
  private var isoYear: Int?
  private var isoWeek: Int?
  private var isoWeekday: Int?
  private var weekYear: Int?
  private var week: Int?
  private var weekday: Int?
  private var hour: Int?
  private var hour12: Int?
  private var isAfternoon: Bool?
  private var minute = 0
  private var second = 0
  private var millisecond = 0
  private var offset: Int?
  private var exact: Double?

  init(text: [Unicode.Scalar]) { self.text = text }

  var isAtEnd: Bool {
    text[position...].allSatisfy { $0.properties.isWhitespace }
  }

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    !scalar.properties.isAlphabetic && scalar.properties.numericType == nil
  }

  mutating func skip(literal: Unicode.Scalar) {
    guard position < text.count else { return }
    let found = text[position]
    if found == literal || found.properties.lowercaseMapping == literal.properties.lowercaseMapping
      || Self.isPunctuation(found) && Self.isPunctuation(literal)
    {
      position += 1
    }
  }

  private mutating func digits(_ limit: Int) -> (value: Int, width: Int)? {
    // Punctuation the format does not have stands between parts: `2016-12-28` for `YYYY M D`.
    let start = position
    while position < text.count, Self.isPunctuation(text[position]) { position += 1 }
    var value = 0
    var width = 0
    while position < text.count, width < limit, (48...57).contains(text[position].value) {
      value = value * 10 + Int(text[position].value - 48)
      position += 1
      width += 1
    }
    if width == 0 {
      position = start
      return nil
    }
    hasRead = true
    return (value, width)
  }

  private mutating func word() -> String {
    while position < text.count, Self.isPunctuation(text[position]) { position += 1 }
    var word = String.UnicodeScalarView()
    while position < text.count, text[position].properties.isAlphabetic {
      word.append(text[position])
      position += 1
    }
    return String(word)
  }

  private mutating func sign() -> Int {
    guard position < text.count, text[position] == "-" || text[position] == "+" else { return 1 }
    position += 1
    return text[position - 1] == "-" ? -1 : 1
  }

  private static func century(_ value: Int) -> Int { value + (value > 68 ? 1900 : 2000) }

  /// Reads one token; false when the text does not fit it.
  mutating func read(_ token: String, _ isFollowedByDigits: Bool) -> Bool {
    func keep(_ part: WritableKeyPath<Reader, Int?>, _ limit: Int, _ range: ClosedRange<Int>)
      -> Bool
    {
      guard let number = digits(limit), range.contains(number.value) else { return false }
      self[keyPath: part] = number.value
      return true
    }
    switch token {
    case "YYYY":
      guard let number = digits(4) else { return false }
      year = number.width == 2 ? Self.century(number.value) : number.value
    case "YY":
      guard let number = digits(2) else { return false }
      year = Self.century(number.value)
    case "Y":
      let sign = sign()
      guard let number = digits(isFollowedByDigits ? 4 : 6) else { return false }
      year = number.value * sign
    case "Q", "Qo":
      guard let number = digits(1), (1...4).contains(number.value) else { return false }
      month = number.value * 3 - 2
      if token == "Qo" { skipLetters() }
    case "M", "MM": return keep(\.month, 2, 1...12)
    case "Mo":
      guard keep(\.month, 2, 1...12) else { return false }
      skipLetters()
    case "MMM", "MMMM":
      guard let index = DateNames.index(of: word(), in: DateNames.months) else { return false }
      month = index + 1
      hasRead = true
    case "D", "DD": return keep(\.day, 2, 1...31)
    case "Do":
      guard keep(\.day, 2, 1...31) else { return false }
      skipLetters()
    case "DDD", "DDDD": return keep(\.dayOfYear, 3, 1...366)
    case "DDDo":
      guard keep(\.dayOfYear, 3, 1...366) else { return false }
      skipLetters()
    case "X", "x": return readExact(isSeconds: token == "X")
    case "dd", "ddd", "dddd":
      let name = word().lowercased()
      let isKnown = DateNames.weekdays.contains {
        name.count >= 2 && $0.lowercased().hasPrefix(name)
      }
      guard isKnown else { return false }
    case "d", "do":
      guard keep(\.weekday, 1, 0...6) else { return false }
      if token == "do" { skipLetters() }
    case "GGGG":
      return keep(\.isoYear, 4, 0...9999)
    case "GG":
      guard let number = digits(2) else { return false }
      isoYear = Self.century(number.value)
    case "gggg": return keep(\.weekYear, 4, 0...9999)
    case "gg":
      guard let number = digits(2) else { return false }
      weekYear = Self.century(number.value)
    case "W", "WW": return keep(\.isoWeek, 2, 1...53)
    case "w", "ww": return keep(\.week, 2, 1...53)
    case "Wo", "wo":
      guard keep(token == "Wo" ? \.isoWeek : \.week, 2, 1...53) else { return false }
      skipLetters()
    case "E": return keep(\.isoWeekday, 1, 1...7)
    case "H", "HH": return keep(\.hour, 2, 0...24)
    case "k", "kk":
      guard keep(\.hour, 2, 1...24) else { return false }
      if hour == 24 { hour = 0 }
    case "h", "hh": return keep(\.hour12, 2, 0...23)
    case "a", "A":
      let letters = word().lowercased()
      guard ["a", "p", "am", "pm"].contains(letters) else { return false }
      isAfternoon = letters.hasPrefix("p")
    case "m", "mm": return keep(\.minute.optional, 2, 0...59)
    case "s", "ss": return keep(\.second.optional, 2, 0...59)
    case "Z", "ZZ": return readOffset()
    default:
      guard token.hasPrefix("S"), let number = digits(9) else { return false }
      // The digits as a fraction of a second, cut to thousandths.
      let scale = (0..<number.width).reduce(1) { power, _ in power * 10 }
      millisecond = number.value * 1000 / scale
    }
    return true
  }

  private mutating func skipLetters() {
    while position < text.count, text[position].properties.isAlphabetic { position += 1 }
  }

  private mutating func readExact(isSeconds: Bool) -> Bool {
    let sign = Double(sign())
    guard let whole = digits(16) else { return false }
    var value = Double(whole.value)
    if isSeconds {
      value *= 1000
      if position + 1 < text.count, text[position] == ".",
        (48...57).contains(text[position + 1].value)
      {
        position += 1
        guard let fraction = digits(9) else { return false }
        let scale = (0..<fraction.width).reduce(1) { power, _ in power * 10 }
        value += Double(fraction.value * 1000 / scale)
      }
    }
    exact = value * sign
    return true
  }

  private mutating func readOffset() -> Bool {
    while position < text.count, text[position] == " " { position += 1 }
    guard position < text.count else { return true }
    if text[position] == "Z" || text[position] == "z" {
      position += 1
      offset = 0
      return true
    }
    guard text[position] == "+" || text[position] == "-" else { return false }
    let sign = sign()
    guard let hours = digits(2), hours.width == 2, hours.value < 24 else { return false }
    if position < text.count, text[position] == ":" { position += 1 }
    let minutes = digits(2)?.value ?? 0
    guard minutes < 60 else { return false }
    offset = sign * (hours.value * 3600 + minutes * 60)
    return true
  }

  /// The parts put together: a missing month or day is the first, a missing time is midnight, a
  /// missing year is the current one, and without any of them the day is today.
  func instant(zone: TimeZoneRules, now: Instant) -> Instant? {
    guard hasRead else { return nil }
    if let exact {
      guard exact.magnitude <= Instant.limit else { return nil }
      return Instant(milliseconds: Int64(exact))
    }
    let today = zone.civil(now)
    var time: CivilTime
    if isoYear != nil || isoWeek != nil {
      let year = isoYear ?? year ?? today.year
      let anchor = CivilTime(year: year, month: 1, day: 4)
      var date = anchor
      date.day += ((isoWeek ?? 1) - 1) * 7 - (anchor.weekday + 6) % 7 + (isoWeekday ?? 1) - 1
      time = CivilTime(date.instant(offsetSeconds: 0), offsetSeconds: 0)
    } else if weekYear != nil || week != nil {
      let anchor = CivilTime(year: weekYear ?? year ?? today.year, month: 1, day: 1)
      var date = anchor
      let weekday = weekday ?? isoWeekday.map { $0 % 7 } ?? 0
      date.day += ((week ?? 1) - 1) * 7 - anchor.weekday + weekday
      time = CivilTime(date.instant(offsetSeconds: 0), offsetSeconds: 0)
    } else if let dayOfYear {
      let year = year ?? today.year
      guard dayOfYear <= (CivilTime.isLeap(year) ? 366 : 365) else { return nil }
      var date = CivilTime(year: year, month: 1, day: 1)
      date.day = dayOfYear
      time = CivilTime(date.instant(offsetSeconds: 0), offsetSeconds: 0)
    } else if year == nil, month == nil, day == nil {
      time = CivilTime(year: today.year, month: today.month, day: today.day)
    } else {
      let isWithoutMonth = year == nil && month == nil
      time = CivilTime(
        year: year ?? today.year, month: month ?? (isWithoutMonth ? today.month : 1), day: day ?? 1)
    }
    guard var hour = hour ?? clockHour else { return nil }
    let endsDay = hour == 24
    if endsDay {
      guard minute == 0, second == 0, millisecond == 0 else { return nil }
      hour = 0
    }
    time.hour = hour
    time.minute = minute
    time.second = second
    time.millisecond = millisecond
    guard time.isValid else { return nil }
    if endsDay { time.day += 1 }
    if let offset { return time.instant(offsetSeconds: offset) }
    return zone.instant(time)
  }

  /// The hour of a twelve-hour clock; 0 without one.
  private var clockHour: Int? {
    guard let hour12 else { return isAfternoon == true ? 12 : 0 }
    guard let isAfternoon else { return hour12 }
    if hour12 > 12 { return isAfternoon ? hour12 : nil }
    return hour12 % 12 + (isAfternoon ? 12 : 0)
  }
}

extension Instant {
  /// How far a date may lie from 1970, in milliseconds: 100 million days, as in ECMAScript.
  static let limit = 8.64e15
}

extension Int {
  /// The number as an optional, so that required and optional parts are stored alike.
  fileprivate var optional: Int? {
    get { self }
    set { self = newValue ?? 0 }
  }
}
