import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

/// What is told belongs to the place where it is told.
@Suite("What a screen tells", .fewAtOnce)
struct PlaceTests {
  private func opened(size: Size = Size(rows: 24, columns: 80)) throws -> ScreenPlay {
    var play = try ScreenPlay(Fixtures.records(), size: size)
    play.press(.enter)
    return play
  }

  @Test("a notice about a record is not told of the next one, nor of the list")
  func noticeStays() throws {
    var play = try opened()
    for leaving in [Key.escape, .character("]")] {
      if play.state.detail == nil { play.press(.enter) }
      play.press(.character("u"))
      try #require(play.state.notice != "", "nothing was said of what cannot be undone")
      play.press(leaving)
      #expect(play.state.notice == "", "told after \(leaving): \(play.state.notice)")
    }
  }

  @Test("a notice is still there when the help that lay over it is closed")
  func noticeUnderHelp() throws {
    var play = try opened()
    play.press(.character("u"))
    let notice = play.state.notice
    try #require(notice != "")
    play.press(.character("?"), .escape)
    #expect(play.state.help == nil && play.state.notice == notice)
  }

  @Test(
    "what the last line has no room for is marked as cut before its last cell, which stays free")
  func cutMark() throws {
    var play = try opened(size: Size(rows: 10, columns: 40))
    play.state.notice = SafeText(String(repeating: "spring brochure ", count: 12))
    let lines = play.state.frame().text.split(separator: "\n", omittingEmptySubsequences: false)
    let last = try #require(lines.dropFirst(9).first)
    #expect(last.hasSuffix("…") && last.count == 39, "\(last)")
  }

  @Test("a variable names the modules that set it and ran, not one behind the failure")
  func setters() throws {
    let blueprint = try Fixtures.blueprint(
      """
      {"name": "Sets", "flow": [
        {"id": 1, "module": "gateway:CustomWebHook", "mapper": {}},
        {"id": 4, "module": "util:SetVariable2", "mapper": {"name": "who", "value": "{{1.name}}"}},
        {"id": 5, "module": "http:MakeRequest", "mapper": {"email": "{{1.name}}"}},
        {"id": 6, "module": "util:SetVariable2", "mapper": {"name": "who", "value": "late"}},
        {"id": 8, "module": "util:SetVariable2", "mapper": {"name": "end", "value": "late"}}]}
      """)
    var record = try Fixtures.record(blueprint: blueprint)
    record.variables = Variables(cycle: ["who": "Ada", "end": 1], execution: [:])
    var play = ScreenPlay([record], size: Size(rows: 45, columns: 140))
    play.press(.enter)
    let text = play.state.frame().text
    #expect(text.contains("set by 4") && !text.contains("set by 4, 6"))
    for (name, words) in [("who", "set by 4 "), ("end", "not run here")] {
      play.state.detail?.go(
        to: .bundle(ValuePath(module: ValuePath.variables, steps: [.field(name)])))
      play.press(.character("m"))
      #expect(play.state.notice.text.contains(words), "\(play.state.notice)")
      #expect(!play.state.notice.text.contains("6 "), "\(play.state.notice)")
    }
  }

  @Test("a record that waits for another names it, and L opens that one")
  func waitsForAnother() throws {
    var records = try Fixtures.records()
    let inner = records[1].id
    records[0].error = ModuleError(.data, "it called what stored something", awaiting: inner)
    var play = ScreenPlay(records, size: Size(rows: 24, columns: 110))
    play.press(.enter)
    try #require(play.state.detail?.record.id == records[0].id)
    #expect(play.state.frame().text.contains("Waits for \(inner.short) (L opens it)"))
    play.press(.character("L"))
    #expect(play.state.detail?.record.id == inner)
  }

  @Test("boxes are opened at the failed one, however far it is to the right")
  func boxesAtTheFailure() throws {
    let modules = (2...20).map {
      #"{"id": \#($0), "module": "http:MakeRequest", "mapper": {"email": "{{1.name}}"}}"#
    }
    let blueprint = try Fixtures.blueprint(
      #"{"name": "Long", "flow": [{"id": 1, "module": "gateway:CustomWebHook", "mapper": {}}, "#
        + modules.joined(separator: ", ") + "]}")
    var play = ScreenPlay(
      [try Fixtures.record(blueprint: blueprint, failer: 19)], size: Size(rows: 30, columns: 100))
    play.press(.enter, .character("c"))
    #expect(play.state.detail?.chain.isBoxes == true)
    #expect(play.state.frame().text.contains("19 FAILED"), "\(play.state.frame().text)")
  }

