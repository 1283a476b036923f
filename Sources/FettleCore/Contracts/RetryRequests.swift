/// Retries that were asked for and wait for their turn: asking returns at once, and what was asked for
/// is not forgotten when a program ends (semantics 9).
public protocol RetryRequestStore: Sendable {
  /// Puts records into the queue, in this order; those that are in it stay where they are.
  /// - Returns: those that are in the queue now, of the ones named.
  /// - Throws: `notFound`, `refused`, `inDoubt` when there is one record and it cannot be retried; of
  ///   several, those are left out.
  func requestRetries(
    of records: [RecordID], by author: String, at date: Instant, output: Bundle?, sendAgain: Bool
  ) async throws(StoreError) -> [RecordID]

  /// Requests in the order they will be served.
  func retryRequests(limit: Int) async throws(StoreError) -> [RetryRequest]

  /// Where a record stands in the queue, from 1; nil when nobody asked for it.
  func queuePosition(of record: RecordID) async throws(StoreError) -> Int?

  /// A request was served, or cannot be.
  func removeRetryRequest(of record: RecordID) async throws(StoreError)
}

/// A retry that was asked for.
public struct RetryRequest: Sendable, Hashable {
  /// The record.
  public let record: RecordID
  /// Its scenario.
  public let scenario: ScenarioID
  /// Who asked.
  public let author: String
  /// When.
  public let date: Instant
  /// How it came to be asked for.
  public let trigger: AttemptTrigger
  /// What the failed module gave, where the asker knows; it is not run then.
  public let output: Bundle?

  /// A request of these parts.
  public init(
    record: RecordID, scenario: ScenarioID, author: String, date: Instant,
    trigger: AttemptTrigger, output: Bundle?
  ) {
    self.record = record
    self.scenario = scenario
    self.author = author
    self.date = date
    self.trigger = trigger
    self.output = output
  }
}
