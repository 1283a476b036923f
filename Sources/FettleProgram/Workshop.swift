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
  /// - Parameter creating: whether a missing store is made; what only looks does not.
  public init(
    path: String, creating: Bool, clock: any RunClock = SystemClock(),
    settings: Settings = .environment
  ) throws(StoreError) {
    CrashReports.holdNoMemory()
    guard settings.problems.isEmpty else {
      throw .unfit(settings.problems.joined(separator: "; "))
    }
    // One key for everything in the store: what is asked for it is asked once.
    let sealing = KeyedSealing()
    store =
      creating
      ? try SQLiteStore.open(path: path, limits: settings.limits, sealing: sealing)
      : try .openExisting(path: path, limits: settings.limits, sealing: sealing)
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
    self.runner = runner
    desk = OperatorDesk(store: store, runner: runner, author: Self.operatorName)
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

/// What is set from outside for every program on a store.
public struct Settings: Sendable {
  /// How much may wait to be mended: `FETTLE_SCENARIO_LIMIT` and `FETTLE_STORE_LIMIT`, in bytes.
  public var limits = StoreLimits()
  /// The time zone of schedules and dates, where a scenario has none: `FETTLE_ZONE`.
  public var zone = "UTC"
  /// Which product counts where Fusion and Make disagree: `FETTLE_PROFILE`, `fusion` or `make`.
  public var profile = Profile.fusion
  /// When stored failures are retried, where a scenario does not say: `FETTLE_RETRIES`, `fusion` or
  /// `make`.
  public var retries = RetrySchedule.fusion
  /// What becomes of failures of confidential scenarios: `FETTLE_CONFIDENTIAL`, `sealed` or `strict`.
  public var confidentiality = Confidentiality.sealed
  /// How long a worker may stay silent before its work is taken over: `FETTLE_LEASE`, in seconds.
  public var leaseSeconds = 30

  /// The standard settings.
  public init() {}

  /// What of the environment does not fit, one sentence each. Nothing is worked on with settings that
  /// are not those that were meant: who misspells `strict` must not find failures stored.
  public private(set) var problems: [String] = []

  /// The standard settings, with what the environment says.
  public static var environment: Settings {
    var settings = Settings()
    func read<Value>(_ name: String, _ fitting: String, _ value: (String) -> Value?) -> Value? {
      guard let word = FettleProgram.environment(name), !word.isEmpty else { return nil }
      if let value = value(word) { return value }
      settings.problems.append("\(name) is \(fitting), not '\(word)'")
      return nil
    }
    func number(_ name: String, of what: String) -> Int? {
      read(name, "a number of \(what) from 1") { Int($0).flatMap { $0 > 0 ? $0 : nil } }
    }
    let byScenario = number("FETTLE_SCENARIO_LIMIT", of: "bytes")
    let byStore = number("FETTLE_STORE_LIMIT", of: "bytes")
    let lease = number("FETTLE_LEASE", of: "seconds")
    _ = number("FETTLE_SECRET_SECONDS", of: "seconds")
    let zone = read("FETTLE_ZONE", "a time zone such as Europe/Prague") {
      Schedule.isZone($0) ? $0 : nil
    }
    let profile = read("FETTLE_PROFILE", "fusion or make", Profile.init(rawValue:))
    let retries = read("FETTLE_RETRIES", "fusion or make", RetrySchedule.named)
    let confidentiality = read(
      "FETTLE_CONFIDENTIAL", "sealed or strict", Confidentiality.init(rawValue:))
    if let byScenario { settings.limits.scenarioBytes = byScenario }
    if let byStore { settings.limits.storeBytes = byStore }
    if let lease { settings.leaseSeconds = lease }
    if let zone { settings.zone = zone }
    if let profile { (settings.profile, settings.retries) = (profile, profile.retries) }
    if let retries { settings.retries = retries }
    if let confidentiality { settings.confidentiality = confidentiality }
    return settings
  }
}

func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
