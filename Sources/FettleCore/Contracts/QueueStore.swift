/// Where webhooks are known.
public protocol HookStore: Sendable {
  /// Every webhook with its queue, by number.
  func hooks() async throws(StoreError) -> [HookRow]

  /// The webhook of an address; nil where there is none.
  func hook(at address: String) async throws(StoreError) -> Hook?

  /// The webhook of a scenario; nil where it has none.
  func hook(of scenario: ScenarioID) async throws(StoreError) -> Hook?

  /// Makes a webhook known.
  /// - Parameter number: the number a blueprint names it by; nil takes the next free one.
  /// - Returns: the webhook.
  /// - Throws: `unfit` when the number is taken, or the scenario has a webhook already.
  func addHook(
    number: HookID?, address: String, scenario: ScenarioID?, settings: HookSettings
  ) async throws(StoreError) -> Hook

  /// Changes a webhook: its scenario and its settings.
  /// - Throws: `notFound`.
  func change(_ hook: Hook) async throws(StoreError)

  /// Removes a webhook with the events that wait in its queue. Those an execution has go on.
  /// - Returns: how many events went with it.
  /// - Throws: `notFound`.
  func removeHook(_ id: HookID) async throws(StoreError) -> Int
}

/// A webhook and its queue.
public struct HookRow: Sendable, Hashable {
  /// The webhook.
  public let hook: Hook
  /// The name of its scenario.
  public let scenarioName: String?
  /// Events that wait.
  public let waiting: Int
  /// Events an operator set aside.
  public let parked: Int

  /// A webhook and its queue.
  public init(hook: Hook, scenarioName: String?, waiting: Int, parked: Int) {
    self.hook = hook
    self.scenarioName = scenarioName
    self.waiting = waiting
    self.parked = parked
  }
}

/// Where events wait. An event has exactly one owner at any time: the queue, an execution, an operator
/// who set it aside.
public protocol QueueStore: Sendable {
  /// Adds an event to its queue. When this returns, the event survives a power cut.
  /// - Returns: its number.
  /// - Throws: `queueFull`, `notFound` when the webhook is gone.
  func enqueue(_ event: NewEvent) async throws(StoreError) -> Int

  /// Takes the oldest waiting events of a scenario and opens an execution of each, in one transaction.
  /// Of a scenario that is processed in order it takes one.
  /// - Parameters:
  ///   - executions: what the executions are opened with: as many events are taken at most.
  ///   - permits: asked in the transaction whether events may be taken now.
  /// - Returns: nothing when none waits, or they may not be taken.
  func take(
    of scenario: ScenarioID, as executions: [NewExecution],
    permits: @escaping @Sendable (ScenarioRow) -> Bool
  ) async throws(StoreError) -> [TakenEvent]

  /// The scenarios for which events wait.
  func scenariosWithEvents() async throws(StoreError) -> [ScenarioID]

  /// Events of a webhook, oldest first, without their bundles.
  func events(
    of hook: HookID, after number: Int, limit: Int
  ) async throws(StoreError) -> [QueuedEvent]

  /// An event with its bundles.
  /// - Throws: `notFound`.
  func event(_ number: Int) async throws(StoreError) -> QueuedEvent

  /// Sets an event aside, or puts it back to its place in the queue.
  /// - Parameter bundles: what it is from now on; nil leaves it as it came.
  /// - Returns: the event as it is then, without its bundles; the next moment it may be processed.
  /// - Throws: `notFound`; `unfit` when an execution has it.
  @discardableResult
  func setEvent(
    _ number: Int, parked: Bool, bundles: [Bundle]?
  ) async throws(StoreError) -> QueuedEvent

  /// Throws an event away.
  /// - Throws: `notFound`; `unfit` when an execution has it.
  func dropEvent(_ number: Int) async throws(StoreError)
}

/// What an execution is opened with, beside its bundles.
public struct NewExecution: Sendable {
  /// The identity.
  public let id: String
  /// When it begins.
  public let started: Instant
  /// What its random numbers follow from.
  public let seed: UInt64
  /// The worker.
  public let worker: String
  /// Until when the worker may be silent.
  public let lease: Instant

  /// An execution that is about to begin.
  public init(id: String, started: Instant, seed: UInt64, worker: String, lease: Instant) {
    self.id = id
    self.started = started
    self.seed = seed
    self.worker = worker
    self.lease = lease
  }
}
