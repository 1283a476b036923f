import FettleCore

/// A date while it is typed: what it means, and its parts changed one by one.
enum TypedDate {
  /// `2026-03-02T00:00:00.000Z, Mon 2 Mar 01:00:00 here (+01:00)`
  static func told(_ date: Instant, in zone: DisplayZone) -> SafeText {
    "\(date.iso8601), " + here(date, in: zone)
  }

  /// `Mon 2 Mar 01:00:00 here (+01:00)`, or `Mon UTC`
  static func here(_ date: Instant, in zone: DisplayZone) -> SafeText {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let offset = zone.offset(at: date)
    let day = (date.milliseconds + Int64(offset) * 1000).floorDivided(by: 86_400_000)
    let name = days[Int((day % 7 + 7) % 7)]
    return offset == 0
      ? SafeText(own: name) + " UTC"
      : SafeText(own: name) + " " + zone.long(date) + " here (" + SafeText(own: sign(offset)) + ")"
  }

  private static func sign(_ offset: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let minutes = abs(offset) / 60
    return (offset < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
  }

  /// The text with the part at a place of the cursor made larger or smaller; what it has of a zone
  /// and how precise it is stays. Nil when the text is no date.
  static func stepped(_ text: String, cursor: Int, by step: Int) -> String? {
    // What stands before the date stays there.
    let spaces = text.prefix(while: \.isWhitespace)
    let characters = Array(text.dropFirst(spaces.count))
    guard Instant(iso8601: text.trimmed) != nil, characters.count >= 10,
      let year = Int(String(characters[0..<4])), let month = Int(String(characters[5..<7])),
      let day = Int(String(characters[8..<10]))
    else { return nil }
    func number(_ range: Range<Int>) -> Int? {
      range.upperBound <= characters.count ? Int(String(characters[range])) : nil
    }
    var time = CivilTime(year: year, month: month, day: day)
    time.hour = number(11..<13) ?? 0
    time.minute = number(14..<16) ?? 0
    let hasSeconds = characters.count >= 19 && characters[16] == ":"
    if hasSeconds { time.second = number(17..<19) ?? 0 }
    let hasTime = characters.count >= 16
    switch cursor - spaces.count {
    case ...4:
      time.year += step
      time.day = min(time.day, CivilTime.days(inMonth: time.month, of: time.year))
    case ...7:
      let months = time.year * 12 + time.month - 1 + step
      time.year = months / 12
      time.month = months % 12 + 1
      time.day = min(time.day, CivilTime.days(inMonth: time.month, of: time.year))
    case ...10: time.day += step
    case ...13 where hasTime: time.hour += step
    case ...16 where hasTime: time.minute += step
    case _ where hasSeconds: time.second += step
    case _ where hasTime: time.minute += step
    default: time.day += step
    }
    guard (1...9998).contains(time.year) else { return nil }
    // Parts beyond their range roll over.
    let after = CivilTime(time.instant(offsetSeconds: 0), offsetSeconds: 0)
    func padded(_ number: Int, _ width: Int) -> [Character] {
      let digits = String(number)
      return Array(String(repeating: "0", count: max(0, width - digits.count)) + digits)
    }
    var result = characters
    result.replaceSubrange(0..<4, with: padded(after.year, 4))
    result.replaceSubrange(5..<7, with: padded(after.month, 2))
    result.replaceSubrange(8..<10, with: padded(after.day, 2))
    if hasTime {
      result.replaceSubrange(11..<13, with: padded(after.hour, 2))
      result.replaceSubrange(14..<16, with: padded(after.minute, 2))
    }
    if hasSeconds { result.replaceSubrange(17..<19, with: padded(after.second, 2)) }
    return spaces + String(result)
  }
}

extension Int64 {
  fileprivate func floorDivided(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
