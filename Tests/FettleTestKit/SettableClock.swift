public import FettleCore
import Synchronization

/// The clock of a machine whose date somebody sets: its time goes on evenly beside that.
public final class SettableClock: RunClock {
  private let state = Mutex((ahead: Int64(0), passed: Int64(0)))
  private let system = SystemClock()

  /// A clock that shows the date of this machine.
  public init() {}

  /// The date as it is set.
  public func now() -> Instant {
    let (ahead, passed) = state.withLock { $0 }
    return Instant(milliseconds: system.now().milliseconds + ahead + passed)
  }

  /// The time that only goes on.
  public func uptime() -> Int64 { system.uptime() + state.withLock { $0.passed } }

  /// Sets the date by as much.
  public func set(by seconds: Int) { state.withLock { $0.ahead += Int64(seconds) * 1000 } }

  /// Lets time pass.
  public func pass(seconds: Int) { state.withLock { $0.passed += Int64(seconds) * 1000 } }

  /// A number from 0 up to, but not including, 1.
  public func random() -> Double { system.random() }

  /// A fresh UUID.
  public func uuid() -> String { system.uuid() }
}
