/// Tells one state of a store from another, for as long as a program has it open.
public struct StoreMark: Hashable, Sendable {
  /// Whose count it is: each connection to a store counts for itself.
  private let connection: Int
  private let count: Int

  /// - Parameters:
  ///   - connection: which connection counted.
  ///   - count: what it counts: another number whenever another connection has written.
  public init(connection: Int, count: Int) {
    self.connection = connection
    self.count = count
  }
}
