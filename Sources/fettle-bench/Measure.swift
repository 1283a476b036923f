/// Work repeated until a time is over.
enum Measure {
  /// How often a piece of work is done in a second.
  static func rate(for duration: Duration, _ work: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    var count = 0
    var batch = 1
    let start = clock.now
    var elapsed = Duration.zero
    repeat {
      for _ in 0..<batch { try work() }
      count += batch
      elapsed = start.duration(to: clock.now)
      // Looking at the clock costs as much as a small piece of work, so that it is done rarely.
      if elapsed < duration / 20 { batch *= 2 }
    } while elapsed < duration
    return Double(count) / (elapsed / .seconds(1))
  }

  /// The middle of the values; the mean of the two in the middle when their number is even.
  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
      ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}

/// Rates of several sides, measured in turn.
struct Rounds {
  private var rates: [String: [Double]] = [:]

  /// Adds what a side did in a second of this round.
  mutating func add(_ rate: Double, of side: String) { rates[side, default: []].append(rate) }

  /// The median rate of a side; nil when it was not measured.
  func rate(of side: String) -> Double? { rates[side].map(Measure.median) }

  /// The median, over the rounds, of one side's rate divided by the other's.
  func ratio(_ side: String, to other: String) -> Double? {
    guard let own = rates[side], let others = rates[other], own.count == others.count else {
      return nil
    }
    return Measure.median(zip(own, others).map { $0 / $1 })
  }
}

/// Keeps the optimizer from dropping work whose result nobody reads.
@inline(never)
func use<Result>(_ result: Result) {}
