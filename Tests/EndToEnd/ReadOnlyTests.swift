import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import PseudoTerminal
import Testing

/// A store that cannot be written to: somebody else's file, a folder that is closed, a file system that is
/// read-only. Root may write to anything but the last; where the tests run as root, another account looks.
@Suite("A store that cannot be written to", .fewAtOnce)
struct ReadOnlyTests {
  let bench: WireBench

  init() throws { bench = try WireBench() }

  /// Why it cannot be written to.
  enum Hindrance: CaseIterable, Sendable {
    case file, folder, fileSystem

    /// Whether this one can be made here.
    var isPossible: Bool { self != .fileSystem || geteuid() == 0 }
  }

  /// The program that starts another one where the store cannot be written to.
  private func launcher(_ hindrance: Hindrance) -> [String] {
    switch hindrance {
    case .fileSystem:
      // A mount of its own, which goes with the process.
      let folder = bench.folder.path
      return [
        "/usr/bin/unshare", "-m", "/bin/sh", "-c",
        "mount --bind '\(folder)' '\(folder)' && mount -o remount,ro,bind '\(folder)' && exec \"$@\"",
        "sh",
      ]
    case .file, .folder:
      return geteuid() == 0 ? ["/usr/bin/setpriv", "--reuid", "65534", "--clear-groups"] : []
    }
  }

  private func hinder(_ hindrance: Hindrance) {
    // The home of the other account is not in it.
    chmod(bench.folder.path, hindrance == .file ? 0o777 : 0o555)
    chmod(bench.store, 0o444)
    for end in ["-wal", "-shm"] { chmod(bench.store + end, 0o444) }
  }

  private func fettle(_ hindrance: Hindrance, _ arguments: [String]) async throws -> Program.Result
  {
    try await Program.fettle(
      arguments + ["--store", bench.store], home: "/", launcher: launcher(hindrance))
  }

  @Test(
    "is listed and shown, with a word on what is seen; what would write says what to do",
    arguments: Hindrance.allCases.filter(\.isPossible))
  func commands(hindrance: Hindrance) async throws {
    try await bench.fill([["a": "x"]])
    let id = try await bench.onlyRecord()
    hinder(hindrance)
    defer { chmod(bench.folder.path, 0o755) }
    for arguments in [["list"], ["show", id.text], ["history"], ["scenarios"]] {
      let result = try await fettle(hindrance, arguments)
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      #expect(result.errors.contains("read as it stands"), "\(arguments): \(result.errors)")
      #expect(result.output.contains("Hostile"), "\(arguments): \(result.output)")
    }
    let edit = try await fettle(hindrance, ["edit", id.text, "--set", "1.a=y"])
    #expect(edit.status == 1)
    #expect(edit.errors.contains("look at it with --read-only"), "\(edit.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path)
    #expect(!left.contains { $0.hasSuffix("-wal") || $0.hasSuffix("-shm") }, "\(left)")
  }

