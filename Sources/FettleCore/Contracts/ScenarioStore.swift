/// Where scenarios and their executions are known.
public protocol ScenarioStore: Sendable {
  /// The scenario of that name; it is made known when it was not. The name is what a blueprint
  /// carries, so running an export again is running the same scenario.
  func scenario(named name: String) async throws(StoreError) -> ScenarioID

  /// Every scenario, by name.
  func scenarios() async throws(StoreError) -> [ScenarioRow]

  /// One scenario.
  /// - Throws: `notFound`.
  func scenario(_ id: ScenarioID) async throws(StoreError) -> ScenarioRow

  /// The scenario of that name; nil when none is known. However many there are, it is as fast.
  func knownScenario(named name: String) async throws(StoreError) -> ScenarioRow?

  /// The blueprint a scenario has today: that of its latest run, or a later one that was kept; nil
  /// when it has none.
  func blueprint(of id: ScenarioID) async throws(StoreError) -> Blueprint?

  /// The blueprints a scenario had and has, the newest first.
  /// - Throws: `notFound` for a scenario that is not known.
  func blueprintVersions(of id: ScenarioID) async throws(StoreError) -> [BlueprintVersion]

  /// A blueprint a scenario had or has, by the number of its version.
  /// - Throws: `notFound`.
  func blueprint(of id: ScenarioID, version: Int) async throws(StoreError) -> Blueprint

  /// Makes a blueprint the one its scenario has today.
  func keep(_ blueprint: Blueprint, for id: ScenarioID) async throws(StoreError)

  /// Changes what is known of a scenario, in one transaction.
  /// - Returns: what `change` returned.
  func update<Result: Sendable>(
    _ id: ScenarioID, _ change: @escaping @Sendable (inout ScenarioState) -> Result
  ) async throws(StoreError) -> Result

  /// An operator has seen that bundles were lost, which is no longer told then. It is in the audit.
  /// - Parameter count: how many the operator was told of; what was lost since goes on being told.
  /// - Returns: how many are no longer told.
  /// - Throws: `notFound`; `unfit` when nothing was lost that nobody has acknowledged.
  func acknowledgeLoss(
    of id: ScenarioID, count: Int, author: String, date: Instant
  ) async throws(StoreError) -> Int

  /// Follows the clock of the machine. Where it was set back, what waits for a pause to be over would
  /// wait for as much longer: planned retries are brought forward by that, and `change` says what it
  /// means for a scenario. It is done once, whoever of several programs looks first.
  /// - Parameter change: is told by how many seconds it was set; less than 0.
  /// - Returns: by how many seconds the clock was set since somebody looked last; 0 where it was not.
  func followClock(
    _ change: @escaping @Sendable (inout ScenarioState, _ seconds: Int) -> Void
  ) async throws(StoreError) -> Int
}

extension ScenarioStore {
  /// The clock of a store that is only in memory is never set.
  public func followClock(
    _ change: @escaping @Sendable (inout ScenarioState, _ seconds: Int) -> Void
  ) async throws(StoreError) -> Int { 0 }
}

/// That a scenario came to have a blueprint.
public struct BlueprintVersion: Sendable, Hashable {
  /// The number, from 1 for the first one of its scenario.
  public let number: Int
  /// When the scenario came to have it; of times before that was noted, when it ran with it first.
  public let created: Instant

  /// A version.
  public init(number: Int, created: Instant) {
    self.number = number
    self.created = created
  }
}

/// A scenario as a list shows it.
public struct ScenarioRow: Sendable, Hashable {
  /// The number.
  public let id: ScenarioID
  /// The name.
  public let name: String
  /// What is known of it.
  public let state: ScenarioState
  /// Its records that are neither resolved nor deleted.
  public let openRecords: Int
  /// Their size, in bytes.
  public let openBytes: Int
  /// Until when workers hold executions of it that are no retries; nil when none runs.
  public let runsUntil: Instant?
  /// Whether it is processed in order, as its blueprint of today says.
  public let isSequential: Bool
  /// Its retries that workers hold now, of whatever worker and whoever started them.
  public let retrying: Int
  /// What it lost and no operator has acknowledged; nil when nothing.
  public let lost: LostBundles?

  /// A row of these parts.
  public init(
    id: ScenarioID, name: String, state: ScenarioState, openRecords: Int, openBytes: Int,
    runsUntil: Instant?, isSequential: Bool, retrying: Int = 0, lost: LostBundles? = nil
  ) {
    self.id = id
    self.name = name
    self.state = state
    self.openRecords = openRecords
    self.openBytes = openBytes
    self.runsUntil = runsUntil
    self.isSequential = isSequential
    self.retrying = retrying
    self.lost = lost
  }

  /// Whether it waits for its open records before it runs again (semantics 5.9).
  public var isWaiting: Bool { isSequential && openRecords > 0 }
}

