extension IncompleteExecution {
  /// The record after a move: what a store holds once it has made it.
  /// - Throws: when the record's state does not allow the move.
  public func moved(by change: RecordChange) throws(IllegalMove) -> IncompleteExecution {
    // What a retry completed would be done twice; what was removed is not there to go on with.
    if change.event == .reopened, closingReason == nil || summary.seal == .removed {
      throw IllegalMove(state: summary.state, event: change.event)
    }
    var record = self
    record.summary.state = try summary.state.after(change.event)
    record.summary.version += 1
    record.summary.nextRetry = change.nextRetry
    if let attempt = change.attempt {
      record.attempts.append(attempt)
      record.summary.attempts += 1
    }
    if let error = change.error {
      record.error = error
      record.summary.errorType = error.type
      record.summary.reason = error.message
    }
    record.mappedInput = change.mappedInput ?? mappedInput
    if let rest = change.rest { record.takeUp(rest) }
    if change.event != .claimed {
      record.closingReason =
        change.event.opensAgain ? nil : change.reason ?? closingReason
    }
    record.successor = change.successors.first?.id ?? successor
    record.former = change.event == .claimed ? summary : nil
    record.claimedBy = change.event == .claimed ? change.trigger : nil
    if record.summary.state == .resolved, summary.seal == .sealed { record.removeData() }
    return record
  }

  /// Goes on where a retry left the aggregation; what was edited before is in the bundles.
  private mutating func takeUp(_ rest: IncompleteExecution) {
    summary.failer = rest.summary.failer
    summary.failerTitle = rest.summary.failerTitle
    summary.errorType = rest.summary.errorType
    summary.reason = rest.summary.reason
    summary.size = rest.summary.size
    summary.plannedAttempts = rest.summary.plannedAttempts
    error = rest.error
    originalBundles = rest.originalBundles
    settledEdits = edits.count
    mappedInput = rest.mappedInput
    variables = rest.variables
    continuation = rest.continuation
    visits = rest.visits
    schedule = rest.schedule
  }

  /// What resolving does to a confidential record: who did what to it, and when, stays (semantics
  /// D28).
  private mutating func removeData() {
    summary.seal = .removed
    error = error.withheld
    summary.reason = error.message
    originalBundles = VisibleBundles()
    edits = edits.map {
      BundleEdit(path: $0.path, old: nil, new: nil, author: $0.author, date: $0.date)
    }
    mappedInput = .null
    variables = Variables()
    continuation = []
  }
}
