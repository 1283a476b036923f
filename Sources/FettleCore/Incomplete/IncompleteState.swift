/// The life of an incomplete execution. Every change of state in the program is a row of `moves`.
public enum IncompleteState: String, CaseIterable, Sendable {
  /// Waits for its next automatic attempt.
  case pending
  /// Waits for the operator.
  case unresolved
  /// An attempt is running, in exactly one worker.
  case inProgress
  /// The rest of the flow was completed, or the operator closed the record with a reason.
  case resolved
  /// In the bin.
  case deleted

  /// The table of moves (durability 4, semantics 1.5).
  public static let moves: [(from: IncompleteState, on: IncompleteEvent, to: IncompleteState)] = [
    (.pending, .claimed, .inProgress),  // due, or the operator could not wait
    (.unresolved, .claimed, .inProgress),  // the operator only
    (.inProgress, .finished, .resolved),
    (.inProgress, .failedElsewhere, .resolved),  // a new record is linked to this one
    (.inProgress, .failedWithAttemptsLeft, .pending),
    (.inProgress, .failedForGood, .unresolved),
    (.inProgress, .interruptedWhilePending, .pending),  // a crash gives the former state back
    (.inProgress, .interruptedWhileUnresolved, .unresolved),
    (.pending, .autoRetryTurnedOff, .unresolved),
    (.unresolved, .autoRetryTurnedOn, .pending),
    (.pending, .closed, .resolved),
    (.unresolved, .closed, .resolved),
    (.pending, .deleted, .deleted),
    (.unresolved, .deleted, .deleted),
    (.resolved, .deleted, .deleted),
    (.deleted, .restored, .unresolved),
    (.resolved, .reopened, .unresolved),  // only what an operator closed
  ]

  /// The state after something happened.
  /// - Throws: what was tried from where, when the table has no such move.
  public func after(_ event: IncompleteEvent) throws(IllegalMove) -> IncompleteState {
    guard let move = Self.moves.first(where: { $0.from == self && $0.on == event }) else {
      throw IllegalMove(state: self, event: event)
    }
    return move.to
  }

  /// The state as a word in a list: one that says what the record waits for.
  public var word: String {
    switch self {
    case .pending: "WAIT"
    case .unresolved: "OPEN"
    case .inProgress: "RUN"
    case .resolved: "DONE"
    case .deleted: "BIN"
    }
  }

  /// The state as Make names it (semantics 1.5).
  public var name: String {
    switch self {
    case .pending: "pending"
    case .unresolved: "unresolved"
    case .inProgress: "in progress"
    case .resolved: "resolved"
    case .deleted: "deleted"
    }
  }
}

/// What can happen to an incomplete execution.
public enum IncompleteEvent: String, CaseIterable, Sendable {
  /// A worker took it to run it.
  case claimed
  /// The attempt completed the rest of the flow.
  case finished
  /// The attempt got past the failed module and failed at another.
  case failedElsewhere
  /// The attempt failed; another one is planned.
  case failedWithAttemptsLeft
  /// The attempt failed; none is planned.
  case failedForGood
  /// The worker died; the record had been waiting for its time.
  case interruptedWhilePending
  /// The worker died; the record had been waiting for the operator.
  case interruptedWhileUnresolved
  /// The operator does not want it retried by itself.
  case autoRetryTurnedOff
  /// The operator wants it retried by itself.
  case autoRetryTurnedOn
  /// The operator closed it without running it.
  case closed
  /// The operator put it into the bin.
  case deleted
  /// The operator took it out of the bin.
  case restored
  /// The operator took the closing back.
  case reopened
}

extension IncompleteEvent {
  /// Whether it gives a closed record back to the operator: what it was closed for no longer holds.
  public var opensAgain: Bool { self == .restored || self == .reopened }
}

/// Something was tried that the record's state does not allow.
public struct IllegalMove: Error, Hashable, Sendable, CustomStringConvertible {
  /// The state that was met.
  public let state: IncompleteState
  /// What was tried.
  public let event: IncompleteEvent

  /// That was tried in that state.
  public init(state: IncompleteState, event: IncompleteEvent) {
    self.state = state
    self.event = event
  }

  /// One sentence that says why not.
  public var description: String {
    switch (event, state) {
    case (_, .inProgress): "the record is being retried right now; wait for the outcome"
    case (.claimed, .resolved): "the record is resolved already; there is nothing left to run"
    case (.claimed, .deleted): "the record is in the bin; restore it first"
    case (.reopened, .resolved):
      "a retry resolved the record, nobody closed it; there is nothing to take back"
    default: "the record is \(state.name), which does not allow that"
    }
  }
}
