import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Undo in the editor", .fewAtOnce)
struct UndoTests {
  private static let items = ValuePath(module: 1, steps: [.field("items")])

  private func play() throws -> ScreenPlay {
    let bundle: Collection = ["name": "Ada", "email": "x", "items": ["a", "b", "c"]]
    var play = ScreenPlay([try Fixtures.record(bundle: bundle)])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(Self.items.appending(.element(1))))
    return play
  }

  private func items(_ play: ScreenPlay) -> Value? {
    play.state.detail?.bundles.value(at: Self.items)
  }

  private func cursor(_ element: Int) -> TreePlace {
    .bundle(Self.items.appending(.element(element)))
  }

  @Test("what moved is where it was again after one key, and the cursor with it")
  func moved() throws {
    var play = try play()
    play.press(.altDown, .altDown)
    #expect(items(play) == ["b", "c", "a"])
    play.press(.character("u"))
    #expect(items(play) == ["b", "a", "c"])
    #expect(play.state.detail?.cursor == cursor(2))
    play.press(.character("u"))
    #expect(items(play) == ["a", "b", "c"])
    #expect(play.state.detail?.cursor == cursor(1))
    #expect(play.state.detail?.canUndo == false)
    play.press(.control("r"), .control("r"))
    #expect(items(play) == ["b", "c", "a"])
    #expect(play.state.detail?.cursor == cursor(3))
  }

  @Test("the same after a crash: no half of a move comes back")
  func movedBeforeCrash() throws {
    var play = try play()
    play.press(.altDown, .altDown)
    play.restart(Surroundings(storeName: "orders.db"))
    play.press(.enter)
    #expect(items(play) == ["b", "c", "a"])
    play.press(.character("u"))
    #expect(items(play) == ["b", "a", "c"])
    play.press(.character("u"))
    #expect(items(play) == ["a", "b", "c"])
  }

  @Test("the same when the changes were dropped and are made again")
  func movedAndDropped() throws {
    var play = try play()
    play.press(.altDown, .escape, .character("d"), .enter, .control("r"))
    #expect(items(play) == ["b", "a", "c"])
    play.press(.character("u"))
    #expect(items(play) == ["a", "b", "c"])
  }

  @Test("a value in a place that had to be made first goes with the place")
  func opened() throws {
    var play = try play()
    let path = ValuePath(module: 1, steps: [.field("to"), .field("mail"), .field("home")])
    let effects = play.state.keep([Draft(path: path, value: "a@b.c")])
    #expect(!effects.isEmpty && play.state.detail?.bundles.value(at: path) == "a@b.c")
    play.press(.character("u"))
    #expect(play.state.detail?.bundles[1]?["to"] == nil)
    #expect(play.state.detail?.drafts.isEmpty == true)
  }
}

@Suite("Two who mend the same", .fewAtOnce)
struct MeanwhileTests {
  private static let name = ValuePath(module: 1, steps: [.field("name")])

