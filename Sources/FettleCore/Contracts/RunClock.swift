/// What a run takes from nature: the time, chance, fresh identities. Injected everywhere, so that a
/// test or a replay can decide them.
public protocol RunClock: Sendable {
  /// The current instant.
  func now() -> Instant
  /// A time that only goes on, whatever is done to the date, in milliseconds: what durations are
  /// measured by.
  func uptime() -> Int64
  /// A number from 0 up to, but not including, 1.
  func random() -> Double
  /// A fresh UUID of version 4, in lower case with hyphens.
  func uuid() -> String
}

extension RunClock {
  /// The date, for clocks that nobody sets.
  public func uptime() -> Int64 { now().milliseconds }

  /// A fresh identity of a record: 32 hexadecimal digits.
  public func recordID() -> RecordID { RecordID(uuid().filter { $0 != "-" }) }
}

/// The clock and the chance of the machine.
public struct SystemClock: RunClock {
  private let fixed: Instant?
  private let shift: Int64

  /// The clock of the machine, or one that stands still, for pictures and tests.
  public init(standingStillAt fixed: Instant? = nil) {
    self.fixed = fixed
    shift = 0
  }

  /// A clock that shows `start` now and goes on from there.
  public init(startingAt start: Instant) {
    fixed = nil
    shift = start.milliseconds - milliseconds(CLOCK_REALTIME)
  }

  /// The current instant.
  public func now() -> Instant {
    if let fixed { return fixed }
    // The only way to the wall clock without Foundation: the distance of two Swift clocks has no
    // epoch, the C library has.
    return Instant(milliseconds: milliseconds(CLOCK_REALTIME) + shift)
  }

  /// The time since the machine began.
  public func uptime() -> Int64 { fixed?.milliseconds ?? milliseconds(CLOCK_MONOTONIC) }

  /// A number from 0 up to, but not including, 1.
  public func random() -> Double { Double.random(in: 0..<1) }

  /// A fresh UUID of version 4.
  public func uuid() -> String {
    Scope.randomUUID()
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

private func milliseconds(_ clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
