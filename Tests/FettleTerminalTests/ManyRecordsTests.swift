import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Many records at once", .fewAtOnce)
struct ManyRecordsTests {
  private func records(_ count: Int, types: [ErrorType] = [.data]) throws -> [IncompleteExecution] {
    let blueprint = try Fixtures.blueprint(Fixtures.router)
    return try (1...count).map {
      try Fixtures.record($0, blueprint: blueprint, type: types[$0 % types.count])
    }
  }

  @Test("a range is marked from one end to the other")
  func range() throws {
    var play = try ScreenPlay(records(20))
    play.press(.down, .character("v"), .down, .down, .down)
    #expect(play.state.frame().text.contains(">* OPEN"), "what will be marked is seen")
    play.press(.character("v"))
    #expect(play.state.list.marks.count == 4)
    play.press(.control("\\"))
    #expect(play.state.list.marks.isEmpty)
  }

  @Test("everything a filter lets through is marked, and fixed when the question is asked")
  func frozen() throws {
    var play = try ScreenPlay(records(40, types: [.data, .connection]))
    play.press(.character("/"))
    play.type("error:Connection")
    play.press(.enter, .character("*"), .down, .character(" "))
    #expect(play.state.frame().text.contains("all matching but 1 marked"))
    play.press(.character("R"))
    guard case .bulk(let selection)? = play.state.question else {
      Issue.record("nothing was asked")
      return
    }
    #expect(selection.items.count == 19)
    #expect(play.state.frame().text.contains("Connection 19"))
    // What comes in after the question is not in it.
    play.store.addNow(try Fixtures.record(99, type: .connection))
    play.forgetEffects()
    play.press(.character("y"))
    #expect(play.effects.contains(.bulk(.start(selection))))
  }

  @Test("over a hundred want their number typed; Enter alone does nothing")
  func number() throws {
    var play = try ScreenPlay(records(120))
    play.press(.character("*"), .character("R"))
    #expect(play.state.frame().text.contains("Type 120 to resume"))
    play.press(.enter)
    #expect(play.state.typing?.problem != nil)
    play.type("12")
    play.press(.enter)
    #expect(play.state.bulk == nil)
    play.type("0")
    play.forgetEffects()
    play.press(.enter)
    #expect(play.effects.contains { if case .bulk(.start) = $0 { true } else { false } })
  }

  @Test("what cannot be done is counted before and left out")
  func skipped() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("*"), .character("R"))
    #expect(play.state.frame().text.contains("left out: 7 being retried"))
    #expect(play.state.frame().text.contains("Resume these 23? y"))
  }

  @Test("are closed with one reason, deleted, and taken back")
  func close() throws {
    var play = try ScreenPlay(records(6))
    play.press(.character(" "), .character(" "), .character("x"), .character("c"))
    play.type("by hand")
    play.press(.enter, .character("y"))
    #expect(play.store.countsNow()[.resolved] == 2)
    play.press(.character(" "), .character(" "), .character("x"), .character("d"), .character("y"))
    #expect(play.store.countsNow()[.deleted] == 2)
    play.press(.character("u"))
    #expect(play.store.countsNow()[.deleted] == 0)
  }

  @Test("leave the bin for good only when their number is typed")
  func purge() throws {
    var play = try ScreenPlay(records(3))
    play.press(.character("X"))
    #expect(play.state.notice.text.contains("only what is in the bin"))
    play.press(.character(" "), .character(" "), .character("x"), .character("d"), .character("y"))
    play.press(.character("/"))
    play.type("status:bin")
    play.press(.enter, .character("*"), .character("X"))
    #expect(play.state.frame().text.contains("Nothing brings them back"))
    play.type("2")
    play.press(.enter)
    #expect(play.store.countsNow()[.deleted] == 0)
  }

  @Test("show how far they have come, can be hidden and stopped; the failed ones stay marked")
  func progress() throws {
    var play = try ScreenPlay(records(5))
    var progress = BulkProgress(.resume, total: 400, started: Fixtures.now)
    play.state.bulk = BulkState(progress: progress)
    progress.done = 218
    progress.running = 4
    let endings: [(BulkProgress.Failure.Ending, Int)] = [
      (.sameError, 9), (.newError, 3), (.skipped, 1),
    ]
    progress.failed = endings.flatMap { ending, count in
      Array(
        repeating: BulkProgress.Failure(
          id: play.state.list.rows[0].id, ending, reason: "closed by grace"), count: count)
    }
    play.send(.bulk(.progressed(progress)))
    let text = play.state.frame().text
    #expect(text.contains("231/400  57%"))
    #expect(text.contains("resolved 218 · same error again 9 · new error 3 · skipped 1"))
    play.send(.resized(Size(rows: 10, columns: 40)))
    let narrow = play.state.frame().text
    #expect(narrow.contains("ok 218 · same 9 · new 3 · skip 1"), "\(narrow)")
    #expect(narrow.contains("f 13 failed"), "\(narrow)")
    play.send(.resized(Size(rows: 24, columns: 80)))
    play.press(.character("h"))
    #expect(play.state.frame().text.contains("Resume 231/400 · B shows it"))
    play.press(.character("Q"))
    #expect(play.state.question == .quitRunning)
    play.press(.escape, .character("B"), .escape)
    #expect(play.effects.last == .bulk(.stop))
    progress.isStopped = true
    progress.isOver = true
    progress.notBegun = [play.state.list.rows[1].id]
    play.send(.bulk(.progressed(progress)))
    #expect(play.state.list.marks.contains(play.state.list.rows[0].id))
    #expect(play.state.list.marks.contains(play.state.list.rows[1].id), "it can be gone on with")
    #expect(play.state.notice.text.contains("169 not begun"))
    #expect(play.state.notice.text.contains("skipped: closed by grace"))
    play.press(.character("f"))
    #expect(play.state.list.rows.count == 1)
  }

  @Test("are grouped by their cause; a group is listed, resumed, closed")
  func groups() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("b"))
    #expect(play.state.groups?.rows.count == 4)
    // What differs from bundle to bundle makes no group of its own; what is shown is a real message.
    #expect(
      play.state.groups?.rows.contains { $0.text == "# Too Many Requests, limit #/min" } == true)
    #expect(play.state.frame().text.contains("429 Too Many Requests, limit 100/m"))
    play.press(.character("G"), .character("g"), .enter)
    #expect(Set(play.state.list.rows.map(\.reason)).count == 1)
    #expect(play.state.list.filter.text.hasPrefix("group:"))
    play.press(.character("b"), .character("R"))
    #expect(play.state.question != nil || play.state.typing != nil)
  }

  @Test("a change of one is carried over to its group, each difference seen first")
  func groupEdit() throws {
    var play = try ScreenPlay(records(6))
    play.press(.character("b"), .character("e"))
    #expect(play.state.context == .value)
    play.type("a@b.c")
    play.press(.enter, .control("s"))
    #expect(play.state.frame().text.contains("the 5 others of the group? y"))
    play.press(.character("y"))
    #expect(play.state.frame().text.contains("The same change in 5 of 5 others?"))
    #expect(play.state.frame().text.contains("1.email  nothing  →  text \"a@b.c\""))
    play.press(.character(" "), .enter)
    let email = ValuePath(module: 1, steps: [.field("email")])
    let mended = try (1...6).filter {
      play.store.recordNow(try Fixtures.record($0).id)?.bundles.value(at: email) == "a@b.c"
    }
    #expect(mended.count == 5)
    #expect(play.state.list.marks.count == 5)
    play.press(.character("R"), .character("y"))
    #expect(play.store.countsNow()[.resolved] == 5)
  }
}

