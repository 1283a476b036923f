import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite
import FettleService
import Glibc
import Logging

/// The daemon: starts scenarios on their schedules and with the events of their webhooks, retries what
/// is due, and answers the API, while nobody looks.
@main
struct Fettled: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fettled",
    abstract:
      "Start scenarios on their schedules and webhooks, retry what is due, answer the API.",
    discussion: """
      Several daemons, terminals and commands may work on one store at once. SIGTERM and SIGINT stop \
      it: the operations that run are finished, what they lead to goes on later. SIGHUP makes it read \
      scenarios, webhooks and described apps again and look at the store at once.

      Webhooks are at /hook/ADDRESS (fettle hook), the API at /api/v2 (fettle token), health at \
      /health and metrics for Prometheus at /metrics. TLS is the affair of a reverse proxy.
      """,
    version: "0.1.0")

  @Option(help: "The store. Default: fettle/fettle.db in the XDG data home.")
  var store: String?

  @Option(
    help:
      "Where to listen: ADDRESS:PORT, or none. Beyond loopback, whoever reaches it sees /metrics.")
  var listen = Listen.standard

  @Option(help: "The days an execution stays in the history.")
  var days = 30

  @Option(help: "At most that many retries of one scenario at once.")
  var retries = 3

  @Option(
    help: "Seconds a due retry waits for its scenario to stop running, then it starts beside it.")
  var patience = 600

  @Option(help: "At most that many events of one scenario at once.")
  var parallel = 16

  @Option(help: "How log lines are written: logfmt or json.")
  var logFormat = LogFormat.logfmt

  @Option(help: "From which level on: debug, info, notice, warning or error.")
  var logLevel = "info"

  func validate() throws {
    if days < 0 { throw ValidationError("--days is a number from 0.") }
    if retries < 1 { throw ValidationError("--retries is a number from 1.") }
    if patience < 0 { throw ValidationError("--patience is a number of seconds from 0.") }
    if parallel < 1 { throw ValidationError("--parallel is a number from 1.") }
    if Logger.Level(rawValue: logLevel) == nil {
      throw ValidationError("--log-level is debug, info, notice, warning or error.")
    }
  }

  func run() async throws {
    let level = Logger.Level(rawValue: logLevel) ?? .info
    let format = logFormat
    LoggingSystem.bootstrap { _ in LineLogHandler(format: format, level: level) }
    let logger = Logger(label: "fettled")
    guard let path = store ?? Workshop.standardPath else {
      logger.critical("there is no home directory for a store; name one with --store")
      throw ExitCode(2)
    }
    let workshop: Workshop
    do throws(StoreError) { workshop = try await open(path, logger) } catch {
      logger.critical("\(error)")
      throw ExitCode(2)
    }
    guard let signals = Signals([SIGTERM, SIGINT, SIGHUP]) else {
      logger.critical("no more files may be opened; raise the limit (ulimit -n)")
      throw ExitCode(2)
    }
    let metrics = ServiceMetrics()
    let reporter = Reporter(logger: logger, metrics: metrics, store: path)
    logger.info("working", metadata: ["store": "\(path)"])
    if let problem = workshop.sealing.problem {
      logger.warning("what is sealed in the store cannot be opened: \(problem)")
    }
    for problem in workshop.apps.problems { logger.warning("an app is left out: \(problem)") }
    do throws(StoreError) {
      let sealed = try await workshop.store.sealHookKeys()
      if sealed > 0 { logger.notice("keys of webhooks sealed", metadata: ["number": "\(sealed)"]) }
      for problem in try await workshop.connections.problems() { logger.warning("\(problem)") }
    } catch { logger.error("\(error)") }
    let watch = NightWatch(
      scheduler: Scheduler(
        runner: workshop.runner, queue: RetryQueue(atOnce: retries, patience: patience)),
      workshop: workshop, retention: Retention(days: days), reporter: reporter)
    guard let address = listen.address else {
      await watch.run(until: signals, service: nil)
      return logger.info("stopped")
    }
    var serverLogger = Logger(label: "http")
    serverLogger.logLevel = .warning
    let service = Service(
      store: workshop.store, runner: workshop.runner, address: address,
      sealing: workshop.sealing, callBack: { await workshop.callBack($0, $1) }, width: parallel,
      retriesAtOnce: retries, metrics: metrics, logger: serverLogger,
      report: { reporter.report($0) },
      isListening: { address in
        logger.info("listening", metadata: ["url": "\(address.url)"])
        if !address.isLoopback {
          logger.warning("other machines reach this address; put a proxy with TLS before it")
        }
      })
    // Somebody outside waits for an answer.
    let serving = Task(priority: .high) { () -> (any Error)? in
      do {
        try await service.run()
        return nil
      } catch {
        signals.raise(SIGTERM)
        return error
      }
    }
    await watch.run(until: signals, service: service)
    if let error = await serving.value {
      logger.critical(
        "\(address.url) cannot be listened on: \(error); name another address with --listen")
      throw ExitCode(2)
    }
    logger.info("stopped")
  }

  /// Opens the store. One that another program holds, or whose disk is full, is waited for: there is
  /// nothing else to do, and nobody looks.
  private func open(_ path: String, _ logger: Logger) async throws(StoreError) -> Workshop {
    var told: StoreError?
    while true {
      do throws(StoreError) { return try Workshop(path: path, creating: true) } catch {
        switch error {
        case .busy, .full: break
        default: throw error
        }
        if told != error {
          logger.error(
            "the store cannot be opened; it is tried again every few seconds",
            metadata: ["store": "\(path)", "error": "\(error)"])
        }
        told = error
      }
      try? await Task.sleep(for: .seconds(2))
    }
  }
}
