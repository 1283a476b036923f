/// Where scenarios and their executions are known.
public protocol ScenarioStore: Sendable {
  /// The scenario of that name; it is made known when it was not. The name is what a blueprint
  /// carries, so running an export again is running the same scenario.
  func scenario(named name: String) async throws(StoreError) -> ScenarioID
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
  /// When it began.
  public let started: Instant
  /// When it ended.
  public var ended: Instant?
  /// How it stands.
  public var status: ExecutionStatus
  /// The operations performed (semantics 6.2.6).
  public var operations: Int
  /// The incomplete executions it stored.
  public var stored: [RecordID]
  /// The failure that ended it, when one did.
  public var error: ModuleError?
  /// The module that failed then.
  public var failedModule: ModuleID?
  /// Whether the store had no room for a bundle, which ended the run.
  public var storeWasFull = false
  /// What modules and the engine warned of.
  public var warnings: [String]
  /// What follows for the scenario, when the run was rolled back.
  public var consequence: FailureDecision.Consequence?

  /// A run that has just begun.
  public init(
    id: String, scenario: ScenarioID, origin: ExecutionOrigin = .manual,
    retryOf: RecordID? = nil, started: Instant
  ) {
    self.id = id
    self.scenario = scenario
    self.origin = retryOf == nil ? origin : .retry
    self.retryOf = retryOf
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
