import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Variables of a record", .fewAtOnce)
struct VariableTests {
  private let total = ValuePath(module: ValuePath.variables, steps: [.field("total")])

  /// A record of a scenario that has set two of them.
  static func record() throws -> IncompleteExecution {
    var record = try Fixtures.record(
      bundle: ["name": "Ada", "email": "ada@example.org", "token": "hunter2"])
    record.variables = Variables(cycle: ["total": 12], execution: ["team": "red"])
    return record
  }

  private func record() throws -> IncompleteExecution { try Self.record() }

  /// A record that is open, with the cursor on a variable.
  private func play(at path: ValuePath? = nil) throws -> ScreenPlay {
    var play = ScreenPlay([try record()], size: Size(rows: 45, columns: 140))
    play.press(.enter)
    play.state.detail?.go(to: .bundle(path ?? total))
    return play
  }

  private func variables(_ play: ScreenPlay) throws -> Variables? {
    try play.store.recordNow(record().id)?.currentVariables
  }

  @Test("they stand below the bundles, one root with a line each")
  func shown() throws {
    let lines = try play().state.frame().text.split(separator: "\n").map(String.init)
    let root = try #require(lines.firstIndex { $0.contains("▾ var variables") })
    #expect(lines[root - 1].contains("read with Get variable"))
    #expect(lines[(root + 1)...].contains { $0.contains("team") && $0.contains("\"red\"") })
    #expect(lines[(root + 1)...].contains { $0.contains("total") && $0.contains("12") })
  }

  @Test("there is no such root where no module sets or reads any")
  func absent() throws {
    var play = ScreenPlay([try Fixtures.record()], size: Size(rows: 45, columns: 140))
    play.press(.enter)
    #expect(!play.state.frame().text.contains("var variables"))
  }

  @Test("a module that reads one makes an empty root, into which + writes")
  func empty() throws {
    let blueprint = try Fixtures.blueprint(
      """
      {"name": "Reads", "flow": [
        {"id": 1, "module": "gateway:CustomWebHook", "mapper": {}},
        {"id": 4, "module": "util:SetVariable2", "mapper": {"name": "who", "value": "{{1.name}}"}},
        {"id": 5, "module": "http:MakeRequest", "mapper": {"email": "{{1.name}}"}},
        {"id": 6, "module": "util:GetVariable2", "mapper": {"name": "who"}}]}
      """)
    var play = ScreenPlay(
      [try Fixtures.record(blueprint: blueprint)], size: Size(rows: 45, columns: 140))
    play.press(.enter)
    #expect(play.state.frame().text.contains("set by 4"))
    play.state.detail?.go(to: .bundle(ValuePath(module: ValuePath.variables)))
    play.press(.character("+"))
    play.type("who")
    play.press(.enter)
    play.type("Grace")
    play.press(.enter)
    #expect(play.state.detail?.drafts.map(\.path.description) == ["var.who"])
    play.press(.character("m"))
    #expect(play.state.notice.text.contains("var.who is set by 4"), "\(play.state.notice)")
    play.press(.control("s"))
    let kept = try play.store.recordNow(Fixtures.record(blueprint: blueprint).id)
    #expect(kept?.currentVariables.cycle == ["who": "Grace"])
  }

  @Test("one is typed over as what it is, undone, redone, checked, saved and run with")
  func wholeStory() throws {
    var play = try play()
    play.press(.character("e"), .control("u"))
    play.type("thirteen")
    play.press(.enter)
    #expect(play.state.typing?.problem != nil, "a number stays one")
    play.press(.control("u"))
    play.type("13")
    play.press(.enter)
    #expect(play.state.detail?.drafts == [Draft(path: total, value: 13)])
    #expect(play.state.frame().text.contains("was  num 12"))
    #expect(
      try play.store.draftsNow(of: record().id).first?.drafts == [Draft(path: total, value: 13)])
    play.press(.character("u"))
    #expect(play.state.detail?.isChanged == false)
    play.press(.control("r"), .character("D"))
    #expect(play.state.frame().text.contains("~ var.total  num 12  →  num 13"))
    play.press(.escape, .character("r"))
    #expect(play.state.resumeCheck?.isForResuming == true)
    #expect(play.state.frame().text.contains("~ var.total  num 12  →  num 13"))
    play.press(.enter)
    #expect(try variables(play) == Variables(cycle: ["total": 13], execution: ["team": "red"]))
    #expect(try play.store.recordNow(record().id)?.variables == record().variables)
  }

  @Test("what was typed and not saved is there again after a crash")
  func draft() throws {
    var play = try play()
    play.press(.character("e"), .control("u"))
    play.type("13")
    play.press(.enter)
    let kept = try #require(try play.store.draftsNow(of: record().id).first)
    var next = try ScreenPlay([record()], size: Size(rows: 45, columns: 140))
    next.store.keepNow(kept)
    next.press(.enter)
    #expect(next.state.detail?.drafts == [Draft(path: total, value: 13)])
    #expect(next.state.frame().text.contains("was  num 12"))
  }

  @Test("one is renamed, taken away and brought back; they have no order to change")
  func structure() throws {
    var play = try play()
    play.press(.altUp)
    #expect(play.state.notice.text.contains("no order"))
    play.press(.character("="), .control("u"))
    play.type("sum")
    play.press(.enter, .control("s"))
    #expect(try variables(play) == Variables(cycle: ["sum": 12], execution: ["team": "red"]))
    play.press(.character("U"), .control("s"))
    #expect(try variables(play)?.merged == ["team": "red", "total": 12])
    #expect(play.state.detail?.isChanged == false)
    play.state.detail?.go(to: .bundle(total))
    play.press(.character("-"))
    #expect(play.state.detail?.bundles.value(at: total) == nil)
    #expect(play.state.frame().text.contains("total taken away, was num 12"))
    play.press(.control("s"))
    #expect(try variables(play) == Variables(execution: ["team": "red"]))
    play.press(.character("U"), .control("s"))
    #expect(try variables(play)?.merged["total"] == 12)
    #expect(play.state.detail?.isChanged == false)
  }

  @Test("another operator who changed the same one is shown, and nothing is written")
  func conflict() throws {
    var play = try play()
    play.press(.character("e"), .control("u"))
    play.type("13")
    play.press(.enter)
    let id = try record().id
    _ = play.store.appendNow(
      [BundleEdit(path: total, old: 12, new: 14, author: "grace", date: Fixtures.now)], to: id,
      version: 1)
    play.press(.control("s"))
    #expect(play.state.conflict?.fields.map(\.draft.path) == [total])
    #expect(play.state.frame().text.contains("theirs    num 14"))
    #expect(try variables(play)?["total"] == 14)
  }

  @Test("no mapping is offered that would read one: mappings cannot")
  func mapping() throws {
    var play = try play()
    play.state.detail?.go(to: .input([.field("name")]))
    let detail = try #require(play.state.detail)
    let editor = MappingEditor(
      path: ValuePath(module: 5, steps: [.field("name")]), original: nil, field: nil)
    let offered = editor.candidates(in: detail)
    #expect(offered.contains("{{1.name}}") && !offered.contains { $0.contains("var") })
  }
}
