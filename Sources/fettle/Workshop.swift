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
      store = creating ? try SQLiteStore.open(path: path) : try .openExisting(path: path)
    } catch {
      throw CommandFailure(error)
    }
    runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all()), store: store, clock: clock,
      leaseSeconds: Self.leaseSeconds)
    desk = OperatorDesk(store: store, runner: runner, author: Self.operatorName)
  }

  /// How long a worker may stay silent before its work is taken over: `FETTLE_LEASE`, in seconds,
  /// or 30.
  private static var leaseSeconds: Int {
    getenv("FETTLE_LEASE").flatMap { Int(String(cString: $0)) } ?? 30
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
