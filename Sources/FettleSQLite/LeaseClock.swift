public import FettleCore
import GRDB
import Glibc
import Synchronization

/// The time leases are kept in: it goes on evenly whatever is done to the date of the machine, and it
/// is the same for every program on it, so that a clock that is set takes no execution from a worker
/// that is alive.
///
/// It is the time since the machine began, plus what made it the date when a store was first opened
/// after that; what that was stands in the store. A worker of another boot is gone: its leases are over.
/// Above the store, leases are dates like any others.
struct LeaseClock: Sendable {
  /// What is added to the time since the machine began, in milliseconds.
  private let anchor: Int64
  private let clock: any RunClock

  /// What reading two clocks one after the other may make of two that agree, and what is adjusted all
  /// the time, in milliseconds.
  private static let noise: Int64 = 500

  /// How far the date is ahead of it now, in milliseconds.
  var step: Int64 {
    let step = clock.now().milliseconds - clock.uptime() - anchor
    return abs(step) < Self.noise ? 0 : step
  }

  /// A date as leases are stored.
  func stored(_ date: Instant) -> Int64 { date.milliseconds - step }

  /// What is stored of a lease, as a date.
  func date(_ stored: Int64) -> Instant { Instant(milliseconds: stored + step) }

  /// The clock of a store.
  init(_ pool: DatabasePool, _ clock: any RunClock) throws {
    self.clock = clock
    let own = clock.now().milliseconds - clock.uptime()
    let boot = Self.boot ?? ""
    let known = try pool.read { try Self.anchor(of: boot, in: $0) }
    if let known {
      anchor = known
      return
    }
    do {
      anchor = try pool.write { database in
        if let known = try Self.anchor(of: boot, in: database) { return known }
        try database.execute(
          sql: "INSERT OR REPLACE INTO clock (id, boot, anchor, step) VALUES (1, ?, ?, 0)",
          arguments: [boot, own])
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

  private static func anchor(of boot: String, in database: Database) throws -> Int64? {
    try Int64.fetchOne(
      database, sql: "SELECT anchor FROM clock WHERE boot = ?", arguments: [boot])
  }

  /// What tells this start of the machine from others; nil where the system does not say.
  private static var boot: String? {
    let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(file, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count].filter { $0 > 0x20 }, as: UTF8.self)
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
