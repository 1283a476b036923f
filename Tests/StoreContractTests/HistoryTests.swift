import FettleCore
import FettleSQLite
import FettleTestKit
import GRDB
import Testing

@Suite("The history and the audit, read from the store", .fewAtOnce)
struct HistoryTests {
  let folder: TemporaryFolder
  let store: SQLiteStore

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore.open(path: folder.path + "/store.db")
  }

  private static let start: Int64 = 1_790_000_000_000
  private static let now = Instant(milliseconds: start + 400_000)

  /// Executions of all kinds, many of one time; some still run.
  private func fill(_ count: Int, seed: UInt64 = 5) async throws {
    var random = SplitMix(seed: seed)
    let blueprint = try Blueprint(json: Array(RecordMaker.blueprintText.utf8))
    let names = ["Orders", "Leads nightly", "Orders archive"]
    for number in 0..<count {
      let name = names[Int.random(in: 0..<3, using: &random)]
      var summary = ExecutionSummary(
        id: String(UInt64.random(in: .min ... .max, using: &random), radix: 16),
        scenario: try await store.scenario(named: name),
        origin: ExecutionOrigin.allCases.randomElement(using: &random) ?? .manual,
        started: Instant(
          milliseconds: Self.start + Int64.random(in: 0..<Int64(count), using: &random) / 3 * 1000))
      let lease = Instant(milliseconds: Self.start * 2)
      _ = try await store.open(
        ExecutionOpening(
          execution: summary, blueprint: blueprint, given: [["big": "x"]], seed: 1, worker: "w",
          lease: lease), claiming: nil)
      guard number % 9 != 0 else { continue }
      summary.ended = Instant(
        milliseconds: summary.started.milliseconds + Int64.random(in: 0..<5, using: &random) * 700)
      summary.status =
        [.success, .warning, .error].randomElement(using: &random) ?? .success
      summary.operations = Int.random(in: 0..<6, using: &random)
      if summary.status == .error {
        summary.error = ModuleError(
          [.data, .connection, .rateLimit].randomElement(using: &random) ?? .data,
          ["429 Too Many Requests", "refused"].randomElement(using: &random) ?? "")
        summary.failedModule = 2
      }
      try await store.close(summary, [], outcome: nil, by: "w", isConfidential: false)
    }
  }

  private static let filters = [
    "", "status:error", "status:error,running", "-status:success", "scenario:orders",
    "scenario:\"Orders\" status:success,warning", "-scenario:leads", "scenario:nowhere",
    "trigger:manual,retry", "error:Data", "error:*Limit*", "started:>2026-09-21T14:14",
    "age:<5m", "duration:>1s", "duration:0s..700ms", "operations:2..3 status:error",
    "too many", "orders or error", "-(429 or trigger:instant)", "stored:0", "id:3", "success",
    "status:error duration:>1400ms scenario:archive",
  ]

  @Test("lets through what the rules mean, in every order, however it is paged", arguments: filters)
  func executions(text: String) async throws {
    try await fill(240)
    let all = try await store.executions(of: nil, limit: 1000)
    #expect(all.count == 240)
    let tree = try FilterTree<ExecutionKey>(text)
    for column in ExecutionColumn.allCases {
      for isDescending in [true, false] {
        let filter = ExecutionFilter(
          tree, now: Self.now, order: ExecutionOrder(column, isDescending: isDescending))
        let order = filter.order
        let wanted = all.filter(filter.matches)
          .sorted { order.precedes(ExecutionPlace($0, order), ExecutionPlace($1, order)) }
          .map(\.summary.id)
        for (limit, effort) in [(1000, 1000), (7, 1000), (1000, 11), (5, 3)] {
          for isForwards in [true, false] {
            var found: [ExecutionRow] = []
            var request: ListRequest<ExecutionPlace>? = isForwards ? .first : .last
            var rounds = 0
            while let next = request {
              let stretch = try await store.executions(filter, next, limit: limit, effort: effort)
              #expect(stretch.searched <= effort && stretch.rows.count <= limit)
              if stretch.isLookUp { #expect(stretch.searched == stretch.rows.count) }
              found = isForwards ? found + stretch.rows : stretch.rows + found
              request = stretch.end.map { isForwards ? .after($0) : .before($0) }
              rounds += 1
              try #require(rounds < 500, "no end")
            }
            #expect(
              found.map(\.summary.id) == wanted,
              "\(text) \(order) \(limit) \(effort) \(isForwards)")
          }
        }
        if let middle = all.filter(filter.matches).first {
          let behind = try await store.executions(
            filter, .after(ExecutionPlace(justBefore: middle, order)), limit: 1, effort: 1000)
          #expect(behind.rows.first?.summary.id == middle.summary.id)
        }
      }
    }
    let filter = ExecutionFilter(tree, now: Self.now)
    if let count = try await store.executionCount(filter) {
      #expect(count == all.count(where: filter.matches), "\(text)")
    }
  }

  @Test(
    "counters follow executions that begin, end and are pruned, and are there for the usual filters"
  )
  func counted() async throws {
    try await fill(60)
    func check() async throws {
      let all = try await store.executions(of: nil, limit: 1000)
      for text in ["", "status:error", "status:running", "scenario:orders", "-scenario:leads"] {
        let filter = ExecutionFilter(try FilterTree(text), now: Self.now)
        let count = try #require(try await store.executionCount(filter))
        #expect(count == all.count(where: filter.matches), "\(text)")
      }
    }
    try await check()
    _ = try await store.prune(endedBefore: Instant(milliseconds: Self.start + 8000))
    #expect(try await store.executions(of: nil, limit: 1000).count < 60)
    try await check()
  }

  /// A run of a scenario loses bundles.
  @discardableResult private func lose(_ count: Int) async throws -> ScenarioID {
    let scenario = try await store.scenario(named: "Lossy")
    var summary = ExecutionSummary(
      id: "e\(try await store.executions(of: nil, limit: 1000).count)", scenario: scenario,
      started: Self.now)
    _ = try await store.open(
      ExecutionOpening(
        execution: summary, blueprint: try Blueprint(json: Array(RecordMaker.blueprintText.utf8)),
        given: nil, seed: 1, worker: "w", lease: Self.now), claiming: nil)
    summary.ended = Self.now.advanced(bySeconds: 1)
    summary.status = .warning
    summary.lost = count
    summary.lossReason = "no room"
    try await store.close(summary, [], outcome: nil, by: "w", isConfidential: false)
    return scenario
  }

  @Test(
    "bundles that were lost are told of until somebody acknowledges them, which the audit keeps")
  func losses() async throws {
    let id = try await lose(2)
    try await lose(3)
    let lost = try #require(try await store.scenario(id).lost)
    #expect(lost.count == 5)
    #expect(lost.since == Self.now.advanced(bySeconds: 1))
    try await lose(4)
    #expect(try await store.counts().lost == 9)
    #expect(
      try await store.acknowledgeLoss(of: id, count: lost.count, author: "ada", date: Self.now) == 5
    )
    #expect(try await store.scenario(id).lost?.count == 4, "the operator was not told of these")
    #expect(
      try await store.acknowledgeLoss(of: id, count: 4, author: "grace", date: Self.now) == 4)
    #expect(try await store.scenario(id).lost == nil)
    await #expect(throws: StoreError.unfit("Lossy lost nothing that was not acknowledged already"))
    {
      try await store.acknowledgeLoss(of: id, count: 1, author: "ada", date: Self.now)
    }
    let lines = try await store.audit(AuditFilter(), .first, limit: 9, effort: 9).rows
    #expect(lines.map(\.author) == ["grace", "ada"])
    #expect(lines.allSatisfy { $0.deed == "lost bundles acknowledged" && $0.record.text.isEmpty })
    #expect(lines.last?.note?.hasPrefix("Lossy: 5 lost from ") == true)
    #expect(try await store.auditCount() == 2)
  }

  /// Everything the audit tells of: moves, edits, mappings, looks at secrets.
  private func fillAudit(_ count: Int) async throws -> RecordMaker {
    let maker = try await RecordMaker(store)
    var random = SplitMix(seed: 3)
    for number in 0..<count {
      let record = try maker.record(created: number)
      _ = try await store.add(record)
      let author = ["ada", "grace", "fettle"][number % 3]
      // Several things at one time.
      func date() -> Instant {
        Instant(milliseconds: Self.start + Int64.random(in: 0..<5, using: &random) * 60_000)
      }
      var version = try await store.append(
        [
          BundleEdit(
            path: try ValuePath(parsing: number % 2 == 0 ? "1.email" : "1.name"), old: "x",
            new: .text("new \(number)"), author: author, date: date())
        ], to: record.id, version: 1)
      try await store.note(
        RecordNote(RecordNote.revealed, detail: "token", author: "ada", date: date()), on: record.id
      )
      version = try await store.amend(
        record.id, version: version,
        Amendment(
          mappings: [
            MappingEdit(
              path: try ValuePath(parsing: "2.to"), old: nil, new: "{{1.email}}",
              isInScenario: false, author: author, date: date())
          ], author: author, date: date()))
      _ = try await store.move(
        record.id, version: version,
        RecordChange(
          number % 4 == 0 ? .closed : .deleted, reason: number % 4 == 0 ? "by hand" : nil,
          author: author, date: date()))
    }
    let scenario = try await lose(3)
    for author in ["ada", "grace"] {
      _ = try await store.acknowledgeLoss(
        of: scenario, count: author == "ada" ? 2 : 1, author: author,
        date: Instant(milliseconds: Self.start + 60_000))
    }
    return maker
  }

  private static let auditFilters = [
    "lost", "action:\"lost bundles acknowledged\" who:ada",
    "", "who:ada", "who:ada,grace", "-who:fettle", "who:nobody", "action:closed",
    "action:mapping*", "-action:closed,edited", "action:*bin*", "action:/^put/", "action:nothing",
    "action:\"put into the bin\"", "action:edited field:email", "field:to", "hand", "-hand who:a*",
    "time:>=2026-09-21T14:15", "age:2m..5m", "\"new 7\"", "record:0 or who:grace", "mapping",
    "text:secret", "email",
  ]

  @Test(
    "lets through the lines of the audit that are meant, in every order", arguments: auditFilters)
  func audit(text: String) async throws {
    _ = try await fillAudit(24)
    let whole = try await store.audit(AuditFilter(), .first, limit: 1000, effort: 1000)
    let count = try await store.auditCount()
    #expect(whole.isLookUp && whole.rows.count == count)
    #expect(whole.rows.count == 24 * 4 + 2)
    let tree = try FilterTree<AuditKey>(text)
    for column in AuditColumn.allCases {
      for isDescending in [true, false] {
        let order = AuditOrder(column, isDescending: isDescending)
        let filter = AuditFilter(tree, now: Self.now, order: order)
        let wanted = whole.rows.filter(filter.matches)
          .sorted { order.precedes(AuditPlace($0, order), AuditPlace($1, order)) }
        for (limit, effort) in [(1000, 1000), (3, 1000), (1000, 4)] {
          for isForwards in [true, false] {
            var found: [AuditEntry] = []
            var request: ListRequest<AuditPlace>? = isForwards ? .first : .last
            while let next = request {
              let stretch = try await store.audit(filter, next, limit: limit, effort: effort)
              found = isForwards ? found + stretch.rows : stretch.rows + found
              request = stretch.end.map { isForwards ? .after($0) : .before($0) }
              try #require(found.count <= 98)
            }
            #expect(
              found == wanted, "\(text) \(order) \(limit) \(effort) \(isForwards)")
          }
        }
      }
    }
    #expect(try await store.auditAuthors() == ["ada", "fettle", "grace"])
    let fields = try await store.auditFields(ofNewest: 100)
    #expect(!fields.isEmpty && fields == Set(fields).sorted())
    #expect(try await store.auditFields(ofNewest: 1).count < fields.count)
  }

  @Test("the lines of one record are found by its digits, and go with it")
  func auditOfRecord() async throws {
    let maker = try await fillAudit(12)
    _ = maker
    let id = try #require(
      try await store.audit(AuditFilter(), .first, limit: 9, effort: 9).rows
        .first { !$0.record.text.isEmpty }?.record)
    let filter = AuditFilter(try FilterTree("record:\(id.short)"), now: Self.now)
    let stretch = try await store.audit(filter, .first, limit: 100, effort: 100)
    #expect(stretch.isLookUp && stretch.rows.count == 4)
    #expect(stretch.rows.allSatisfy { $0.record == id })
    let deleted = try #require(
      try await store.page(RecordFilter(states: [.deleted]), .first, limit: 1).first)
    try await store.purge(deleted.id)
    #expect(try await store.auditCount() == 46)
    #expect(try await store.audit(AuditFilter(), .first, limit: 100, effort: 100).rows.count == 46)
  }

  @Test("of a large value the audit reads the beginning and how much there is")
  func headsOfValues() async throws {
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    let long = String(repeating: "ä", count: 100_000)
    let values: [Value] = [
      "short", .text(long), .array((0..<5000).map { .integer($0) }),
      .buffer(Buffer(Array("%PDF".utf8) + Array(repeating: 7, count: 90_000))),
    ]
    _ = try await store.append(
      values.map { value in
        BundleEdit(
          path: ValuePath(module: 1, steps: [.field("email")]), old: nil, new: value,
          author: "ada", date: Self.now)
      }, to: record.id, version: 1)
    let lines = try await store.audit(
      AuditFilter(order: AuditOrder(.time, isDescending: false)), .first, limit: 9, effort: 9
    ).rows
    try #require(lines.count == 4)
    #expect(lines[0].new == .whole("short") && lines[0].old == nil)
    guard case .text(let start, bytes: 200_000) = lines[1].new else {
      Issue.record("\(String(describing: lines[1].new).prefix(80))")
      return
    }
    #expect(start.utf8.count <= ValueHead.length + 2 && long.hasPrefix(start.prefix(1000)))
    #expect(lines[2].new == .array(count: 5000))
    guard case .buffer(let file, bytes: 90_004) = lines[3].new else {
      Issue.record("\(String(describing: lines[3].new).prefix(80))")
      return
    }
    #expect(file.contentType == "PDF")
    // Words are looked for in all of a value.
    let filter = AuditFilter(try FilterTree(String(long.suffix(200))), now: Self.now)
    #expect(try await store.audit(filter, .first, limit: 9, effort: 9).rows.count == 1)
  }

  @Test("the failed module of a record comes without the record")
  func failedModule() async throws {
    let maker = try await RecordMaker(store)
    let record = try maker.record()
    _ = try await store.add(record)
    #expect(try await store.failedModule(of: record.id) == record.failedModule)
    await #expect(throws: StoreError.self) {
      _ = try await store.failedModule(of: RecordID("nowhere"))
    }
  }
}
