import FettleCore
import FettleSQLite
import FettleTestKit

/// Every store there is. A store added here passes every test of this suite.
enum StoreUnderTest: CaseIterable {
  case sqlite

  func open(in folder: TemporaryFolder) throws -> any IncompleteStore & ScenarioStore {
    switch self {
    case .sqlite: try SQLiteStore.open(path: folder.path + "/store.db")
    }
  }

  /// Brings an index of texts up to date, where the store has one that is filled behind the records.
  func indexTexts(of store: any IncompleteStore & ScenarioStore) async throws {
    try await (store as? SQLiteStore)?.indexTexts()
  }
}

/// Records as the engine would make them.
struct RecordMaker {
  let store: any IncompleteStore & ScenarioStore
  let scenario: ScenarioID
  private let clock = ManualClock()

  init(_ store: any IncompleteStore & ScenarioStore) async throws {
    self.store = store
    scenario = try await store.scenario(named: "Orders")
  }

  static let blueprintText =
    #"{"name":"Orders","flow":[{"id":1,"module":"a:B"},{"id":2,"module":"a:C"}]}"#

  func record(
    state: IncompleteState = .unresolved, type: ErrorType = .data, created: Int = 0,
    bundle: Bundle = ["email": "x"], in scenario: ScenarioID? = nil
  ) throws -> IncompleteExecution {
    let instant = Instant(milliseconds: 1_700_000_000_000 + Int64(created) * 1000)
    return IncompleteExecution(
      summary: IncompleteSummary(
        id: RecordID(SystemClock().recordID().text), scenarioID: scenario ?? self.scenario,
        scenarioName: "Orders", index: 0, executionID: "e1", failer: 2, failerTitle: "C",
        errorType: type, reason: "refused: 100%_sure", created: instant, size: 100, state: state,
        nextRetry: state == .pending ? instant.advanced(bySeconds: 600) : nil,
        plannedAttempts: state == .pending ? 5 : 0),
      error: ModuleError(type, "refused", statusCode: 422, suberrors: ["a"], field: "email"),
      blueprint: try Blueprint(json: Array(Self.blueprintText.utf8)),
      originalBundles: VisibleBundles([.init(module: 1, bundle: bundle)]),
      mappedInput: ["to": "x"], variables: Variables(cycle: ["a": 1], execution: ["b": 2]),
      continuation: [
        .routes(router: 3, after: 0, passedAny: true),
        .bundles(module: 1, remaining: [["email": "y"], [:]]),
        .aggregation(
          source: 1, waiting: [4],
          items: [AggregatedItem(aggregator: 4, key: "k", fields: ["v": 1])]),
        .hidden(VisibleBundles([5: ["i": 2]])),
      ],
      visits: [ModuleVisit(module: 1, seen: 1, passed: 2, emitted: 3, failed: 4)],
      schedule: state == .pending ? .fusion : RetrySchedule(pauses: []))
  }

  func edit(_ path: String, _ new: Value?, old: Value? = nil) throws -> BundleEdit {
    BundleEdit(
      path: try ValuePath(parsing: path), old: old, new: new, author: "ada",
      date: Instant(milliseconds: 5))
  }
}
