import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("What one operator changes in several terminals", .fewAtOnce)
struct DraftTests {
  private static let name = ValuePath(module: 1, steps: [.field("name")])

  /// A program in a terminal, on one store.
  private struct Desk {
    var play: ScreenPlay

    init(_ session: String, beside other: Desk? = nil, living: Set<String> = []) throws {
      play =
        try other?.play ?? ScreenPlay([Fixtures.record(bundle: ["name": "Ada", "email": "x"])])
      play.living = living
      play.restart(Surroundings(storeName: "orders.db", session: Session(session)))
      play.press(.enter)
    }

    mutating func change(to text: String, at seconds: Int64 = 0) {
      play.keepingDate = Fixtures.now.advanced(bySeconds: Int(seconds))
      play.state.detail?.go(to: .bundle(DraftTests.name))
      play.press(.character("e"), .control("u"))
      play.type(text)
      play.press(.enter)
    }

    var value: Value? { play.state.detail?.bundles.value(at: DraftTests.name) }
    var notice: String { play.state.notice.text }
    var kept: [String: Value?] {
      guard let id = play.state.detail?.record.id else { return [:] }
      return Dictionary(
        play.store.draftsNow(of: id).map { ($0.session, $0.drafts.last?.value) },
        uniquingKeysWith: { $1 })
    }
  }

  @Test("is kept side by side: neither takes the place of the other, nor drops it")
  func sideBySide() throws {
    var one = try Desk("pts/1#1")
    var two = try Desk("pts/2#2", beside: one)
    one.change(to: "one")
    two.change(to: "two")
    one.change(to: "one more")
    #expect(one.kept == ["pts/1#1": "one more", "pts/2#2": "two"])
    two.play.press(.control("s"))
    #expect(one.kept == ["pts/1#1": "one more"])
  }

  @Test("stays with a program that runs: it is told of, and left alone")
  func living() throws {
    var one = try Desk("pts/1#1")
    one.change(to: "one")
    let two = try Desk("pts/2#2", beside: one, living: ["pts/1#1"])
    #expect(two.value == "Ada")
    #expect(two.notice == "it is being changed in pts/1 too")
    #expect(two.kept == ["pts/1#1": "one"])
  }

  @Test(
    "is offered after a crash, one to each: the newest, told when it was and that there is more")
  func afterCrash() throws {
    var one = try Desk("pts/1#1")
    one.change(to: "one", at: -60)
    var two = try Desk("pts/2#2", beside: one, living: ["pts/1#1"])
    two.change(to: "two")
    var three = try Desk("pts/3#3", beside: two)
    #expect(three.value == "two")
    #expect(three.notice.hasPrefix("1 unsaved change of "))
    #expect(three.notice.contains("; one more draft, of "), "\(three.notice)")
    #expect(
      three.notice.hasSuffix("in another terminal, waits: close the record and open it again"))
    #expect(three.kept == ["pts/3#3": "two", "pts/1#1": "one"])
    // A second program gets the other one, and none a third.
    let four = try Desk("pts/4#4", beside: three, living: ["pts/3#3"])
    #expect(four.value == "one")
    #expect(four.notice.hasSuffix("it is being changed in pts/3 too"), "\(four.notice)")
    let five = try Desk("pts/5#5", beside: four, living: ["pts/3#3", "pts/4#4"])
    #expect(five.value == "Ada")
    // Whoever drops the first one is offered the other.
    three.play.living = []
    three.play.press(.character("U"), .escape, .enter)
    #expect(three.value == "one")
    #expect(three.kept == ["pts/3#3": "one"])
  }

  @Test("is offered where it was made, though another one is newer")
  func sameTerminal() throws {
    var one = try Desk("pts/1#1")
    one.change(to: "one", at: -60)
    var two = try Desk("pts/2#2", beside: one, living: ["pts/1#1"])
    two.change(to: "two")
    #expect(try Desk("pts/1#3", beside: two).value == "one")
  }

  @Test("is offered when the record is opened, not in the middle of other work")
  func notInTheMiddle() throws {
    var one = try Desk("pts/1#1")
    one.change(to: "one")
    var two = try Desk("pts/2#2", beside: one, living: ["pts/1#1"])
    two.change(to: "two")
    two.play.living = []
    two.play.press(.control("s"))
    two.play.send(.ticked(Fixtures.now))
    #expect(two.value == "two" && two.play.state.detail?.drafts.isEmpty == true)
    #expect(two.kept == ["pts/1#1": "one"])
  }

  @Test("what was typed last in this terminal is offered before what is newer elsewhere")
  func texts() throws {
    let first = try Desk("pts/1#1")
    let id = try #require(first.play.state.detail?.record.id)
    for (session, text, date) in [("pts/1#8", "here", 1), ("pts/2#9", "there", 2)] {
      first.play.store.keepNow(
        KeptText(
          record: id, author: "ada", session: session, sequence: 1, purpose: .output, text: text,
          date: Instant(milliseconds: Int64(date))))
    }
    for (session, text) in [("pts/1#3", "here"), ("pts/4#4", "there")] {
      var desk = try Desk(session, beside: first)
      desk.play.press(.character("O"))
      #expect(desk.play.state.typing?.line.text == text)
    }
  }

  @Test("a session lives as long as its program, whoever asks")
  func livingSession() {
    let session = Session.new(in: "pts/1")
    #expect(!session.isAlive)
    let living = LivingSession(session)
    #expect(session.isAlive)
    #expect(!Session.new(in: "pts/1").isAlive && !Session("").isAlive)
    living.end()
    #expect(!session.isAlive)
  }
}
