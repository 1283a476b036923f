public import FettleCore

/// Changing what a record goes on with: its bundles, its variables, the mapping of its module, the place.
extension OperatorDesk {
  /// Makes changes of bundles, variables and mappings, and of what the record goes on with and where,
  /// all of them or none.
  /// - Parameters:
  ///   - drafts: the changes, in order.
  ///   - version: the version the operator has seen.
  ///   - alsoInScenario: whether changes of mappings are made in the blueprint the scenario has today
  ///     too.
  ///   - takingTodaysBlueprint: whether the record goes on with that blueprint (semantics 5.6.3);
  ///     changes of mappings are made in it.
  ///   - restart: another module to go on at; nil leaves it where it is.
  /// - Returns: the new version.
  /// - Throws: `unfit` when a change does not fit, `changedMeanwhile`, `refused`; nothing was
  ///   written then.
  public func amend(
    _ id: RecordID, version: Int, _ drafts: [Draft], alsoInScenario: Bool = false,
    takingTodaysBlueprint: Bool = false, restart: ModuleID? = nil
  ) async throws(StoreError) -> Int {
    var record = try await store.record(id)
    let date = runner.clock.now()
    var amendment = Amendment(author: author, date: date)
    var bundles = record.editable
    if takingTodaysBlueprint { record.blueprint = try await currentBlueprint(for: record) }
    var blueprint = record.blueprint
    var former: Blueprint?
    var today: Blueprint?
    let changesMapping = drafts.contains { $0.target == .mapping }
    if changesMapping, alsoInScenario {
      guard let known = try await runner.scenarios.blueprint(of: record.summary.scenarioID) else {
        throw .unfit(
          "no blueprint of \(record.summary.scenarioName) is kept, so that only this record can be "
            + "changed")
      }
      (former, today) = (known, known)
    }
    do {
      for draft in drafts {
        switch draft.target {
        case .bundle:
          amendment.edits.append(
            try bundles.write(draft.value, at: draft.path, author: author, date: date))
        case .mapping:
          amendment.mappings.append(
            MappingEdit(
              path: draft.path, old: blueprint.mapping(at: draft.path), new: draft.value,
              isInScenario: alsoInScenario, author: author, date: date))
          blueprint = try blueprint.replacingMapping(at: draft.path, with: draft.value)
          if let known = today {
            guard known.module(draft.path.module)?.type == blueprint.module(draft.path.module)?.type
            else {
              throw StoreError.unfit(
                "module \(draft.path.module) is another one in the blueprint "
                  + "\(record.summary.scenarioName) has today; change this record only")
            }
            today = try known.replacingMapping(at: draft.path, with: draft.value)
          }
        }
      }
    } catch let error as StoreError { throw error } catch { throw .unfit("\(error)") }
    if changesMapping || takingTodaysBlueprint { amendment.blueprint = blueprint }
    if let former, let today {
      amendment.inScenario = Amendment.InScenario(from: former, to: today)
    }
    record.blueprint = blueprint
    if let restart { amendment.restart = try self.restart(at: restart, of: record) }
    return try await store.amend(id, version: version, amendment)
  }

  /// What it takes for a record to go on at another module.
  private func restart(
    at module: ModuleID, of record: IncompleteExecution
  ) throws(StoreError) -> Amendment.Restart {
    guard record.restartPoints.contains(module) else {
      let points = record.restartPoints.map(\.description).joined(separator: ", ")
      throw .unfit(
        "record \(record.id.short) cannot go on at module \(module); it can at \(points). Beyond that "
          + "other bundles of the run would be processed again")
    }
    return Amendment.Restart(module: module, continuation: record.continuation(from: module))
  }

  /// What going on at another module would do again.
  public struct RestartForecast: Sendable, Hashable {
    /// The module.
    public let module: ModuleID
    /// The modules that ran for this bundle and would run again, in order.
    public let repeated: [ModuleID]
    /// Those of them that would change the world a second time.
    public let repeatedEffects: [ModuleID]

    /// A forecast of these parts.
    public init(module: ModuleID, repeated: [ModuleID], repeatedEffects: [ModuleID]) {
      self.module = module
      self.repeated = repeated
      self.repeatedEffects = repeatedEffects
    }
  }

  /// The modules a record can go on at, in order, and what each would do again.
  public func restartForecasts(of record: IncompleteExecution) -> [RestartForecast] {
    let points = record.restartPoints
    let scope = runner.scope(of: record, record.bundles)
    return points.map { start in
      let from = (record.blueprint.path(to: record.summary.failer) ?? []).map(\.module.id)
      let position = from.firstIndex(of: start) ?? 0
      let repeated = Array(from[position...].dropLast())
      return RestartForecast(
        module: start, repeated: repeated,
        repeatedEffects: repeated.filter { id in
          guard let module = record.blueprint.module(id),
            let effect = runner.effect(of: module, in: scope)
          else { return true }
          return effect == .effect
        })
    }
  }

