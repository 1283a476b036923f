import FettleCore
import FettleSQLite
import Synchronization

/// The real store as a worker sees it that dies at one of its writes: just before it, or just after
/// it reached the disk. From then on nothing the worker does has an effect.
final class MortalStore: IncompleteStore, ExecutionJournal {
  private enum Fate { case lives, diesBefore, diesAfter, isDead }

  private struct Life {
    var writesLeft: Int
    let diesAfterWrite: Bool
  }

  private let store: SQLiteStore
  private let life: Mutex<Life>

  init(_ store: SQLiteStore, writesLeft: Int, diesAfterWrite: Bool) {
    self.store = store
    life = Mutex(Life(writesLeft: writesLeft, diesAfterWrite: diesAfterWrite))
  }

  /// Whether it has died.
  var isDead: Bool { life.withLock { $0.writesLeft < 0 } }

  private static let death = StoreError.failed("the worker is dead")

  private func write<Result>(
    _ body: () async throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    let fate = life.withLock { life -> Fate in
      if life.writesLeft < 0 { return .isDead }
      life.writesLeft -= 1
      return life.writesLeft >= 0 ? .lives : life.diesAfterWrite ? .diesAfter : .diesBefore
    }
    switch fate {
    case .lives: return try await body()
    case .diesAfter:
      _ = try await body()
      throw Self.death
    case .diesBefore, .isDead: throw Self.death
    }
  }

  private func read<Result>(
    _ body: () async throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    if isDead { throw Self.death }
    return try await body()
  }

  // MARK: Writes

  func add(_ record: IncompleteExecution) async throws(StoreError) -> Int {
    try await write { () async throws(StoreError) in try await store.add(record) }
  }

  func append(
    _ edits: [BundleEdit], to id: RecordID, version: Int
  ) async throws(StoreError) -> Int {
    try await write { () async throws(StoreError) in
      try await store.append(edits, to: id, version: version)
    }
  }

  func move(
    _ id: RecordID, version: Int?, _ changes: [RecordChange]
  ) async throws(StoreError) -> IncompleteExecution {
    try await write { () async throws(StoreError) in
      try await store.move(id, version: version, changes)
    }
  }

  func open(
    _ opening: ExecutionOpening, claiming claim: RecordMove?
  ) async throws(StoreError) -> ScenarioState {
    try await write { () async throws(StoreError) in
      try await store.open(opening, claiming: claim)
    }
  }

  func append(
    _ entries: [JournalEntry], records: [IncompleteExecution], changes: [DataChange],
    to execution: String, by worker: String, lease: Instant, isConfidential: Bool
  ) async throws(StoreError) {
    try await write { () async throws(StoreError) in
      try await store.append(
        entries, records: records, changes: changes, to: execution, by: worker, lease: lease,
        isConfidential: isConfidential)
    }
  }

  func close(
    _ summary: ExecutionSummary, _ entries: [JournalEntry], outcome: RecordMove?,
    noting: (@Sendable (inout ScenarioState) -> Void)?, by worker: String, isConfidential: Bool
  ) async throws(StoreError) -> ScenarioState? {
    try await write { () async throws(StoreError) in
      try await store.close(
        summary, entries, outcome: outcome, noting: noting, by: worker,
        isConfidential: isConfidential)
    }
  }

  func takeOver(
    by worker: String, now: Instant, lease: Instant, limit: Int, except living: Set<String>
  ) async throws(StoreError) -> [String] {
    try await write { () async throws(StoreError) in
      try await store.takeOver(
        by: worker, now: now, lease: lease, limit: limit, except: living)
    }
  }

  func releaseExpiredLeases(now: Instant) async throws(StoreError) -> [RecordID] {
    try await write { () async throws(StoreError) in
      try await store.releaseExpiredLeases(now: now)
    }
  }

  // MARK: What is not counted

  func renewLease(of execution: String, by worker: String, until: Instant) async throws(StoreError)
  {
    try await read { () async throws(StoreError) in
      try await store.renewLease(of: execution, by: worker, until: until)
    }
  }

