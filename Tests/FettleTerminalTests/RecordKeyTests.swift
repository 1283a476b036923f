import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Marks and undo in a record", .fewAtOnce)
struct RecordKeyTests {
  private func title(_ play: ScreenPlay) -> String {
    String(play.state.frame().text.split(separator: "\n").first ?? "")
  }

  @Test("Space marks the record in the list behind it and stays there; the title says so")
  func mark() throws {
    var play = try ScreenPlay(Fixtures.records())
    let first = try #require(play.state.list.cursor)
    play.press(.enter, .character(" "))
    #expect(play.state.detail?.record.id == first)
    #expect(play.state.list.marks == .some([first]))
    #expect(title(play).contains("* \(first.short)") && title(play).contains("1 marked"))
    play.press(.character("]"))
    #expect(!title(play).contains("* ") && title(play).contains("1 marked"))
    play.press(.character(" "), .character(" "))
    #expect(play.state.list.marks == .some([first]))
    play.press(.tab, .character(" "))
    #expect(play.state.list.marks.count == 2, "in the chain too")
    play.press(.control("\\"))
    #expect(play.state.list.marks.isEmpty)
    #expect(!title(play).contains("marked"))
  }

  @Test("v, ] and v mark what is between; the list shows the marks")
  func range() throws {
    var play = try ScreenPlay(Fixtures.records())
    let rows = play.state.list.rows.map(\.id)
    play.press(.enter, .character("v"), .character("]"), .character("]"))
    #expect(title(play).contains("range of 3"))
    play.press(.character("v"))
    #expect(play.state.list.marks == .some(Set(rows[0...2])))
    play.press(.character("["), .character("*"))
    #expect(title(play).contains("all matching marked"))
    play.press(.escape)
    #expect(play.state.frame().text.contains("all matching marked"))
  }

  @Test("a range goes on beyond the rows that were read first")
  func longRange() throws {
    var play = ScreenPlay(try (1...450).map { try Fixtures.record($0) })
    play.press(.enter, .character("v"))
    for _ in 0..<300 { play.press(.character("]")) }
    play.press(.character("v"))
    #expect(play.state.list.marks.count == 301)
  }

  @Test("at 40 columns the title still tells the mark and the record")
  func narrow() throws {
    var play = try ScreenPlay(Fixtures.records(), size: Size(rows: 10, columns: 40))
    let first = try #require(play.state.list.cursor)
    play.press(.enter, .character(" "))
    #expect(title(play).contains("* \(first.short)") && title(play).contains("1 marked"))
  }