  @Test(":sort completes the columns of its list")
  func sortCompletes() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character(":"))
    play.type("sort cre")
    play.press(.tab)
    #expect(play.state.typing?.line.text == "sort created")
    play.press(.control("u"))
    play.type("sort ")
    play.press(.tab)
    let candidates = try #require(play.state.typing?.candidates?.text)
    #expect(candidates.contains("sort scenario") && candidates.contains("sort -created"))
    #expect(play.state.typing?.problem == nil)
  }
}

@Suite("What a run shows of modules the journal is silent about", .fewAtOnce)
struct SilentModuleTests {
  private func run(
    _ blueprint: String, _ steps: [(ModuleID, JournalEntry.Step)], _ status: ExecutionStatus,
    retryOf: RecordID? = nil
  )
    throws -> OpenedRun
  {
    var summary = ExecutionSummary(
      id: "88120fab", scenario: ScenarioID(1), retryOf: retryOf, started: Fixtures.now)
    summary.status = status
    return OpenedRun(
      row: ExecutionRow(
        summary: summary, scenarioName: "Orders", storedCount: 0, number: 1),
      blueprint: try Fixtures.blueprint(blueprint),
      entries: steps.enumerated().map { index, step in
        JournalEntry(number: index + 1, module: step.0, date: Fixtures.now, step: step.1)
      })
  }

  private static let routed = """
    {"name": "Routed", "flow": [
      {"id": 1, "module": "gateway:CustomWebHook", "mapper": {}},
      {"id": 2, "module": "builtin:BasicRouter", "mapper": null, "routes": [
        {"flow": [{"id": 3, "module": "http:MakeRequest", "mapper": {}}]},
        {"flow": [{"id": 4, "module": "http:MakeRequest", "mapper": {}}]}]}]}
    """

  private static let done = JournalEntry.Step.finished(
    input: [:], output: OperationOutput([["a": 1]]))

  @Test("a trigger and the router behind it ran when what is behind them did")
  func routerBehindTrigger() throws {
    let visits = RunState.visits(
      try run(Self.routed, [(3, Self.done), (4, Self.done)], .success))
    func visit(_ module: ModuleID) -> ModuleVisit? { visits.first { $0.module == module } }
    #expect(visit(1)?.emitted == 1)
    #expect(visit(2)?.passed == 1 && visit(2)?.emitted == 1)
    #expect(visit(4)?.emitted == 1)
  }

  @Test("a retry is opened where it began, and its trigger is not said to have given anything")
  func retry() throws {
    let blueprint = """
      {"name": "Line", "flow": [
        {"id": 1, "module": "gateway:CustomWebHook", "mapper": {}},
        {"id": 2, "module": "http:MakeRequest", "mapper": {}},
        {"id": 3, "module": "http:MakeRequest", "mapper": {}}]}
      """
    var play = try ScreenPlay(Fixtures.records())
    for (retried, begins) in [(nil, 1), (RecordID("3f2a9c"), 3)] as [(RecordID?, ModuleID)] {
      let steps = [(ModuleID(2), Self.done), (ModuleID(3), Self.done)]
      play.runs = [
        try run(blueprint, retried == nil ? steps : [steps[1]], .success, retryOf: retried)
      ]
      play.press(.character("3"), .enter)
      #expect(play.state.shownRun?.cursor == begins)
      play.press(.character("g"))
      let text = play.state.frame().text
      #expect(text.contains("what it gave went") == (retried == nil), "\(text)")
      #expect(text.contains("it did not run") == (retried != nil), "\(text)")
      play.press(.escape, .character("1"))
    }
  }

  @Test("nothing is said to have run where nothing did")
  func nothing() throws {
    #expect(RunState.visits(try run(Self.routed, [], .success)).isEmpty)
  }

  @Test("the module that is at work is told, and no other once it has ended")
  func atWork() throws {
    let begun = JournalEntry.Step.begun(input: [:], effect: .effect)
    let steps = [(ModuleID(3), Self.done), (ModuleID(4), begun)]
    let running = RunState(try run(Self.routed, steps, .running))
    #expect(running.cursor == 4)
    #expect(running.lines.filter { $0.note.text.contains("RUNNING") }.compactMap(\.module) == [4])
    let ended = RunState(try run(Self.routed, steps + [(4, Self.done)], .running))
    #expect(!ended.lines.contains { $0.note.text.contains("RUNNING") })
    #expect(ended.log(1, zone: .utc).map(\.text.text).first?.contains("finished, 1 out") == true)
  }
}
