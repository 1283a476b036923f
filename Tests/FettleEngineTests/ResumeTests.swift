import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

private let data = ModuleError(.data, "no")

@Suite("A resume (semantics 7)", .fewAtOnce)
struct ResumeTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test("starts at the failed module, with the edited bundle, and runs on")
  func edited() async throws {
    bench.told.fail(on: "bad", with: data)
    let blueprint = try Workbench.blueprint(
      Workbench.say(2, "before") + "," + Workbench.say(3, "{{1.w}}") + ","
        + Workbench.say(4, "then {{3.said}}"))
    _ = try await bench.runner.run(blueprint, given: [["w": "bad"]])
    #expect(bench.told.takeHeard() == ["before", "bad"])
    let summary = try #require(try await bench.open().first)
    var bundles = try await bench.desk.record(summary.id).bundles
    let edit = try bench.desk.edit(
      "good", at: ValuePath(module: 1, steps: [.field("w")]), of: &bundles)
    let version = try await bench.desk.append([edit], to: summary.id, version: 1)
    let report = try await bench.desk.resume(summary.id, version: version, trigger: .manual)
    #expect(report.outcome == .resolved)
    #expect(bench.told.takeHeard() == ["good", "then good"])
    #expect(report.record.summary.state == .resolved)
    #expect(report.record.summary.attempts == 1)
    #expect(try await bench.open().isEmpty)
  }

  @Test("that fails again adds an attempt, and keeps the plan of automatic ones")
  func again() async throws {
    bench.told.fail(on: "x", with: ModuleError(.connection, "down"))
    _ = try await bench.runner.run(Workbench.blueprint(Workbench.say(2, "x")), given: [[:]])
    let planned = try #require(try await bench.open().first?.nextRetry)
    #expect(planned == bench.clock.now().advanced(bySeconds: 600))
    #expect(try await bench.resumeAll() == [.failed(ModuleError(.connection, "down"))])
    let record = try #require(try await bench.open().first)
    #expect(record.attempts == 1)
    #expect(record.state == .pending)
    #expect(record.nextRetry == planned, "a manual attempt leaves the plan alone (5.4)")
    bench.clock.advance(seconds: 600)
    _ = try await bench.desk.resume(record.id, version: nil, trigger: .auto)
    let next = try #require(try await bench.open().first)
    #expect(
      next.nextRetry == bench.clock.now().advanced(bySeconds: 3600), "and takes none of its steps")
    bench.clock.advance(seconds: 7200)
    _ = try await bench.resumeAll()
    #expect(
      try await bench.open().first?.nextRetry == bench.clock.now().advanced(bySeconds: 3600),
      "where the time of the plan is past, its step begins anew")
    bench.told.fail(on: "x", with: data)
    _ = try await bench.resumeAll()
    #expect(try await bench.open().first?.state == .unresolved, "a type that waits stops the plan")
    #expect(try await bench.open().first?.errorType == .data)
  }

  @Test(
    "stands in the history as what it came to (5.4)",
    arguments: [
      (ErrorType.connection, ExecutionStatus.warning), (.data, .warning), (.runtime, .error),
    ])
  func status(type: ErrorType, status: ExecutionStatus) async throws {
    bench.told.fail(on: "x", with: ModuleError(.connection, "down"))
    _ = try await bench.runner.run(Workbench.blueprint(Workbench.say(2, "x")), given: [[:]])
    bench.told.fail(on: "x", with: ModuleError(type, "no"))
    let record = try #require(try await bench.open().first)
    let report = try await bench.desk.resume(record.id, version: nil, trigger: .manual)
    #expect(report.execution.status == status)
    let kept = try await bench.store.execution(report.execution.id)
    #expect(kept.summary.status == status)
  }

  /// What a handler route ends with, what is heard in the resume, and which records stay open.
  // swift-format-ignore
  private static let endings: [(end: String, heard: [String], open: [ModuleID])] = [
    (#"{"id":9,"module":"builtin:Resume","mapper":{"said":"sub"}}"#, ["h", "after sub", "route 2"], []),
    (#"{"id":9,"module":"builtin:Ignore"}"#, ["h", "route 2"], []),
    (#"{"id":9,"module":"builtin:Commit"}"#, ["h"], []),
    (#"{"id":9,"module":"builtin:Rollback"}"#, ["h"], [8]),
    (#"{"id":9,"module":"builtin:Break","mapper":{"retry":false}}"#, ["h"], [2]),
    (Workbench.say(9, "rest"), ["h", "rest", "route 2"], []),
    (#"{"id":11,"module":"builtin:BasicRouter","routes":[{"flow":[\#(Workbench.say(12, "inner"))]},{"flow":[{"id":9,"module":"builtin:Resume","mapper":{"said":"sub"}}]}]}"#, ["h", "inner", "after sub", "route 2"], []),
  ]

  @Test(
    "of a module of a handler route goes on in the route, then as its directive says, each piece once",
    arguments: endings)
  func insideHandler(end: String, heard: [String], open: [ModuleID]) async throws {
    let handler = Workbench.say(
      8, "h", #","onerror":[{"id":10,"module":"builtin:Break","mapper":{"retry":false}}]"#)
    let failing = Workbench.say(2, "m", #","onerror":[\#(handler),\#(end)]"#)
    let blueprint = try Workbench.blueprint(
      #"{"id":20,"module":"builtin:BasicRouter","routes":[{"flow":[\#(failing),"#
        + Workbench.say(4, "after {{2.said}}") + #"]},{"flow":[\#(Workbench.say(5, "route 2"))]}]}"#
    )
    bench.told.fail(on: "m", with: data)
    bench.told.fail(on: "h", with: data)
    _ = try await bench.runner.run(blueprint, given: [[:]])
    #expect(bench.told.takeHeard() == ["m", "h"])
    bench.told.fail(on: "h", with: nil)
    _ = try await bench.resumeAll()
    #expect(bench.told.takeHeard() == heard)
    #expect(try await bench.open().map(\.failer) == open)
    guard open == [2] else { return }
    bench.told.fail(on: "m", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["m", "after m", "route 2"])
  }

  @Test("after all attempts the record waits for the operator")
  func exhausted() async throws {
    bench.told.fail(on: "x", with: ModuleError(.connection, "down"))
    _ = try await bench.runner.run(Workbench.blueprint(Workbench.say(2, "x")), given: [[:]])
    let id = try #require(try await bench.open().first?.id)
    for pause in RetrySchedule.fusion.pauses {
      bench.clock.advance(seconds: pause)
      _ = try await bench.desk.resume(id, version: nil, trigger: .auto)
    }
    let record = try await bench.desk.record(id)
    #expect(record.summary.state == .unresolved)
    #expect(record.summary.attempts == 5)
    #expect(!record.summary.retry)
  }

  @Test(
    "a record is never lost by retrying it, whatever it fails with (5.4)",
    arguments: ErrorType.table)
  func neverLost(row: ErrorType.Row) async throws {
    bench.told.fail(on: "x", with: data)
    _ = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "x") + "," + Workbench.say(3, "y")), given: [[:]])
    bench.told.fail(on: "x", with: ModuleError(row.type, "again"))
    _ = try await bench.resumeAll()
    #expect(try await bench.open().count == 1)
    bench.told.fail(on: "x", with: nil)
    bench.told.fail(on: "y", with: ModuleError(row.type, "later"))
    _ = try await bench.resumeAll()
    let records = try await bench.open()
    #expect(records.map(\.failer) == [3])
    #expect(records.first?.errorType == row.type)
  }

  @Test("that fails at a later module resolves the record and links a new one (1.5.5)")
  func later() async throws {
    bench.told.fail(on: "x", with: data)
    bench.told.fail(on: "y", with: data)
    _ = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "x") + "," + Workbench.say(3, "y")), given: [[:]])
    let first = try #require(try await bench.open().first)
    bench.told.fail(on: "x", with: nil)
    _ = try await bench.resumeAll()
    let second = try #require(try await bench.open().first)
    #expect(second.failer == 3)
    let (old, new) = (
      try await bench.desk.record(first.id), try await bench.desk.record(second.id)
    )
    #expect(old.summary.state == .resolved)
    #expect(old.successor == second.id)
    #expect(new.predecessor == first.id)
    #expect(new.originalBundles[2]?["said"] == "x")
  }

  @Test("in a route runs that route and the later ones, the router's earlier ones not (7.1.4)")
  func laterRoutes() async throws {
    bench.told.fail(on: "x", with: data)
    let blueprint = try Workbench.blueprint(
      """
      {"id":2,"module":"builtin:BasicRouter","parameters":{"else":3},"routes":[
        {"flow":[\(Workbench.say(3, "first"))]},
        {"flow":[\(Workbench.say(4, "x")),\(Workbench.say(5, "rest"))]},
        {"flow":[\(Workbench.say(6, "mail"))]},
        {"flow":[\(Workbench.say(7, "else"))]}]}
      """)
    _ = try await bench.runner.run(blueprint, given: [[:], [:]])
    #expect(bench.told.takeHeard() == ["first", "x", "first", "x"])
    bench.told.fail(on: "x", with: nil)
    #expect(try await bench.resumeAll() == [.resolved, .resolved])
    #expect(bench.told.takeHeard() == ["x", "rest", "mail", "x", "rest", "mail"])
  }

  @Test("of one item runs that item only; the run itself goes on to the later routes (7.2)")
  func iterator() async throws {
    bench.told.fail(on: "item b", with: data)
    let blueprint = try Workbench.blueprint(
      """
      {"id":2,"module":"builtin:BasicRouter","routes":[
        {"flow":[{"id":3,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},\(Workbench.say(4, "item {{3.value}}"))]},
        {"flow":[\(Workbench.say(5, "mail"))]}]}
      """)
    _ = try await bench.runner.run(blueprint, given: [["items": ["a", "b", "c"]]])
    #expect(bench.told.takeHeard() == ["item a", "item b", "item c", "mail"])
    bench.told.fail(on: "item b", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["item b"])
  }

  @Test("after a failure that stopped the run does the bundles it did not get to (3.4 row 12)")
  func remaining() async throws {
    bench.told.fail(on: "b", with: ModuleError(.invalidAccessToken, "revoked"))
    let blueprint = try Workbench.blueprint(
      """
      {"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},
      {"id":3,"module":"builtin:BasicRouter","routes":[
        {"flow":[\(Workbench.say(4, "{{2.value}}"))]},{"flow":[\(Workbench.say(5, "log {{2.value}}"))]}]}
      """)
    _ = try await bench.runner.run(
      blueprint, given: [["items": ["a", "b", "c"]], ["items": ["d"]]])
    #expect(bench.told.takeHeard() == ["a", "log a", "b"])
    #expect(try await bench.open().count == 1)
    bench.told.fail(on: "b", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["b", "log b", "c", "log c", "d", "log d"])
  }

  /// Routers and an iterator, nested.
  static let routers = """
    \(Workbench.say(2, "s{{1.n}}")),
    {"id":3,"module":"builtin:BasicRouter","routes":[
      {"flow":[\(Workbench.say(4, "a{{1.n}}")),{"id":5,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},\(Workbench.say(6, "i{{1.n}}{{5.value}}")),
        {"id":7,"module":"builtin:BasicRouter","routes":[{"flow":[\(Workbench.say(8, "p{{1.n}}{{5.value}}"))]},{"flow":[\(Workbench.say(9, "q{{1.n}}{{5.value}}"))]}]}]},
      {"flow":[\(Workbench.say(10, "z{{1.n}}"))]}]}
    """

  /// Two aggregations, one inside the other and one beside it, an if-else, and routers around.
  static let aggregations = """
    {"id":3,"module":"builtin:BasicRouter","routes":[
      {"flow":[{"id":5,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},
        {"id":20,"module":"builtin:BasicIfElse","mapper":null,"branches":[
          {"type":"condition","conditions":[[{"a":"{{5.value}}","b":"x"}]],"merge":true,"flow":[\(Workbench.say(21, "i{{1.n}}{{5.value}}"))]},
          {"type":"else","merge":true,"flow":[\(Workbench.say(22, "e{{1.n}}{{5.value}}"))]}]},
        {"id":23,"module":"builtin:BasicMerge","mapper":null,"outputs":[{"name":"m","mappings":["{{21.said}}","{{22.said}}"]}]},
        {"id":7,"module":"builtin:BasicRouter","routes":[
          {"flow":[{"id":8,"module":"builtin:BasicRepeater","mapper":{"repeats":2}},\(Workbench.say(9, "r{{23.m}}{{8.i}}")),
            {"id":10,"module":"util:TextAggregator","parameters":{"feeder":8},"mapper":{"value":"{{9.said}}"}},
            {"id":11,"module":"util:TextAggregator","parameters":{"feeder":5,"rowSeparator":"+"},"mapper":{"value":"{{10.text}}"}},
            \(Workbench.say(12, "sum {{11.text}}")),\(Workbench.say(13, "after {{11.text}}"))]},
          {"flow":[\(Workbench.say(14, "q{{1.n}}{{5.value}}")),
            {"id":15,"module":"builtin:BasicAggregator","parameters":{"feeder":5},"mapper":{"v":"{{14.said}}"}},
            \(Workbench.say(16, "list {{1.n}} {{length(15.array)}}"))]}]}]},
      {"flow":[\(Workbench.say(17, "z{{1.n}}"))]}]}
    """

  @Test(
    "every piece of work is done exactly once, wherever it fails",
    arguments: zip([routers, aggregations], [UInt64(11), 12]))
  func exactlyOnce(modules: String, seed: UInt64) async throws {
    let blueprint = try Workbench.blueprint(modules)
    let bundles: [Bundle] = [["n": 1, "items": ["x", "y"]], ["n": 2, "items": ["x"]]]
    _ = try await bench.runner.run(blueprint, given: bundles)
    let all = bench.told.takeHeard()
    #expect(try await bench.open().isEmpty)
    var random = SplitMix(seed: seed)
    let types: [ErrorType] = [.data, .connection, .invalidAccessToken, .unexpected]
    for _ in 0..<150 {
      let broken = all.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
      for word in all {
        let error = types.randomElement(using: &random).map { ModuleError($0, "no") }
        bench.told.fail(on: word, with: broken.contains(word) ? error : nil)
      }
      _ = try await bench.runner.run(blueprint, given: bundles)
      var done = bench.told.takeHeard().filter { !broken.contains($0) }
      var stillBroken = Set(broken)
      while try await !bench.open().isEmpty {
        // Each round one cause is mended, as an operator would.
        if let mended = stillBroken.randomElement(using: &random) {
          stillBroken.remove(mended)
          bench.told.fail(on: mended, with: nil)
        }
        _ = try await bench.resumeAll()
        done += bench.told.takeHeard().filter { !stillBroken.contains($0) }
      }
      #expect(done.sorted() == all.sorted(), "broken: \(broken)")
    }
  }

  @Test("is refused when someone else changed the record, or it is resolved")
  func refused() async throws {
    bench.told.fail(on: "x", with: data)
    _ = try await bench.runner.run(Workbench.blueprint(Workbench.say(2, "x")), given: [["a": 1]])
    let id = try #require(try await bench.open().first?.id)
    var bundles = try await bench.desk.record(id).bundles
    let edit = try bench.desk.edit(2, at: ValuePath(module: 1, steps: [.field("a")]), of: &bundles)
    _ = try await bench.desk.append([edit], to: id, version: 1)
    _ = bench.told.takeHeard()
    await #expect(throws: StoreError.changedMeanwhile(currentVersion: 2)) {
      try await bench.desk.resume(id, version: 1, trigger: .manual)
    }
    #expect(bench.told.takeHeard().isEmpty)
    _ = try await bench.desk.close(id, version: 2, reason: "done by hand")
    await #expect(throws: StoreError.self) {
      try await bench.desk.resume(id, version: nil, trigger: .manual)
    }
  }

  @Test("the check says what would be sent, what does not fit, what runs, and sends nothing")
  func check() async throws {
    bench.told.fail(on: "x", with: data)
    let blueprint = try Workbench.blueprint(
      """
      \(Workbench.say(2, "s")),{"id":3,"module":"builtin:BasicRouter","routes":[
        {"flow":[\(Workbench.say(4, "{{1.w}}")),\(Workbench.say(5, "rest", #","filter":{"name":"later","conditions":[[{"a":"{{4.said}}","b":"x"}]]}"#))]},
        {"flow":[\(Workbench.say(6, "mail", #","filter":{"name":"never","conditions":[[{"a":"{{1.w}}","b":"y"}]]}"#))]}]}
      """)
    _ = try await bench.runner.run(blueprint, given: [["w": "x"]])
    let id = try #require(try await bench.open().first?.id)
    let record = try await bench.desk.record(id)
    _ = bench.told.takeHeard()
    let check = bench.desk.check(record, bundles: record.bundles)
    #expect(check.input == ["say": "x"])
    #expect(check.willRun == [4, 5], "6 lies behind a filter that stops the bundle")
    #expect(check.notRepeated == [1, 2])
    #expect(check.problems.isEmpty)
    #expect(check.filters.map(\.module) == [5, 6])
    #expect(check.filters.map(\.answer) == [.depends, .stops])
    #expect(check.effects.map(\.module) == [4, 5])
    #expect(bench.told.takeHeard().isEmpty)
  }
}
