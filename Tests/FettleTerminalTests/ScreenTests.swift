import FettleCore
import FettleEngine
import Testing

@testable import FettleTerminal

@Suite("The screens")
struct ScreenTests {
  private func play(size: Size = Size(rows: 24, columns: 80)) throws -> ScreenPlay {
    var play = try ScreenPlay(Fixtures.records(), size: size)
    play.scenarios = Fixtures.scenarios()
    play.runs = try Fixtures.runs()
    play.audit = Fixtures.audit()
    return play
  }

  @Test("are reached by the keys 1 to 5, and q comes back to the list")
  func keys() throws {
    var play = try play()
    let contexts: [(Character, KeyContext)] = [
      ("2", .scenarios), ("3", .history), ("4", .run), ("5", .auditTrail), ("1", .list),
    ]
    for (key, context) in contexts {
      play.press(.character(key))
      #expect(play.state.context == context)
    }
    play.press(.character("3"), .character("q"))
    #expect(play.state.screen == .incomplete)
    #expect(!play.hasQuit)
  }

  @Test("scenarios say how full they are and which record holds one up")
  func scenarios() throws {
    var play = try play(size: Size(rows: 24, columns: 110))
    play.press(.character("2"))
    let text = play.state.frame().text
    #expect(text.contains("91%!"))
    #expect(text.contains("waits for b71e0c44"))
    #expect(text.contains("switched off: 3 errors"))
    play.press(.down, .down, .character(" "))
    #expect(play.state.scenarios.selected?.scenario.state.isActive == true)
    #expect(play.state.notice.text == "Leads nightly starts by itself now")
    play.press(.enter)
    #expect(play.state.list.filter.text == "scenario:\"Leads nightly\"")
    #expect(play.state.list.rows.allSatisfy { $0.scenarioName == "Leads nightly" })
    play.press(.character("2"), .character("g"), .character("H"))
    #expect(play.state.context == .history)
    #expect(play.state.history.scenario == ScenarioID(1))
  }

  @Test(
    "a list without records says what is true of those it asks for",
    arguments: [
      ("", "Nothing incomplete."),
      ("status:deleted", "The bin is empty. Esc clears the filter."),
      ("status:resolved", "Nothing is resolved yet. Esc clears the filter."),
      ("status:open", "No record is unresolved. Esc clears the filter."),
      ("error:Data", "Nothing incomplete. Esc clears the filter."),
    ])
  func emptyList(filter: String, text: String) {
    var play = ScreenPlay([])
    if !filter.isEmpty {
      play.press(.character("/"))
      play.press(.control("u"))
      play.type(filter)
      play.press(.enter)
    }
    let frame = play.state.frame().text
    #expect(frame.contains(text), "\(frame)")
  }

