import FettleCore
import FettleTestKit
import Foundation
import PseudoTerminal
import Testing

/// The terminal that ends while a value is in another program, with a real program in its place: a
/// script that writes and waits, as an editor does.
@Suite("The end of the terminal while $EDITOR runs", .fewAtOnce)
struct EditorEndTests {
  let bench: WireBench

  init() throws { bench = try WireBench() }

  /// A way to `$EDITOR`, and what is written there.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let keys: [String]
    /// What is typed in the terminal before.
    var typed = ""
    let written: String
    /// What the record says when it is opened again.
    let offer: String
    /// The keys to what was written.
    var back: [String] = []
  }

  static let cases = [
    Case(
      testDescription: "a text", keys: ["\r", "E"], written: "жщю", offer: "1 unsaved change of"),
    Case(
      testDescription: "a text that was being typed", keys: ["\r", "e"], typed: "ю",
      written: "жщю", offer: "1 unsaved change of"),
    Case(
      testDescription: "JSON", keys: ["\r", "G", "k", "E"], written: #"{"a": "жщю"}"#,
      offer: "1 unsaved change of"),
    Case(
      testDescription: "JSON that is none yet", keys: ["\r", "G", "k", "E"],
      written: #"{"a": "жщю"#,
      offer: "P goes on with the JSON", back: ["P"]),
    Case(
      testDescription: "an output", keys: ["\r", "O"], typed: " ", written: #"{"жщю"#,
      offer: "O goes on with the output", back: ["O"]),
  ]

  private func script(_ name: String, _ body: String) throws -> String {
    let path = try bench.folder.file(name, "#!/bin/sh\n" + body)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    return path
  }

  /// An editor that writes a text and stays until it is told to end.
  private func editor(writing text: String, _ more: String = "") throws -> String {
    try script(
      "editor",
      "printf '%s' '\(text)' > \"$1\"\n\(more)\necho $$ > \(bench.folder.path)/pid\n"
        + "printf 'IN-EDITOR'\nsleep 60\n")
  }

  private func open(_ editor: String) -> @Sendable () throws -> PseudoTerminal {
    let (environment, store) = (bench.environment + ["EDITOR=\(editor)"], bench.store)
    return {
      try PseudoTerminal(Program.path, ["open", "--store", store], environment: environment)
    }
  }

  private var folders: [String] { Self.folders(of: bench) }

  /// What stands on the screen: of a line only what differs from the one before is written.
  private static func screen(_ terminal: PseudoTerminal) -> String {
    var grid = TerminalGrid(columns: 80, rows: 24)
    grid.take(String(decoding: terminal.output, as: UTF8.self))
    return grid.text
  }

  private static func press(_ keys: [String], _ terminal: PseudoTerminal) throws {
    for key in keys {
      terminal.readUntilQuiet(for: 120)
      terminal.type(key)
    }
    terminal.readUntilQuiet(for: 120)
  }

  /// Opens the record and its value in the editor.
  private static func edit(_ this: Case, _ terminal: PseudoTerminal) throws {
    try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
    try press(this.keys, terminal)
    if !this.typed.isEmpty {
      terminal.type(this.typed)
      terminal.readUntilQuiet(for: 100)
      terminal.type("\u{05}")
    }
    try #require(
      terminal.read(until: { $0.shows("IN-EDITOR") }, seconds: 10),
      "\(String(decoding: terminal.output, as: UTF8.self).debugDescription)")
  }

  /// Opens the record again and looks for what was written.
  private static func find(_ this: Case, _ terminal: PseudoTerminal) throws {
    try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
    terminal.readUntilQuiet(for: 300)
    terminal.type("\r")
    try #require(
      terminal.read(until: { screen($0).contains(this.offer) }, seconds: 10),
      "\(this): \(screen(terminal))")
    try press(this.back, terminal)
    try #require(
      terminal.read(until: { screen($0).contains("жщю") }, seconds: 10),
      "\(this): \(screen(terminal))")
    terminal.type(this.back.isEmpty ? "UQ" : "\u{3}Q")
    _ = terminal.waitForEnd(seconds: 10)
  }

  @Test(
    "what was written in it is kept, its folder is gone, and so is the editor",
    arguments: cases, [0, SIGTERM, SIGHUP])
  func asked(this: Case, signal: Int32) async throws {
    try await bench.fill([["a": "x"]])
    let (open, again) = (open(try editor(writing: this.written)), bench.open())
    try await bench.onItsOwnThread {
      let terminal = try open()
      try Self.edit(this, terminal)
      let start = PseudoTerminal.now()
      if signal == 0 { terminal.hangUp() } else { kill(terminal.process, signal) }
      let status = try #require(terminal.waitForEnd(seconds: 10), "still running")
      if signal != 0 { #expect(status == 128 + signal) }
      #expect(PseudoTerminal.now() - start < 2)
    }
    #expect(folders == [], "customer data is left behind")
    let editor = try #require(
      Int32(
        String(contentsOfFile: bench.folder.path + "/pid", encoding: .utf8)
          .trimmingCharacters(in: .newlines)))
    let state = try? String(contentsOfFile: "/proc/\(editor)/stat", encoding: .utf8)
    #expect(state?.contains(") Z ") ?? true, "the editor runs on")
    try await bench.onItsOwnThread { try Self.find(this, try again()) }
  }

  @Test("a program that was killed: the next one finds what was written", arguments: cases)
  func killed(this: Case) async throws {
    try await bench.fill([["a": "x"]])
    let (open, again) = (open(try editor(writing: this.written)), bench.open())
    try await bench.onItsOwnThread {
      let terminal = try open()
      try Self.edit(this, terminal)
      kill(terminal.process, SIGKILL)
      try #require(terminal.waitForEnd(seconds: 10) != nil)
    }
    #expect(folders.count == 1)
    try await bench.onItsOwnThread {
      let terminal = try again()
      try #require(terminal.read(until: { $0.shows("is back") }, seconds: 20), "it is not told")
      try Self.find(this, terminal)
    }
    #expect(folders == [])
  }

  @Test("what an editor writes in a hurry when it is told to end is taken")
  func hurried() async throws {
    let this = Self.cases[0]
    try await bench.fill([["a": "x"]])
    let editor = try script(
      "editor",
      "trap 'printf жщю > \"$1.save\"; exit 1' HUP\nprintf 'IN-EDITOR'\n"
        + "while :; do sleep 0.05; done\n")
    let (open, again) = (open(editor), bench.open())
    try await bench.onItsOwnThread {
      let terminal = try open()
      try Self.edit(this, terminal)
      kill(terminal.process, SIGTERM)
      #expect(terminal.waitForEnd(seconds: 10) == 128 + SIGTERM)
    }
    #expect(folders == [])
    try await bench.onItsOwnThread { try Self.find(this, try again()) }
  }

  @Test(
    "an editor that does not end does not keep this program from ending; the terminal is given back"
  )
  func stubborn() async throws {
    let this = Self.cases[0]
    try await bench.fill([["a": "x"]])
    let editor = try script(
      "editor",
      "trap '' HUP TERM\nprintf 'жщю' > \"$1\"\nprintf '\\033[?1049hIN-EDITOR'\n"
        + "for i in $(seq 100); do sleep 0.1; done\n")
    let (open, again) = (open(editor), bench.open())
    try await bench.onItsOwnThread {
      let terminal = try open()
      let before = terminal.settings()
      try Self.edit(this, terminal)
      kill(terminal.process, SIGTERM)
      #expect(terminal.waitForEnd(seconds: 10) == 128 + SIGTERM)
      #expect(terminal.settings() == before)
      let text = String(decoding: terminal.output, as: UTF8.self)
      let on = try #require(text.ranges(of: "\u{1B}[?1049h").last)
      let off = try #require(text.ranges(of: "\u{1B}[?1049l").last)
      #expect(on.lowerBound < off.lowerBound)
    }
    #expect(folders == [])
    try await bench.onItsOwnThread { try Self.find(this, try again()) }
  }

  @Test(
    "what was not changed leaves nothing, told to end or killed", arguments: [SIGTERM, SIGKILL])
  func unchanged(signal: Int32) async throws {
    let this = Self.cases[0]
    try await bench.fill([["a": "x"]])
    let editor = try script("editor", "printf 'IN-EDITOR'\nsleep 60\n")
    let (open, again) = (open(editor), bench.open())
    try await bench.onItsOwnThread {
      let terminal = try open()
      try Self.edit(this, terminal)
      kill(terminal.process, signal)
      _ = terminal.waitForEnd(seconds: 10)
    }
    let screen = try await bench.onItsOwnThread {
      let terminal = try again()
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      terminal.readUntilQuiet(for: 300)
      terminal.type("\r")
      terminal.readUntilQuiet(for: 500)
      terminal.type("Q")
      _ = terminal.waitForEnd(seconds: 10)
      return String(decoding: terminal.output, as: UTF8.self)
    }
    #expect(!screen.contains("unsaved") && !screen.contains("is back"))
    #expect(folders == [])
  }

  @Test(
    "what another program of this user has in its editor is left alone, and another store's too")
  func others() async throws {
    let this = Self.cases[0]
    try await bench.fill([["a": "x"]])
    let other = try WireBench()
    try await other.fill([["a": "x"]])
    let (open, again) = (open(try editor(writing: this.written)), bench.open())
    let environment = bench.environment
    let path = other.store
    let elsewhere: @Sendable () throws -> PseudoTerminal = {
      try PseudoTerminal(Program.path, ["open", "--store", path], environment: environment)
    }
    @Sendable func lookAndLeave(_ terminal: PseudoTerminal) throws {
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      terminal.readUntilQuiet(for: 500)
      #expect(!terminal.shows("is back"))
      terminal.type("Q")
      _ = terminal.waitForEnd(seconds: 10)
    }
    let bench = bench
    let folders: @Sendable () -> [String] = { EditorEndTests.folders(of: bench) }
    try await bench.onItsOwnThread {
      let terminal = try open()
      try Self.edit(this, terminal)
      try lookAndLeave(try again())
      #expect(folders().count == 1)
      kill(terminal.process, SIGKILL)
      _ = terminal.waitForEnd(seconds: 10)
      try lookAndLeave(try elsewhere())
      #expect(folders().count == 1)
      try Self.find(this, try again())
      #expect(folders() == [])
    }
  }
}

extension EditorEndTests {
  /// The folders of editors there are.
  fileprivate static func folders(of bench: WireBench) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: bench.folder.path)) ?? [])
      .filter { $0.hasPrefix("fettle-edit") }
  }
}
