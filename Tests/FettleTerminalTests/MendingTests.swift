import FettleCore
import FettleEngine
import FettleTestKit
import Glibc
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

  @Test("half a move is not given up: who takes theirs keeps every element")
  func move() throws {
    let list = ValuePath(module: 1, steps: [.field("list")])
    var play = ScreenPlay([
      try Fixtures.record(bundle: ["name": "Ada", "email": "x", "list": ["a", "b"]])
    ])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(list.appending(.element(1))))
    play.press(.altDown)
    let second = list.appending(.element(2))
    _ = play.store.appendNow(
      [BundleEdit(path: second, old: "b", new: "theirs", author: "grace", date: Fixtures.now)],
      to: try Fixtures.record().id, version: 1)
    play.press(.control("s"), .character("t"), .enter)
    #expect(play.state.detail?.bundles.value(at: list) == ["a", "theirs"])
  }

  @Test("of whole collections it is told what differs in them")
  func collections() throws {
    let who = ValuePath(module: 1, steps: [.field("who")])
    var play = ScreenPlay([
      try Fixtures.record(
        bundle: ["name": "Ada", "email": "x", "who": ["first": "Ada", "last": "L"]])
    ])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(who.appending(.field("first"))))
    play.press(.character("="), .control("u"))
    play.type("given")
    play.press(.enter)
    _ = play.store.appendNow(
      [
        BundleEdit(
          path: who.appending(.field("first")), old: "Ada", new: "Augusta", author: "grace",
          date: Fixtures.now)
      ], to: try Fixtures.record().id, version: 1)
    play.press(.control("s"))
    let lines = play.state.conflictLines.map { $0.text.text.trimmed }
    #expect(lines.contains("~ 1.who.first  text \"Ada\"  →  text \"Augusta\""))
    #expect(lines.contains("+ 1.who.given  nothing  →  text \"Ada\""))
  }

  private static let list = ValuePath(module: 1, steps: [.field("list")])

  private static func element(_ number: Int) -> ValuePath { list.appending(.element(number)) }

  /// A record with a list, what is done to it here, and what another saves meanwhile.
  private func both(
    _ keys: [Key], at place: ValuePath = list, typing text: String = "",
    theirs: [(ValuePath, Value?)], isAfterCrash: Bool = false
  ) throws -> ScreenPlay {
    var play = ScreenPlay([
      try Fixtures.record(
        bundle: ["name": "Ada", "email": "x", "list": ["a", "b", "c"], "who": ["first": "A"]])
    ])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(place))
    for key in keys { play.press(key) }
    if !text.isEmpty {
      play.press(.control("u"))
      play.type(text)
      play.press(.enter)
    }
    var bundles = try #require(play.store.recordNow(Fixtures.record().id)).bundles
    let edits = try theirs.map {
      try bundles.write(
        $0.1, at: $0.0, author: "grace", date: Fixtures.now.advanced(bySeconds: 60))
    }
    _ = play.store.appendNow(edits, to: try Fixtures.record().id, version: 1)
    if isAfterCrash {
      play.restart(Surroundings(storeName: "orders.db"))
      play.press(.enter)
    } else {
      play.press(.control("s"))
    }
    return play
  }

  private func saved(_ play: inout ScreenPlay, at path: ValuePath = list) throws -> Value? {
    play.press(.control("s"))
    return try #require(play.store.recordNow(Fixtures.record().id)).bundles.value(at: path)
  }

  @Test("who both append to one array both have what they appended", arguments: [false, true])
  func appended(isAfterCrash: Bool) throws {
    var play = try both(
      [.character("+")], typing: "mine", theirs: [(Self.element(4), "theirs")],
      isAfterCrash: isAfterCrash)
    #expect(play.state.conflict == nil)
    #expect(try saved(&play) == ["a", "b", "c", "theirs", "mine"])
  }

  @Test("what was appended here and changed again is changed where it is now")
  func appendedAndChanged() throws {
    var play = try both(
      [.character("+")] + "mine".map { .character($0) } + [.enter, .character("e")], typing: "own",
      theirs: [(Self.element(4), "theirs"), (Self.element(5), "more")])
    #expect(play.state.conflict == nil)
    #expect(try saved(&play) == ["a", "b", "c", "theirs", "more", "own"])
  }

  @Test("one appends and the other changes, moves or takes away another element: both is kept")
  func appendedAndElsewhere() throws {
    var play = try both([.character("+")], typing: "mine", theirs: [(Self.element(2), "B")])
    #expect(try saved(&play) == ["a", "B", "c", "mine"])
    play = try both(
      [.character("e")], at: Self.element(2), typing: "B", theirs: [(Self.element(4), "d")])
    #expect(try saved(&play) == ["a", "B", "c", "d"])
    play = try both([.character("-")], at: Self.element(1), theirs: [(Self.element(4), "d")])
    #expect(try saved(&play) == ["b", "c", "d"])
    play = try both(
      [.altDown], at: Self.element(1), theirs: [(Self.element(3), "C"), (Self.element(4), "d")])
    #expect(try saved(&play) == ["b", "a", "C", "d"])
    play = try both([.character("+")], typing: "mine", theirs: [(Self.element(1), nil)])
    #expect(try saved(&play) == ["b", "c", "mine"])
  }

  @Test("what both did just the same is done once")
  func same() throws {
    var play = try both([.character("-")], at: Self.element(2), theirs: [(Self.element(2), nil)])
    #expect(play.state.conflict == nil)
    #expect(try saved(&play) == ["a", "c"])
    play = try both([.character("+")], typing: "d", theirs: [(Self.element(4), "d")])
    #expect(play.state.conflict == nil)
    #expect(try saved(&play) == ["a", "b", "c", "d"])
  }

  @Test("an element behind one that others took away is asked about: its number means another")
  func shifted() throws {
    var play = try both(
      [.character("e")], at: Self.element(3), typing: "C", theirs: [(Self.element(1), nil)])
    #expect(play.state.conflict?.fields.map(\.draft.path) == [Self.element(3)])
    play.press(.character("t"), .enter)
    #expect(play.state.detail?.bundles.value(at: Self.list) == ["b", "c"])
  }

  @Test("a field that is renamed and another that others add are both there")
  func renamedAndAdded() throws {
    let who = ValuePath(module: 1, steps: [.field("who")])
    var play = try both(
      [.character("=")], at: who.appending(.field("first")), typing: "given",
      theirs: [(who.appending(.field("last")), "L")])
    #expect(play.state.conflict == nil)
    #expect(try saved(&play, at: who) == ["given": "A", "last": "L"])
  }

  @Test("of one array an element is asked about, and what was appended is kept either way")
  func partly() throws {
    var play = try both(
      [.character("+")] + "mine".map { .character($0) } + [.enter, .up, .up, .character("e")],
      typing: "B", theirs: [(Self.element(2), "theirs"), (Self.element(4), "d")])
    #expect(play.state.conflict?.fields.map(\.draft.path) == [Self.element(2)])
    play.press(.character("t"), .enter)
    #expect(play.state.detail?.bundles.value(at: Self.list) == ["a", "theirs", "c", "d", "mine"])
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

@Suite("The diff of whole arrays and collections", .fewAtOnce)
struct DiffInsideTests {
  private func lines(_ old: Value, _ new: Value) throws -> [String] {
    var play = ScreenPlay([try Fixtures.record(bundle: ["name": "Ada", "email": "x", "v": old])])
    play.press(.enter)
    _ = play.state.keep([Draft(path: ValuePath(module: 1, steps: [.field("v")]), value: new)])
    play.press(.character("D"))
    return play.state.resumeCheckLines.map(\.text.text)
  }

  @Test("tells which element went and which came, not only how many there are")
  func elements() throws {
    #expect(
      try lines(["a", "b", "c"], ["a", "c"]) == [
        "~ 1.v  [3]  →  [2]", "  - 1.v[2]  text \"b\"  →  taken away",
      ])
    #expect(
      try lines(["a", "b"], ["a", "x", "b", "y"]) == [
        "~ 1.v  [2]  →  [4]", "  ~ 1.v[2]  text \"b\"  →  text \"x\"",
        "  + 1.v[3]  nothing  →  text \"b\"", "  + 1.v[4]  nothing  →  text \"y\"",
      ])
  }

  @Test("tells what is in a collection that was put there")
  func fields() throws {
    #expect(
      try lines("a", ["b": ["c": 1, "d": []], "e": .null]) == [
        "~ 1.v  text \"a\"  →  {2}", "  + 1.v.b.c  nothing  →  num 1",
        "  + 1.v.b.d  nothing  →  [0]", "  + 1.v.e  nothing  →  null",
      ])
  }

  @Test("ends somewhere")
  func many() throws {
    let lines = try lines("a", .array((1...1000).map { .integer($0) }))
    #expect(lines.count == 102 && lines.last == "  … and more")
  }
}

