import FettleTestKit
import Foundation
import Testing

@Suite(
  "One operator in two terminals",
  .enabled(if: TmuxSession.isInstalled, "tmux is not installed"), .fewAtOnce)
struct TwoTerminalsTests {
  let bench: OrdersBench

  init() throws { bench = try OrdersBench() }

  private func openRecord() async throws -> TmuxSession {
    let terminal = try bench.open()
    try await terminal.wait(for: "1 open")
    try terminal.press("Enter")
    try await terminal.wait(for: "<< FAILED")
    return terminal
  }

  /// Waits until a text is kept against a crash.
  private func waitForKept(_ text: String, _ terminal: TmuxSession) async throws {
    try await terminal.wait("\(text) in the store") { _ in
      ["", "-wal"].compactMap { FileManager.default.contents(atPath: bench.store + $0) }
        .contains { $0.range(of: Data(text.utf8)) != nil }
    }
  }

  @Test("both killed with signal 9 while a value is typed: each text comes back, one to a terminal")
  func killed() async throws {
    try await bench.fill(#"[{"body":"no JSON"}]"#)
    do {
      let terminals = [try await openRecord(), try await openRecord()]
      for (terminal, text) in zip(terminals, ["typed-here", "typed-there"]) {
        try terminal.press("e")
        try await terminal.wait(for: "Enter keep")
        try terminal.press("End", "C-u")
        try terminal.type(text)
        try await waitForKept(text, terminal)
      }
      // What is typed on takes the place of what was typed in the same terminal only.
      try terminals[0].type("-more")
      try await waitForKept("typed-here-more", terminals[0])
      for terminal in terminals { kill(try terminal.processID(), SIGKILL) }
    }
    let third = try await openRecord()
    let first = try await third.wait(for: "1 unsaved change of")
    #expect(first.contains("one more draft, of"), "\(first)")
    // Which of them depends on the terminals the system gives: one that was in the same comes first.
    let texts = ["typed-here-more", "typed-there"]
    let (mine, others) = first.contains(texts[0]) ? (texts[0], texts[1]) : (texts[1], texts[0])
    #expect(first.contains(mine) && !first.contains(others), "\(first)")
    let fourth = try await openRecord()
    let second = try await fourth.wait(for: "1 unsaved change of")
    #expect(second.contains(others) && !second.contains(mine), "\(second)")
    #expect(second.contains("it is being changed in"), "\(second)")
    // Nothing is left for one more, and nothing of the others is taken from them.
    let fifth = try await openRecord()
    try await fifth.wait(for: "it is being changed in")
    #expect(try fifth.screen().contains("no JSON"))
    for terminal in [third, fourth] {
      kill(try terminal.processID(), SIGKILL)
      try await terminal.waitForEnd()
    }
    let sixth = try await openRecord()
    try await sixth.wait(for: "1 unsaved change of")
  }
}
