import FettleCore
import FettleTestKit
import Testing

@testable import FettleTerminal

/// The ways to every place where keys mean something, by what is pressed from the list.
enum KeyFlows {
  static func play(
    size: Size = Size(rows: 45, columns: 140), isASCII: Bool = false
  ) throws -> ScreenPlay {
    var play = try ScreenPlay(
      Fixtures.records(), size: size,
      surroundings: Surroundings(storeName: "orders.db", isASCII: isASCII))
    play.scenarios = Fixtures.scenarios()
    play.runs = try Fixtures.runs()
    play.audit = Fixtures.audit()
    play.views = [
      SavedView(name: "rates", filter: "error:RateLimit"), SavedView(name: "all", filter: ""),
    ]
    return play
  }

  /// - Returns: the program at a place; nil when no way there is known.
  static func at(
    _ context: KeyContext, size: Size = Size(rows: 45, columns: 140), isASCII: Bool = false
  ) throws -> ScreenPlay? {
    var play = try play(size: size, isASCII: isASCII)
    guard let keys = ways[context] else { return nil }
    for key in keys { play.press(key) }
    if context == .conflict { try makeConflict(&play) }
    if let id = play.state.detail?.record.id {
      if context == .questionDoubt { play.state.question = .inDoubt(id) }
      if context == .questionUndone { play.state.question = .undone(id, 2) }
      if context == .questionRunning {
        play.state.running = [id]
        play.state.question = .quitRunning
      }
      if context == .questionInput { play.state.question = .input([.field("email")]) }
    }
    return play
  }

  private static let editing: [Key] = [.enter, .character("e"), .character("a")]

  private static let ways: [KeyContext: [Key]] = [
    .list: [.down], .groups: [.character("b")], .scenarios: [.character("2"), .down],
    .history: [.character("3"), .down], .run: [.character("3"), .down, .enter, .down],
    .auditTrail: [.character("5"), .down],
    .groupEdit: [.character("b"), .character("e"), .character("a"), .enter, .control("s")]
      + [.character("y"), .down],
    .bulk: [.character("*"), .character("R"), .character("y")],
    .detail: [.enter, .down], .resumeCheck: editing + [.enter, .character("r")],
    .diff: editing + [.enter, .character("D")], .way: [.enter, .character("m")],
    .conflict: editing + [.enter],
    .preview: [.enter, .character("P"), .character("1"), .control("s")],
    .recordAudit: [.enter, .character("a")], .help: [.character("?"), .down],
    .helpWords: [.character("?"), .character("/"), .character("m")],
    .picker: [.function(2)], .line: [.character("/"), .character("e"), .character("r")],
    .commandLine: [.character(":")] + "about".map { Key.character($0) } + [.enter]
      + [.character(":"), .character("a")], .value: editing,
    .mapping: [.enter, .character("m"), .character("m"), .character("x")],
    .box: [.enter, .character("P"), .character("1"), .enter, .character("2")],
    .questionClose: [.character("x")], .questionYes: [.character("x"), .character("d")],
    .questionUnsaved: editing + [.enter, .escape], .questionCopy: [.enter, .character("y")],
    .questionInput: [.enter],
    .questionScope: [.enter, .character("m"), .character("m"), .character("x"), .enter],
    .questionDoubt: [.enter], .questionUndone: [.enter], .questionRunning: [.enter],
  ]

  /// Somebody else changes the field that is being changed here.
  private static func makeConflict(_ play: inout ScreenPlay) throws {
    guard let record = play.state.detail?.record else { return }
    var bundles = record.bundles
    let path = ValuePath(module: 1, steps: [.field("email")])
    let edit = try bundles.write("theirs", at: path, author: "grace", date: Fixtures.now)
    _ = play.store.appendNow([edit], to: record.id, version: record.summary.version)
    play.press(.control("s"))
  }

}

@Suite("A flow for every key", .fewAtOnce)
struct KeyFlowTests {
  @Test(
    "each key of each table does what can be seen, or says why not", arguments: KeyContext.allCases)
  func everyKey(context: KeyContext) async throws {
    // What is scrolled needs a screen that it does not fit.
    let sizes = [Size(rows: 45, columns: 140), Size(rows: 10, columns: 40)]
    let starts = try sizes.map {
      try #require(try KeyFlows.at(context, size: $0), "no way to this place is known")
    }
    for start in starts { #expect(start.state.context == context) }
    for binding in KeyMap.bindings(context) {
      // Only a date has parts to step through; its own test does.
      if context == .value, [.stepUp, .stepDown].contains(binding.command) { continue }
      for key in binding.keys {
        await Task.yield()
        guard !Self.mayFit.contains(context) || !Self.scrolls.contains(binding.command) else {
          continue
        }
        #expect(
          starts.contains { isSeen(key, in: context, from: $0) },
          "\(key.name.text) of \(context): \(binding.help.text)")
        var play = starts[0]
        play.press(key)
        #expect(!play.state.notice.text.contains("does nothing here"), "\(key.name.text)")
      }
    }
  }

  /// What is shown in a few lines here has nowhere to be scrolled to.
  private static let mayFit: Set<KeyContext> = [.conflict, .diff, .preview, .recordAudit]
  private static let scrolls: Set<Command> = [
    .moveUp, .moveDown, .pageUp, .pageDown, .moveToFirst, .moveToLast,
  ]

  /// Whether a key changes what is shown or asks for something, wherever a cursor stands: at one end of a
  /// list a key that moves has nowhere to go.
  private func isSeen(_ key: Key, in context: KeyContext, from start: ScreenPlay) -> Bool {
    let types = (1...8).map { Array(repeating: Key.control("t"), count: $0) }
    let ways: [[Key]] =
      [[], [.down, .down], [.end], [.home], [.control("\\")], [.pageDown], [.up]]
      + [[.character("t")]] + (context == .value ? types : [])
    return ways.contains { way in
      var play = start
      for step in way { play.press(step) }
      guard play.state.context == context else { return false }
      play.forgetEffects()
      let before = play.state
      play.press(key)
      return play.state != before || !play.effects.isEmpty
    }
  }
}
