/// Where executions write down what they do, and where what was written is found again.
///
/// One worker writes an execution at a time. A worker that was silent for longer than its lease
/// loses the execution to whoever takes it over; what it writes afterwards is refused.
public protocol ExecutionJournal: Sendable {
  /// Notes that an execution begins, with everything needed to walk through it again; a retry claims
  /// its record in the same transaction. When this returns, its bundles survive a power cut.
  /// - Returns: what is known of the scenario.
  /// - Throws: what the move of the record throws, and `changedMeanwhile` when a planned start was taken
  ///   or moved by somebody else, or when it is not its turn yet, `unfit` when it is to be alone and is not; nothing was written then.
  func open(
    _ opening: ExecutionOpening, claiming claim: RecordMove?
  ) async throws(StoreError) -> ScenarioState

  /// Appends entries, stores records and carries out changes of data stores, in one transaction.
  /// When this returns, they survive a power cut. An entry or a record that is there already is left
  /// as it is.
  /// - Parameter isConfidential: whether the data of the entries is sealed; records say themselves
  ///   whether theirs is.
  /// - Throws: `takenOver` when another worker has the execution now; nothing was written then.
  func append(
    _ entries: [JournalEntry], records: [IncompleteExecution], changes: [DataChange],
    to execution: String, by worker: String, lease: Instant, isConfidential: Bool
  ) async throws(StoreError)

  /// Says that the worker of an execution is still at work on it.
  /// - Throws: `takenOver`.
  func renewLease(
    of execution: String, by worker: String, until: Instant
  ) async throws(StoreError)

  /// Notes how an execution ended, with its last entries, what that means for its scenario and, for a
  /// retry, what became of its record, in one transaction: an event is not back in its queue before
  /// its scenario is switched off.
  /// - Parameters:
  ///   - noting: what the end means for the scenario; nil where it changes nothing.
  ///   - isConfidential: whether the data of its bundles is removed from the journal.
  /// - Returns: what is known of the scenario then; nil where nothing was noted.
  @discardableResult
  func close(
    _ summary: ExecutionSummary, _ entries: [JournalEntry], outcome: RecordMove?,
    noting: (@Sendable (inout ScenarioState) -> Void)?, by worker: String, isConfidential: Bool
  ) async throws(StoreError) -> ScenarioState?

  /// Takes over executions whose lease has run out, in one transaction: they are this worker's when
  /// it returns, before any of their journals has been read. No two workers get the same one.
  /// - Parameter living: executions this worker is at work on; however long the store could not be
  ///   written to, they need nobody to take them over.
  /// - Returns: their identities, at most `limit`.
  func takeOver(
    by worker: String, now: Instant, lease: Instant, limit: Int, except living: Set<String>
  ) async throws(StoreError) -> [String]

  /// An execution that was taken over, with what its journal says.
  func interrupted(_ execution: String) async throws(StoreError) -> InterruptedExecution

  /// A stretch of the history, in its order: it ends when `limit` executions were found or `effort` were
  /// looked at. What indexes answer costs the same wherever it lies.
  func executions(
    _ filter: ExecutionFilter, _ request: ListRequest<ExecutionPlace>, limit: Int, effort: Int
  ) async throws(StoreError) -> ListStretch<ExecutionRow, ExecutionPlace>

  /// Those of these executions that still exist, by their numbers, in no order.
  func executions(numbered numbers: [Int]) async throws(StoreError) -> [ExecutionRow]

  /// How many executions a filter lets through, where counters tell; nil where they would have to be
  /// counted.
  func executionCount(_ filter: ExecutionFilter) async throws(StoreError) -> Int?

  /// What an execution did.
  func entries(of execution: String) async throws(StoreError) -> [JournalEntry]

  /// What the first module of an execution was given; nothing where it said itself what there is, and
  /// where that is not kept.
  func given(toExecution id: String) async throws(StoreError) -> [Bundle]

