import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

@Suite("A scenario that is called by another", .fewAtOnce)
struct SubscenarioTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  /// A scenario that is called: it declares a required `who` and an `n` of 3.
  private func called(
    _ modules: String, named name: String = "Greet", settings: String = #""dlq":true"#
  ) throws -> Blueprint {
    try Blueprint(
      json: Array(
        #"""
        {"name":"\#(name)","flow":[
          {"id":1,"module":"scenario-service:StartSubscenario","mapper":{}},\#(modules)],
         "io":{"input_spec":[{"name":"who","type":"text","required":true},
           {"name":"n","type":"number","default":"3"}]},
         "metadata":{"scenario":{\#(settings)}}}
        """#.utf8))
  }

  /// Gives `greeting` and `n` back.
  private static let returning =
    #"{"id":8,"module":"scenario-service:ReturnData","mapper":{"greeting":"hello {{1.who}}","n":"{{1.n + 1}}"}}"#

  /// Says that it is in, and gives back.
  private static let greeting = Workbench.say(2, "in {{1.who}}") + "," + returning

  /// The open record of the scenario that was called, and that of the one that called.
  private func insideAndOutside() async throws -> (IncompleteSummary, IncompleteSummary) {
    let open = try await bench.open()
    return (
      try #require(open.first { $0.scenarioName == "Greet" }),
      try #require(open.first { $0.scenarioName == "T" })
    )
  }

  /// Makes a scenario known and switches it on.
  private func bring(_ blueprint: Blueprint) async throws -> ScenarioID {
    let id = try await bench.store.scenario(named: blueprint.name)
    try await bench.store.keep(blueprint, for: id)
    try await bench.runner.activate(id)
    return id
  }

  /// A module that calls, as exports have it.
  private static func call(
    _ id: Int = 2, waits: Bool = true, who: String = "{{1.who}}", named name: String = "Greet"
  ) -> String {
    #"""
    {"id":\#(id),"module":"scenario-service:CallSubscenario","version":2,
     "parameters":{"scenario":"SCN_6862968","shouldWaitForExecutionEnd":\#(waits)},
     "mapper":{"data":{"who":"\#(who)"}},
     "metadata":{"restore":{"parameters":{"scenario":{"label":"\#(name)"}}}}}
    """#
  }

  private func caller(_ modules: String...) throws -> Blueprint {
    try Workbench.blueprint(modules.joined(separator: ","))
  }

  private static let told = Workbench.say(3, "{{2.greeting}} {{2.n}}")

  @Test("what it returns is what the module that called it emits; defaults and types are applied")
  func returns() async throws {
    let scenario = try await bring(called(Self.returning))
    let run = try await bench.runner.run(
      caller(Self.call(), Self.told), given: [["who": "Ada"], ["who": "Bo"]])
    #expect(run.status == .success)
    #expect(bench.told.takeHeard() == ["hello Ada 4", "hello Bo 4"])
    let runs = try await bench.store.executions(of: scenario, limit: 10)
    #expect(runs.map(\.summary.origin) == [.called, .called])
    #expect(runs.map(\.summary.caller) == [run.id, run.id])
  }

  @Test(
    "in which form exports name the scenario and the switch that waits",
    arguments: [
      #""parameters":{"scenario":"Greet"}"#,
      #""parameters":{"scenario":1,"shouldWaitForExecutionEnd":"true"}"#,
      #""parameters":{"scenario":"SCN_1"}"#,
      #""parameters":{"scenario":"1","shouldWaitForExecutionEnd":false}"#,
    ])
  func forms(of parameters: String) async throws {
    #expect(try await bring(called(Self.returning)).number == 1)
    let inMapper = parameters.contains("false") ? #""shouldWaitForExecutionEnd":true,"# : ""
    let module = #"""
      {"id":2,"module":"scenario-service:CallSubscenario",\#(parameters),
       "mapper":{\#(inMapper)"data":{"who":"Ada"}}}
      """#
    _ = try await bench.runner.run(caller(module, Self.told), given: [[:]])
    #expect(bench.told.takeHeard() == ["hello Ada 4"])
  }

  @Test("returning ends the run: no later route, no later bundle, nothing behind it")
  func returnEndsTheRun() async throws {
    _ = try await bring(
      called(
        #"""
        {"id":2,"module":"builtin:BasicRepeater","mapper":{"start":"1","repeats":"3","step":"1"}},
        {"id":3,"module":"builtin:BasicRouter","routes":[
          {"flow":[\#(Workbench.say(4, "first {{2.i}}"))]},
          {"flow":[\#(Self.returning),\#(Workbench.say(5, "behind"))]},
          {"flow":[\#(Workbench.say(6, "later route"))]}]}
        """#))
    let run = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    #expect(bench.told.takeHeard() == ["first 1", "hello Ada 4"])
    #expect(run.status == .success)
  }

  @Test("bundles of the trigger that returning leaves out are told of")
  func leftOut() async throws {
    let blueprint = try caller(
      #"{"id":2,"module":"scenario-service:ReturnData","mapper":{"n":"{{1.n}}"}}"#)
    let run = try await bench.runner.run(blueprint, given: [["n": 1], ["n": 2], ["n": 3]])
    #expect(run.returned == ["n": 1])
    #expect(run.status == .warning)
    #expect(run.warnings.count == 1)
    #expect(run.warnings.first?.contains("2 more bundles of module 1") == true)
  }

  @Test(
    "one that returns nothing gives an empty bundle, and one that is not waited for its execution")
  func withoutReturn() async throws {
    let scenario = try await bring(called(Workbench.say(2, "in {{1.who}}")))
    _ = try await bench.runner.run(
      caller(Self.call(), Workbench.say(3, "[{{2.greeting}}]")), given: [["who": "Ada"]])
    #expect(bench.told.takeHeard() == ["in Ada", "[]"])
    let run = try await bench.runner.run(
      caller(Self.call(waits: false), Workbench.say(3, "{{2.executionId}}")),
      given: [["who": "Bo"]])
    await bench.runner.finishCalled()
    #expect(run.status == .success)
    let latest = try #require(try await bench.store.executions(of: scenario, limit: 1).first)
    #expect(Set(bench.told.takeHeard()) == ["in Bo", latest.summary.id])
  }

  @Test("a failure of it that is not stored is one of the module that called, of the same type")
  func failure() async throws {
    bench.told.fail(on: "Ada", with: ModuleError(.connection, "no route to host"))
    let first = #"""
      {"name":"Greet","flow":[\#(Workbench.say(1, "{{var.input.who}}"))],
       "metadata":{"scenario":{"dlq":true}}}
      """#
    _ = try await bring(Blueprint(json: Array(first.utf8)))
    let run = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    let record = try #require(try await bench.open().first)
    #expect(run.stored == [record.id])
    #expect(record.errorType == .connection)
    #expect(record.state == .pending)
    let error = try await bench.desk.record(record.id).error
    #expect(error.message.contains("\"Greet\""))
    #expect(error.message.contains("in its module 1: no route to host"))
  }

  @Test(
    "what it stored before it returned holds the caller up, which goes on with what that returns")
  func storedInside() async throws {
    bench.told.fail(on: "in Ada", with: ModuleError(.data, "no"))
    _ = try await bring(called(Self.greeting))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    let (inside, outside) = try await insideAndOutside()
    #expect(outside.errorType == .data)
    #expect(outside.state == .unresolved)
    _ = bench.told.takeHeard()

    // Resumed too early it calls nothing again.
    let early = try await bench.desk.resume(outside.id, version: nil, trigger: .manual)
    guard case .failed(let error) = early.outcome else {
      Issue.record("\(early.outcome)")
      return
    }
    #expect(error.message.contains(inside.id.short))
    #expect(bench.told.takeHeard() == [])

    bench.told.fail(on: "in Ada", with: nil)
    #expect(
      try await bench.desk.resume(inside.id, version: nil, trigger: .manual).outcome == .resolved)
    #expect(
      try await bench.desk.resume(outside.id, version: nil, trigger: .manual).outcome == .resolved)
    #expect(bench.told.takeHeard() == ["in Ada", "hello Ada 4"])
  }

  @Test("where what it stored retries by itself, so does the module that called")
  func storedInsideForRetry() async throws {
    bench.told.fail(on: "in Ada", with: ModuleError(.rateLimit, "slow down"))
    _ = try await bring(called(Self.greeting))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    #expect(try await bench.open().map(\.state) == [.pending, .pending])
  }

  @Test("with other data, or when its record was closed by hand, it is called again")
  func calledAgain() async throws {
    bench.told.fail(on: "in Ada", with: ModuleError(.data, "no"))
    _ = try await bring(called(Self.greeting))
    _ = try await bench.runner.run(
      caller(Self.call(), Self.told), given: [["who": "Ada"], ["who": "Ada"]])
    let outside = try await bench.open().filter { $0.scenarioName == "T" }
    #expect(outside.count == 2)
    _ = bench.told.takeHeard()

    let edited = try #require(outside.first)
    let edit = BundleEdit(
      path: try ValuePath(parsing: "1.who"), old: "Ada", new: "Bo", author: "ada",
      date: bench.clock.now())
    _ = try await bench.desk.append([edit], to: edited.id, version: edited.version)
    #expect(
      try await bench.desk.resume(edited.id, version: nil, trigger: .manual).outcome == .resolved)
    #expect(bench.told.takeHeard() == ["in Bo", "hello Bo 4"])

    for record in try await bench.open() where record.scenarioName == "Greet" {
      _ = try await bench.desk.close(record.id, version: nil, reason: "done by hand")
    }
    bench.told.fail(on: "in Ada", with: nil)
    let other = try #require(outside.last)
    #expect(
      try await bench.desk.resume(other.id, version: nil, trigger: .manual).outcome == .resolved)
    #expect(bench.told.takeHeard() == ["in Ada", "hello Ada 4"])
  }

  @Test("what cannot be called fails the module that calls, and says what to do")
  func cannotBeCalled() async throws {
    func message(_ modules: String...) async throws -> (ErrorType, String) {
      let run = try await bench.runner.run(
        Workbench.blueprint(modules.joined(separator: ",")), given: [["who": "Ada"]])
      let record = try await bench.desk.record(try #require(run.stored.first))
      return (record.error.type, record.error.message)
    }
    var (type, text) = try await message(Self.call())
    #expect(type == .invalidConfiguration)
    #expect(text.contains("fettle import"))

    let id = try await bring(called(Self.returning))
    (type, text) = try await message(Self.call(who: ""))
    #expect(type == .bundleValidation)
    #expect(text.contains("\"who\" is required"))

    try await bench.runner.deactivate(id)
    (type, text) = try await message(Self.call())
    #expect(type == .invalidConfiguration)
    #expect(text.contains("fettle start \(id)"))
  }

  @Test("a scenario that calls one which is not known here cannot be switched on")
  func activation() async throws {
    let blueprint = try caller(Self.call(), Self.told)
    let id = try await bench.store.scenario(named: blueprint.name)
    try await bench.store.keep(blueprint, for: id)
    await #expect {
      try await bench.runner.activate(id)
    } throws: {
      "\($0)".contains("module 2 calls the scenario \"Greet\"")
        && "\($0)".contains("fettle import")
    }
    _ = try await bring(called(Self.returning))
    try await bench.runner.activate(id)
  }

  @Test("one that calls itself without an end is stopped")
  func endless() async throws {
    let blueprint = try called(Self.call(who: "x"))
    let id = try await bring(blueprint)
    let run = try await bench.runner.run(blueprint, given: [["who": "x"]])
    #expect(run.stored.count == 1)
    #expect(try await bench.store.executions(of: id, limit: 100).count < 30)
    #expect(
      try await bench.open().allSatisfy { $0.errorType == .invalidConfiguration })
  }

  @Test(
    "one that is processed in order takes its calls one after the other, and none while held up")
  func inOrder() async throws {
    let settings = #""dlq":true,"sequential":true"#
    let id = try await bring(
      called(
        Workbench.say(2, "in {{1.who}}") + "," + Self.returning, settings: settings))
    let blueprint = try caller(Self.call(), Self.told)
    let runner = bench.runner
    let runs = try await withThrowingTaskGroup(of: ExecutionSummary.self) { group in
      for n in 0..<8 {
        group.addTask { try await runner.run(blueprint, given: [["who": .text("\(n)")]]) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(runs.allSatisfy { $0.status == .success })
    let spans = try await bench.store.executions(of: id, limit: 20).map(\.summary)
      .sorted { $0.started < $1.started }
    for (one, next) in zip(spans, spans.dropFirst()) {
      #expect(try #require(one.ended) <= next.started)
    }
    bench.told.fail(on: "in bad", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(blueprint, given: [["who": "bad"]])
    let run = try await bench.runner.run(blueprint, given: [["who": "good"]])
    let record = try await bench.desk.record(try #require(run.stored.first))
    #expect(record.error.type == .rateLimit)
    #expect(record.error.message.contains("1 incomplete execution open"))
  }

  @Test("the name a run gives itself is in the history and found by a word of it")
  func named() async throws {
    let id = try await bring(
      called(
        #"{"id":2,"module":"scenario-service:NameExecution","mapper":{"name":"order {{1.who}}"}}"#
      ))
    _ = try await bench.runner.run(
      caller(Self.call(), Self.told), given: [["who": "4711"], ["who": "4712"]])
    let rows = try await bench.store.executions(of: id, limit: 10)
    #expect(rows.map(\.title).sorted() == ["Greet · order 4711", "Greet · order 4712"])
    let filter = ExecutionFilter(try FilterTree("4712"), now: bench.clock.now())
    let found = try await bench.store.executions(filter, .first, limit: 10, effort: 100).rows
    #expect(found.map(\.summary.name) == ["order 4712"])
  }

  @Test("its run ends before the service stops, as it is part of an operation; a stop reaches it")
  func stops() async throws {
    _ = try await bring(called(Self.greeting))
    let brake = bench.runner.brake
    bench.told.whenHearing("in Ada") { brake.pull() }
    let run = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    #expect(bench.told.takeHeard() == ["in Ada"])
    let record = try await bench.desk.record(try #require(run.stored.first))
    #expect(record.summary.failer == ModuleID(3))
    #expect(record.bundles.entries.last?.bundle["greeting"] == "hello Ada")
  }

  // MARK: A worker that dies

  /// What another worker did before it died at one of its writes, and what is left of it.
  private func dying(after writes: Int, _ blueprint: Blueprint) async throws {
    let store = MortalStore(bench.store, writesLeft: writes, diesAfterWrite: false)
    let runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told]), store: store,
      scenarios: bench.store, journal: store, dataStores: bench.store, clock: bench.clock)
    await #expect(throws: StoreError.self) {
      try await runner.run(blueprint, given: [["who": "Ada"]])
    }
    bench.clock.advance(seconds: 31)
    _ = try await bench.desk.takeOverInterrupted()
  }

  @Test(
    "wherever a worker dies in a call, what was called is found again: nothing is lost, done twice or in doubt",
    arguments: 1...6, [false, true])
  func dies(after writes: Int, callerFirst: Bool) async throws {
    _ = try await bring(called(Self.greeting))
    let blueprint = try caller(Self.call(), Self.told)
    try await dying(after: writes, blueprint)
    for _ in 0..<4 {
      let open = try await bench.open().sorted { one, _ in (one.scenarioName == "T") == callerFirst
      }
      for record in open {
        let whole = try await bench.desk.record(record.id)
        let arrived = whole.error.stage == .inDoubt
        #expect(!arrived || whole.failedModule?.type == "test:Told", "what is in doubt is outside")
        let said = whole.mappedInput.collection?["say"]?.text ?? ""
        _ = try await bench.desk.resume(
          record.id, version: nil, trigger: .manual,
          substitute: arrived ? ["said": .text(said)] : nil)
      }
    }
    #expect(try await bench.open().isEmpty)
    #expect(bench.told.takeHeard() == ["in Ada", "hello Ada 4"])
  }

  @Test("the caller of a run that is retried by itself is retried too, and after it")
  func inStep() async throws {
    bench.told.fail(on: "in Ada", with: ModuleError(.rateLimit, "slow down"))
    _ = try await bring(called(Self.greeting))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    let open = try await bench.open()
    let inside = try #require(open.first { $0.scenarioName == "Greet" }?.nextRetry)
    let outside = try #require(open.first { $0.scenarioName == "T" }?.nextRetry)
    #expect(inside < outside)
  }

  @Test("what the called one waited for is not taken for what it returned")
  func nestedWithoutStoring() async throws {
    bench.told.fail(on: "deep", with: ModuleError(.data, "no"))
    _ = try await bring(
      called(
        Workbench.say(2, "deep")
          + #",{"id":8,"module":"scenario-service:ReturnData","mapper":{"greeting":"from Deep"}}"#,
        named: "Deep"))
    _ = try await bring(
      called(Self.call(2, named: "Deep") + "," + Self.returning, settings: #""dlq":false"#))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    let open = try await bench.open()
    let deep = try #require(open.first { $0.scenarioName == "Deep" })
    let outside = try #require(open.first { $0.scenarioName == "T" })
    bench.told.fail(on: "deep", with: nil)
    _ = try await bench.desk.resume(deep.id, version: nil, trigger: .manual)
    _ = bench.told.takeHeard()
    _ = try await bench.desk.resume(outside.id, version: nil, trigger: .manual)
    #expect(bench.told.takeHeard().last == "hello Ada 4")
  }

  @Test("what it returned is asked for where its history is cut, and not taken for nothing")
  func historyIsCut() async throws {
    bench.told.fail(on: "in Ada", with: ModuleError(.data, "no"))
    _ = try await bring(called(Self.greeting))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    let (inside, outside) = try await insideAndOutside()
    bench.told.fail(on: "in Ada", with: nil)
    _ = try await bench.desk.resume(inside.id, version: nil, trigger: .manual)
    bench.clock.advance(seconds: 60)
    _ = try await bench.store.prune(endedBefore: bench.clock.now())
    let report = try await bench.desk.resume(outside.id, version: nil, trigger: .manual)
    guard case .failed(let error) = report.outcome else {
      Issue.record("\(report.outcome)")
      return
    }
    #expect(error.message.contains("by hand"))
    #expect(!bench.told.takeHeard().contains("  "))
  }

  @Test("outputs that stand in for those a return failed to make are returned, and end the run")
  func outputsByHand() async throws {
    _ = try await bring(
      called(
        #"{"id":8,"module":"scenario-service:ReturnData","mapper":{"greeting":"{{parseNumber(1.who; 7; 8; 9)}}"}},"#
          + Workbench.say(9, "behind")))
    _ = try await bench.runner.run(
      caller(Self.call(), Workbench.say(3, "{{2.greeting}}")), given: [["who": "Ada"]])
    let (inside, outside) = try await insideAndOutside()
    let report = try await bench.desk.resume(
      inside.id, version: nil, trigger: .manual, substitute: ["greeting": "by hand"])
    #expect(report.outcome == .resolved)
    #expect(report.execution.returned == ["greeting": "by hand"])
    _ = try await bench.desk.resume(outside.id, version: nil, trigger: .manual)
    #expect(bench.told.takeHeard() == ["by hand"])
  }

  @Test(
    "one that is processed in order cannot be called by a run of it, also where that does not wait")
  func inOrderByItself() async throws {
    let blueprint = try called(
      Self.call(waits: false, who: "x"), settings: #""dlq":true,"sequential":true"#)
    _ = try await bring(blueprint)
    let run = try await bench.runner.run(blueprint, given: [["who": "x"]])
    #expect(run.stored.count == 1)
    #expect(try await bench.open().first?.errorType == .invalidConfiguration)
  }

  @Test("two programs that call one that is processed in order get through, each in its turn")
  func inOrderForTwo() async throws {
    let id = try await bring(
      called(
        Workbench.say(2, "in {{1.who}}") + "," + Self.returning,
        settings: #""dlq":true,"sequential":true"#))
    let blueprint = try caller(Self.call(), Self.told)
    let other = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told]), store: bench.store,
      clock: bench.clock)
    let runners = [bench.runner, other]
    let runs = try await withThrowingTaskGroup(of: ExecutionSummary.self) { group in
      for n in 0..<10 {
        group.addTask { try await runners[n % 2].run(blueprint, given: [["who": .text("\(n)")]]) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(runs.allSatisfy { $0.status == .success })
    #expect(try await bench.store.executions(of: id, limit: 20).count == 10)
    #expect(bench.told.takeHeard().count == 20)
  }

  @Test("a scenario that is processed in order is not opened while a run of it is under way")
  func opensInOrder() async throws {
    let blueprint = try called(Self.returning, settings: #""dlq":true,"sequential":true"#)
    let id = try await bring(blueprint)
    func opening(_ identity: String) -> ExecutionOpening {
      var opening = ExecutionOpening(
        execution: ExecutionSummary(
          id: identity, scenario: id, origin: .called, started: bench.clock.now()),
        blueprint: blueprint, given: [[:]], seed: 1, worker: "w",
        lease: bench.clock.now().advanced(bySeconds: 30))
      opening.isInOrder = true
      return opening
    }
    _ = try await bench.store.open(opening("one"), claiming: nil)
    await #expect(throws: StoreError.self) {
      try await bench.store.open(opening("two"), claiming: nil)
    }
  }

  @Test("a name is one line of a list")
  func nameInLists() async throws {
    let blueprint = try called(
      #"{"id":2,"module":"scenario-service:NameExecution","mapper":{"name":"{{1.who}}"}}"#)
    let text = "order\n\t1 " + String(repeating: "x", count: 9000)
    let run = try await bench.runner.run(blueprint, given: [["who": .text(text)]])
    let name = try await bench.store.execution(run.id).summary.name
    #expect(name == "order 1 " + String(repeating: "x", count: 111) + "…")
  }

  @Test("the caller of a run that is just being retried goes on by itself as well")
  func whileRetried() async throws {
    bench.told.fail(on: "in Ada", with: ModuleError(.rateLimit, "slow down"))
    _ = try await bring(called(Self.greeting))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    let (inside, outside) = try await insideAndOutside()
    _ = try await bench.store.move(
      inside.id, version: nil,
      [
        RecordChange(
          .claimed, lease: bench.clock.now().advanced(bySeconds: 30), trigger: .auto, author: "w",
          date: bench.clock.now())
      ])
    _ = try await bench.desk.resume(outside.id, version: nil, trigger: .auto)
    let after = try await bench.desk.record(outside.id)
    #expect(after.summary.state == .pending)
    #expect(after.summary.nextRetry != nil)
  }

  @Test("what waits for the turn of another scenario does not hold up a program that is to end")
  func endsWhileWaiting() async throws {
    let blueprint = try called(Self.returning, settings: #""dlq":true,"sequential":true"#)
    let id = try await bring(blueprint)
    let opening = ExecutionOpening(
      execution: ExecutionSummary(
        id: "at-work", scenario: id, origin: .called, started: bench.clock.now()),
      blueprint: blueprint, given: [[:]], seed: 1, worker: "w",
      lease: bench.clock.now().advanced(bySeconds: 30))
    _ = try await bench.store.open(opening, claiming: nil)
    let brake = bench.runner.brake
    // Pulled where the call is waiting, or before it: what the caller had not got to is kept.
    let (runner, outer) = (bench.runner, try caller(Self.call(), Self.told))
    async let run = runner.run(outer, given: [["who": "Ada"]])
    try await Task.sleep(for: .milliseconds(300))
    brake.pull()
    #expect(try await run.stored.count == 1)
    #expect(try await bench.store.executions(of: id, limit: 10).count == 1)
  }

  // MARK: Scenarios that wait for each other

  @Test(
    "two that are processed in order and call each other: the call that would close the circle fails at once",
    .timeLimit(.minutes(15)))
  func circle() async throws {
    let settings = #""dlq":true,"sequential":true"#
    // Each says where it is before it calls the other one, so that both are at work then.
    func calling(_ name: String, _ other: String) throws -> Blueprint {
      try called(
        Workbench.say(2, "\(name) is in") + "," + Self.call(3, who: "{{1.who}}", named: other),
        named: name, settings: settings)
    }
    let (one, other) = (try calling("One", "Two"), try calling("Two", "One"))
    for name in ["One", "Two"] { _ = try await bench.store.scenario(named: name) }
    _ = try await bring(one)
    _ = try await bring(other)
    let runner = bench.runner
    let (isIn, entered) = AsyncStream<Void>.makeStream()
    let (goesOn, go) = AsyncStream<Void>.makeStream()
    bench.told.whenHearing("One is in") {
      entered.yield()
      for await _ in goesOn { break }
    }
    let first = Task { try await runner.run(one, given: [["who": "x"]]) }
    for await _ in isIn { break }
    bench.told.whenHearing("Two is in") { go.yield() }
    let second = Task { try await runner.run(other, given: [["who": "x"]]) }
    let runs = try await [first.value, second.value]
    #expect(runs.flatMap(\.stored).count >= 1)
    let errors = try await bench.open().map(\.reason)
    #expect(
      errors.contains { $0.contains("wait for each other") }
        && errors.contains { $0.contains("One") && $0.contains("Two") }, "\(errors)")
  }

  @Test("runs that call each other without waiting come to an end where there is none")
  func withoutEnd() async throws {
    let blueprint = try called(
      Self.call(waits: false, who: "x", named: "Again"), named: "Again")
    let id = try await bring(blueprint)
    _ = try await bench.runner.run(blueprint, given: [["who": "x"]])
    await bench.runner.finishCalled()
    let open = try await bench.open()
    #expect(open.count == 1)
    #expect(open.first?.reason.contains("without an end") == true)
    let count = try await bench.store.executions(of: id, limit: 5000).count
    #expect(count == 1001)
  }

  @Test("a scenario is found by its name or number among many as fast as alone")
  func amongMany() async throws {
    let id = try await bring(called(Self.returning))
    #expect(try await bench.store.knownScenario(named: "Greet")?.id == id)
    #expect(try await bench.store.knownScenario(named: "greet") == nil)
    let numbered = Self.call().replacingOccurrences(of: "SCN_6862968", with: "SCN_\(id)")
      .replacingOccurrences(of: #""label":"Greet""#, with: #""label":"""#)
    _ = try await bench.runner.run(
      caller(numbered, Self.told), given: [["who": "Ada"]])
    #expect(bench.told.takeHeard() == ["hello Ada 4"])
  }

  // MARK: Several records of one run

  /// The records of the called run, by the word it failed on.
  private func insideByWord() async throws -> [String: RecordID] {
    var found: [String: RecordID] = [:]
    for record in try await bench.open() where record.scenarioName == "Greet" {
      let input = try await bench.desk.record(record.id).mappedInput
      found[String(input.collection?["say"]?.text?.last ?? "?")] = record.id
    }
    return found
  }

  /// A run of a scenario that returns behind the word b only, called with those lines. Its bundles a and b
  /// are stored, and whatever failed them has gone since.
  /// - Returns: the record of the caller, and those of the called run by their word.
  private func storedTwice(
    _ lines: String
  ) async throws -> (outside: IncompleteSummary, inside: [String: RecordID]) {
    for word in ["a", "b"] { bench.told.fail(on: "in " + word, with: ModuleError(.data, "no")) }
    _ = try await bring(
      called(
        #"{"id":5,"module":"builtin:BasicFeeder","mapper":{"array":"{{split(1.who; newline)}}"}},"#
          + Workbench.say(2, "in {{5.value}}") + ","
          + #"{"id":8,"module":"scenario-service:ReturnData","filter":{"conditions":[[{"a":"{{5.value}}","b":"b","o":"text:equal"}]]},"#
          + #""mapper":{"greeting":"from {{5.value}}","n":1}}"#))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": .text(lines)]])
    let open = try await bench.open()
    let inside = try await insideByWord()
    let outside = try #require(open.first { $0.scenarioName == "T" })
    for word in ["a", "b"] { bench.told.fail(on: "in " + word, with: nil) }
    _ = bench.told.takeHeard()
    return (outside, inside)
  }

  @Test("of several records a called run stored, any that comes to a return lets the caller go on")
  func severalRecords() async throws {
    let (outside, inside) = try await storedTwice("a\nb\nc")
    // The second one is resolved, and returns; the first is open still.
    _ = try await bench.desk.resume(#require(inside["b"]), version: nil, trigger: .manual)
    let report = try await bench.desk.resume(outside.id, version: nil, trigger: .manual)
    #expect(report.outcome == .resolved)
    #expect(bench.told.takeHeard() == ["in b", "from b 1"])
  }

  @Test("where the first of several records came to no return, those that are open are waited for")
  func laterRecords() async throws {
    let (outside, inside) = try await storedTwice("a\nb")
    _ = try await bench.desk.resume(#require(inside["a"]), version: nil, trigger: .manual)
    let early = try await bench.desk.resume(outside.id, version: nil, trigger: .manual)
    #expect(early.outcome != .resolved)
    #expect(try await bench.desk.record(outside.id).error.awaited == inside["b"])
    _ = try await bench.desk.resume(#require(inside["b"]), version: nil, trigger: .manual)
    _ = try await bench.desk.resume(outside.id, version: nil, trigger: .manual)
    #expect(bench.told.takeHeard() == ["in a", "in b", "from b 1"])
  }

  // MARK: What is said of a resume

  @Test("an automatic retry that comes before that of what it waits for takes no step of its plan")
  func earlyRetries() async throws {
    bench.told.fail(on: "in Ada", with: ModuleError(.rateLimit, "slow down"))
    _ = try await bring(called(Self.greeting))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    let (inside, outside) = try await insideAndOutside()
    for _ in 0..<10 {
      _ = try await bench.desk.resume(outside.id, version: nil, trigger: .auto)
      #expect(try await bench.desk.record(outside.id).summary.state == .pending)
    }
    bench.told.fail(on: "in Ada", with: nil)
    _ = try await bench.desk.resume(inside.id, version: nil, trigger: .auto)
    let report = try await bench.desk.resume(outside.id, version: nil, trigger: .auto)
    #expect(report.outcome == .resolved)
  }

  @Test("the check before a resume tells that the call is not made again")
  func checkOfCall() async throws {
    bench.told.fail(on: "in Ada", with: ModuleError(.data, "no"))
    _ = try await bring(called(Self.greeting))
    _ = try await bench.runner.run(caller(Self.call(), Self.told), given: [["who": "Ada"]])
    let (_, outside) = try await insideAndOutside()
    let record = try await bench.desk.record(outside.id)
    let check = bench.desk.check(record, bundles: record.bundles)
    #expect(check.goesOnWithCall)
    #expect(!check.effects.contains { $0.module == outside.failer })
    var edited = record.bundles
    _ = try edited.write(
      "Bo", at: ValuePath(parsing: "1.who"), author: "ada", date: bench.clock.now())
    let other = bench.desk.check(record, bundles: edited)
    #expect(!other.goesOnWithCall)
    #expect(other.effects.contains { $0.module == outside.failer })
  }
}
