import FettleCore
import FettleTestKit
import Testing

@Suite("What a filter means", .fewAtOnce)
struct FilterMeaningTests {
  static let now = Instant(milliseconds: 1_789_999_500_000)  // 2026-09-21T14:05:00Z

  /// A record stored 23 minutes ago, on 21 September 2026.
  static func record() throws -> IncompleteExecution {
    let summary = IncompleteSummary(
      id: RecordID("3f2a9c01000000000000000000000000"), scenarioID: ScenarioID(1),
      scenarioName: "Orders to Workfront", index: 1, executionID: "88120fab", failer: 5,
      failerTitle: "Create task", errorType: .data, reason: "\"date\" must be a date",
      created: now.advanced(bySeconds: -23 * 60), size: 12_400, state: .pending,
      nextRetry: now.advanced(bySeconds: 180), attempts: 2, plannedAttempts: 5)
    return IncompleteExecution(
      summary: summary, error: ModuleError(.data, summary.reason),
      blueprint: try Blueprint(json: Array(#"{"name":"Orders","flow":[]}"#.utf8)),
      originalBundles: VisibleBundles([
        .init(
          module: 1,
          bundle: [
            "order": ["total": 120, "vat": "19.5", "paid": true, "note": .null],
            "email": "ada@old.example", "due": .date(now),
            "items": [["sku": "A-17"], ["sku": "B-3"]], "Full Name": "Ada Lovelace",
          ]),
        .init(module: 2, bundle: ["task": ["owner": .null, "tags": []]]),
      ]), mappedInput: [:], variables: Variables(), continuation: [], visits: [],
      schedule: .fusion)
  }

  @Test(
    "lets the record through",
    arguments: [
      "", "status:wait", "status:pend,done", "error:data", "error:DataError", "error:D*",
      "-error:Connection", "scenario:orders", "scenario:\"Orders to Workfront\"",
      "scenario:O*front", "module:5", "module:task", "module:/^create/i", "auto:yes", "try:2",
      "try:>1", "try:2..5", "age:<2h", "age:>20m", "age:20m..1h", "created:2026-09-21",
      "created:2026-09", "created:2026-09-20..21", "created:>2026-09-20", "created:>=2026-09-21",
      "created:today", "created:2026-09-21T13", "created:<=2026-09-21T13:42", "next:<10m",
      "next:>1m", "size:>12K", "size:12.4K", "size:1K..1M", "run:8812", "id:3F2A", "DATE must",
      "text:\"must be a date\"", "\"must be\"", "lovelace", "A-17", "bundle.order.total:>100",
      "bundle.order.total:120", "bundle.1.order.total:100..120", "bundle.order.vat:<20",
      "bundle.order.paid:true", "bundle.order.note:null", "bundle.*.note:null",
      "bundle.task.owner:null", "bundle.*.email:/@old\\.example$/", "bundle.email:ada@*",
      "bundle.email:ADA@OLD.EXAMPLE", "bundle.items.sku:B-3", "bundle.items[2].sku:B-3",
      "bundle.1.items[1]:*", "bundle.`Full Name`:\"Ada Lovelace\"",
      "bundle.due:>2026-09-20", "bundle.due:2026-09-21..22", "bundle.order:*",
      "error:Connection or scenario:orders", "-(error:Data status:done)",
      "(status:done or status:wait) size:>1K", "bundle.2.task.tags:*",
    ])
  func passes(text: String) throws {
    #expect(try RecordFilter(FilterExpression(text), now: Self.now).matches(Self.record()))
  }

  @Test(
    "stops the record",
    arguments: [
      "status:open", "status:done,bin", "-status:wait", "error:Connection", "error:\"Data\"",
      "scenario:\"orders\"", "scenario:leads", "module:4", "auto:no", "try:>2", "age:<20m",
      "age:>1h", "created:2026-09-20", "created:<2026-09-21", "created:yesterday",
      "created:2026-09-21T14", "next:>10m", "size:<1K", "run:9", "id:2f", "nonsense",
      "bundle.order.total:>120", "bundle.order.total:<100", "bundle.total:120",
      "bundle.2.order.total:120", "bundle.order.missing:null", "bundle.email:ada",
      "bundle.email:\"ADA@OLD.EXAMPLE\"", "bundle.task.owner:*x*", "bundle.items.sku:C-1",
      "bundle.items[1].sku:B-3", "bundle.items[3].sku:*", "bundle.order[1].total:120",
      "error:Data status:done", "-(error:Data or status:done)",
    ])
  func stops(text: String) throws {
    #expect(try !RecordFilter(FilterExpression(text), now: Self.now).matches(Self.record()))
  }

  @Test("says the dates of a zone")
  func zone() throws {
    // 13:42 UTC is already the next day in Auckland.
    let filter = try FilterExpression("created:2026-09-22")
    #expect(try RecordFilter(filter, now: Self.now, utcOffset: 12 * 3600).matches(Self.record()))
  }

  @Test(
    "groups failures whose messages differ by what was in the bundle",
    arguments: [
      ("\"email\" must be a date, got \"31/02/2026\"", "\"email\" must be a date, got \"later\""),
      ("connect ETIMEDOUT 10.0.0.1:443", "connect ETIMEDOUT 10.0.0.27:443"),
      ("no customer ada@example.org", "no customer grace@example.com"),
      ("order 4711 is closed", "order 5 is closed"),
      ("task 64f0a1c2b3 not found", "task 99f0a1c2ff not found"),
    ])
  func groups(one: String, other: String) {
    #expect(group(one) == group(other))
  }

  @Test("keeps failures apart that are about another field or another limit")
  func groupsApart() {
    #expect(group("\"email\" is required") != group("\"name\" is required"))
    #expect(group("too many requests") != group("too many results"))
  }

  private func group(_ reason: String) -> Int64 {
    ErrorGroup(errorType: .data, moduleTitle: "Create task", reason: reason).fingerprint
  }
}
