import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Quitting while something runs", .fewAtOnce)
struct QuittingTests {
  /// A terminal with a record open that is being resumed, and no end of it yet.
  private func running() throws -> ScreenPlay {
    var play = try ScreenPlay(Fixtures.records())
    let id = try #require(play.state.list.cursor)
    play.state.running = [id]
    play.forgetEffects()
    return play
  }

  private func end(_ play: inout ScreenPlay) throws {
    let id = try #require(play.state.running.first)
    play.send(.record(.resumed(id, .failure(.busy("x")))))
  }

  @Test(
    "is asked about on every way out",
    arguments: [Key.character("q"), .character("Q"), .control("c")])
  func asks(key: Key) throws {
    for isInRecord in [false, true] {
      var play = try running()
      if isInRecord { play.press(.enter) }
      if isInRecord, key == .character("q") {
        play.press(key)
        #expect(play.state.detail == nil, "q closes the record")
      }
      play.press(key)
      #expect(play.state.question == .quitRunning)
      #expect(!play.hasQuit)
      let text = play.state.frame().text
      #expect(text.contains("Running here: the retry of"), "\(text)")
      #expect(text.contains("d interrupts what runs") && text.contains("in doubt"))
      #expect(text.contains("fettled"))
      #expect(text.contains("s quit when it has ended   d quit now   Esc stay"))
      for refusal in [Key.escape, .enter, .character("n"), .character("q"), .control("c")] {
        play.press(refusal)
        #expect(play.state.question == nil)
        #expect(!play.hasQuit)
        play.press(key)
      }
    }
  }

  @Test("s waits for the end and quits then; d quits at once")
  func answers() throws {
    var play = try running()
    play.press(.character("q"), .character("s"))
    #expect(!play.hasQuit)
    #expect(play.state.frame().text.contains("quits when the retry of"))
    try end(&play)
    #expect(play.hasQuit)
    play = try running()
    play.press(.character("Q"), .character("d"))
    #expect(play.hasQuit)
  }

  @Test("Esc on the question asked again calls quitting off")
  func calledOff() throws {
    var play = try running()
    play.press(.character("q"), .character("s"), .character("q"), .escape)
    try end(&play)
    #expect(!play.hasQuit)
    #expect(!play.state.frame().text.contains("quits when"))
  }

  @Test("what ends while it is asked takes the question away only when quitting was meant")
  func endsMeanwhile() throws {
    var play = try running()
    play.press(.character("q"))
    try end(&play)
    #expect(play.state.question == .quitRunning)
    play.press(.character("s"))
    #expect(play.hasQuit)
  }

  @Test("changes that are not saved are asked about behind it, whatever was answered")
  func unsaved() throws {
    for answer in [Key.character("s"), .character("d")] {
      var play = try ScreenPlay(Fixtures.records())
      play.press(.enter, .character("e"), .character("a"), .enter)
      let other = try #require(play.state.list.rows.last?.id)
      play.state.running = [other]
      play.press(.character("Q"))
      #expect(play.state.question == .quitRunning)
      play.press(answer)
      if answer == .character("s") { try end(&play) }
      #expect(play.state.question == .quitUnsaved)
      #expect(!play.hasQuit)
      play.press(.escape)
      #expect(!play.hasQuit)
      play.state.running = []
      play.press(.character("Q"), .character("s"))
      #expect(play.hasQuit)
      #expect(play.effects.contains { if case .record(.amend) = $0 { true } else { false } })
    }
  }

  @Test("an action on many is told with how many are left; s stops it, d does not wait")
  func bulk() throws {
    var play = try ScreenPlay(Fixtures.records())
    var progress = BulkProgress(.resume, total: 400, started: Fixtures.now)
    progress.running = 4
    progress.done = 100
    play.state.bulk = BulkState(progress: progress, isHidden: true)
    play.press(.character("q"))
    let text = play.state.frame().text
    #expect(text.contains("Running here: resume 100/400"), "\(text)")
    #expect(text.contains("after the 4 that run; 296 stay as they are"), "\(text)")
    play.press(.character("s"))
    #expect(play.effects.contains(.bulk(.stop)))
    #expect(!play.hasQuit)
    progress.isOver = true
    progress.isStopped = true
    play.send(.bulk(.progressed(progress)))
    #expect(play.hasQuit)
  }

  @Test("at 40x10 the question is whole")
  func small() throws {
    var play = try running()
    play.send(.resized(Size(rows: 10, columns: 40)))
    play.press(.character("q"))
    let text = play.state.frame().text
    #expect(text.contains("s quit when it ended  d now  Esc stay"), "\(text)")
    #expect(text.contains("d interrupts"), "\(text)")
  }
}
