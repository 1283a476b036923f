import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

/// The key table of the design, row by row: what is pressed, where, and what it is for.
@Suite("The key table of the design", .fewAtOnce)
struct KeyTableTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let keys: String
    let places: [KeyContext]
    let commands: [Command]

    init(_ keys: String, _ places: [KeyContext], _ commands: Command...) {
      self.keys = keys
      self.places = places
      self.commands = commands
    }

    var testDescription: String { keys }
  }

  private static let screens: [KeyContext] = [
    .list, .groups, .scenarios, .history, .run, .auditTrail,
  ]
  private static let tables: [KeyContext] = [.list, .groups, .scenarios, .history, .auditTrail]
  private static let shown = screens + [.detail]
  private static let over: [KeyContext] = [
    .groupEdit, .resumeCheck, .diff, .way, .conflict, .preview, .recordAudit, .picker, .bulk,
  ]
  private static let typing: [KeyContext] = [.line, .commandLine, .value, .mapping, .box]

  static let everywhere: [Row] = [
    Row("j Down", tables + [.detail, .run], .moveDown),
    Row("k Up", tables + [.detail, .run], .moveUp),
    Row("g Home", tables + [.detail, .run], .moveToFirst),
    Row("G End", tables + [.detail, .run], .moveToLast),
    // An execution keeps these for what its module did.
    Row("Ctrl-D", shown, .halfPageDown, .scrollDown),
    Row("Ctrl-U", shown, .halfPageUp, .scrollUp),
    Row("PgDn", shown, .pageDown, .scrollDown), Row("PgUp", shown, .pageUp, .scrollUp),
    // A line of a list unfolds into the screen behind it; only what was drilled into folds again.
    Row("l Right", tables + [.detail], .open, .unfold),
    Row("h Left", [.groups, .run, .detail], .back, .fold),
    Row("Tab Shift-Tab", [.list, .detail], .nextPane),
    Row("1", shown, .showIncomplete), Row("2", shown, .showScenarios),
    Row("3", shown, .showHistory), Row("4", shown, .showLive), Row("5", shown, .showAuditTrail),
    Row("/", tables + [.detail], .filter, .search),
    Row("n", [.detail], .nextProblem), Row("N", [.detail], .previousProblem),
    Row(":", shown, .commandLine),
    Row("?", shown + over, .help), Row("F1", shown + over + typing, .help),
    Row("s", tables, .sortByNext), Row("S", tables, .sortReversed),
    Row("y", shown, .copy),
    Row("p", screens, .hold),
    Row("Ctrl-L", shown + over + typing, .repaint),
    Row("Ctrl-Z", shown + over + typing, .suspend),
    Row("q", shown, .quit), Row("Q", shown, .quitAtOnce),
    Row("Ctrl-C", shown + over + typing, .interrupt, .back),
  ]

  static let listAndDetail: [Row] = [
    Row("Enter", [.list, .detail], .open), Row("Esc", [.list, .detail], .back),
    Row("Space", [.list, .detail], .mark), Row("v", [.list, .detail], .markRange),
    Row("*", [.list, .detail], .markAll), Row("Ctrl-\\", [.list, .detail], .clearMarks),
    Row("r", [.list, .detail], .resume), Row("R", [.list, .detail, .groups], .resumeMarked),
    Row("e", [.list, .detail], .edit), Row("E", [.list, .detail], .editOutside),
    Row("x", [.list, .detail], .closeRecord), Row("t", [.list, .detail], .turnAutoRetry),
    Row("b", [.list, .detail], .groups),
    Row("[", [.list, .detail], .previousRecord), Row("]", [.list, .detail], .nextRecord),
    Row("u", [.list, .detail], .takeBack, .undo),
    // Not in the design's table: a secret is shown by one key, for one field.
    Row("H", [.detail], .reveal),
    Row("a", [.list, .detail], .showRecordAudit), Row("c", [.list, .detail], .chainView),
    Row("z", [.list, .detail], .zoom), Row("w", [.list, .detail], .wrap),
  ]

  static let editor: [Row] = [
    Row("Enter", [.detail], .open), Row("i", [.detail], .edit),
    Row("Ctrl-T", [.detail, .value], .changeType),
    Row("+", [.detail], .add), Row("-", [.detail], .remove),
    Row("Ctrl-E", [.detail, .value, .box], .editOutside), Row("P", [.detail], .pasteJSON),
    Row("u", [.detail], .undo), Row("Ctrl-R", [.detail], .redo),
    Row("U", [.detail], .revertAll), Row("D", [.detail], .showDiff),
    Row("V", [.detail], .dryRun), Row("m", [.detail, .way], .showWay, .mapElsewhere),
    Row("Ctrl-S", [.detail], .save), Row("r", [.detail], .resume),
    Row("Esc", [.detail], .back),
    Row("Alt-Up", [.detail], .shiftUp), Row("Alt-Down", [.detail], .shiftDown),
  ]

  @Test(
    "every row is there, on every screen it names", arguments: everywhere + listAndDetail + editor)
  func row(row: Row) throws {
    for name in row.keys.split(separator: " ") {
      let key = try #require(Self.key(String(name)), "\(name)")
      for place in row.places {
        let binding = KeyMap.bindings(place).first { $0.keys.contains(key) }
        let command = try #require(binding?.command, "\(name) does nothing in \(place)")
        #expect(row.commands.contains(command), "\(name) in \(place) means \(command)")
      }
    }
  }

  private static func key(_ name: String) -> Key? {
    // Named as in the design; F1 and the like are named so in the file of one's own keys too.
    Key(named: name == "Space" || name.count > 1 ? name.lowercased() : name)
  }

  // MARK: What the rows do that is told nowhere else

  @Test("E, c, z, w and Tab on the list open the record and do it there; a shows its audit")
  func onTheList() throws {
    for (key, command) in [
      (Key.character("c"), Command.chainView), (.character("z"), .zoom), (.character("w"), .wrap),
      (.tab, .nextPane),
    ] {
      var listed = try ScreenPlay(Fixtures.records(), size: Size(rows: 45, columns: 140))
      listed.press(key)
      var opened = try ScreenPlay(Fixtures.records(), size: Size(rows: 45, columns: 140))
      opened.press(.enter, key)
      #expect(listed.state.detail?.isZoomed == opened.state.detail?.isZoomed, "\(command)")
      #expect(listed.state.detail?.wraps == opened.state.detail?.wraps, "\(command)")
      #expect(listed.state.detail?.pane == opened.state.detail?.pane, "\(command)")
      #expect(listed.state.detail?.chain.isBoxes == opened.state.detail?.chain.isBoxes)
    }
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("E"))
    #expect(play.effects.contains { if case .editOutside = $0 { true } else { false } })
    play = try ScreenPlay(Fixtures.records())
    play.press(.character("a"))
    #expect(play.state.context == .recordAudit)
    play.press(.escape)
    #expect(play.state.context == .list)
  }

  @Test(
    "/ in a record looks through names and values, folded ones too; n and N go on, around the end")
  func searchInData() throws {
    let bundle: Collection = [
      "name": "Spring brochure", "order": ["lines": [["title": "SPRING sale"], ["title": "x"]]],
      "spring": 1,
    ]
    var play = try ScreenPlay([Fixtures.record(bundle: bundle)])
    play.press(.enter, .character("/"))
    play.type("spring")
    play.press(.enter)
    var found: [String] = []
    for _ in 0..<4 {
      found.append(play.state.detail?.cursor.text(failer: 2) ?? "")
      play.press(.character("n"))
    }
    let places = Set(found)
    #expect(places.contains("1.name") && places.contains("1.spring"), "\(found)")
    #expect(places.contains { $0.hasSuffix("title") }, "\(found)")
    play.press(.character("N"))
    #expect(places.contains(play.state.detail?.cursor.text(failer: 2) ?? ""))
    play.press(.character("/"), .control("u"))
    play.type("nowhere")
    play.press(.enter)
    #expect(play.state.notice.text.contains("no field has"))
  }

  @Test("the data of a secret field is not found by looking for it")
  func searchForSecret() throws {
    var play = try ScreenPlay([Fixtures.record(bundle: ["name": "Ada", "token": "hunter2"])])
    play.press(.enter, .character("/"))
    play.type("hunter")
    play.press(.enter)
    #expect(play.state.notice.text.contains("no field has"))
  }

  @Test("a digit leads from a record to its screen, unless changes would be lost")
  func digits() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.enter, .character("3"))
    #expect(play.state.context == .history)
    play = try ScreenPlay(Fixtures.records())
    play.press(.enter, .character("e"), .character("a"), .enter, .character("3"))
    #expect(play.state.context == .detail)
    #expect(play.state.notice.text.contains("not saved"))
  }

  @Test("Ctrl-T on a field begins to edit it with the next type")
  func type() throws {
    var play = try ScreenPlay([Fixtures.record(bundle: ["name": "Ada", "email": ""])])
    play.press(.enter, .character("e"))
    let kind = try #require(play.state.typing?.editor?.kind)
    play.press(.escape, .control("t"))
    #expect(play.state.typing?.editor?.kind != kind)
    #expect(play.state.context == .value)
  }

  @Test("s, S, / and p do on the other screens what they do on the list")
  func tables() throws {
    var play = try KeyFlows.play()
    play.press(.character("3"))
    let before = play.state.history.rows.map(\.summary.id)
    try #require(before.count > 1)
    play.press(.character("S"))
    #expect(play.state.history.rows.map(\.summary.id) == before.reversed())
    play.press(.character("S"), .character("/"))
    play.type(String(before[1].prefix(6)))
    #expect(play.state.history.rows.map(\.summary.id) == [before[1]])
    play.press(.escape)
    #expect(play.state.history.rows.map(\.summary.id) == before)
    play.press(.character("p"))
    play.forgetEffects()
    play.send(.ticked(Fixtures.now))
    #expect(!play.effects.contains { if case .history = $0 { true } else { false } })
    play.press(.character("p"))
    #expect(play.effects.contains { if case .history = $0 { true } else { false } })
    play.press(.character("y"), .character("i"))
    #expect(play.effects.contains(.copy(play.state.history.selected?.summary.id ?? "")))
  }

  @Test(
    "what is taken away leaves the cursor on what comes after it, at the end on what came before")
  func remove() throws {
    let bundle: Collection = ["name": "Ada", "email": "", "list": ["a", "b", "c"], "z": 1]
    var play = try ScreenPlay([Fixtures.record(bundle: bundle)])
    play.press(.enter)
    func remove(_ path: ValuePath) -> String {
      play.state.detail?.go(to: .bundle(path))
      play.press(.character("-"))
      return play.state.detail?.cursor.text(failer: 2) ?? ""
    }
    let list = ValuePath(module: 1, steps: [.field("list")])
    #expect(remove(list.appending(.element(2))) == "1.list[2]")
    #expect(remove(list.appending(.element(2))) == "1.list[1]")
    #expect(remove(list) == "1.z")
    #expect(remove(ValuePath(module: 1, steps: [.field("z")])) == "1.email")
  }

  @Test("read-only is the reason every changing key gives, whatever else there is")
  func readOnly() throws {
    var play = try ScreenPlay(
      Fixtures.records(), surroundings: Surroundings(storeName: "orders.db", isReadOnly: true))
    for key in [Key.character("u"), .character("X"), .character("R")] {
      play.press(key)
      #expect(play.state.notice.text.contains("--read-only"), "\(key.name.text) on the list")
    }
    play.press(.enter)
    for key in [
      Key.control("s"), .control("r"), .character("u"), .character("U"), .character("e"),
      .character("-"), .character("+"), .character("P"), .control("t"), .control("e"),
    ] {
      play.press(key)
      #expect(play.state.notice.text.contains("--read-only"), "\(key.name.text) in a record")
    }
  }
}
