import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("One's own keys", .fewAtOnce)
struct OwnKeysTests {
  private func play(_ keys: String) throws -> ScreenPlay {
    try ScreenPlay(
      Fixtures.records(),
      surroundings: Surroundings(keys: KeyRemapping(parsing: keys)))
  }

  @Test("a key of the file does what the file says, and the usual keys go on working")
  func added() throws {
    var play = try play("# mine\nlist ctrl-a mark\n\nlist x none\n")
    play.press(.control("a"))
    #expect(play.state.list.marks.count == 1)
    play.press(.character(" "))
    #expect(play.state.list.marks.count == 2)
    play.press(.character("x"))
    #expect(play.state.question == nil)
    #expect(play.state.notice.text == "x does nothing here")
  }

  @Test("a key takes the place of what it did")
  func replaced() throws {
    var play = try play("list j move-up\nlist k move-down")
    let first = play.state.list.cursor
    play.press(.character("k"))
    #expect(play.state.list.cursor != first)
    play.press(.character("j"))
    #expect(play.state.list.cursor == first)
  }

  @Test("help and the bottom line name the own key first")
  func shown() throws {
    var play = try play("list ctrl-a open")
    #expect(play.state.frame().text.contains("Ctrl-A open"))
    play.press(.character("?"))
    #expect(play.state.frame().text.contains("Ctrl-A Enter"))
  }

  @Test(
    "a line that cannot be used is named with what may stand there",
    arguments: [
      ("list ctrl-a", 1, "SCREEN KEY COMMAND"),
      ("\nlisst a mark", 2, "there is no screen \"lisst\"; there are list"),
      ("list hyper-a mark", 1, "there is no key \"hyper-a\""),
      ("list a mark\nlist a open", 2, "a command on list already, from line 1"),
      ("list a bark", 1, "list has no command \"bark\"; it has"),
      (
        "help esc none\nhelp q none\nhelp ? none\nhelp enter none\nhelp ctrl-c none", 5, "leads out"
      ),
    ])
  func refused(text: String, line: Int, what: String) {
    do {
      _ = try KeyRemapping(parsing: text)
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.line == line)
      #expect(error.description.contains(what), "\(error.description)")
    }
  }

  @Test("the file that is wrong is named, with what to do about it")
  func namedFile() {
    var options = TerminalOptions()
    options.keys = "\nlisst a mark"
    options.keysPath = "/home/ada/.config/fettle/keys"
    do {
      _ = try Terminal.run(storeName: "", options: options) { () throws(StoreError) in
        throw .missing(path: "")
      }
      Issue.record("it was taken")
    } catch {
      #expect(error.description.contains("/home/ada/.config/fettle/keys:2: there is no screen"))
      #expect(error.description.contains("mend the line, put # before it, or move the file away"))
    }
  }

  @Test("every key has a name that the file can hold", arguments: KeyContext.allCases)
  func names(context: KeyContext) {
    for key in KeyMap.bindings(context).flatMap(\.keys) where key != .unknown {
      let written = key.name.text.replacing("↑", with: "up").replacing("↓", with: "down")
      #expect(Key(named: written == "" ? " " : written) == key, "\(written)")
    }
  }
}
