/// Functions that make dates and their texts (section 10.5). Days and longer units are calendar
/// arithmetic in the scenario time zone: the wall clock stays, the last day of a month is kept
/// within the month.
extension Function {
  static let dates: [Function] = [
    elapsed("addSeconds", milliseconds: 1000),
    elapsed("addMinutes", milliseconds: 60_000),
    elapsed("addHours", milliseconds: 3_600_000),
    calendar("addDays") { $0.day += $1 },
    calendar("addMonths") { $0 = $0.adding(months: $1) },
    calendar("addYears") { $0 = $0.adding(months: $1 * 12) },
    Function("addWeekDays", 2...2) { (arguments, scope) throws(Failure) in
      let count = try bounded(try arguments.number(1).rounded(.down))
      return try changed(arguments, scope) { $0.addWeekdays(count) }
    },
    setter("setSecond") { $0.second = $1 },
    setter("setMinute") { $0.minute = $1 },
    setter("setHour") { $0.hour = $1 },
    setter("setDate") { $0.day = $1 },
    setter("setDay", names: DateNames.weekdays) { $0.day += $1 - 1 - $0.weekday },
    setter("setMonth", names: DateNames.months) { $0 = $0.adding(months: $1 - $0.month) },
    setter("setYear") { $0 = $0.adding(months: ($1 - $0.year) * 12) },
    Function("startOfMonth", 1...1) { (arguments, scope) throws(Failure) in
      try changed(arguments, scope) { $0 = CivilTime(year: $0.year, month: $0.month, day: 1) }
    },
    Function("endOfMonth", 1...1) { (arguments, scope) throws(Failure) in
      try changed(arguments, scope) {
        $0.day = CivilTime.days(inMonth: $0.month, of: $0.year)
        ($0.hour, $0.minute, $0.second, $0.millisecond) = (23, 59, 59, 999)
      }
    },
    Function(
      "formatDate", 1...3,
      .prepared { constants in
        let format = constants.element(1)?.text.map(format)
        let zone = constants.element(2)?.text.flatMap(TimeZoneRules.named)
        return { (arguments, scope) throws(Failure) in
          let date = try arguments.date(0, scope)
          let used: TimeZoneRules
          if let zone { used = zone } else { used = try Function.zone(arguments, scope) }
          if let format { return .text(format.text(date, used)) }
          return .text(Function.format(try arguments.text(1)).text(date, used))
        }
      }),
    Function(
      "parseDate", 1...3,
      .prepared { constants in
        let pattern = constants.element(1)?.text.map(DatePattern.init)
        return { (arguments, scope) throws(Failure) in
          let zone = try Function.zone(arguments, scope)
          let text = try arguments.text(0)
          let spelling = try arguments.text(1)
          if spelling.isEmpty {
            if case .date = arguments[0] { return arguments[0] }
            guard let date = DateText.read(text, zone: zone) else {
              throw Failure("\(arguments[0].shown) is not a valid date.", value: arguments[0])
            }
            return .date(date)
          }
          let pattern = pattern ?? DatePattern(spelling)
          guard let date = pattern.read(text, zone: zone, now: scope.now) else {
            throw Failure(
              "\(arguments[0].shown) does not fit the date format '\(spelling)'.",
              value: arguments[0])
          }
          return .date(date)
        }
      }),
  ]

  private static func format(_ text: String) -> DateFormat {
    text.isEmpty ? .standard : DateFormat(text)
  }

  /// The zone of the third argument; the scenario zone when it is missing or unknown (11.2).
  private static func zone(
    _ arguments: Arguments, _ scope: Scope
  ) throws(Failure) -> TimeZoneRules {
    guard arguments.isGiven(2) else { return scope.zone }
    return TimeZoneRules.named(try arguments.text(2)) ?? scope.zone
  }

  private static func elapsed(_ name: String, milliseconds: Double) -> Function {
    Function(name, 2...2) { (arguments, scope) throws(Failure) in
      let start = Double(try arguments.date(0, scope).milliseconds)
      return try dateValue(start + (try arguments.number(1) * milliseconds).rounded())
    }
  }

  private static func calendar(
    _ name: String, _ change: @escaping @Sendable (inout CivilTime, Int) -> Void
  ) -> Function {
    Function(name, 2...2) { (arguments, scope) throws(Failure) in
      let count = try bounded(try arguments.number(1).rounded())
      return try changed(arguments, scope) { change(&$0, count) }
    }
  }

  /// A part set to a number, or to an English name counted from 1. What exceeds the part rolls over.
  private static func setter(
    _ name: String, names: [String] = [],
    _ change: @escaping @Sendable (inout CivilTime, Int) -> Void
  ) -> Function {
    Function(name, 2...2) { (arguments, scope) throws(Failure) in
      let number: Int
      if case .text(let text) = arguments[1],
        let index = DateNames.index(of: text.trimmingBlanks(), in: names)
      {
        number = index + 1
      } else {
        number = try bounded(try arguments.number(1).rounded(.towardZero))
      }
      return try changed(arguments, scope) { change(&$0, number) }
    }
  }

  /// A count no calendar arithmetic can overflow with.
  private static func bounded(_ value: Double) throws(Failure) -> Int {
    guard value.magnitude <= 1e10 else { throw outOfRange }
    return Int(value)
  }

  private static let outOfRange = Failure("The date would lie outside the calendar.")

  private static func changed(
    _ arguments: Arguments, _ scope: Scope, _ change: (inout CivilTime) -> Void
  ) throws(Failure) -> Value {
    let date = try arguments.date(0, scope)
    guard Double(date.milliseconds).magnitude <= Instant.limit else { throw outOfRange }
    var time = scope.zone.civil(date)
    change(&time)
    // Days since 1970 before they are multiplied: the product has to fit.
    guard time.year.magnitude <= 300_000,
      time.daysSinceEpoch.magnitude + (time.hour / 24).magnitude + (time.minute / 1440).magnitude
        + (time.second / 86_400).magnitude <= 110_000_000
    else { throw outOfRange }
    return try dateValue(Double(scope.zone.instant(time).milliseconds))
  }

  private static func dateValue(_ milliseconds: Double) throws(Failure) -> Value {
    guard milliseconds.magnitude <= Instant.limit else { throw outOfRange }
    return .date(Instant(milliseconds: Int64(milliseconds)))
  }
}

extension CivilTime {
  /// Steps over Monday to Friday; from a weekend the first step leads to its next weekday.
  fileprivate mutating func addWeekdays(_ count: Int) {
    guard count != 0 else { return }
    let monday = (weekday + 6) % 7
    // Backward from a weekend counts from the Monday after, forward from the Friday before.
    var index = monday
    if monday > 4 {
      index = count > 0 ? 4 : 7
    }
    let base = day - monday + index
    let first = index % 7
    let total = first + count
    let weeks = total.floorDivided(by: 5)
    day = base - first + weeks * 7 + (total - weeks * 5)
  }
}

extension [Value?] {
  fileprivate func element(_ position: Int) -> Value? {
    position < count ? self[position] : nil
  }
}