  private func play() throws -> ScreenPlay {
    var play = ScreenPlay([try Fixtures.record(bundle: ["name": "Ada", "email": "x"])])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(Self.name))
    return play
  }

  private func change(_ play: ScreenPlay, to value: Value, after seconds: Int = 60) throws {
    let record = try #require(play.store.recordNow(Fixtures.record().id))
    let edit = BundleEdit(
      path: Self.name, old: record.bundles.value(at: Self.name), new: value, author: "grace",
      date: Fixtures.now.advanced(bySeconds: seconds))
    _ = play.store.appendNow([edit], to: record.id, version: record.summary.version)
  }

  @Test(
    "what another saved while a value was typed is not written over: it is asked whose shall stand")
  func whileTyped() throws {
    var play = try play()
    play.press(.character("e"), .control("u"))
    play.type("mine")
    try change(play, to: "theirs")
    play.send(.ticked(Fixtures.now.advanced(bySeconds: 61)))
    #expect(play.state.typing?.line.text == "mine")
    play.press(.enter)
    play.send(.ticked(Fixtures.now.advanced(bySeconds: 62)))
    #expect(play.state.conflict?.fields.first?.theirs == "theirs")
    #expect(play.state.conflict?.fields.first?.draft.value == "mine")
    play.press(.character("t"), .enter)
    #expect(play.state.detail?.bundles.value(at: Self.name) == "theirs")
  }

  @Test("what another saved after a crash is not written over by what was left")
  func afterCrash() throws {
    var play = try play()
    play.press(.character("e"), .control("u"))
    play.type("mine")
    play.press(.enter)
    try change(play, to: "theirs")
    play.restart(Surroundings(storeName: "orders.db"))
    play.press(.enter)
    #expect(play.state.conflict?.fields.first?.original == "Ada")
    #expect(play.state.conflict?.fields.first?.theirs == "theirs")
    play.press(.enter)
    #expect(play.state.detail?.bundles.value(at: Self.name) == "mine")
    play.press(.control("s"))
    let saved = try #require(play.store.recordNow(Fixtures.record().id))
    #expect(saved.bundles.value(at: Self.name) == "mine")
  }

  @Test("what another changed before, or elsewhere, is no question")
  func nothingToAsk() throws {
    var play = try play()
    try change(play, to: "earlier", after: -60)
    play.send(.ticked(Fixtures.now.advanced(bySeconds: 1)))
    play.press(.character("e"), .control("u"))
    play.type("mine")
    play.press(.enter)
    play.restart(Surroundings(storeName: "orders.db"))
    play.press(.enter)
    #expect(play.state.conflict == nil)
    #expect(play.state.detail?.bundles.value(at: Self.name) == "mine")
  }
}

@Suite("A mapping in $EDITOR", .fewAtOnce)
struct MappingOutsideTests {
  private func opened() throws -> (play: ScreenPlay, edit: ExternalEdit) {
    var play = ScreenPlay([try Fixtures.record(bundle: ["name": "Ada", "email": "x"])])
    play.press(.enter)
    play.state.detail?.go(to: .input([.field("name")]))
    play.press(.character("m"), .character("m"))
    play.type(" x")
    play.press(.control("e"))
    let edit = play.effects.compactMap {
      if case .editOutside(let edit) = $0 { edit } else { nil }
    }.last
    return (play, try #require(edit))
  }

  @Test("is opened with what is typed, as it is, and taken in")
  func taken() throws {
    var (play, edit) = try opened()
    #expect(edit.text == "{{1.name}} x" && !edit.isJSON)
    play.send(.editedOutside(edit, .text("{{upper(1.name)}}\n")))
    let path = ValuePath(module: 5, steps: [.field("name")])
    #expect(play.state.detail?.blueprint.mapping(at: path) == "{{upper(1.name)}}")
    #expect(play.state.question == .mappingScope)
  }

  @Test("goes on in its line when it is no mapping yet, or the editor failed")
  func refused() throws {
    var (play, edit) = try opened()
    play.send(.editedOutside(edit, .text("{{upper(1.name}}\n")))
    #expect(play.state.context == .mapping)
    #expect(play.state.typing?.line.text == "{{upper(1.name}}")
    #expect(play.state.typing?.problem?.text.contains("character 15") == true)
    (play, edit) = try opened()
    play.send(.editedOutside(edit, .failed("it ended with 3")))
    #expect(play.state.context == .mapping && play.state.typing?.line.text == "{{1.name}} x")
  }

  @Test("is kept as a change when the program is to end meanwhile")
  func cut() async throws {
    let (play, edit) = try opened()
    let left = LeftEdit(
      edit, store: "orders.db", session: play.state.surroundings.session, text: "{{1.email}}\n")
    let stored = left.stored(digest: "d")
    let read = try #require(LeftEdit.read(stored)).edit.with("{{1.email}}")
    #expect(
      read.purpose
        == .mapping(
          MappingEditor(
            path: ValuePath(module: 5, steps: [.field("name")]), original: nil, field: nil)))
  }
}
