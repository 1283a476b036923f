import ArgumentParser
import Foundation

/// The terminal program on many records, beside other full-screen programs measured by the same
/// harness: the targets of its design and what less, htop and tig take here and now.
struct TerminalBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "terminal",
    abstract: "Start, keys, memory and idling of the terminal, beside less, htop and tig.",
    discussion: """
      A pseudo terminal takes every byte. "first" is the first byte, "usable" is content on the \
      screen, "key" the last byte after one cursor key, "flood" the last byte after 500 at once; \
      "MB start" is what is resident right after the start and those keys, "MB idle" three seconds \
      later, "MB used" when keys were pressed again after that; "own MB" leaves out the pages of files. \
      tig is measured where the folder is a Git repository.
      """)

  @Option(help: "Records in the store.")
  var records = 100_000

  @Option(help: "Rounds of all programs, one after the other; medians are printed.")
  var rounds = 5

  @Option(help: "Starts of each program in a round, one behind the other.")
  var starts = 10

  @Option(help: "Single keys timed in each start.")
  var keys = 100

  func run() async throws {
    let bench = try Bench()
    try await bench.fill(with: records)
    let lines = bench.folder.path + "/lines.txt"
    try Data((1...records).map { "line \($0) of a long file\n" }.joined().utf8)
      .write(to: URL(fileURLWithPath: lines))
    let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "")
      .deletingLastPathComponent().appendingPathComponent("fettle").path
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw ValidationError(
        "fettle is not built beside the benchmark; swift build -c release --product fettle")
    }
    for (columns, rows) in [(80, 24), (140, 45)] {
      var table = Table([
        "\(columns)x\(rows), \(records) records", "first ms", "usable ms", "key ms", "p95", "p99",
        "bytes/key", "flood ms", "G ms", "g ms", "resize ms", "MB start",
        "MB idle", "MB used", "own MB", "idle %",
      ])
      var own: [Screenful.Figures] = []
      var others: [String: [Screenful.Figures]] = [:]
      let peers = Self.peers(lines: lines)
      for _ in 0..<rounds {
        own.append(
          try Screenful(
            name: "fettle", path: program, arguments: [], dataHome: bench.folder.path,
            content: "Create task", end: "G", beginning: "g"
          ).measured(columns: columns, rows: rows, starts: starts, keys: keys))
        for peer in peers {
          do {
            others[peer.name, default: []].append(
              try peer.measured(columns: columns, rows: rows, starts: starts, keys: keys))
          } catch let error as Screenful.Unusable {
            // The others and our own figures took minutes; they are worth printing.
            print("\(peer.name) is left out: \(error)")
          }
        }
      }
      table.add(Self.row("fettle", own))
      table.add(Self.targets(isLarge: records > 100_000, isWide: columns > 80))
      for peer in peers { table.add(Self.row(peer.name, others[peer.name] ?? [])) }
      print(table.text)
      print("")
    }
  }

  /// The other programs that are installed here.
  private static func peers(lines: String) -> [Screenful] {
    [
      Screenful(
        name: "less", path: "/usr/bin/less", arguments: [lines], content: "line 1 of", end: "G",
        beginning: "g"),
      Screenful(
        name: "htop", path: "/usr/bin/htop", arguments: [], content: "Tasks",
        down: "\u{1B}[B", end: nil, beginning: nil),
      Screenful(
        name: "tig", path: "/usr/bin/tig", arguments: [], content: "[main]", end: nil,
        beginning: nil),
    ].filter { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  private static func row(_ name: String, _ figures: [Screenful.Figures]) -> [String] {
    let keys = figures.flatMap(\.key).sorted()
    func quantile(_ share: Double) -> String {
      keys.isEmpty ? "-" : number(keys[min(keys.count - 1, Int(Double(keys.count) * share))])
    }
    func median(_ values: [Double]) -> String {
      values.isEmpty ? "-" : number(Measure.median(values))
    }
    func median(_ value: (Screenful.Figures) -> Double?) -> String {
      median(figures.compactMap(value))
    }
    return [
      name, median(figures.flatMap(\.firstByte)), median(figures.flatMap(\.usable)), quantile(0.5),
      quantile(0.95), quantile(0.99),
      median(\.bytesPerKey), median(\.flood), median(\.toEnd), median(\.toBeginning),
      median(\.resize), median(\.started), median(\.resident), median(\.inUse),
      median(\.own),
      median { $0.idle * 100 },
    ]
  }

  private static func targets(isLarge: Bool, isWide: Bool) -> [String] {
    [
      "  (at most)", "8", isLarge ? "40" : "25", isWide ? "1" : "0.5", isWide ? "4" : "2", "16",
      "400", "20", "10", "10", "5", "-", isLarge ? "20" : "12", "30", "-", "0.3",
    ]
  }

  private static func number(_ value: Double) -> String {
    String(format: value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)
  }
}
