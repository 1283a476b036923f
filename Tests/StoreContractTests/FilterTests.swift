import FettleCore
import FettleTestKit
import Testing

/// Every store answers a filter as the evaluator in memory does.
@Suite("A filter finds in a store", .fewAtOnce)
struct FilterTests {
  let folder: TemporaryFolder
  static let now = Instant(milliseconds: 1_700_003_600_000)

  init() throws { folder = try TemporaryFolder() }

  static let filters = [
    "", "status:all", "status:open", "status:wait,done", "-status:open", "error:Data,Rate*",
    "-error:Connection", "scenario:orders", "scenario:o* error:Data", "-scenario:leads",
    "scenario:nowhere", "module:2", "module:/^[cd]/i", "-module:task", "auto:yes", "auto:no",
    "try:>1", "try:0..1", "age:<30m", "age:>45m error:Data", "created:2023-11-14",
    "created:>2023-11-14T22:30", "next:<20m", "-next:<20m", "size:>500", "size:100..400",
    "run:e1", "run:e2 or size:<50", "id:a", "-id:b", "refused", "customer7", "\"refused: 7\"",
    "re ed", "(scenario:orders or error:Data) -try:1", "-(error:Data or scenario:leads)",
    "bundle.order.total:>50", "bundle.order.total:<20 error:Data", "bundle.email:null",
    "bundle.*.total:10..30 -scenario:leads", "bundle.email:/@old\\.example$/",
    "-bundle.email:*@*", "bundle.order.total:>90 or error:Connection", "bundle.mended:yes",
    "bundle.order.paid:true status:all", "customer7 bundle.order.paid:true",
    "(customer1 or bundle.order.total:99) -status:done",
  ]

  @Test("what the reference lets through, in every order", arguments: StoreUnderTest.allCases)
  func reference(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let records = try await fill(store, count: 240)
    for isIndexed in [false, true] {
      if isIndexed { try await kind.indexTexts(of: store) }
      for text in Self.filters {
        for order in [RecordOrder.newest, RecordOrder(.size, isDescending: false)] {
          let filter = RecordFilter(try FilterExpression(text), now: Self.now, order: order)
          let expected = records.filter(filter.matches).map(\.summary)
            .sorted { order.precedes(RecordPlace($0, order), RecordPlace($1, order)) }.map(\.id)
          #expect(try await all(filter, of: store) == expected, "\(text) by \(order.column)")
        }
      }
    }
  }

  @Test(
    "every order from both ends, page by page, each record once",
    arguments: RecordColumn.allCases, [true, false])
  func orders(column: RecordColumn, isDescending: Bool) async throws {
    for kind in StoreUnderTest.allCases {
      let place = try TemporaryFolder()
      defer { withExtendedLifetime(place) {} }
      let store = try kind.open(in: place)
      let records = try await fill(store, count: 60)
      let order = RecordOrder(column, isDescending: isDescending)
      let filter = RecordFilter(order: order)
      let expected = records.filter(filter.matches).map(\.summary)
        .sorted { order.precedes(RecordPlace($0, order), RecordPlace($1, order)) }.map(\.id)
      #expect(try await all(filter, of: store) == expected)
      var backwards: [RecordID] = []
      var request = PageRequest.last
      while true {
        let page = try await store.page(filter, request, limit: 7)
        backwards = page.map(\.id) + backwards
        guard page.count == 7, let first = page.first else { break }
        request = .before(RecordPlace(first, order))
      }
      #expect(backwards == expected)
    }
  }

  @Test("stretch by stretch, the first finds first", arguments: StoreUnderTest.allCases)
  func stretches(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    let records = try await fill(store, count: 100)
    let filter = RecordFilter(try FilterExpression("bundle.order.total:>50"), now: Self.now)
    var found: [RecordID] = []
    var searched = 0
    var stretches = 0
    var request = PageRequest.first
    while true {
      let stretch = try await store.search(filter, request, limit: 1000, effort: 9)
      found += stretch.records.map(\.id)
      searched += stretch.searched
      stretches += 1
      #expect(stretch.searched <= 9)
      guard let end = stretch.end else { break }
      request = .after(end)
    }
    let open = records.filter(RecordFilter().matches)
    #expect(searched == open.count)
    #expect(stretches >= open.count / 9)
    #expect(Set(found) == Set(records.filter(filter.matches).map(\.id)))
  }

