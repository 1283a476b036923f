import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("Changing what a record goes on with", .fewAtOnce)
struct AmendingTests {
  private func path(_ text: String) throws -> ValuePath { try ValuePath(parsing: text) }

  private func failed(_ bench: Workbench, _ modules: String, _ word: String) async throws
    -> IncompleteExecution
  {
    bench.told.fail(on: word, with: ModuleError(.data, "\"say\" is wrong"))
    _ = try await bench.runner.run(
      try Workbench.blueprint(modules), given: [["w": .text(word), "better": "good"]])
    _ = bench.told.takeHeard()
    return try await bench.desk.record(try #require(try await bench.open().first).id)
  }

  @Test("the mapping is changed for this record, and a resume uses it")
  func mapping() async throws {
    let bench = try Workbench()
    let record = try await failed(bench, Workbench.say(2, "{{1.w}}"), "bad")
    let version = try await bench.desk.amend(
      record.id, version: record.summary.version,
      [Draft(path: path("2.say"), value: "{{1.better}}", in: .mapping)])
    let report = try await bench.desk.resume(record.id, version: version, trigger: .manual)
    #expect(report.outcome == .resolved)
    #expect(bench.told.takeHeard() == ["good"])
    let after = try await bench.desk.record(record.id)
    #expect(after.mappingEdits.map(\.old) == ["{{1.w}}"])
    #expect(after.mappingEdits.map(\.isInScenario) == [false])
    let today = try await bench.store.blueprint(of: record.summary.scenarioID)
    #expect(try today?.mapping(at: path("2.say")) == "{{1.w}}")
  }

  @Test("and in the scenario of today, when that is wanted")
  func scenario() async throws {
    let bench = try Workbench()
    let record = try await failed(bench, Workbench.say(2, "{{1.w}}"), "bad")
    _ = try await bench.desk.amend(
      record.id, version: record.summary.version,
      [Draft(path: path("2.say"), value: "{{1.better}}", in: .mapping)], alsoInScenario: true)
    let today = try await bench.store.blueprint(of: record.summary.scenarioID)
    #expect(try today?.mapping(at: path("2.say")) == "{{1.better}}")
  }

  @Test("variables are changed, in the scope they are read from, and a resume begins with them")
  func variables() async throws {
    let bench = try Workbench()
    func set(_ id: Int, _ name: String, _ scope: String, _ value: String) -> String {
      #"{"id":\#(id),"module":"util:SetVariable2","mapper":{"name":"\#(name)","scope":"\#(scope)","value":"\#(value)"}}"#
    }
    func get(_ id: Int, _ name: String) -> String {
      #"{"id":\#(id),"module":"util:GetVariable2","mapper":{"name":"\#(name)"}}"#
    }
    let record = try await failed(
      bench,
      [
        set(2, "who", "roundtrip", "Ada"), set(3, "team", "execution", "red"),
        set(4, "gone", "roundtrip", "x"), Workbench.say(5, "{{1.w}}"), get(6, "who"),
        get(7, "team"), get(8, "gone"), get(9, "new"),
        Workbench.say(10, "{{6.who}} {{7.team}} {{8.gone}} {{9.new}}"),
      ].joined(separator: ","), "bad")
    #expect(record.variables.execution == ["team": "red"])
    let version = try await bench.desk.amend(
      record.id, version: record.summary.version,
      [
        Draft(path: path("var.who"), value: "Grace"), Draft(path: path("var.team"), value: "blue"),
        Draft(path: path("var.gone"), value: nil), Draft(path: path("var.new"), value: 1),
        Draft(path: path("1.w"), value: "good"),
      ])
    let changed = try await bench.desk.record(record.id)
    #expect(changed.variables == record.variables)
    #expect(changed.currentVariables.cycle == ["who": "Grace", "new": 1])
    #expect(changed.currentVariables.execution == ["team": "blue"])
    #expect(changed.bundles[1]?["w"] == "good")
    #expect(changed.edits.map(\.path.description).first == "var.who")
    #expect(changed.edits.map(\.old) == ["Ada", "red", "x", nil, "bad"])
    #expect(Set(changed.edits.map(\.author)) == ["ada"])
    let report = try await bench.desk.resume(record.id, version: version, trigger: .manual)
    #expect(report.outcome == .resolved)
    #expect(bench.told.takeHeard() == ["good", "Grace blue  1"])
  }

  @Test(
    "all variables are replaced by a collection, each where it is; nothing else takes their place")
  func allVariables() async throws {
    let bench = try Workbench()
    let set =
      #"{"id":2,"module":"util:SetVariables","mapper":{"scope":"execution","variables":["#
      + #"{"name":"team","value":"red"},{"name":"gone","value":1}]}}"#
    let record = try await failed(bench, set + "," + Workbench.say(3, "{{1.w}}"), "bad")
    let version = try await bench.desk.amend(
      record.id, version: record.summary.version,
      [Draft(path: path("var"), value: ["team": "blue", "new": true])])
    let changed = try await bench.desk.record(record.id)
    #expect(
      changed.currentVariables == Variables(cycle: ["new": true], execution: ["team": "blue"]))
    #expect(changed.editable.value(at: try path("var.gone")) == nil)
    for value in ["x", nil] as [Value?] {
      await #expect(throws: StoreError.self) {
        try await bench.desk.amend(
          record.id, version: version, [Draft(path: path("var"), value: value)])
      }
    }
  }

  @Test(
    "a place of a variable that does not exist is refused", arguments: ["var.no.where", "var.x[2]"])
  func missingVariable(place: String) async throws {
    let bench = try Workbench()
    let record = try await failed(bench, Workbench.say(2, "{{1.w}}"), "bad")
    await #expect(throws: StoreError.self) {
      try await bench.desk.amend(
        record.id, version: record.summary.version, [Draft(path: path(place), value: "x")])
    }
  }

  @Test("a change that does not fit writes nothing")
  func allOrNothing() async throws {
    let bench = try Workbench()
    let record = try await failed(bench, Workbench.say(2, "{{1.w}}"), "bad")
    await #expect(throws: StoreError.self) {
      try await bench.desk.amend(
        record.id, version: record.summary.version,
        [Draft(path: path("1.w"), value: "x"), Draft(path: path("1.no.where"), value: "x")])
    }
    #expect(try await bench.desk.record(record.id) == record)
  }

  @Test("a router that is gone through again changes nothing, and its filters are open")
  func restartAtRouter() async throws {
    let bench = try Workbench()
    let record = try await failed(
      bench,
      Workbench.say(2, "first") + #",{"id":3,"module":"builtin:BasicRouter","routes":[{"flow":["#
        + Workbench.say(
          4, "{{1.w}}",
          #","filter":{"name":"said","conditions":[[{"a":"{{2.said}}","b":"first"}]]}"#) + "]}]}",
      "bad")
    #expect(
      bench.desk.restartForecasts(of: record).first
        == OperatorDesk.RestartForecast(module: 2, repeated: [2, 3], repeatedEffects: [2]))
    var moved = record
    moved.summary.failer = 2
    moved.continuation = record.continuation(from: 2)
    let check = bench.desk.check(moved, bundles: record.bundles)
    #expect(check.filters.map(\.answer) == [.depends])
  }

  @Test("an output that is given stands in the audit, and is no reason of a closing")
  func givenOutput() async throws {
    let bench = try Workbench()
    let record = try await failed(bench, Workbench.say(2, "{{1.w}}"), "bad")
    let report = try await bench.desk.resume(
      record.id, version: nil, trigger: .manual, substitute: ["said": "by hand"])
    #expect(report.outcome == .resolved)
    let after = try await bench.desk.record(record.id)
    #expect(after.closingReason == nil && report.record.closingReason == nil)
    let claim = try await bench.desk.notes(of: record.id).first {
      $0.event == IncompleteEvent.claimed.rawValue
    }
    #expect(claim?.author == "ada")
    #expect(claim?.detail == #"its output was given: {"said":"by hand"}"#)
  }

  @Test("goes on at an earlier module, and says what that repeats")
  func restart() async throws {
    let bench = try Workbench()
    let record = try await failed(
      bench, Workbench.say(2, "first") + "," + Workbench.say(3, "{{1.w}}"), "bad")
    #expect(record.restartPoints == [2, 3])
    let forecasts = bench.desk.restartForecasts(of: record)
    #expect(forecasts.map(\.repeatedEffects) == [[2], []])
    let version = try await bench.desk.moveRestart(
      of: record.id, to: 2, version: record.summary.version)
    bench.told.fail(on: "bad", with: nil)
    let report = try await bench.desk.resume(record.id, version: version, trigger: .manual)
    #expect(report.outcome == .resolved)
    #expect(bench.told.takeHeard() == ["first", "bad"])
    await #expect(throws: StoreError.self) {
      try await bench.desk.moveRestart(of: record.id, to: 1, version: version)
    }
  }

  @Test("going on before a router runs all its routes, once each")
  func restartBeforeRouter() async throws {
    let bench = try Workbench()
    let record = try await failed(
      bench,
      Workbench.say(2, "first")
        + #",{"id":3,"module":"builtin:BasicRouter","mapper":null,"routes":[{"flow":["#
        + Workbench.say(4, "{{1.w}}") + #"]},{"flow":["# + Workbench.say(5, "later") + "]}]}",
      "bad")
    #expect(record.continuation.count == 1)
    #expect(record.continuation(from: 4) == record.continuation)
    #expect(record.continuation(from: 2) == [])
    let version = try await bench.desk.moveRestart(
      of: record.id, to: 2, version: record.summary.version)
    bench.told.fail(on: "bad", with: nil)
    _ = try await bench.desk.resume(record.id, version: version, trigger: .manual)
    #expect(bench.told.takeHeard() == ["first", "bad", "later"])
  }

  @Test("not beyond an iterator: the other bundles went on from there")
  func iterator() async throws {
    let bench = try Workbench()
    bench.told.fail(on: "b", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(
      try Workbench.blueprint(
        #"{"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.list}}"}},"#
          + Workbench.say(3, "x") + "," + Workbench.say(4, "{{2.value}}")),
      given: [["list": ["a", "b", "c"]]])
    let record = try await bench.desk.record(try #require(try await bench.open().first).id)
    #expect(record.restartPoints == [3, 4])
  }

  @Test("today's blueprint, changes of it, and another place to go on are one transaction")
  func oneTransaction() async throws {
    let bench = try Workbench()
    let record = try await failed(
      bench, Workbench.say(2, "first") + "," + Workbench.say(3, "{{1.w}}"), "bad")
    let today = try Workbench.blueprint(
      Workbench.say(2, "again") + "," + Workbench.say(3, "{{1.w}}") + "," + Workbench.say(4, "new"))
    try await bench.store.keep(today, for: record.summary.scenarioID)
    let drafts = [
      Draft(path: try path("1.w"), value: "good"),
      Draft(path: try path("3.say"), value: "{{1.better}}", in: .mapping),
    ]
    func amend(dyingAt write: Int, after: Bool) async throws -> IncompleteExecution {
      let mortal = MortalStore(bench.store, writesLeft: write, diesAfterWrite: after)
      let runner = ScenarioRunner(
        modules: bench.runner.modules, store: mortal, scenarios: bench.store, journal: mortal,
        dataStores: bench.store, clock: bench.clock)
      _ = try? await OperatorDesk(store: mortal, runner: runner, author: "ada").amend(
        record.id, version: record.summary.version, drafts, alsoInScenario: true,
        takingTodaysBlueprint: true, restart: 2)
      return try await bench.store.record(record.id)
    }
    let before = try await amend(dyingAt: 0, after: false)
    #expect(before == record)
    #expect(try await bench.store.blueprint(of: record.summary.scenarioID) == today)
    let whole = try await amend(dyingAt: 0, after: true)
    #expect(whole.summary.failer == 2)
    #expect(whole.edits.count == 1)
    #expect(whole.blueprint.module(4) != nil)
    #expect(try whole.blueprint.mapping(at: path("3.say")) == "{{1.better}}")
    #expect(
      try await bench.store.blueprint(of: record.summary.scenarioID)?.mapping(at: path("3.say"))
        == "{{1.better}}")
    let audit = try await bench.desk.notes(of: record.id).map(\.event)
    #expect(audit == ["blueprintReplaced", "restartMoved"])
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["again", "good", "new"])
  }

  @Test("a scenario that was given another blueprint meanwhile keeps it, and nothing is saved")
  func scenarioChangedMeanwhile() async throws {
    let bench = try Workbench()
    let record = try await failed(bench, Workbench.say(2, "{{1.w}}"), "bad")
    let other = try Workbench.blueprint(Workbench.say(2, "other"))
    let amendment = Amendment(
      blueprint: other, inScenario: Amendment.InScenario(from: other, to: record.blueprint),
      author: "ada", date: bench.clock.now())
    await #expect(throws: StoreError.self) {
      try await bench.store.amend(record.id, version: record.summary.version, amendment)
    }
    #expect(try await bench.store.record(record.id) == record)
  }
}
