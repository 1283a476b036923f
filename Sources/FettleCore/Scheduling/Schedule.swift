/// When a scenario starts by itself: the `scheduling` object of Make and Fusion (semantics 6.10).
///
/// Computed by a pure function from an instant and a time zone. A time of day that is skipped when
/// clocks go forward is moved by as much; of one that comes twice the first is meant.
public struct Schedule: Sendable, Hashable {
  /// The object, as it is exported and as it is kept.
  public let document: Collection
  private let timing: Timing
  private let between: ClosedRange<Instant>?
  private let windows: [Window]

  private enum Timing: Hashable {
    case immediately
    case onDemand
    case every(seconds: Int)
    case once(String)
    case onDays(DayRule, times: [Int])
  }

  fileprivate enum DayRule: Hashable {
    case every
    case weekdays(Set<Int>)
    case dates(Set<Int>)
    case yearly(months: Set<Int>, dates: Set<Int>)
  }

  /// A time in which starts are allowed.
  fileprivate struct Window: Hashable {
    let weekdays: Set<Int>
    let months: Set<Int>
    /// Minutes of the day.
    let from: Int
    let to: Int
  }

  /// The shortest interval, in seconds (Make).
  public static let shortestInterval = 60

  /// Reads the object.
  /// - Throws: which field does not fit, and what it may be.
  public init(_ document: Collection) throws(ScheduleError) {
    self.document = document
    let type = document["type"]?.text ?? ""
    switch type {
    case "immediately": timing = .immediately
    case "on-demand": timing = .onDemand
    case "indefinitely":
      let seconds = document["interval"].flatMap(Coercion.number)?.integer ?? 900
      guard seconds >= Self.shortestInterval else {
        throw ScheduleError("\"interval\" is a number of seconds from \(Self.shortestInterval)")
      }
      timing = .every(seconds: seconds)
    case "once":
      guard let date = document["date"].flatMap(Coercion.text),
        Instant(iso8601: date) != nil
      else { throw ScheduleError("\"date\" is a date and time, such as 2026-11-24T08:00:00") }
      timing = .once(date)
    case "daily": timing = .onDays(.every, times: try Self.times(document))
    case "weekly":
      let days = try Self.numbers("days", 0...7, document)
      timing = .onDays(.weekdays(Set(days.map { $0 % 7 })), times: try Self.times(document))
    case "monthly":
      let key = document["dates"] == nil ? "days" : "dates"
      timing = .onDays(
        .dates(try Self.numbers(key, 1...31, document)), times: try Self.times(document))
    case "yearly":
      let key = document["dates"] == nil ? "days" : "dates"
      timing = .onDays(
        .yearly(
          months: try Self.numbers("months", 1...12, document),
          dates: try Self.numbers(key, 1...31, document)), times: try Self.times(document))
    default:
      throw ScheduleError(
        "\"type\" is one of immediately, indefinitely, once, daily, weekly, monthly, yearly, "
          + "on-demand\(type.isEmpty ? "" : ", not \"\(type)\"")")
    }
    if let ends = document["between"]?.array {
      let instants = ends.compactMap { $0.text.flatMap(Instant.init(iso8601:)) }
      guard instants.count == 2, ends.count == 2, instants[0] <= instants[1] else {
        throw ScheduleError("\"between\" is a list of two dates, the earlier first")
      }
      between = instants[0]...instants[1]
    } else {
      between = nil
    }
    var windows: [Window] = []
    for entry in document["restrict"]?.array ?? [] {
      let fields = entry.collection ?? [:]
      let times = fields["time"]?.array ?? []
      guard times.isEmpty || times.count == 2 else {
        throw ScheduleError("\"time\" of \"restrict\" is a list of two times of day")
      }
      let minutes = try times.map { (time) throws(ScheduleError) in try Self.minute(time) }
      windows.append(
        Window(
          weekdays: fields["days"] == nil
            ? [] : Set(try Self.numbers("days", 0...7, fields).map { $0 % 7 }),
          months: fields["months"] == nil ? [] : try Self.numbers("months", 1...12, fields),
          from: minutes.first ?? 0, to: minutes.last ?? 1439))
    }
    self.windows = windows
  }

  private static func times(_ document: Collection) throws(ScheduleError) -> [Int] {
    let value = document["time"] ?? document["times"] ?? "00:00"
    let times = try (value.array ?? [value]).map { (time) throws(ScheduleError) in
      try minute(time)
    }
    guard !times.isEmpty else { throw ScheduleError("\"time\" is a time of day, such as 08:30") }
    return times.sorted()
  }

  private static func minute(_ value: Value) throws(ScheduleError) -> Int {
    let parts = (value.text ?? "").split(separator: ":").map { Int($0) }
    guard (2...3).contains(parts.count), let hour = parts[0], let minute = parts[1],
      (0..<24).contains(hour), (0..<60).contains(minute)
    else { throw ScheduleError("\"time\" is a time of day, such as 08:30") }
    return hour * 60 + minute
  }