@Suite("A program in the place of $EDITOR", .fewAtOnce)
struct TirelessEditorTests {
  @Test("that leaves no JSON again and again is not started for ever")
  func ends() throws {
    var play = ScreenPlay([try Fixtures.record(bundle: ["name": "Ada", "email": "x", "n": 1])])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(ValuePath(module: 1, steps: [.field("n")])))
    play.press(.control("e"))
    var starts = 0
    while starts < 1000 {
      let edit = play.effects.compactMap {
        if case .editOutside(let edit) = $0 { edit } else { nil }
      }.last
      guard let edit else { break }
      starts += 1
      play.forgetEffects()
      play.send(.editedOutside(edit, .text(edit.text + "x")))
    }
    #expect(starts > 5 && starts < 100)
    #expect(play.state.detail?.drafts.isEmpty == true)
  }

  @Test("that leaves what is no JSON as it was says so once more, not that nothing was changed")
  func leftAsItWas() throws {
    var play = ScreenPlay([try Fixtures.record(bundle: ["name": "Ada", "email": "x", "n": 1])])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(ValuePath(module: 1, steps: [.field("n")])))
    play.press(.control("e"))
    for text in ["{", "{"] {
      let edit = play.effects.compactMap {
        if case .editOutside(let edit) = $0 { edit } else { nil }
      }.last
      play.send(.editedOutside(try #require(edit), .text(text)))
    }
    #expect(play.state.notice.text.contains("no JSON"))
    #expect(play.state.detail?.drafts.isEmpty == true)
  }
}