  /// The execution whose identity begins with these characters.
  /// - Throws: `notFound`, `ambiguous`.
  func execution(_ prefix: String) async throws(StoreError) -> ExecutionRow

  /// The blueprint an execution runs.
  func blueprint(ofExecution id: String) async throws(StoreError) -> Blueprint

  /// Asks the worker of an execution to end it: the operation that runs is finished, and what was not
  /// got to becomes an incomplete execution (semantics 4.7, 6.9).
  /// - Parameter author: who asks.
  /// - Throws: `notFound`; `unfit` when it has ended already.
  func askToStop(_ execution: String, by author: String) async throws(StoreError)

  /// The executions of a worker that are asked to stop, and who asked.
  func stopRequests(of worker: String) async throws(StoreError) -> [String: String]

  /// Removes executions that ended before an instant, a few hundred at a time. Records stay.
  /// - Returns: how many.
  func prune(endedBefore instant: Instant) async throws(StoreError) -> Int

  /// Removes the oldest ended executions, a few hundred of them. Records stay.
  /// - Returns: how many.
  func pruneOldest() async throws(StoreError) -> Int

  /// What the store takes on the disk, without what is free inside it, in bytes.
  func usedBytes() async throws(StoreError) -> Int
}

extension ExecutionJournal {
  /// A journal that keeps nothing of it.
  public func given(toExecution id: String) async throws(StoreError) -> [Bundle] { [] }

  /// Takes over executions whose lease has run out, for a worker that is at work on none.
  public func takeOver(
    by worker: String, now: Instant, lease: Instant, limit: Int
  ) async throws(StoreError) -> [String] {
    try await takeOver(by: worker, now: now, lease: lease, limit: limit, except: [])
  }

  /// Notes how an execution ended that means nothing for its scenario.
  public func close(
    _ summary: ExecutionSummary, _ entries: [JournalEntry], outcome: RecordMove?,
    by worker: String, isConfidential: Bool
  ) async throws(StoreError) {
    try await close(
      summary, entries, outcome: outcome, noting: nil, by: worker, isConfidential: isConfidential)
  }

  /// The executions of a scenario, or of all, newest first.
  public func executions(
    of scenario: ScenarioID?, limit: Int
  ) async throws(StoreError) -> [ExecutionRow] {
    try await executions(
      scenario.map { ExecutionFilter(of: $0) } ?? ExecutionFilter(), .first, limit: limit,
      effort: limit
    ).rows
  }
}

/// A move of a record that belongs to an entry of the journal.
public struct RecordMove: Sendable {
  /// The record.
  public let id: RecordID
  /// The version it was seen with; nil where nobody else may move it.
  public let version: Int?
  /// The move.
  public let change: RecordChange

  /// A move of a record.
  public init(_ id: RecordID, version: Int?, _ change: RecordChange) {
    self.id = id
    self.version = version
    self.change = change
  }
}

/// One execution as a history shows it.
public struct ExecutionRow: Sendable, Hashable {
  /// How it went.
  public let summary: ExecutionSummary
  /// The name of its scenario.
  public let scenarioName: String
  /// How many incomplete executions it stored.
  public let storedCount: Int
  /// How much its modules were given and gave, in bytes as it was written down.
  public let transferred: Int
  /// Who asked it to stop; nil when nobody did.
  public let stopAskedBy: String?
  /// Its number, in the order executions began.
  public let number: Int

  /// What people know it by: its scenario and, where that named it, its own name.
  public var title: String { summary.name.map { "\(scenarioName) · \($0)" } ?? scenarioName }

  /// A row of these parts.
  public init(
    summary: ExecutionSummary, scenarioName: String, storedCount: Int, transferred: Int = 0,
    stopAskedBy: String? = nil, number: Int = 0
  ) {
    self.number = number
    self.summary = summary
    self.scenarioName = scenarioName
    self.storedCount = storedCount
    self.transferred = transferred
    self.stopAskedBy = stopAskedBy
  }
}
