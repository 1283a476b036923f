import FettleCore
import GRDB

/// Commits what several executions want on disk together: a commit costs one wait for the disk,
/// whatever it holds, and there is one writer anyway (performance, P2).
actor GroupCommit {
  typealias Body = @Sendable (Database) throws -> Void

  private struct Job {
    let body: Body
    let done: CheckedContinuation<Result<Void, any Error>, Never>
  }

  private let pool: DatabasePool
  private var waiting: [Job] = []
  private var isCommitting = false

  /// More than this only makes each of them wait longer.
  private static let largest = 256

  init(_ pool: DatabasePool) { self.pool = pool }

  /// Runs `body` in a transaction, perhaps together with others.
  /// - Throws: what `body` threw, or why the commit failed. Nothing of it is stored then; others are
  ///   not touched by it.
  func commit(_ body: @escaping Body) async throws {
    let result = await withCheckedContinuation { done in
      waiting.append(Job(body: body, done: done))
      if !isCommitting {
        isCommitting = true
        Task { await self.drain() }
      }
    }
    try result.get()
  }

  private func drain() async {
    while !waiting.isEmpty {
      let jobs = Array(waiting.prefix(Self.largest))
      waiting.removeFirst(jobs.count)
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
    isCommitting = false
  }

  private func run(_ bodies: [Body]) async -> (any Error)? {
    do {
      try await pool.write { database in for body in bodies { try body(database) } }
      return nil
    } catch { return error }
  }
}
