import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Stopping a run", .fewAtOnce)
struct StopRunTests {
  private func play() throws -> ScreenPlay {
    var play = try ScreenPlay(Fixtures.records())
    play.runs = try Fixtures.runs()
    return play
  }

  @Test("K asks for the id, says that nothing brings it back, and then who asked")
  func stop() throws {
    var play = try play()
    play.press(.character("4"), .character("K"))
    #expect(
      play.state.frame().text.contains("There is no way back. Type 88131f00 to stop the run:"))
    play.type("88131f0")
    play.press(.enter)
    #expect(!play.effects.contains(.history(.stop("88131f00"))))
    play.type("0")
    play.press(.enter)
    #expect(play.effects.contains(.history(.stop("88131f00"))))
    let text = play.state.frame().text
    #expect(text.contains("stopping, ada asked") && text.contains("it stops after the operation"))
    play.press(.character("K"))
    #expect(play.state.notice.text.contains("it is asked to stop already"))
  }

  @Test("the id that has to be typed is whole on the narrowest screen")
  func narrow() throws {
    var play = try ScreenPlay(Fixtures.records(), size: Size(rows: 10, columns: 40))
    play.runs = try Fixtures.runs()
    play.press(.character("4"), .character("K"))
    play.type("88131f00")
    #expect(play.state.frame().text.contains("No way back: type 88131f00 88131f00"))
  }

  @Test("Esc lets it run; what has ended cannot be stopped")
  func not() throws {
    var play = try play()
    play.press(.character("4"), .character("K"), .escape)
    play.press(.character("3"), .down, .enter, .character("K"))
    #expect(play.state.notice.text == "stop: it has ended")
    #expect(!play.effects.contains { if case .history(.stop) = $0 { true } else { false } })
  }
}

@Suite("What is seen of a record", .fewAtOnce)
struct RecordSightTests {
  @Test("the chain of a resolved record tells what the retry ran, and how it came there stays")
  func retried() throws {
    let record = try Fixtures.record(state: .resolved)
    var play = ScreenPlay([record])
    play.retryVisits = [
      ModuleVisit(module: 1, emitted: 7), ModuleVisit(module: 6, seen: 1, passed: 1, emitted: 1),
    ]
    play.press(.character(":"))
    play.type("filter status:all")
    play.press(.enter, .enter)
    let lines = play.state.frame().text.split(separator: "\n")
    let slack = try #require(lines.first { $0.contains("6 slack") })
    #expect(slack.contains("✓") && slack.contains("1 → 1"), "\(slack)")
    #expect(lines.contains { $0.contains("1 New order") && $0.contains("out 1") })
  }

  @Test("a record whose earlier writes were undone says so, and r asks where it shall go on")
  func undone() throws {
    let record = try Fixtures.record(
      bundle: ["name": "Ada", "email": "ada@example.org", "token": "x", "total": 120])
    for isFirst in [true, false] {
      var play = ScreenPlay([record])
      play.undoneFrom = 4
      play.state.list.previews = [:]
      play.press(.character("r"))
      // No key of the list runs it on unasked.
      #expect(play.store.recordNow(record.id)?.summary.state == .unresolved)
      let text = play.state.frame().text
      #expect(text.contains("What module 4 wrote was rolled back:  f go on there"))
      #expect(text.contains("What module 4 wrote to data stores was rolled back since"))
      let asked = play.state.detail
      play.press(.character(isFirst ? "f" : "h"))
      if isFirst {
        #expect(play.state.context == .resumeCheck && play.state.detail?.restart == 4)
        // The input beside the chain stays that of the failed module.
        #expect(play.state.detail?.tree == asked?.tree)
        play.press(.escape)
        #expect(play.state.detail?.restart == nil)
        #expect(play.state.detail?.check == asked?.check)
        #expect(play.state.detail?.tree == asked?.tree)
      } else {
        #expect(play.store.recordNow(record.id)?.summary.state == .resolved)
      }
    }
  }

  @Test("what is told of a retry masks what the service repeats of a secret")
  func masked() throws {
    let record = try Fixtures.record(reason: "no user with hunter2")
    var play = ScreenPlay([record])
    play.press(.character("r"))
    #expect(play.state.notice.text.contains("failed again"), "\(play.state.notice.text)")
    #expect(play.state.notice.text.contains("no user with ••••"))
    play.press(.enter)
    #expect(!play.state.frame().text.contains("hunter2"))
    play.press(.character("a"))
    #expect(!play.state.frame().text.contains("hunter2"))
  }

  @Test("w wraps a long value under its field and puts it on one line again")
  func wrap() throws {
    let words = (1...60).map { "word\($0)" }.joined(separator: " ")
    let record = try Fixtures.record(bundle: ["name": .text(words), "token": "hunter2"])
    var play = ScreenPlay([record], size: Size(rows: 45, columns: 100))
    play.press(.enter)
    #expect(!play.state.frame().text.contains("word60"))
    play.press(.character("w"))
    let wrapped = play.state.frame().text
    #expect(wrapped.contains("word60") && !wrapped.contains("hunter2"))
    play.send(.resized(Size(rows: 45, columns: 140)))
    #expect(play.state.frame().text.contains("word60"))
    play.press(.character("w"))
    #expect(!play.state.frame().text.contains("word60"))
  }

  @Test("what somebody else changed blinks once and settles; the cursor does not")
  func blink() throws {
    var play = try ScreenPlay((1...5).map { try Fixtures.record($0) })
    let changed = try Fixtures.record(3)
    _ = play.store.moveNow(
      changed.id, version: nil,
      RecordChange(
        .autoRetryTurnedOn, nextRetry: Fixtures.now.advanced(bySeconds: 60), author: "grace",
        date: Fixtures.now))
    let page = play.store.pageNow(RecordFilter(), .first, limit: 400)
    let effects = play.state.update(
      .list(
        .pageLoaded(.refresh, token: play.state.list.token, limit: 400, .success(page))))
    #expect(play.state.list.blinking == [changed.id])
    #expect(effects.contains(.list(.settleBlink(play.state.list.blink))))
    let row = try #require(
      (0..<24).first { row in
        play.state.frame().text.split(separator: "\n", omittingEmptySubsequences: false)[row]
          .contains("WAIT")
      })
    #expect(play.state.frame().cell(row, 5).style.isSelected)
    _ = play.state.update(.list(.blinked(play.state.list.blink)))
    #expect(!play.state.frame().cell(row, 5).style.isSelected)
  }
}