  func mark() async throws(StoreError) -> StoreMark {
    try await read { () async throws(StoreError) in try await store.mark() }
  }

  func page(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] {
    try await read { () async throws(StoreError) in
      try await store.page(filter, request, limit: limit)
    }
  }

  func search(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int, effort: Int
  ) async throws(StoreError) -> SearchStretch {
    try await read { () async throws(StoreError) in
      try await store.search(filter, request, limit: limit, effort: effort)
    }
  }

  func summaries(of ids: [RecordID]) async throws(StoreError) -> [IncompleteSummary] {
    try await read { () async throws(StoreError) in try await store.summaries(of: ids) }
  }

  func blueprint(ofExecution id: String) async throws(StoreError) -> Blueprint {
    try await read { () async throws(StoreError) in
      try await store.blueprint(ofExecution: id)
    }
  }

  func audit(
    _ filter: AuditFilter, _ request: ListRequest<AuditPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<AuditEntry, AuditPlace> {
    try await read { () async throws(StoreError) in
      try await store.audit(filter, request, limit: limit, effort: effort)
    }
  }

  func auditCount() async throws(StoreError) -> Int {
    try await read { () async throws(StoreError) in try await store.auditCount() }
  }

  func auditAuthors() async throws(StoreError) -> [String] {
    try await read { () async throws(StoreError) in try await store.auditAuthors() }
  }

  func auditFields(ofNewest count: Int) async throws(StoreError) -> [String] {
    try await read { () async throws(StoreError) in try await store.auditFields(ofNewest: count) }
  }

  func failedModule(of id: RecordID) async throws(StoreError) -> ModuleNode? {
    try await read { () async throws(StoreError) in try await store.failedModule(of: id) }
  }

  func purge(deletedBefore instant: Instant) async throws(StoreError) -> Int {
    try await read { () async throws(StoreError) in
      try await store.purge(deletedBefore: instant)
    }
  }

  func purge(_ id: RecordID) async throws(StoreError) {
    try await read { () async throws(StoreError) in try await store.purge(id) }
  }

  func groups(
    _ filter: GroupFilter, _ request: ListRequest<GroupPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ErrorGroupCount, GroupPlace> {
    try await read { () async throws(StoreError) in
      try await store.groups(filter, request, limit: limit, effort: effort)
    }
  }

  func groupCount() async throws(StoreError) -> Int {
    try await read { () async throws(StoreError) in try await store.groupCount() }
  }

  func failureNames() async throws(StoreError) -> FailureNames {
    try await read { () async throws(StoreError) in try await store.failureNames() }
  }

  func counts() async throws(StoreError) -> RecordCounts {
    try await read { () async throws(StoreError) in try await store.counts() }
  }

  func record(_ id: RecordID) async throws(StoreError) -> IncompleteExecution {
    try await read { () async throws(StoreError) in try await store.record(id) }
  }

  func identify(_ digits: String) async throws(StoreError) -> RecordID {
    try await read { () async throws(StoreError) in try await store.identify(digits) }
  }

  func scenariosWithDue(at now: Instant) async throws(StoreError) -> [ScenarioID] {
    try await read { () async throws(StoreError) in try await store.scenariosWithDue(at: now) }
  }

  func due(
    at now: Instant, of scenario: ScenarioID, inOrder: Bool, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] {
    try await read { () async throws(StoreError) in
      try await store.due(at: now, of: scenario, inOrder: inOrder, limit: limit)
    }
  }

  func earliestRetry(after instant: Instant) async throws(StoreError) -> Instant? {
    try await read { () async throws(StoreError) in
      try await store.earliestRetry(after: instant)
    }
  }

  func oldestOpen(of scenario: ScenarioID) async throws(StoreError) -> RecordID? {
    try await read { () async throws(StoreError) in try await store.oldestOpen(of: scenario) }
  }

  func amend(
    _ id: RecordID, version: Int, _ amendment: Amendment
  ) async throws(StoreError) -> Int {
    try await write { () async throws(StoreError) in
      try await store.amend(id, version: version, amendment)
    }
  }

  func note(_ note: RecordNote, on id: RecordID) async throws(StoreError) {
    try await write { () async throws(StoreError) in try await store.note(note, on: id) }
  }

  func notes(of id: RecordID) async throws(StoreError) -> [RecordNote] {
    try await read { () async throws(StoreError) in try await store.notes(of: id) }
  }

  func keep(_ draft: KeptDraft) async throws(StoreError) {
    try await write { () async throws(StoreError) in try await store.keep(draft) }
  }

  func drafts(of id: RecordID, by author: String) async throws(StoreError) -> [KeptDraft] {
    try await read { () async throws(StoreError) in try await store.drafts(of: id, by: author) }
  }

  func takeDraft(
    of id: RecordID, by author: String, from session: String, to other: String
  ) async throws(StoreError) -> KeptDraft? {
    try await write { () async throws(StoreError) in
      try await store.takeDraft(of: id, by: author, from: session, to: other)
    }
  }

  func dropDraft(
    of id: RecordID, by author: String, in session: String, upTo sequence: Int
  ) async throws(StoreError) {
    try await write { () async throws(StoreError) in
      try await store.dropDraft(of: id, by: author, in: session, upTo: sequence)
    }
  }

  func keep(_ text: KeptText) async throws(StoreError) {
    try await write { () async throws(StoreError) in try await store.keep(text) }
  }

  func keptTexts(of id: RecordID?, by author: String) async throws(StoreError) -> [KeptText] {
    try await read { () async throws(StoreError) in
      try await store.keptTexts(of: id, by: author)
    }
  }

  func replaceBlueprint(
    of id: RecordID, with blueprint: Blueprint, failer: ModuleID, version: Int, author: String,
    date: Instant
  ) async throws(StoreError) -> Int {
    try await write { () async throws(StoreError) in
      try await store.replaceBlueprint(
        of: id, with: blueprint, failer: failer, version: version, author: author, date: date)
    }
  }

  func executions(
    _ filter: ExecutionFilter, _ request: ListRequest<ExecutionPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ExecutionRow, ExecutionPlace> {
    try await read { () async throws(StoreError) in
      try await store.executions(filter, request, limit: limit, effort: effort)
    }
  }

  func executions(numbered numbers: [Int]) async throws(StoreError) -> [ExecutionRow] {
    try await read { () async throws(StoreError) in
      try await store.executions(numbered: numbers)
    }
  }

  func executionCount(_ filter: ExecutionFilter) async throws(StoreError) -> Int? {
    try await read { () async throws(StoreError) in try await store.executionCount(filter) }
  }

  func interrupted(_ execution: String) async throws(StoreError) -> InterruptedExecution {
    try await read { () async throws(StoreError) in try await store.interrupted(execution) }
  }

  func entries(of execution: String) async throws(StoreError) -> [JournalEntry] {
    try await read { () async throws(StoreError) in try await store.entries(of: execution) }
  }

  func execution(_ prefix: String) async throws(StoreError) -> ExecutionRow {
    try await read { () async throws(StoreError) in try await store.execution(prefix) }
  }

  func askToStop(_ execution: String, by author: String) async throws(StoreError) {
    try await write { () async throws(StoreError) in
      try await store.askToStop(execution, by: author)
    }
  }

  func stopRequests(of worker: String) async throws(StoreError) -> [String: String] {
    try await read { () async throws(StoreError) in try await store.stopRequests(of: worker) }
  }

  func prune(endedBefore instant: Instant) async throws(StoreError) -> Int {
    try await read { () async throws(StoreError) in try await store.prune(endedBefore: instant) }
  }

  func pruneOldest() async throws(StoreError) -> Int {
    try await read { () async throws(StoreError) in try await store.pruneOldest() }
  }

  func usedBytes() async throws(StoreError) -> Int {
    try await read { () async throws(StoreError) in try await store.usedBytes() }
  }
}