  @Test(
    "opens in the terminal with --read-only, which says how it is read; without, it says what to do",
    arguments: Hindrance.allCases.filter(\.isPossible))
  func terminal(hindrance: Hindrance) async throws {
    try await bench.fill([["a": "x"]])
    // Who closes the store last takes the log away; what ends at once may leave it.
    _ = try await bench.onlyRecord()
    hinder(hindrance)
    defer { chmod(bench.folder.path, 0o755) }
    let launcher = launcher(hindrance) + [Program.path, "open", "--store", bench.store]
    let environment = bench.environment
    try await bench.onItsOwnThread {
      func start(_ more: [String]) throws -> PseudoTerminal {
        try PseudoTerminal(
          launcher[0], Array(launcher.dropFirst()) + more, environment: environment)
      }
      let terminal = try start(["--read-only"])
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 20))
      // What stands there already is not written again, so that a text may come in pieces.
      func screen() -> String {
        var grid = TerminalGrid(columns: 80, rows: 24)
        grid.take(String(decoding: terminal.output, as: UTF8.self))
        return grid.text
      }
      let deadline = PseudoTerminal.now() + 10
      while !screen().contains("is read as it stands"), PseudoTerminal.now() < deadline {
        terminal.readUntilQuiet(for: 100)
      }
      #expect(screen().contains("is read as it stands"), "\(screen())")
      terminal.type("\r")
      #expect(terminal.read(until: { $0.shows("INPUT") }, seconds: 10))
      terminal.readUntilQuiet(for: 50)
      terminal.type("e")
      #expect(terminal.read(until: { $0.shows("started with --read-only") }, seconds: 10))
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
      let refused = try start([])
      #expect(refused.waitForEnd(seconds: 10) == 1)
      #expect(refused.shows("look at it with --read-only"))
    }
  }

  @Test(
    "--read-only writes nothing to a store that could be written to, and sees what others write")
  func untouched() async throws {
    try await bench.fill([["a": "x"]])
    let id = try await bench.onlyRecord()
    let (store, environment) = (bench.store, bench.environment)
    func content() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: store)) }
    let before = try content()
    let talk = try await Program.fettle(
      ["open", "--plain", "--read-only", "--store", store],
      input: "open 1\nset 1.a y\nlist status:all\nquit\n", home: bench.folder.path)
    #expect(talk.output.contains("started with --read-only"), "\(talk.output)\(talk.errors)")
    let terminal = try await bench.onItsOwnThread {
      let terminal = Unshared(
        try PseudoTerminal(
          Program.path, ["open", "--read-only", "--store", store], environment: environment))
      try #require(terminal.value.read(until: { $0.shows("1 open") }, seconds: 20))
      return terminal
    }
    #expect(try content() == before, "nothing was written into the file")
    let log = try? Data(contentsOf: URL(fileURLWithPath: store + "-wal"))
    #expect(log?.isEmpty ?? true, "nor beside it")
    try await bench.store { store in
      _ = try await store.move(
        id, version: nil, RecordChange(.deleted, author: "ada", date: Instant(milliseconds: 5)))
    }
    try await bench.onItsOwnThread {
      let terminal = terminal.value
      // What stands there already is not written again: this does not.
      #expect(terminal.read(until: { $0.shows("(gone)") }, seconds: 20))
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }

  @Test(
    "with a log beside it that others write, what they write is seen",
    arguments: [Hindrance.file, .folder].filter(\.isPossible))
  func followed(hindrance: Hindrance) async throws {
    try await bench.fill([["a": "x"]])
    let id = try await bench.onlyRecord()
    try await bench.store { store in
      _ = try await store.counts()
      hinder(hindrance)
      defer { chmod(bench.folder.path, 0o755) }
      guard geteuid() == 0 else { return }
      _ = try await store.move(
        id, version: nil,
        RecordChange(.deleted, author: "ada", date: Instant(milliseconds: 5)))
      let list = try await fettle(hindrance, ["list", "--filter", "status:bin"])
      #expect(list.status == 0, "\(list.errors)")
      #expect(list.output.contains("deleted"), "\(list.output)")
      #expect(list.errors.contains("what other programs write is seen"), "\(list.errors)")
    }
  }

  @Test(
    "read as it stands, it is not read on when another program writes to it",
    .enabled(if: geteuid() == 0, "only root can be two accounts"))
  func writtenMeanwhile() async throws {
    try await bench.fill([["a": "x"]])
    let id = try await bench.onlyRecord()
    hinder(.folder)
    defer { chmod(bench.folder.path, 0o755) }
    let launcher =
      launcher(.folder) + [Program.path, "open", "--read-only", "--store", bench.store]
    let bench = bench
    let terminal = try await bench.onItsOwnThread {
      let terminal = Unshared(
        try PseudoTerminal(
          launcher[0], Array(launcher.dropFirst()), environment: bench.environment))
      try #require(terminal.value.read(until: { $0.shows("is read as it stands") }, seconds: 20))
      return terminal
    }
    try await bench.store { store in
      _ = try await store.move(
        id, version: nil, RecordChange(.deleted, author: "ada", date: Instant(milliseconds: 5)))
    }
    try await bench.onItsOwnThread {
      let terminal = terminal.value
      #expect(terminal.read(until: { $0.shows("another program writes to it now") }, seconds: 20))
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }

  /// A terminal that goes from one thread to the next, which begins when the one before has ended.
  private struct Unshared: @unchecked Sendable {
    let value: PseudoTerminal

    init(_ value: PseudoTerminal) { self.value = value }
  }

  @Test(
    "two accounts of a group work on one store, whatever their umask; the audit names each",
    .enabled(if: geteuid() == 0, "only root can be two accounts"))
  func twoAccounts() async throws {
    let folder = bench.folder.path
    chmod(folder, 0o755)
    let shared = folder + "/shared"
    try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: false)
    chown(shared, 0, 60_000)
    chmod(shared, 0o2770)
    let files = try [
      bench.folder.file("b.json", CommandTests.blueprint),
      bench.folder.file("x.json", #"[{"body":"x"}]"#),
    ]
    func work(_ account: Int, _ arguments: [String]) async throws -> Program.Result {
      try await Program.fettle(
        arguments + ["--store", shared + "/s.db"], home: "/",
        launcher: [
          "/usr/bin/setpriv", "--reuid", "\(account)", "--regid", "60000", "--clear-groups",
          "/bin/sh", "-c", "umask 077; exec \"$@\"", "sh",
        ])
    }
    let run = try await work(60_001, ["run", files[0], "--bundles", files[1]])
    try #require(run.status == 3, "\(run.errors)")
    let listed = try await work(60_002, ["list", "--json"])
    let id = try #require(
      try JSONReader.read(listed.output).array?.first?.collection?["id"]?.text, "\(listed.errors)")
    for account in [60_002, 60_001, 60_002] {
      let edit = try await work(account, ["edit", id, "--set", "1.body=of \(account)"])
      #expect(edit.status == 0, "\(account): \(edit.errors)")
    }
    let shown = try await work(60_001, ["show", id, "--json"])
    let edits = try JSONReader.read(shown.output).collection?["edits"]?.array ?? []
    #expect(
      edits.map { $0.collection?["author"]?.text } == [
        "uid 60002", "uid 60001", "uid 60002",
      ])
  }

  @Test("a log without its index is not passed over: what to copy is said")
  func logAlone() async throws {
    try await bench.fill([["a": "x"]])
    // What ends at once may leave log and index.
    unlink(bench.store + "-shm")
    try Data(repeating: 1, count: 5000).write(to: URL(fileURLWithPath: bench.store + "-wal"))
    hinder(.folder)
    defer { chmod(bench.folder.path, 0o755) }
    let list = try await fettle(.folder, ["list"])
    #expect(list.status == 1)
    #expect(list.errors.contains("-wal") && list.errors.contains("copy both"), "\(list.errors)")
  }
}