@Suite("A record that may have arrived", .fewAtOnce)
struct DoubtTests {
  @Test("is asked about before it is resumed, changed or not", arguments: [false, true])
  func asked(isChanged: Bool) throws {
    var record = try Fixtures.record(bundle: ["name": "Ada", "email": "x"])
    record.error.stage = .inDoubt
    if isChanged {
      let edit = try record.originalBundles.adding([:], of: 99).edited(
        ValuePath(module: 1, steps: [.field("name")]), "Grace")
      record.edits = [edit]
    }
    var play = ScreenPlay([record])
    play.press(.character("r"))
    #expect(play.state.question == .inDoubt(record.id))
    play.press(.escape)
    #expect(play.state.question == nil && play.state.resumeCheck == nil)
    play.press(.character("r"), .character("s"))
    // What was changed is shown first; what was not runs.
    #expect((play.state.resumeCheck != nil) == isChanged)
  }
}

extension VisibleBundles {
  fileprivate func edited(_ path: ValuePath, _ value: Value) throws -> BundleEdit {
    var bundles = self
    return try bundles.write(value, at: path, author: "grace", date: Fixtures.now)
  }
}

@Suite("A record that is mended elsewhere", .fewAtOnce)
struct LinkedRecordTests {
  @Test("says first where, however long its message is", arguments: [false, true])
  func link(isSuccessor: Bool) throws {
    let other = try Fixtures.record(2)
    var record = try Fixtures.record()
    let message = String(repeating: "a long message of the scenario it called ", count: 9)
    record.error = ModuleError(.connection, message, awaiting: other.id)
    if isSuccessor { record.successor = other.id }
    var play = ScreenPlay([record, other])
    play.state.list.cursor = record.id
    play.press(.enter)
    let words = isSuccessor ? "Goes on as" : "Waits for"
    #expect(play.state.frame().text.contains("\(words) \(other.id.short) (L opens it)"))
    play.press(.character("L"))
    #expect(play.state.detail?.record.id == other.id)
  }
}

@Suite("A date that is typed", .fewAtOnce)
struct SteppedDateTests {
  @Test("is stepped through behind a space too, at the part under the cursor")
  func behindSpace() {
    #expect(TypedDate.stepped(" 2026-03-02", cursor: 3, by: 1) == " 2027-03-02")
    #expect(TypedDate.stepped(" 2026-03-02", cursor: 7, by: 1) == " 2026-04-02")
    #expect(TypedDate.stepped("2026-03-02", cursor: 10, by: -2) == "2026-02-28")
  }
}

@Suite("The key line", .fewAtOnce)
struct WayOutTests {
  @Test("names the way out however narrow it is", arguments: KeyContext.allCases)
  func wayOut(context: KeyContext) throws {
    let play = try #require(try KeyFlows.at(context, size: Size(rows: 10, columns: 40)))
    let isNamed = KeyMap.bindings(context).contains {
      $0.keys.first == .escape && !$0.name.isEmpty && $0.unavailable(play.state) == nil
    }
    guard isNamed, play.state.notice.isEmpty else { return }
    let last = play.state.frame().text.split(separator: "\n").last.map(String.init) ?? ""
    #expect(last.contains("Esc"), "\(last)")
  }
}

@Suite("The path of a file", .fewAtOnce)
struct TypedPathTests {
  @Test("begins in the home of the user where it is written so")
  func home() throws {
    let home = try #require(getenv("HOME").map { String(cString: $0) })
    #expect(FileContent.path(typed: "~/a b") == home + "/a b")
    #expect(FileContent.path(typed: "/x/~/a") == "/x/~/a")
    #expect(FileContent.path(typed: "~x/a") == "~x/a")
  }
}

@Suite("A long line", .fewAtOnce)
struct LongLineTests {
  @Test("shows what is typed at its end and at its start, however long it is")
  func bothEnds() throws {
    var play = ScreenPlay([try Fixtures.record(bundle: ["name": "Ada", "email": "x"])])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(ValuePath(module: 1, steps: [.field("name")])))
    play.press(.character("e"))
    play.send(.pasted(String(repeating: "y", count: 60_000)))
    play.type("END")
    #expect(play.state.frame().text.contains("yyyEND"))
    play.press(.home)
    play.type("START")
    #expect(play.state.frame().text.contains("STARTAdayyy"))
  }
}
