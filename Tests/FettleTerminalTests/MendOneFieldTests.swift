import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Mending one field", .fewAtOnce)
struct MendOneFieldTests {
  private let email = ValuePath(module: 1, steps: [.field("email")])

  @Test("the record opens at the field that is missing")
  func opensAtOffender() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter)
    #expect(play.state.detail?.cursor == .bundle(email))
    #expect(play.state.frame().text.contains("— missing —"))
  }

  @Test("e, the address, Enter, r, Enter: resolved")
  func wholeStory() throws {
    let record = try Fixtures.record()
    var play = ScreenPlay([record])
    play.press(.enter, .character("e"))
    #expect(play.state.typing?.editor?.path == email)
    play.type("ada@example.org")
    play.press(.enter)
    #expect(play.state.detail?.drafts == [Draft(path: email, value: "ada@example.org")])
    play.forgetEffects()
    play.press(.character("r"))
    #expect(play.state.resumeCheck?.isForResuming == true)
    #expect(!play.effects.contains { if case .record(.resume) = $0 { true } else { false } })
    #expect(play.state.frame().text.contains("1.email  nothing  →  text \"ada@example.org\""))
    play.press(.enter)
    #expect(play.state.notice.text.contains("resolved in 0.8 s"))
    #expect(play.store.recordNow(record.id)?.summary.state == .resolved)
    #expect(play.store.recordNow(record.id)?.originalBundles == record.originalBundles)
  }

  @Test("an edited record shows its diff first and saves before it runs")
  func savesFirst() throws {
    let record = try Fixtures.record()
    var play = ScreenPlay([record])
    play.press(.enter, .character("e"), .character("a"), .enter, .character("r"))
    play.forgetEffects()
    play.press(.enter)
    let draft = Draft(path: email, value: "a")
    #expect(
      play.effects.prefix(2) == [
        .record(.amend(RecordChanges(drafts: [draft]), to: record.id, version: 1)),
        .record(.resume(record.id, version: 2, .manual)),
      ])
  }

  @Test("a record nobody changed runs with one key")
  func unchanged() throws {
    let record = try Fixtures.record()
    var play = ScreenPlay([record])
    play.forgetEffects()
    play.press(.character("r"))
    #expect(play.effects.first == .record(.resume(record.id, version: 1, .manual)))
    #expect(play.state.notice.text.contains("failed again"))
  }

  @Test("someone else was faster: nothing is written and the changes stay")
  func changedMeanwhile() throws {
    let record = try Fixtures.record()
    var play = ScreenPlay([record])
    play.press(.enter, .character("e"), .character("a"), .enter)
    _ = play.store.moveNow(
      record.id, version: 1,
      RecordChange(.autoRetryTurnedOn, author: "grace", date: Fixtures.now))
    play.press(.control("s"))
    #expect(play.state.notice.text.contains("someone else changed this record"))
    #expect(play.store.recordNow(record.id)?.edits == [])
    #expect(play.state.detail?.drafts == [Draft(path: email, value: "a")])
    play.press(.control("s"))
    #expect(play.store.recordNow(record.id)?.edits.count == 1)
  }

  @Test(
    "someone else closed, retried or deleted the record that is open: that is seen at once, and told",
    arguments: [IncompleteEvent.closed, .deleted, .claimed])
  func closedMeanwhile(event: IncompleteEvent) throws {
    let record = try Fixtures.record()
    var play = ScreenPlay([record])
    play.press(.enter, .character("e"), .character("a"), .enter)
    _ = play.store.moveNow(
      record.id, version: 1,
      RecordChange(event, reason: "done", author: "grace", date: Fixtures.now))
    play.send(.ticked(Fixtures.now))
    play.send(.ticked(Fixtures.now))
    let states: [IncompleteEvent: IncompleteState] = [
      .closed: .resolved, .deleted: .deleted, .claimed: .inProgress,
    ]
    #expect(play.state.detail?.record.summary.state == states[event])
    #expect(play.state.notice.text.contains("someone else"), "\(play.state.notice.text)")
    #expect(play.state.notice.text.contains("your changes are not written"))
    #expect(play.state.detail?.drafts == [Draft(path: email, value: "a")])
  }

  @Test("undo, redo and revert")
  func undo() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter, .character("e"), .character("a"), .enter)
    play.press(.character("e"), .character("b"), .enter)
    #expect(play.state.detail?.bundles.value(at: email) == "ab")
    play.press(.character("u"))
    #expect(play.state.detail?.bundles.value(at: email) == "a")
    play.press(.control("r"))
    #expect(play.state.detail?.bundles.value(at: email) == "ab")
    play.press(.character("U"))
    #expect(play.state.detail?.isChanged == false)
  }

  @Test("leaving with changes asks first")
  func unsaved() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter, .character("e"), .character("a"), .enter, .escape)
    #expect(play.state.question == .leaveUnsaved)
    play.press(.escape)
    #expect(play.state.detail != nil)
    play.press(.character("Q"))
    #expect(play.state.question == .quitUnsaved)
    play.press(.character("s"))
    #expect(play.hasQuit)
    #expect(try play.store.recordNow(Fixtures.record().id)?.edits.count == 1)
  }

  @Test("a field is added with its name, then its value")
  func add() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter, .character("+"))
    play.type("phone")
    play.press(.enter, .control("t"))
    play.type("0049")
    play.press(.enter)
    #expect(play.state.typing?.problem != nil, "0049 is no number")
    play.press(.control("u"))
    play.type("49.10")
    play.press(.enter)
    let path = ValuePath(module: 1, steps: [.field("phone")])
    #expect(play.state.detail?.bundles.value(at: path)?.number?.text == "49.10")
    play.press(.character("-"))
    #expect(play.state.detail?.bundles.value(at: path) == nil)
  }

  @Test("a field of the input leads to the field it is mapped from")
  func input() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter, .home, .character("e"))
    #expect(
      play.state.typing?.editor?.path == ValuePath(module: 1, steps: [.field("name")]))
  }

  @Test("secrets are masked wherever they stand", arguments: [24, 45])
  func secrets(rows: Int) throws {
    var play = try ScreenPlay([Fixtures.record()], size: Size(rows: rows, columns: 140))
    play.press(.enter)
    #expect(!play.state.frame().text.contains("hunter2"))
    play.press(.home, .down, .down, .down, .down, .down, .character("e"))
    #expect(play.state.typing?.editor?.isSecret == true)
    #expect(!play.state.frame().text.contains("hunter2"))
    play.type("x")
    play.press(.enter, .character("D"))
    #expect(!play.state.frame().text.contains("hunter2"))
  }

  @Test("a paste goes into a field and nowhere else")
  func paste() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.send(.pasted("rrr"))
    #expect(play.state.notice.text.contains("nothing takes a paste"))
    play.press(.enter, .character("e"))
    play.send(.pasted("two\nlines"))
    play.press(.enter)
    #expect(play.state.detail?.bundles.value(at: email) == "two\nlines")
  }

  @Test("values keep the type they are typed as")
  func types() {
    var editor = ValueEditor(
      path: email, original: 7)
    #expect(
      editor.value(of: "9007199254740993")
        == .success(.number(Number(json: "9007199254740993") ?? Number(0))))
    editor.kind = .boolean
    #expect(editor.value(of: "TRUE") == .success(true))
    editor.kind = .date
    #expect(
      editor.value(of: "2026-03-02") == .success(.date(Instant(milliseconds: 1_772_409_600_000))))
    if case .success = editor.value(of: "31/02/2026") { Issue.record("no date") }
    editor.kind = .null
    #expect(editor.value(of: "anything") == .success(.null))
  }

  @Test("an editor that changes nothing, or fails, leaves what is being typed as it was")
  func editorWithoutChange() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.enter, .character("e"), .character("a"))
    let typed = try #require(play.state.typing)
    for isFailing in [true, false] {
      play.forgetEffects()
      play.press(.control("e"))
      let edits = play.effects.compactMap { effect -> ExternalEdit? in
        if case .editOutside(let edit) = effect { return edit }
        return nil
      }
      let edit = try #require(edits.first)
      #expect(edit.text == typed.line.text)
      play.send(.editedOutside(edit, isFailing ? .failed("it ended with 3") : .text(edit.text)))
      #expect(play.state.typing?.line == typed.line)
    }
    play.press(.enter)
    #expect(play.state.detail?.drafts.count == 1)
  }
}
