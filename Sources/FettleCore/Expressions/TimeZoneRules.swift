import Foundation

/// How far a zone is from UTC at an instant: the one place that asks Foundation for time zones.
struct TimeZoneRules: Sendable {
  private let zone: TimeZone?

  /// The zone of that IANA name; nil where there is none.
  init?(named name: String) {
    if name == "UTC" || name == "Etc/UTC" {
      zone = nil
      return
    }
    guard name.contains("/") || name == "GMT", let zone = TimeZone(identifier: name) else {
      return nil
    }
    self.zone = zone
  }

  /// Seconds east of UTC.
  func offsetSeconds(at instant: Instant) -> Int {
    zone?.secondsFromGMT(
      for: Date(timeIntervalSince1970: Double(instant.milliseconds) / 1000)) ?? 0
  }
}
