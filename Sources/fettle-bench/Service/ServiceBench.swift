import ArgumentParser
import FettleCore
import FettleEngine
import FettleSQLite
import FettleService
import Foundation
import GRDBSQLite
import Logging

/// Webhooks: accepted to the barrier beside the same HTTP server that stores nothing, memory over many
/// events, and webhooks while retries are drained.
struct ServiceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "service",
    abstract: "Webhooks accepted to the barrier, beside the same server storing nothing.")

  @Option(help: "Rounds of each pair; the median of their ratios is printed.")
  var rounds = 5

  @Option(help: "Seconds each side runs in a round.")
  var seconds = 2

  @Option(help: "Senders at once.")
  var senders = 64

  @Option(help: "Events of the test of memory; 0 leaves it out.")
  var events = 0

  @Option(help: "Due retries that are drained while webhooks arrive; 0 leaves it out.")
  var retries = 0

  func run() async throws {
    if events == 0, retries == 0 { try await accepted() }
    if events > 0 { try await memory() }
    if retries > 0 { try await Draining(retries: retries, rounds: rounds).run() }
  }

  private func accepted() async throws {
    var measured = Rounds()
    var quiet = Rounds()
    for _ in 0..<rounds {
      let floor = try await EmptyServer()
      measured.add(await rate(floor.port, "/hook/x"), of: "floor")
      quiet.add(await rate(floor.port, "/hook/x", width: 1), of: "floor")
      await floor.stop()
      // Nothing runs: what is measured is taking in alone.
      let queue = try await RunningService(isActive: false)
      measured.add(await rate(queue.port, queue.path), of: "queue")
      quiet.add(await rate(queue.port, queue.path, width: 1), of: "queue")
      await queue.stop()
      let running = try await RunningService(isActive: true)
      measured.add(await rate(running.port, running.path), of: "running")
      quiet.add(await rate(running.port, running.path, width: 1), of: "running")
      await running.stop()
    }
    var table = Table(["webhooks accepted", "per second", "of the floor"])
    for (name, rounds) in [("\(senders) senders", measured), ("1 sender", quiet)] {
      table.add(["\(name): nothing stored (floor)", Table.rate(rounds.rate(of: "floor")), "1.00x"])
      for (side, what) in [
        ("queue", "on the disk"), ("running", "on the disk, while they are processed"),
      ] {
        table.add([
          "\(name): \(what)", Table.rate(rounds.rate(of: side)),
          Table.ratio(rounds.ratio(side, to: "floor")),
        ])
      }
    }
    print(table.text)
  }

  private func rate(_ port: Int, _ path: String, width: Int? = nil) async -> Double {
    let clock = ContinuousClock()
    let began = clock.now
    let sending = Senders(port: port, path: path, width: width ?? senders)
    try? await Task.sleep(for: .seconds(seconds))
    await sending.stop()
    if sending.refused > 0 { print("\(sending.refused) were refused") }
    return Double(sending.accepted) / (began.duration(to: clock.now) / .seconds(1))
  }

  private func memory() async throws {
    let running = try await RunningService(isActive: true)
    // What SQLite keeps in its caches has a bound of its own.
    var table = Table(["events", "resident", "SQLite", "waiting"])
    let steps = 10
    for step in 1...steps {
      let sending = Senders(
        port: running.port, path: running.path, width: senders, most: events / steps)
      await sending.finish()
      if sending.accepted < events / steps {
        print("\(events / steps - sending.accepted) were not accepted")
      }
      // The history would go with time; here it goes at once, so that the disk holds out.
      try await Retention(days: 0).apply(
        to: running.store, now: SystemClock().now().advanced(bySeconds: 1))
      let waiting = try await running.store.hooks().first?.waiting ?? 0
      table.add([
        "\(events / steps * step)", "\(Soak.residentKilobytes) kB",
        "\(sqlite3_memory_used() / 1024) kB", "\(waiting)",
      ])
    }
    print(table.text)
    // Accepting has the machine to itself in a burst; this is how fast the rest is worked off.
    let waiting = try await running.store.hooks().first?.waiting ?? 0
    let clock = ContinuousClock()
    let began = clock.now
    while try await running.store.hooks().first?.waiting ?? 0 > 0 {
      try await Task.sleep(for: .milliseconds(20))
    }
    let took = began.duration(to: clock.now) / .seconds(1)
    print(
      String(
        format: "%d events that waited, processed at %.0f a second; %d kB resident behind them",
        waiting, Double(waiting) / took, Soak.residentKilobytes))
    await running.stop()
  }

}

