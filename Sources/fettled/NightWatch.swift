import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite
import Glibc
import Logging

/// Asks the scheduler again and again what is due, and says what came of it.
struct NightWatch {
  let scheduler: Scheduler
  let workshop: Workshop
  let retention: Retention
  let logger: Logger

  /// How long it sleeps at most: others may have put something into the store.
  private static let longestSleep = Duration.seconds(1)
  /// How often the history is cut to what is kept.
  private static let pruning = Duration.seconds(3600)

  /// Works until a signal says stop; what was begun is finished then.
  func run(until signals: Signals) async {
    await withDiscardingTaskGroup { group in
      var trouble: StoreError?
      var nextPruning = ContinuousClock.now
      while true {
        do throws(StoreError) {
          for task in try await scheduler.startDue() {
            group.addTask { report(await task.value) }
          }
          if trouble != nil { logger.notice("the store is back") }
          trouble = nil
        } catch {
          // Said once; the work goes on by itself when the store is back (durability 5).
          if trouble == nil { logger.error("the store cannot be used: \(error)") }
          trouble = error
        }
        if nextPruning <= .now {
          nextPruning = .now + Self.pruning
          group.addTask { await prune() }
        }
        let received = await signals.wait(atMost: await pause())
        if received.contains(SIGTERM) || received.contains(SIGINT) { break }
      }
      await scheduler.stop()
      logger.info("stopping; what runs is finished first")
    }
  }

  private func pause() async -> Duration {
    guard let next = try? await scheduler.nextDue() else { return Self.longestSleep }
    let milliseconds = next.milliseconds - workshop.runner.clock.now().milliseconds
    return min(Self.longestSleep, .milliseconds(max(50, milliseconds)))
  }

  private func prune() async {
    do throws(StoreError) {
      let removed = try await retention.apply(
        to: workshop.store, now: workshop.runner.clock.now())
      if removed > 0 { logger.info("history cut", metadata: ["removed": "\(removed)"]) }
    } catch { logger.error("the history cannot be cut: \(error)") }
  }

  private func report(_ event: Scheduler.Event) {
    switch event {
    case .ran(let name, let run, let state):
      var metadata: Logger.Metadata = [
        "scenario": "\(name)", "execution": "\(run.id.prefix(8))",
        "status": "\(run.status.rawValue)", "operations": "\(run.operations)",
        "stored": "\(run.stored.count)",
      ]
      if let error = run.error { metadata["error"] = "\(error.type)" }
      logger.log(level: run.status == .success ? .info : .warning, "ran", metadata: metadata)
      if let problem = state.problem {
        logger.error("switched off: \(problem)", metadata: ["scenario": "\(name)"])
      }
    case .retried(let report):
      let summary = report.record.summary
      var metadata: Logger.Metadata = [
        "record": "\(summary.id.short)", "scenario": "\(summary.scenarioName)",
        "attempt": "\(summary.attempts)", "state": "\(summary.state.name)",
      ]
      if let next = summary.nextRetry { metadata["next"] = "\(next.iso8601)" }
      logger.log(
        level: report.outcome == .resolved ? .info : .warning, "retried", metadata: metadata)
    case .refused(let what, let error):
      logger.warning("\(what) was not run: \(error)")
    }
  }
}
