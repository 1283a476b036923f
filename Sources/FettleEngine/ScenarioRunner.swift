public import FettleCore

/// Runs scenarios: what it needs, put together once by the program.
public struct ScenarioRunner: Sendable {
  /// The modules that can be run.
  public let modules: ModuleRegistry
  /// Where incomplete executions go.
  public let store: any IncompleteStore
  /// Where scenarios and executions are known.
  public let scenarios: any ScenarioStore
  /// Time, chance and identities.
  public let clock: any RunClock
  /// The zone of dates without one, as an IANA name (expression-language 11.1).
  public let timeZone: String
  /// When stored failures of the types that retry by themselves are tried again.
  public let retrySchedule: RetrySchedule

  /// A runner of these parts.
  public init(
    modules: ModuleRegistry, store: any IncompleteStore, scenarios: any ScenarioStore,
    clock: any RunClock = SystemClock(), timeZone: String = "UTC",
    retrySchedule: RetrySchedule = .fusion
  ) {
    self.modules = modules
    self.store = store
    self.scenarios = scenarios
    self.clock = clock
    self.timeZone = timeZone
    self.retrySchedule = retrySchedule
  }

  /// Runs a scenario once.
  /// - Parameter given: the bundles the first module emits, where that is a trigger; nil lets the
  ///   trigger say itself what there is.
  /// - Returns: how the run went. A failure of the scenario is a result, not an error.
  /// - Throws: when the store cannot keep what must not be lost.
  public func run(
    _ blueprint: Blueprint, given: [Bundle]? = nil
  ) async throws(StoreError) -> ExecutionSummary {
    let scenario = try await scenarios.scenario(named: blueprint.name)
    let execution = ExecutionSummary(
      id: clock.uuid(), scenario: scenario, started: clock.now())
    try await scenarios.began(execution)
    var cycle = Cycle(runner: self, blueprint: blueprint, execution: execution)
    try await cycle.run(given: given)
    let summary = cycle.closed()
    try await scenarios.ended(summary)
    return summary
  }
}
