import FettleCore
import FettleTestKit
import Foundation
import Synchronization
import Testing

/// What an operator came for, counted in keys from the prompt of the shell in a real terminal: Enter
/// behind the command is the first. The text of the command and of a value is not counted.
@Suite(
  "Few keys, from the shell prompt",
  .enabled(if: TmuxSession.isInstalled, "tmux is not installed"), .fewAtOnce)
struct KeyCountFlowTests {
  /// Somebody at a shell whose keys are counted.
  private struct Counted {
    let terminal: TmuxSession
    private(set) var keys = 0

    init(_ bench: OrdersBench) async throws {
      terminal = try TmuxSession(
        "sh -i", columns: 100, rows: 28,
        environment: [
          "HOME": bench.folder.path, "TMPDIR": bench.folder.path, "PS1": "shell: ",
        ])
      try await terminal.wait(for: "shell:")
      try terminal.type("\(Program.path) open --store \(bench.store)")
      try press("Enter")
    }

    mutating func press(_ pressed: String...) throws {
      for key in pressed { try terminal.press(key) }
      keys += pressed.count
    }
  }

  private let bench: OrdersBench

  init() throws { bench = try OrdersBench() }

  @Test("why the newest one failed: two keys at most")
  func why() async throws {
    try await bench.fill(#"[{"body":"no JSON"}]"#)
    var counted = try await Counted(bench)
    // The list says it already.
    try await counted.terminal.wait(for: "is no JSON")
    try counted.press("Enter")
    let record = try await counted.terminal.wait(for: "INPUT of")
    #expect(record.contains("is no JSON"))
    #expect(counted.keys <= 2)
  }

  @Test("one field is mended and the record resumed: seven keys and the value at most")
  func mendOne() async throws {
    try await bench.fill(#"[{"body":"no JSON"}]"#)
    var counted = try await Counted(bench)
    try await counted.terminal.wait(for: "1 open")
    // Nobody waits any longer: what is typed ahead is done when the record is there.
    try counted.press("e", "C-u")
    try counted.terminal.type(#"{"name":"Ada"}"#)
    try counted.press("Enter", "r", "Enter")
    try await counted.terminal.wait(for: "resolved in")
    #expect(counted.keys <= 7)
  }

  @Test("a thousand that failed for one reason are mended and resumed: twenty keys at most")
  func mendMany() async throws {
    let orders = (1...1000).map { #"{"body":"no JSON","number":\#($0)}"# }
    try await bench.fill("[" + orders.joined(separator: ",") + "]")
    var counted = try await Counted(bench)
    try await counted.terminal.wait(for: "1,000 open")
    try counted.press("b")
    try await counted.terminal.wait(for: "1 cause")
    try counted.press("e")
    try await counted.terminal.wait(for: "Enter keep")
    try counted.press("C-u")
    try counted.terminal.type(#"{"name":"Ada"}"#)
    try counted.press("Enter", "C-s")
    try await counted.terminal.wait(for: "others of the group? y", seconds: 30)
    try counted.press("y")
    try await counted.terminal.wait(for: "change them", seconds: 60)
    try counted.press("Enter")
    try await counted.terminal.wait(for: "and marked them", seconds: 120)
    try counted.press("R")
    try await counted.terminal.wait(for: "Type 1000 to resume", seconds: 60)
    try counted.press("1", "0", "0", "0", "Enter")
    try await counted.terminal.wait(for: "resolved 1000 of 1000", seconds: 120)
    #expect(counted.keys <= 20)
  }

  @Test("all connection failures of one service are retried: six keys at most")
  func retryService() async throws {
    try await bench.fill(#"[{"body":"no JSON"}]"#)
    // The service is down, and then it is up again.
    let isUp = Atomic(false)
    let asked = Atomic(0)
    let service = LoopbackHTTP { _ in
      guard isUp.load(ordering: .relaxed) else { return .json(503, .text("down")) }
      asked.add(1, ordering: .relaxed)
      return .json(200, .null)
    }
    let bundles = (1...12).map { #"{"n":\#($0)}"# }.joined(separator: ",")
    try await bench.run("service", Self.asking(service.base), "[\(bundles)]")
    var counted = try await Counted(bench)
    try await counted.terminal.wait(for: "1 open · 12 waiting")
    isUp.store(true, ordering: .relaxed)
    // The largest group is the first.
    try counted.press("b")
    try await counted.terminal.wait(for: "2 causes")
    try counted.press("R")
    try await counted.terminal.wait(for: "Resume these 12? y")
    try counted.press("y")
    try await counted.terminal.wait(for: "resolved 12 of 12", seconds: 60)
    #expect(asked.load(ordering: .relaxed) == 12)
    #expect(counted.keys <= 6)
  }

  private static func asking(_ base: String) -> String {
    #"""
    {"name":"Service","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
      {"id":2,"module":"http:MakeRequest","version":4,
       "parameters":{"authenticationType":"noAuth"},
       "mapper":{"url":"\#(base)/x","method":"get","parseResponse":true,
        "stopOnHttpError":true}}],
     "metadata":{"scenario":{"dlq":true}}}
    """#
  }

  @Test("what was changed is proved, with old and new values: three keys at most")
  func prove() async throws {
    try await bench.fill(#"[{"body":"no JSON"}]"#)
    let listed = try await Program.fettle(
      ["list", "--json", "--store", bench.store], home: bench.folder.path)
    let id = try #require(listed.output.firstMatch(of: /"id":\s*"([0-9a-f-]+)"/)?.output.1)
    let edit = try await Program.fettle(
      ["edit", String(id), "--set", "1.body=mended", "--store", bench.store],
      home: bench.folder.path)
    try #require(edit.status == 0, "\(edit.errors)")
    var counted = try await Counted(bench)
    try counted.press("a")
    try await counted.terminal.wait(for: #"1.body  text "no JSON"  →  text "mended""#)
    #expect(counted.keys <= 3)
  }
}
