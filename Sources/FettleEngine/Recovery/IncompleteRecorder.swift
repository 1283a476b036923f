import FettleCore

extension Cycle {
  /// Stores what is left of a failed bundle's traversal.
  /// - Parameters:
  ///   - schedule: when Fettle tries again by itself; no pauses, when it does not.
  ///   - owed: the pieces of work that leave the run with the bundle, outermost first.
  ///   - isRest: whether it is the aggregation that the record in hand waits for, which goes on
  ///     standing for it.
  mutating func store(
    _ failure: Failure, schedule: RetrySchedule, owed: [OwedFrame], isRest: Bool = false
  ) async throws(StoreError) {
    let now = journal.now
    let pause = schedule.pause(before: 1, asked: failure.error.retryAfterSeconds ?? 0)
    let bundles = failure.sight
    // What nothing further out could see is not kept.
    let owed = Array(owed.drop { if case .hidden = $0 { true } else { false } })
    var record = IncompleteExecution(
      summary: IncompleteSummary(
        id: RecordID(journal.chance.uuid().filter { $0 != "-" }), scenarioID: execution.scenario,
        scenarioName: blueprint.name, index: 0, executionID: execution.id,
        failer: failure.module.id, failerTitle: failure.module.title,
        errorType: failure.error.type, reason: failure.error.message, created: now,
        size: bundles.storedSize + blueprint.storedSize,
        state: pause == nil ? .unresolved : .pending,
        nextRetry: pause.map { now.advanced(bySeconds: $0) },
        plannedAttempts: schedule.pauses.count),
      error: failure.error, blueprint: blueprint, originalBundles: bundles,
      mappedInput: failure.input, variables: variables, continuation: owed,
      // What a retry did not come to again did what the record tells of it.
      visits: blueprint.allModules.compactMap { visits[$0.id] ?? retried?.visit(of: $0.id) },
      schedule: schedule,
      predecessor: retried?.id)
    if journal.opening.isConfidential { record.summary.seal = .sealed }
    if isRest {
      rest = record
      return
    }
    if retried != nil {
      // Stored together with the outcome of the retry, so that the bundle never has two owners.
      continuations.append(record)
    } else {
      // In one transaction with the entries that led to it: whoever walks through the journal
      // comes to this record again, or to none.
      try await journal.flush(records: [record])
    }
    execution.stored.append(record.id)
  }
}

extension VisibleBundles {
  /// The size of the bundles in their stored form, in bytes.
  var storedSize: Int {
    entries.reduce(0) { $0 + ValueCodec.encode(.collection($1.bundle)).count }
  }
}

extension Blueprint {
  /// The size of the export, in bytes.
  var storedSize: Int { json.count }
}
