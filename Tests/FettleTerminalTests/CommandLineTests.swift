import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("The command line", .fewAtOnce)
struct CommandLineTests {
  private func typed(_ line: String, in play: inout ScreenPlay) {
    play.press(.character(":"))
    for character in line { play.press(.character(character)) }
    play.press(.enter)
  }

  @Test("does what a key does, by its word")
  func word() throws {
    var play = try ScreenPlay(Fixtures.records())
    typed("mark", in: &play)
    #expect(play.state.list.marks.count == 1)
    #expect(play.state.typing == nil)
    typed("open", in: &play)
    #expect(play.state.detail != nil)
    typed("show-diff", in: &play)
    #expect(play.state.resumeCheck != nil)
  }

  @Test("says what is wrong and keeps the line")
  func unknown() throws {
    var play = try ScreenPlay(Fixtures.records())
    typed("frobnicate", in: &play)
    #expect(play.state.typing?.line.text == "frobnicate")
    #expect(play.state.typing?.problem?.text.contains("no command \"frobnicate\"") == true)
    play.press(.escape)
    #expect(play.state.typing == nil)
  }

  @Test("a command that cannot be done now says why, as its key does")
  func unavailable() {
    var play = ScreenPlay([])
    typed("resume", in: &play)
    #expect(play.state.notice.text == "resume: there is no record here")
  }

  @Test("Tab completes as far as it is clear, then lists what it could be")
  func completion() throws {
    var play = try ScreenPlay(Fixtures.records())
    play.press(.character(":"), .character("s"), .character("e"), .tab)
    #expect(play.state.typing?.line.text == "set mouse o")
    #expect(play.state.typing?.candidates?.text == "set mouse off  set mouse on")
    play.press(.character("f"), .tab)
    #expect(play.state.typing?.line.text == "set mouse off")
    play.press(.enter)
    #expect(play.effects.contains(.useMouse(false)))
    #expect(!play.state.usesMouse)
  }

  @Test(
    "what could be typed is more than a line has room for: Tab turns to the rest and round",
    arguments: [40, 80, 140])
  func manyCandidates(columns: Int) throws {
    var play = try ScreenPlay(Fixtures.records(), size: Size(rows: 10, columns: columns))
    play.press(.character(":"))
    var shown = ""
    var first: String?
    for _ in 0..<60 {
      play.press(.tab)
      let line = play.state.frame().text.split(separator: "\n").last.map(String.init) ?? ""
      if first == nil { first = line } else if line == first { break }
      shown += line + " "
    }
    for word in TypedCommand.completions(
      of: "", commands: play.state.bindings(.list).map(\.command))
    {
      #expect(shown.contains(word), "\(word) in \(shown)")
    }
  }

  @Test("Up brings back what was typed before, Down goes on to what came after")
  func history() throws {
    var play = try ScreenPlay(Fixtures.records())
    typed("about", in: &play)
    typed("set mouse on", in: &play)
    play.press(.character(":"), .up)
    #expect(play.state.typing?.line.text == "set mouse on")
    play.press(.up)
    #expect(play.state.typing?.line.text == "about")
    play.press(.up, .down)
    #expect(play.state.typing?.line.text == "set mouse on")
    play.press(.down)
    #expect(play.state.typing?.line.text == "")
  }

  @Test("sort takes a column as it stands for the least first, with - for the greatest")
  func sort() throws {
    var play = try ScreenPlay(Fixtures.records())
    for (line, words) in [("sort size", "size"), ("sort -size", "-size"), ("sort size", "size")] {
      typed(line, in: &play)
      #expect(play.state.list.order.description == words)
    }
    typed("sort nonsense", in: &play)
    // What it may be is told as a whole.
    #expect(
      play.state.frame().text.contains(
        "! sort by created, scenario, module, error, next, attempts, size, or -created"),
      "\(play.state.frame().text)")
    play.press(.escape)
    play.scenarios = Fixtures.scenarios()
    play.press(.character("2"))
    typed("sort size", in: &play)
    #expect(play.state.notice.text.contains("s sorts this screen"))
  }

  @Test("about tells the store, the version and the size")
  func about() throws {
    var play = try ScreenPlay(
      Fixtures.records(), surroundings: Surroundings(storeName: "orders.db", version: "9.9"))
    typed("about", in: &play)
    #expect(play.state.notice.text == "Fettle 9.9 · orders.db · 80x24 · UTF-8 · mouse")
  }
}
