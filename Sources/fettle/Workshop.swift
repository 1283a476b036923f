import ArgumentParser
import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import Glibc

/// Where the store is.
struct StoreOptions: ParsableArguments {
  @Option(help: "The store. Default: fettle/fettle.db in the XDG data home.")
  var store: String?

  /// The path of the store.
  func path() throws -> String {
    if let store { return store }
    let environment = { (name: String) in getenv(name).map { String(cString: $0) } ?? "" }
    let dataHome = environment("XDG_DATA_HOME")
    if dataHome.hasPrefix("/") { return "\(dataHome)/fettle/fettle.db" }
    let home = environment("HOME")
    guard home.hasPrefix("/") else {
      throw CommandFailure.usage("there is no home directory for a store; name one with --store")
    }
    return "\(home)/.local/share/fettle/fettle.db"
  }
}

/// The concrete parts, put together: the only place that names them.
struct Workshop {
  let store: SQLiteStore
  let runner: ScenarioRunner
  let desk: OperatorDesk

  /// Opens the store.
  /// - Parameter creating: whether a missing store is made; a command that only looks does not.
  init(_ options: StoreOptions, creating: Bool) throws {
    try self.init(path: try options.path(), creating: creating, clock: SystemClock())
  }

  /// Opens the store at a path.
  init(path: String, creating: Bool, clock: any RunClock) throws {
    do throws(StoreError) {
      store =
        creating
        ? try SQLiteStore.open(path: path, limits: Self.limits)
        : try .openExisting(path: path, limits: Self.limits)
    } catch {
      throw CommandFailure(error)
    }
    runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all()), store: store, clock: clock,
      timeZone: Self.environment("FETTLE_ZONE").flatMap { Schedule.isZone($0) ? $0 : nil } ?? "UTC",
      retrySchedule: Self.environment("FETTLE_RETRIES").flatMap(RetrySchedule.named) ?? .fusion,
      leaseSeconds: Self.environment("FETTLE_LEASE").flatMap { Int($0) } ?? 30)
    desk = OperatorDesk(store: store, runner: runner, author: Self.operatorName)
  }

  /// A setting of the environment. Those there are: `FETTLE_LEASE`, the seconds a worker may stay
  /// silent before its work is taken over; `FETTLE_ZONE`, the time zone of schedules and dates;
  /// `FETTLE_RETRIES`, `fusion` or `make`; `FETTLE_SCENARIO_LIMIT` and `FETTLE_STORE_LIMIT`, the
  /// bytes that may wait to be mended.
  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  private static var limits: StoreLimits {
    var limits = StoreLimits()
    if let bytes = environment("FETTLE_SCENARIO_LIMIT").flatMap({ Int($0) }) {
      limits.scenarioBytes = bytes
    }
    if let bytes = environment("FETTLE_STORE_LIMIT").flatMap({ Int($0) }) {
      limits.storeBytes = bytes
    }
    return limits
  }

  /// The scenario of that name or number; nil when none is named.
  func scenario(named name: String?) async throws -> ScenarioRow? {
    guard let name else { return nil }
    let rows = try await reporting { () async throws(StoreError) in try await store.scenarios() }
    guard let row = rows.first(where: { $0.name == name || $0.id.description == name }) else {
      throw CommandFailure.usage("there is no scenario '\(name)'; fettle scenarios lists them")
    }
    return row
  }

  /// Says which limits are nearly reached (semantics 5.8).
  func warnOfFullness(_ rows: [ScenarioRow]) {
    let limits = store.limits
    for row in rows
    where Double(row.openBytes) > Double(limits.scenarioBytes) * StoreLimits.warningShare {
      Console.complain(
        "the incomplete executions of \(row.name) take \(row.openBytes * 100 / limits.scenarioBytes) % "
          + "of what they may; resolve or delete some, or raise FETTLE_SCENARIO_LIMIT")
    }
    let all = rows.reduce(0) { $0 + $1.openBytes }
    if Double(all) > Double(limits.storeBytes) * StoreLimits.warningShare {
      Console.complain(
        "the incomplete executions take \(all * 100 / limits.storeBytes) % of what the store may hold; "
          + "resolve or delete some, or raise FETTLE_STORE_LIMIT")
    }
  }

  /// Takes over what dead workers left, and says so.
  func takeOverInterrupted() async throws(CommandFailure) {
    let taken = try await reporting { () async throws(StoreError) in
      try await desk.takeOverInterrupted()
    }
    for summary in taken {
      let stored = summary.stored.map(\.short).joined(separator: " ")
      Console.complain(
        "execution \(summary.id.prefix(8)) had been interrupted and was taken over"
          + (stored.isEmpty ? "; nothing was left to do" : ": see record \(stored)"))
    }
  }

  /// The name that stands beside changes: that of the account.
  static var operatorName: String {
    if let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name {
      return String(cString: name)
    }
    return "uid \(geteuid())"
  }
}

extension CommandFailure {
  /// A store that cannot do what it was asked to is bad input when it is the wrong file or the wrong
  /// record, and a failure otherwise.
  init(_ error: StoreError) {
    let status: Int32 =
      switch error {
      case .missing, .notAStore, .newerVersion, .notFound, .ambiguous, .changedMeanwhile, .refused,
        .inDoubt:
        2
      case .full, .busy, .takenOver, .duplicateKey, .damaged, .failed: 1
      }
    self.init(message: error.description, status: status)
  }
}

/// Runs `body`, turning what the store says into a command's failure.
func reporting<Result>(
  _ body: () async throws(StoreError) -> Result
) async throws(CommandFailure) -> Result {
  do { return try await body() } catch { throw CommandFailure(error) }
}
