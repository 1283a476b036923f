import FettleCore
import FettleTestKit
import Foundation
import GRDB
import PseudoTerminal
import Testing

/// The terminal on a store that another process holds: nothing is faked, the locks are those of SQLite.
@Suite("The terminal, while its store is held", .serialized, .timeLimit(.minutes(5)))
struct HeldStoreTests {
  let bench: WireBench

  init() throws { bench = try WireBench() }

  /// The locks under which SQLite reads and writes: while somebody else has them, nobody can begin to
  /// read, as during the recovery of a log.
  private final class Lock {
    private let descriptor: Int32

    init(_ store: String) throws {
      descriptor = open(store + "-shm", O_RDWR | O_CLOEXEC)
      try #require(descriptor >= 0, "\(store)-shm cannot be opened")
    }

    /// Takes the locks of the readers, or of the one writer.
    func hold(readers: Bool, _ isHeld: Bool) throws {
      var range = flock()
      range.l_type = Int16(isHeld ? F_WRLCK : F_UNLCK)
      range.l_whence = Int16(SEEK_SET)
      range.l_start = readers ? 123 : 120
      range.l_len = readers ? 5 : 1
      let deadline = PseudoTerminal.now() + 20
      while fcntl(descriptor, F_SETLK, &range) != 0 {
        try #require(PseudoTerminal.now() < deadline, "the lock is not to be had")
        usleep(500)
      }
    }

    deinit { close(descriptor) }
  }

  private static func opened(_ bench: WireBench) throws -> PseudoTerminal {
    let terminal = try bench.open()()
    try #require(terminal.read(until: { $0.shows("3 open") }, seconds: 30))
    terminal.readUntilQuiet(for: 300)
    return terminal
  }

  /// What stands on the screen: of a line only what differs from the one before is written.
  private static func screen(_ terminal: PseudoTerminal) -> String {
    var grid = TerminalGrid(columns: 80, rows: 24)
    grid.take(String(decoding: terminal.output, as: UTF8.self))
    return grid.text
  }

  private func fill() async throws {
    try await bench.fill([["a": "x"], ["a": "y"], ["a": "z"]])
  }

  @Test(
    "who reads is told at once and by a banner later; keys work all the while; then everything comes"
  )
  func reading() async throws {
    try await fill()
    let bench = bench
    try await bench.onItsOwnThread {
      let terminal = try Self.opened(bench)
      let lock = try Lock(bench.store)
      try lock.hold(readers: true, true)
      let start = terminal.output.count
      terminal.type("3")
      try #require(
        terminal.read(until: { $0.shows("waiting for the store", since: start) }, seconds: 5),
        "it is not shown that the store is waited for")
      // Keys are answered by pictures while nothing comes from the store.
      for (keys, shown) in [
        ("?", "Keys: The history"), ("\u{1B}", "History"), ("/", " / "),
        ("status:zzz", "a status is running"),
        ("\u{15}status:warning\r", "warning"),
      ] {
        terminal.type(keys)
        #expect(
          terminal.read(until: { Self.screen($0).contains(shown) }, seconds: 5),
          "\(keys.debugDescription)")
      }
      #expect(
        terminal.read(
          until: { $0.shows("the store has not answered for", since: start) }, seconds: 9),
        "no banner")
      #expect(
        terminal.read(
          until: { Self.screen($0).contains(/^[^\n]* as of \d\d:\d\d:\d\d *\n/) }, seconds: 5),
        "it is not said of when it is: \(Self.screen(terminal))")
      let freed = terminal.output.count
      try lock.hold(readers: true, false)
      #expect(
        terminal.read(until: { $0.shows("Hostile", since: freed) }, seconds: 20),
        "the history does not come")
      #expect(
        terminal.read(until: { !Self.screen($0).contains("as of") }, seconds: 5),
        "it is old for ever")
      terminal.readUntilQuiet(for: 1000)
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }

  @Test("Esc gives up what is read; nothing comes late, and the next key looks again")
  func cancelled() async throws {
    try await fill()
    let bench = bench
    try await bench.onItsOwnThread {
      let terminal = try Self.opened(bench)
      let lock = try Lock(bench.store)
      try lock.hold(readers: true, true)
      let start = terminal.output.count
      terminal.type("3")
      try #require(
        terminal.read(until: { $0.shows("waiting for the store", since: start) }, seconds: 5))
      terminal.type("\u{1B}")
      try #require(
        terminal.read(until: { $0.shows("not waited for any longer", since: start) }, seconds: 5))
      let given = terminal.output.count
      try lock.hold(readers: true, false)
      terminal.readUntilQuiet(for: 3000, atMost: 4)
      #expect(!terminal.shows("Hostile", since: given), "a late answer was taken")
      terminal.type("j")
      #expect(terminal.read(until: { $0.shows("Hostile", since: given) }, seconds: 10))
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }

  @Test("who writes is told too, goes on looking, and learns what came of it")
  func writing() async throws {
    try await fill()
    let bench = bench
    try await bench.onItsOwnThread {
      let terminal = try Self.opened(bench)
      let lock = try Lock(bench.store)
      try lock.hold(readers: false, true)
      let start = terminal.output.count
      terminal.type("xcby hand\r")
      try #require(
        terminal.read(until: { $0.shows("waiting for the store", since: start) }, seconds: 5))
      terminal.type("2")
      #expect(terminal.read(until: { $0.shows("SCENARIO", since: start) }, seconds: 5))
      #expect(
        terminal.read(
          until: { $0.shows("the store has not answered for", since: start) }, seconds: 9))
      let freed = terminal.output.count
      try lock.hold(readers: false, false)
      #expect(terminal.read(until: { $0.shows("closed", since: freed) }, seconds: 20))
      terminal.type("1")
      #expect(terminal.read(until: { Self.screen($0).contains("2 open") }, seconds: 20))
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }

  @Test("keys are answered before a search through a large record is, and Esc stops that")
  func search() async throws {
    let large = String(repeating: "lorem ipsum dolor sit ", count: 500_000)
    try await bench.fill([["a": "x", "big": .text(large)]])
    let bench = bench
    try await bench.onItsOwnThread {
      let terminal = try bench.open()()
      try #require(terminal.read(until: { $0.shows("1 open") }, seconds: 30))
      terminal.type("\r")
      try #require(terminal.read(until: { $0.shows("INPUT") }, seconds: 30))
      terminal.readUntilQuiet(for: 300)
      let start = terminal.output.count
      terminal.type("/zebra\r")
      terminal.type("w")
      try #require(
        terminal.read(until: { $0.shows("no field has", since: start) }, seconds: 60))
      let text = String(decoding: terminal.output[start...], as: UTF8.self)
      let wrapped = try #require(text.ranges(of: "are wrapped").first, "the key is not answered")
      let ended = try #require(text.ranges(of: "no field has").first)
      #expect(wrapped.lowerBound < ended.lowerBound)
      terminal.readUntilQuiet(for: 300)
      let again = terminal.output.count
      terminal.type("n")
      terminal.type("\u{1B}")
      try #require(terminal.read(until: { $0.shows("stopped", since: again) }, seconds: 20))
      terminal.readUntilQuiet(for: 2500, atMost: 5)
      #expect(!terminal.shows("no field has", since: again))
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }
}
