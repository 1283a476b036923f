/// When a stored failure is tried again.
///
/// Fusion waits 10 min, 1 h, 3 h, 12 h and 24 h, each counted from the end of the attempt before;
/// after the fifth failure the record waits for the operator (semantics 5.1). A schedule is copied
/// into its record, so that changing the default moves no record that already waits.
public struct RetrySchedule: Hashable, Sendable {
  /// The pauses, in seconds, before the first, second, … attempt.
  public let pauses: [Int]

  /// These pauses, in seconds.
  public init(pauses: [Int]) { self.pauses = pauses }

  /// The schedule of Fusion for the types that are retried by themselves.
  public static let fusion = RetrySchedule(pauses: [600, 3600, 10_800, 43_200, 86_400])

  /// The schedule of Make for the same types.
  public static let make = RetrySchedule(
    pauses: [60, 600, 600, 1800, 1800, 1800, 10_800, 10_800])

  /// When a whole scenario is started again whose service cannot be reached, for records that are
  /// retried so: the same pauses, but with those of Make its own list for scenarios (semantics 5.1).
  public var forScenario: RetrySchedule {
    self == .make
      ? RetrySchedule(pauses: [60, 120, 300, 600, 3600, 10_800, 43_200, 86_400]) : self
  }

  /// The schedule of that name: `fusion` or `make`; nil for any other.
  public static func named(_ name: String) -> RetrySchedule? {
    ["fusion": fusion, "make": make][name]
  }

  /// The schedule of a Break directive with automatic completion: before attempt n, interval ·
  /// 2^⌊n/2⌋, at most 24 h (D17).
  /// - Parameter interval: in seconds.
  public static func growing(attempts: Int, interval: Int) -> RetrySchedule {
    let day = 86_400
    return RetrySchedule(
      pauses: (0..<max(0, min(attempts, 100))).map { number in
        let factor = 1 << min((number + 1) / 2, 20)
        let (pause, overflows) = max(1, interval).multipliedReportingOverflow(by: factor)
        return overflows ? day : min(pause, day)
      })
  }

  /// The schedule of a Break directive whose pauses do not grow, as in Make (D17).
  /// - Parameter interval: in seconds.
  public static func steady(attempts: Int, interval: Int) -> RetrySchedule {
    RetrySchedule(
      pauses: Array(repeating: max(1, interval), count: max(0, min(attempts, 100))))
  }

  /// The pause before retry `number`, counted from 1, in seconds; nil when none is left.
  /// - Parameter asked: what the service asked for, in seconds. It lengthens the pause, never
  ///   shortens it.
  public func pause(before number: Int, asked: Int = 0) -> Int? {
    guard pauses.indices.contains(number - 1) else { return nil }
    return max(pauses[number - 1], asked)
  }
}
