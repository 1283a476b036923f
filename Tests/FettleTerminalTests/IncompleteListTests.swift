import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("The list", .fewAtOnce)
struct IncompleteListTests {
  @Test("new records do not move the view or the cursor")
  func refresh() throws {
    var play = try ScreenPlay((10...60).map { try Fixtures.record($0) })
    play.press(.down, .down, .pageDown, .pageDown)
    let cursor = play.state.list.cursor
    let top = play.state.list.rows[play.state.list.top].id
    for number in 1...3 { play.store.addNow(try Fixtures.record(number)) }
    play.send(.ticked(Fixtures.now))
    #expect(play.state.list.cursor == cursor)
    #expect(play.state.list.rows[play.state.list.top].id == top)
    #expect(play.state.list.newAbove == 3)
    #expect(play.state.frame().text.contains("3 new above"))
    play.press(.character("."))
    #expect(try play.state.list.cursor == Fixtures.record(1).id)
  }

  @Test("a record whose data is sealed is marked")
  func sealed() throws {
    var record = try Fixtures.record(1)
    record.summary.seal = .sealed
    let play = try ScreenPlay([record, Fixtures.record(2)])
    let rows = play.state.frame().text.split(separator: "\n").filter { $0.contains("OPEN") }
    #expect(rows.filter { $0.contains("§OPEN") }.count == 1, "\(rows)")
    #expect(rows.filter { $0.contains(" OPEN") }.count == 1, "\(rows)")
  }

  @Test("a name that ASCII spells out does not push the other columns out of theirs")
  func spelledOut() throws {
    var record = try Fixtures.record(1)
    record.summary.scenarioName = "구글 시트 to 피그마"
    var other = try Fixtures.record(2)
    other.summary.scenarioName = "Sheets to Figma"
    let play = ScreenPlay([record, other], surroundings: Surroundings(isASCII: true))
    let rows = play.state.frame().text.split(separator: "\n").filter { $0.contains("OPEN") }
    let places = rows.map { row in
      row.ranges(of: "manual").first.map { row.distance(from: row.startIndex, to: $0.lowerBound) }
    }
    #expect(places.count == 2 && places[0] != nil && places[0] == places[1], "\(rows)")
  }

  @Test("a row that leaves stays until the cursor leaves it")
  func gone() throws {
    var play = try ScreenPlay((1...5).map { try Fixtures.record($0) })
    play.press(.down)
    let id = try #require(play.state.list.cursor)
    _ = play.store.moveNow(
      id, version: nil, RecordChange(.deleted, author: "grace", date: Fixtures.now))
    play.send(.ticked(Fixtures.now))
    #expect(play.state.list.cursor == id)
    #expect(play.state.frame().text.contains("(gone)"))
    #expect(play.state.frame().text.contains("1-5 of 5"), "what is shown is no more than there is")
    play.press(.down)
    #expect(!play.state.list.rows.contains { $0.id == id })
    #expect(try play.state.list.cursor == Fixtures.record(3).id)
  }

  @Test("a row that left while others were retrying it tells what became of it")
  func goneRetried() throws {
    var play = try ScreenPlay((1...5).map { try Fixtures.record($0) })
    let id = try #require(play.state.list.cursor)
    func move(_ event: IncompleteEvent) {
      _ = play.store.moveNow(
        id, version: nil, RecordChange(event, author: "grace", date: Fixtures.now))
    }
    move(.claimed)
    play.send(.ticked(Fixtures.now))
    #expect(play.state.list.selected?.state == .inProgress)
    move(.finished)
    play.send(.ticked(Fixtures.now))
    #expect(play.state.list.selected?.state == .resolved)
    #expect(play.state.frame().text.contains("(gone)"))
  }

