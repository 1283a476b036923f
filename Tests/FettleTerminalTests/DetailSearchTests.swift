import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("Searching the data of a record", .fewAtOnce)
struct DetailSearchTests {
  private static func open(_ bundle: Bundle) throws -> ScreenPlay {
    var record = try #require(try Fixtures.records().first)
    record.originalBundles[1] = bundle
    var play = ScreenPlay([record])
    play.press(.enter)
    play.forgetEffects()
    return play
  }

  private static let bundle: Bundle = [
    "name": "Ada", "needle": "x", "list": ["a NEEDLE", "b", ["deep": ["also needle": 1]]],
    "last": "needle",
  ]

  private static let places: [TreePlace] = [
    .bundle(ValuePath(module: 1, steps: [.field("needle")])),
    .bundle(ValuePath(module: 1, steps: [.field("list"), .element(1)])),
    .bundle(
      ValuePath(
        module: 1,
        steps: [.field("list"), .element(3), .field("deep"), .field("also needle")])),
    .bundle(ValuePath(module: 1, steps: [.field("last")])),
  ]

  @Test("goes from place to place in the order of the tree, folded ones too, around both ends")
  func order() throws {
    var play = try Self.open(Self.bundle)
    play.press(.character("g"), .character("/"))
    play.type("needle")
    play.press(.enter)
    for index in [0, 1, 2, 3, 0, 1] {
      #expect(play.state.detail?.cursor == Self.places[index])
      #expect(play.state.notice.text == "\(index + 1) of 4 with \"needle\" · n N go on")
      play.press(.character("n"))
    }
    for index in [1, 0, 3, 2] {
      play.press(.character("N"))
      #expect(play.state.detail?.cursor == Self.places[index], "\(index)")
      #expect(play.state.notice.text.hasPrefix("\(index + 1) of 4"))
    }
    play.press(.character("/"), .control("u"))
    play.type("nowhere")
    play.press(.enter)
    #expect(play.state.notice.text == "no field has \"nowhere\" in its name or value")
    #expect(play.state.detail?.search == nil)
  }

  @Test(
    "finds words across the stretches a long text is looked through in, capitals or not",
    arguments: ["needle", "НИТКА", "ß", "价格"])
  func stretches(word: String) throws {
    for before in [0, 65_530, 65_535, 65_536, 131_069] {
      let text = String(repeating: "и", count: before / 2) + word + "."
      var play = try Self.open(["text": .text(text)])
      play.press(.character("g"), .character("/"))
      play.type(word.lowercased())
      play.press(.enter)
      #expect(play.state.notice.text.hasPrefix("1 of 1"), "\(before): \(play.state.notice)")
    }
  }

  @Test("tells the first place before the rest is looked through, and ends when it is not wanted")
  func early() throws {
    var many = [Value](repeating: .text(String(repeating: "y", count: 10_000)), count: 400)
    many[3] = "needle"
    let play = try Self.open(["many": .array(many)])
    var detail = try #require(play.state.detail)
    detail.words = "needle"
    detail.cursor = .input([])
    let search = BundleSearch(detail, distance: 1)
    var (asked, askedAtFirst) = (0, -1)
    let result = search.run(
      while: {
        asked += 1
        return true
      }, found: { _ in askedAtFirst = asked })
    #expect(result?.count == 1)
    #expect(askedAtFirst >= 0 && askedAtFirst < 3 && asked > 50, "\(askedAtFirst) of \(asked)")
    var left = 5
    let none = search.run(
      while: {
        left -= 1
        return left > 0
      }, found: { _ in })
    #expect(none == nil && left > -3)
  }

  /// A record that is searched, with the answers of the search withheld.
  private struct Held {
    var state: State
    var asked: [(search: BundleSearch, token: Int)] = []

    init(_ play: ScreenPlay) { state = play.state }

    mutating func press(_ keys: Key...) {
      for key in keys {
        for case .search(.find(let search, let token)) in state.update(.key(key)) {
          asked.append((search, token))
        }
      }
    }

    mutating func answer(_ index: Int) {
      let (search, token) = asked[index]
      let result = search.run(while: { true }) {
        _ = state.update(.search(.found($0, token: token)))
      }
      _ = state.update(.search(.ended(result, token: token)))
    }
  }

  private static func searching(_ word: String = "needle") throws -> Held {
    var held = Held(try open(bundle))
    held.press(.character("g"), .character("/"))
    for letter in word { held.press(.character(letter)) }
    held.press(.enter)
    try #require(held.asked.count == 1)
    return held
  }

  @Test("keys that move do so at once, and what is found then does not take the cursor away")
  func moved() throws {
    var held = try Self.searching()
    let before = held.state.detail?.cursor
    held.press(.down)
    let after = held.state.detail?.cursor
    #expect(before != after)
    held.answer(0)
    #expect(held.state.detail?.cursor == after)
    #expect(held.state.detail?.search == nil)
  }

  @Test("what an older search finds is dropped, and n before the answer means the one behind it")
  func older() throws {
    var held = try Self.searching()
    held.press(.character("n"), .character("n"), .character("N"))
    #expect(held.asked.last?.search.distance == 2)
    held.answer(0)
    #expect(held.state.detail?.search != nil)
    held.answer(3)
    #expect(held.state.detail?.cursor == Self.places[1])
    #expect(held.state.notice.text.hasPrefix("2 of 4"))
  }

  @Test("Esc stops it and leaves the record open; its answer is dropped")
  func stopped() throws {
    var held = try Self.searching()
    let before = held.state.detail?.cursor
    #expect(held.state.update(.key(.escape)) == [.search(.stop)])
    #expect(held.state.context == .detail)
    held.answer(0)
    #expect(held.state.detail?.cursor == before)
    #expect(held.state.notice.text.contains("stopped"))
  }

  @Test("a key that is meant for what is looked for waits for it, and is dropped with it")
  func waiting() throws {
    var held = try Self.searching()
    held.press(.character("e"))
    #expect(held.state.typing == nil)
    #expect(held.state.frame().text.contains("waiting for the search, with 1 key"))
    held.answer(0)
    #expect(held.state.typing?.editor?.path == ValuePath(module: 1, steps: [.field("needle")]))
    held = try Self.searching("nowhere")
    held.press(.character("e"))
    held.answer(0)
    #expect(held.state.typing == nil)
  }

  @Test("a secret is not found by its value until it is shown")
  func secret() throws {
    var record = try #require(try Fixtures.records().first)
    record.originalBundles[1]?["token"] = "hunter2hunter2"
    var play = ScreenPlay([record])
    play.press(.enter, .character("/"))
    play.type("hunter2hunter2")
    play.press(.enter)
    #expect(play.state.notice.text.hasPrefix("no field has"))
  }
}
