import ArgumentParser
import FettleCore
import FettleEngine
import FettleSQLite
import Foundation
import Synchronization

/// Durable runs, failures and resumes beside the same rows written with plain SQLite calls and the
/// same number of waits for the disk (bars P1 to P6).
struct Engine: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine",
    abstract: "Durable runs, failures and resumes, beside plain SQLite writing the same rows.")

  @Option(help: "Rounds of each pair; the median of their ratios is printed.")
  var rounds = 5

  @Option(help: "Records that are resumed in bulk.")
  var records = 10_000

  @Option(help: "Only the bars whose names begin so, such as P2.")
  var only = ""

  private struct Line {
    let name: String
    let modules: [(type: String, fails: Bool)]
    let atOnce: Int
    let runs: Int
    let bar: Double
  }

  func run() async throws {
    let effects = [(type: "bench:Step", fails: false)]
    let chain = Array(repeating: effects[0], count: 5)
    let pure = Array(repeating: (type: "bench:PureStep", fails: false), count: 5)
    let failing = effects + effects + [(type: "bench:Step", fails: true)]
    var table = Table(["durable, per second", "fettle", "floor", "share"])
    for line in [
      Line(name: "P1 strict chain, one at a time", modules: chain, atOnce: 1, runs: 300, bar: 0.6),
      Line(name: "P2 strict chain, 256 at once", modules: chain, atOnce: 256, runs: 5120, bar: 0.4),
      Line(name: "P3 pure modules, one at a time", modules: pure, atOnce: 1, runs: 600, bar: 0.5),
      Line(name: "P4 failing run, one at a time", modules: failing, atOnce: 1, runs: 300, bar: 0.5),
      Line(name: "P4 failing run, 64 at once", modules: failing, atOnce: 64, runs: 3200, bar: 0.35),
    ] where line.name.hasPrefix(only) {
      var measured = Rounds()
      let blueprint = try Bench.chain(line.modules)
      for _ in 0..<rounds {
        let bench = try Bench()
        measured.add(
          try await bench.rate(of: blueprint, runs: line.runs, atOnce: line.atOnce), of: "fettle")
        let floorBench = try Bench()
        let floor = try await PlainRuns(floorBench, blueprint: blueprint)
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<(line.runs / line.atOnce) {
          if line.modules.contains(where: \.fails) {
            try floor.failures(line.atOnce)
          } else {
            try floor.chains(
              line.atOnce, modules: line.modules.count,
              isPure: line.modules[0].type == PureStep.descriptor.type)
          }
        }
        measured.add(
          Double(line.runs) / (start.duration(to: clock.now) / .seconds(1)), of: "floor")
      }
      table.add([
        line.name, Table.rate(measured.rate(of: "fettle")), Table.rate(measured.rate(of: "floor")),
        Table.ratio(measured.ratio("fettle", to: "floor"), bar: line.bar),
      ])
    }
    if ["P5", "P6"].contains(where: { $0.hasPrefix(only) }) || only.isEmpty {
      try await bulk(failing, into: &table)
    }
    print(table.text)
    if only.isEmpty || only == "P15" { try await recovery() }
  }

  /// Executions whose worker is gone, picked up by another (bar P15).
  private func recovery() async throws {
    let bench = try Bench()
    let blueprint = try Bench.chain([(Step.descriptor.type, false)])
    let scenario = try await bench.store.scenario(named: blueprint.name)
    let past = Instant(milliseconds: SystemClock().now().milliseconds - 60_000)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<64 {
        group.addTask {
          for number in 0..<157 {
            _ = try await bench.store.open(
              ExecutionOpening(
                execution: ExecutionSummary(
                  id: "\(worker)-\(number)", scenario: scenario, started: past),
                blueprint: blueprint, given: Bench.given, seed: UInt64(worker * 1000 + number),
                worker: "gone", lease: past),
              claiming: nil)
          }
        }
      }
      try await group.waitForAll()
    }
    // Picked up is what a live worker holds under a lease of its own: nobody else starts on it, and
    // it is this worker's to walk through. What becomes of it is on the disk when it was walked
    // through, which is the second figure.
    let clock = ContinuousClock()
    let start = clock.now
    let claims = Claims()
    let count = try await bench.runner.takeOverInterrupted { count in
      claims.note(count, at: start.duration(to: clock.now) / .seconds(1))
    }.count
    let seconds = start.duration(to: clock.now) / .seconds(1)
    let (held, pickedUp) = claims.all
    print(
      "P15 \(held) executions of a dead worker picked up (each under a new lease) in "
        + String(format: "%.2f s (bar 1 s %@), ", pickedUp, pickedUp <= 1 ? "met" : "MISSED")
        + "\(count) walked through and what is left of each stored in "
        + String(format: "%.2f s", seconds))
  }

  /// How many executions were picked up, and when the last of them was.
  private final class Claims: Sendable {
    private let state = Mutex((count: 0, seconds: 0.0))
    var all: (count: Int, seconds: Double) { state.withLock { $0 } }
    func note(_ count: Int, at seconds: Double) {
      state.withLock { $0 = ($0.count + count, seconds) }
    }
  }

  /// Many records resumed in bulk, and what a failed run takes on the disk.
  private func bulk(
    _ modules: [(type: String, fails: Bool)], into table: inout Table
  ) async throws {
    let blueprint = try Bench.chain(modules)
    let mended = try Bench.chain(modules.map { ($0.type, false) })
    let (bench, floorBench) = (try Bench(), try Bench())
    let empty = try await (bench.store.usedBytes(), floorBench.store.usedBytes())
    _ = try await bench.rate(of: blueprint, runs: records, atOnce: 64)
    let floor = try await PlainRuns(floorBench, blueprint: blueprint)
    for _ in 0..<(records / 64) { try floor.failures(64) }
    let bytes = try await (
      Double(bench.store.usedBytes() - empty.0) / Double(records / 64 * 64),
      Double(floorBench.store.usedBytes() - empty.1) / Double(records / 64 * 64)
    )
    var ids: [RecordID] = []
    var request = PageRequest.first
    while true {
      let page = try await bench.store.page(RecordFilter(), request, limit: 1000)
      ids += page.map(\.id)
      guard page.count == 1000, let last = page.last else { break }
      request = .after(RecordPlace(last))
    }
    // What is measured is the resume, not the mending: the blueprint of today no longer fails.
    let scenario = try await bench.store.scenario(named: blueprint.name)
    try await bench.store.keep(mended, for: scenario)
    for id in ids { _ = try await bench.desk.adoptCurrentBlueprint(id, version: nil) }
    let clock = ContinuousClock()
    var start = clock.now
    await bench.desk.resume(ids, width: 64) { _, _ in }
    let own = Double(ids.count) / (start.duration(to: clock.now) / .seconds(1))
    start = clock.now
    for first in stride(from: 1, through: records / 64 * 64 - 63, by: 64) {
      try floor.resumes(first...(first + 63))
    }
    let plain = Double(records / 64 * 64) / (start.duration(to: clock.now) / .seconds(1))
    table.add([
      "P6 bulk resume of \(ids.count), 64 at once", Table.rate(own), Table.rate(plain),
      Table.ratio(own / plain, bar: 0.35),
    ])
    table.add([
      "P5 bytes of a failed run", "\(Int(bytes.0))", "\(Int(bytes.1))",
      Table.ratio(bytes.0 / bytes.1, atMost: 1.6),
    ])
  }
}
