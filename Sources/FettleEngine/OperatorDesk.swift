public import FettleCore

/// Everything an operator can do with incomplete executions. The terminal, the command and later the
/// API reach the engine through it, so that each of them can do the same and nothing else.
public struct OperatorDesk: Sendable {
  let store: any IncompleteStore
  let runner: ScenarioRunner
  let author: String
  /// What can be done with the store, and what of it is seen.
  public let access: StoreAccess

  /// A desk for one operator.
  /// - Parameter author: the name that stands beside every change in the audit.
  public init(
    store: any IncompleteStore, runner: ScenarioRunner, author: String,
    access: StoreAccess = .writable
  ) {
    self.store = store
    self.runner = runner
    self.author = author
    self.access = access
  }

  /// A part of the list, in its order.
  public func page(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] {
    await takeOverIfPossible()
    return try await store.page(filter, request, limit: limit)
  }

  /// Looks whether anything changed: between two equal marks nothing did. Executions whose worker died are
  /// taken over before.
  public func look() async throws(StoreError) -> StoreMark {
    await takeOverIfPossible()
    return try await store.mark()
  }

  /// What there is to tell where nothing is incomplete.
  public func lookBack() async throws(StoreError) -> LookBack {
    let all = RecordFilter(states: Set(IncompleteState.allCases))
    let last = try await store.page(all, .first, limit: 1).first
    var notStoring: [String] = []
    for scenario in try await scenarios() {
      guard let blueprint = try await blueprint(of: scenario.id),
        !blueprint.settings.storesIncompleteExecutions
      else { continue }
      notStoring.append(scenario.name)
    }
    return LookBack(last: last, notStoring: notStoring)
  }

  /// One stretch of a search through the data; the next one goes on at its end.
  public func search(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int, effort: Int
  ) async throws(StoreError) -> SearchStretch {
    try await store.search(filter, request, limit: limit, effort: effort)
  }

  /// The summaries of those records that still exist, in no order.
  public func summaries(of ids: [RecordID]) async throws(StoreError) -> [IncompleteSummary] {
    try await store.summaries(of: ids)
  }

