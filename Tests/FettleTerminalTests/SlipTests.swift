import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

/// What a tired operator does by mistake, and what must not mislead one.
@Suite("A slip of the finger", .fewAtOnce)
struct SlipTests {
  private let email = ValuePath(module: 1, steps: [.field("email")])
  private let name = ValuePath(module: 1, steps: [.field("name")])

  /// A record whose e-mail address was changed and not saved.
  private func changed(_ text: String = "a", size: Size = Size(rows: 24, columns: 80)) throws
    -> ScreenPlay
  {
    var play = try ScreenPlay([Fixtures.record()], size: size)
    play.press(.enter, .character("e"))
    play.type(text)
    play.press(.enter)
    return play
  }

  @Test("u takes U back, as U says")
  func revertIsTakenBack() throws {
    var play = try changed()
    play.press(.character("U"))
    #expect(play.state.detail?.drafts == [])
    #expect(play.state.notice.text.contains("u takes that back"))
    play.press(.character("u"))
    #expect(play.state.detail?.bundles.value(at: email) == "a")
    #expect(play.state.detail?.drafts == [Draft(path: email, value: "a")])
    // What is undone next is the change itself.
    play.press(.character("u"))
    #expect(play.state.detail?.drafts == [])
  }

  @Test("U on a record with saved changes is one step back too")
  func savedRevertIsTakenBack() throws {
    var play = try changed()
    play.press(.control("s"))
    play.state.detail?.go(to: .bundle(name))
    play.press(.character("e"), .character("x"), .enter, .character("U"))
    #expect(play.state.detail?.isChanged == false)
    play.press(.character("u"))
    #expect(play.state.detail?.bundles.value(at: email) == "a")
    #expect(play.state.detail?.bundles.value(at: name) == "Adax")
  }

  @Test("changes that were dropped are told, and Ctrl-R makes them again")
  func dropped() throws {
    var play = try changed()
    play.press(.character("]"), .escape, .character("d"))
    #expect(play.state.detail == nil)
    #expect(play.state.notice.text.contains("1 change dropped; Ctrl-R in the record"))
    play.press(.enter, .control("r"))
    #expect(play.state.detail?.bundles.value(at: email) == "a")
  }

