import FettleCore
import Synchronization

@testable import FettleTerminal

/// Incomplete executions in memory, with the order and the paging of a real store.
final class FakeStore: IncompleteStore {
  private let records: Mutex<[RecordID: IncompleteExecution]>
  /// How often somebody looked whether anything changed.
  private let looks = Mutex(0)

  init(_ records: [IncompleteExecution] = []) {
    self.records = Mutex(Dictionary(records.map { ($0.id, $0) }, uniquingKeysWith: { $1 }))
  }

  func add(_ record: IncompleteExecution) async throws(StoreError) -> Int {
    addNow(record)
    return records.withLock { $0.count }
  }

  func addNow(_ record: IncompleteExecution) { records.withLock { $0[record.id] = record } }

  func page(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] {
    pageNow(filter, request, limit: limit)
  }

  func pageNow(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int
  ) -> [IncompleteSummary] {
    let order = filter.order
    let all = records.withLock { Array($0.values) }.filter(filter.matches).map(\.summary)
      .sorted { order.precedes(RecordPlace($0, order), RecordPlace($1, order)) }
    switch request {
    case .first: return Array(all.prefix(limit))
    case .last: return Array(all.suffix(limit))
    case .after(let place):
      return Array(all.drop { !order.precedes(place, RecordPlace($0, order)) }.prefix(limit))
    case .before(let place):
      return Array(all.prefix { order.precedes(RecordPlace($0, order), place) }.suffix(limit))
    }
  }

  func search(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int, effort: Int
  ) async throws(StoreError) -> SearchStretch {
    searchNow(filter, request, limit: limit, effort: effort)
  }

  /// Looks at `effort` records as the real store does, so that a search takes several stretches.
  func searchNow(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int, effort: Int
  ) -> SearchStretch {
    var all = filter
    all.rules = all.rules.filter { !$0.readsData }
    let looked = pageNow(all, request, limit: effort)
    let found = looked.filter { row in recordNow(row.id).map(filter.matches) ?? false }
    return SearchStretch(
      records: Array(found.prefix(limit)), searched: looked.count,
      end: looked.count == effort ? looked.last.map { RecordPlace($0, filter.order) } : nil)
  }

  func summaries(of ids: [RecordID]) async throws(StoreError) -> [IncompleteSummary] {
    summariesNow(ids)
  }

  func summariesNow(_ ids: [RecordID]) -> [IncompleteSummary] {
    records.withLock { records in ids.compactMap { records[$0]?.summary } }
  }

