import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

/// What an operator came for, in keys from the moment the program is there. The value that is typed is
/// not counted; that it is begun and ended is.
@Suite("Few keys", .fewAtOnce)
struct KeyCountTests {
  private struct Counted {
    var play: ScreenPlay
    private(set) var keys = 0

    init(_ records: [IncompleteExecution]) { play = ScreenPlay(records) }

    mutating func press(_ pressed: Key...) {
      for key in pressed { play.press(key) }
      keys += pressed.count
    }

    /// A value is typed, however long it is.
    mutating func value(_ text: String) { play.type(text) }
  }

  @Test("why the newest one failed is seen at once, and where with one key")
  func why() throws {
    var counted = Counted(try Fixtures.records())
    #expect(counted.play.state.frame().text.contains("\"email\" is required and is empty"))
    counted.press(.enter)
    let text = counted.play.state.frame().text
    #expect(text.contains("FAILED") && text.contains("— missing —"))
    #expect(counted.keys <= 2)
  }

  @Test("one field is mended and the record resumed")
  func mendOne() throws {
    let record = try Fixtures.record()
    var counted = Counted([record])
    counted.press(.character("e"))
    counted.value("ada@example.org")
    counted.press(.enter, .character("r"), .enter)
    #expect(counted.play.store.recordNow(record.id)?.summary.state == .resolved)
    #expect(counted.keys <= 7)
  }

  @Test("a thousand that failed for one reason are mended and resumed")
  func mendMany() throws {
    let blueprint = try Fixtures.blueprint(Fixtures.router)
    var counted = Counted(try (1...1000).map { try Fixtures.record($0, blueprint: blueprint) })
    counted.press(.character("b"), .character("e"))
    counted.value("ada@example.org")
    counted.press(.enter, .control("s"), .character("y"), .enter, .character("R"))
    // More than a hundred are confirmed with their number.
    counted.press(.character("1"), .character("0"), .character("0"), .character("0"), .enter)
    #expect(counted.play.store.countsNow()[.resolved] == 1000)
    #expect(counted.keys <= 20)
  }

  @Test("all connection failures of one service are retried")
  func retryService() throws {
    let blueprint = try Fixtures.blueprint(Fixtures.router)
    let records = try (1...60).map { number in
      let isDown = number <= 40
      return try Fixtures.record(
        number, blueprint: blueprint, bundle: ["name": "Ada", "email": "ada@example.org"],
        type: isDown ? .connection : .data,
        reason: isDown ? "connect ETIMEDOUT crm.example:443" : "\"email\" is empty")
    }
    var counted = Counted(records)
    // The largest group is the first.
    counted.press(.character("b"), .character("R"), .character("y"))
    let failed = records.prefix(40).compactMap { counted.play.store.recordNow($0.id) }
    #expect(failed.allSatisfy { $0.summary.state == .resolved })
    #expect(counted.play.store.countsNow()[.unresolved] == 20)
    #expect(counted.keys <= 6)
  }

  @Test("what was changed is proved, with old and new values")
  func prove() throws {
    var counted = Counted([try Fixtures.record()])
    counted.play.press(.character("e"))
    counted.play.type("ada@example.org")
    counted.play.press(.enter, .control("s"), .escape)
    counted.press(.enter, .character("a"))
    #expect(
      counted.play.state.frame().text.contains("1.email  nothing  →  text \"ada@example.org\""))
    #expect(counted.keys <= 3)
  }
}
