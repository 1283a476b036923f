import Dispatch
import FettleCore
import GRDB
import Synchronization

/// Commits what several executions want on disk together: a commit costs one wait for the disk,
/// whatever it holds, and there is one writer anyway (performance, P2).
///
/// It works on the writer's own queue and never waits for a task, so that the others go on computing
/// while it writes: what they ask for meanwhile is the next group. The slower the disk, the larger
/// the groups; whoever is alone does not wait.
///
/// Senders of webhooks have a lane of their own: somebody outside waits for their commit, and nobody
/// for that of an execution. They go first and alone; and while they come, the others take short turns
/// and leave the writer as long as each turn took, so that a sender seldom finds it busy. A crowd of
/// senders is another matter: what counts there is how many are taken in, and all share one commit.
final class GroupCommit: Sendable {
  typealias Body = @Sendable (Database) throws -> Void

  /// For whom a commit is made.
  enum Lane {
    /// Somebody outside waits for the answer.
    case sender
    /// The work of an execution.
    case work
  }

  private struct Job {
    let body: Body
    let done: CheckedContinuation<Result<Void, any Error>, Never>
  }

  private let pool: DatabasePool
  private let checkpoints: Checkpoints
  private let queue = Mutex(Queue())

  private struct Queue {
    var senders: [Job] = []
    var work: [Job] = []
    var isCommitting = false
    /// Whether the writer is left alone until a pause is over.
    var isResting = false
    private var lastSender: ContinuousClock.Instant?
    private var lastCrowd: ContinuousClock.Instant?
    /// Since when work waits for its turn.
    private var workSince: ContinuousClock.Instant?

    mutating func add(_ job: Job, to lane: Lane) {
      let now = ContinuousClock.now
      switch lane {
      case .sender:
        senders.append(job)
        lastSender = now
        if senders.count >= GroupCommit.crowd { lastCrowd = now }
      case .work:
        if work.isEmpty { workSince = now }
        work.append(job)
      }
    }

    /// Whether a sender came a moment ago, and no crowd, so that another may come in a moment.
    func givesWay(_ now: ContinuousClock.Instant) -> Bool {
      guard let lastSender, now - lastSender < GroupCommit.presence else { return false }
      return lastCrowd.map { now - $0 > GroupCommit.presence } ?? true
    }

    /// Whether work has given way for long enough.
    func isOverdue(_ now: ContinuousClock.Instant) -> Bool {
      workSince.map { now - $0 > GroupCommit.patience } ?? false
    }

    /// What is committed next, and whether that is a turn of the work that gives way.
    mutating func next(_ now: ContinuousClock.Instant) -> (jobs: [Job], isShort: Bool) {
      guard givesWay(now) else {
        return (take(\.senders, GroupCommit.largest) + take(\.work, GroupCommit.largest), false)
      }
      if !senders.isEmpty, !isOverdue(now) { return (take(\.senders, GroupCommit.largest), false) }
      return (take(\.work, GroupCommit.short), true)
    }

    private mutating func take(_ lane: WritableKeyPath<Queue, [Job]>, _ most: Int) -> [Job] {
      let jobs = Array(self[keyPath: lane].prefix(most))
      self[keyPath: lane].removeFirst(jobs.count)
      if lane == \Queue.work { workSince = work.isEmpty ? nil : .now }
      return jobs
    }
  }

  /// More than this only makes each of them wait longer.
  private static let largest = 256
  /// How much work goes into one commit while senders come.
  private static let short = 8
  /// That many senders at once are a crowd.
  private static let crowd = 8
  /// For how long after a sender the next one is expected.
  private static let presence = Duration.milliseconds(50)
  /// For how long work gives way, however many senders come.
  private static let patience = Duration.milliseconds(20)
  /// The longest pause between two turns of work while senders come.
  private static let longestRest = Duration.milliseconds(10)

  /// - Parameter path: of the file, which an URI stands for in the pool where nothing is written.
  init(_ pool: DatabasePool, path: String) {
    self.pool = pool
    checkpoints = Checkpoints(path: path)
  }

  /// Something was committed that shares with nobody: the log grew all the same.
  func committedBeside() { checkpoints.committed() }

  /// Gives the room of the log back to the disk.
  func shortenLog() async { await checkpoints.giveBack() }

  /// Runs `body` in a transaction, perhaps together with others.
  /// - Returns: what it returned.
  /// - Throws: what `body` threw, or why the commit failed. Nothing of it is stored then; others are
  ///   not touched by it.
  func commit<Value: Sendable>(
    for lane: Lane, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    let value = Box<Value>()
    let result = await withCheckedContinuation { done in
      let job = Job(body: { value.put(try body($0)) }, done: done)
      let begins = queue.withLock { queue in
        queue.add(job, to: lane)
        // A pause is kept by the work alone.
        guard !queue.isCommitting, lane == .sender || !queue.isResting else { return false }
        queue.isCommitting = true
        return true
      }
      if begins { commitNext() }
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
      let began = ContinuousClock.now
      let (jobs, isShort) = queue.withLock { $0.next(began) }
      run(jobs, in: database)
      goOn(after: isShort ? ContinuousClock.now - began : nil)
    }
  }

  /// Begins the next group. After a turn of work that gave way to senders there is a pause, whether more
  /// work waits already or is about to come.
  /// - Parameter turn: how long such a turn took.
  private func goOn(after turn: Duration?) {
    let now = ContinuousClock.now
    let (begins, rests) = queue.withLock { queue in
      let rests = turn != nil && queue.givesWay(now) && !queue.isResting
      let waits = rests || queue.isResting && !queue.isOverdue(now)
      queue.isResting = queue.isResting || rests
      queue.isCommitting = !queue.senders.isEmpty || !queue.work.isEmpty && !waits
      return (queue.isCommitting, rests)
    }
    if begins { commitNext() }
    if rests, let turn { rest(for: min(turn, Self.longestRest)) }
  }

  private func rest(for time: Duration) {
    let nanoseconds = Int(time / .nanoseconds(1))
    DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [self] in
      let begins = queue.withLock { queue in
        queue.isResting = false
        guard !queue.isCommitting, !queue.work.isEmpty else { return false }
        queue.isCommitting = true
        return true
      }
      if begins { commitNext() }
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
