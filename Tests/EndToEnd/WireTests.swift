import FettleCore
import FettleTestKit
import Foundation
import PseudoTerminal
import Testing

/// What the program does to the wire of its terminal, byte by byte.
@Suite("The terminal's wire", .fewAtOnce)
struct WireTests {
  let bench: WireBench
  var folder: TemporaryFolder { bench.folder }
  var store: String { bench.store }
  var environment: [String] { bench.environment }

  init() throws { bench = try WireBench() }

  /// How many hostile bundles are looked at; more with the environment variable.
  private static let count =
    ProcessInfo.processInfo.environment["FETTLE_HOSTILE"].flatMap { Int($0) } ?? 400

  @Test("no byte of hostile data drives the terminal, whatever is looked at")
  func hostile() async throws {
    var random = SplitMix(seed: 11)
    try await bench.fill(
      (0..<Self.count).map { _ in
        ["a": .text(GeneratedValue.hostileText(using: &random)), "b": .number(Number(1))]
      })
    let open = bench.open()
    let bytes = try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("open") }, seconds: 20))
      for _ in 0...(Self.count / 12) {
        // The preview, the record, its bundles unfolded, the field being edited, and on.
        terminal.type("\rG")
        terminal.readUntilQuiet(for: 20)
        terminal.type("e")
        terminal.readUntilQuiet(for: 20)
        terminal.type("\u{1B}")
        terminal.readUntilQuiet(for: 40)
        terminal.type("\u{1B}")
        terminal.readUntilQuiet(for: 40)
        terminal.type("\u{1B}[6~")
        terminal.readUntilQuiet(for: 20)
      }
      terminal.type("Q")
      _ = terminal.waitForEnd(seconds: 10)
      return terminal.output
    }
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(!text.contains("\u{FFFD}"), "everything on the wire is UTF-8")
    let forbidden = Set(WireText.data(in: text).unicodeScalars.filter(WireText.isForbidden))
    #expect(forbidden.isEmpty, "\(forbidden.map { String($0.value, radix: 16) })")
  }

  @Test("in the C locale every byte is ASCII, on the list, in a record and in the help")
  func localeC() async throws {
    try await bench.fill([["a": "Zoë → 価格"]])
    let (environment, store) = (environment + ["LC_ALL=C"], store)
    let bytes = try await bench.onItsOwnThread {
      let terminal = try PseudoTerminal(
        Program.path, ["open", "--store", store],
        environment: environment.filter { $0 != "LC_ALL=C.UTF-8" }, columns: 80, rows: 24)
      try #require(terminal.read(until: { $0.shows("open") }, seconds: 20))
      terminal.type("\r")
      try #require(terminal.read(until: { $0.shows("INPUT") }, seconds: 20))
      terminal.type("?")
      terminal.readUntilQuiet(for: 100)
      terminal.type("\u{1B}")
      terminal.readUntilQuiet(for: 100)
      terminal.type("Q")
      _ = terminal.waitForEnd(seconds: 10)
      return terminal.output
    }
    #expect(bytes.allSatisfy { $0 < 0x80 })
  }

  @Test("gives the settings of the terminal back when it is quit")
  func settings() async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    let (during, after, output) = try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("open") }, seconds: 20))
      let during = terminal.settings()
      terminal.type("Q")
      _ = terminal.waitForEnd(seconds: 10)
      return (during, terminal.settings(), terminal.output)
    }
    #expect(during != after)
    // ICANON and ECHO are on again.
    #expect(after[3] & UInt32(ICANON | ECHO) == UInt32(ICANON | ECHO))
    let text = String(decoding: output, as: UTF8.self)
    for mode in ["1049", "2004", "1000", "1006"] where text.contains("\u{1B}[?\(mode)h") {
      let on = try #require(text.ranges(of: "\u{1B}[?\(mode)h").last)
      let off = try #require(text.ranges(of: "\u{1B}[?\(mode)l").last, "mode \(mode) stays on")
      #expect(on.lowerBound < off.lowerBound, "mode \(mode) stays on")
    }
  }

  @Test("survives a terminal of one cell and works again in a larger one")
  func oneCell() async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open(columns: 1, rows: 1)
    let status = try await bench.onItsOwnThread {
      let terminal = try open()
      terminal.readUntilQuiet(for: 300)
      terminal.type("jk\r?e")
      terminal.readUntilQuiet(for: 100)
      try #require(!terminal.hasEnded)
      terminal.type("\u{1B}")
      terminal.readUntilQuiet(for: 60)
      terminal.type("\u{1B}")
      terminal.readUntilQuiet(for: 60)
      let before = terminal.output.count
      terminal.resize(columns: 80, rows: 24)
      try #require(terminal.read(until: { $0.shows("Hostile", since: before) }, seconds: 10))
      terminal.type("Q")
      return terminal.waitForEnd(seconds: 10)
    }
    #expect(status == 0)
  }

  @Test("shows a field of 10 MB as its size and its beginning")
  func large() async throws {
    try await bench.fill([["a": .text(String(repeating: "spring ", count: 1_500_000))]])
    let open = bench.open()
    try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("open") }, seconds: 20))
      terminal.type("\r")
      try #require(terminal.read(until: { $0.shows("FAILED") }, seconds: 20))
      terminal.readUntilQuiet(for: 100)
      let before = terminal.output.count
      terminal.type("GGkkjj")
      terminal.readUntilQuiet(for: 100)
      #expect(terminal.output.count - before < 20_000, "no more than what fits is sent")
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }

  @Test("refuses to draw into a file: status 2, a line that names what prints, an empty file")
  func file() async throws {
    try await bench.fill([["a": "x"]])
    let (environment, store, file) = (environment, store, folder.path + "/out")
    let (status, output) = try await bench.onItsOwnThread {
      let terminal = try PseudoTerminal(
        Program.path, ["open", "--store", store], environment: environment, outputFile: file)
      let status = terminal.waitForEnd(seconds: 10)
      return (status, String(decoding: terminal.output, as: UTF8.self))
    }
    #expect(status == 2)
    #expect(output.contains("fettle list") || output.contains("--plain"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)).isEmpty)
  }
}

/// What of the bytes on a wire is text, and what of text may drive a terminal.
enum WireText {
  /// The text without the sequences curses drives the terminal with.
  static func data(in wire: String) -> String {
    // CSI, charset choices, keypad modes: what terminfo holds for xterm. A title (OSC) or a device
    // string (DCS) is not among them, so their beginnings stay and are found.
    let sequence = /\u{1B}(\[[0-9;?>]*[A-Za-z@`]|[()][A-Z0-9]|[=>78])/
    return wire.replacing(sequence, with: "")
  }

  /// Whether a scalar could do more than stand on the screen. Curses itself moves with return, line
  /// feed and backspace.
  static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    if ["\r", "\n", "\u{8}", "\t", "\u{F}"].contains(scalar) { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .surrogate, .unassigned: return true
    default: return scalar.properties.isDefaultIgnorableCodePoint
    }
  }
}