  /// A stretch of the groups of records that failed for the same reason, in its order.
  public func groups(
    _ filter: GroupFilter, _ request: ListRequest<GroupPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ErrorGroupCount, GroupPlace> {
    try await store.groups(filter, request, limit: limit, effort: effort)
  }

  /// How many groups there are.
  public func groupCount() async throws(StoreError) -> Int { try await store.groupCount() }

  /// The names of modules and the kinds of failures that records had.
  public func failureNames() async throws(StoreError) -> FailureNames {
    try await store.failureNames()
  }

  /// A stretch of the audit of all records, in its order.
  public func audit(
    _ filter: AuditFilter, _ request: ListRequest<AuditPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<AuditEntry, AuditPlace> {
    try await store.audit(filter, request, limit: limit, effort: effort)
  }

  /// How many lines the audit has.
  public func auditCount() async throws(StoreError) -> Int { try await store.auditCount() }

  /// Who did something that the audit tells of.
  public func auditAuthors() async throws(StoreError) -> [String] {
    try await store.auditAuthors()
  }

  /// The places that were changed last, for the completion of filters.
  public func auditFields() async throws(StoreError) -> [String] {
    // In a few milliseconds, however many there are.
    try await store.auditFields(ofNewest: 20_000)
  }

  /// The module a record failed at, of the record's own blueprint.
  public func failedModule(of id: RecordID) async throws(StoreError) -> ModuleNode? {
    try await store.failedModule(of: id)
  }

  /// Removes a record from the bin for good.
  public func purge(_ id: RecordID) async throws(StoreError) { try await store.purge(id) }

  /// The executions of a scenario, or of all, newest first.
  public func executions(
    of scenario: ScenarioID?, limit: Int
  ) async throws(StoreError) -> [ExecutionRow] {
    try await runner.journal.executions(of: scenario, limit: limit)
  }

  /// A stretch of the history, in its order.
  public func executions(
    _ filter: ExecutionFilter, _ request: ListRequest<ExecutionPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ExecutionRow, ExecutionPlace> {
    try await runner.journal.executions(filter, request, limit: limit, effort: effort)
  }

  /// Those of these executions that still exist, in no order.
  public func executions(numbered numbers: [Int]) async throws(StoreError) -> [ExecutionRow] {
    try await runner.journal.executions(numbered: numbers)
  }

  /// How many executions a filter lets through, where counters tell.
  public func executionCount(_ filter: ExecutionFilter) async throws(StoreError) -> Int? {
    try await runner.journal.executionCount(filter)
  }

  /// The execution whose identity begins with these characters.
  public func execution(_ prefix: String) async throws(StoreError) -> ExecutionRow {
    try await runner.journal.execution(prefix)
  }

  /// Asks an execution to stop: its worker finishes the operation that runs and keeps the rest as
  /// incomplete executions that wait for an operator.
  /// - Throws: `notFound`; `unfit` when it has ended already.
  public func stop(execution id: String) async throws(StoreError) {
    try await runner.journal.askToStop(id, by: author)
  }

  /// The blueprint an execution runs.
  public func blueprint(ofExecution id: String) async throws(StoreError) -> Blueprint {
    try await runner.journal.blueprint(ofExecution: id)
  }

  /// The blueprint a scenario has today; nil when it has none.
  public func blueprint(of scenario: ScenarioID) async throws(StoreError) -> Blueprint? {
    try await runner.scenarios.blueprint(of: scenario)
  }

  /// Lets a scenario start by itself, or no longer.
  /// - Throws: `unfit` with what would not work (semantics 8.4).
  public func activate(_ isActive: Bool, _ scenario: ScenarioID) async throws(StoreError) {
    if isActive {
      try await runner.activate(scenario)
    } else {
      try await runner.deactivate(scenario)
    }
  }

  /// Says that this operator has seen how many bundles a scenario lost; they are no longer told of.
  /// - Parameter count: how many the operator was told of. What was lost since is told next.
  /// - Returns: how many are no longer told of.
  /// - Throws: `unfit` when nothing was lost that nobody has acknowledged.
  public func acknowledgeLoss(
    of scenario: ScenarioID, count: Int
  ) async throws(StoreError) -> Int {
    try await runner.scenarios.acknowledgeLoss(
      of: scenario, count: count, author: author, date: runner.clock.now())
  }

  /// The oldest record of a scenario that is neither resolved nor deleted: the one a scenario that
  /// is processed in order waits for.
  public func oldestOpen(of scenario: ScenarioID) async throws(StoreError) -> RecordID? {
    try await store.oldestOpen(of: scenario)
  }

  /// The scenarios, by name.
  public func scenarios() async throws(StoreError) -> [ScenarioRow] {
    try await runner.scenarios.scenarios()
  }

  /// Takes over what workers left that are gone (durability 3). Every look at the records does.
  /// - Returns: how those executions ended.
  public func takeOverInterrupted() async throws(StoreError) -> [ExecutionSummary] {
    try await runner.takeOverInterrupted(author: author)
  }

  /// The number of records, by what they wait for.
  public func counts() async throws(StoreError) -> RecordCounts { try await store.counts() }

  /// A record with all it holds.
  public func record(_ id: RecordID) async throws(StoreError) -> IncompleteExecution {
    await takeOverIfPossible()
    return try await store.record(id)
  }

  /// Looking must not fail because nothing can be written: what was left is taken over by a later
  /// look.
  private func takeOverIfPossible() async {
    guard access == .writable else { return }
    _ = try? await takeOverInterrupted()
  }

  /// The record whose identity begins with these digits.
  public func identify(_ digits: String) async throws(StoreError) -> RecordID {
    try await store.identify(digits)
  }

  /// Appends edits to a record.
  /// - Parameter version: the version the operator has seen.
  /// - Returns: the new version.
  public func append(
    _ edits: [BundleEdit], to id: RecordID, version: Int
  ) async throws(StoreError) -> Int {
    try await store.append(edits, to: id, version: version)
  }

  /// An edit by this operator, made now, of bundles that already carry the earlier ones.
  /// - Throws: why there is no such place.
  public func edit(
    _ value: Value?, at path: ValuePath, of bundles: inout VisibleBundles
  ) throws(BundleEditError) -> BundleEdit {
    try bundles.write(value, at: path, author: author, date: runner.clock.now())
  }

  /// What a resume would do, without doing it.
  /// - Parameter bundles: the bundles as the operator wants them.
  public func check(_ record: IncompleteExecution, bundles: VisibleBundles) -> ResumeCheck {
    ResumeCheck(record: record, bundles: bundles, runner: runner)
  }

  /// Runs a record on from its failed module, with its bundles and every edit.
  /// - Parameters:
  ///   - version: the version the operator has seen; nil takes the record as it is.
  ///   - substitute: the output of the failed module, where the operator knows it; the module is
  ///     not run then.
  /// - Throws: why nothing was run.
  public func resume(
    _ id: RecordID, version: Int?, trigger: AttemptTrigger, substitute: Bundle? = nil
  ) async throws(StoreError) -> ResumeReport {
    _ = try await takeOverInterrupted()
    return try await resumeNow(id, version: version, trigger: trigger, substitute: substitute)
  }

  /// The same, without looking for what others left.
  func resumeNow(
    _ id: RecordID, version: Int?, trigger: AttemptTrigger, substitute: Bundle? = nil
  ) async throws(StoreError) -> ResumeReport {
    let record = try await store.record(id)
    // What may have arrived is sent again only on the explicit word of an operator.
    if trigger != .manual, substitute == nil, record.error.stage == .inDoubt { throw .inDoubt(id) }
    return try await Resume(runner: runner, store: store, author: author)
      .run(record, version: version, trigger: trigger, substitute: substitute)
  }

  /// Closes a record without running it.
  /// - Parameter reason: why, in the operator's words.
  public func close(
    _ id: RecordID, version: Int?, reason: String
  ) async throws(StoreError) -> IncompleteExecution {
    try await move(id, version: version, .closed, reason: reason)
  }

  /// Puts a record into the bin.
  public func delete(_ id: RecordID, version: Int?) async throws(StoreError) -> IncompleteExecution
  {
    try await move(id, version: version, .deleted)
  }

  /// Takes a record out of the bin, back to what it waited for.
  public func restore(_ id: RecordID, version: Int?) async throws(StoreError) -> IncompleteExecution
  {
    try await openAgain(id, version: version, .restored)
  }

  /// Takes back that a record was closed; it waits again for what it waited for.
  /// - Throws: `refused` when a retry resolved it, `unfit` when its data is gone.
  public func reopen(_ id: RecordID, version: Int?) async throws(StoreError) -> IncompleteExecution
  {
    try await openAgain(id, version: version, .reopened)
  }

  /// Opens a record again. One that was retried by itself is again: who takes a slip back has not
  /// turned that off, and nobody would look at it.
  private func openAgain(
    _ id: RecordID, version: Int?, _ event: IncompleteEvent
  ) async throws(StoreError) -> IncompleteExecution {
    let record = try await store.record(id)
    let date = runner.clock.now()
    var changes = [RecordChange(event, author: author, date: date)]
    if record.error.stage != .inDoubt, try await wasPending(id) {
      changes.append(
        RecordChange(
          .autoRetryTurnedOn, nextRetry: nextRetry(of: record), author: author, date: date))
    }
    // Of the record as it was read, so that nobody's move comes between.
    return try await store.move(id, version: version ?? record.summary.version, changes)
  }

  /// Whether a record waited for its next automatic attempt before it was closed or deleted.
  private func wasPending(_ id: RecordID) async throws(StoreError) -> Bool {
    for note in try await store.notes(of: id).reversed() {
      switch IncompleteEvent(rawValue: note.event) {
      case .failedWithAttemptsLeft, .interruptedWhilePending, .autoRetryTurnedOn: return true
      case .finished, .failedElsewhere, .failedForGood, .interruptedWhileUnresolved,
        .autoRetryTurnedOff, .restored, .reopened:
        return false
      case .claimed, .closed, .deleted, nil: continue
      }
    }
    // Nothing but that befell it: it waits as it was stored.
    return try await store.record(id).summary.plannedAttempts > 0
  }

  /// Turns the automatic retry of a record on or off.
  public func setAutoRetry(
    _ isOn: Bool, of id: RecordID, version: Int?
  ) async throws(StoreError) -> IncompleteExecution {
    guard isOn else { return try await move(id, version: version, .autoRetryTurnedOff) }
    let record = try await store.record(id)
    // It would be refused each time it is due: what may have arrived only an operator sends again.
    if record.error.stage == .inDoubt { throw .inDoubt(id) }
    return try await move(
      id, version: version, .autoRetryTurnedOn, nextRetry: nextRetry(of: record))
  }

  /// When a record is retried whose automatic retry is turned on now.
  private func nextRetry(of record: IncompleteExecution) -> Instant {
    // A record stored without a plan is given the usual one, from its beginning.
    let pauses = record.schedule.pauses.isEmpty ? RetrySchedule.fusion : record.schedule
    let next = min(record.summary.attempts + 1, pauses.pauses.count)
    return runner.clock.now().advanced(bySeconds: pauses.pause(before: next) ?? 0)
  }

  /// What a module accepts; nil when Fettle cannot run it.
  public func descriptor(of module: ModuleNode) -> ModuleDescriptor? {
    runner.modules.descriptor(of: module.type)
  }

  private func move(
    _ id: RecordID, version: Int?, _ event: IncompleteEvent, reason: String? = nil,
    nextRetry: Instant? = nil
  ) async throws(StoreError) -> IncompleteExecution {
    try await store.move(
      id, version: version,
      RecordChange(
        event, nextRetry: nextRetry, reason: reason, author: author, date: runner.clock.now()))
  }
}

/// The true outcome of a retry: of the run, not of the request.
public struct ResumeReport: Sendable, Hashable {
  /// The record after the retry.
  public let record: IncompleteExecution
  /// What came of it.
  public let outcome: Attempt.Outcome
  /// The execution it was.
  public let execution: ExecutionSummary
  /// How long it took, in milliseconds.
  public let milliseconds: Int

  /// A report of these parts.
  public init(
    record: IncompleteExecution, outcome: Attempt.Outcome, execution: ExecutionSummary,
    milliseconds: Int
  ) {
    self.record = record
    self.outcome = outcome
    self.execution = execution
    self.milliseconds = milliseconds
  }
}

/// What an operator asks where nothing is incomplete: whether all is well, or whether nobody would know.
public struct LookBack: Sendable, Hashable {
  /// What was stored last, whatever became of it; nil when nothing ever was.
  public let last: IncompleteSummary?
  /// The names of the scenarios whose blueprint of today does not store what fails.
  public let notStoring: [String]

  /// What was found.
  public init(last: IncompleteSummary?, notStoring: [String]) {
    self.last = last
    self.notStoring = notStoring
  }
}
