public import FettleCore
import GRDB
import Glibc
import Synchronization

/// The time leases are kept in: it goes on evenly whatever is done to the date of the machine, and it
/// is the same for every program on it, so that a clock that is set takes no execution from a worker
/// that is alive. It is also the same in every container on the machine, whatever of the machine that
/// hides.
///
/// It is the time since the machine began, plus what made it the date when a store was first opened
/// after that; what that was stands in the store. A worker of another boot is gone: its leases are over.
/// A program that is not told which boot it is, as in a service without `/proc/sys` (`ProcSubset=pid`),
/// goes by when the machine began.
/// Above the store, leases are dates like any others.
struct LeaseClock: Sendable {
  /// What is added to the time since the machine began, in milliseconds.
  private let anchor: Int64
  private let clock: any RunClock

  /// What reading two clocks one after the other may make of two that agree, and what is adjusted all
  /// the time, in milliseconds.
  private static let noise: Int64 = 500

  /// By how much the dates at which a machine began may differ and be one: it was not begun twice within
  /// that time, and what its date was set by in between is less, in milliseconds.
  private static let closeness: Int64 = 60_000

  /// How far the date is ahead of it now, in milliseconds.
  var step: Int64 {
    let step = Self.beginning(clock) - anchor
    return abs(step) < Self.noise ? 0 : step
  }

  /// A date as leases are stored.
  func stored(_ date: Instant) -> Int64 { date.milliseconds - step }

  /// What is stored of a lease, as a date.
  func date(_ stored: Int64) -> Instant { Instant(milliseconds: stored + step) }

  /// The date at which the machine began, by the clock as it is set now, in milliseconds.
  private static func beginning(_ clock: any RunClock) -> Int64 {
    clock.now().milliseconds - clock.uptime() + ahead
  }

  /// The clock of a store.
  /// - Parameter boot: what tells this start of the machine from others; nil where the system does not say.
  init(_ pool: DatabasePool, _ clock: any RunClock, boot: String? = LeaseClock.boot) throws {
    self.clock = clock
    let own = Self.beginning(clock)
    let known = try pool.read { try Self.known(boot, own, in: $0) }
    if let known {
      anchor = known
      return
    }
    do {
      anchor = try pool.write { database in
        if let known = try Self.known(boot, own, in: database) { return known }
        try database.execute(
          sql: "INSERT OR REPLACE INTO clock (id, boot, anchor, step) VALUES (1, ?, ?, 0)",
          arguments: [boot ?? "", own])
        for (table, column) in [
          ("execution", "lease_until"), ("record", "lease_until"), ("event", "reserved_until"),
        ] {
          try database.execute(
            sql: "UPDATE \(table) SET \(column) = 0 WHERE \(column) IS NOT NULL")
        }
        try database.execute(sql: "UPDATE call_back SET next = 0")
        return own
      }
    } catch let error as DatabaseError
      where [.SQLITE_BUSY, .SQLITE_FULL, .SQLITE_READONLY, .SQLITE_IOERR].contains(error.resultCode)
    {
      // Who cannot write now holds no leases either.
      anchor = own
    }
  }

  /// What stands in the store for this start of the machine; nil where that is of another one.
  private static func known(
    _ boot: String?, _ own: Int64, in database: Database
  ) throws -> Int64? {
    guard let row = try Row.fetchOne(database, sql: "SELECT boot, anchor, step FROM clock") else {
      return nil
    }
    let (known, anchor, step): (String, Int64, Int64) = (row["boot"], row["anchor"], row["step"])
    if let boot, !known.isEmpty { return known == boot ? anchor : nil }
    // One of the two was not told.
    return abs(own - anchor - step) < closeness || abs(own - anchor) < closeness ? anchor : nil
  }

  /// What tells this start of the machine from others; nil where the system does not say.
  static let boot: String? = {
    let text = Self.text(of: "/proc/sys/kernel/random/boot_id").filter { !$0.isWhitespace }
    return text.isEmpty ? nil : text
  }()

  /// How far the time since the machine began is ahead of that of the machine itself, in a container with
  /// a time of its own (time_namespaces(7)), in milliseconds.
  private static let ahead: Int64 = {
    // monotonic  86400  0
    for line in Self.text(of: "/proc/self/timens_offsets").split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      guard words.count == 3, words[0] == "monotonic", let seconds = Int64(words[1]),
        let nanoseconds = Int64(words[2])
      else { continue }
      return seconds * 1000 + nanoseconds / 1_000_000
    }
    return 0
  }()

  private static func text(of path: String) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = read(file, &bytes, bytes.count)
    return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
  }
}

extension SQLiteStore {
  /// How far the clock has to be set for what was planned to follow it, in milliseconds.
  private static let largestStep: Int64 = 30_000

  /// Follows the clock of the machine.
  public func followClock(
    _ change: @escaping @Sendable (inout ScenarioState, _ seconds: Int) -> Void
  ) async throws(StoreError) -> Int {
    let step = leases.step
    // Looking every second costs no more than reading a clock.
    guard abs(step - lastStep.withLock { $0 ?? .max / 2 }) >= Self.largestStep else { return 0 }
    let by = try await committing { [self] database -> Int64 in
      let known = try Int64.fetchOne(database, sql: "SELECT step FROM clock") ?? step
      let by = step - known
      guard abs(by) >= Self.largestStep else { return 0 }
      try database.execute(sql: "UPDATE clock SET step = ?", arguments: [step])
      guard by < 0 else { return by }
      for column in ["next_retry", "claimed_retry"] {
        try database.execute(
          sql: "UPDATE record SET \(column) = \(column) + ? WHERE \(column) IS NOT NULL",
          arguments: [by])
      }
      let scenarios = try Int.fetchAll(
        database, sql: "SELECT id FROM scenario WHERE state IS NOT NULL")
      for scenario in scenarios {
        try rows(database).update(ScenarioID(scenario)) { change(&$0, Int(by / 1000)) }
      }
      return by
    }
    lastStep.withLock { $0 = step }
    return Int(by / 1000)
  }
}
