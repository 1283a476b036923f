import FettleCore
import GRDB
import Synchronization

/// Commits what several executions want on disk together: a commit costs one wait for the disk,
/// whatever it holds, and there is one writer anyway (performance, P2).
final class GroupCommit: Sendable {
  typealias Body = @Sendable (Database) throws -> Void

  private struct Job {
    let body: Body
    let done: CheckedContinuation<Result<Void, any Error>, Never>
  }

  private let pool: DatabasePool
  private let queue = Mutex(Queue())

  private struct Queue {
    var waiting: [Job] = []
    var isCommitting = false
  }

  /// More than this only makes each of them wait longer.
  private static let largest = 256

  init(_ pool: DatabasePool) { self.pool = pool }

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
      if isFirst { Task { await self.drain() } }
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

  private func drain() async {
    var lastGroup = 0
    while true {
      await gather(lastGroup)
      let jobs = queue.withLock { queue in
        let jobs = Array(queue.waiting.prefix(Self.largest))
        queue.waiting.removeFirst(jobs.count)
        if jobs.isEmpty { queue.isCommitting = false }
        return jobs
      }
      if jobs.isEmpty { return }
      lastGroup = jobs.count
      if await run(jobs.map(\.body)) == nil {
        for job in jobs { job.done.resume(returning: .success(())) }
        continue
      }
      // One of them failed; alone each gets its own answer.
      for job in jobs {
        let failure = await run([job.body])
        job.done.resume(returning: failure.map { .failure($0) } ?? .success(()))
      }
    }
  }

  /// Those whose commit has just ended are about to ask for the next one: a moment's patience puts
  /// them into one commit instead of several. Whoever is alone does not wait.
  private func gather(_ lastGroup: Int) async {
    guard lastGroup > 1 else { return }
    var seen = 0
    var idle = 0
    while idle < 4 {
      let count = queue.withLock { $0.waiting.count }
      if count >= min(lastGroup, Self.largest) { return }
      idle = count > seen ? 0 : idle + 1
      seen = count
      await Task.yield()
    }
  }

  private func run(_ bodies: [Body]) async -> (any Error)? {
    do {
      try await pool.write { database in for body in bodies { try body(database) } }
      return nil
    } catch { return error }
  }
}
