public import FettleCore
import Synchronization

/// How far an action on many records has come.
public struct BulkProgress: Hashable, Sendable {
  /// What is done.
  public let action: BulkAction
  /// How many there are.
  public let total: Int
  /// Those that came to a good end: resolved, closed, deleted, restored.
  public var done = 0
  /// Those at work right now.
  public var running = 0
  /// Those that did not come to a good end, with one sentence each.
  public var failed: [Failure] = []
  /// Whether no further one is begun.
  public var isStopped = false
  /// Those that had not been begun when it was stopped, the oldest first; known when it is over.
  public var notBegun: [RecordID] = []
  /// Whether nothing is at work any more.
  public var isOver = false
  /// When it began.
  public let started: Instant

  /// A record that did not come to a good end.
  public struct Failure: Hashable, Sendable {
    /// How it ended instead.
    public enum Ending: Hashable, Sendable {
      /// It was not begun, because it was changed or may not be run.
      case skipped
      /// It was begun, and what came of it is not known.
      case unknown
      /// Its retry failed with the kind of error it had.
      case sameError
      /// Its retry failed otherwise, or at a later module.
      case newError
    }

    /// The record.
    public let id: RecordID
    /// How it ended.
    public let ending: Ending
    /// What happened.
    public let reason: String

    /// That record, so, because of that.
    public init(id: RecordID, _ ending: Ending, reason: String) {
      self.id = id
      self.ending = ending
      self.reason = reason
    }
  }

  /// Nothing done yet.
  public init(_ action: BulkAction, total: Int, started: Instant) {
    self.action = action
    self.total = total
    self.started = started
  }

  /// How many are over, whatever came of them.
  public var ended: Int { done + failed.count }

  /// How many ended in a way that is no good end.
  public func count(_ ending: Failure.Ending) -> Int { failed.count { $0.ending == ending } }

  /// Why records were not begun, and how many each time; the most frequent first.
  public var skipReasons: [(reason: String, count: Int)] {
    failed.reduce(into: [String: Int]()) {
      if $1.ending == .skipped { $0[$1.reason, default: 0] += 1 }
    }.map { ($0.key, $0.value) }.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
  }

  /// Those that came to a good end.
  public var succeeded: [RecordID] = []
  /// The versions they have since, where the action moved them once: a later one is of somebody else.
  public var versions: [RecordID: Int] = [:]
}

/// An action on many records, a few at a time. It goes on while nobody looks.
public final class BulkRun: Sendable {
  private let desk: OperatorDesk
  private let selection: BulkSelection
  private let width: Int
  private let progress: Mutex<BulkProgress>

  /// Of one scenario no more than this many retries run at once (semantics 5.3).
  private static let widthOfScenario = 3

  /// An action that has not begun.
  /// - Parameter width: how many records at once, at most.
  public init(_ selection: BulkSelection, desk: OperatorDesk, width: Int = 4) {
    self.desk = desk
    self.selection = selection
    self.width = max(1, width)
    progress = Mutex(
      BulkProgress(
        selection.action, total: selection.items.count, started: desk.runner.clock.now()))
  }

  /// How far it has come.
  public var current: BulkProgress { progress.withLock { $0 } }

  /// Begins no further record; what was begun is finished.
  public func stop() { progress.withLock { $0.isStopped = true } }

