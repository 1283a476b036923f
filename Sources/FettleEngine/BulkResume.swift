public import FettleCore

extension OperatorDesk {
  /// Runs many records on, a few at a time.
  /// - Parameters:
  ///   - width: how many at once, at most; of one scenario never more than three (semantics 5.3).
  ///   - isStopped: asked before each record; what was begun is finished.
  ///   - report: told the outcome of each record, in the order they end.
  /// - Returns: how many were run.
  @discardableResult public func resume(
    _ ids: [RecordID], width: Int = 3, isStopped: @escaping @Sendable () -> Bool = { false },
    report: @escaping @Sendable (RecordID, Result<ResumeReport, StoreError>) async -> Void
  ) async -> Int {
    // What dead workers left may be among them; a failure to look is met again by each record.
    _ = try? await takeOverInterrupted()
    return await withTaskGroup(of: Void.self) { group in
      var begun = 0
      for id in ids {
        if isStopped() { break }
        if begun >= max(1, width) { await group.next() }
        begun += 1
        group.addTask {
          do throws(StoreError) {
            await report(
              id, .success(try await self.resumeNow(id, version: nil, trigger: .bulk)))
          } catch { await report(id, .failure(error)) }
        }
      }
      return begun
    }
  }

  /// Gives a record the blueprint its scenario has today (semantics 5.6.3).
  /// - Returns: the new version.
  /// - Throws: `failed` with every reason why the record cannot go on with it; nothing was changed.
  public func adoptCurrentBlueprint(
    _ id: RecordID, version: Int?
  ) async throws(StoreError) -> Int {
    let record = try await store.record(id)
    return try await replaceBlueprint(
      of: id, with: try await currentBlueprint(for: record), version: version)
  }

  /// The blueprint the scenario of a record has today, with which the record can go on.
  /// - Throws: `unfit` with every reason why it cannot.
  func currentBlueprint(
    for record: IncompleteExecution
  ) async throws(StoreError) -> Blueprint {
    guard let current = try await runner.scenarios.blueprint(of: record.summary.scenarioID) else {
      throw .unfit(
        "no blueprint of \(record.summary.scenarioName) is kept; run it once, or fettle schedule it"
      )
    }
    try check(record, goesOnWith: current)
    return current
  }

  private func check(
    _ record: IncompleteExecution, goesOnWith blueprint: Blueprint
  ) throws(StoreError) {
    let obstacles = record.obstacles(toRunningOnWith: blueprint)
    guard obstacles.isEmpty else {
      throw .unfit(
        "record \(record.id.short) cannot go on with that blueprint: "
          + obstacles.joined(separator: "; "))
    }
  }

  /// Gives a record another blueprint, and perhaps another module to go on at.
  /// - Returns: the new version.
  public func replaceBlueprint(
    of id: RecordID, with blueprint: Blueprint, failer: ModuleID? = nil, version: Int?
  ) async throws(StoreError) -> Int {
    var record = try await store.record(id)
    if let failer { record.summary.failer = failer }
    try check(record, goesOnWith: blueprint)
    return try await store.replaceBlueprint(
      of: id, with: blueprint, failer: record.summary.failer,
      version: version ?? record.summary.version, author: author, date: runner.clock.now())
  }
}
