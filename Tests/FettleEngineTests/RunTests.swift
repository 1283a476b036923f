import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

private let data = ModuleError(.data, "no")

@Suite("A run (semantics 6.2, 6.3)", .fewAtOnce)
struct RunTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test("takes bundles one at a time, depth first")
  func depthFirst() async throws {
    let blueprint = try Workbench.blueprint(
      Workbench.say(2, "a{{1.n}}") + "," + Workbench.say(3, "b{{1.n}}{{2.said}}"))
    let summary = try await bench.runner.run(blueprint, given: [["n": 1], ["n": 2]])
    #expect(bench.told.takeHeard() == ["a1", "b1a1", "a2", "b2a2"])
    #expect(summary.status == .success)
    #expect(summary.operations == 5)
  }

  @Test("numbers the bundles of an operation")
  func numbering() async throws {
    let blueprint = try Workbench.blueprint(
      #"{"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},"#
        + Workbench.say(3, "{{2.value}}:{{2.__IMTINDEX__}}/{{2.__IMTLENGTH__}}"))
    _ = try await bench.runner.run(blueprint, given: [["items": ["x", "y"]]])
    #expect(bench.told.takeHeard() == ["x:1/2", "y:2/2"])
  }

  static let router = """
    {"id":2,"module":"builtin:BasicRouter","parameters":{"else":0},"routes":[
      {"flow":[\(Workbench.say(3, "else"))]},
      {"flow":[\(Workbench.say(4, "big", #","filter":{"conditions":[[{"a":"{{1.n}}","o":"number:greater","b":"5"}]]}"#)),\(Workbench.say(5, "bigger"))]},
      {"flow":[\(Workbench.say(6, "even", #","filter":{"conditions":[[{"a":"{{1.n % 2}}","o":"number:equal","b":"0"}]]}"#))]},
      {"flow":[\(Workbench.say(7, "off"))],"disabled":true}]}
    """

  @Test(
    "sends a bundle down every route it passes, in order, the fallback last and only then",
    arguments: [
      (8, ["big", "bigger", "even"]), (7, ["big", "bigger"]), (2, ["even"]), (1, ["else"]),
    ])
  func router(number: Int, expected: [String]) async throws {
    _ = try await bench.runner.run(
      Workbench.blueprint(Self.router), given: [["n": .integer(number)]])
    #expect(bench.told.takeHeard() == expected)
  }

  @Test("a variable set in one route is read in another")
  func variables() async throws {
    let blueprint = try Workbench.blueprint(
      #"""
      {"id":2,"module":"builtin:BasicRouter","routes":[
        {"flow":[{"id":3,"module":"util:SetVariable2","mapper":{"name":"who","scope":"roundtrip","value":"{{1.name}}"}}]},
        {"flow":[{"id":4,"module":"util:GetVariable2","mapper":{"name":"who"}},\#(Workbench.say(5, "{{4.who}}"))]}]}
      """#)
    _ = try await bench.runner.run(blueprint, given: [["name": "Ada"]])
    #expect(bench.told.takeHeard() == ["Ada"])
  }

  @Test("a filter that fails is a failure of the module it guards (6.5.7)")
  func failingFilter() async throws {
    let filter = #","filter":{"conditions":[[{"a":"{{nosuch(1)}}","o":"exist"}]]}"#
    let summary = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "a", filter)), given: [["n": 1]])
    #expect(summary.status == .warning)
    let record = try #require(try await bench.open().first)
    #expect(record.errorType == .data)
    #expect(record.failer == 2)
    #expect(bench.told.takeHeard().isEmpty)
  }

  @Test("a module Fettle cannot run fails where a bundle reaches it, and says so")
  func unknownModule() async throws {
    _ = try await bench.runner.run(
      Workbench.blueprint(#"{"id":2,"module":"slack:CreateMessage","mapper":{}}"#), given: [[:]])
    let record = try #require(try await bench.open().first)
    #expect(record.errorType == .invalidConfiguration)
    #expect(record.reason.contains("slack:CreateMessage"))
  }
}

@Suite("A failure (semantics 3.4, 4)", .fewAtOnce)
struct FailureTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test("of each type does what the table says", arguments: ErrorType.table)
  func table(row: ErrorType.Row) async throws {
    bench.told.fail(on: "1", with: ModuleError(row.type, "no"))
    let summary = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "{{1.n}}")), given: [["n": 1], ["n": 2], ["n": 3]])
    let records = try await bench.open()
    switch row.stored {
    case .fail:
      #expect(summary.status == .error)
      #expect(records.isEmpty)
      #expect(bench.told.takeHeard() == ["1"])
    case .store, .storeAndRetry:
      #expect(summary.status == .warning)
      #expect(records.count == 1)
      #expect(records.first?.retry == (row.stored == .storeAndRetry))
      #expect(records.first?.state == (row.stored == .storeAndRetry ? .pending : .unresolved))
      #expect(bench.told.takeHeard() == (row.stopsRun ? ["1"] : ["1", "2", "3"]))
    }
  }

  @Test("in the first module stops the run and stores nothing", arguments: ErrorType.table)
  func firstModule(row: ErrorType.Row) async throws {
    bench.told.fail(on: "a", with: ModuleError(row.type, "no"))
    let blueprint = try Blueprint(
      json: Array(
        #"{"name":"T","flow":[\#(Workbench.say(1, "a")),\#(Workbench.say(2, "b"))],"metadata":{"scenario":{"dlq":true}}}"#
          .utf8))
    let summary = try await bench.runner.run(blueprint)
    #expect(try await bench.open().isEmpty)
    #expect(bench.told.takeHeard() == ["a"])
    #expect(summary.status == (row.backsOff ? .warning : .error))
    #expect(summary.error?.type == row.type)
  }

  @Test("with storing off fails the execution")
  func storingOff() async throws {
    bench.told.fail(on: "1", with: data)
    let summary = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "{{1.n}}"), settings: #""dlq":false"#),
      given: [["n": 1], ["n": 2]])
    #expect(summary.status == .error)
    #expect(bench.told.takeHeard() == ["1"])
  }

  @Test(
    "with a handler does what the directive says",
    arguments: [
      (#"{"id":9,"module":"builtin:Ignore"}"#, ["1", "2", "after2"], 0, ExecutionStatus.success),
      (
        #"{"id":9,"module":"builtin:Resume","mapper":{"said":"sub"}}"#,
        ["1", "aftersub", "2", "after2"], 0, .success
      ),
      (#"{"id":9,"module":"builtin:Commit"}"#, ["1"], 0, .success),
      (#"{"id":9,"module":"builtin:Rollback"}"#, ["1"], 0, .error),
      (
        #"{"id":9,"module":"builtin:Break","mapper":{"retry":false}}"#, ["1", "2", "after2"], 1,
        .warning
      ),
      (
        #"{"id":9,"module":"builtin:Break","mapper":{"retry":true,"count":"3","interval":"15"}}"#,
        ["1", "2", "after2"], 1, .success
      ),
      (
        Workbench.say(9, "log {{2.error.type}}"), ["1", "log RuntimeError", "2", "after2"], 0,
        .success
      ),
      (
        #"{"id":9,"module":"builtin:Ignore","filter":{"conditions":[[{"a":"{{2.error.type}}","o":"text:equal","b":"DataError"}]]}}"#,
        ["1"], 0, .error
      ),
    ])
  func handlers(
    handler: String, heard: [String], stored: Int, status: ExecutionStatus
  ) async throws {
    bench.told.fail(on: "1", with: ModuleError(.runtime, "no"))
    let blueprint = try Workbench.blueprint(
      Workbench.say(2, "{{1.n}}", #","onerror":[\#(handler)]"#) + ","
        + Workbench.say(3, "after{{2.said}}"))
    let summary = try await bench.runner.run(blueprint, given: [["n": 1], ["n": 2]])
    #expect(bench.told.takeHeard() == heard)
    #expect(try await bench.open().count == stored)
    #expect(summary.status == status)
  }

  @Test("in a handler route without its own handler ends the run")
  func failingHandler() async throws {
    bench.told.fail(on: "1", with: data)
    bench.told.fail(on: "log", with: data)
    let summary = try await bench.runner.run(
      Workbench.blueprint(
        Workbench.say(2, "{{1.n}}", #","onerror":[\#(Workbench.say(9, "log"))]"#)),
      given: [["n": 1], ["n": 2]])
    #expect(summary.status == .error)
    #expect(bench.told.takeHeard() == ["1", "log"])
  }

  @Test("a router's handler skips its later routes for the bundle; a module's does not (4.2, D13)")
  func routerHandler() async throws {
    bench.told.fail(on: "x", with: data)
    func blueprint(_ onModule: String, _ onRouter: String) throws -> Blueprint {
      try Workbench.blueprint(
        """
        {"id":2,"module":"builtin:BasicRouter"\(onRouter),"routes":[
          {"flow":[\(Workbench.say(3, "x", onModule))]},{"flow":[\(Workbench.say(4, "later"))]}]}
        """)
    }
    let ignore = #","onerror":[{"id":9,"module":"builtin:Ignore"}]"#
    _ = try await bench.runner.run(blueprint(ignore, ""), given: [[:]])
    #expect(bench.told.takeHeard() == ["x", "later"])
    _ = try await bench.runner.run(blueprint("", ignore), given: [[:]])
    #expect(bench.told.takeHeard() == ["x"])
  }

  @Test("that the store has no room for ends the run and loses no record (3.4 rows 9, 10)")
  func fullStore() async throws {
    bench.told.fail(on: "x", with: data)
    let blueprint = try Workbench.blueprint(Workbench.say(2, "x"))
    let large = Value.text(String(repeating: "y", count: 200_000))
    _ = try await bench.runner.run(blueprint, given: [["n": 1]])
    try await bench.store.limitPages(toCurrentAnd: 20)
    _ = bench.told.takeHeard()
    await #expect(throws: StoreError.self, "a run that cannot be noted is not begun") {
      try await bench.runner.run(blueprint, given: [["n": large], ["n": large]])
    }
    #expect(bench.told.takeHeard().isEmpty)
    #expect(try await bench.open().count == 1)
    try await bench.store.limitPages(toCurrentAnd: 2000)
    let again = try await bench.runner.run(blueprint, given: [["n": large], ["n": large]])
    #expect(again.status == .warning)
    #expect(try await bench.open().count == 3, "it goes on when there is room")
  }

  @Test(
    "a store that fills up in the middle of a run stops it; the rest is kept when there is room")
  func fillingStore() async throws {
    let long = String(repeating: "y", count: 20_000)
    let blueprint = try Workbench.blueprint(
      #"{"id":2,"module":"builtin:BasicRepeater","mapper":{"repeats":40}},"#
        + Workbench.say(3, "{{2.i}} \(long)"))
    try await bench.store.limitPages(toCurrentAnd: 80)
    let full = try await bench.runner.run(blueprint, given: [[:]])
    #expect(full.storeWasFull)
    #expect(full.status == .error)
    let done = bench.told.takeHeard().count
    #expect((1..<40).contains(done))
    try await bench.store.limitPages(toCurrentAnd: 2000)
    bench.clock.advance(seconds: 60)
    let open = try await bench.open()
    #expect(open.map(\.errorType) == [.executionInterrupted])
    let id = try #require(open.first).id
    // The last outcome had no room either, so that only the operator can say it came to pass.
    #expect(try await bench.desk.record(id).error.stage == .inDoubt)
    await #expect(throws: StoreError.inDoubt(id)) {
      try await bench.desk.resume(id, version: nil, trigger: .auto)
    }
    _ = try await bench.desk.resume(
      id, version: nil, trigger: .manual, substitute: ["said": "it did"])
    #expect(done + bench.told.takeHeard().count == 40, "each once")
    #expect(try await bench.open().isEmpty)
  }

  @Test("a retry whose outcome cannot be kept is not told of as one that was not begun")
  func outcomeWithoutRoom() async throws {
    let blueprint = try Workbench.blueprint(Workbench.say(2, "{{1.w}}"))
    bench.told.fail(on: "x", with: ModuleError(.data, "no"))
    let run = try await bench.runner.run(blueprint, given: [["w": "x"]])
    let id = try #require(run.stored.first)
    // What the module answers has no room any more.
    let store = bench.store
    bench.told.whenHearing("x") { try? await store.limitPages(toCurrentAnd: 0) }
    bench.told.fail(
      on: "x", with: ModuleError(.data, String(repeating: "no room for this ", count: 20_000)))
    _ = bench.told.takeHeard()
    let selection = try await bench.desk.select([id], for: .resume)
    let end = await BulkRun(selection, desk: bench.desk).run { _ in }
    #expect(bench.told.takeHeard() == ["x"])
    #expect(end.failed.map(\.ending) == [.unknown], "\(end.failed)")
    try await store.limitPages(toCurrentAnd: 2000)
  }

  @Test(
    "a retry that resolves ends the errors in a row with its own end, whoever started it (5.4)",
    arguments: [AttemptTrigger.manual, .bulk, .auto])
  func errorsInARow(trigger: AttemptTrigger) async throws {
    let blueprint = try Workbench.blueprint(Workbench.say(2, "x"))
    func errors() async throws -> Int? {
      try await bench.store.scenarios().first?.state.consecutiveErrors
    }
    bench.told.fail(on: "x", with: ModuleError(.connection, "down"))
    let run = try await bench.runner.run(blueprint, given: [[:]])
    try await bench.store.update(run.scenario) { $0.consecutiveErrors = 2 }
    let id = try #require(run.stored.first)
    _ = try await bench.desk.resume(id, version: nil, trigger: trigger)
    #expect(try await errors() == 2, "a retry that fails counts for nothing")
    bench.told.fail(on: "x", with: nil)
    let report = try await bench.desk.resume(id, version: nil, trigger: trigger)
    #expect(report.outcome == .resolved)
    #expect(try await errors() == 0)
  }

  @Test("keeps everything a person needs to mend it")
  func record() async throws {
    bench.told.fail(on: "hi Ada", with: ModuleError(.data, "bad name", field: "say"))
    let blueprint = try Workbench.blueprint(
      #"{"id":2,"module":"util:SetVariable2","mapper":{"name":"v","scope":"execution","value":"7"}},"#
        + Workbench.say(3, "hi {{1.name}}"))
    _ = try await bench.runner.run(blueprint, given: [["name": "Bo"], ["name": "Ada"]])
    let summary = try #require(try await bench.open().first)
    let record = try await bench.desk.record(summary.id)
    #expect(record.originalBundles.entries.map(\.module) == [1, 2])
    #expect(record.originalBundles[1]?["name"] == "Ada")
    #expect(record.originalBundles[1]?["__IMTINDEX__"] == 2)
    #expect(record.mappedInput == ["say": "hi Ada"])
    #expect(record.variables.execution == ["v": "7"])
    #expect(record.blueprint == blueprint)
    #expect(record.error.field == "say")
    #expect(record.visit(of: 2)?.emitted == 1, "what other bundles did is not told")
    #expect(summary.index == 1)
    #expect(summary.size > 0)
  }
}