/// One run of a scenario.
public struct ExecutionSummary: Sendable, Hashable {
  /// The identity.
  public let id: String
  /// The scenario.
  public let scenario: ScenarioID
  /// What started it.
  public let origin: ExecutionOrigin
  /// The record it retries; nil for an ordinary run.
  public let retryOf: RecordID?
  /// The execution whose module called its scenario; nil where none did.
  public let caller: String?
  /// When it began.
  public let started: Instant
  /// When it ended.
  public var ended: Instant?
  /// How it stands.
  public var status: ExecutionStatus
  /// The operations performed (semantics 6.2.6).
  public var operations: Int
  /// How often a filter stopped a bundle. A run that did little may owe that to one (semantics P37).
  public var filtered = 0
  /// What its scenario calls it (`scenario-service:NameExecution`); nil where it has no name.
  public var name: String?
  /// What its scenario gave back to whoever started it (`scenario-service:ReturnData`); nil where it
  /// gave nothing. It is for whoever waits now; the journal has it as what the module emitted.
  public var returned: Collection?
  /// The incomplete executions it stored.
  public var stored: [RecordID]
  /// When Break directives with automatic completion took failures, one after the other, at the end
  /// of the run (semantics 4.4.6).
  public var breakFailures: [Instant] = []
  /// Whether a bundle went through before those failures.
  public var hadSuccess = false
  /// Whether it was interrupted before it had taken anything in: nothing of it is kept, and a start that
  /// was planned is to be made again.
  public var hadNothing = false
  /// The failure that ended it, when one did.
  public var error: ModuleError?
  /// The module that failed then.
  public var failedModule: ModuleID?
  /// Whether the store had no room for a bundle, which ended the run.
  public var storeWasFull = false
  /// Bundles that were given up because the store had no room for them (semantics 3.4, row 10). They
  /// are counted with the end of the run: while that is not on the disk, nothing is lost.
  public var lost = 0
  /// Why there was no room for the last of them.
  public var lossReason = ""
  /// Whether it ended in this worker only: the disk of the store was full, and what is left of it
  /// becomes an incomplete execution when there is room (durability 5).
  public var isLeftOpen: Bool { storeWasFull && consequence == nil }
  /// What modules and the engine warned of.
  public var warnings: [String]
  /// What follows for the scenario, when the run was rolled back.
  public var consequence: FailureDecision.Consequence?
  /// Whether the event it was started by goes back to its queue: nothing else has its bundles.
  public var returnsEvent = false
  /// Records of a cycle that was given up and whose bundles the trigger gives again: they go into the
  /// bin when the execution ends (semantics 7.5).
  public var withdrawn: [RecordID] = []
  /// Records of a cycle that was given up which stay, because nobody else has their bundles, and what
  /// was written to data stores for them before they were stored is undone (semantics 7.5).
  public var undone: [RecordID] = []
  /// The failure of a type that needs a person (`ErrorType.Row.stopsRun`) which was stored and stopped
  /// the run.
  public var needsPerson: ErrorType?

  /// How long it took, in milliseconds; nil while it runs.
  public var duration: Int64? { ended.map { $0.milliseconds - started.milliseconds } }

  /// A run that has just begun.
  public init(
    id: String, scenario: ScenarioID, origin: ExecutionOrigin = .manual,
    retryOf: RecordID? = nil, caller: String? = nil, started: Instant
  ) {
    self.id = id
    self.scenario = scenario
    self.origin = retryOf == nil ? origin : .retry
    self.retryOf = retryOf
    self.caller = caller
    self.started = started
    status = .running
    operations = 0
    stored = []
    warnings = []
  }
}

/// What started a run. Only runs that nobody started by hand count towards deactivation
/// (semantics 5.5).
public enum ExecutionOrigin: String, Sendable, CaseIterable {
  /// Somebody, by hand.
  case manual
  /// The schedule of the scenario.
  case scheduled
  /// An event of an instant trigger, such as a webhook.
  case instant
  /// A retry of an incomplete execution.
  case retry
  /// A module of another scenario.
  case called

  /// Whether nobody started it by hand, so that its failures count for its scenario (semantics 5.5).
  public var startsByItself: Bool {
    switch self {
    case .scheduled, .instant, .called: true
    case .manual, .retry: false
    }
  }
}

/// How a run stands. The worst thing that happened decides (semantics 1.3).
public enum ExecutionStatus: String, Sendable, CaseIterable, Comparable {
  /// It has not ended.
  case running
  /// Everything was processed, or handled by a directive that says so.
  case success
  /// Something was stored for later, or a module warned.
  case warning
  /// It failed.
  case error

  /// Worse is greater.
  public static func < (left: ExecutionStatus, right: ExecutionStatus) -> Bool {
    let order = ExecutionStatus.allCases
    return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
  }
}