@Suite("The filter of the list", .fewAtOnce)
struct FilterOfListTests {
  @Test("finds in the data stretch by stretch, and Esc stops it")
  func search() throws {
    let blueprint = try Fixtures.blueprint(Fixtures.router)
    let records = try (1...100).map {
      try Fixtures.record(
        $0, blueprint: blueprint, bundle: ["name": "Ada", "total": .integer($0)])
    }
    var play = ScreenPlay(records)
    play.searchEffort = 10
    play.press(.character("/"))
    play.type("bundle.total:>95")
    play.press(.enter)
    #expect(play.state.list.rows.count == 5)
    #expect(play.state.frame().text.contains("100 searched, 5 found"))
    // A search under way is stopped: what was found stays, late answers are dropped.
    play.state.list.search?.isRunning = true
    play.press(.escape)
    #expect(play.state.list.rows.count == 5)
    #expect(play.state.list.search?.isRunning == false)
    play.press(.escape)
    #expect(play.state.list.filter == .open)
  }

  @Test("says what is wrong, marks the place and keeps the last good result")
  func wrong() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("/"))
    play.type("error:Rate")
    let rows = play.state.list.rows
    play.send(.pasted(" size:x"))
    #expect(play.state.list.rows == rows)
    #expect(play.state.typing?.problemRange == 16..<17)
    #expect(play.state.frame().text.contains("a size looks like"))
  }

  @Test(
    "completes keys, values and paths",
    arguments: [
      ("sta", "status:"), ("err", "error:"), ("error:Rate", "error:RateLimit "),
      ("scenario:orders", "scenario:\"Orders to Workfront\" "), ("bundle.tok", "bundle.token:"),
      ("bundle.it", "bundle.items."), ("bundle.items.s", "bundle.items.sku:"),
      ("-auto:y", "-auto:yes "), ("(cre", "(created:"),
    ])
  func completion(typed: String, completed: String) throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("/"))
    play.type(typed)
    play.press(.tab)
    #expect(play.state.typing?.line.text == completed)
  }

  @Test("Tab tells what could stand there before it tells what is missing")
  func candidates() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("/"))
    play.type("error:")
    play.press(.tab)
    let frame = play.state.frame().text
    #expect(frame.contains("RateLimit") && frame.contains("Timeout"), "\(frame)")
    #expect(!frame.contains("a value is missing"))
  }

  @Test("is saved under a name with the order, and picked again")
  func views() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("/"))
    play.type("error:Rate")
    play.press(.enter, .character(":"))
    play.type("sort -size")
    play.press(.enter, .character(":"))
    play.type("save slow services")
    play.press(.enter)
    #expect(play.views == [SavedView(name: "slow services", filter: "error:Rate", sort: "-size")])
    play.press(.escape, .character(":"))
    play.type("sort -created")
    play.press(.enter, .function(2))
    #expect(play.state.frame().text.contains("slow services"))
    play.press(.enter)
    #expect(play.state.list.filter.text == "error:Rate")
    #expect(play.state.list.order == RecordOrder(.size, isDescending: true))
  }

  @Test(
    "each list of the store has views and orders of its own",
    arguments: [
      (FilteredList.groups, Key.character("b"), "module:Create*", "-age"),
      (.history, Key.character("3"), "status:error", "-operations"),
      (.audit, Key.character("5"), "who:ada", "action"),
    ])
  func viewsOfLists(list: FilteredList, key: Key, filter: String, sort: String) throws {
    var play = try KeyFlows.play()
    play.press(key, .character("/"))
    play.type(filter)
    play.press(.enter, .character(":"))
    play.type("sort \(sort)")
    play.press(.enter)
    #expect(play.state.notice.text.hasPrefix("sorted by "))
    play.press(.character(":"))
    play.type("save mine")
    play.press(.enter)
    #expect(
      play.views.last == SavedView(list: list, name: "mine", filter: filter, sort: sort))
    // Elsewhere it is not offered, and what is of the list is not offered here.
    play.press(.escape, .character(":"))
    play.type("sort -\(sort.drop { $0 == "-" })")
    play.press(.enter, .function(2))
    #expect(play.state.picker?.items.map(\.name.text) == ["mine"])
    play.press(.enter)
    #expect(list.screen.view(named: "mine", in: play.state, of: list) == play.views.last)
    play.press(.character("1"), .function(2))
    #expect(play.state.picker?.items.map(\.name.text) == ["rates", "all"])
  }

  @Test("a column that the list has not is said where it is typed, with those it has")
  func noColumn() throws {
    var play = try KeyFlows.play()
    play.press(.character("5"), .character(":"))
    play.type("sort size")
    play.press(.enter)
    #expect(
      play.state.typing?.problem?.text
        == "sort by time, who, action, record, or -time")
    play.press(.escape, .character("2"), .character(":"))
    play.type("sort size")
    play.press(.enter)
    #expect(
      play.state.notice.text == "s sorts this screen by the next column, S turns the order round")
  }

  @Test("a view says of which list it is where that is not the incomplete executions")
  func viewsOfListsInFile() {
    let text = "slow = status:error | sort -duration | in history\nall = | sort size\n"
    let views = SavedViews.views(in: text)
    #expect(
      views == [
        SavedView(list: .history, name: "slow", filter: "status:error", sort: "-duration"),
        SavedView(name: "all", filter: "", sort: "size"),
      ])
    // The same name may be one of each list.
    let more = SavedViews.text(text, with: SavedView(name: "slow", filter: "error:Rate"))
    #expect(more == text + "slow = error:Rate\n")
    #expect(SavedViews.text(more, with: views[0]) == more)
  }

  @Test("views are kept in a file for people")
  func viewFile() {
    let text = "# mine\nslow = error:Rate\nbig = size:>1M | sort -size\n"
    #expect(
      SavedViews.views(in: text) == [
        SavedView(name: "slow", filter: "error:Rate"),
        SavedView(name: "big", filter: "size:>1M", sort: "-size"),
      ])
    let changed = SavedViews.text(text, with: SavedView(name: "slow", filter: "a = b"))
    #expect(changed == "# mine\nslow = a = b\nbig = size:>1M | sort -size\n")
    #expect(SavedViews.views(in: changed).first?.filter == "a = b")
  }

  @Test("the order is changed by s and S and kept while the list lives")
  func order() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("s"))
    #expect(play.state.list.order == RecordOrder(.scenario, isDescending: false))
    #expect(play.state.list.rows.first?.scenarioName == "Asset upload")
    play.press(.character("S"))
    #expect(play.state.list.rows.first?.scenarioName == "Orders to Workfront")
    let before = play.state.list.rows.map(\.id)
    play.send(.ticked(Fixtures.now))
    #expect(play.state.list.rows.map(\.id) == before)
    #expect(play.state.frame().text.contains("sort scenario↓"))
  }

  @Test("a held list stays as it is until p is pressed again")
  func hold() throws {
    var play = try ScreenPlay((2...5).map { try Fixtures.record($0) })
    play.press(.character("p"))
    play.store.addNow(try Fixtures.record(1))
    play.send(.ticked(Fixtures.now))
    #expect(play.state.list.rows.count == 4)
    #expect(play.state.frame().text.contains("held"))
    play.press(.character("p"))
    #expect(play.state.list.rows.count == 5)
  }
}
