import FettleCore
import FettleEngine
import FettleSQLite
import Foundation

/// A folder that goes away with the measurement.
final class BenchFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "fettle-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  /// Where a program whose data home is the folder looks for its store.
  var store: String { path + "/fettle/fettle.db" }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A module that does nothing but answer 200 bytes, and may be told to fail: what is measured is the
/// engine around it.
struct Step: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "bench:Step", kind: .action, effect: .effect,
    fields: [FieldDescriptor("text", "Text", .text)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    if input["fails"]?.boolean == true { throw ModuleError(.data, "refused: \(Self.line)") }
    return OperationOutput([["text": .text(Self.payload)]])
  }

  static let line = "the address is not known to the service"
  static let payload = String(repeating: "0123456789abcdef", count: 12)
}

/// The same without an effect.
struct PureStep: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "bench:PureStep", kind: .transformer, effect: .pure,
    fields: [FieldDescriptor("text", "Text", .text)])

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    OperationOutput([["text": .text(Step.payload)]])
  }
}

/// A store with a runner on it.
struct Bench: Sendable {
  let folder: BenchFolder
  let store: SQLiteStore
  let runner: ScenarioRunner
  let desk: OperatorDesk
  var path: String { folder.store }

  init() throws {
    folder = try BenchFolder()
    store = try SQLiteStore.open(
      path: folder.store,
      limits: StoreLimits(scenarioBytes: .max / 4, storeBytes: .max / 4))
    runner = ScenarioRunner(
      modules: ModuleRegistry([Step(), PureStep()]), store: store)
    desk = OperatorDesk(store: store, runner: runner, author: "bench")
  }

  static let given: [Collection] = [["text": .text(Step.payload)]]

  /// A chain of modules behind a trigger.
  static func chain(_ modules: [(type: String, fails: Bool)]) throws -> Blueprint {
    let flow = modules.enumerated().map { index, module -> Value in
      [
        "id": .integer(index + 2), "module": .text(module.type),
        "mapper": ["text": .text("{{\(index + 1).text}}"), "fails": .boolean(module.fails)],
      ]
    }
    return try Blueprint([
      "name": "Bench", "flow": .array([["id": 1, "module": "bench:Trigger"]] + flow),
      "metadata": ["scenario": ["dlq": true]],
    ])
  }

  /// Runs a scenario some times, some of them at once.
  /// - Returns: runs in a second.
  func rate(of blueprint: Blueprint, runs: Int, atOnce: Int) async throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<atOnce {
        group.addTask {
          for _ in 0..<(runs / atOnce) {
            _ = try await runner.run(blueprint, given: Self.given)
          }
        }
      }
      try await group.waitForAll()
    }
    return Double(runs / atOnce * atOnce) / (start.duration(to: clock.now) / .seconds(1))
  }
}