  /// Where a record should go on whose earlier writes to data stores were undone with its cycle: the
  /// first module on its way that takes part in commit and rollback (semantics 7.5).
  /// - Returns: nil where nothing was undone, or the record goes on there already.
  public func restartAfterRollback(
    of record: IncompleteExecution
  ) async throws(StoreError) -> ModuleID? {
    let notes = try await store.notes(of: record.id)
    guard notes.contains(where: { $0.event == RecordNote.rolledBack }) else { return nil }
    let first = record.restartPoints.first { id in
      record.blueprint.module(id).flatMap(descriptor(of:))?.effect == .transactional
    }
    return first == record.summary.failer ? nil : first
  }

  /// Lets a record go on at another module.
  /// - Returns: the new version.
  /// - Throws: `unfit` when it cannot go on there.
  public func moveRestart(
    of id: RecordID, to module: ModuleID, version: Int
  ) async throws(StoreError) -> Int {
    try await amend(id, version: version, [], restart: module)
  }

  /// The blueprint the scenario of a record has today, and why the record cannot go on with it.
  public func todaysBlueprint(
    for record: IncompleteExecution
  ) async throws(StoreError) -> (blueprint: Blueprint, obstacles: [String])? {
    guard let blueprint = try await runner.scenarios.blueprint(of: record.summary.scenarioID)
    else { return nil }
    return (blueprint, record.obstacles(toRunningOnWith: blueprint))
  }

  /// Notes in the audit that this operator looked at the value of a secret field.
  public func noteReveal(of place: String, in id: RecordID) async throws(StoreError) {
    try await store.note(
      RecordNote(RecordNote.revealed, detail: place, author: author, date: runner.clock.now()),
      on: id)
  }

  /// The moves of a record's life and the lines added to its audit, oldest first.
  public func notes(of id: RecordID) async throws(StoreError) -> [RecordNote] {
    try await store.notes(of: id)
  }

  /// What an execution did, operation by operation, as people may see it: without what feeds fields that
  /// its modules call secret.
  public func entries(of execution: String) async throws(StoreError) -> [JournalEntry] {
    let journal = runner.journal
    let entries = try await journal.entries(of: execution)
    guard !entries.isEmpty else { return entries }
    let blueprint = try await journal.blueprint(ofExecution: execution)
    let places = blueprint.secretPlaces { runner.modules.descriptor(of: $0) }
    var known: [VisibleBundles.Entry] = []
    if !places.isEmpty, let first = blueprint.flow.first {
      known = try await journal.given(toExecution: execution).map {
        VisibleBundles.Entry(module: first.id, bundle: $0)
      }
    }
    if !places.isEmpty, let record = try await journal.execution(execution).summary.retryOf {
      // One that is not there any more leaves what the journal itself says.
      known += (try? await store.record(record).bundles.entries) ?? []
    }
    return entries.withoutSecrets(at: places, known: known) { module, input in
      blueprint.module(module).flatMap { runner.modules.descriptor(of: $0.type) }?.masked(input)
        ?? input
    }
  }

  /// Keeps what this operator has changed and not saved, so that it survives a crash.
  /// - Parameters:
  ///   - session: the program it is changed in.
  ///   - sequence: goes up with every change.
  public func keepDraft(
    _ drafts: [Draft], withheld: Int, of id: RecordID, session: String, version: Int, sequence: Int
  ) async throws(StoreError) {
    try await store.keep(
      KeptDraft(
        record: id, author: author, session: session, version: version, sequence: sequence,
        drafts: drafts, withheld: withheld, date: runner.clock.now()))
  }

  /// The drafts of this operator for a record, in any session, the newest first.
  public func drafts(of id: RecordID) async throws(StoreError) -> [KeptDraft] {
    try await store.drafts(of: id, by: author)
  }

  /// Makes a draft of this operator in one session that of another, in which it is gone on with.
  /// - Returns: the draft; nil when it is not there any more, or when the other has one already.
  public func takeDraft(
    of id: RecordID, from session: String, to other: String
  ) async throws(StoreError) -> KeptDraft? {
    try await store.takeDraft(of: id, by: author, from: session, to: other)
  }

  /// Keeps what this operator is typing about a record, or about several; an empty text forgets it.
  /// - Parameters:
  ///   - session: the program it is typed in.
  ///   - sequence: goes up with every change.
  public func keepText(
    _ text: String, for purpose: KeptText.Purpose, at place: String, of id: RecordID?,
    session: String, sequence: Int
  ) async throws(StoreError) {
    try await store.keep(
      KeptText(
        record: id, author: author, session: session, sequence: sequence, purpose: purpose,
        place: place, text: text, date: runner.clock.now()))
  }

  /// What this operator was typing about a record; nil asks for what is about several.
  public func keptTexts(of id: RecordID?) async throws(StoreError) -> [KeptText] {
    try await store.keptTexts(of: id, by: author)
  }

  /// Forgets the draft of this operator in a session.
  public func dropDraft(
    of id: RecordID, in session: String, upTo sequence: Int
  ) async throws(StoreError) {
    try await store.dropDraft(of: id, by: author, in: session, upTo: sequence)
  }
}
