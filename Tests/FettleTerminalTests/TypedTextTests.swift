import FettleCore
import FettleTestKit
import Testing

@testable import FettleEngine
@testable import FettleTerminal

@Suite("What is being typed and is no change yet", .fewAtOnce)
struct TypedTextTests {
  private func play(_ more: Collection = [:]) throws -> ScreenPlay {
    var bundle: Collection = ["name": "Ada", "email": "x", "order": ["a": 1]]
    for field in more.fields { bundle[field.name] = field.value }
    return try ScreenPlay([Fixtures.record(bundle: bundle)])
  }

  /// The same store, looked at by a program that was started again.
  private func again(_ before: ScreenPlay) -> ScreenPlay {
    var play = before
    play.restart(before.state.surroundings)
    return play
  }

  /// What the program does when it is told to end.
  private func finish(_ play: inout ScreenPlay) {
    for effect in play.state.lastEffects() {
      if case .record(.keepText(let text)) = effect {
        play.store.keepNow(
          KeptText(
            record: text.record, author: "ada", session: text.session, sequence: text.sequence,
            purpose: text.purpose, place: text.place, text: text.text, date: Fixtures.now))
      }
    }
  }

  private static let order = TreePlace.bundle(ValuePath(module: 1, steps: [.field("order")]))

