/// Reads the texts that are accepted where a date is expected (section 11.5): ISO, year/month/day,
/// month/day/year with slashes, day.month.year with dots; optionally a time and an offset.
struct DateText {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  /// The instant of a text, read in `zone` when it names no offset; nil when it has another shape
  /// or names no day of the calendar.
  static func read(_ text: String, zone: TimeZoneRules) -> Instant? {
    guard text.utf8.count <= 100 else { return nil }
    var text = text
    return text.withUTF8 { bytes in
      var reader = DateText(bytes: bytes)
      return reader.date(zone: zone)
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private mutating func date(zone: TimeZoneRules) -> Instant? {
    skipBlanks()
    var time: CivilTime
    if let sign = peek, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      // The years beyond four digits, as the text form of such a date writes them.
      position += 1
      guard let year = number(6...6), take(UInt8(ascii: "-")), let month = number(2...2),
        take(UInt8(ascii: "-")), let day = number(2...2)
      else { return nil }
      let isBefore = sign == UInt8(ascii: "-")
      time = CivilTime(
        year: isBefore ? -year.value : year.value, month: month.value, day: day.value)
      return finish(&time, zone: zone)
    }
    guard let first = number(1...4) else { return nil }
    let firstWidth = first.width
    if firstWidth == 4 {
      guard let separator = peek, separator == UInt8(ascii: "-") || separator == UInt8(ascii: "/")
      else { return nil }
      position += 1
      guard let month = number(1...2), take(separator), let day = number(1...2) else { return nil }
      time = CivilTime(year: first.value, month: month.value, day: day.value)
    } else if take(UInt8(ascii: "/")) {
      guard firstWidth <= 2, let day = number(1...2), take(UInt8(ascii: "/")),
        let year = number(4...4)
      else { return nil }
      time = CivilTime(year: year.value, month: first.value, day: day.value)
    } else if take(UInt8(ascii: ".")) {
      skipBlanks()
      guard firstWidth <= 2, let month = number(1...2), take(UInt8(ascii: ".")) else { return nil }
      skipBlanks()
      guard let year = number(4...4) else { return nil }
      time = CivilTime(year: year.value, month: month.value, day: first.value)
    } else {
      return nil
    }
    return finish(&time, zone: zone)
  }

  /// Reads what stands behind the day.
  private mutating func finish(_ time: inout CivilTime, zone: TimeZoneRules) -> Instant? {
    var offset: Int?
    if position < bytes.count, !readTime(&time, &offset) { return nil }
    skipBlanks()
    guard position == bytes.count else { return nil }
    // 24:00 is the midnight that ends the day.
    let endsDay = time.hour == 24 && time.minute == 0 && time.second == 0 && time.millisecond == 0
    if endsDay { time.hour = 0 }
    guard time.isValid else { return nil }
    if endsDay { time.day += 1 }
    let instant = offset.map { time.instant(offsetSeconds: $0) } ?? zone.instant(time)
    return Double(instant.milliseconds).magnitude <= Instant.limit ? instant : nil
  }

  private mutating func readTime(_ time: inout CivilTime, _ offset: inout Int?) -> Bool {
    if !take(UInt8(ascii: "T")), !take(UInt8(ascii: "t")) {
      guard peek == 0x20 else { return peek == nil }
      skipBlanks()
      if peek == nil { return true }
    }
    guard let hour = number(1...2), take(UInt8(ascii: ":")), let minute = number(2...2) else {
      return false
    }
    time.hour = hour.value
    time.minute = minute.value
    if take(UInt8(ascii: ":")) {
      guard let second = number(2...2) else { return false }
      time.second = second.value
      if take(UInt8(ascii: ".")) || take(UInt8(ascii: ",")) {
        guard let fraction = number(1...9) else { return false }
        time.millisecond = fraction.value * 1000 / Self.powers[fraction.width]
      }
    }
    skipBlanks()
    if let letter = peek.map({ $0 | 0x20 }),
      letter == UInt8(ascii: "a") || letter == UInt8(ascii: "p"),
      position + 1 < bytes.count, bytes[position + 1] | 0x20 == UInt8(ascii: "m")
    {
      position += 2
      guard (1...12).contains(time.hour) else { return false }
      time.hour = time.hour % 12 + (letter == UInt8(ascii: "p") ? 12 : 0)
      skipBlanks()
    }
    return readOffset(&offset)
  }

  private static let powers = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
  ]

  private mutating func readOffset(_ offset: inout Int?) -> Bool {
    if take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) {
      offset = 0
      return true
    }
    for name in ["GMT", "UTC"] where bytes[position...].starts(with: name.utf8) {
      position += 3
      offset = 0
    }
    guard let sign = peek, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
      return true
    }
    position += 1
    guard let hours = number(2...2) else { return false }
    _ = take(UInt8(ascii: ":"))
    let minutes = number(2...2)?.value ?? 0
    guard hours.value < 24, minutes < 60 else { return false }
    offset = (hours.value * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    return true
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipBlanks() {
    while position < bytes.count, bytes[position] == 0x20 { position += 1 }
  }

  private mutating func number(_ widths: ClosedRange<Int>) -> (value: Int, width: Int)? {
    let start = position
    var value = 0
    while position < bytes.count, position - start < widths.upperBound {
      let digit = bytes[position] &- 48
      guard digit < 10 else { break }
      value = value * 10 + Int(digit)
      position += 1
    }
    guard position - start >= widths.lowerBound else { return nil }
    return (value, position - start)
  }
}
