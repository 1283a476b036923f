import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

/// A store that does not answer.
@Suite("While the store is waited for", .fewAtOnce)
struct PatienceTests {
  @Test("a line says so, a banner after five seconds, and nothing more when it answers")
  func shown() throws {
    var play = try ScreenPlay(Fixtures.records())
    #expect(!play.state.frame().text.contains("waiting for the store"))
    play.send(.waiting(seconds: 0))
    #expect(play.state.frame().text.contains("waiting for the store · Esc stops"))
    play.send(.waiting(seconds: 7))
    #expect(play.state.frame().text.contains("! the store has not answered for 7 s"))
    // Where the line is typed in, the keys make room.
    play.press(.character("x"), .character("c"))
    play.type("why")
    #expect(play.state.frame().text.contains("! the store has not answered for 7 s"))
    #expect(play.state.frame().text.contains("because: why"))
    play.press(.escape)
    play.send(.waiting(seconds: nil))
    #expect(!play.state.frame().text.contains("the store"))
  }

  @Test(
    "what is shown is dimmed and says of when it is while the store tells nothing, on every screen",
    arguments: [
      [Key](), [.enter], [.character("3")], [.character("b")], [.enter, .character("D")],
    ])
  func stale(keys: [Key]) throws {
    for size in [Size(rows: 24, columns: 80), Size(rows: 10, columns: 40)] {
      var play = try ScreenPlay(Fixtures.records(), size: size)
      for key in keys { play.press(key) }
      let later = Instant(milliseconds: Fixtures.now.milliseconds + 61_000)
      _ = play.state.update(.ticked(later))
      _ = play.state.update(.waiting(seconds: 7))
      let frame = play.state.frame()
      let title = try #require(frame.text.split(separator: "\n").first)
      #expect(
        title.hasSuffix("as of " + DisplayZone.utc.clock(Fixtures.now).text), "\(frame.text)")
      let roles = Set(
        (1..<size.rows - 2).flatMap { row in
          (0..<size.columns).map { frame.cell(row, $0).style.role }
        })
      #expect(roles.isSubset(of: [.faint, .heading, .typing]), "\(roles)")
      _ = play.state.update(.waiting(seconds: nil))
      #expect(!play.state.frame().text.contains("as of "))
    }
  }

  @Test("trouble with the store makes what is shown old at once, until it answers again")
  func troubled() throws {
    var play = try ScreenPlay(Fixtures.records())
    _ = play.state.update(.list(.countsLoaded(.failure(.failed("the disk is gone")))))
    #expect(play.state.frame().text.contains("as of "))
    #expect(play.state.frame().text.contains("the disk is gone"))
    play.send(.ticked(Fixtures.now))
    #expect(!play.state.frame().text.contains("as of "))
  }

  @Test("Esc stops it: late answers are dropped and nothing is asked until a key is pressed")
  func stopped() throws {
    let records = try Fixtures.records()
    var state = State(
      surroundings: Surroundings(storeName: "orders.db"), size: Size(rows: 24, columns: 80),
      now: Fixtures.now)
    let asked = state.list.token
    _ = state.begin()
    let token = state.list.token
    #expect(asked != token)
    _ = state.update(.waiting(seconds: 0))
    #expect(state.update(.key(.escape)) == [.stopWaiting])
    let late = Message.list(
      .pageLoaded(.start, token: token, limit: 200, .success(records.map(\.summary))))
    _ = state.update(late)
    #expect(state.list.rows.isEmpty)
    #expect(state.update(.ticked(Fixtures.now)).isEmpty)
    _ = state.update(.key(.character("g")))
    #expect(state.update(.ticked(Fixtures.now)).contains(.list(.look)))
    let again = state.update(.list(.looked(.success(StoreMark(connection: 1, count: 1)))))
    #expect(again.contains { if case .list(.page) = $0 { true } else { false } })
  }

  @Test("a record or an execution that is not waited for any longer does not open by itself")
  func opening() throws {
    var play = try ScreenPlay(Fixtures.records())
    let record = try #require(play.store.recordNow(play.state.list.rows[3].id))
    play.state.list.previews = [:]
    _ = play.state.update(.key(.down))
    _ = play.state.update(.key(.enter))
    let id = try #require(play.state.typeAhead.opening)
    _ = play.state.update(.waiting(seconds: 0))
    _ = play.state.update(.key(.escape))
    _ = play.state.update(
      .record(
        .loaded(
          id, .open(.nothing),
          .success(
            OpenedRecord(
              record: record, descriptor: nil, check: ScreenPlay.check(record, record.bundles))))))
    #expect(play.state.detail == nil)
    play.runs = try Fixtures.runs()
    play.press(.character("3"))
    let run = try #require(play.runs.first)
    _ = play.state.update(.key(.enter))
    #expect(play.state.history.opening != nil)
    _ = play.state.update(.key(.escape))
    play.send(.history(.opened(run.row.summary.id, .success(run))))
    #expect(play.state.history.run == nil)
    #expect(play.state.screen == .history)
  }

  @Test("answers to an older filter of the history are dropped")
  func older() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.runs = try Fixtures.runs()
    play.press(.character("3"))
    let rows = play.state.history.rows
    let effects = HistoryScreen.show(try TypedFilter("status:error"), in: &play.state)
    guard case .history(.page(_, let first))? = effects.first else {
      Issue.record("nothing is asked")
      return
    }
    _ = HistoryScreen.show(try TypedFilter("status:running"), in: &play.state)
    play.send(
      .history(
        .loaded(
          token: first.token,
          .success(ListStretch(rows: [rows[2]], searched: 1, end: nil, isLookUp: true)))))
    #expect(play.state.history.rows == rows)
  }
}