  @Test("where nothing is incomplete stands when something failed last, and what would not be kept")
  func lookBack() throws {
    #expect(ScreenPlay([]).state.frame().text.contains("Last failure: none in 30 days."))
    var play = try ScreenPlay([Fixtures.record()], size: Size(rows: 24, columns: 110))
    play.notStoring = ["Leads", "Orders", "Bills", "Mail"]
    play.press(.character("x"), .character("c"))
    play.type("done by hand")
    play.press(.enter, .character("s"))
    play.send(.ticked(Fixtures.now))
    let text = play.state.frame().text
    #expect(text.contains("Last failure: "), "\(text)")
    #expect(text.contains("DataError; resolved."), "\(text)")
    #expect(
      text.contains(
        "switched off for Leads, Orders, Bills and 1 more: what fails there is not kept."))
  }

  @Test("the line of what failed last fits the smallest screen")
  func lookBackSmall() {
    let play = ScreenPlay([], size: Size(rows: 10, columns: 40))
    #expect(play.state.frame().text.contains("Last failure: none in 30 days."))
  }

  @Test("a filter that hides every record says how many it looked at")
  func hidden() throws {
    var play = try ScreenPlay(Fixtures.records())
    let count = try #require(play.state.openTotal)
    play.press(.character("/"), .control("u"))
    play.type("scenario:nowhere")
    play.press(.enter)
    #expect(count > 0)
    #expect(play.state.frame().text.contains("0 of \(count) match. Esc clears the filter."))
  }

  @Test("a history without executions says whose it is", arguments: [nil, ScenarioID(7)])
  func emptyHistory(scenario: ScenarioID?) {
    var play = ScreenPlay([])
    play.press(.character("3"))
    play.state.history.scenario = scenario
    let text = scenario == nil ? "Nothing has run yet." : "This scenario has not run yet."
    #expect(play.state.frame().text.contains(text))
  }

  @Test("an audit without lines says how far it looked")
  func emptyAudit() throws {
    let line = try #require(Fixtures.audit().first)
    for (count, filter, text) in [
      (0, "", "Nobody has changed anything yet."), (0, "zzz", "No line has these words."),
      (499, "zzz", "No line has these words."),
      (500, "zzz", "None of the newest 500 lines has it."),
    ] {
      var play = ScreenPlay([], size: Size(rows: 10, columns: 40))
      play.audit = Array(repeating: line, count: count)
      play.press(.character("5"))
      play.state.auditTrail.table.words = filter
      let frame = play.state.frame().text
      #expect(frame.contains(text), "\(count) \(filter): \(frame)")
    }
  }

  @Test("an execution shows its chain with what each module was given and gave")
  func run() throws {
    var play = try play(size: Size(rows: 40, columns: 150))
    play.press(.character("3"), .down, .enter)
    #expect(play.state.context == .run)
    var text = play.state.frame().text
    #expect(text.contains("1 failed"))
    #expect(text.contains("1/2 pass"), "where bundles stopped, with the filter's text")
    #expect(text.contains("total > 100"))
    play.press(.down, .down, .down, .down)
    text = play.state.frame().text
    #expect(text.contains("\"email\" is required and is empty"))
    #expect(text.contains("email  null"))
    play.press(.character("i"))
    #expect(play.state.list.filter.text == "status:all run:88120fab")
    #expect(play.state.list.rows.count == 30)
  }

  @Test("the live run follows what runs and is held by p")
  func live() throws {
    var play = try play()
    play.press(.character("4"))
    #expect(play.state.frame().text.contains("88131f00  running"))
    let before = play.state.live
    play.runs.removeFirst()
    play.press(.character("p"))
    play.send(.ticked(Fixtures.now))
    #expect(play.state.live?.opened == before?.opened)
    play.press(.character("p"))
    play.send(.ticked(Fixtures.now))
    #expect(play.state.live?.opened.row.summary.id == "88120fab")
  }

  @Test("the audit shows old and new, is filtered and written to a file")
  func audit() throws {
    var play = try play(size: Size(rows: 24, columns: 120))
    play.press(.character("5"))
    #expect(play.state.frame().text.contains("1.email  null  →  text \"ada@example.org\""))
    #expect(!play.state.frame().text.contains("hunter2"))
    play.press(.character("/"))
    play.type("grace")
    play.press(.enter)
    #expect(play.state.auditTrail.rows.count == 1)
    play.press(.character("w"))
    play.type("audit.json")
    play.press(.enter)
    #expect(play.state.notice.text == "1 lines written to audit.json")
    play.press(.escape)
    #expect(play.state.auditTrail.rows.count == 4)
  }

  @Test("from 120x36 the list shows the record beside it")
  func workbench() throws {
    var play = try play(size: Size(rows: 36, columns: 120))
    #expect(play.state.frame().text.contains("CHAIN"))
    #expect(play.state.frame().text.contains("ATTEMPTS AND CHANGES"))
    let first = play.state.list.cursor
    play.press(.down)
    #expect(play.state.list.cursor != first)
    #expect(play.state.list.preview?.detail?.record.id == play.state.list.cursor)
    #expect(play.state.frame().cursor.row == 4)
    play.send(.resized(Size(rows: 35, columns: 120)))
    #expect(!play.state.frame().text.contains("CHAIN"))
  }
}
