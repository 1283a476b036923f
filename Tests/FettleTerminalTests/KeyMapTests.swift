import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("The key table", .fewAtOnce)
struct KeyMapTests {
  @Test("binds no key twice on a screen", arguments: KeyContext.allCases)
  func unique(context: KeyContext) {
    let keys = KeyMap.bindings(context).flatMap(\.keys)
    let twice = Dictionary(grouping: keys) { $0 }.filter { $0.value.count > 1 }.keys
    #expect(twice.isEmpty)
  }

  @Test(
    "help lists every key that works", arguments: [KeyContext.list, .detail, .resumeCheck, .diff])
  func help(context: KeyContext) throws {
    var play = try ScreenPlay(Fixtures.records(), size: Size(rows: 90, columns: 120))
    if context != .list { play.press(.enter) }
    if context == .diff { play.press(.character("D")) }
    if context == .resumeCheck {
      play.press(.character("e"), .character("a"), .enter, .character("r"))
    }
    #expect(play.state.context == context)
    play.press(.character("?"))
    let lines = play.state.frame().text
    for binding in KeyMap.bindings(context) {
      #expect(lines.contains(binding.help.text), "\(binding.help)")
      for key in binding.keys { #expect(lines.contains(key.name.text)) }
    }
  }

  @Test("help is searched while one types, and no key of the record is pressed by that")
  func searchedHelp() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character("?"), .character("/"))
    play.forgetEffects()
    play.type("mark r")
    #expect(play.effects.isEmpty && play.state.list.marks.isEmpty)
    var frame = play.state.frame().text
    #expect(frame.contains("/ mark r") && frame.contains("Mark the record"), "\(frame)")
    #expect(!frame.contains("Open the record"))
    play.press(.enter)
    #expect(play.state.context == .help)
    play.press(.escape)
    frame = play.state.frame().text
    #expect(frame.contains("Keys: The list") && frame.contains("Open the record"), "\(frame)")
    play.press(.character("/"))
    play.type("nonsense")
    #expect(play.state.frame().text.contains("No key here has these words"))
    play.press(.escape, .escape)
    #expect(play.state.help == nil)
  }

  @Test("help shows all of its words on a narrow screen")
  func narrowHelp() throws {
    var play = try ScreenPlay(Fixtures.records(), size: Size(rows: 10, columns: 40))
    play.press(.enter, .character("?"))
    let lines = play.state.frame().text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[1].contains("Edit the field under"), "\(lines)")
    #expect(lines[2].contains("cursor"))
    #expect(!play.state.frame().text.contains("…"))
  }

  @Test("a key that does nothing says why")
  func reasons() throws {
    var play = ScreenPlay([])
    play.press(.character("r"))
    #expect(play.state.notice.text == "resume: there is no record here")
    play = try ScreenPlay([Fixtures.record(state: .inProgress)])
    play.press(.character("r"))
    #expect(play.state.notice.text.contains("being retried right now"))
    play.press(.character("%"))
    #expect(play.state.notice.text == "% does nothing here")
  }

  @Test("read-only refuses every key that changes something")
  func readOnly() throws {
    let surroundings = Surroundings(storeName: "orders.db", isReadOnly: true)
    var play = try ScreenPlay(Fixtures.records(), surroundings: surroundings)
    play.press(.enter)
    for key in "ert x+-U" { play.press(.character(key)) }
    play.press(.control("s"))
    let changing = play.effects.filter {
      switch $0 {
      case .record(.amend), .record(.resume), .record(.close), .record(.delete),
        .record(.restore), .record(.setAutoRetry):
        true
      default: false
      }
    }
    #expect(changing.isEmpty)
    #expect(play.state.detail?.drafts.isEmpty == true)
    #expect(play.state.typing == nil)
  }
}
