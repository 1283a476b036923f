/// Addresses that want to be told how an execution ended (`callbackUrl`, semantics 9). They are kept
/// with the execution from its beginning, so that whatever dies before they were told, they are told.
public protocol CallBackStore: Sendable {
  /// Takes calls that are due: their execution has ended and their time has come. Nobody else is given
  /// them before `until`, so that of several programs on one store one calls.
  /// - Returns: those whose time came first, `limit` of them at most.
  func takeCallBacks(
    now: Instant, until: Instant, limit: Int
  ) async throws(StoreError) -> [CallBackDue]

  /// Gives a call back to be made later.
  func postponeCallBack(of execution: String, until: Instant) async throws(StoreError)

  /// A call was made, or never will be.
  func removeCallBack(of execution: String) async throws(StoreError)
}

/// Somebody who is to be told now how an execution ended.
public struct CallBackDue: Sendable, Hashable {
  /// How it ended.
  public let execution: ExecutionSummary
  /// The address to call.
  public let url: String
  /// The number of this attempt, from 1; attempts that a dying program made count.
  public let attempt: Int

  /// A call of these parts.
  public init(execution: ExecutionSummary, url: String, attempt: Int) {
    self.execution = execution
    self.url = url
    self.attempt = attempt
  }
}
