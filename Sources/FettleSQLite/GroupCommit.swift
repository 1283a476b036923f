import FettleCore
import GRDB
import Synchronization

/// Commits what several executions want on disk together: a commit costs one wait for the disk,
/// whatever it holds, and there is one writer anyway (performance, P2).
///
/// It works on the writer's own queue and never waits for a task, so that the others go on computing
/// while it writes: what they ask for meanwhile is the next group. The slower the disk, the larger
/// the groups; whoever is alone does not wait.
final class GroupCommit: Sendable {
  typealias Body = @Sendable (Database) throws -> Void

  private struct Job {
    let body: Body
    let done: CheckedContinuation<Result<Void, any Error>, Never>
  }

  private let pool: DatabasePool
  private let checkpoints: Checkpoints
  private let queue = Mutex(Queue())

  private struct Queue {
    var waiting: [Job] = []
    var isCommitting = false
  }

  /// More than this only makes each of them wait longer.
  private static let largest = 256

  init(_ pool: DatabasePool) {
    self.pool = pool
    checkpoints = Checkpoints(path: pool.path)
  }

  /// Runs `body` in a transaction, perhaps together with others.
  /// - Returns: what it returned.
  /// - Throws: what `body` threw, or why the commit failed. Nothing of it is stored then; others are
  ///   not touched by it.
  func commit<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    let value = Box<Value>()
    let result = await withCheckedContinuation { done in
      let job = Job(body: { value.put(try body($0)) }, done: done)
      let isFirst = queue.withLock { queue in
        queue.waiting.append(job)
        defer { queue.isCommitting = true }
        return !queue.isCommitting
      }
      if isFirst { commitNext() }
    }
    try result.get()
    return try value.take()
  }

  /// What a job gave, until the transaction it was done in is on the disk.
  private final class Box<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    func put(_ new: Value) { value.withLock { $0 = new } }
    func take() throws -> Value {
      guard let value = value.withLock({ $0 }) else {
        throw StoreError.failed("a transaction gave nothing")
      }
      return value
    }
  }

  /// Takes its turn at the writer for one group. Between two groups others get theirs.
  private func commitNext() {
    pool.asyncWriteWithoutTransaction { [self] database in
      let jobs = queue.withLock { queue in
        let jobs = Array(queue.waiting.prefix(Self.largest))
        queue.waiting.removeFirst(jobs.count)
        return jobs
      }
      run(jobs, in: database)
      let isMore = queue.withLock { queue in
        queue.isCommitting = !queue.waiting.isEmpty
        return queue.isCommitting
      }
      if isMore { commitNext() }
    }
  }

  private func run(_ jobs: [Job], in database: Database) {
    if failure(of: jobs.map(\.body), in: database) == nil {
      for job in jobs { job.done.resume(returning: .success(())) }
      return
    }
    // One of them failed; alone each gets its own answer.
    for job in jobs {
      let failure = failure(of: [job.body], in: database)
      job.done.resume(returning: failure.map { .failure($0) } ?? .success(()))
    }
  }

  private func failure(of bodies: [Body], in database: Database) -> (any Error)? {
    do {
      try database.inTransaction(.immediate) {
        for body in bodies { try body(database) }
        return .commit
      }
      checkpoints.committed()
      return nil
    } catch { return error }
  }
}
