import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Synchronization
import Testing

/// A module that notes how many operations of it are under way at once.
private final class Occupied: ModuleImplementation {
  static let descriptor = ModuleDescriptor(type: "test:Occupied", kind: .action, effect: .effect)

  private let inside = Mutex(0)
  private let overlaps = Mutex(0)

  /// How often one began while another was under way.
  var overlapCount: Int { overlaps.withLock { $0 } }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    if inside.withLock({ inside in
      inside += 1
      return inside > 1
    }) {
      overlaps.withLock { $0 += 1 }
    }
    for _ in 0..<50 { await Task.yield() }
    inside.withLock { $0 -= 1 }
    return OperationOutput([[:]])
  }
}

@Suite("A scenario that is processed in order, begun by several workers", .fewAtOnce)
struct InOrderTests {
  let bench: Workbench
  private let occupied = Occupied()
  private let runners: [ScenarioRunner]
  let id: ScenarioID
  let blueprint: Blueprint

  init() async throws {
    bench = try Workbench()
    let (store, clock, occupied) = (bench.store, bench.clock, occupied)
    runners = (0..<2).map { _ in
      ScenarioRunner(modules: ModuleRegistry([occupied]), store: store, clock: clock)
    }
    blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"O","flow":[{"id":1,"module":"test:Occupied","mapper":{}}],
         "metadata":{"scenario":{"dlq":true,"sequential":true}}}
        """#.utf8))
    id = try await store.scenario(named: "O")
    try await store.keep(blueprint, for: id)
    let now = clock.now()
    let schedule = try Schedule(["type": "indefinitely", "interval": 60])
    try await store.update(id) { state in
      state.schedule = schedule
      state.activate(at: now, zone: "UTC")
    }
  }

  @Test("never has two runs at once, whether its schedule, the API or a person begins them")
  func neverOverlaps() async throws {
    let schedulers = runners.map { Scheduler(runner: $0) }
    let (runners, blueprint) = (runners, blueprint)
    var ran = 0
    for _ in 0..<25 {
      bench.clock.advance(seconds: 120)
      ran += try await withThrowingTaskGroup(of: Int.self) { group in
        for n in 0..<8 {
          group.addTask {
            do throws(StoreError) {
              switch n % 3 {
              case 0:
                let started = try await schedulers[n % 2].startDue()
                for run in started { _ = await run.value }
                return started.count
              case 1: _ = await (try await runners[n % 2].begin(blueprint)).end.value
              default: _ = try await runners[n % 2].run(blueprint)
              }
              return 1
            } catch {
              guard case .notItsTurn = error else { throw error }
              return 0
            }
          }
        }
        return try await group.reduce(0, +)
      }
    }
    #expect(occupied.overlapCount == 0)
    #expect(try await bench.store.executions(of: id, limit: 1000).count == ran)
    #expect(ran >= 25)
  }
}
