public import FettleCore

/// What becomes of the bundles on which a confidential scenario fails (semantics D28).
public enum Confidentiality: String, Sendable, CaseIterable {
  /// They are stored sealed, and removed when they are resolved.
  case sealed
  /// Nothing is stored: a failure rolls the run back, as if storing incomplete executions were not
  /// allowed, and what the trigger can give again is processed from the start.
  case strict
}

/// Runs scenarios: what it needs, put together once by the program.
public struct ScenarioRunner: Sendable {
  /// The modules that can be run.
  public let modules: ModuleRegistry
  /// Where incomplete executions go.
  public let store: any IncompleteStore
  /// Where scenarios and executions are known.
  public let scenarios: any ScenarioStore
  /// Where executions write down what they do.
  public let journal: any ExecutionJournal
  /// Where data stores are read.
  public let dataStores: any DataStoreReader
  /// Time, chance and identities.
  public let clock: any RunClock
  /// The zone of dates without one, as an IANA name (expression-language 11.1).
  public let timeZone: String
  /// When stored failures of the types that retry by themselves are tried again.
  public let retrySchedule: RetrySchedule
  /// How long runs and operations may take.
  public let limits: RunLimits
  /// How long this worker may stay silent before others take over what it runs, in seconds
  /// (durability 3).
  public let leaseSeconds: Int
  /// What opens connections before a run and before a retry; nil where modules have none.
  public var connections: (any ConnectionOpening)?
  /// Which product counts where Fusion and Make disagree.
  public var profile = Profile.fusion
  /// Whether `DuplicateDataError` is stored as `DataError` is, instead of failing the execution (D3).
  public var treatsDuplicatesAsData = false
  /// What the status 500 of a service means that says no more: `RuntimeError`, which is not stored, or
  /// `ConnectionError` for services that are flaky (semantics 2.5).
  public var internalServerError = ErrorType.runtime
  /// Whether failures of confidential scenarios are kept.
  public var confidentiality = Confidentiality.sealed
  /// What tells this worker from others on the same store.
  public let worker: String
  /// What makes this worker stop after the operations that run now.
  public let brake = Brake()
  let stops = StopRequests()
  let living = LivingExecutions()
  let plans = FlowPlans()
  let called = CalledRuns()
  let turns = Turns()

  /// A runner whose store keeps everything.
  public init(
    modules: ModuleRegistry,
    store: any IncompleteStore & ScenarioStore & ExecutionJournal & DataStoreReader,
    clock: any RunClock = SystemClock(), timeZone: String = "UTC",
    retrySchedule: RetrySchedule = .fusion, limits: RunLimits = RunLimits(), leaseSeconds: Int = 30
  ) {
    self.init(
      modules: modules, store: store, scenarios: store, journal: store, dataStores: store,
      clock: clock, timeZone: timeZone, retrySchedule: retrySchedule, limits: limits,
      leaseSeconds: leaseSeconds)
  }

  /// A runner of these parts.
  public init(
    modules: ModuleRegistry, store: any IncompleteStore, scenarios: any ScenarioStore,
    journal: any ExecutionJournal, dataStores: any DataStoreReader,
    clock: any RunClock = SystemClock(), timeZone: String = "UTC",
    retrySchedule: RetrySchedule = .fusion, limits: RunLimits = RunLimits(), leaseSeconds: Int = 30
  ) {
    self.modules = modules
    self.store = store
    self.scenarios = scenarios
    self.journal = journal
    self.dataStores = dataStores
    self.clock = clock
    self.timeZone = timeZone
    self.retrySchedule = retrySchedule
    self.limits = limits
    self.leaseSeconds = max(1, leaseSeconds)
    worker = clock.uuid()
  }

  /// Runs a scenario once.
  /// - Parameters:
  ///   - given: the bundles the first module emits, where that is a trigger; nil lets the trigger
  ///     say itself what there is.
  ///   - origin: what started it.
  /// - Returns: how the run went. A failure of the scenario is a result, not an error.
  /// - Throws: `notItsTurn` where the scenario is processed in order and a run of it is under way, or
  ///   something of it is open; or when the store cannot keep what must not be lost.
  public func run(
    _ blueprint: Blueprint, given: [Bundle]? = nil, origin: ExecutionOrigin = .manual
  ) async throws(StoreError) -> ExecutionSummary {
    try await runNoting(blueprint, given: given, origin: origin).summary
  }

