import Synchronization

/// Stops the executions of a worker before their next operation, so that a worker that is asked to end
/// takes no longer than the operations that run. What they had not got to becomes incomplete
/// executions that go on by themselves.
public final class Brake: Sendable {
  private let pulled = Mutex(false)

  /// A brake that is not pulled.
  init() {}

  /// Stops executions from now on; there is no way back.
  public func pull() { pulled.withLock { $0 = true } }

  /// Whether executions stop.
  public var isPulled: Bool { pulled.withLock { $0 } }
}
