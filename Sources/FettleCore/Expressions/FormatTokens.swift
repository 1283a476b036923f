/// A date format: tokens, and what stands between them (expression-language 11.3).
struct DateFormat: Sendable {
  private let format: [Character]

  init(_ format: String) { self.format = Array(format) }

  /// The tokens, longest first where one begins another.
  private static let tokens = [
    "YYYY", "YY", "MMMM", "MMM", "MM", "Mo", "M", "DDDD", "DDD", "DD", "Do", "D", "dddd", "ddd",
    "dd", "do", "d", "HH", "H", "hh", "h", "kk", "k", "mm", "m", "ss", "s", "SSS", "SS", "S", "ZZ",
    "Z", "A", "a", "X", "x", "E", "Q", "Y",
  ]

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]

  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  /// The date in that format, on a clock that many seconds east of UTC.
  func text(_ date: Instant, offsetSeconds: Int) -> String {
    let time = CivilTime(date, offsetSeconds: offsetSeconds)
    var text = ""
    var index = 0
    while index < format.count {
      if format[index] == "[", let close = format[index...].firstIndex(of: "]") {
        text += String(format[(index + 1)..<close])
        index = close + 1
        continue
      }
      let rest = format[index...]
      if let token = Self.tokens.first(where: { rest.starts(with: $0) }) {
        text += Self.text(token, date, time, offsetSeconds)
        index += token.count
      } else {
        text.append(format[index])
        index += 1
      }
    }
    return text
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  private static func ordinal(_ number: Int) -> String {
    let isTeen = (11...13).contains(number % 100)
    let ending =
      switch number % 10 {
      case 1 where !isTeen: "st"
      case 2 where !isTeen: "nd"
      case 3 where !isTeen: "rd"
      default: "th"
      }
    return "\(number)\(ending)"
  }

  private static func text(
    _ token: String, _ date: Instant, _ time: CivilTime, _ offset: Int
  ) -> String {
    let weekday = ((time.daysSinceEpoch + 4) % 7 + 7) % 7
    let hour12 = (time.hour + 11) % 12 + 1
    let hour24 = time.hour == 0 ? 24 : time.hour
    let dayOfYear =
      time.daysSinceEpoch - CivilTime(year: time.year, month: 1, day: 1).daysSinceEpoch + 1
    switch token {
    case "YYYY": return padded(time.year, 4)
    case "YY": return padded(time.year % 100, 2)
    case "Y": return time.year > 9999 ? "+\(time.year)" : "\(time.year)"
    case "Q": return "\((time.month + 2) / 3)"
    case "MMMM": return months[time.month - 1]
    case "MMM": return String(months[time.month - 1].prefix(3))
    case "MM": return padded(time.month, 2)
    case "Mo": return ordinal(time.month)
    case "M": return "\(time.month)"
    case "DDDD": return padded(dayOfYear, 3)
    case "DDD": return "\(dayOfYear)"
    case "DD": return padded(time.day, 2)
    case "Do": return ordinal(time.day)
    case "D": return "\(time.day)"
    case "dddd": return weekdays[weekday]
    case "ddd": return String(weekdays[weekday].prefix(3))
    case "dd": return String(weekdays[weekday].prefix(2))
    case "do": return ordinal(weekday)
    case "d": return "\(weekday)"
    case "E": return "\(weekday == 0 ? 7 : weekday)"
    case "HH": return padded(time.hour, 2)
    case "H": return "\(time.hour)"
    case "hh": return padded(hour12, 2)
    case "h": return "\(hour12)"
    case "kk": return padded(hour24, 2)
    case "k": return "\(hour24)"
    case "mm": return padded(time.minute, 2)
    case "m": return "\(time.minute)"
    case "ss": return padded(time.second, 2)
    case "s": return "\(time.second)"
    case "SSS": return padded(time.millisecond, 3)
    case "SS": return padded(time.millisecond / 10, 2)
    case "S": return "\(time.millisecond / 100)"
    case "A": return time.hour < 12 ? "AM" : "PM"
    case "a": return time.hour < 12 ? "am" : "pm"
    case "X": return "\(date.milliseconds.floorDivided(by: 1000))"
    case "x": return "\(date.milliseconds)"
    default:
      let minutes = abs(offset) / 60
      let sign = offset < 0 ? "-" : "+"
      let colon = token == "Z" ? ":" : ""
      return sign + padded(minutes / 60, 2) + colon + padded(minutes % 60, 2)
    }
  }
}
