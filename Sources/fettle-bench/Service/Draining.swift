import Foundation
import Glibc

/// Webhooks that arrive while due retries are drained, beside the floor: the same HTTP server that puts
/// each event into plain SQLite, on the same disk, quiet and while the same retries are drained.
///
/// What is asked is that no webhook is slower than twice its quiet median. A machine has a slowest of
/// its own, with nobody else at work: what the disk alone and the floor have above that bar is not the
/// service's.
struct Draining {
  let retries: Int
  let rounds: Int

  /// The times of one side, of all rounds, in seconds.
  private struct Side {
    var quiet: [Double] = []
    var busy: [Double] = []
    var ratios: [(p99: Double, slowest: Double)] = []
    var took: [Double] = []

    mutating func add(quiet: [Double], busy: [Double], took: Double) {
      self.quiet += quiet
      self.busy += busy
      let median = Measure.median(quiet)
      ratios.append((Draining.quantile(busy, 0.99) / median, Draining.quantile(busy, 1) / median))
      self.took.append(took)
    }
  }

  func run() async throws {
    var floor = Side()
    var service = Side()
    var disk: [Double] = []
    for _ in 0..<rounds {
      let running = try await RunningService(isActive: true)
      disk += try await Self.disk(in: running.folder)
      let plain = try PlainQueue(in: running.folder)
      let server = try await EmptyServer { await plain.keep($0) }
      try await measure(server.port, "/hook/x", running, &floor)
      try await measure(running.port, running.path, running, &service)
      await server.stop()
      await running.stop()
      if plain.failed > 0 { print("\(plain.failed) were not kept by the floor") }
    }
    show([("floor", floor), ("fettled", service)], disk)
  }

  /// How long the disk takes, in seconds, for a page and the wait for it, one after the other at the pace
  /// of the senders, with nobody else at work.
  private static func disk(in folder: URL) async throws -> [Double] {
    let file = open(folder.path + "/page", O_WRONLY | O_CREAT, 0o600)
    guard file >= 0 else { throw CocoaError(.fileWriteUnknown) }
    defer { close(file) }
    let page = [UInt8](repeating: 1, count: 4096)
    let clock = ContinuousClock()
    var seconds: [Double] = []
    for number in 0..<2000 {
      let began = clock.now
      guard pwrite(file, page, page.count, off_t(number % 1000 * page.count)) == page.count,
        fdatasync(file) == 0
      else { throw CocoaError(.fileWriteUnknown) }
      seconds.append((clock.now - began) / .seconds(1))
      try await clock.sleep(for: .microseconds(2500))
    }
    return seconds
  }

  private func measure(
    _ port: Int, _ path: String, _ running: RunningService, _ side: inout Side
  ) async throws {
    try await running.storeDue(retries)
    // Four senders with a pause: some hundred a second, as a busy day has them.
    func paced() -> Senders { Senders(port: port, path: path, width: 4, pause: 10_000) }
    let before = paced()
    try await Task.sleep(for: .seconds(10))
    await before.stop()
    let during = paced()
    let clock = ContinuousClock()
    let began = clock.now
    // As the daemon does it: below those who answer senders. Who waits for a task lifts it to itself.
    let drained: Result<Void, any Error> = await withCheckedContinuation { done in
      _ = Task(priority: .utility) {
        do { done.resume(returning: .success(try await running.drain())) } catch {
          done.resume(returning: .failure(error))
        }
      }
    }
    try drained.get()
    let took = began.duration(to: clock.now) / .seconds(1)
    await during.stop()
    if before.refused + during.refused > 0 {
      print("\(before.refused + during.refused) were not accepted")
    }
    side.add(quiet: before.seconds, busy: during.seconds, took: took)
  }

  private static func quantile(_ seconds: [Double], _ part: Double) -> Double {
    let sorted = seconds.sorted()
    return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
  }

  private func show(_ sides: [(String, Side)], _ disk: [Double]) {
    var table = Table([
      "webhooks", "number", "median", "90 of 100", "99 of 100", "999 of 1000", "slowest",
      "99 of 100 / quiet median", "slowest / quiet median",
    ])
    func add(_ name: String, _ seconds: [Double], quiet median: Double) {
      let parts = [0.5, 0.9, 0.99, 0.999, 1].map { Self.quantile(seconds, $0) }
      table.add(
        [name, "\(seconds.count)"] + parts.map { String(format: "%.2f ms", $0 * 1000) } + [
          Table.ratio(parts[2] / median, atMost: 2), Table.ratio(parts[4] / median, atMost: 2),
        ])
    }
    add("disk alone", disk, quiet: Measure.median(disk))
    for (name, side) in sides {
      let median = Measure.median(side.quiet)
      add("\(name), quiet", side.quiet, quiet: median)
      add("\(name), while \(retries) retries are drained", side.busy, quiet: median)
    }
    print(table.text)
    for (name, side) in sides {
      print(
        "\(name), each round: "
          + side.ratios.map {
            "99 of 100 \(Table.ratio($0.p99)), slowest \(Table.ratio($0.slowest))"
          }.joined(separator: "; ")
          + String(format: "; %d retries in %.1f s", retries, Measure.median(side.took)))
    }
  }
}