  @Test("h, l and Enter fold; Enter on a field edits it")
  func folding() throws {
    var play = try ScreenPlay([Fixtures.record(bundle: ["name": "Ada", "order": ["a": 1]])])
    let order = ValuePath(module: 1, steps: [.field("order")])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(order))
    #expect(play.state.detail?.unfolded.contains(.bundle(order)) == false)
    play.press(.enter)
    #expect(play.state.detail?.unfolded.contains(.bundle(order)) == true)
    play.press(.enter)
    #expect(play.state.detail?.unfolded.contains(.bundle(order)) == false)
    play.press(.character("l"))
    #expect(play.state.detail?.unfolded.contains(.bundle(order)) == true)
    play.press(.character("h"))
    #expect(play.state.detail?.unfolded.contains(.bundle(order)) == false)
    #expect(play.state.typing == nil)
    play.press(.enter, .down, .enter)
    #expect(play.state.typing?.editor?.path == order.appending(.field("a")))
  }

  @Test("Enter folds where nothing may be edited")
  func foldingReadOnly() throws {
    var play = try ScreenPlay(
      [Fixtures.record(bundle: ["order": ["a": 1]])],
      surroundings: Surroundings(isReadOnly: true))
    let order = ValuePath(module: 1, steps: [.field("order")])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(order))
    play.press(.enter)
    #expect(play.state.detail?.unfolded.contains(.bundle(order)) == true)
  }

  @Test("H shows a secret and hides it again; the audit keeps that it was shown")
  func reveal() throws {
    var play = try ScreenPlay([Fixtures.record(bundle: ["name": "Ada", "token": "hunter2"])])
    play.press(.enter)
    let id = try #require(play.state.detail?.record.id)
    play.state.detail?.go(to: .bundle(ValuePath(module: 1, steps: [.field("token")])))
    #expect(!play.state.frame().text.contains("hunter2"))
    play.press(.character("H"))
    #expect(play.state.frame().text.contains("hunter2"))
    #expect(play.store.notesNow(of: id).map(\.event) == [RecordNote.revealed])
    play.press(.character("H"))
    #expect(!play.state.frame().text.contains("hunter2"))
    #expect(play.store.notesNow(of: id).count == 1)
  }

  @Test("H shows nothing where the audit could not keep it")
  func revealReadOnly() throws {
    var play = try ScreenPlay(
      [Fixtures.record(bundle: ["name": "Ada", "token": "hunter2"])],
      surroundings: Surroundings(isReadOnly: true))
    play.press(.enter)
    play.state.detail?.go(to: .bundle(ValuePath(module: 1, steps: [.field("token")])))
    play.press(.character("H"))
    #expect(!play.state.frame().text.contains("hunter2"))
    #expect(play.state.notice.text.contains("audit"))
  }

  @Test("u takes back a close, from the list and from another record")
  func undoClose() throws {
    for isInRecord in [false, true] {
      var play = try ScreenPlay(Fixtures.records())
      let id = try #require(play.state.list.cursor)
      if isInRecord { play.press(.enter) }
      play.press(.character("x"), .character("c"))
      play.type("by hand")
      play.press(.enter)
      #expect(play.store.recordNow(id)?.summary.state == .resolved)
      #expect(play.state.notice.text.contains("u opens it again"))
      if isInRecord { play.press(.down, .enter) }
      play.press(.character("u"))
      let record = try #require(play.store.recordNow(id))
      #expect(record.summary.state == .unresolved)
      #expect(record.closingReason == nil)
      play.press(.character("u"))
      #expect(play.state.notice.text.contains("nothing was closed or deleted"))
    }
  }

  @Test("u takes back a delete and the turn of the automatic retry; marks stay")
  func undoOthers() throws {
    var play = try ScreenPlay(Fixtures.records())
    let rows = play.state.list.rows
    play.press(.down, .character(" "), .up, .up)
    let marks = play.state.list.marks
    play.press(.enter, .character("x"), .character("d"), .character("y"))
    #expect(play.store.recordNow(rows[0].id)?.summary.state == .deleted)
    play.press(.character("u"))
    #expect(play.store.recordNow(rows[0].id)?.summary.state == .unresolved)
    #expect(play.state.list.marks == marks)
    let before = try #require(play.state.list.selected)
    play.press(.enter, .character("t"))
    #expect(play.store.recordNow(before.id)?.summary.state != before.state)
    play.press(.character("u"))
    #expect(play.store.recordNow(before.id)?.summary.state == before.state)
  }

  @Test("u again takes back what was done before, until nothing is left")
  func undoInTurn() throws {
    var play = try ScreenPlay(Fixtures.records())
    let first = try #require(play.state.list.cursor)
    play.press(.character("x"), .character("d"), .character("y"), .down)
    let second = try #require(play.state.list.cursor)
    play.press(.character("x"), .character("c"))
    play.type("twice")
    play.press(.enter, .character("u"))
    #expect(play.store.recordNow(second)?.summary.state == .unresolved)
    #expect(play.store.recordNow(first)?.summary.state == .deleted)
    play.press(.character("u"))
    #expect(play.store.recordNow(first)?.summary.state == .unresolved)
    play.press(.character("u"))
    #expect(play.state.notice.text.contains("nothing was closed or deleted"))
  }

  @Test("u goes on behind the turn of an automatic retry that was taken back")
  func undoBehindRetry() throws {
    var play = try ScreenPlay(Fixtures.records())
    let first = try #require(play.state.list.cursor)
    play.press(.character("x"), .character("d"), .character("y"), .down)
    let second = try #require(play.state.list.selected)
    play.press(.enter, .character("t"), .character("u"))
    #expect(play.store.recordNow(second.id)?.summary.state == second.state)
    #expect(play.store.recordNow(first)?.summary.state == .deleted)
    play.press(.character("u"))
    #expect(play.store.recordNow(first)?.summary.state == .unresolved)
  }

  @Test("u undoes what is unsaved first")
  func undoDraftFirst() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.enter, .character("t"))
    let id = try #require(play.state.detail?.record.id)
    let state = play.store.recordNow(id)?.summary.state
    play.press(.character("e"), .character("a"), .enter)
    #expect(play.state.detail?.drafts.count == 1)
    play.press(.character("u"))
    #expect(play.state.detail?.drafts.isEmpty == true)
    #expect(play.store.recordNow(id)?.summary.state == state)
  }

  @Test("many that were closed are opened again with one key")
  func undoMany() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character(" "), .character(" "), .character("x"), .character("c"))
    play.type("by hand")
    play.press(.enter, .character("y"))
    #expect(play.store.countsNow()[.resolved] == 2)
    play.press(.character("u"))
    #expect(play.store.countsNow()[.resolved] == 0)
  }
}