  @Test("a filter that cannot be read is not left behind with Enter: another one would be shown")
  func unreadableFilter() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("/"))
    play.type("error:Rate (")
    play.press(.enter)
    #expect(play.state.typing?.line.text == "error:Rate (")
    #expect(play.state.typing?.problem?.text.contains("not closed") == true)
    #expect(play.state.frame().text.contains("! this ( is not closed"))
    play.press(.backspace, .enter)
    #expect(play.state.typing == nil)
    #expect(play.state.list.filter.text == "error:Rate")
  }

  @Test("what could have stood in a filter does not stay in the line of the keys")
  func completionsGo() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("/"))
    play.type("error:")
    play.press(.tab)
    play.type("Rate")
    play.press(.enter)
    #expect(play.state.notice == "")
    #expect(play.state.frame().text.contains("Enter open"))
  }

  @Test("Enter says what it does where a line is asked for")
  func wordOfEnter() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.character("x"), .character("c"))
    #expect(play.state.frame().text.contains("Enter close"))
    play = try ScreenPlay((1...101).map { try Fixtures.record($0) })
    play.press(.character("*"), .character("R"))
    let frame = play.state.frame().text
    #expect(frame.contains("Type 101 to resume") && frame.contains("Enter resume"), "\(frame)")
    #expect(!frame.contains("Enter keep"))
  }

  @Test("the question for a reason says how many are closed")
  func reasonOfMany() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(
      .character(" "), .down, .down, .down, .character(" "), .character("x"), .character("c"))
    #expect(play.state.frame().text.contains("Close 2 records, because:"))
  }

  @Test("a line that is longer than its place shows at both ends that it goes on")
  func cutLine() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter, .character("e"))
    play.type(String(repeating: "1234567890", count: 8))
    var typed = play.state.frame().text.split(separator: "\n").first { $0.contains("567890 ") }
    #expect(typed?.contains(/text +…[0-9]/) == true, "\(play.state.frame().text)")
    play.press(.home)
    typed = play.state.frame().text.split(separator: "\n").first { $0.hasPrefix(">") }
    #expect(typed?.contains(/text +1234567[0-9]+…/) == true, "\(play.state.frame().text)")
  }

  @Test("the title counts the fields that differ, not the steps")
  func countOfChanges() throws {
    var play = try changed()
    play.state.detail?.go(to: .bundle(name))
    play.press(.character("e"), .character("x"), .enter)
    play.state.detail?.go(to: .bundle(email))
    play.press(.character("e"), .character("b"), .enter)
    #expect(play.state.frame().text.contains("2 changed · UNSAVED"))
  }

  @Test("where something is marked, the key that resumes it is shown")
  func resumingMarked() throws {
    var play = try ScreenPlay(Fixtures.records())
    #expect(!play.state.frame().text.contains("R marked"))
    play.press(.character(" "))
    #expect(play.state.frame().text.contains("R marked"))
  }

  @Test("a check that does not fit a small screen says that there is more of it")
  func moreOfACheck() throws {
    var play = try changed(size: Size(rows: 10, columns: 40))
    play.press(.character("r"))
    #expect(play.state.frame().text.contains(/[0-9]+ more ↓/), "\(play.state.frame().text)")
    play.press(.end)
    #expect(!play.state.frame().text.contains("more ↓"))
  }

  @Test("what the module said of a field holds as long as nothing it is made of is changed")
  func culpritStays() throws {
    let record = try Fixtures.record(
      bundle: ["name": "Ada", "email": "ada at example", "token": "hunter2", "total": 120])
    var raised = record
    raised.error = ModuleError(
      .data, "\"email\" is no address", field: "email", stage: .input)
    raised.mappedInput = ["name": "Ada", "email": "ada at example", "token": "hunter2"]
    var play = ScreenPlay([raised])
    play.press(.enter)
    #expect(play.state.detail?.culprits.map(\.input) == [[.field("email")]])
    play.state.detail?.go(to: .bundle(name))
    play.press(.character("e"), .character("x"), .enter)
    #expect(play.state.detail?.culprits.map(\.input) == [[.field("email")]])
    play.state.detail?.go(to: .bundle(email))
    play.press(.character("e"), .character("x"), .enter)
    #expect(play.state.detail?.culprits == [])
  }

  @Test("what a retry said of a field that was mended before it is shown there")
  func culpritOfARetry() throws {
    let record = try Fixtures.record()
    var play = try changed("ada at example")
    play.press(.control("s"), .escape)
    let later = Fixtures.now.advanced(bySeconds: 60)
    let error = ModuleError(.data, "\"email\" is no address", field: "email", stage: .service)
    for change in [
      RecordChange(.claimed, author: "ada", date: later),
      RecordChange(
        .failedForGood,
        attempt: Attempt(
          number: 1, trigger: .manual, executionID: "88132000", started: later, ended: later,
          outcome: .failed(error)), error: error, author: "ada", date: later),
    ] {
      _ = play.store.moveNow(record.id, version: nil, change)
    }
    var again = ScreenPlay([try #require(play.store.recordNow(record.id))])
    again.press(.enter)
    #expect(again.state.detail?.record.error == error)
    #expect(again.state.detail?.culprits.map(\.input) == [[.field("email")]])
  }

  @Test("a field of the input whose source was changed is marked where it was typed")
  func changedInput() throws {
    let play = try changed()
    let detail = try #require(play.state.detail)
    let position = try #require(detail.tree.position(of: .input([.field("email")])))
    #expect(detail.tree[position].isChanged)
    let other = try #require(detail.tree.position(of: .input([.field("name")])))
    #expect(!detail.tree[other].isChanged)
  }

  @Test("null says what becomes of the text")
  func null() {
    var editor = ValueEditor(path: email, original: "abc")
    while editor.kind != .null { editor.changeType() }
    #expect(editor.hint(for: "abc", in: .utc) == "becomes null; the text goes")
    #expect(editor.hint(for: "", in: .utc) == "becomes null")
  }

  @Test("a router in a box tells what came in, as in the lines")
  func routerInABox() throws {
    let boxes = ChainBoxes(try Fixtures.record())
    let texts = boxes.lines.flatMap { $0 }.map(\.text.text)
    #expect(texts.contains { $0.contains("2 in") })
    #expect(!texts.contains { $0.contains("2 → 2") })
  }

  @Test("a paste names the field that is written, as the diff does")
  func namedPaste() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter)
    play.state.detail?.go(to: .input([.field("name")]))
    play.press(.character("P"))
    play.send(.pasted("\"Grace\""))
    let frame = play.state.frame().text
    #expect(frame.contains("~ 1.name  text \"Ada\"  →  text \"Grace\""), "\(frame)")
  }

  @Test("a paste over a whole bundle does not offer to take its place among others away")
  func pastedBundle() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(ValuePath(module: 1, steps: [])))
    play.press(.character("P"))
    play.send(.pasted(#"{"name":"Grace"}"#))
    let frame = play.state.frame().text
    #expect(frame.contains("Paste into 1") && !frame.contains("__IMT"), "\(frame)")
  }

  @Test("a bundle that was copied and is pasted keeps the secrets that were masked in the copy")
  func pastedMask() throws {
    var play = try ScreenPlay([
      Fixtures.record(
        bundle: ["name": "Ada", "token": "hunter2", "notes": ["so: hunter2", "b"]])
    ])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(ValuePath(module: 1)))
    play.press(.character("y"), .character("j"))
    let copied = play.effects.compactMap { if case .copy(let text) = $0 { text } else { nil } }
    let text = try #require(copied.first)
    #expect(!text.contains("hunter2"))
    play.press(.character("P"))
    play.send(.pasted(text.replacing("Ada", with: "Grace")))
    play.press(.enter)
    #expect(
      play.state.detail?.bundles[1]
        == ["name": "Grace", "token": "hunter2", "notes": ["so: hunter2", "b"]])
  }

  @Test("dots are never written over the secret: not in an array that changed, not inside a text")
  func pastedDots() throws {
    for (from, to) in [("\"so: ••••\",", ""), ("so: ••••", "why: ••••")] {
      var play = try ScreenPlay([
        Fixtures.record(
          bundle: ["token": "hunter2", "notes": ["a", "so: hunter2", "b: hunter2"]])
      ])
      play.press(.enter)
      play.state.detail?.go(to: .bundle(ValuePath(module: 1)))
      play.press(.character("y"), .character("j"))
      let copied = play.effects.compactMap { if case .copy(let text) = $0 { text } else { nil } }
      let text = try #require(copied.first)
      #expect(text.contains(from), "\(text)")
      let before = play.state.detail?.bundles[1]
      play.press(.character("P"))
      play.send(.pasted(text.replacing(from, with: to)))
      #expect(play.state.detail?.bundles[1] == before)
      #expect(play.state.frame().text.contains("the dots stand for a secret"))
    }
  }

  @Test("a mapping around a secret is not replaced by one with dots")
  func mappedDots() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter)
    var detail = try #require(play.state.detail)
    let path = ValuePath(module: detail.record.summary.failer, steps: [.field("token")])
    #expect(detail.mapped.holdsSecret(.input(path.steps)))
    let refused = detail.change(Draft(path: path, value: .text("Bearer •••"), in: .mapping))
    #expect(refused == SecretMask.refusal)
    #expect(detail.drafts.isEmpty)
    #expect(detail.change(Draft(path: path, value: .text("a new one"), in: .mapping)) == nil)
  }

  @Test("as many marks as one likes on a letter are as long as a text may be")
  func endlessMarks() {
    let text = SafeText("a" + String(repeating: "\u{301}", count: 50_000), limit: 100)
    #expect(text.glyphs.count <= 110)
  }

  @Test("a letter that comes with Esc is no answer to what Esc asked; what is pressed later is")
  func altLetter() {
    /// Which of the keys behind one that asked, or did not, are dropped.
    func dropped(_ keys: [Key], behind first: Key, asked: Bool) -> [Bool] {
      var alt = AltKey()
      alt.note(.key(first), asked: asked)
      return keys.map { alt.takes(.key($0)) }
    }
    let letter = Key.character("d")
    #expect(dropped([letter, letter], behind: .escape, asked: true) == [true, false])
    #expect(dropped([.control("c"), letter], behind: .escape, asked: true) == [false, false])
    #expect(dropped([letter], behind: .escape, asked: false) == [false])
    #expect(dropped([letter], behind: .character("x"), asked: true) == [false])
  }

  @Test("a field of the input is copied as one of a bundle is, unless it is secret")
  func copiedInput() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter)
    func copied(_ field: String, _ key: Character) -> [String] {
      play.state.detail?.go(to: .input([.field(field)]))
      play.forgetEffects()
      play.press(.character("y"), .character(key))
      return play.effects.compactMap { if case .copy(let text) = $0 { text } else { nil } }
    }
    #expect(copied("name", "v") == ["Ada"])
    #expect(copied("name", "p") == ["5.name"])
    #expect(copied("token", "v") == [])
    #expect(play.state.notice.text.contains("secret"))
  }

  @Test("/ in a record begins with an empty line")
  func newSearch() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter, .character("/"))
    play.type("items")
    play.press(.enter, .character("/"))
    #expect(play.state.typing?.line.text == "")
    play.type("note")
    play.press(.enter)
    #expect(play.state.notice.text.contains("with \"note\""))
  }

  @Test("a path that cannot be read stays to be mended")
  func unreadableFile() throws {
    var play = try ScreenPlay([Fixtures.record()])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(name))
    play.press(.character("W"))
    play.type("nowhere/at-all.bin")
    play.press(.enter)
    play.send(.fileRead(name, path: "nowhere/at-all.bin", FileContent.read("nowhere/at-all.bin")))
    #expect(play.state.typing?.line.text == "nowhere/at-all.bin")
  }
}
