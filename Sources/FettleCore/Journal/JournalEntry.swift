/// One line of an execution's journal. The state of an execution is what its entries say, and
/// nothing else: history shows them, and after a crash they are walked through again to find the
/// place where it stopped (durability 2).
public struct JournalEntry: Sendable, Hashable {
  /// The position in the journal of its execution, from 1.
  public let number: Int
  /// The module.
  public let module: ModuleID
  /// When. Expressions between this entry and the next see this instant as `now`, so that a walk
  /// through the journal decides what the run decided.
  public let date: Instant
  /// What happened.
  public let step: Step
  /// Whether the entry before it is the beginning of the same operation, with the same input.
  public let followsBegun: Bool

  /// What can happen to an operation.
  public enum Step: Sendable, Hashable {
    /// It is about to do something that cannot simply be done again. On disk before it does.
    case begun(input: Value, effect: EffectClass)
    /// It ended and gave an output.
    case finished(input: Value, output: OperationOutput)
    /// It failed.
    case failed(input: Value, error: ModuleError)
    /// A bundle did not pass the filter of the module, and went no further on this way.
    case filteredOut(FilterRefusal)
    /// The changes of the cycle were carried out. Stands under module 0.
    case committed
    /// The changes of the cycle were given up. Stands under module 0.
    case rolledBack
  }

  /// What entries about a whole cycle stand under.
  public static let cycle = ModuleID(0)

  /// An entry of these parts.
  public init(
    number: Int, module: ModuleID, date: Instant, step: Step, followsBegun: Bool = false
  ) {
    self.followsBegun = followsBegun
    self.number = number
    self.module = module
    self.date = date
    self.step = step
  }

  /// What the module was given.
  public var input: Value {
    switch step {
    case .begun(let input, _), .finished(let input, _), .failed(let input, _): input
    case .filteredOut, .committed, .rolledBack: .null
    }
  }
}

/// What is known of an execution before its first operation: enough to walk through it again.
public struct ExecutionOpening: Sendable, Hashable {
  /// The execution.
  public let execution: ExecutionSummary
  /// The blueprint it runs.
  public let blueprint: Blueprint
  /// The bundles the first module was given; nil when the trigger says itself what there is.
  public let given: [Bundle]?
  /// What every random number of the run follows from.
  public let seed: UInt64
  /// The worker that runs it.
  public let worker: String
  /// How long the worker may stay silent.
  public let lease: Instant
  /// Whether its data is sealed while it runs and forgotten when it ends (semantics D28). A retry of
  /// a sealed record is, whatever its blueprint says today.
  public var isConfidential: Bool
  /// An address that wants to be told how it ended; nil where nobody does.
  public var callBack: String?
  /// Whether no other run of its scenario may be under way that asks the trigger too: both would be given
  /// the same, as how far a trigger has read is noted at the end.
  public var isAlone = false
  /// Whether it is a run of a scenario that is processed in order: it is opened only where no other run of
  /// that is under way and nothing of it is open (semantics 5.9).
  public var isInOrder = false
  /// The start of a schedule that it is; nil where nothing was planned.
  public var start: PlannedStart?

  /// An opening of these parts.
  public init(
    execution: ExecutionSummary, blueprint: Blueprint, given: [Bundle]?, seed: UInt64,
    worker: String, lease: Instant
  ) {
    self.execution = execution
    self.blueprint = blueprint
    self.given = given
    self.seed = seed
    self.worker = worker
    self.lease = lease
    isConfidential = blueprint.settings.confidential
  }
}

/// A start that was planned. It is taken, and the next one planned, with the opening of its execution: of
/// several workers one gets it, and none is lost between the two.
public struct PlannedStart: Sendable, Hashable {
  /// When it was planned for, as it was read.
  public let date: Instant?
  /// The zone of the times of a scenario that has none of its own, as an IANA name.
  public let zone: String

  /// A start of these parts.
  public init(date: Instant?, zone: String) {
    self.date = date
    self.zone = zone
  }
}

/// An execution whose worker is gone, with what its journal says.
public struct InterruptedExecution: Sendable, Hashable {
  /// How it began.
  public var opening: ExecutionOpening
  /// What it did, in order.
  public let entries: [JournalEntry]

  /// An execution of these parts.
  public init(opening: ExecutionOpening, entries: [JournalEntry]) {
    self.opening = opening
    self.entries = entries
  }
}

/// One change of a data store, made by a transactional module. It is kept in the journal and carried
/// out in the same transaction as the entry that says so: exactly once (durability 2).
public enum DataChange: Sendable, Hashable {
  /// The record of a key is written.
  case put(store: String, key: String, record: Collection)
  /// The record of a key is written where there is none; anything else refuses the transaction with
  /// `duplicateKey`.
  case add(store: String, key: String, record: Collection)
  /// The record of a key is written where it still is what it was read as, nil for none; anything
  /// else refuses the transaction with `dataChanged`.
  case replace(store: String, key: String, old: Collection?, record: Collection)
  /// The record of a key is removed.
  case remove(store: String, key: String)
  /// Every record is removed.
  case clear(store: String)

  /// The data store.
  public var store: String {
    switch self {
    case .put(let store, _, _), .add(let store, _, _), .replace(let store, _, _, _),
      .remove(let store, _), .clear(let store):
      store
    }
  }
}
