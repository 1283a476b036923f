/// An event that a webhook took in and nobody has processed yet.
public struct QueuedEvent: Sendable, Hashable {
  /// The number; events are processed in its order.
  public let number: Int
  /// The webhook.
  public let hook: HookID
  /// When it came.
  public let received: Instant
  /// The bundles it is; empty where only the queue is looked at.
  public var bundles: [Bundle]
  /// What it takes, in bytes.
  public var size: Int
  /// Where it is in its life.
  public var state: State
  /// Failures of its runs, one after the other, that were the same.
  public var failures: Int
  /// What the last of them was; nil when it has not failed.
  public var reason: String?
  /// The execution that has it.
  public var execution: String?

  /// Where an event is in its life. Exactly one of the queue, an execution and the operator has it.
  public enum State: String, Sendable, CaseIterable {
    /// In the queue.
    case waiting
    /// An execution has it.
    case taken
    /// An operator set it aside, so that those behind it go on (semantics 10, P36).
    case parked
  }

  /// An event of these parts.
  public init(
    number: Int, hook: HookID, received: Instant, bundles: [Bundle] = [], size: Int,
    state: State = .waiting, failures: Int = 0, reason: String? = nil, execution: String? = nil
  ) {
    self.number = number
    self.hook = hook
    self.received = received
    self.bundles = bundles
    self.size = size
    self.state = state
    self.failures = failures
    self.reason = reason
    self.execution = execution
  }

  /// Whether it has failed the same way often enough that an operator is offered to set it aside.
  public var keepsFailing: Bool { failures >= 2 }
}

/// An event on its way into the queue.
public struct NewEvent: Sendable {
  /// The webhook.
  public let hook: HookID
  /// When it came.
  public let received: Instant
  /// The bundles it is.
  public let bundles: [Bundle]
  /// The worker whose sender waits for the answer of the scenario: only that worker can give it.
  public let waiter: Waiter?

  /// Somebody who waits for an answer.
  public struct Waiter: Sendable, Hashable {
    /// What tells this sender from others of the same worker.
    public let ticket: String
    /// The worker.
    public let worker: String
    /// From then on any worker may take the event, and the answer is lost.
    public let until: Instant

    /// A sender that waits at a worker.
    public init(ticket: String, worker: String, until: Instant) {
      self.ticket = ticket
      self.worker = worker
      self.until = until
    }
  }

  /// An event of these parts.
  public init(hook: HookID, received: Instant, bundles: [Bundle], waiter: Waiter? = nil) {
    self.hook = hook
    self.received = received
    self.bundles = bundles
    self.waiter = waiter
  }
}

/// An event that left the queue: an execution has it now.
public struct TakenEvent: Sendable {
  /// The event.
  public let event: QueuedEvent
  /// What the execution begins with.
  public let opening: ExecutionOpening
  /// What is known of the scenario.
  public let state: ScenarioState
  /// Who waits for an answer at this worker; nil when nobody does.
  public let ticket: String?

  /// An event that left the queue.
  public init(event: QueuedEvent, opening: ExecutionOpening, state: ScenarioState, ticket: String?)
  {
    self.event = event
    self.opening = opening
    self.state = state
    self.ticket = ticket
  }
}

extension ScenarioRow {
  /// Whether an event may be taken from its queue now. One that is processed in order waits for its
  /// open records and for the run before (semantics 5.9); one whose service could not be reached
  /// waits for its time (semantics 5.2).
  public func takesEvents(at now: Instant) -> Bool {
    guard state.isActive, state.schedule?.isInstant == true else { return false }
    if let next = state.nextRun, next > now { return false }
    return !isSequential || openRecords == 0 && runsUntil == nil
  }
}
