import Synchronization

/// The numbers under which the executions of this process are stored, so that each entry finds its
/// execution without its identity. A number is looked at again with the entry; it only saves the
/// search.
final class OpenExecutions: Sendable {
  private let numbers = Mutex<[String: Int]>([:])

  func note(_ number: Int, of execution: String) {
    numbers.withLock { $0[execution] = number }
  }

  func number(of execution: String) -> Int? { numbers.withLock { $0[execution] } }

  func forget(_ execution: String) { _ = numbers.withLock { $0.removeValue(forKey: execution) } }
}
