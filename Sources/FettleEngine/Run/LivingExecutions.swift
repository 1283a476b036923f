import Synchronization

/// The executions this worker is at work on.
final class LivingExecutions: Sendable {
  private let identities = Mutex<Set<String>>([])

  /// An execution begins.
  func begin(_ execution: String) { _ = identities.withLock { $0.insert(execution) } }

  /// An execution ended.
  func end(_ execution: String) { _ = identities.withLock { $0.remove(execution) } }

  /// All of them.
  var all: Set<String> { identities.withLock { $0 } }
}
