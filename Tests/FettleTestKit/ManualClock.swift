public import FettleCore
import Synchronization

/// A clock that moves when a test says so, and identities that count.
public final class ManualClock: RunClock {
  private struct State {
    var now: Instant
    var issued = 0
  }

  private let state: Mutex<State>

  /// A clock that stands at an instant; without one at 2026-09-21T14:05:00Z.
  public init(_ now: Instant = Instant(milliseconds: 1_790_000_000_000 - 300_000)) {
    state = Mutex(State(now: now))
  }

  /// The instant it stands at.
  public func now() -> Instant { state.withLock { $0.now } }

  /// Moves it on.
  public func advance(seconds: Int) {
    state.withLock { $0.now = $0.now.advanced(bySeconds: seconds) }
  }

  /// Always one half.
  public func random() -> Double { 0.5 }

  /// The next identity of a row.
  public func uuid() -> String {
    let number = state.withLock {
      $0.issued += 1
      return $0.issued
    }
    let digits = String(number, radix: 16)
    return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
  }
}