  /// Does it.
  /// - Parameter report: told how far it has come, after each record.
  /// - Returns: what came of all of them.
  @discardableResult public func run(
    report: @escaping @Sendable (BulkProgress) -> Void
  ) async -> BulkProgress {
    // What dead workers left may be among them; a failure to look is met again by each record.
    _ = try? await desk.takeOverInterrupted()
    let inOrder = await sequentialScenarios()
    var waiting: [ScenarioID: [BulkSelection.Item]] = [:]
    var turns: [ScenarioID] = []
    for item in selection.items.reversed() {
      if waiting[item.scenario] == nil { turns.append(item.scenario) }
      waiting[item.scenario, default: []].append(item)
    }
    await withTaskGroup(of: ScenarioID.self) { group in
      var running: [ScenarioID: Int] = [:]
      var all = 0
      while true {
        // Scenarios take turns, so that one slow service does not hold up the others.
        let next = turns.firstIndex { scenario in
          waiting[scenario]?.isEmpty == false
            && running[scenario, default: 0]
              < (inOrder.contains(scenario) ? 1 : Self.widthOfScenario)
        }
        if let next, all < width, !current.isStopped {
          let scenario = turns.remove(at: next)
          turns.append(scenario)
          guard let item = waiting[scenario]?.popLast() else { continue }
          running[scenario, default: 0] += 1
          all += 1
          progress.withLock { $0.running = all }
          group.addTask {
            await self.perform(item)
            return item.scenario
          }
        } else if let ended = await group.next() {
          running[ended, default: 1] -= 1
          all -= 1
          progress.withLock { $0.running = all }
          report(current)
        } else {
          break
        }
      }
    }
    let left = Set(waiting.values.joined().map(\.id))
    progress.withLock {
      $0.notBegun = selection.items.map(\.id).filter(left.contains)
      $0.isOver = true
    }
    let end = current
    report(end)
    return end
  }

  /// Where it cannot be found out which scenarios are processed in order, all of them are.
  private func sequentialScenarios() async -> Set<ScenarioID> {
    guard selection.action == .resume else { return [] }
    guard let rows = try? await desk.scenarios() else {
      return Set(selection.items.map(\.scenario))
    }
    return Set(rows.filter(\.isSequential).map(\.id))
  }

  private func perform(_ item: BulkSelection.Item) async {
    do throws(StoreError) {
      var after: IncompleteExecution?
      switch selection.action {
      case .resume:
        let before = try await desk.record(item.id)
        let report = try await desk.resumeNow(item.id, version: item.version, trigger: .bulk)
        note(report, before: before.error.type, of: item.id)
        return
      case .close(let reason):
        after = try await desk.close(item.id, version: item.version, reason: reason)
      case .delete: after = try await desk.delete(item.id, version: item.version)
      case .restore: _ = try await desk.restore(item.id, version: item.version)
      case .reopen: _ = try await desk.reopen(item.id, version: item.version)
      case .purge: try await desk.purge(item.id)
      }
      let version = after?.summary.version
      progress.withLock {
        $0.done += 1
        $0.succeeded.append(item.id)
        $0.versions[item.id] = version
      }
    } catch {
      progress.withLock {
        var ending = BulkProgress.Failure.Ending.skipped
        switch error {
        case .outcomeUnknown, .takenOver: ending = .unknown
        default: break
        }
        $0.failed.append(
          BulkProgress.Failure(id: item.id, ending, reason: Self.reason(error)))
      }
    }
  }

  /// Why a record was not begun, or what of it is not known, in the same words for every record.
  private static func reason(_ error: StoreError) -> String {
    switch error {
    case .inDoubt:
      "in doubt: what their module was sending may have arrived; r on the record asks what to do"
    default: error.description
    }
  }

  private func note(_ report: ResumeReport, before: ErrorType, of id: RecordID) {
    progress.withLock { progress in
      func fail(_ ending: BulkProgress.Failure.Ending, _ reason: String) {
        progress.failed.append(BulkProgress.Failure(id: id, ending, reason: reason))
      }
      switch report.outcome {
      case .resolved:
        progress.done += 1
        progress.succeeded.append(id)
      case .failed(let error):
        fail(
          error.type == before ? .sameError : .newError, "\(error.type): \(error.message)")
      case .failedElsewhere(let error, let module, let record):
        let link = record.map { ", stored as \($0.short)" } ?? ""
        fail(.newError, "\(error.type) at module \(module)\(link): \(error.message)")
      case .interrupted:
        fail(.newError, "it was interrupted")
      }
    }
  }
}
