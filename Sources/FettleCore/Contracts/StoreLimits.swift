/// How much may wait in a store to be mended (semantics 5.8, D22). Records that are resolved or
/// deleted do not count.
public struct StoreLimits: Sendable, Hashable {
  /// For one scenario, in bytes.
  public var scenarioBytes: Int
  /// For all scenarios together, in bytes.
  public var storeBytes: Int

  /// 10 MB a scenario and 500 MB a store, unless told otherwise.
  public init(scenarioBytes: Int = 10_000_000, storeBytes: Int = 500_000_000) {
    self.scenarioBytes = scenarioBytes
    self.storeBytes = storeBytes
  }

  /// From which share of a limit on operators are warned.
  public static let warningShare = 0.8
}
