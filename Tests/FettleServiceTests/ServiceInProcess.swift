import FettleCore
import FettleEngine
import FettleSQLite
import FettleService
import FettleTestKit
import Logging

/// A service in this process, with limits that a test can wait for.
final class ServiceInProcess: Sendable {
  let folder: TemporaryFolder
  let service: Service
  let base: String
  private let serving: Task<Void, any Error>

  init(_ change: (inout ServiceLimits) -> Void = { _ in }) async throws {
    folder = try TemporaryFolder()
    var limits = ServiceLimits()
    change(&limits)
    let store = try SQLiteStore.open(path: folder.path + "/s.db")
    let (addresses, found) = AsyncStream<Service.Address>.makeStream()
    let service = Service(
      store: store, runner: ScenarioRunner(modules: ModuleRegistry([]), store: store),
      address: Service.Address(host: "127.0.0.1", port: 0), limits: limits,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, report: { _ in },
      isListening: { found.yield($0) })
    self.service = service
    serving = Task { try await service.run() }
    var iterator = addresses.makeAsyncIterator()
    base = "http://127.0.0.1:\(await iterator.next()?.port ?? 0)"
  }

  func stop() async throws {
    await service.stop()
    try await serving.value
  }
}
