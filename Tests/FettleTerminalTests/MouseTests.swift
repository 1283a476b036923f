import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("The mouse", .fewAtOnce)
struct MouseTests {
  /// Clicks on the first place where a text stands.
  private func click(
    _ action: MouseEvent.Action = .press, on text: String, in play: inout ScreenPlay
  ) throws {
    let frame = play.state.frame()
    let lines = frame.text.split(separator: "\n", omittingEmptySubsequences: false)
    let row = try #require(lines.firstIndex { $0.contains(text) }, "\(text) is not shown")
    let before = try #require(lines[row].firstRange(of: text)).lowerBound
    let column = SafeText(own: String(lines[row][..<before])).width
    play.send(
      .mouse(
        MouseEvent(action: action, row: row, column: column),
        frame.target(row: row, column: column)))
  }

  @Test("a click moves the cursor, a double click opens, Esc named below goes back when clicked")
  func open() throws {
    var play = try ScreenPlay(Fixtures.records())
    let row = play.state.list.rows[2]
    try click(on: "Leads nightly", in: &play)
    #expect(play.state.list.cursor == row.id)
    #expect(play.state.detail == nil)
    try click(.doublePress, on: "Leads nightly", in: &play)
    #expect(play.state.detail?.record.id == row.id)
    try click(on: "Esc back", in: &play)
    #expect(play.state.detail == nil)
  }

  @Test("a click selects a module or a field and the pane it is in; a double click edits")
  func detail() throws {
    var play = try ScreenPlay(Fixtures.records(), size: Size(rows: 40, columns: 120))
    play.press(.enter)
    try click(on: "6 ", in: &play)
    #expect(play.state.detail?.pane == .chain)
    #expect(play.state.detail?.chain.cursor == 6)
    try click(.doublePress, on: "token", in: &play)
    #expect(play.state.detail?.pane == .bundles)
  }

  @Test("the wheel moves three lines in the pane under it")
  func wheel() throws {
    var play = try ScreenPlay(Fixtures.records())
    try click(.wheelDown, on: "Data ", in: &play)
    #expect(play.state.list.index == 3)
    try click(.wheelUp, on: "Data ", in: &play)
    #expect(play.state.list.index == 0)
  }

  @Test("a click on the head of a column sorts by it, another one turns the order round")
  func heads() throws {
    var play = try ScreenPlay(Fixtures.records(), size: Size(rows: 45, columns: 140))
    let heads = [
      ("CREATED", "created"), ("SCENARIO", "scenario"), ("FAILED MODULE", "module"),
      ("ERROR", "error"), ("RETRY", "next"), ("  TRY", "attempts"), ("SIZE", "size"),
    ]
    play.press(.character("s"))
    for (head, column) in heads {
      try click(on: head, in: &play)
      #expect(play.state.list.order.column.rawValue == column)
      let isDescending = play.state.list.order.isDescending
      try click(on: head, in: &play)
      #expect(play.state.list.order.isDescending == !isDescending)
    }
  }

  @Test("a click moves the cursor of every other list, a double click opens")
  func tables() throws {
    for key: Character in ["2", "3", "5", "b"] {
      var play = try KeyFlows.play()
      play.press(.character(key))
      let first = play.state.frame().cursor
      let row = first.row + 1
      func click(_ action: MouseEvent.Action) {
        let target = play.state.frame().target(row: row, column: 9)
        play.send(.mouse(MouseEvent(action: action, row: row, column: 9), target))
      }
      click(.press)
      #expect(play.state.frame().cursor.row == row, "\(key)")
      let before = play.state.frame().text
      click(.doublePress)
      #expect(play.state.frame().text != before, "\(key)")
    }
  }

  @Test("a click beside a question answers nothing")
  func question() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("x"))
    let asked = play.state.question
    #expect(asked != nil)
    try click(.doublePress, on: "Leads nightly", in: &play)
    #expect(play.state.question == asked)
    #expect(play.state.detail == nil)
  }

  @Test("two presses are double on one place within a short time only")
  func double() {
    let event = MouseEvent(action: .press, row: 3, column: 9)
    var counter = ClickCounter()
    #expect(counter.counted(event, at: 0).action == .press)
    #expect(counter.counted(event, at: 300).action == .doublePress)
    #expect(counter.counted(event, at: 350).action == .press, "a third one begins anew")
    #expect(counter.counted(event, at: 1000).action == .press)
    let elsewhere = MouseEvent(action: .press, row: 4, column: 9)
    #expect(counter.counted(elsewhere, at: 1050).action == .press)
  }
}

@Suite("Copying", .fewAtOnce)
struct CopyTests {
  private func copied(_ keys: Key...) throws -> [Effect] {
    var play = try ScreenPlay([
      Fixtures.record(bundle: ["name": "a\u{1B}b\nc", "token": "hunter2"])
    ])
    play.press(.enter)
    play.press(.home)
    for _ in 0..<12 where !play.state.frame().text.isEmpty {
      if play.state.detail?.cursor == .bundle(ValuePath(module: 1, steps: [.field("name")])) {
        break
      }
      play.press(.down)
    }
    for key in keys { play.press(key) }
    return play.effects.filter { if case .copy = $0 { true } else { false } }
  }

  @Test("y asks what: a value, its path, the id, JSON; what would drive a terminal is visible")
  func kinds() throws {
    #expect(try copied(.character("y"), .character("v")) == [.copy("a␛b\nc")])
    #expect(try copied(.character("y"), .character("p")) == [.copy("1.name")])
    #expect(try copied(.character("y"), .character("j")) == [.copy(#""a\u001bb\nc""#)])
    #expect(try copied(.character("y"), .escape).isEmpty)
    let id = try Fixtures.record().id.text
    #expect(try copied(.character("y"), .character("i")) == [.copy(id)])
  }

  @Test("a secret field is not copied")
  func secret() throws {
    #expect(try copied(.down, .character("y"), .character("v")).isEmpty)
  }

  @Test("nor is it with the bundle it stands in, or written into a file for $EDITOR with it")
  func secretWithin() throws {
    var play = try ScreenPlay([
      Fixtures.record(bundle: ["name": "Ada", "token": "hunter2", "note": "so: hunter2"])
    ])
    play.press(.enter)
    play.state.detail?.go(to: .bundle(ValuePath(module: 1)))
    play.press(.character("y"), .character("j"))
    let copied = play.effects.compactMap { if case .copy(let text) = $0 { text } else { nil } }
    #expect(copied.count == 1)
    #expect(copied.first?.contains("Ada") == true && copied.first?.contains("hunter2") == false)
    play.press(.control("e"))
    #expect(!play.effects.contains { if case .editOutside = $0 { true } else { false } })
    #expect(play.state.notice.text.contains("1.token in it is secret"))
    // Asked for, it is there.
    play.state.detail?.go(to: .bundle(ValuePath(module: 1, steps: [.field("token")])))
    play.press(.character("H"))
    play.state.detail?.go(to: .bundle(ValuePath(module: 1)))
    play.press(.control("e"))
    #expect(play.effects.contains { if case .editOutside = $0 { true } else { false } })
  }
}
