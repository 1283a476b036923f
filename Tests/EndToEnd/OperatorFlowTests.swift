import FettleCore
import FettleTestKit
import Foundation
import GRDB
import Testing

@Suite(
  "What operators do to each other and to runs, in real terminals",
  .enabled(if: TmuxSession.isInstalled, "tmux is not installed"), .fewAtOnce)
struct OperatorFlowTests {
  let bench: OrdersBench
  var folder: TemporaryFolder { bench.folder }
  var store: String { bench.store }

  init() throws { bench = try OrdersBench() }

  private func fill() async throws {
    try await bench.fill(#"[{"body":"x"},{"body":"y"},{"body":"z"}]"#)
  }

  private func open() throws -> TmuxSession { try bench.open() }

  private func records(_ filter: String) async throws -> [Collection] {
    let list = try await Program.fettle(
      ["list", "--json", "--store", store, "--filter", filter], home: folder.path)
    return try JSONReader.read(list.output).array?.compactMap(\.collection) ?? []
  }

  // MARK: A run that is stopped

  /// A run that sleeps a second for each of forty bundles.
  private func slowRun() async throws -> Program.Result {
    try await Program.fettle(
      [
        "run",
        folder.file(
          "slow.json",
          #"""
          {"name":"Slow","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
            {"id":2,"module":"util:FunctionSleep","mapper":{"duration":"1"}}],
           "metadata":{"scenario":{"dlq":true}}}
          """#), "--store", store, "--bundles",
        folder.file(
          "forty.json", "[" + Array(repeating: "{}", count: 40).joined(separator: ",") + "]"),
      ], home: folder.path)
  }

  @Test("K ends the run that is live; what it had not got to waits, and goes on when it is resumed")
  func stopLive() async throws {
    try await fill()
    async let run = slowRun()
    let terminal = try open()
    try await terminal.wait(for: "3 open")
    try terminal.press("4")
    try await terminal.wait(for: "running  Slow")
    try terminal.press("K")
    let asked = try await terminal.wait(for: "There is no way back. Type ")
    let id = try #require(asked.firstMatch(of: /Type ([0-9a-f]{8}) to stop the run/)?.1)
    try terminal.type(String(id))
    try terminal.press("Enter")
    try await terminal.wait(for: "it stops after the operation that runs")
    try await terminal.wait(for: "stopped by ", seconds: 30)
    let ended = try await run
    #expect(ended.status == 3, "\(ended.output)\(ended.errors)")
    let left = try await records("scenario:Slow")
    #expect(left.count == 1)
    #expect(left.first?["reason"]?.text?.contains(" stopped the run before") == true, "\(left)")
    // It is there to be resumed, and that can be stopped too.
    try terminal.press("1")
    try await terminal.wait(for: "4 open")
    try terminal.press("g", "r")
    try await terminal.wait(for: "resuming")
    try terminal.press("4")
    try await terminal.wait(for: "running  Slow", seconds: 30)
    try terminal.press("K")
    let again = try await terminal.wait(for: "There is no way back. Type ")
    let retry = try #require(again.firstMatch(of: /Type ([0-9a-f]{8}) to stop the run/)?.1)
    #expect(retry != id)
    try terminal.type(String(retry))
    try terminal.press("Enter")
    try await terminal.wait(for: "stopped by ", seconds: 30)
    #expect(try await records("scenario:Slow").count == 1)
  }

  @Test("fettle stop --execution does the same; what has ended it refuses")
  func stopByCommand() async throws {
    async let run = slowRun()
    var id: String?
    for _ in 0..<200 where id == nil {
      let history = try await Program.fettle(
        ["history", "--json", "--store", store], home: folder.path)
      let rows = (try? JSONReader.read(history.output))?.array?.compactMap(\.collection) ?? []
      id = rows.first { $0["status"] == "running" }?["id"]?.text
      try await Task.sleep(for: .milliseconds(50))
    }
    let execution = try #require(id)
    let stop = try await Program.fettle(
      ["stop", "--execution", String(execution.prefix(8)), "--store", store], home: folder.path)
    #expect(stop.status == 0 && stop.output.contains("stops after the operation"), "\(stop.errors)")
    #expect(try await run.status == 3)
    let again = try await Program.fettle(
      ["stop", "--execution", execution, "--store", store], home: folder.path)
    #expect(again.status != 0 && again.errors.contains("has ended"), "\(again.errors)")
    let both = try await Program.fettle(["stop", "--store", store], home: folder.path)
    #expect(both.status == 2)
  }

  // MARK: Two operators

  @Test("two change the same field: nothing is written, both are shown, what is chosen is kept")
  func conflict() async throws {
    try await fill()
    let (ada, grace) = (try open(), try open())
    for terminal in [ada, grace] {
      try await terminal.wait(for: "3 open")
      try terminal.press("Enter")
      try await terminal.wait(for: "<< FAILED")
      try terminal.press("e")
      try await terminal.wait(for: "Enter keep")
    }
    try ada.type("-by-ada")
    try ada.press("Enter")
    try await ada.wait(for: "UNSAVED")
    try grace.type("-by-grace")
    try grace.press("Enter")
    try await grace.wait(for: "UNSAVED")
    try ada.press("C-s")
    try await ada.wait(for: "saved; nothing was run")
    try grace.press("C-s")
    let view = try await grace.wait(for: "; nothing was written")
    for part in ["original", "theirs", "mine", "-by-ada", "-by-grace"] {
      #expect(view.contains(part), "\(part) in \(view)")
    }
    // Esc is no way to lose anything.
    try grace.press("Escape")
    try await grace.wait(for: "choose for each field")
    try grace.press("t", "Enter")
    try await grace.wait(for: "merged; nothing is written yet")
    try grace.press("C-s")
    try await grace.wait("her screen without changes") { !$0.contains("UNSAVED") }
    try grace.press("a")
    let audit = try await grace.wait(for: "Audit of")
    #expect(audit.contains("-by-ada") && !audit.contains("-by-grace"))
  }

  // MARK: A store that is slow

  @Test("keys typed into the first picture are done when the store is open")
  func typeAhead() async throws {
    try await fill()
    let terminal = try open()
    // As fast as a person who knows the way; nothing is waited for.
    try terminal.press("j", "Enter")
    try await terminal.wait(for: "<< FAILED")
    try terminal.press("Escape")
    try await terminal.wait("the second row under the cursor") { screen in
      let rows = screen.split(separator: "\n").filter { $0.contains("OPEN") }
      return rows.count == 3 && rows[1].hasPrefix(">")
    }
  }

  @Test(
    "a store that does not answer is told after five seconds; keys wait, and are done after all")
  func silence() async throws {
    try await fill()
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: store, configuration: configuration)
    // Nobody else can even read.
    try await other.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
      try database.execute(sql: "BEGIN EXCLUSIVE")
    }
    let terminal = try open()
    try terminal.press("j", "Enter")
    try await terminal.wait(for: "the store has not answered for", seconds: 12)
    try terminal.press("?")
    try await other.writeWithoutTransaction { database in
      try database.execute(sql: "ROLLBACK")
      try database.execute(sql: "PRAGMA locking_mode = NORMAL")
      _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM record")
    }
    try await terminal.wait(for: "Keys: A record", seconds: 30)
    try terminal.press("Escape")
    try await terminal.wait(for: "<< FAILED")
  }
}
