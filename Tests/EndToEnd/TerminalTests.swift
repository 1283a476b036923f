import FettleTestKit
import Foundation
import Testing

@Suite(
  "The terminal, in a real one",
  .enabled(if: TmuxSession.isInstalled, "tmux is not installed"), .serialized)
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
    let list = try await terminal.wait(for: "2 open · 4 waiting")
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
    arguments: [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGSEGV, SIGABRT, SIGBUS, SIGFPE])
  func signals(signal: Int32) async throws {
    let terminal = try demo()
    try await terminal.wait(for: "2 open")
    kill(try terminal.processID(), signal)
    try await terminal.waitForEnd()
    #expect(try terminal.display(Self.modes) == Self.asItWas)
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

  @Test("in a locale without UTF-8 it draws ASCII only", arguments: ["C", "POSIX"])
  func ascii(locale: String) async throws {
    let terminal = try demo(environment: ["LC_ALL": locale])
    try await terminal.wait(for: "2 open")
    try terminal.press("Enter")
    let screen = try await terminal.wait(for: "<< FAILED")
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
