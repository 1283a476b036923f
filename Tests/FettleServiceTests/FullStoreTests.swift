import FettleCore
import FettleEngine
import FettleSQLite
import FettleService
import FettleTestKit
import Logging
import Synchronization
import Testing

/// What was logged.
private struct Lines: LogHandler {
  final class Kept: Sendable { let lines = Mutex<[String]>([]) }

  let kept: Kept
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  init(_ kept: Kept) { self.kept = kept }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { kept.lines.withLock { $0.append("\(event.message)") } }
}

@Suite("A store without room", .fewAtOnce)
struct FullStoreTests {
  @Test("refuses events with 503, says so once, and once more when it takes them again")
  func events() async throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore.open(path: folder.path + "/s.db")
    let scenario = try await store.scenario(named: "T")
    let hook = try await store.addHook(
      number: nil, address: "a", scenario: scenario, settings: HookSettings())
    let (addresses, found) = AsyncStream<Service.Address>.makeStream()
    let kept = Lines.Kept()
    let service = Service(
      store: store, runner: ScenarioRunner(modules: ModuleRegistry([]), store: store),
      address: Service.Address(host: "127.0.0.1", port: 0),
      logger: Logger(label: "test") { _ in Lines(kept) }, report: { _ in },
      isListening: { found.yield($0) })
    let serving = Task { try await service.run() }
    var iterator = addresses.makeAsyncIterator()
    let client = HTTPClient("http://127.0.0.1:\(await iterator.next()?.port ?? 0)")
    func send() async -> Int {
      await client.send("POST", "/hook/a", [:], String(repeating: "x", count: 50_000)).status
    }
    func told(_ what: String) -> [String] {
      kept.lines.withLock { $0.filter { $0.contains(what) } }
    }
    try await store.limitPages(toCurrentAnd: 40)
    var taken = 0
    while await send() == 200 { taken += 1 }
    for _ in 0..<4 { #expect(await send() == 503) }
    #expect(told("no room").count == 1, "\(kept.lines.withLock { $0 })")
    try await store.limitPages(toCurrentAnd: 10_000)
    for _ in 0..<3 { #expect(await send() == 200) }
    #expect(told("stored again") == ["events are stored again; 5 were refused with 503 meanwhile"])
    #expect(try await store.hooks().map(\.waiting) == [taken + 3], "\(hook.id)")
    await service.stop()
    try await serving.value
  }
}
