import FettleConnectors
public import FettleCore
public import FettleEngine
public import FettleSQLite
import Glibc

/// The concrete parts, put together: what the command and the daemon have in common, and the only
/// place that names them.
public struct Workshop: Sendable {
  /// The store.
  public let store: SQLiteStore
  /// What runs scenarios on it.
  public let runner: ScenarioRunner
  /// What an operator can do.
  public let desk: OperatorDesk
  /// The connections of the store.
  public let connections: StoredConnections
  /// What seals the secrets that lie in the store.
  public let sealing: KeyedSealing
  /// The apps that were described in files when they were first asked for.
  public var apps: Apps { describedApps.value }
  private let describedApps: DescribedApps

  /// Opens the store at a path.
  /// - Parameters:
  ///   - creating: whether a missing store is made; what only looks does not.
  ///   - looking: whether nothing is to be changed, so that a store that cannot be written to will do.
  ///   - touching: whether a look writes what it finds undone; one that was asked to be read-only does not.
  ///   - formerKey: where the key is that sealed before the one of today; beside it by itself.
  public init(
    path: String, creating: Bool, looking: Bool = false, touching: Bool = true,
    clock: any RunClock = SystemClock(),
    settings: Settings = .environment, formerKey: KeySource? = nil
  ) throws(StoreError) {
    CrashReports.holdNoMemory()
    guard settings.problems.isEmpty else {
      throw .unfit(settings.problems.joined(separator: "; "))
    }
    // One key for everything in the store: what is asked for it is asked once.
    let sealing = KeyedSealing(former: formerKey)
    if looking {
      store = try .openToLook(
        path: path, writing: touching, limits: settings.limits, sealing: sealing)
    } else if creating {
      store = try .open(path: path, limits: settings.limits, sealing: sealing)
    } else {
      store = try .openExisting(path: path, limits: settings.limits, sealing: sealing)
    }
    self.sealing = sealing
    connections = StoredConnections(store, sealing: sealing)
    let (apps, connections) = (DescribedApps(folders: Apps.folders), connections)
    describedApps = apps
    // Reading the apps that come with Fettle takes longer than opening the store, and most scenarios
    // need none; an operator's own may take the place of our modules and are read at once.
    let modules =
      apps.hasFiles
      ? ModuleRegistry(Self.modules(apps.value, connections))
      : ModuleRegistry(Connectors.all(connections: connections)) {
        apps.value.modules(connections: connections)
      }
    var runner = ScenarioRunner(
      modules: modules, store: store, clock: clock,
      timeZone: settings.zone, retrySchedule: settings.retries,
      leaseSeconds: settings.leaseSeconds)
    runner.connections = connections
    runner.confidentiality = settings.confidentiality
    runner.profile = settings.profile
    runner.treatsDuplicatesAsData = settings.treatsDuplicatesAsData
    runner.internalServerError = settings.internalServerError
    self.runner = runner
    desk = OperatorDesk(
      store: store, runner: runner, author: Self.operatorName, access: store.access)
  }

  /// Reads the apps that are described in files again. Runs that have begun go on with what they began
  /// with.
  /// - Returns: what was read.
  public func reloadApps() -> Apps {
    let apps = Apps(folders: Apps.folders)
    runner.modules.replace(with: Self.modules(apps, connections))
    return apps
  }

  /// Tells an address what a run came to.
  /// - Returns: why it could not be told.
  public func callBack(_ url: String, _ body: Value) async -> ModuleError? {
    do throws(ModuleError) {
      try await CallBack().send(body, to: url)
      return nil
    } catch { return error }
  }

  private static func modules(_ apps: Apps, _ connections: StoredConnections) -> [any Module] {
    Connectors.all(connections: connections) + apps.modules(connections: connections)
  }

  /// Where the store is that nobody named: `fettle/fettle.db` in the XDG data home; nil when there is
  /// no home.
  public static var standardPath: String? {
    let dataHome = environment("XDG_DATA_HOME") ?? ""
    if dataHome.hasPrefix("/") { return "\(dataHome)/fettle/fettle.db" }
    let home = environment("HOME") ?? ""
    return home.hasPrefix("/") ? "\(home)/.local/share/fettle/fettle.db" : nil
  }

  /// The name that stands beside changes: that of the account.
  public static var operatorName: String {
    if let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name {
      return String(cString: name)
    }
    return "uid \(geteuid())"
  }
}
