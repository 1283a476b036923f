// Programs linked with the standard library in them are built beside this kit, and the library of tests
// is there only for those that load it.
#if canImport(Testing)
  import Dispatch
  import Foundation
  import Synchronization
  public import Testing

  /// Lets a few tests run at once, each on a thread of its own.
  ///
  /// Left to themselves all tests of a process begin at once and share a pool of as many threads as there
  /// are cores: hundreds of servers, terminals and stores are open together, none gets on, and two tests that
  /// wait in `poll` hold up the rest. What a test says about time then says nothing about the program.
  public struct FewAtOnce: TestTrait, SuiteTrait, TestScoping {
    private static let turnstile = Turnstile(4 * ProcessInfo.processInfo.activeProcessorCount)

    /// Holds for every test of a suite.
    public var isRecursive: Bool { true }

    /// Runs a test, when it is its turn, on a thread that ends with it.
    public func provideScope(
      for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
      await Self.turnstile.enter()
      defer { Self.turnstile.leave() }
      let thread = TestThread()
      defer { thread.end() }
      try await withTaskExecutorPreference(thread) { try await function() }
    }
  }

  extension Trait where Self == FewAtOnce {
    /// A few tests run at once, each on a thread of its own.
    public static var fewAtOnce: FewAtOnce { FewAtOnce() }
  }

  /// Lets so many in at once; the others wait in the order they came.
  private final class Turnstile: Sendable {
    private struct Queue {
      var free: Int
      var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let queue: Mutex<Queue>

    init(_ number: Int) { queue = Mutex(Queue(free: number)) }

    func enter() async {
      await withCheckedContinuation { turn in
        let isFree = queue.withLock { queue in
          guard queue.free > 0 else {
            queue.waiting.append(turn)
            return false
          }
          queue.free -= 1
          return true
        }
        if isFree { turn.resume() }
      }
    }

    func leave() {
      let next = queue.withLock { queue -> CheckedContinuation<Void, Never>? in
        guard queue.waiting.isEmpty else { return queue.waiting.removeFirst() }
        queue.free += 1
        return nil
      }
      next?.resume()
    }
  }

  /// A thread that does the work of one test.
  private final class TestThread: TaskExecutor {
    private struct Work {
      var jobs: [UnownedJob] = []
      var isOver = false
    }

    private let work = Mutex(Work())
    private let wakeUp = DispatchSemaphore(value: 0)

    init() { LoopbackThread.start { self.run() } }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      let isOver = work.withLock { work in
        if !work.isOver { work.jobs.append(job) }
        return work.isOver
      }
      guard isOver else {
        wakeUp.signal()
        return
      }
      // What a test left behind goes on without it.
      LoopbackThread.start { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Ends the thread, behind what it was given before.
    func end() {
      work.withLock { $0.isOver = true }
      wakeUp.signal()
    }

    private func run() {
      while true {
        wakeUp.wait()
        let job = work.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
        guard let job else { return }
        job.runSynchronously(on: asUnownedTaskExecutor())
      }
    }
  }
#endif
