import FettleCore
import FettleEngine
import FettleTestKit
import Testing

@testable import FettleTerminal

@Suite("A change carried over to records with other data", .fewAtOnce)
struct GroupChangeTests {
  private static let list = ValuePath(module: 1, steps: [.field("list")])

  private static let sample: Collection = [
    "name": "sample", "list": ["s1", "s2", "s3"], "who": ["first": "Ada", "last": "L"],
  ]

  /// What the other has after the keys that were pressed in the sample.
  private func carried(
    _ other: Collection, at place: ValuePath, _ keys: Key..., typing text: String = ""
  ) throws -> (bundle: Collection?, lines: [String], problem: String?) {
    var play = ScreenPlay([
      try Fixtures.record(1, bundle: Self.sample), try Fixtures.record(2, bundle: other),
    ])
    play.press(.character("b"), .character("e"), .escape)
    #expect(play.state.detail?.bundles[1]?["name"] == "sample")
    play.state.detail?.go(to: .bundle(place))
    for key in keys { play.press(key) }
    if !text.isEmpty {
      play.press(.control("u"))
      play.type(text)
      play.press(.enter)
    }
    play.press(.control("s"), .character("y"))
    let member = try #require(play.state.groupEdit?.members.first)
    play.press(.enter)
    return (
      play.store.recordNow(member.id)?.bundles[1], member.lines.map(\.text),
      member.problem?.text
    )
  }

  @Test("an element that is taken away is taken out of the array that is there")
  func removed() throws {
    let after = try carried(
      ["name": "other", "list": ["o1", "o2"]], at: Self.list.appending(.element(2)),
      .character("-"))
    #expect(after.bundle?["list"] == ["o1"])
    #expect(after.lines.first == "1.list[2]  text \"o2\"  →  taken away")
    let none = try carried(
      ["name": "other", "list": ["o1"]], at: Self.list.appending(.element(2)), .character("-"))
    #expect(none.problem?.contains("does not exist") == true)
    #expect(none.bundle?["list"] == ["o1"])
  }

  @Test("what the other has already is not written to it again")
  func already() throws {
    let name = ValuePath(module: 1, steps: [.field("name")])
    let changes = [
      GroupChange.write(Draft(path: name, value: "other")),
      .write(Draft(path: Self.list, value: ["o2"])),
    ]
    let member = GroupEditState.Member(
      try Fixtures.record(2, bundle: ["name": "other", "list": ["o1"]]), changes, descriptor: nil,
      check: ScreenPlay.check)
    #expect(member.drafts == [Draft(path: Self.list, value: ["o2"])])
    #expect(!member.lines.contains { $0.text.contains("1.name") })
  }

  @Test("a field that is renamed keeps the value it has there")
  func renamed() throws {
    let first = ValuePath(module: 1, steps: [.field("who"), .field("first")])
    let after = try carried(
      ["name": "other", "who": ["last": "H", "first": "Grace"]], at: first, .character("="),
      typing: "given")
    #expect(after.bundle?["who"] == ["last": "H", "given": "Grace"])
    #expect(after.lines.first == "1.who.first  is named given, text \"Grace\"")
  }

  @Test("what moves is what stands there")
  func moved() throws {
    let after = try carried(
      ["name": "other", "list": ["o1", "o2", "o3", "o4"]],
      at: Self.list.appending(.element(1)), .altDown, .altDown)
    #expect(after.bundle?["list"] == ["o2", "o3", "o1", "o4"])
    let last = ValuePath(module: 1, steps: [.field("who"), .field("last")])
    let fields = try carried(
      ["name": "other", "who": ["first": "Grace", "last": "H", "more": 1]], at: last, .altUp)
    #expect(fields.bundle?["who"]?.collection?.names == ["last", "first", "more"])
    #expect(fields.bundle?["who"]?.collection?["last"] == "H")
  }

  @Test("an element that is added comes behind the last one that is there")
  func added() throws {
    let after = try carried(
      ["name": "other", "list": ["o1", "o2", "o3", "o4"]], at: Self.list, .character("+"),
      typing: "new")
    #expect(after.bundle?["list"] == ["o1", "o2", "o3", "o4", "new"])
  }

  @Test("a collection is made for what is written into it only where there is none")
  func opened() throws {
    let path = ValuePath(module: 1, steps: [.field("to"), .field("mail")])
    let parent = ValuePath(module: 1, steps: [.field("to")])
    var before = VisibleBundles()
    before[1] = ["name": "sample"]
    let changes = GroupChange.changes(
      [Draft(path: parent, value: .collection([:])), Draft(path: path, value: "a@b.c")],
      of: before)
    #expect(changes == [.open(parent), .write(Draft(path: path, value: "a@b.c"))])
    var other = VisibleBundles()
    other[1] = ["to": ["name": "Grace"]]
    let written = try changes.first?.drafts(in: other)
    #expect(written == [])
  }

  @Test("what was changed twice is carried over once, what was changed back not at all")
  func changedBack() {
    let path = ValuePath(module: 1, steps: [.field("name")])
    let other = ValuePath(module: 1, steps: [.field("mail")])
    var before = VisibleBundles()
    before[1] = ["name": "Ada", "mail": "x"]
    let drafts =
      ["b", "Ada"].map { Draft(path: path, value: .text($0)) }
      + ["y", "z"].map { Draft(path: other, value: .text($0)) }
    #expect(
      GroupChange.changes(drafts, of: before) == [.write(Draft(path: other, value: "z"))])
  }
}
