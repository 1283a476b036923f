import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite
import FettleService
import Glibc
import Logging

/// Asks the scheduler again and again what is due, and says what came of it.
struct NightWatch {
  let scheduler: Scheduler
  let workshop: Workshop
  let retention: Retention
  let reporter: Reporter
  private var logger: Logger { reporter.logger }

  /// How long it sleeps at most: others may have put something into the store.
  private static let longestSleep = Duration.seconds(1)
  /// How often the history is cut to what is kept.
  private static let pruning = Duration.seconds(3600)

  /// Works until a signal says stop. The operations that run then are finished; what they lead to is
  /// kept and goes on later.
  func run(until signals: Signals, service: Service?) async {
    await withDiscardingTaskGroup { group in
      var trouble: StoreError?
      var unwritten: StoreTrouble?
      var nextPruning = ContinuousClock.now
      while true {
        do throws(StoreError) {
          try await followClock()
          for task in try await scheduler.startDue() {
            // Who waits for a task lifts it to itself.
            group.addTask(priority: .utility) {
              let event = await task.value
              reporter.report(event)
              // Its place is free for the next one that is due.
              if case .retried = event { signals.nudge() }
            }
          }
          try await service?.look()
          if trouble != nil { logger.notice("the store is back") }
          trouble = nil
        } catch {
          // Said once; the work goes on by itself when the store is back (durability 5).
          if trouble == nil { logger.error("\(error)") }
          trouble = error
        }
        unwritten = await watchStore(unwritten)
        if nextPruning <= .now {
          nextPruning = .now + Self.pruning
          group.addTask { await prune() }
        }
        let received = await signals.wait(atMost: await pause())
        if received.contains(SIGTERM) || received.contains(SIGINT) { break }
        if received.contains(SIGHUP) {
          service?.reload()
          let apps = workshop.reloadApps()
          for problem in apps.problems { logger.warning("an app is left out: \(problem)") }
          logger.info("reloaded", metadata: ["apps": "\(apps.apps.count)"])
        }
      }
      logger.info("stopping; the operations that run are finished first")
      workshop.runner.brake.pull()
      await scheduler.stop()
      await service?.stop()
      await workshop.runner.finishCalled()
    }
  }

  /// Says once that the store cannot be written to, and once that it can again (durability 5).
  /// - Parameter known: what was said.
  private func watchStore(_ known: StoreTrouble?) async -> StoreTrouble? {
    let store = workshop.store
    let trouble = await store.trouble(probing: known != nil)
    if let trouble, known == nil {
      var metadata: Logger.Metadata = [
        "store": "\(store.path)", "error": "\(trouble.error)",
        "next": "senders of webhooks are answered 503; it goes on by itself when the store is back",
      ]
      if let free = store.freeBytes { metadata["free"] = "\(free)" }
      logger.error("the store cannot be written to", metadata: metadata)
    } else if trouble == nil, let known {
      let lasted = workshop.runner.clock.now().milliseconds - known.since.milliseconds
      logger.notice(
        "the store can be written to again",
        metadata: ["store": "\(store.path)", "seconds": "\(max(0, lasted) / 1000)"])
    }
    return trouble
  }

  private func followClock() async throws(StoreError) {
    let seconds = try await scheduler.followClock()
    guard seconds != 0 else { return }
    logger.notice(
      seconds < 0
        ? "the clock was set back; retries and starts that wait for a pause come by as much earlier"
        : "the clock was set forward; what is due by it starts now",
      metadata: ["seconds": "\(abs(seconds))"])
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
      if removed.executions > 0 {
        logger.info("history cut", metadata: ["removed": "\(removed.executions)"])
      }
      if removed.records > 0 {
        logger.info("bin emptied", metadata: ["removed": "\(removed.records)"])
      }
    } catch { logger.error("the history cannot be cut: \(error)") }
  }
}
