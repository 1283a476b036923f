import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("The screens", .fewAtOnce)
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

  @Test("the audit completes fields that were changed and are not on the screen")
  func auditFields() throws {
    var play = try play()
    play.press(.character("5"), .character("/"))
    play.type("field:1.pho")
    play.press(.tab)
    #expect(play.state.typing?.line.text.contains("field:1.phone") == true)
  }

  @Test("on a narrow screen a word tells what a scenario waits for, or that it does not start")
  func narrowScenarios() throws {
    var play = try play(size: Size(rows: 10, columns: 40))
    play.press(.character("2"))
    let lines = play.state.frame().text.split(separator: "\n")
    #expect(lines.contains { $0.contains("on ") && $0.contains("Orders") }, "\(lines)")
    #expect(lines.contains { $0.contains("waits") && $0.contains("Invoices") }, "\(lines)")
    #expect(lines.contains { $0.contains("failed") && $0.contains("Leads") }, "\(lines)")
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
    #expect(play.state.history.list.filter.text == "scenario:\"Orders to Workfront\"")
  }

  @Test("what was lost for want of room is shown until it is acknowledged")
  func losses() throws {
    var play = try play(size: Size(rows: 24, columns: 110))
    let orders = play.scenarios[0].scenario
    play.scenarios[0] = ScenariosState.Row(
      scenario: ScenarioRow(
        id: orders.id, name: orders.name, state: orders.state, openRecords: orders.openRecords,
        openBytes: orders.openBytes, runsUntil: nil, isSequential: false,
        lost: LostBundles(
          count: 3, since: Fixtures.now, last: Fixtures.now, reason: "no room")), blocking: nil)
    play.state.counts?.lost = 3
    let list = play.state.frame().text
    #expect(list.contains("3 lost"))
    #expect(list.contains("3 bundles lost, the store had no room: 2 shows where, a there"))
    play.press(.character("2"))
    #expect(play.state.frame().text.contains("3 lost (a)"))
    play.press(.character("a"))
    #expect(
      play.state.notice.text == "Orders to Workfront: 3 lost acknowledged; the audit keeps it")
    #expect(!play.state.frame().text.contains("3 lost (a)"))
    #expect(play.state.counts?.lost == 0, "the numbers of the list are read again")
    play.press(.character("a"))
    #expect(play.state.notice.text.contains("it lost nothing"))
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

  @Test("a history without executions says why", arguments: ["", "scenario:leads"])
  func emptyHistory(filter: String) throws {
    var play = ScreenPlay([])
    play.press(.character("3"))
    if !filter.isEmpty {
      play.press(.character("/"))
      play.type(filter)
      play.press(.enter)
    }
    let text = filter.isEmpty ? "Nothing has run yet." : "0 match. Esc clears the filter."
    #expect(play.state.frame().text.contains(text), "\(play.state.frame().text)")
  }

  @Test("an audit without lines says why")
  func emptyAudit() throws {
    for (filter, text) in [
      ("", "Nobody has changed anything yet."), ("zzz", "0 match. Esc clears the filter."),
    ] {
      var play = ScreenPlay([], size: Size(rows: 10, columns: 40))
      play.press(.character("5"))
      if !filter.isEmpty {
        play.press(.character("/"))
        play.type(filter)
        play.press(.enter)
      }
      let frame = play.state.frame().text
      #expect(frame.contains(text), "\(filter): \(frame)")
    }
  }

  @Test(
    "a filter of the history that cannot be read is underlined and keeps what is shown; Tab completes; Esc goes back"
  )
  func historyFilter() throws {
    var play = try play(size: Size(rows: 24, columns: 100))
    play.press(.character("3"))
    #expect(play.state.frame().text.contains("sort started↓ · 1-3 of 3"))
    play.press(.character("/"))
    play.type("status:er")
    play.press(.tab)
    #expect(play.state.typing?.line.text == "status:error ")
    #expect(play.state.history.rows.map(\.summary.id) == ["88119a00"])
    play.type("(")
    #expect(play.state.typing?.problemRange == 13..<14)
    #expect(play.state.frame().text.contains("this ( is not closed"))
    #expect(play.state.history.rows.count == 1)
    play.press(.escape)
    #expect(play.state.history.rows.count == 3)
    #expect(play.state.history.list.filter == .everything)
    play.press(.character("/"))
    play.type("trigger:scheduled 88131")
    play.press(.enter)
    #expect(play.state.history.rows.map(\.summary.id) == ["88131f00"])
    #expect(play.state.frame().text.contains("/ trigger:scheduled 88131"))
    play.press(.escape)
    #expect(play.state.history.rows.count == 3)
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
    // The cursor begins at what failed.
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

  @Test("a history longer than three pages is read a page at a time, from both ends")
  func longHistory() throws {
    var play = try play()
    let run = try #require(play.runs.last)
    play.runs = (1...1500).map { number in
      var summary = ExecutionSummary(
        id: "e\(number)", scenario: ScenarioID(1),
        started: Fixtures.now.advanced(bySeconds: -number / 3))
      summary.ended = Fixtures.now
      summary.status = .success
      return OpenedRun(
        row: ExecutionRow(
          summary: summary, scenarioName: "Orders", storedCount: 0, number: 2000 - number),
        blueprint: run.blueprint, entries: [])
    }
    let all = play.runs.map(\.row.summary.id)
    play.press(.character("3"))
    #expect(play.state.history.rows.count == 200)
    var seen: [String] = []
    for key in [Key.down, .up] {
      seen = []
      for _ in 0..<1500 {
        seen.append(try #require(play.state.history.selected).summary.id)
        play.press(key)
        #expect(play.state.history.rows.count <= 600)
      }
      #expect(seen == (key == .down ? all : all.reversed()))
    }
    play.press(.character("G"))
    #expect(play.state.history.selected?.summary.id == "e1500")
    #expect(play.state.history.rows.count == 200)
    play.press(.pageUp)
    // What changed is asked for around the cursor, and the cursor stays.
    let cursor = play.state.history.selected?.summary.id
    play.forgetEffects()
    play.send(.ticked(Fixtures.now))
    #expect(play.state.history.selected?.summary.id == cursor)
    let asks = play.effects.compactMap { effect -> Int? in
      if case .history(.page(_, let ask)) = effect { ask.limit } else { nil }
    }
    #expect(asks.count == 1 && (asks.first ?? 0) <= 820)
    play.press(.character("g"))
    #expect(play.state.history.selected?.summary.id == "e1")
    #expect(play.state.frame().text.contains("1-19 of 1,500"))
  }

  @Test("the audit shows old and new, is filtered and written to a file")
  func audit() throws {
    var play = try play(size: Size(rows: 24, columns: 120))
    play.press(.character("5"))
    #expect(play.state.frame().text.contains("1.email  null  →  text \"ada@example.org\""))
    #expect(!play.state.frame().text.contains("hunter2"))
    play.press(.character("/"))
    play.type("who:grace")
    play.press(.enter)
    #expect(play.state.auditTrail.rows.count == 1)
    play.press(.character("w"))
    play.type("audit.json")
    play.press(.enter)
    #expect(play.state.notice.text == "1 lines written to audit.json")
    play.press(.escape)
    #expect(play.state.auditTrail.rows.count == 4)
  }

  @Test("the audit is sorted by what was done")
  func auditByAction() throws {
    var play = try play()
    play.press(.character("5"), .character(":"))
    play.type("sort action")
    play.press(.enter)
    #expect(play.state.auditTrail.list.order == AuditOrder(.action, isDescending: false))
    #expect(play.state.frame().text.contains("sort action↑"))
  }

  @Test("what is sorted without an index says its order; what is searched says how far too")
  func orderWithoutIndex() throws {
    var play = try play(size: Size(rows: 24, columns: 120))
    play.press(.character("3"))
    let rows = play.state.history.rows
    func answered() -> String {
      _ = play.state.history.list.window.start(.start, token: 900)
      play.send(
        .history(
          .loaded(
            token: 900,
            .success(ListStretch(rows: rows, searched: 5000, end: nil, isLookUp: false)))))
      return play.state.frame().text
    }
    #expect(answered().contains("sort started↓ · 1-3 of 3"))
    play.state.history.list.filter = try TypedFilter("text:orders")
    #expect(answered().contains("sort started↓ · 5,000 searched, 3 found"))
  }

  @Test("more groups than a window holds are read a page at a time; the totals are of all of them")
  func manyGroups() throws {
    let records = try (1...800).map { number in
      try Fixtures.record(number, reason: "no \(Self.word(number)) here")
    }
    var play = ScreenPlay(records)
    play.press(.character("b"))
    #expect(play.state.groups?.rows.count == 200)
    #expect(play.state.frame().text.contains("Groups  800 causes · 800 records"))
    var seen: Set<Int64> = []
    for _ in 0..<800 {
      seen.insert(try #require(play.state.groups?.selected).fingerprint)
      play.press(.down)
      #expect(play.state.groups?.rows.count ?? 0 <= 600)
    }
    #expect(seen.count == 800)
    play.press(.character("/"))
    play.type("\"no \(Self.word(77)) here\"")
    play.press(.enter)
    #expect(play.state.groups?.rows.count == 1)
    #expect(play.state.frame().text.contains("Groups  1 cause · 1 record"))
    play.press(.escape, .escape)
    #expect(play.state.context == .list)
  }

  /// A word without digits, which a group leaves out.
  private static func word(_ number: Int) -> String {
    String(
      "\(number)".map {
        Character(UnicodeScalar(UInt8(ascii: "g") + UInt8($0.wholeNumberValue ?? 0)))
      })
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
