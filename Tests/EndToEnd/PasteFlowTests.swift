import FettleCore
import FettleTestKit
import Foundation
import PseudoTerminal
import Testing

/// Pastes as a terminal sends them, into the real program.
@Suite("Pastes into the terminal", .fewAtOnce)
struct PasteFlowTests {
  let bench: WireBench

  init() throws { bench = try WireBench() }

  private static let begin = "\u{1B}[200~"
  private static let end = "\u{1B}[201~"

  /// What stands on the screen: of a line only what differs from the one before is written.
  private static func screen(_ terminal: PseudoTerminal) -> String {
    var grid = TerminalGrid(columns: 80, rows: 24)
    grid.take(String(decoding: terminal.output, as: UTF8.self))
    return grid.text
  }

  /// The box for JSON at the bundle of the first record.
  private static func openBox(_ terminal: PseudoTerminal) throws {
    try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
    for key in ["\r", "G", "k", "P"] {
      terminal.readUntilQuiet(for: 120)
      terminal.type(key)
    }
    try #require(terminal.read(until: { $0.shows("JSON to put here") }, seconds: 10))
    terminal.readUntilQuiet(for: 120)
  }

  /// Opens that box in the program.
  private func inBox(
    _ body: @escaping @Sendable (PseudoTerminal) throws -> Void
  ) async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    try await bench.onItsOwnThread {
      let terminal = try open()
      try Self.openBox(terminal)
      try body(terminal)
    }
  }

  @Test(
    "5 MB are there within 5 seconds, in at most a few pictures, and the keys behind them are keys")
  func large() async throws {
    try await inBox { terminal in
      let json = "{\"pasted\":\"" + String(repeating: "word ж ", count: 625_000) + "\"}"
      let before = terminal.output.count
      let start = PseudoTerminal.now()
      terminal.type(Self.begin + json + Self.end + "j\u{1B}OBk")
      try #require(terminal.read(until: { $0.shows("Paste into", since: before) }, seconds: 60))
      let time = PseudoTerminal.now() - start
      // Byte by byte it took half a minute; compiled without optimisation this takes one second.
      #expect(time < 5, "\(time)")
      terminal.readUntilQuiet(for: 300)
      let text = String(decoding: terminal.output[before...], as: UTF8.self)
      #expect(text.utf8.count < 20_000, "\(text.utf8.count) bytes of pictures")
      terminal.type("\r")
      #expect(terminal.read(until: { Self.screen($0).contains("UNSAVED") }, seconds: 20))
    }
  }

  @Test("marks within it, control characters and bytes that are no UTF-8 are data")
  func hostile() async throws {
    try await inBox { terminal in
      terminal.type(
        Array((Self.begin + "[жщ" + Self.begin + "\u{13}\u{1B}Q").utf8) + [0xFF, 0x03]
          + Array((" юя" + Self.end + "x").utf8))
      #expect(
        terminal.read(
          until: { Self.screen($0).contains("жщ") && Self.screen($0).contains("юяx") }, seconds: 10
        ), "\(Self.screen(terminal))")
      #expect(!terminal.hasEnded)
    }
  }

  @Test("keys that come in one piece with an early end run nothing while the true end follows")
  func early() async throws {
    try await inBox { terminal in
      terminal.type(Self.begin + "[жщ" + Self.end + "\u{1B}\u{1B}Qd" + Self.end)
      #expect(
        terminal.read(until: { Self.screen($0).contains("Qd") }, seconds: 10),
        "\(Self.screen(terminal))")
      #expect(!terminal.hasEnded)
    }
  }

  @Test("a paste whose end does not come is told, and Ctrl-C gives it up; the keyboard works again")
  func endless() async throws {
    try await inBox { terminal in
      terminal.type(Self.begin + "[1, 2")
      #expect(
        terminal.read(until: { Self.screen($0).contains("Ctrl-C gives it up") }, seconds: 10),
        "\(Self.screen(terminal))")
      terminal.type("\u{3}")
      #expect(
        terminal.read(until: { Self.screen($0).contains("was given up") }, seconds: 10),
        "\(Self.screen(terminal))")
      terminal.type("[7")
      #expect(terminal.read(until: { Self.screen($0).contains("[7") }, seconds: 10))
      #expect(!Self.screen(terminal).contains("[1, 2"))
    }
  }
}
