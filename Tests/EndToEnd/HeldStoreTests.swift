import FettleCore
import FettleTestKit
import Foundation
import GRDB
import PseudoTerminal
import Testing

/// The terminal on a store that another process holds: nothing is faked, the locks are those of SQLite.
@Suite("The terminal, while its store is held", .timeLimit(.minutes(15)), .fewAtOnce)
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

  /// The terminal while somebody holds the locks of its store, after keys whose answer needs them and
  /// when it has told so. It is quit at the end.
  private struct Held {
    let terminal: PseudoTerminal
    let lock: Lock
    let isForReaders: Bool
    /// How much was written before the keys.
    let start: Int

    /// Waits until something is shown.
    func shows(_ text: String, since: Int? = nil, seconds: Double = 5) -> Bool {
      terminal.read(until: { $0.shows(text, since: since ?? start) }, seconds: seconds)
    }

    /// Lets the store go.
    /// - Returns: how much was written before.
    func free() throws -> Int {
      let freed = terminal.output.count
      try lock.hold(readers: isForReaders, false)
      return freed
    }
  }

  private func whileHeld(
    readers: Bool, after keys: String, _ body: @escaping @Sendable (Held) throws -> Void
  ) async throws {
    try await bench.fill([["a": "x"], ["a": "y"], ["a": "z"]])
    let bench = bench
    try await bench.onItsOwnThread {
      let terminal = try Self.opened(bench)
      let lock = try Lock(bench.store)
      try lock.hold(readers: readers, true)
      let held = Held(
        terminal: terminal, lock: lock, isForReaders: readers, start: terminal.output.count)
      terminal.type(keys)
      try #require(
        held.shows("waiting for the store"), "it is not shown that the store is waited for")
      try body(held)
      terminal.type("Q")
      #expect(terminal.waitForEnd(seconds: 10) == 0)
    }
  }

  @Test(
    "who reads is told at once and by a banner later; keys work all the while; then everything comes"
  )
  func reading() async throws {
    try await whileHeld(readers: true, after: "3") { held in
      // Keys are answered by pictures while nothing comes from the store.
      for (keys, shown) in [
        ("?", "Keys: The history"), ("\u{1B}", "History"), ("/", " / "),
        ("status:zzz", "a status is running"),
        ("\u{15}status:warning\r", "warning"),
      ] {
        held.terminal.type(keys)
        #expect(
          held.terminal.read(until: { Self.screen($0).contains(shown) }, seconds: 5),
          "\(keys.debugDescription)")
      }
      #expect(held.shows("the store has not answered for", seconds: 9), "no banner")
      #expect(
        held.terminal.read(
          until: { Self.screen($0).contains(/^[^\n]* as of \d\d:\d\d:\d\d *\n/) }, seconds: 5),
        "it is not said of when it is: \(Self.screen(held.terminal))")
      let freed = try held.free()
      #expect(held.shows("Hostile", since: freed, seconds: 20), "the history does not come")
      #expect(
        held.terminal.read(until: { !Self.screen($0).contains("as of") }, seconds: 5),
        "it is old for ever")
      held.terminal.readUntilQuiet(for: 1000)
    }
  }

  @Test("Esc gives up what is read; nothing comes late, and the next key looks again")
  func cancelled() async throws {
    try await whileHeld(readers: true, after: "3") { held in
      held.terminal.type("\u{1B}")
      try #require(held.shows("not waited for any longer"))
      let freed = try held.free()
      held.terminal.readUntilQuiet(for: 3000, atMost: 4)
      #expect(!held.terminal.shows("Hostile", since: freed), "a late answer was taken")
      held.terminal.type("j")
      #expect(held.shows("Hostile", since: freed, seconds: 10))
    }
  }

  @Test("who writes is told too, goes on looking, and learns what came of it")
  func writing() async throws {
    try await whileHeld(readers: false, after: "xcby hand\r") { held in
      held.terminal.type("2")
      #expect(held.shows("SCENARIO"))
      #expect(held.shows("the store has not answered for", seconds: 9))
      let freed = try held.free()
      #expect(held.shows("closed", since: freed, seconds: 20))
      held.terminal.type("1")
      #expect(
        held.terminal.read(until: { Self.screen($0).contains("2 open") }, seconds: 20))
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
