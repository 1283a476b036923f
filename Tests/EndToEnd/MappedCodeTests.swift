import FettleCore
import FettleTestKit
import Foundation
import PseudoTerminal
import Testing

@Suite("The memory of a terminal that is left alone", .fewAtOnce)
struct MappedCodeTests {
  /// The megabytes of code that are mapped.
  private static func code(of process: pid_t) -> Double {
    let text = (try? String(contentsOfFile: "/proc/\(process)/smaps", encoding: .utf8)) ?? ""
    var isCode = false
    var kilobytes = 0.0
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      if fields.count > 1, fields[1].count == 4, fields[0].contains("-") {
        isCode = fields[1] == "r-xp"
      } else if isCode, line.hasPrefix("Rss:"), fields.count > 1 {
        kilobytes += Double(fields[1]) ?? 0
      }
    }
    return kilobytes / 1024
  }

  @Test("the code of its start is given back, and everything still works")
  func givenBack() async throws {
    let bench = try WireBench()
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    let (most, least, status) = try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      let most = Self.code(of: terminal.process)
      var least = most
      let deadline = PseudoTerminal.now() + 60
      while PseudoTerminal.now() < deadline, least > most * 0.8 {
        terminal.readUntilQuiet(for: 200, atMost: 0.2)
        least = min(least, Self.code(of: terminal.process))
      }
      let before = terminal.output.count
      terminal.type("\r")
      try #require(terminal.read(until: { $0.shows("FAILED", since: before) }, seconds: 20))
      terminal.type("Q")
      return (most, least, terminal.waitForEnd(seconds: 20))
    }
    #expect(least < most * 0.8, "\(most) MB of code were mapped, then \(least)")
    #expect(status == 0)
  }
}
