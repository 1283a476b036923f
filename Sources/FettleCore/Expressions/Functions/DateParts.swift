/// Functions that read a date (section 10.5). Days, hours and weekdays are those of the scenario
/// time zone.
extension Function {
  static let dateParts: [Function] = [
    part("dayOfMonth") { $0.day },
    part("dayOfWeek") { $0.weekday + 1 },
    part("month") { $0.month },
    part("year") { $0.year },
    part("hour") { $0.hour },
    part("minute") { $0.minute },
    part("second") { $0.second },
    part("daysInMonth") { CivilTime.days(inMonth: $0.month, of: $0.year) },
    part("daysInYear") { CivilTime.isLeap($0.year) ? 366 : 365 },
    part("daysInSplitWeek") { time in
      // The week ends with its Saturday.
      let lastDay = Swift.min(
        time.day + 6 - time.weekday, CivilTime.days(inMonth: time.month, of: time.year))
      return (time.day...Swift.max(lastDay, time.day)).count { day in
        (1...5).contains((time.weekday + day - time.day) % 7)
      }
    },
    Function("isWeekend", 1...1) { (arguments, scope) throws(Failure) in
      let weekday = scope.zone.civil(try arguments.date(0, scope)).weekday
      return .boolean(weekday == 0 || weekday == 6)
    },
    Function("dateMax", 1...any) { (arguments, scope) throws(Failure) in
      try dates(arguments, scope).max().map(Value.date) ?? .null
    },
    Function("dateMin", 1...any) { (arguments, scope) throws(Failure) in
      try dates(arguments, scope).min().map(Value.date) ?? .null
    },
    Function("dateDifference", 2...3) { (arguments, scope) throws(Failure) in
      let unit = arguments.isGiven(2) ? try arguments.text(2) : "milliseconds"
      return .integer(
        try difference(
          try arguments.date(0, scope), try arguments.date(1, scope), unit.lowercased(),
          scope.zone))
    },
    Function("weekDayDiff", 2...2) { (arguments, scope) throws(Failure) in
      let later = weekdayMilliseconds(scope.zone.civil(try arguments.date(0, scope)))
      let earlier = weekdayMilliseconds(scope.zone.civil(try arguments.date(1, scope)))
      return .finite(Double(later - earlier) / 86_400_000)
    },
    Function("workMinutesDiff", 2...2) { (arguments, scope) throws(Failure) in
      let start = workMilliseconds(scope.zone.civil(try arguments.date(0, scope)))
      let end = workMilliseconds(scope.zone.civil(try arguments.date(1, scope)))
      return .integer((end - start) / 60_000)
    },
    // Hidden in the editor. `RH`, `Rm` and `Rs` are what is left beside whole days, hours, minutes.
    Function("dateDiff", 3...3) { (arguments, scope) throws(Failure) in
      let (end, start) = (try arguments.date(0, scope), try arguments.date(1, scope))
      guard start <= end else {
        throw Failure("The start lies after the end.", value: arguments[1])
      }
      let seconds = Int((end.milliseconds - start.milliseconds) / 1000)
      switch try arguments.text(2) {
      case "D": return .integer(seconds / 86_400)
      case "H": return .integer(seconds / 3600)
      case "m": return .integer(seconds / 60)
      case "s": return .integer(seconds)
      case "RH": return .integer(seconds / 3600 % 24)
      case "Rm": return .integer(seconds / 60 % 60)
      case "Rs": return .integer(seconds % 60)
      case let unit:
        throw Failure("'\(unit)' is none of the units D, H, m, s, RH, Rm, Rs.", value: arguments[2])
      }
    },
  ]

  private static func part(
    _ name: String, _ read: @escaping @Sendable (CivilTime) -> Int
  ) -> Function {
    Function(name, 1...1) { (arguments, scope) throws(Failure) in
      .integer(read(scope.zone.civil(try arguments.date(0, scope))))
    }
  }

  private static func dates(_ arguments: Arguments, _ scope: Scope) throws(Failure) -> [Instant] {
    let flat = Arguments(values: arguments.flattened)
    var dates: [Instant] = []
    for position in 0..<flat.count { dates.append(try flat.date(position, scope)) }
    return dates
  }

  /// `first − second` in whole units, cut towards zero (16.12). Days, weeks and months are those of
  /// the calendar: a day with 23 or 25 hours counts as one.
  private static func difference(
    _ first: Instant, _ second: Instant, _ unit: String, _ zone: TimeZoneRules
  ) throws(Failure) -> Int {
    let elapsed = Int(first.milliseconds - second.milliseconds)
    let shift = zone.offset(at: first) - zone.offset(at: second)
    switch unit {
    case "milliseconds", "millisecond": return elapsed
    case "seconds", "second": return elapsed / 1000
    case "minutes", "minute": return elapsed / 60_000
    case "hours", "hour": return elapsed / 3_600_000
    case "days", "day": return (elapsed + shift * 1000) / 86_400_000
    case "weeks", "week": return (elapsed + shift * 1000) / 604_800_000
    case "months", "month": return months(first, second, zone)
    case "years", "year": return months(first, second, zone) / 12
    default: throw Failure("'\(unit)' is not a unit of time.", value: .text(unit))
    }
  }

  private static func months(_ first: Instant, _ second: Instant, _ zone: TimeZoneRules) -> Int {
    if first < second { return -months(second, first, zone) }
    let (later, earlier) = (zone.civil(first), zone.civil(second))
    let count = (later.year - earlier.year) * 12 + later.month - earlier.month
    // The last month is not whole when the same day of it has not come yet.
    return zone.instant(earlier.adding(months: count)) > first ? count - 1 : count
  }

  /// Time on weekdays since some Monday long ago.
  private static func weekdayMilliseconds(_ time: CivilTime) -> Int {
    let (week, day) = weekAndDay(time)
    return (week * 5 + Swift.min(day, 5)) * 86_400_000 + (day < 5 ? time.millisecondOfDay : 0)
  }

  /// Time from 09:00 to 17:00 on weekdays since some Monday long ago.
  private static func workMilliseconds(_ time: CivilTime) -> Int {
    let (week, day) = weekAndDay(time)
    let today = Swift.min(Swift.max(time.millisecondOfDay - 32_400_000, 0), 28_800_000)
    return (week * 5 + Swift.min(day, 5)) * 28_800_000 + (day < 5 ? today : 0)
  }

  /// Weeks since Monday, 5 January 1970, and the day of the week from Monday 0.
  private static func weekAndDay(_ time: CivilTime) -> (Int, Int) {
    let days = time.daysSinceEpoch - 4
    let week = days.floorDivided(by: 7)
    return (week, days - week * 7)
  }
}

extension CivilTime {
  var millisecondOfDay: Int { ((hour * 60 + minute) * 60 + second) * 1000 + millisecond }

  /// The same day of another month, or its last day when it has no such day.
  func adding(months: Int) -> CivilTime {
    let index = year * 12 + month - 1 + months
    var result = self
    result.year = index.floorDivided(by: 12)
    result.month = index - result.year * 12 + 1
    result.day = Swift.min(day, CivilTime.days(inMonth: result.month, of: result.year))
    return result
  }
}
