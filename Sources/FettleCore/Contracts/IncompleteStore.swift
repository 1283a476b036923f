/// Where incomplete executions live. It speaks of records and moves, never of tables; every
/// implementation passes `StoreContractTests`.
public protocol IncompleteStore: AmendmentStore {
  /// Adds a record and gives it its position in the queue of its scenario. When this returns, the
  /// record survives a power cut.
  /// - Returns: the position, from 1.
  func add(_ record: IncompleteExecution) async throws(StoreError) -> Int

  /// What the store is like now, without reading it: between two equal marks nothing was written, by
  /// whomever. Two that are not equal say nothing.
  func mark() async throws(StoreError) -> StoreMark

  /// A part of the list, in its order. Where the filter reads no data and the list is ordered by the
  /// time of storing, it costs the same wherever the part lies.
  func page(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary]

  /// One stretch of a search through the data, so that first finds show at once and a search can be
  /// stopped: it ends when `limit` records were found or `effort` were looked at.
  func search(
    _ filter: RecordFilter, _ request: PageRequest, limit: Int, effort: Int
  ) async throws(StoreError) -> SearchStretch

  /// The summaries of those records that still exist, in no order.
  func summaries(of ids: [RecordID]) async throws(StoreError) -> [IncompleteSummary]

  /// A stretch of the audit of all records, in its order: it ends when `limit` lines were found or
  /// `effort` were looked at.
  func audit(
    _ filter: AuditFilter, _ request: ListRequest<AuditPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<AuditEntry, AuditPlace>

  /// How many lines the audit has; kept with them, never counted.
  func auditCount() async throws(StoreError) -> Int

  /// Who did something that the audit tells of.
  func auditAuthors() async throws(StoreError) -> [String]

  /// The places that were changed, in order: bundles as `1.email`, mappings as `5.name`.
  /// - Parameter count: so many of the newest edits, and of the newest changes of mappings, are looked
  ///   at.
  func auditFields(ofNewest count: Int) async throws(StoreError) -> [String]

  /// The module a record failed at, of the record's own blueprint; nothing else of it is read.
  /// - Throws: `notFound`.
  func failedModule(of id: RecordID) async throws(StoreError) -> ModuleNode?

  /// Removes a record from the bin for good, with everything that belongs to it.
  /// - Throws: `unfit` when it is not in the bin.
  func purge(_ id: RecordID) async throws(StoreError)

  /// Removes from the bin for good what was put there before an instant, a few hundred at a time.
  /// - Returns: how many.
  func purge(deletedBefore instant: Instant) async throws(StoreError) -> Int

  /// A stretch of the groups of records that are neither resolved nor deleted, in its order: it ends
  /// when `limit` groups were found or `effort` were looked at.
  func groups(
    _ filter: GroupFilter, _ request: ListRequest<GroupPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ErrorGroupCount, GroupPlace>

  /// How many groups there are.
  func groupCount() async throws(StoreError) -> Int

  /// The names of modules and the kinds of failures that records had.
  func failureNames() async throws(StoreError) -> FailureNames

  /// The number of records.
  func counts() async throws(StoreError) -> RecordCounts

  /// A record with all it holds.
  /// - Throws: `notFound`.
  func record(_ id: RecordID) async throws(StoreError) -> IncompleteExecution

  /// The record whose identity begins with these digits.
  /// - Throws: `notFound`, `ambiguous`.
  func identify(_ digits: String) async throws(StoreError) -> RecordID

  /// Appends edits and returns the new version.
  /// - Throws: `changedMeanwhile` when `version` is not the stored one, `refused` when the record is
  ///   being retried or closed; nothing is written then.
  func append(
    _ edits: [BundleEdit], to id: RecordID, version: Int
  ) async throws(StoreError) -> Int

  /// Makes moves in a record's life, one after the other, together with what changes with them: all
  /// of them or none.
  /// - Parameter version: the version the caller has seen; nil where the caller is the only one who
  ///   may move the record, as the worker that claimed it is.
  /// - Returns: the record after the moves.
  /// - Throws: `changedMeanwhile`, `refused`; nothing is written then.
  func move(
    _ id: RecordID, version: Int?, _ changes: [RecordChange]
  ) async throws(StoreError) -> IncompleteExecution

  /// The scenarios that have records whose automatic retry is due.
  func scenariosWithDue(at now: Instant) async throws(StoreError) -> [ScenarioID]

  /// The records of a scenario whose automatic retry is due, in the order of their positions in its
  /// queue (semantics 5.3). A batch is a few; the thousands behind it are not read.
  /// - Parameter inOrder: whether the scenario is processed in order: then it is its oldest open record
  ///   or, where that one is not due, none.
  func due(
    at now: Instant, of scenario: ScenarioID, inOrder: Bool, limit: Int
  ) async throws(StoreError) -> [IncompleteSummary]

  /// When the next automatic retry is due; nil when none is planned.
  func earliestRetry(after instant: Instant) async throws(StoreError) -> Instant?

  /// The oldest record of a scenario that is neither resolved nor deleted.
  func oldestOpen(of scenario: ScenarioID) async throws(StoreError) -> RecordID?

  /// Gives a record another blueprint and module to go on with.
  /// - Returns: the new version.
  /// - Throws: `changedMeanwhile`, `refused`.
  func replaceBlueprint(
    of id: RecordID, with blueprint: Blueprint, failer: ModuleID, version: Int, author: String,
    date: Instant
  ) async throws(StoreError) -> Int

  /// Gives the records whose worker died back to the state they were claimed from, with the attempt
  /// marked as interrupted (durability 3). The worker of one that has an execution is alive as long as
  /// the lease of that says so, which no other worker can renew.
  /// - Returns: those records.
  func releaseExpiredLeases(now: Instant) async throws(StoreError) -> [RecordID]
}

extension IncompleteStore {
  /// Makes one move in a record's life.
  public func move(
    _ id: RecordID, version: Int?, _ change: RecordChange
  ) async throws(StoreError) -> IncompleteExecution {
    try await move(id, version: version, [change])
  }

  /// The groups of records that are neither resolved nor deleted, the largest first: at most so many.
  public func groups(limit: Int = 1000) async throws(StoreError) -> [ErrorGroupCount] {
    try await groups(GroupFilter(), .first, limit: limit, effort: limit).rows
  }
}

/// A move and what changes with it.
public struct RecordChange: Sendable, Hashable {
  /// What happened.
  public var event: IncompleteEvent
  /// The attempt that ended, when one did.
  public var attempt: Attempt?
  /// The failure the record now stands for, when an attempt failed at the same module.
  public var error: ModuleError?
  /// What the module was given when it failed so; nil leaves what the record holds.
  public var mappedInput: Value?
  /// When Fettle tries again by itself.
  public var nextRetry: Instant?
  /// Until when a claim holds, unless it is renewed.
  public var lease: Instant?
  /// With a claim, who or what started the attempt: should its worker die, nobody else can tell.
  public var trigger: AttemptTrigger?
  /// The words of the operator who closed it; with a claim, what the audit says of it besides.
  public var reason: String?
  /// What the record stands for from now on, when a suspended aggregation failed again in a retry:
  /// where, with which bundles, and what is owed from there. Its identity and its history are not
  /// looked at.
  public var rest: IncompleteExecution?
  /// The records that continue it; stored in the same transaction, so that a bundle never has two
  /// owners. The first is linked as the successor.
  public var successors: [IncompleteExecution]
  /// Who made the move.
  public var author: String
  /// When.
  public var date: Instant

  /// A move of these parts.
  public init(
    _ event: IncompleteEvent, attempt: Attempt? = nil, error: ModuleError? = nil,
    nextRetry: Instant? = nil, lease: Instant? = nil, trigger: AttemptTrigger? = nil,
    reason: String? = nil,
    successors: [IncompleteExecution] = [],
    author: String, date: Instant
  ) {
    self.event = event
    self.attempt = attempt
    self.error = error
    self.nextRetry = nextRetry
    self.lease = lease
    self.trigger = trigger
    self.reason = reason
    self.successors = successors
    self.author = author
    self.date = date
  }
}