  private static func numbers(
    _ key: String, _ range: ClosedRange<Int>, _ document: Collection
  ) throws(ScheduleError) -> Set<Int> {
    let values = document[key]?.array ?? []
    let numbers = values.compactMap { Coercion.number($0)?.integer }.filter(range.contains)
    guard !numbers.isEmpty, numbers.count == values.count else {
      throw ScheduleError(
        "\"\(key)\" is a list of numbers from \(range.lowerBound) to \(range.upperBound)")
    }
    return Set(numbers)
  }

  /// Whether a text is the IANA name of a time zone.
  public static func isZone(_ name: String) -> Bool { TimeZoneRules.named(name) != nil }

  /// Whether an event starts the scenario, rather than the time.
  public var isInstant: Bool { timing == .immediately }

  /// Whether the time never starts it.
  public var isOnDemand: Bool { timing == .onDemand }

  /// The next start.
  /// - Parameters:
  ///   - instant: the start is later than this; of an interval that has passed already, at once.
  ///   - last: the start before, from which an interval counts; nil when there was none.
  ///   - zone: the IANA name of the zone of its times of day.
  /// - Returns: nil when the time never starts it again.
  public func next(after instant: Instant, last: Instant?, zone: String) -> Instant? {
    let rules = TimeZoneRules.named(zone) ?? .utc
    var from = instant
    if let between, between.lowerBound > from { from = between.lowerBound }
    let found: Instant?
    switch timing {
    case .immediately, .onDemand: return nil
    case .every(let seconds):
      let due = last.map { $0.advanced(bySeconds: seconds) } ?? from
      found = allowed(from: max(due, from), rules)
    case .once(let text):
      found = Self.once(text, rules).flatMap { $0 > instant && last == nil ? $0 : nil }
    case .onDays(let rule, let times): found = onDays(rule, times, after: from, rules)
    }
    guard let found, between.map({ found <= $0.upperBound }) ?? true else { return nil }
    return found
  }

  /// A date without an offset is one of the zone.
  private static func once(_ text: String, _ rules: TimeZoneRules) -> Instant? {
    guard let asWritten = Instant(iso8601: text) else { return nil }
    let time = text.drop { $0 != "T" && $0 != " " }
    let hasOffset = time.contains { $0 == "Z" || $0 == "z" || $0 == "+" || $0 == "-" }
    return hasOffset ? asWritten : rules.instant(CivilTime(asWritten, offsetSeconds: 0))
  }

  private func onDays(
    _ rule: DayRule, _ times: [Int], after instant: Instant, _ rules: TimeZoneRules
  ) -> Instant? {
    var day = rules.civil(instant)
    (day.hour, day.minute, day.second, day.millisecond) = (0, 0, 0, 0)
    // Eight years hold every 29 February there may be between two.
    for _ in 0..<(8 * 366 + 2) {
      if rule.matches(day) {
        for minutes in times {
          var time = day
          (time.hour, time.minute) = (minutes / 60, minutes % 60)
          let candidate = rules.instant(time)
          if candidate > instant, isAllowed(candidate, rules) { return candidate }
        }
      }
      day = day.nextDay
    }
    return nil
  }

  private func isAllowed(_ instant: Instant, _ rules: TimeZoneRules) -> Bool {
    allowed(from: instant, rules) == instant
  }

  /// The first instant from one on that lies in a window.
  private func allowed(from instant: Instant, _ rules: TimeZoneRules) -> Instant? {
    guard !windows.isEmpty else { return instant }
    var day = rules.civil(instant)
    (day.hour, day.minute, day.second, day.millisecond) = (0, 0, 0, 0)
    for _ in 0..<(366 + 31) {
      var best: Instant?
      for window in windows where window.matches(day) {
        var (start, end) = (day, day)
        (start.hour, start.minute) = (window.from / 60, window.from % 60)
        (end.hour, end.minute, end.second, end.millisecond) =
          (window.to / 60, window.to % 60, 59, 999)
        let candidate = max(instant, rules.instant(start))
        if candidate <= rules.instant(end) { best = min(best ?? candidate, candidate) }
      }
      if let best { return best }
      day = day.nextDay
    }
    return nil
  }
}

extension Schedule.DayRule {
  fileprivate func matches(_ day: CivilTime) -> Bool {
    switch self {
    case .every: true
    case .weekdays(let days): days.contains(day.weekday)
    case .dates(let dates): dates.contains(day.day)
    case .yearly(let months, let dates): months.contains(day.month) && dates.contains(day.day)
    }
  }
}

extension Schedule.Window {
  fileprivate func matches(_ day: CivilTime) -> Bool {
    (weekdays.isEmpty || weekdays.contains(day.weekday))
      && (months.isEmpty || months.contains(day.month))
  }
}

extension CivilTime {
  fileprivate var nextDay: CivilTime {
    CivilTime(
      Instant(milliseconds: Int64(daysSinceEpoch + 1) * 86_400_000), offsetSeconds: 0)
  }
}

/// Why an object is no schedule.
public struct ScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence that begins with the name of a field.
  public let description: String

  init(_ description: String) { self.description = description }
}
