import CNcurses
import FettleCore

/// Numbers, sizes and times in as few columns as they can be read in.
enum Quantity {
  /// With a comma between thousands.
  static func grouped(_ number: Int) -> SafeText {
    let digits = String(number.magnitude)
    var text = number < 0 ? "-" : ""
    var left = digits.utf8.count
    for digit in digits.unicodeScalars {
      text.unicodeScalars.append(digit)
      left -= 1
      if left > 0, left.isMultiple(of: 3) { text.append(",") }
    }
    return SafeText(own: text)
  }

  /// A number in few columns: `812`, `412k`, `1.2M`.
  static func short(_ number: Int) -> SafeText {
    switch number {
    case ..<10_000: grouped(number)
    case ..<1_000_000: SafeText(own: "\(number / 1000)k")
    default: SafeText(own: "\(number / 1_000_000).\(number / 100_000 % 10)M")
    }
  }

  /// How much time lies between two instants: `3m`, `2h`, `9d`.
  static func age(from start: Instant, to end: Instant) -> SafeText {
    let seconds = max(0, end.milliseconds.subtractingReportingOverflow(start.milliseconds).0) / 1000
    return switch seconds {
    case ..<60: SafeText(own: "\(seconds)s")
    case ..<3600: SafeText(own: "\(seconds / 60)m")
    case ..<86_400: SafeText(own: "\(seconds / 3600)h")
    default: SafeText(own: "\(seconds / 86_400)d")
    }
  }

  /// A size: `812 B`, `12.4K`, `1.2M`.
  static func bytes(_ count: Int) -> SafeText {
    func tenths(_ unit: Int, _ letter: String) -> SafeText {
      let tenths = count / (unit / 10)
      return SafeText(own: "\(tenths / 10).\(tenths % 10)\(letter)")
    }
    return switch count {
    case ..<1000: SafeText(own: "\(max(0, count)) B")
    case ..<1_000_000: tenths(1000, "K")
    case ..<1_000_000_000: tenths(1_000_000, "M")
    default: tenths(1_000_000_000, "G")
    }
  }

  /// A duration: `0.8 s`.
  static func seconds(milliseconds: Int) -> SafeText {
    let tenths = (max(0, milliseconds) + 50) / 100
    return SafeText(own: "\(tenths / 10).\(tenths % 10) s")
  }
}

/// The zone that dates are shown in.
enum DisplayZone: Hashable, Sendable {
  case utc
  /// That many seconds east of UTC.
  case fixed(Int)
  /// The zone of the environment, with its summer times.
  case local

  /// Seconds east of UTC at an instant.
  func offset(at instant: Instant) -> Int {
    switch self {
    case .utc: 0
    case .fixed(let seconds): seconds
    case .local: Int(fettle_zone_offset(instant.milliseconds / 1000))
    }
  }

  private func parts(_ instant: Instant) -> CivilTime {
    CivilTime(instant, offsetSeconds: offset(at: instant))
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// `21 Sep 14:02`
  func short(_ instant: Instant) -> SafeText {
    let parts = parts(instant)
    let month = Self.months.indices.contains(parts.month - 1) ? Self.months[parts.month - 1] : "?"
    let day = parts.day < 10 ? " \(parts.day)" : "\(parts.day)"
    return SafeText(own: "\(day) \(month) \(Self.two(parts.hour)):\(Self.two(parts.minute))")
  }

  /// `14:02:11`
  func clock(_ instant: Instant) -> SafeText {
    let parts = parts(instant)
    return SafeText(
      own: "\(Self.two(parts.hour)):\(Self.two(parts.minute)):\(Self.two(parts.second))")
  }

  /// `21 Sep 14:02:11`
  func long(_ instant: Instant) -> SafeText {
    short(instant) + SafeText(own: ":\(Self.two(parts(instant).second))")
  }
}
