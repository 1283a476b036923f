import FettleCore

extension Cycle {
  /// Stores what is left of a failed bundle's traversal.
  /// - Parameters:
  ///   - schedule: when Fettle tries again by itself; no pauses, when it does not.
  ///   - stopsRun: whether the bundles that the run does not get to belong to the record.
  mutating func store(
    _ failure: Failure, schedule: RetrySchedule, stopsRun: Bool
  ) async throws(StoreError) {
    // Without a stop, the record owes what lies below the point where bundles split; the rest is
    // still the run's. With one, everything up to the trigger.
    let owed = stopsRun ? frames[...] : frames[((frames.lastIndex { $0.splits } ?? -1) + 1)...]
    let now = runner.clock.now()
    let pause = schedule.pause(before: 1, asked: failure.error.retryAfterSeconds ?? 0)
    let bundles = failure.sight.visible
    let record = IncompleteExecution(
      summary: IncompleteSummary(
        id: runner.clock.recordID(), scenarioID: execution.scenario,
        scenarioName: blueprint.name, index: 0, executionID: execution.id,
        failer: failure.module.id, failerTitle: failure.module.title,
        errorType: failure.error.type, reason: failure.error.message, created: now,
        size: bundles.storedSize + blueprint.storedSize,
        state: pause == nil ? .unresolved : .pending,
        nextRetry: pause.map { now.advanced(bySeconds: $0) },
        plannedAttempts: schedule.pauses.count),
      error: failure.error, blueprint: blueprint, originalBundles: bundles,
      mappedInput: failure.input, variables: variables, continuation: owed.map(\.owed),
      visits: blueprint.allModules.compactMap { visits[$0.id] }, schedule: schedule,
      predecessor: retried?.id)
    if retried != nil {
      // Stored together with the outcome of the retry, so that the bundle never has two owners.
      continuations.append(record)
    } else {
      _ = try await runner.store.add(record)
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
  var storedSize: Int { JSONWriter.bytes(.collection(document)).count }
}
