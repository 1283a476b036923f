import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import Glibc
import Logging

/// The daemon: starts scenarios on their schedules and retries what is due, while nobody looks.
@main
struct Fettled: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fettled",
    abstract:
      "Start scenarios on their schedules and retry incomplete executions when they are due.",
    discussion: """
      Several daemons, terminals and commands may work on one store at once. SIGTERM and SIGINT stop \
      it: what runs is finished first. SIGHUP makes it look at the store at once.
      """,
    version: "0.1.0")

  @Option(help: "The store. Default: fettle/fettle.db in the XDG data home.")
  var store: String?

  @Option(help: "The days an execution stays in the history.")
  var days = 30

  @Option(help: "At most that many retries of one scenario at once.")
  var retries = 3

  func validate() throws {
    if days < 0 { throw ValidationError("--days is a number from 0.") }
    if retries < 1 { throw ValidationError("--retries is a number from 1.") }
  }

  func run() async throws {
    LoggingSystem.bootstrap(StreamLogHandler.standardError)
    let logger = Logger(label: "fettled")
    guard let path = store ?? Workshop.standardPath else {
      logger.critical("there is no home directory for a store; name one with --store")
      throw ExitCode(2)
    }
    let workshop: Workshop
    do throws(StoreError) { workshop = try Workshop(path: path, creating: true) } catch {
      logger.critical("\(error)")
      throw ExitCode(2)
    }
    let signals = Signals([SIGTERM, SIGINT, SIGHUP])
    logger.info("working", metadata: ["store": "\(path)"])
    let watch = NightWatch(
      scheduler: Scheduler(runner: workshop.runner, queue: RetryQueue(atOnce: retries)),
      workshop: workshop, retention: Retention(days: days), logger: logger)
    await watch.run(until: signals)
    logger.info("stopped")
  }
}
