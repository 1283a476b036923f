import FettleCore

/// Records as a run would have stored them.
enum Fixtures {
  static let now = Instant(milliseconds: 1_789_999_500_000)  // 2026-09-21T14:05:00Z

  static let router = """
    {"name": "Orders to Workfront", "flow": [
      {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "mapper": {},
       "metadata": {"designer": {"name": "New order"}}},
      {"id": 2, "module": "json:ParseJSON", "version": 1, "mapper": {"json": "{{1.body}}"}},
      {"id": 3, "module": "builtin:BasicRouter", "version": 1, "mapper": null, "routes": [
        {"flow": [
          {"id": 4, "module": "google-sheets:addRow", "version": 2, "mapper": {},
           "filter": {"name": "total > 100", "conditions": [[{"a": "{{1.total}}", "b": "100", "o": "number:greater"}]]}},
          {"id": 5, "module": "http:MakeRequest", "version": 4,
           "metadata": {"designer": {"name": "Create task"}},
           "mapper": {"name": "{{1.name}}", "email": "{{1.email}}", "token": "{{1.token}}"},
           "onerror": [{"id": 8, "module": "builtin:Break", "version": 1, "mapper": {}}]},
          {"id": 6, "module": "slack:CreateMessage", "version": 4, "mapper": {}}]},
        {"flow": [{"id": 7, "module": "email:ActionSendEmail", "version": 7, "mapper": {}}]}]}]}
    """

  static let ifElse = """
    {"name": "Invoices", "flow": [
      {"id": 1, "module": "http:ActionGetFile", "version": 3, "mapper": {}},
      {"id": 2, "module": "builtin:BasicIfElse", "version": 1, "mapper": {}, "branches": [
        {"type": "condition", "label": "is paid", "merge": true, "flow": [
          {"id": 3, "module": "util:SetVariable2", "version": 1, "mapper": {}}]},
        {"type": "else", "merge": false, "disabled": true, "flow": []}]},
      {"id": 4, "module": "datastore:AddRecord", "version": 1, "mapper": {"key": "{{1.id}}"}}]}
    """

  static func blueprint(_ text: String) throws -> Blueprint {
    try Blueprint(json: Array(text.utf8))
  }

  /// A record that fails at module 5 because its order has no e-mail address.
  static func record(
    _ number: Int = 1, blueprint: Blueprint? = nil, failer: ModuleID = 5,
    bundle: Collection? = nil, type: ErrorType = .data, state: IncompleteState = .unresolved,
    scenario: String = "Orders to Workfront", reason: String? = nil, version: Int = 1
  ) throws -> IncompleteExecution {
    let blueprint = try blueprint ?? Self.blueprint(router)
    let reason = reason ?? "\"email\" is required and is empty"
    let digits = String(number, radix: 16)
    let id = RecordID(
      "3f2a9c" + String(repeating: "0", count: max(0, 26 - digits.count)) + digits)
    let reversed = RecordID(String(id.text.reversed()))
    let summary = IncompleteSummary(
      id: reversed, scenarioID: ScenarioID(1), scenarioName: scenario, index: number,
      executionID: "88120fab00000000", failer: failer,
      failerTitle: blueprint.module(failer)?.title ?? "a module", errorType: type, reason: reason,
      created: Instant(milliseconds: now.milliseconds - Int64(number) * 61_000), size: 12_400,
      state: state, nextRetry: state == .pending ? now.advanced(bySeconds: 180) : nil,
      attempts: state == .pending ? 2 : 0, plannedAttempts: state == .pending ? 5 : 0,
      version: version)
    return IncompleteExecution(
      summary: summary, error: ModuleError(type, reason, statusCode: 422, field: "email"),
      blueprint: blueprint,
      originalBundles: VisibleBundles([
        VisibleBundles.Entry(
          module: 1, bundle: bundle ?? ["name": "Ada", "token": "hunter2", "total": 120]),
        VisibleBundles.Entry(
          module: 2,
          bundle: [
            "items": [["sku": "A-17", "count": 2], ["sku": "B-3", "count": 1]],
            "note": "spring\n2026",
          ]),
      ]),
      mappedInput: ["name": "Ada", "email": .null, "token": "hunter2"], variables: Variables(),
      continuation: [],
      visits: [
        ModuleVisit(module: 1, emitted: 1), ModuleVisit(module: 2, seen: 1, passed: 1, emitted: 2),
        ModuleVisit(module: 3, seen: 2, passed: 2, emitted: 2),
        ModuleVisit(module: 4, seen: 2, passed: 1, emitted: 1),
        ModuleVisit(module: 5, seen: 1, passed: 1, failed: 1),
        ModuleVisit(module: 7, seen: 1, passed: 1, emitted: 1),
      ], schedule: RetrySchedule(pauses: []))
  }

  /// A list as it may be on a bad day.
  static func records() throws -> [IncompleteExecution] {
    let kinds: [(ErrorType, IncompleteState, String, String)] = [
      (.data, .unresolved, "Orders to Workfront", "\"email\" is required and is empty"),
      (.rateLimit, .pending, "Invoices sync", "429 Too Many Requests, limit 100/min"),
      (.connection, .inProgress, "Leads nightly", "connect ETIMEDOUT crm.example:443"),
      (.invalidAccessToken, .unresolved, "Asset upload", "the token was revoked"),
    ]
    let blueprint = try Self.blueprint(router)
    return try (1...30).map { number in
      let (type, state, scenario, reason) = kinds[(number - 1) % kinds.count]
      return try record(
        number, blueprint: blueprint, type: type, state: state, scenario: scenario, reason: reason)
    }
  }
}