  @Test("a row older than its record is brought up to date by the preview, once")
  func olderRow() throws {
    var play = try ScreenPlay((1...40).map { try Fixtures.record($0) })
    // Far enough from the cursor not to have been read ahead.
    let row = play.state.list.rows[39]
    let event: IncompleteEvent =
      row.state == .pending ? .autoRetryTurnedOff : .autoRetryTurnedOn
    let changed = try play.store.moveNow(
      row.id, version: nil, RecordChange(event, author: "grace", date: Fixtures.now)
    ).get()
    play.forgetEffects()
    play.press(.end)
    #expect(play.effects.filter { $0 == .record(.preview(row.id, isWhole: false)) }.count == 1)
    #expect(play.state.list.rows[39].version == changed.summary.version)
  }

  @Test("goes through any number of records with a small window, both ways")
  func window() throws {
    let blueprint = try Fixtures.blueprint(Fixtures.router)
    var play = try ScreenPlay((1...1500).map { try Fixtures.record($0, blueprint: blueprint) })
    for _ in 0..<80 { play.press(.pageDown) }
    #expect(play.state.list.rows.count <= IncompleteListState.largestWindow)
    #expect(play.state.list.rows.count < 1500)
    play.press(.character("G"))
    #expect(try play.state.list.cursor == Fixtures.record(1500).id)
    for _ in 0..<130 { play.press(.pageUp) }
    #expect(try play.state.list.cursor == Fixtures.record(1).id)
    let ids = play.state.list.rows.map(\.id)
    #expect(Set(ids).count == ids.count)
    #expect(
      play.state.list.rows.map(\.created) == play.state.list.rows.map(\.created).sorted(by: >))
  }

  @Test("an answer to an earlier question is dropped")
  func late() throws {
    var play = try ScreenPlay(Fixtures.records())
    let before = play.state.list.rows
    play.send(.list(.pageLoaded(.start, token: 0, limit: 200, .success([]))))
    #expect(play.state.list.rows == before)
  }

  @Test("the filter narrows as it is typed; Esc gives everything back")
  func filter() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("/"))
    play.type("error:rate")
    #expect(play.state.list.rows.allSatisfy { $0.errorType == .rateLimit })
    #expect(!play.state.list.rows.isEmpty)
    play.press(.enter)
    play.press(.escape)
    #expect(play.state.list.rows.count == 30)
    play.press(.character("/"))
    play.type("no such thing")
    play.press(.enter)
    #expect(play.state.frame().text.contains("0 of 30 match"))
    play.press(.character("/"), .control("u"))
    play.type("status:nonsense")
    #expect(play.state.typing?.problem != nil)
  }

  @Test("delete asks, and u brings the record back")
  func delete() throws {
    var play = try ScreenPlay([Fixtures.record()])
    let id = try #require(play.state.list.cursor)
    play.press(.character("x"), .character("d"), .enter)
    #expect(play.store.recordNow(id)?.summary.state == .unresolved, "Enter is no")
    play.press(.character("x"), .character("d"), .character("y"))
    #expect(play.store.recordNow(id)?.summary.state == .deleted)
    play.press(.character("u"))
    #expect(play.store.recordNow(id)?.summary.state == .unresolved)
  }

  @Test("closing wants a reason")
  func close() throws {
    var play = try ScreenPlay([Fixtures.record()])
    let id = try #require(play.state.list.cursor)
    play.press(.character("x"), .character("c"), .enter)
    #expect(play.state.typing?.problem != nil)
    play.type("done by hand")
    play.press(.enter)
    #expect(play.store.recordNow(id)?.closingReason == "done by hand")
  }

  @Test("marked records are resumed one after the other; the failed ones stay marked")
  func marked() throws {
    let good: Collection = ["name": "Ada", "email": "ada@example.org"]
    var play = try ScreenPlay([
      Fixtures.record(1), Fixtures.record(2, bundle: good), Fixtures.record(3, bundle: good),
    ])
    play.press(.character(" "), .character(" "), .character(" "), .character("R"))
    #expect(play.state.question != nil)
    play.press(.character("y"))
    #expect(play.state.notice.text.contains("resolved 2 of 3"))
    #expect(try play.state.list.marks == .some([Fixtures.record(1).id]))
  }

  @Test("the automatic retry is turned on and off")
  func autoRetry() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.character("t"))
    #expect(play.state.frame().text.contains("auto 10m"))
    play.press(.character("t"))
    #expect(play.state.frame().text.contains("manual"))
  }

  @Test("trouble with the store stays on the screen until it answers again")
  func trouble() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.send(.ticked(Fixtures.now))
    play.send(
      .list(
        .pageLoaded(
          .refresh, token: play.state.list.token, limit: 1, .failure(.busy("backup")))))
    #expect(play.state.frame().text.contains("held by another program"))
    play.send(.ticked(Fixtures.now))
    #expect(play.state.trouble == nil)
  }

  @Test("nothing incomplete is said in words")
  func empty() {
    let play = ScreenPlay([])
    #expect(play.state.frame().text.contains("Nothing incomplete."))
  }

  @Test(
    "among very many records what no index finds is not asked for again, the rows that are shown are",
    arguments: [
      ("", "-created", true), ("scenario:orders error:Data", "-created", true),
      ("status:done age:<2d", "-created", true), ("", "error", true), ("", "-size", false),
      ("order", "-created", false), ("size:>1M", "-created", false),
      ("module:\"Create task\"", "-created", false),
    ])
  func askedAgain(filter: String, order: String, isPage: Bool) throws {
    for isMany in [true, false] {
      var play = try ScreenPlay(Fixtures.records())
      play.state.list.filter = try ListFilter(filter)
      play.state.list.order = try #require(RecordOrder(words: order))
      play.state.counts = RecordCounts(
        byState: isMany ? [.unresolved: 1_000_000, .resolved: 1_000_000] : [.unresolved: 30])
      let effects = play.state.refreshList()
      let asksForPage = effects.contains { if case .list(.page) = $0 { true } else { false } }
      let asksForRows = effects.contains { if case .list(.rows) = $0 { true } else { false } }
      #expect(asksForPage == (isPage || !isMany) && asksForRows != asksForPage, "\(effects)")
    }
  }

  @Test(
    "the list is asked for again only where something was written, or its filter means something else"
  )
  func looksAgain() throws {
    var play = try ScreenPlay(Fixtures.records())
    func looked(_ count: Int) -> Message {
      .list(.looked(.success(StoreMark(connection: 1, count: count))))
    }
    func asksForPage(_ effects: [Effect]) -> Bool {
      effects.contains { if case .list(.page) = $0 { true } else { false } }
    }
    func answer(_ effects: [Effect]) {
      for case .list(.page(let filter, let request, let limit, let purpose, let token)) in effects {
        let page = play.store.pageNow(filter, request, limit: limit)
        _ = play.state.update(
          .list(.pageLoaded(purpose, token: token, limit: limit, .success(page))))
      }
    }
    let first = play.state.update(looked(1))
    #expect(asksForPage(first))
    answer(first)
    #expect(!asksForPage(play.state.update(looked(1))), "nothing was written")
    for _ in 0..<20 { answer(play.state.update(looked(1))) }
    let second = play.state.update(looked(2))
    #expect(asksForPage(second))
    #expect(!asksForPage(play.state.update(looked(3))), "what was asked for has not come")
    answer(second)
    let third = play.state.update(looked(3))
    #expect(asksForPage(third), "nor was it taken for what came")
    _ = play.state.update(
      .list(
        .pageLoaded(
          .refresh, token: play.state.list.token, limit: 400, .failure(.failed("a disk is gone")))))
    let fourth = play.state.update(looked(3))
    #expect(asksForPage(fourth), "what could not be read is read again")
    answer(fourth)
    #expect(!asksForPage(play.state.update(looked(3))))

    play.press(.character("/"))
    for letter in "age:<2h" { play.press(.character(letter)) }
    play.press(.enter)
    answer(play.state.update(looked(4)))
    play.state.now = play.state.now.advanced(bySeconds: 2)
    #expect(asksForPage(play.state.update(looked(4))), "two hours ago is another time")
  }
}
