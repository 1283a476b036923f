import ArgumentParser
import FettleCore
import FettleEngine
import FettleSQLite

/// How far the index of texts is behind what is stored, and what storing loses to it (bar P8).
struct TextIndex: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "text-index",
    abstract: "Lag of the index of texts, and what storing loses to it.")

  @Option(help: "Rounds; their medians are printed.")
  var rounds = 5

  @Option(help: "Seconds records are stored in a round.")
  var seconds = 3

  @Option(help: "Records a second while the lag is measured.")
  var pace = 200

  func run() async throws {
    let bench = try Bench()
    try await bench.fill(with: 10_000)
    var measured = Rounds()
    var lags: [Double] = []
    for round in 0..<rounds {
      try await bench.store.indexTexts()
      lags.append(try await lag(bench, from: 1_000_000 * (round + 1)))
      // Alone and beside by turns, so that a machine that slows down slows both.
      for turn in 0..<2 {
        let isAlone = (round + turn).isMultiple(of: 2)
        let first = 1_000_000 * (round + 1) + 300_000 * (turn + 1)
        try await bench.store.indexTexts()
        bench.store.holdIndex(isAlone)
        measured.add(try await rate(bench, from: first), of: isAlone ? "alone" : "beside")
        bench.store.holdIndex(false)
      }
    }
    var table = Table(["index of texts", "", "bar"])
    let lag = Measure.median(lags)
    table.add([
      "longest lag at \(pace) records a second", "\(Int(lag)) ms",
      "at most 1000 ms \(lag <= 1000 ? "met" : "MISSED")",
    ])
    table.add([
      "stored, 64 at once, index held", Table.rate(measured.rate(of: "alone")), "",
    ])
    table.add([
      "stored while it works", Table.rate(measured.rate(of: "beside")),
      Table.ratio(measured.ratio("beside", to: "alone"), bar: 0.8),
    ])
    print(table.text)
  }

  /// The longest time, in milliseconds, that a record waited to be found, at an even pace.
  private func lag(_ bench: Bench, from first: Int) async throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    var stored: [ContinuousClock.Instant] = []
    var longest = Duration.zero
    while stored.count < pace * seconds {
      try await bench.keep(first + stored.count)
      stored.append(clock.now)
      if stored.count.isMultiple(of: 10) {
        longest = max(longest, try await age(bench, stored))
      }
      try await clock.sleep(until: start + .seconds(Double(stored.count) / Double(pace)))
    }
    while try await bench.store.unindexedTexts() > 0 {
      longest = max(longest, try await age(bench, stored))
      try await Task.sleep(for: .milliseconds(5))
    }
    return longest / .milliseconds(1)
  }

  /// How long ago the oldest record was stored that the index does not have.
  private func age(
    _ bench: Bench, _ stored: [ContinuousClock.Instant]
  ) async throws -> Duration {
    let missing = try await bench.store.unindexedTexts()
    guard missing > 0, missing <= stored.count else { return .zero }
    return ContinuousClock.now - stored[stored.count - missing]
  }

  /// Records a second that 64 at once store, from half a second on, when the index is at work.
  private func rate(_ bench: Bench, from first: Int) async throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    let phase = (start + .milliseconds(500))..<(start + .seconds(seconds))
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
      for lane in 0..<64 {
        group.addTask {
          var (number, counted) = (0, 0)
          while clock.now < phase.upperBound {
            try await bench.keep(first + lane * 4000 + number)
            number += 1
            if phase.contains(clock.now) { counted += 1 }
          }
          return counted
        }
      }
      return try await group.reduce(0, +)
    }
    return Double(count) / ((phase.upperBound - phase.lowerBound) / .seconds(1))
  }
}
