import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import GRDB
import PseudoTerminal
import Testing

/// The terminal when what it stands on goes away or does not keep up.
@Suite("The terminal, when things go wrong", .fewAtOnce)
struct RobustnessTests {
  let bench: WireBench

  init() throws { bench = try WireBench() }

  private static let fatal = [
    SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
    SIGSYS,
  ]

  @Test(
    "after each signal the settings are those of the start, every mode is off, and what was written to standard error meanwhile is told without a byte that drives",
    arguments: fatal)
  func signals(signal: Int32) async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    let (before, during, after, output, status) = try await bench.onItsOwnThread {
      let terminal = try open()
      let before = terminal.settings()
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      let during = terminal.settings()
      // What the runtime says before a trap goes there too; it is a file while the screen is drawn.
      let errors = try #require(
        FileHandle(forWritingAtPath: "/proc/\(terminal.process)/fd/2"), "no standard error")
      try errors.write(contentsOf: Data("last words \u{1B}[31m\u{9B}2J\u{202E}end\n".utf8))
      terminal.readUntilQuiet(for: 50)
      try #require(!terminal.shows("last words"), "the picture is left alone")
      kill(terminal.process, signal)
      let status = terminal.waitForEnd(seconds: 30)
      return (before, during, terminal.settings(), terminal.output, status)
    }
    #expect(status == 128 + signal)
    #expect(during != before)
    #expect(after == before)
    let text = String(decoding: output, as: UTF8.self)
    for mode in ["1049", "2004", "1000", "1006"] {
      let on = try #require(text.ranges(of: "\u{1B}[?\(mode)h").last, "\(mode) is never on")
      let off = try #require(text.ranges(of: "\u{1B}[?\(mode)l").last, "\(mode) stays on")
      #expect(on.lowerBound < off.lowerBound, "mode \(mode) stays on")
    }
    // Whoever turned these on.
    for mode in ["1002", "1003", "1004"] { #expect(text.contains("\u{1B}[?\(mode)l")) }
    let left = try #require(text.ranges(of: "\u{1B}[?1049l").last)
    let words = try #require(text.ranges(of: "last words").last, "they are not told")
    #expect(left.upperBound < words.lowerBound)
    let told = text[words.lowerBound...]
    #expect(told.contains("last words ?[31m") && told.contains("end"), "\(told.debugDescription)")
    #expect(!told.unicodeScalars.contains { ["\u{1B}", "\u{9B}", "\u{202E}"].contains($0) })
  }

  @Test("a value that is being typed is there again after the terminal was closed under it")
  func hangUpWhileTyping() async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    // Once by the kernel, once by signals alone, as from a shell or a system that goes down.
    // One character each: it comes in one piece.
    for (typed, signal) in [("ж", 0), ("щ", SIGHUP), ("ю", SIGTERM)] {
      try await bench.onItsOwnThread {
        let terminal = try open()
        try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
        try Self.openField(terminal)
        terminal.type(typed)
        try #require(terminal.read(until: { $0.shows(typed) }, seconds: 5))
        if signal == 0 { terminal.hangUp() } else { kill(terminal.process, signal) }
        let status = try #require(terminal.waitForEnd(seconds: 10), "still running")
        if signal != 0 { #expect(status == 128 + signal) }
      }
      let screen = try await bench.onItsOwnThread {
        let terminal = try open()
        try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
        terminal.type("\r")
        terminal.read(until: { $0.shows("unsaved") }, seconds: 10)
        terminal.readUntilQuiet(for: 50)
        // What is dropped is dropped, however soon one leaves.
        terminal.type("UQ")
        _ = terminal.waitForEnd(seconds: 10)
        return String(decoding: terminal.output, as: UTF8.self)
      }
      #expect(screen.contains("1 unsaved change of"), "\(typed)")
      #expect(screen.contains(typed), "\(typed)")
    }
  }

  /// What is typed that is no change of a field: the keys to where it is typed, and what it is called
  /// when the program is started again. Each is typed as one piece.
  static let texts: [(way: [String], box: String, isInRecord: Bool)] = [
    (["\r", "P"], "JSON to put here", true), (["\r", "O"], "The output of", true),
    (["x", "c"], "because", false), ([" ", "x", "c"], "because", false),
    (["\r", "x", "c"], "because", true),
    (["\r", "m", "m"], "another place", true),
  ]

  @Test(
    "JSON, an output, a reason and a mapping that are being typed are there again after the end",
    arguments: texts.indices, [0, SIGHUP, SIGTERM, SIGKILL])
  func endWhileTypingText(index: Int, signal: Int32) async throws {
    let text = Self.texts[index]
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    @Sendable func go(_ terminal: PseudoTerminal) throws {
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      for key in text.way {
        terminal.readUntilQuiet(for: 100)
        terminal.type(key)
      }
      try #require(
        terminal.read(until: { $0.shows(text.box) }, seconds: 10), "\(text.box) does not come")
      terminal.readUntilQuiet(for: 100)
    }
    try await bench.onItsOwnThread {
      let terminal = try open()
      try go(terminal)
      terminal.type("жщю")
      try #require(terminal.read(until: { $0.shows("жщю") }, seconds: 5))
      switch signal {
      case 0: terminal.hangUp()
      case SIGKILL:
        // Nothing can be done at the end; what was typed two seconds ago is kept.
        terminal.readUntilQuiet(for: 3500, atMost: 4)
        kill(terminal.process, signal)
      default: kill(terminal.process, signal)
      }
      let status = try #require(terminal.waitForEnd(seconds: 10), "still running")
      if signal != 0 { #expect(status == 128 + signal) }
    }
    try await bench.onItsOwnThread {
      let terminal = try open()
      if text.box == "another place" {
        // A mapping is a change of its own, which comes back as one.
        try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
        terminal.type("\r")
        try #require(terminal.read(until: { $0.shows("unsaved") }, seconds: 10), "it is not there")
        terminal.type("m")
        #expect(terminal.read(until: { $0.shows("жщю") }, seconds: 10), "not what was typed")
        return
      }
      try go(terminal)
      #expect(
        terminal.read(until: { $0.shows("жщю") }, seconds: 10), "\(text.box): it is not there")
      if text.isInRecord {
        #expect(terminal.read(until: { $0.shows("you were typing") }, seconds: 10))
      }
    }
  }

  @Test(
    "JSON that was pasted and not confirmed, and one too large to be kept at once, are there again")
  func endWithLargePaste() async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    let words = String(repeating: "word ", count: 400_000)
    for (start, end) in [("{\"pasted\":\"", "\"}"), ("{\"pasted\":\"", "")] {
      try await bench.onItsOwnThread {
        let terminal = try open()
        try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
        terminal.type("\r")
        try #require(terminal.read(until: { $0.shows("INPUT") }, seconds: 10))
        terminal.readUntilQuiet(for: 100)
        terminal.type("G")
        terminal.readUntilQuiet(for: 100)
        terminal.type("P")
        try #require(terminal.read(until: { $0.shows("JSON to put here") }, seconds: 10))
        let before = terminal.output.count
        terminal.type("\u{1B}[200~" + start + words + end + "\u{1B}[201~")
        try #require(
          terminal.read(
            until: { $0.shows(end.isEmpty ? "no JSON" : "Paste into", since: before) },
            seconds: 60))
        kill(terminal.process, SIGTERM)
        try #require(terminal.waitForEnd(seconds: 20) == 128 + SIGTERM)
      }
      let record = try await bench.onlyRecord()
      let kept = try await bench.store(for: { try await $0.keptTexts(of: record, by: bench.author) }
      )
      #expect(kept.map(\.text.utf8.count) == [(start + words + end).utf8.count])
    }
  }

  /// From the list to the field `a` of the first record, being typed and empty.
  private static func openField(_ terminal: PseudoTerminal) throws {
    terminal.type("\r")
    try #require(terminal.read(until: { $0.shows("INPUT") }, seconds: 10))
    terminal.readUntilQuiet(for: 50)
    terminal.type("e")
    try #require(terminal.read(until: { $0.shows("keep") }, seconds: 10))
    terminal.type("\u{1B}OF\u{15}")
    terminal.readUntilQuiet(for: 50)
  }

  @Test("ends within 100 ms when its terminal is closed, typed text kept: the fastest of five")
  func hangUpTime() async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    let times = try await bench.onItsOwnThread {
      try (0..<5).map { _ in
        let terminal = try open()
        try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
        try Self.openField(terminal)
        terminal.type("y")
        terminal.readUntilQuiet(for: 50)
        let start = PseudoTerminal.now()
        terminal.hangUp()
        try #require(terminal.waitForEnd(seconds: 10) != nil, "still running")
        return PseudoTerminal.now() - start
      }
    }
    #expect((times.min() ?? 1) < 0.1, "\(times)")
  }

  @Test("ends when its terminal is closed though another program holds the store")
  func hangUpWhileHeld() async throws {
    try await bench.fill([["a": "x"]])
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: bench.store, configuration: configuration)
    let open = bench.open()
    let status = try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      try Self.openField(terminal)
      try other.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
      terminal.type("z")
      terminal.readUntilQuiet(for: 50)
      terminal.hangUp()
      return terminal.waitForEnd(seconds: 20)
    }
    #expect(status != nil, "still running")
  }

  @Test("a terminal that nobody reads any longer does not keep it from ending")
  func unread() async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open(columns: 200, rows: 60)
    let hasEnded = try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      // Each of these paints everything anew; nothing of it is read, until no more can be written.
      for _ in 0..<100 {
        terminal.type("\u{0C}")
        usleep(5000)
      }
      kill(terminal.process, SIGTERM)
      let deadline = PseudoTerminal.now() + 20
      while !terminal.hasEnded, PseudoTerminal.now() < deadline { usleep(10_000) }
      return terminal.hasEnded
    }
    #expect(hasEnded)
  }

  @Test("says that its store was deleted, and calls nothing saved then")
  func deleted() async throws {
    try await bench.fill([["a": "x"]])
    let bench = bench
    let open = bench.open()
    try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      try Self.openField(terminal)
      terminal.type("y\r")
      try #require(terminal.read(until: { $0.shows("UNSAVED") }, seconds: 10))
      for end in ["", "-wal", "-shm"] { unlink(bench.store + end) }
      let before = terminal.output.count
      terminal.type("\u{13}")
      #expect(terminal.read(until: { $0.shows("not saved", since: before) }, seconds: 10))
      #expect(!terminal.shows("saved; nothing", since: before))
      terminal.type("Q")
      #expect(terminal.read(until: { $0.shows("drop", since: before) }, seconds: 10))
      terminal.type("d")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }

  @Test(
    "refuses input that is no terminal: status 2, a line that names what prints, nothing printed")
  func input() async throws {
    try await bench.fill([["a": "x"]])
    let run = try await Program.fettle(
      ["open", "--store", bench.store], input: "jjj\n", home: bench.folder.path,
      environment: ["TERM": "xterm-256color"])
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("--plain") && run.errors.contains("fettle list"), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
  }

  @Test("Esc alone is a key at once, and the key behind it is one of its own")
  func escape() async throws {
    try await bench.fill([["a": "x"]])
    let open = bench.open()
    let times = try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      return try (0..<5).map { _ in
        let opened = terminal.output.count
        terminal.type("\r")
        try #require(terminal.read(until: { $0.shows("INPUT", since: opened) }, seconds: 10))
        terminal.readUntilQuiet(for: 50)
        let before = terminal.output.count
        let start = PseudoTerminal.now()
        terminal.type("\u{1B}")
        try #require(terminal.read(until: { $0.shows("filter", since: before) }, seconds: 10))
        return PseudoTerminal.now() - start
      }
    }
    // Curses by itself waits a second for the rest of a longer key.
    #expect((times.min() ?? 1) < 0.5, "\(times)")
  }

  @Test("500 keys at once are taken in before a picture is painted, and none is lost")
  func flood() async throws {
    try await bench.fill((0..<40).map { ["a": .text("row \($0)")] })
    let open = bench.open()
    let (one, many) = try await bench.onItsOwnThread {
      let terminal = try open()
      try #require(terminal.read(until: { $0.shows("40 open") }, seconds: 20))
      terminal.readUntilQuiet(for: 200)
      terminal.type("j")
      let one = terminal.readUntilQuiet(for: 200)
      // 250 down and 250 up: where it was.
      terminal.type(String(repeating: "jk", count: 250))
      let many = terminal.readUntilQuiet(for: 300)
      terminal.type("Q")
      _ = terminal.waitForEnd(seconds: 10)
      return (one, many)
    }
    #expect(one > 0)
    // A picture for each would be 500 times one.
    #expect(many < 20 * one, "\(many) bytes for 500 keys, \(one) for one")
  }

  @Test(
    "nothing goes into the last cell of the last line, where some terminals would scroll",
    arguments: [(40, 10), (80, 24), (140, 45), (20, 1), (7, 3)])
  func lastCell(size: (columns: Int, rows: Int)) async throws {
    // Every line of the field is as wide as any terminal.
    try await bench.fill((0..<60).map { _ in ["a": .text(String(repeating: "w", count: 900))] })
    let open = bench.open(columns: size.columns, rows: size.rows)
    let output = try await bench.onItsOwnThread {
      let terminal = try open()
      // A window that is too small names the size it wants.
      terminal.read(until: { $0.shows(size.columns < 40 ? "Fettle" : "60 open") }, seconds: 20)
      for keys in ["G", "g", " ", "j", "\r", "w", "z", "?", "\u{1B}", "e", "\u{1B}", "D", "\u{0C}"]
      {
        terminal.type(keys)
        terminal.readUntilQuiet(for: 60)
      }
      return terminal.output
    }
    // What stands before the first picture is for the terminal itself.
    var grid = TerminalGrid(columns: size.columns, rows: size.rows)
    grid.take(String(decoding: output, as: UTF8.self))
    #expect(grid.unknown.isEmpty)
    let isFollowed = grid.text.contains(size.columns < 40 ? "Fettle" : "keys")
    #expect(isFollowed, "what the screen shows is followed:\n\(grid.text)")
    // Blanks that clear it do not make a terminal scroll: they come as a sequence, not as characters.
    #expect(grid.inLastCell.isEmpty)
    #expect(grid.scrolls == 0)
  }

  @Test(
    "a picture is one write, however large",
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"),
      "strace is not installed"))
  func oneWrite() async throws {
    try await bench.fill((0..<60).map { ["a": .text("row \($0) → ␛")] })
    let bench = bench
    let sizes = try await bench.onItsOwnThread {
      let trace = "\(bench.folder.path)/trace"
      let terminal = try PseudoTerminal(
        "/usr/bin/strace",
        ["-f", "-qq", "-e", "trace=write", "-e", "signal=none", "-o", trace, Program.path]
          + ["open", "--store", bench.store],
        environment: bench.environment, columns: 200, rows: 60)
      try #require(terminal.read(until: { $0.shows("60 open") }, seconds: 30))
      terminal.readUntilQuiet(for: 500)
      func writes() throws -> [Int] {
        try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
          .filter { $0.contains("write(1, ") }
          .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
      }
      let before = try writes().count
      terminal.type("\u{0C}")
      terminal.readUntilQuiet(for: 500)
      let sizes = try writes().dropFirst(before)
      terminal.type("Q")
      _ = terminal.waitForEnd(seconds: 20)
      return Array(sizes)
    }
    #expect(sizes.count == 1, "\(sizes)")
    #expect((sizes.first ?? 0) > 4096, "\(sizes)")
  }
}