  /// Runs a scenario once.
  /// - Returns: how the run went, and what is known of the scenario then.
  func runNoting(
    _ blueprint: Blueprint, given: [Bundle]? = nil, origin: ExecutionOrigin
  ) async throws(StoreError) -> (summary: ExecutionSummary, state: ScenarioState) {
    let scenario = try await scenarios.scenario(named: blueprint.name)
    var opening = opening(
      ExecutionSummary(
        id: clock.uuid(), scenario: scenario, origin: origin, started: clock.now()),
      of: blueprint, given: given)
    opening.isInOrder = blueprint.settings.sequential
    let state = try await journal.open(opening, claiming: nil)
    return try await run(opening, state)
  }

  /// Runs an execution that was opened. What its end means for its scenario is noted with it, where
  /// nobody started it by hand.
  /// - Parameters:
  ///   - state: what was known of the scenario when the execution was opened.
  ///   - answer: takes what the scenario answers the sender of its event.
  ///   - callers: the executions that wait for it, the outermost first.
  ///   - generation: how many calls lie behind it that nobody waits for.
  ///   - walked: told when no module is at work any more, before the end is on the disk.
  /// - Returns: how the run went, and what is known of the scenario then.
  func run(
    _ opening: ExecutionOpening, _ state: ScenarioState,
    answer: (@Sendable (HookAnswer) -> Void)? = nil, callers: [Caller] = [], generation: Int = 0,
    walked: (@Sendable () async -> Void)? = nil
  ) async throws(StoreError) -> (summary: ExecutionSummary, state: ScenarioState) {
    try await keepingLease(of: opening.execution.id) { () throws(StoreError) in
      var cycle = Cycle(
        runner: self, blueprint: opening.blueprint, execution: opening.execution, state: state,
        journal: RunJournal(opening, of: self), callers: callers, generation: generation)
      cycle.answer = answer
      do throws(StoreError) {
        try await cycle.run(given: opening.given)
        await walked?()
        let summary = cycle.closed()
        let noted = try await cycle.journal.close(
          summary, noting: change(after: summary, of: opening.blueprint, knowing: state))
        return (summary, noted ?? state)
      } catch .full(let reason) {
        // Nothing is lost: the execution stays open, and what it had not got to is taken over as
        // soon as there is room.
        cycle.execution.storeWasFull = true
        cycle.losses = []
        cycle.fail(
          ModuleError(
            .outOfSpace,
            "the store has no room (\(reason)); what is left of the run becomes an incomplete execution "
              + "when there is room"), of: nil)
        var summary = cycle.closed()
        summary.returnsEvent = false
        return (summary, await noteLeftOpen(summary, of: opening.blueprint, knowing: state))
      }
    }
  }

  /// Waits for the runs that modules called without waiting for them. A program does before it ends:
  /// they would be taken over by the next one otherwise, as incomplete executions.
  /// - Parameter waiting: told how many there are, where there are any.
  public func finishCalled(waiting: (Int) -> Void = { _ in }) async {
    let count = called.count
    if count > 0 { waiting(count) }
    await called.finish()
  }

  /// Takes over executions whose worker is gone, and gives back records it held: first they are put
  /// under a lease of this worker, ten thousand in one transaction; then the journal of each is
  /// walked through, and what is left of it becomes an incomplete execution.
  /// - Parameter onClaim: told how many were put under a lease, before they are walked through.
  /// - Returns: how those executions ended.
  public func takeOverInterrupted(
    author: String = "fettle", onClaim: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws(StoreError) -> [ExecutionSummary] {
    try await TakeOver(runner: self, author: author, onClaim: onClaim).run()
  }

  func opening(
    _ execution: ExecutionSummary, of blueprint: Blueprint, given: [Bundle]?
  ) -> ExecutionOpening {
    var opening = ExecutionOpening(
      execution: execution, blueprint: blueprint, given: given, seed: clock.uuid().seed,
      worker: worker, lease: clock.now().advanced(bySeconds: leaseSeconds))
    if given == nil, execution.retryOf == nil, let first = blueprint.flow.first,
      let descriptor = modules.descriptor(of: first.type)
    {
      opening.isAlone = descriptor.kind == .trigger && descriptor.effect == .read
    }
    return opening
  }

  /// Runs `body` while saying, from time to time, that this worker is alive.
  func keepingLease<Result>(
    of execution: String, _ body: () async throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    let heartbeat = Watch.shared.begin(
      after: .milliseconds(leaseSeconds * 333), repeating: true
    ) {
      Task {
        // A failure is found by the next entry; a lost lease refuses it.
        let until = clock.now().advanced(bySeconds: leaseSeconds)
        try? await journal.renewLease(of: execution, by: worker, until: until)
      }
    }
    living.begin(execution)
    stops.begin { try? await journal.stopRequests(of: worker) }
    defer {
      Watch.shared.end(heartbeat)
      stops.end(execution)
      living.end(execution)
    }
    return try await body()
  }
}

extension String {
  /// FNV-1a of its bytes.
  var seed: UInt64 {
    utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