  @Test("JSON for a place comes back at its place, and goes when it was pasted")
  func json() throws {
    var play = try play()
    play.press(.enter)
    play.state.detail?.go(to: Self.order)
    play.press(.character("P"))
    play.type(#"{"a": 2, "#)
    finish(&play)
    play = again(play)
    play.press(.enter)
    #expect(play.state.notice.text.contains("P goes on with the JSON for 1.order"))
    #expect(play.state.detail?.cursor == Self.order)
    play.press(.character("P"))
    #expect(play.state.typing?.line.text == #"{"a": 2, "#)
    #expect(play.state.frame().text.contains("goes on here"))
    play.type(#""b": 3}"#)
    play.press(.control("s"), .enter)
    #expect(play.state.detail?.drafts.count == 1)
    #expect(play.store.keptTextsNow(of: play.state.detail?.record.id) == [])
  }

  @Test(
    "what is about to be pasted is kept while it is shown, and offered again when it was refused")
  func preview() throws {
    var play = try play()
    play.press(.enter)
    play.state.detail?.go(to: Self.order)
    play.press(.character("P"))
    play.send(.pasted(#"{"a": 9}"#))
    #expect(play.state.context == .preview)
    let id = try #require(play.state.detail?.record.id)
    #expect(play.store.keptTextsNow(of: id).map(\.text) == [#"{"a": 9}"#])
    play.press(.escape, .character("P"))
    #expect(play.state.typing?.line.text == #"{"a": 9}"#)
    // A paste takes the place of what is only offered.
    play.send(.pasted(#"{"a": 10}"#))
    #expect(play.state.preview?.new == ["a": 10])
  }

  @Test("the output of a module comes back, whether it was being typed or checked")
  func output() throws {
    for isChecked in [false, true] {
      var play = try play()
      play.press(.enter, .character("O"))
      let id = try #require(play.state.detail?.record.id)
      play.send(.pasted(#""id": 7"#))
      if isChecked {
        play.press(.home, .control("k"))
        play.state.typing?.line.replace(with: #"{"id": 7}"#)
        play.press(.control("s"))
        #expect(play.state.context == .resumeCheck)
      }
      finish(&play)
      let kept = play.store.keptTextsNow(of: id).map(\.text)
      #expect(kept.count == 1 && kept.first?.contains(#""id": 7"#) == true, "\(kept)")
      play = again(play)
      play.press(.enter)
      #expect(play.state.notice.text.contains("O goes on with the output"))
      play.press(.character("O"))
      #expect(play.state.typing?.line.text == kept.first)
    }
  }

  @Test("a whole output is pasted over the braces that stand there")
  func outputOverBraces() throws {
    var play = try play()
    play.press(.enter, .character("O"))
    play.send(.pasted(#"{"id": 8}"#))
    play.press(.control("s"))
    #expect(play.state.detail?.substitute == ["id": 8])
  }

  @Test("an output written in $EDITOR is shown in the check, and gone on with by O or e")
  func outputFromEditor() throws {
    let text = #"{"id": 7}"#
    for key in [Key.escape, .character("e")] {
      var play = try play()
      play.press(.enter, .character("O"), .control("e"))
      let edit = try #require(
        play.effects.compactMap {
          if case .editOutside(let edit) = $0 { edit } else { nil }
        }.last)
      play.send(.editedOutside(edit, .text(text)))
      let lines = play.state.resumeCheckLines.map(\.text.text)
      #expect(lines.contains { $0.hasPrefix("Output") && $0.contains(#"{"id":7}"#) }, "\(lines)")
      // The module whose output is given sends nothing, and what follows it does.
      play.state.detail?.check = ResumeCheck(
        input: [:], problems: [], willRun: [5, 6], notRepeated: [],
        effects: [5, 6].map {
          ResumeCheck.Effect(module: $0, effect: .effect, mayHaveHappened: false)
        })
      let sends = play.state.resumeCheckLines.map(\.text.text).filter { $0.hasPrefix("Sends") }
      #expect(sends.count == 1 && sends.first?.contains(" 6 ") == true, "\(sends)")
      play.press(key)
      if key == .escape { play.press(.character("O")) }
      #expect(play.state.typing?.line.text == text)
    }
  }

  @Test("the reason of a closing comes back, in the list, in the record, and for many")
  func reason() throws {
    for keys in [[Key](), [.enter], [.character(" ")]] {
      var play = try play()
      for key in keys { play.press(key) }
      play.press(.character("x"), .character("c"))
      play.type("paid by h")
      finish(&play)
      play = again(play)
      for key in keys { play.press(key) }
      play.press(.character("x"), .character("c"))
      #expect(play.state.typing?.line.text == "paid by h", "\(keys)")
      play.type("and")
      play.press(.enter)
      if keys == [.character(" ")] { play.press(.character("y")) }
      #expect(play.store.countsNow()[.resolved] == 1, "\(keys)")
      let id = try #require(
        play.store.pageNow(
          RecordFilter(states: [.resolved]), .first, limit: 1
        ).first?.id)
      #expect(play.store.recordNow(id)?.closingReason == "paid by hand")
      #expect(play.store.keptTextsNow(of: id) == [] && play.store.keptTextsNow(of: nil) == [])
    }
  }

  @Test(
    "what is typed in two terminals is kept side by side, offered with where and when it was typed, and gone on with or dropped one by one"
  )
  func twoTerminals() throws {
    var one = try play()
    one.state = State(
      surroundings: Surroundings(storeName: "orders.db", session: Session("pts/1#1")),
      size: one.state.size, now: Fixtures.now)
    one = again(one)
    var two = one
    two.state = State(
      surroundings: Surroundings(storeName: "orders.db", session: Session("pts/2#2")),
      size: one.state.size, now: Fixtures.now)
    two = again(two)
    one.press(.enter, .character("O"), .control("u"))
    two.press(.enter, .character("O"), .control("u"))
    one.type("one")
    two.type("two")
    one.send(.ticked(Fixtures.now))
    two.send(.ticked(Instant(milliseconds: Fixtures.now.milliseconds + 1)))
    let id = try #require(one.state.detail?.record.id)
    #expect(Set(one.store.keptTextsNow(of: id).map(\.text)) == ["one", "two"])
    // A third, later.
    var three = one
    three.state = State(
      surroundings: Surroundings(storeName: "orders.db", session: Session("pts/3#3")),
      size: one.state.size, now: Fixtures.now)
    three = again(three)
    three.send(.ticked(Instant(milliseconds: Fixtures.now.milliseconds + 3 * 60_000)))
    three.press(.enter)
    #expect(three.state.notice.text.contains("3 min ago in another terminal"))
    three.press(.character("O"))
    let first = try #require(three.state.typing?.line.text)
    #expect(
      three.state.typing?.problem?.text.contains("typed 3 min ago in another terminal") == true)
    // Gone on with it is ours, and the other stays.
    three.type("!")
    three.send(.ticked(three.state.now))
    #expect(three.store.keptTextsNow(of: id).count == 2)
    #expect(three.store.keptTextsNow(of: id).contains { $0.text == first + "!" })
    // Dropped, the other is offered.
    three.press(.escape, .escape, .character("O"))
    let second = try #require(three.state.typing?.line.text)
    #expect(Set([first, second]) == ["one", "two"])
    three.press(.escape, .escape)
    #expect(three.store.keptTextsNow(of: id) == [])
    // Who types on keeps it again.
    one.type("x")
    one.send(.ticked(Fixtures.now))
    #expect(one.store.keptTextsNow(of: id).map(\.text) == ["onex"])
  }

  @Test("u takes back what was closed here, and not what another closed since")
  func othersClosing() throws {
    var play = try play()
    play.press(.character("x"), .character("c"))
    play.type("mine")
    play.press(.enter)
    let id = try #require(
      play.store.pageNow(RecordFilter(states: [.resolved]), .first, limit: 1).first?.id)
    for (event, reason) in [(IncompleteEvent.reopened, nil), (.closed, "theirs")] {
      _ = try play.store.moveNow(
        id, version: nil,
        RecordChange(event, reason: reason, author: "grace", date: Fixtures.now)
      ).get()
    }
    play.press(.character("u"))
    #expect(play.store.recordNow(id)?.closingReason == "theirs")
    #expect(play.state.notice.text.contains("1 changed by someone else since"))
    // Asked for again, it is meant.
    play.press(.character("u"))
    #expect(play.store.recordNow(id)?.summary.state != .resolved)
  }

  @Test("that cannot be kept is said where it is typed, and tried again until it can be")
  func notKept() throws {
    var play = try play()
    play.press(.enter)
    let id = try #require(play.state.detail?.record.id)
    func keepings(_ play: ScreenPlay) -> Int {
      play.effects.count {
        switch $0 {
        case .record(.keepDraft), .record(.keepText): true
        default: false
        }
      }
    }
    let full = StoreError.full("disk")
    play.state.detail?.go(to: .bundle(ValuePath(module: 1, steps: [.field("name")])))
    play.press(.character("e"))
    play.type("x")
    play.send(.record(.draftKept(id, .failure(full))))
    #expect(play.state.frame().text.contains("not kept against a crash"))
    play.forgetEffects()
    play.send(.ticked(Fixtures.now))
    #expect(keepings(play) == 1, "without another key")
    #expect(!play.state.frame().text.contains("not kept against a crash"))
    // The change, when it is made.
    play.press(.enter)
    play.send(.record(.draftKept(id, .failure(full))))
    #expect(play.state.notice.text.contains("not kept against a crash"))
    play.forgetEffects()
    play.send(.ticked(Fixtures.now))
    #expect(keepings(play) == 1)
    #expect(play.state.notice.text == "unsaved changes are kept again")
    play.forgetEffects()
    play.send(.ticked(Fixtures.now))
    #expect(keepings(play) == 0)
    // A reason, in its one line.
    play.press(.character("x"), .character("c"))
    play.type("paid")
    play.send(.record(.textKept(.failure(full))))
    #expect(play.state.frame().text.contains("not kept against a crash"))
  }

  @Test("is kept every two seconds, once for each change")
  func ticks() throws {
    var play = try play()
    play.press(.enter, .character("O"))
    play.type("x")
    play.forgetEffects()
    play.send(.ticked(Fixtures.now))
    play.send(.ticked(Fixtures.now))
    let kept = play.effects.count { if case .record(.keepText) = $0 { true } else { false } }
    #expect(kept == 1)
  }

  @Test("Esc twice drops it for good, Ctrl-C leaves it to be gone on with")
  func dropped() throws {
    var play = try play()
    play.press(.enter, .character("O"))
    let id = try #require(play.state.detail?.record.id)
    play.type("x")
    play.send(.ticked(Fixtures.now))
    play.press(.escape)
    #expect(play.state.typing != nil, "it asks")
    play.press(.control("c"))
    #expect(play.state.typing == nil)
    #expect(play.store.keptTextsNow(of: id).count == 1)
    play.press(.character("O"), .escape, .escape)
    #expect(play.state.typing == nil)
    #expect(play.store.keptTextsNow(of: id) == [])
  }

  @Test(
    "a long paste is taken whole and typed on in, one that is too long is refused whole; neither becomes keys"
  )
  func longPaste() throws {
    var play = try play()
    play.press(.enter, .character("P"))
    let open = "{\"a\":\"" + String(repeating: "x", count: 300_000)
    play.send(.pasted(open))
    #expect(play.state.typing?.line.text == open)
    play.press(.character("z"), .left, .character("y"), .home, .delete)
    #expect(play.state.typing?.line.text == open.dropFirst() + "yz")
    play.send(.pastedTooMuch(20_000_000))
    #expect(play.state.typing?.line.text == open.dropFirst() + "yz")
    #expect(play.state.typing?.problem?.text.contains("too long") == true)
    play.press(.escape, .escape)
    play.send(.pastedTooMuch(20_000_000))
    #expect(play.state.notice.text.contains("too long"))
  }

  @Test("nothing is kept of what may hold a secret")
  func secret() throws {
    var play = try play(["token": "hunter2"])
    play.press(.enter)
    let id = try #require(play.state.detail?.record.id)
    // The bundle has the secret in it.
    play.state.detail?.go(to: .bundle(ValuePath(module: 1)))
    play.press(.character("P"))
    play.type(#"{"token": "other"#)
    finish(&play)
    #expect(play.store.keptTextsNow(of: id) == [])
    play.press(.escape, .escape, .character("O"))
    play.type("hunter2")
    finish(&play)
    #expect(play.store.keptTextsNow(of: id) == [])
  }
}
