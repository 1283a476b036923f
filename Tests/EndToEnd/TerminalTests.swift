import FettleTestKit
import Foundation
import GRDB
import Testing

@Suite(
  "The terminal, in a real one",
  .enabled(if: TmuxSession.isInstalled, "tmux is not installed"), .fewAtOnce)
struct TerminalTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func demo(
    columns: Int = 80, rows: Int = 24, tellsStatus: Bool = false,
    environment: [String: String] = [:]
  ) throws -> TmuxSession {
    let command = "\(Program.path) demo"
    return try TmuxSession(
      tellsStatus ? "sh -c '\(command); echo status $?; exec sleep 60'" : command,
      columns: columns, rows: rows,
      environment: environment.merging(["HOME": folder.path, "TMPDIR": folder.path]) { own, _ in own
      }
    )
  }

  /// What tmux says of the modes a program can leave behind.
  static let modes =
    "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag} #{keypad_flag}"
  static let asItWas = "0 1 0 0 0"

  @Test("the demo: find the DataError, give the order its e-mail address, resume, see it resolved")
  func mend() async throws {
    let terminal = try demo(tellsStatus: true)
    try await terminal.wait(for: "2 open · 4 waiting")
    // The counts and the records come by themselves.
    let list = try await terminal.wait(for: "OutOfSpace")
    for type in ["Data", "Connection", "AccessToken", "Timeout", "RateLimit", "OutOfSpace"] {
      #expect(list.contains(type))
    }
    #expect(list.contains("manual") && list.contains("auto "))
    try terminal.press("Enter")
    let detail = try await terminal.wait(for: "missing")
    #expect(detail.contains("<< FAILED"))
    #expect(detail.contains("total > 100"))
    #expect(detail.contains("email must not be empty"))
    try terminal.press("e")
    try await terminal.wait(for: "Enter keep")
    try terminal.type("ada@example.org")
    try terminal.press("Enter")
    try await terminal.wait(for: "\"ada@example.org\"")
    try terminal.press("r")
    let check = try await terminal.wait(for: "Resume ")
    #expect(check.contains("1.customer.email  nothing  →  text \"ada@example.org\""))
    #expect(check.contains("Will run") && check.contains("Not repeated"))
    try terminal.press("Enter")
    try await terminal.wait(for: "resolved in")
    try terminal.press("Escape")
    try await terminal.wait(for: "1 open · 4 waiting")
    try terminal.press("q")
    try await terminal.wait(for: "status 0")
    #expect(try terminal.display(Self.modes) == Self.asItWas)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(left.filter { $0.hasPrefix("fettle-demo") }.isEmpty, "the throw-away store is gone")
  }

  @Test(
    "is given back as it was after a signal",
    arguments: [
      SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
      SIGSYS,
    ])
  func signals(signal: Int32) async throws {
    let terminal = try demo(tellsStatus: true)
    try await terminal.wait(for: "2 open")
    #expect(try terminal.display("#{alternate_on} #{mouse_any_flag}") == "1 1")
    kill(try Self.child(of: try terminal.processID()), signal)
    try await terminal.wait(for: "status \(128 + signal)", seconds: 30)
    #expect(try terminal.display(Self.modes) == Self.asItWas)
  }

  /// The one process that another has started.
  private static func child(of process: pid_t) throws -> pid_t {
    let children = try String(
      contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
    return try #require(pid_t(children.split(separator: " ").first ?? ""))
  }

  @Test("stopped by Ctrl-Z or from outside it gives the terminal back, and takes it again")
  func suspended() async throws {
    let terminal = try TmuxSession(
      "sh -i", environment: ["HOME": folder.path, "TMPDIR": folder.path, "PS1": "shell: "])
    try await terminal.wait(for: "shell:")
    try terminal.type("\(Program.path) demo\n")
    try await terminal.wait(for: "2 open")
    try terminal.press("Enter")
    try await terminal.wait(for: "<< FAILED")
    let program = try Self.child(of: try terminal.processID())
    for isKey in [true, false] {
      if isKey { try terminal.press("C-z") } else { kill(program, SIGTSTP) }
      try await terminal.wait("the terminal as it was") { _ in
        (try? terminal.display(Self.modes)) == Self.asItWas
      }
      try terminal.resize(columns: isKey ? 100 : 80, rows: isKey ? 30 : 24)
      try terminal.type("fg\n")
      try await terminal.wait(for: "<< FAILED")
      #expect(try terminal.display("#{alternate_on} #{mouse_any_flag}") == "1 1")
    }
    try terminal.press("Q")
    try await terminal.wait("the terminal as it was") { _ in
      (try? terminal.display(Self.modes)) == Self.asItWas
    }
  }

  @Test(
    "the mouse: a click moves, a double click opens, the wheel scrolls, a click on a key presses it"
  )
  func mouse() async throws {
    let terminal = try demo(columns: 100, rows: 30)
    let list = try await terminal.wait(for: "2 open")
    func click(button: Int = 0, on text: String, times: Int = 1) throws {
      let lines = try terminal.screen().split(separator: "\n", omittingEmptySubsequences: false)
      let row = try #require(lines.firstIndex { $0.contains(text) }, "\(text)")
      let column = try #require(lines[row].ranges(of: text).first).lowerBound
      let place = "\(lines[row].distance(from: lines[row].startIndex, to: column) + 2);\(row + 1)"
      for _ in 0..<times {
        try terminal.type("\u{1B}[<\(button);\(place)M\u{1B}[<\(button);\(place)m")
      }
    }
    #expect(list.contains("RateLimit"))
    try click(on: "RateLimit", times: 2)
    try await terminal.wait(for: "<< FAILED")
    try await terminal.wait(for: "RateLimitError")
    try click(on: "? keys")
    try await terminal.wait(for: "Keys: A record")
    try terminal.press("Escape")
    try await terminal.wait(for: "<< FAILED")
    try terminal.press("Escape")
    try await terminal.wait(for: "2 open")
    // The older form of a report, which nobody asked for, and half a report do no harm.
    // (What follows half a report within a moment is taken for the rest of it.)
    try terminal.type("\u{1B}[<0;5")
    try terminal.press("j")
    try await terminal.wait(for: "2 open")
    try terminal.press("q")
    try await terminal.waitForEnd()
  }

  @Test("keys work while another program holds the store; a line says so, and that it is over")
  func busyStore() async throws {
    let store = folder.path + "/s.db"
    let run = try await Program.fettle(
      [
        "run", folder.file("b.json", CommandTests.blueprint), "--store", store, "--bundles",
        folder.file("bundles.json", #"[{"body":"x"},{"body":"y"},{"body":"z"}]"#),
      ], home: folder.path)
    try #require(run.status == 3, "\(run.errors)")
    let terminal = try TmuxSession(
      "\(Program.path) open --store \(store)",
      environment: ["HOME": folder.path, "TMPDIR": folder.path])
    try await terminal.wait(for: "3 open")
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: store, configuration: configuration)
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    try terminal.press("x", "d", "y")
    try terminal.press("j", "j", "Enter")
    try await terminal.wait(for: "<< FAILED")
    try terminal.press("Escape")
    try await terminal.wait(for: "held by another program", seconds: 30)
    try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    try terminal.press("x", "d", "y")
    try await terminal.wait(for: "2 open", seconds: 30)
  }

  @Test("keeps its place when the window changes, down to one that is too small and back")
  func resize() async throws {
    let terminal = try demo()
    try await terminal.wait(for: "2 open")
    try terminal.press("Enter")
    try await terminal.wait(for: "<< FAILED")
    for (columns, rows) in [(140, 45), (40, 10), (30, 6), (80, 24)] {
      try terminal.resize(columns: columns, rows: rows)
      try await terminal.wait("a frame of \(columns)x\(rows)") {
        $0.contains("40") || $0.contains("OPEN")
      }
      // A size is no key, and the last cell is never written: nothing of the old picture stands there.
      let screen = try terminal.screen()
      #expect(!screen.contains("not known"), "\(screen)")
      let lines = screen.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.dropFirst(rows - 1).first?.count ?? 0 < columns, "\(screen)")
    }
    try await terminal.wait(for: "<< FAILED")
    try terminal.press("Q")
    try await terminal.waitForEnd()
  }

  @Test("without colour the failed module is still told by mark, word and reverse")
  func mono() async throws {
    let terminal = try demo(environment: ["NO_COLOR": "1"])
    try await terminal.wait(for: "2 open")
    try terminal.press("Enter")
    try await terminal.wait(for: "<< FAILED")
    let screen = try terminal.attributedScreen()
    // 39 gives the usual colour back; 30 to 37 would choose one.
    #expect(!(0...7).contains { screen.contains("[3\($0)m") })
    #expect(screen.contains("✗"))
    #expect(screen.contains("\u{1B}[") && screen.contains("7m"))
  }

  @Test(
    "in a locale without UTF-8 it draws ASCII only",
    arguments: ["C", "POSIX"], [(40, 10), (80, 24), (140, 45)])
  func ascii(locale: String, size: (columns: Int, rows: Int)) async throws {
    let terminal = try demo(
      columns: size.columns, rows: size.rows, environment: ["LC_ALL": locale])
    try await terminal.wait(for: "2 open")
    try terminal.press("Enter")
    // One pane at a time where both have no room.
    if size.columns < 60 { try terminal.press("F") }
    let screen = try await terminal.wait(for: "FAILED")
    #expect(screen.utf8.allSatisfy { $0 < 0x80 })
  }

  @Test(
    "a terminal nobody knows, or one that cannot draw, gets one line",
    arguments: ["nonsense", "dumb"])
  func unknown(term: String) async throws {
    let terminal = try demo(tellsStatus: true, environment: ["TERM": term])
    let screen = try await terminal.wait(for: "status 2")
    #expect(screen.contains("fettle: "))
  }

  @Test("the help lists the keys, and wrong keys do no harm")
  func help() async throws {
    let terminal = try demo()
    try await terminal.wait(for: "2 open")
    try terminal.press("?")
    try await terminal.wait(for: "Run the record on from its failed module")
    try terminal.press("Escape")
    try await terminal.wait(for: "2 open")
    for key in ["z", "C-b", "F5", "M-x", "0", "!", "C-g", "End", "Home", "PageDown"] {
      try terminal.press(key)
    }
    try await terminal.wait(for: "2 open · 4 waiting")
  }
}
