import Foundation
import Synchronization

/// The offsets of one time zone: the only place where Foundation is used.
///
/// The transitions up to 2100 are read once when a zone is first named; afterwards an offset is a
/// binary search. Beyond 2099 the rules repeat with the calendar, so a later year is looked up as
/// the year of the same shape in the last 28 of the table.
final class TimeZoneRules: Sendable {
  static let utc = TimeZoneRules(name: "UTC", firstOffset: 0, transitions: [], offsets: [])

  /// The IANA name.
  let name: String
  /// Milliseconds since 1970 at which the offset changes, ascending.
  private let transitions: [Int64]
  /// The offset in seconds from each transition on.
  private let offsets: [Int]
  private let firstOffset: Int

  private init(name: String, firstOffset: Int, transitions: [Int64], offsets: [Int]) {
    self.name = name
    self.firstOffset = firstOffset
    self.transitions = transitions
    self.offsets = offsets
  }

  private static let known = Mutex<[String: TimeZoneRules?]>([:])

  /// The zone of an IANA name; nil for a name that is none.
  static func named(_ name: String) -> TimeZoneRules? {
    if name == "UTC" { return .utc }
    if let cached = known.withLock({ $0[name] }) { return cached }
    let loaded = load(name)
    known.withLock {
      // Names can come from data; what does not name a zone must not fill the memory.
      if $0.count > 2000 { $0.removeAll() }
      $0[name] = .some(loaded)
    }
    return loaded
  }

  private static let horizon: TimeInterval = 4_102_444_800

  private static func load(_ name: String) -> TimeZoneRules? {
    // Abbreviations such as `PST` and offsets such as `GMT+2` are no IANA names of a region.
    let isName =
      name.utf8.count < 64
      && (name.contains("/")
        || ["UTC", "GMT", "EST", "MST", "HST", "EET", "CET", "MET", "WET"]
          .contains(name)
        || TimeZone.knownTimeZoneIdentifiers.contains(name))
    guard isName, let zone = TimeZone(identifier: name) else { return nil }
    var transitions: [Int64] = []
    var offsets: [Int] = []
    var date = Date(timeIntervalSince1970: -5_000_000_000)
    let first = zone.secondsFromGMT(for: date)
    while let next = zone.nextDaylightSavingTimeTransition(after: date),
      next > date, next.timeIntervalSince1970 < horizon, transitions.count < 4000
    {
      date = next
      let offset = zone.secondsFromGMT(for: next)
      if offset != offsets.last ?? first {
        transitions.append(Int64((next.timeIntervalSince1970 * 1000).rounded()))
        offsets.append(offset)
      }
    }
    return TimeZoneRules(
      name: name, firstOffset: first, transitions: transitions, offsets: offsets)
  }

  /// Seconds east of UTC at an instant.
  func offset(at instant: Instant) -> Int {
    guard !transitions.isEmpty else { return firstOffset }
    var time = instant.milliseconds
    if time >= Int64(Self.horizon) * 1000 { time = Self.sameShape(time) }
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? firstOffset : offsets[low - 1]
  }

  /// The same time of a year between 2072 and 2099 with the same weekdays and leap day.
  private static func sameShape(_ milliseconds: Int64) -> Int64 {
    let instant = Instant(milliseconds: milliseconds)
    var time = CivilTime(instant, offsetSeconds: 0)
    let weekday = CivilTime(year: time.year, month: 1, day: 1).daysSinceEpoch
    for year in 2072...2099 where CivilTime.isLeap(year) == CivilTime.isLeap(time.year) {
      let candidate = CivilTime(year: year, month: 1, day: 1).daysSinceEpoch
      if (candidate - weekday) % 7 == 0 {
        time.year = year
        break
      }
    }
    return time.instant(offsetSeconds: 0).milliseconds
  }

  /// What a clock of the zone shows at an instant.
  func civil(_ instant: Instant) -> CivilTime {
    CivilTime(instant, offsetSeconds: offset(at: instant))
  }

  /// The instant at which a clock of the zone shows a time. Parts out of range roll over. A time
  /// that is skipped when clocks go forward is moved by as much; of one that comes twice the first
  /// is meant.
  func instant(_ time: CivilTime) -> Instant {
    guard !transitions.isEmpty else { return time.instant(offsetSeconds: firstOffset) }
    let asUTC = time.instant(offsetSeconds: 0)
    let day: Int64 = 86_400_000
    let before = offset(at: Instant(milliseconds: asUTC.milliseconds - day))
    let after = offset(at: Instant(milliseconds: asUTC.milliseconds + day))
    let first = time.instant(offsetSeconds: before)
    if before == after || offset(at: first) == before { return first }
    let second = time.instant(offsetSeconds: after)
    // In a gap neither offset is right: the one from before moves the time forward.
    return offset(at: second) == after ? second : first
  }
}
