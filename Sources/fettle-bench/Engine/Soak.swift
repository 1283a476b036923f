import ArgumentParser
import FettleCore
import FettleEngine
import Foundation

/// Whether memory stays flat while operations go on and on.
struct Soak: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak", abstract: "Memory over many operations.")

  @Option(help: "Operations in all.")
  var operations = 1_000_000

  func run() async throws {
    let bench = try Bench()
    let blueprint = try Bench.chain(
      Array(repeating: (type: PureStep.descriptor.type, fails: false), count: 50))
    var table = Table(["operations", "resident"])
    let steps = 10
    for step in 1...steps {
      // Each run performs 50 operations; a few at once, as a daemon does.
      _ = try await bench.rate(of: blueprint, runs: operations / steps / 50, atOnce: 8)
      // The history would go with time; here it goes at once, so that the disk holds out.
      try await Retention(days: 0).apply(
        to: bench.store, now: SystemClock().now().advanced(bySeconds: 1))
      table.add(["\(operations / steps * step)", "\(Self.residentKilobytes) kB"])
    }
    print(table.text)
  }

  /// The resident memory of this process, as the kernel tells it.
  static var residentKilobytes: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
