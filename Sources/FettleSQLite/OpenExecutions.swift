import Synchronization

/// What is known of the executions of this process beside the store: the numbers under which they are
/// stored, so that each entry finds its execution without its identity, and how much they have
/// transferred, which is written once, with their end. A number is looked at again with the entry; it
/// only saves the search.
final class OpenExecutions: Sendable {
  private struct Known {
    var number: Int?
    var transferred = 0
  }

  private let executions = Mutex<[String: Known]>([:])

  func note(_ number: Int, of execution: String) {
    executions.withLock { $0[execution, default: Known()].number = number }
  }

  func number(of execution: String) -> Int? { executions.withLock { $0[execution]?.number } }

  /// Counts what entries that are on the disk hold, in bytes.
  func count(transferred bytes: Int, of execution: String) {
    executions.withLock { $0[execution, default: Known()].transferred += bytes }
  }

  /// Says what the entries hold of an execution that somebody else began, in bytes.
  func note(transferred bytes: Int, of execution: String) {
    executions.withLock { $0[execution, default: Known()].transferred = bytes }
  }

  func transferred(by execution: String) -> Int {
    executions.withLock { $0[execution]?.transferred ?? 0 }
  }

  func forget(_ execution: String) { _ = executions.withLock { $0.removeValue(forKey: execution) } }
}