/// The floor, running.
final class EmptyServer: Sendable {
  let port: Int
  private let floor: Floor
  private let serving: Task<Void, any Error>

  /// - Parameter keep: what is done with a body before it is answered.
  init(keep: (@Sendable ([UInt8]) async -> Void)? = nil) async throws {
    let (ports, found) = AsyncStream<Int>.makeStream()
    let floor = Floor(keep: keep) { found.yield($0) }
    self.floor = floor
    serving = Task(priority: .high) { try await floor.run() }
    var iterator = ports.makeAsyncIterator()
    port = await iterator.next() ?? 0
  }

  func stop() async {
    await floor.stop()
    _ = try? await serving.value
  }
}

/// The service on a store of its own, with one scenario behind a webhook.
final class RunningService: Sendable {
  let port: Int
  let path: String
  let store: SQLiteStore
  let folder: URL
  private let runner: ScenarioRunner
  private let service: Service
  private let scenario: ScenarioID
  private let blueprint: Blueprint
  private let serving: Task<Void, any Error>

  init(isActive: Bool) async throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "fettle-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    store = try SQLiteStore.open(path: folder.path + "/s.db")
    blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"Events","flow":[{"id":1,"module":"bench:Events"},{"id":2,"module":"bench:PureStep"}],
         "metadata":{"scenario":{"dlq":true}}}
        """#.utf8))
    scenario = try await store.scenario(named: blueprint.name)
    try await store.keep(blueprint, for: scenario)
    let schedule = try Schedule(["type": "immediately"])
    let now = SystemClock().now()
    try await store.update(scenario) { state in
      state.schedule = schedule
      if isActive { state.activate(at: now, zone: "UTC") }
    }
    var settings = HookSettings()
    settings.queueLength = 100_000_000
    let hook = try await store.addHook(
      number: nil, address: Hook.freshAddress(), scenario: scenario, settings: settings)
    path = hook.path
    runner = ScenarioRunner(modules: ModuleRegistry([Events(), PureStep()]), store: store)
    let (addresses, found) = AsyncStream<Service.Address>.makeStream()
    let service = Service(
      store: store, runner: runner, address: Service.Address(host: "127.0.0.1", port: 0),
      logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }, report: { _ in },
      isListening: { found.yield($0) })
    self.service = service
    serving = Task(priority: .high) { try await service.run() }
    var iterator = addresses.makeAsyncIterator()
    port = await iterator.next()?.port ?? 0
  }

  func stop() async {
    await service.stop()
    _ = try? await serving.value
    try? FileManager.default.removeItem(at: folder)
  }

  /// Records of another scenario whose automatic retry is due.
  func storeDue(_ count: Int) async throws {
    let other = try await store.scenario(named: "Due")
    let now = SystemClock().now()
    for _ in 0..<count {
      _ = try await store.add(
        IncompleteExecution(
          summary: IncompleteSummary(
            id: SystemClock().recordID(), scenarioID: other, scenarioName: "Due", index: 0,
            executionID: "e", failer: 2, failerTitle: "Step", errorType: .connection,
            reason: "away", created: now, size: 100, state: .pending, nextRetry: now,
            plannedAttempts: 5),
          error: ModuleError(.connection, "away"), blueprint: blueprint,
          originalBundles: VisibleBundles([.init(module: 1, bundle: ["n": 1])]),
          mappedInput: .null, variables: Variables(), continuation: [], visits: [],
          schedule: .fusion))
    }
  }

  /// Retries what is due until nothing is, as the daemon does.
  func drain() async throws {
    let scheduler = Scheduler(runner: runner)
    while try await !store.scenariosWithDue(at: SystemClock().now()).isEmpty {
      for task in try await scheduler.startDue() { _ = await task.value }
    }
  }
}

/// The trigger of events.
private struct Events: ModuleImplementation {
  static let descriptor = ModuleDescriptor(type: "bench:Events", kind: .trigger, effect: .read)

  func perform(
    _ input: FettleCore.Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput { OperationOutput([]) }
}
