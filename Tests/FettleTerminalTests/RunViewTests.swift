import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("An execution that is looked at", .fewAtOnce)
struct RunViewTests {
  private func play(size: Size = Size(rows: 24, columns: 80)) throws -> ScreenPlay {
    var play = try ScreenPlay(Fixtures.records(), size: size)
    play.runs = try Fixtures.runs()
    play.press(.character("3"), .down, .enter)
    #expect(play.state.context == .run)
    return play
  }

  @Test("/ finds words in what any module was given and gave, n and N go on and round")
  func search() throws {
    var play = try play()
    play.press(.character("g"), .character("/"))
    play.type("ADA")
    play.press(.enter)
    #expect(play.state.shownRun?.cursor == 5)
    #expect(play.state.notice.text.contains("1 of 1 with \"ADA\""))
    play.press(.character("/"), .control("u"))
    play.type("total")
    play.press(.enter)
    var seen: [ModuleID?] = [play.state.shownRun?.cursor]
    for _ in 0..<3 {
      play.press(.character("n"))
      seen.append(play.state.shownRun?.cursor)
    }
    #expect(Set(seen) == [2, 4], "\(seen)")
    let after = play.state.shownRun
    play.press(.character("N"), .character("n"))
    #expect(play.state.shownRun == after)
    play.press(.character("/"), .control("u"))
    play.type("nowhere")
    play.press(.enter)
    #expect(play.state.notice.text.contains("has \"nowhere\""))
  }

  @Test("an aggregator, of which nothing is written down, has run where something came out of it")
  func aggregator() throws {
    let blueprint = try Fixtures.blueprint(
      #"""
      {"name":"A","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        {"id":2,"module":"builtin:BasicFeeder"},
        {"id":3,"module":"builtin:BasicAggregator","parameters":{"feeder":2}},
        {"id":4,"module":"a:Send"},
        {"id":5,"module":"builtin:BasicFeeder"},
        {"id":6,"module":"builtin:BasicAggregator","parameters":{"feeder":5}}]}
      """#)
    func visits(of six: Int, ended: Bool = true) throws -> [ModuleID: ModuleVisit] {
      var summary = try Fixtures.runs()[1].row.summary
      summary.ended = ended ? Fixtures.now : nil
      let row = ExecutionRow(summary: summary, scenarioName: "A", storedCount: 0, number: 1)
      let steps: [(ModuleID, Int)] = [(2, 2), (4, 1), (2, 0), (4, 1)] + [(5, six)]
      let entries = steps.enumerated().map { number, step in
        JournalEntry(
          number: number + 1, module: step.0, date: Fixtures.now,
          step: .finished(
            input: [:], output: OperationOutput(Array(repeating: ["a": 1], count: step.1))))
      }
      let opened = OpenedRun(row: row, blueprint: blueprint, entries: entries)
      return Dictionary(
        uniqueKeysWithValues: RunState.visits(opened).map { ($0.module, $0) })
    }
    let done = try visits(of: 3)
    #expect(done[3]?.passed == 2 && done[3]?.emitted == 2, "\(done)")
    #expect(done[6]?.passed == 3 && done[6]?.emitted == 1, "\(done)")
    #expect(try visits(of: 0)[6]?.emitted == 1)
    #expect(try visits(of: 3, ended: false)[6] == nil, "nobody knows yet")
  }

  @Test("a retry is opened at the module it began with, not at a trigger that did not run in it")
  func retry() throws {
    let warning = try Fixtures.runs()[1]
    var summary = warning.row.summary
    summary.status = .success
    let entries = warning.entries.filter { $0.module == 7 }
    func opened(retryOf: RecordID?) -> OpenedRun {
      var retried = ExecutionSummary(
        id: summary.id, scenario: summary.scenario, origin: .manual, retryOf: retryOf,
        started: summary.started)
      retried.status = .success
      return OpenedRun(
        row: ExecutionRow(
          summary: retried, scenarioName: "Orders", storedCount: 0, number: 1),
        blueprint: warning.blueprint, entries: entries)
    }
    #expect(RunState(opened(retryOf: RecordID("3f2a9c"))).cursor == 7)
  }

  @Test("without words n goes to what failed, as F does")
  func failed() throws {
    var play = try play()
    for key in ["n", "N", "F"] as [Character] {
      play.press(.character("g"))
      #expect(play.state.shownRun?.cursor != 5)
      play.press(.character(key))
      #expect(play.state.shownRun?.cursor == 5, "\(key)")
    }
  }

  @Test("w wraps what is too long for the pane, so that all of it can be read")
  func wrap() throws {
    var play = try play(size: Size(rows: 24, columns: 60))
    #expect(!play.state.frame().text.contains("and is empty"))
    play.press(.character("w"))
    // The end of the message stands in a line of its own.
    #expect(play.state.frame().text.contains("empty"))
    play.press(.character("/"))
    play.type("required")
    play.press(.enter)
    #expect(play.state.shownRun?.cursor == 5)
    play.press(.character("w"))
    #expect(play.state.shownRun?.top == 0)
  }

  @Test("c draws the chain as boxes from 100 columns on, and Esc goes back to the lines")
  func boxes() throws {
    var narrow = try play()
    narrow.press(.character("c"))
    #expect(narrow.state.notice.text == "boxes need 100 columns; this terminal has 80")
    var play = try play(size: Size(rows: 30, columns: 120))
    play.press(.character("c"))
    #expect(play.state.frame().text.contains("┌✓ 2"))
    play.press(.pageDown, .down, .up, .pageUp)
    play.press(.escape)
    #expect(play.state.context == .run)
    #expect(play.state.shownRun?.isBoxes == false)
    play.press(.escape)
    #expect(play.state.context == .history)
  }

  @Test("a click on a module shows what it did")
  func click() throws {
    var play = try play()
    play.send(.mouse(MouseEvent(action: .press, row: 4, column: 2), .module(4)))
    #expect(play.state.shownRun?.cursor == 4)
  }
}