  func audit(
    _ filter: AuditFilter, _ request: ListRequest<AuditPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<AuditEntry, AuditPlace> {
    ListStretch(rows: [], searched: 0, end: nil, isLookUp: true)
  }

  func auditCount() async throws(StoreError) -> Int { 0 }

  func auditAuthors() async throws(StoreError) -> [String] { [] }

  func auditFields(ofNewest count: Int) async throws(StoreError) -> [String] { [] }

  func failedModule(of id: RecordID) async throws(StoreError) -> ModuleNode? {
    try await record(id).failedModule
  }

  func purge(_ id: RecordID) async throws(StoreError) { _ = purgeNow(id) }

  func purge(deletedBefore instant: Instant) async throws(StoreError) -> Int { 0 }

  func purgeNow(_ id: RecordID) -> Bool {
    records.withLock { records in
      guard records[id]?.summary.state == .deleted else { return false }
      return records.removeValue(forKey: id) != nil
    }
  }

  func groups(
    _ filter: GroupFilter, _ request: ListRequest<GroupPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ErrorGroupCount, GroupPlace> {
    ListStretch(rows: groupsNow(), searched: 0, end: nil, isLookUp: true)
  }

  func groupCount() async throws(StoreError) -> Int { groupsNow().count }

  func failureNames() async throws(StoreError) -> FailureNames { FailureNames() }

  func groupsNow() -> [ErrorGroupCount] {
    let open = records.withLock { $0.values.map(\.summary) }
      .filter { RecordFilter().effectiveStates.contains($0.state) }
    return Dictionary(grouping: open) { ErrorGroup($0).fingerprint }.map { fingerprint, rows in
      ErrorGroupCount(
        fingerprint: fingerprint, errorType: rows[0].errorType, moduleTitle: rows[0].failerTitle,
        text: ErrorGroup(rows[0]).text, example: rows.max { $0.created < $1.created }?.reason,
        byState: Dictionary(grouping: rows, by: \.state).mapValues(\.count),
        newest: rows.map(\.created).max() ?? Instant(milliseconds: 0))
    }.sorted { ($0.records, $0.newest) > ($1.records, $1.newest) }
  }

  func mark() async throws(StoreError) -> StoreMark { markNow() }

  /// It is not noted when something is written: whoever looks looks again.
  func markNow() -> StoreMark {
    looks.withLock {
      $0 += 1
      return StoreMark(connection: 0, count: $0)
    }
  }

  func counts() async throws(StoreError) -> RecordCounts { countsNow() }

  func countsNow() -> RecordCounts {
    records.withLock { records in
      RecordCounts(
        byState: Dictionary(grouping: records.values, by: \.summary.state).mapValues(\.count))
    }
  }

  /// The names that occur in it.
  func vocabularyNow() -> IncompleteListState.Vocabulary {
    records.withLock { records in
      IncompleteListState.Vocabulary(
        scenarios: records.values.map(\.summary.scenarioName),
        modules: records.values.map(\.summary.failerTitle),
        errors: records.values.map(\.summary.errorType.shortName))
    }
  }

  func record(_ id: RecordID) async throws(StoreError) -> IncompleteExecution {
    guard let record = recordNow(id) else { throw .notFound("record \(id)") }
    return record
  }

  func recordNow(_ id: RecordID) -> IncompleteExecution? { records.withLock { $0[id] } }

  func identify(_ digits: String) async throws(StoreError) -> RecordID {
    let found = records.withLock { $0.keys.filter { $0.text.hasPrefix(digits) } }
    guard let first = found.first else { throw .notFound("record \(digits)") }
    guard found.count == 1 else { throw .ambiguous(digits, found.sorted()) }
    return first
  }

  func append(
    _ edits: [BundleEdit], to id: RecordID, version: Int
  ) async throws(StoreError) -> Int {
    try appendNow(edits, to: id, version: version).get()
  }

  func appendNow(
    _ edits: [BundleEdit], to id: RecordID, version: Int
  ) -> Result<Int, StoreError> {
    records.withLock { records in
      guard var record = records[id] else { return .failure(.notFound("record \(id)")) }
      guard record.summary.version == version else {
        return .failure(.changedMeanwhile(currentVersion: record.summary.version))
      }
      record.edits += edits
      record.summary.version += 1
      records[id] = record
      return .success(record.summary.version)
    }
  }

  func scenariosWithDue(at now: Instant) async throws(StoreError) -> [ScenarioID] { [] }
  func due(
    at now: Instant, of scenario: ScenarioID, inOrder: Bool, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary] { [] }

  func earliestRetry(after instant: Instant) async throws(StoreError) -> Instant? { nil }

  func oldestOpen(of scenario: ScenarioID) async throws(StoreError) -> RecordID? { nil }

  func replaceBlueprint(
    of id: RecordID, with blueprint: Blueprint, failer: ModuleID, version: Int, author: String,
    date: Instant
  ) async throws(StoreError) -> Int { version + 1 }

  func releaseExpiredLeases(now: Instant) async throws(StoreError) -> [RecordID] { [] }

  private let kept = Mutex<[KeptDraft]>([])
  private let noted = Mutex<[RecordID: [RecordNote]]>([:])

  func amend(
    _ id: RecordID, version: Int, _ amendment: Amendment
  ) async throws(StoreError) -> Int { try amendNow(id, version: version, amendment).get() }

  func amendNow(
    _ id: RecordID, version: Int, _ amendment: Amendment
  ) -> Result<Int, StoreError> {
    records.withLock { records in
      guard var record = records[id] else { return .failure(.notFound("record \(id)")) }
      guard record.summary.version == version else {
        return .failure(.changedMeanwhile(currentVersion: record.summary.version))
      }
      record.edits += amendment.edits
      record.mappingEdits += amendment.mappings
      if let blueprint = amendment.blueprint { record.blueprint = blueprint }
      if let restart = amendment.restart {
        record.summary.failer = restart.module
        record.continuation = restart.continuation
      }
      record.summary.version += 1
      records[id] = record
      return .success(record.summary.version)
    }
  }

  func note(_ note: RecordNote, on id: RecordID) async throws(StoreError) { noteNow(note, on: id) }

  func noteNow(_ note: RecordNote, on id: RecordID) {
    noted.withLock { $0[id, default: []].append(note) }
  }

  func notes(of id: RecordID) async throws(StoreError) -> [RecordNote] { notesNow(of: id) }

  func notesNow(of id: RecordID) -> [RecordNote] { noted.withLock { $0[id] ?? [] } }

  func keep(_ draft: KeptDraft) async throws(StoreError) { keepNow(draft) }

  func keepNow(_ draft: KeptDraft) {
    kept.withLock { kept in
      func isSame(_ other: KeptDraft) -> Bool {
        other.record == draft.record && other.session == draft.session
      }
      guard !kept.contains(where: { isSame($0) && $0.sequence >= draft.sequence }) else { return }
      kept.removeAll(where: isSame)
      kept.insert(draft, at: 0)
    }
  }

  private let texts = Mutex<[KeptText]>([])

  func keep(_ text: KeptText) async throws(StoreError) { keepNow(text) }

  func keepNow(_ text: KeptText) {
    texts.withLock { texts in
      func isSame(_ other: KeptText) -> Bool {
        other.record == text.record && other.purpose == text.purpose
          && other.session == text.session
      }
      guard !texts.contains(where: { isSame($0) && $0.sequence > text.sequence }) else { return }
      texts.removeAll(where: isSame)
      if !text.text.isEmpty { texts.append(text) }
    }
  }

  func keptTexts(of id: RecordID?, by author: String) async throws(StoreError) -> [KeptText] {
    keptTextsNow(of: id)
  }

  func keptTextsNow(of id: RecordID?) -> [KeptText] {
    texts.withLock { $0.filter { $0.record == id } }
  }

  func drafts(of id: RecordID, by author: String) async throws(StoreError) -> [KeptDraft] {
    draftsNow(of: id)
  }

  func draftsNow(of id: RecordID) -> [KeptDraft] {
    kept.withLock { $0.filter { $0.record == id } }
  }

  func takeDraft(
    of id: RecordID, by author: String, from session: String, to other: String
  ) async throws(StoreError) -> KeptDraft? { takeDraftNow(of: id, from: session, to: other) }

  func takeDraftNow(of id: RecordID, from session: String, to other: String) -> KeptDraft? {
    kept.withLock { kept in
      func place(_ session: String) -> Int? {
        kept.firstIndex { $0.record == id && $0.session == session }
      }
      guard let index = place(session), session == other || place(other) == nil else { return nil }
      let draft = kept[index]
      kept[index] = KeptDraft(
        record: id, author: draft.author, session: other, version: draft.version,
        sequence: draft.sequence, drafts: draft.drafts, withheld: draft.withheld, date: draft.date)
      return kept[index]
    }
  }

  func dropDraft(
    of id: RecordID, by author: String, in session: String, upTo sequence: Int
  ) async throws(StoreError) { dropDraftNow(of: id, in: session, upTo: sequence) }

  func dropDraftNow(of id: RecordID, in session: String, upTo sequence: Int) {
    kept.withLock {
      $0.removeAll { $0.record == id && $0.session == session && $0.sequence <= sequence }
    }
  }

  func move(
    _ id: RecordID, version: Int?, _ changes: [RecordChange]
  ) async throws(StoreError) -> IncompleteExecution {
    var version = version
    for change in changes {
      version = try moveNow(id, version: version, change).get().summary.version
    }
    return try await record(id)
  }

  func moveNow(
    _ id: RecordID, version: Int?, _ change: RecordChange
  ) -> Result<IncompleteExecution, StoreError> {
    records.withLock { records in
      guard var record = records[id] else { return .failure(.notFound("record \(id)")) }
      guard version == nil || record.summary.version == version else {
        return .failure(.changedMeanwhile(currentVersion: record.summary.version))
      }
      do throws(IllegalMove) { record = try record.moved(by: change) } catch {
        return .failure(.refused(error))
      }
      records[id] = record
      return .success(record)
    }
  }
}
