import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Synchronization

/// A module that does as it is told and writes down what it was asked to do: the one thing in these
/// tests that is not real, because a test has to say when it fails.
final class Told: ModuleImplementation {
  static let descriptor = ModuleDescriptor(
    type: "test:Told", kind: .action, effect: .effect,
    fields: [FieldDescriptor("say", "Say", .text)])

  private let heard = Mutex<[String]>([])
  private let failing = Mutex<[String: ModuleError]>([:])
  private let interruptions = Mutex<[String: @Sendable () async -> Void]>([:])

  func fail(on word: String, with error: ModuleError?) { failing.withLock { $0[word] = error } }

  /// Does something before it answers that word, once.
  func whenHearing(_ word: String, _ action: @escaping @Sendable () async -> Void) {
    interruptions.withLock { $0[word] = action }
  }

  /// What it was asked, in order, since it was last asked this.
  func takeHeard() -> [String] {
    heard.withLock { heard in
      defer { heard = [] }
      return heard
    }
  }

  func perform(
    _ input: Collection, in context: OperationContext
  ) async throws(ModuleError) -> OperationOutput {
    let word = input["say"]?.text ?? ""
    heard.withLock { $0.append(word) }
    if let action = interruptions.withLock({ $0.removeValue(forKey: word) }) { await action() }
    if let error = failing.withLock({ $0[word] }) { throw error }
    return OperationOutput([["said": .text(word)]])
  }
}

/// A runner over a real store.
struct Workbench {
  let folder: TemporaryFolder
  let store: SQLiteStore
  let runner: ScenarioRunner
  let desk: OperatorDesk
  let told = Told()
  let clock = ManualClock()

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore.open(path: folder.path + "/store.db")
    runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [told]), store: store,
      clock: clock)
    desk = OperatorDesk(store: store, runner: runner, author: "ada")
  }

  /// A scenario of these modules behind a webhook that is module 1.
  static func blueprint(_ modules: String, settings: String = #""dlq":true"#) throws -> Blueprint {
    try Blueprint(
      json: Array(
        #"""
        {"name":"T","flow":[{"id":1,"module":"gateway:CustomWebHook"},\#(modules)],
         "metadata":{"scenario":{\#(settings)}}}
        """#.utf8))
  }

  /// A module that says something.
  static func say(_ id: Int, _ word: String, _ more: String = "") -> String {
    #"{"id":\#(id),"module":"test:Told","mapper":{"say":"\#(word)"}\#(more)}"#
  }

  /// The records that are neither resolved nor deleted, oldest first.
  func open() async throws -> [IncompleteSummary] {
    try await desk.page(RecordFilter(), .first, limit: 100).reversed()
  }

  /// Runs every open record once, oldest first.
  func resumeAll() async throws -> [Attempt.Outcome] {
    var outcomes: [Attempt.Outcome] = []
    for record in try await open() {
      outcomes.append(
        try await desk.resume(record.id, version: nil, trigger: .manual).outcome)
    }
    return outcomes
  }
}