  @Test("groups with counters that follow every move", arguments: StoreUnderTest.allCases)
  func groups(kind: StoreUnderTest) async throws {
    let store = try kind.open(in: folder)
    var records = try await fill(store, count: 50)
    func check() async throws {
      let open = records.filter(RecordFilter().matches).map(\.summary)
      let expected = Dictionary(grouping: open) { ErrorGroup($0).fingerprint }
        .mapValues(\.count)
      let groups = try await store.groups()
      #expect(
        Dictionary(uniqueKeysWithValues: groups.map { ($0.fingerprint, $0.records) }) == expected)
      for group in groups.prefix(3) {
        let text = "group:" + ErrorGroup.digits(group.fingerprint)
        let filter = RecordFilter(try FilterExpression(text), now: Self.now)
        let page = try await store.page(filter, .first, limit: 100)
        #expect(page.count == group.records)
      }
    }
    try await check()
    for index in records.indices.prefix(20)
    where records[index].summary.state == .unresolved {
      let change = RecordChange(
        index.isMultiple(of: 2) ? .deleted : .closed, reason: "x", author: "ada", date: Self.now)
      records[index] = try await store.move(records[index].id, version: nil, change)
    }
    try await check()
    // An attempt that fails in another way puts the record into another group.
    guard let index = records.firstIndex(where: { $0.summary.state == .unresolved }) else { return }
    let id = records[index].id
    _ = try await store.move(
      id, version: nil,
      RecordChange(.claimed, lease: Self.now, author: "ada", date: Self.now))
    records[index] = try await store.move(
      id, version: nil,
      RecordChange(
        .failedForGood, error: ModuleError(.rateLimit, "quite another"), author: "ada",
        date: Self.now))
    try await check()
  }

  @Test(
    "groups a page at a time, from both ends, in every order and by every filter of their own",
    arguments: ["", "count:>2", "module:Add*", "error:Data", "age:<30m", "\"refused: 7\"", "zebra"])
  func pagesOfGroups(text: String) async throws {
    let store = try StoreUnderTest.sqlite.open(in: folder)
    _ = try await fill(store, count: 240)
    let everything = try await store.groups(GroupFilter(), .first, limit: 1000, effort: 1000)
    let count = try await store.groupCount()
    #expect(everything.isLookUp && everything.rows.count == count)
    try #require(everything.rows.count > 5)
    let tree = try FilterTree<GroupKey>(text)
    for column in GroupColumn.allCases {
      for isDescending in [true, false] {
        let order = GroupOrder(column, isDescending: isDescending)
        let filter = GroupFilter(tree, now: Self.now, order: order)
        let wanted = everything.rows.filter(filter.matches)
          .sorted { order.precedes(GroupPlace($0, order), GroupPlace($1, order)) }
        for (limit, effort) in [(1000, 1000), (2, 1000), (1000, 3)] {
          for isForwards in [true, false] {
            var found: [ErrorGroupCount] = []
            var request: ListRequest<GroupPlace>? = isForwards ? .first : .last
            while let next = request {
              let stretch = try await store.groups(filter, next, limit: limit, effort: effort)
              found = isForwards ? found + stretch.rows : stretch.rows + found
              request = stretch.end.map { isForwards ? .after($0) : .before($0) }
              try #require(found.count <= everything.rows.count)
            }
            #expect(found == wanted, "\(text) \(order) \(limit) \(effort) \(isForwards)")
          }
        }
        let middle = try #require(everything.rows.dropFirst(3).first)
        let page = try await store.groups(
          GroupFilter(order: order), .after(GroupPlace(justBefore: middle, order)), limit: 1,
          effort: 1)
        #expect(page.rows == [middle])
      }
    }
  }

  @Test("the modules and the kinds of failures that occur, each once")
  func failureNames() async throws {
    let store = try StoreUnderTest.sqlite.open(in: folder)
    _ = try await fill(store, count: 60)
    let names = try await store.failureNames()
    #expect(names.modules == ["Add row", "Create task", "Delete"])
    #expect(Set(names.errorTypes) == [.data, .connection, .rateLimit])
  }

  private func all(
    _ filter: RecordFilter, of store: any IncompleteStore
  ) async throws -> [RecordID] {
    var found: [RecordID] = []
    var request = PageRequest.first
    while true {
      let page = try await store.page(filter, request, limit: 31)
      found += page.map(\.id)
      guard page.count == 31, let last = page.last else { return found }
      request = .after(RecordPlace(last, filter.order))
    }
  }

  private func fill(
    _ store: any IncompleteStore & ScenarioStore, count: Int
  ) async throws -> [IncompleteExecution] {
    let scenarios = [
      (try await store.scenario(named: "Orders"), "Orders"),
      (try await store.scenario(named: "Leads nightly"), "Leads nightly"),
    ]
    let blueprint = try Blueprint(json: Array(RecordMaker.blueprintText.utf8))
    let types: [ErrorType] = [.data, .connection, .rateLimit]
    var random = SplitMix(seed: 11)
    var ids: [RecordID] = []
    for number in 0..<count {
      let (scenario, name) = scenarios[number % 2]
      let isPending = number.isMultiple(of: 5)
      let created = Self.now.advanced(bySeconds: -Int.random(in: 0...60, using: &random) * 60)
      let summary = IncompleteSummary(
        id: SystemClock().recordID(), scenarioID: scenario, scenarioName: name, index: 0,
        executionID: "e\(number % 3)", failer: ModuleID(number % 4 + 1),
        failerTitle: ["Create task", "Add row", "Delete"][number % 3],
        errorType: types[Int.random(in: 0..<3, using: &random)],
        reason: "refused: \(number % 10) of \"it\"", created: created,
        size: Int.random(in: 10...900, using: &random), state: isPending ? .pending : .unresolved,
        nextRetry: isPending ? Self.now.advanced(bySeconds: number * 30) : nil,
        attempts: number % 4, plannedAttempts: isPending ? 5 : 0)
      let email: Value =
        number.isMultiple(of: 7) ? .null : .text("customer\(number % 12)@old.example")
      let record = IncompleteExecution(
        summary: summary, error: ModuleError(summary.errorType, summary.reason),
        blueprint: blueprint,
        originalBundles: VisibleBundles([
          .init(
            module: 1,
            bundle: [
              "email": email,
              "order": ["total": .integer(number), "paid": .boolean(number % 2 == 0)],
            ])
        ]), mappedInput: [:], variables: Variables(), continuation: [], visits: [],
        schedule: RetrySchedule(pauses: []))
      _ = try await store.add(record)
      ids.append(record.id)
      if number.isMultiple(of: 9) {
        _ = try await store.append(
          [
            BundleEdit(
              path: ValuePath(module: 1, steps: [.field("mended")]), old: nil, new: "yes",
              author: "ada", date: Self.now)
          ], to: record.id, version: 1)
      }
      if number % 11 == 3, !isPending {
        _ = try await store.move(
          record.id, version: nil,
          RecordChange(.closed, reason: "done", author: "ada", date: Self.now))
      }
    }
    var records: [IncompleteExecution] = []
    for id in ids { records.append(try await store.record(id)) }
    return records
  }
}
