import FettleCore
import FettleTestKit
import Glibc
import Testing

@testable import FettleTerminal

/// A generator whose seed is printed, so that a failure can be had again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite("Hostile data", .fewAtOnce)
struct HostileDataTests {
  private static let nasty: [String] = [
    "\u{1B}]0;owned\u{7}", "\u{1B}[2J", "\u{9B}31m", "\u{90}q\u{9C}", "\u{202E}", "\u{2066}",
    "\u{200B}", "\u{FEFF}", "\u{E0041}", "\u{E000}", "\u{301}\u{301}\u{301}", "日本", "👩\u{200D}👧",
    "\r", "\n", "\t", "\u{0}", "\u{7F}", "\u{2028}", "\u{FFFE}", "\u{10FFFF}", "abc", "\u{1160}",
    "\u{61C}", "🇩🇪", "\u{600}", "\u{FFF9}",
  ]

  private static func text(_ generator: inout SeededGenerator) -> String {
    (0..<Int.random(in: 0...6, using: &generator)).map { _ in
      nasty.randomElement(using: &generator) ?? ""
    }.joined()
  }

  private static func value(_ generator: inout SeededGenerator, depth: Int) -> Value {
    switch Int.random(in: 0...(depth > 3 ? 4 : 6), using: &generator) {
    case 0: .null
    case 1: .number(Number(Int.random(in: -9...9, using: &generator)))
    case 2: .buffer(Buffer([1, 2, 3]))
    case 3, 4: .text(text(&generator))
    case 5: .array((0..<3).map { _ in value(&generator, depth: depth + 1) })
    default: .collection(bundle(&generator, depth: depth + 1))
    }
  }

  private static func bundle(_ generator: inout SeededGenerator, depth: Int = 0) -> Collection {
    Collection((0..<4).map { _ in (text(&generator), value(&generator, depth: depth)) })
  }

  /// Whether a scalar may reach a terminal.
  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    switch properties.generalCategory {
    case .control, .format, .privateUse, .surrogate, .unassigned, .lineSeparator,
      .paragraphSeparator:
      return false
    default: return !properties.isDefaultIgnorableCodePoint
    }
  }

  /// These tests calculate for long. All tests share as many threads as the machine has cores, and
  /// what others wait for would come as late as these end.
  private func giveWay() async { await Task.yield() }

  @Test("reaches no frame as it is: 2,000 bundles")
  func frames() async throws {
    let seed: UInt64 = 7
    var generator = SeededGenerator(seed: seed)
    let blueprint = try Fixtures.blueprint(Fixtures.router)
    for number in 1...2000 {
      await giveWay()
      let record = try Fixtures.record(
        number, blueprint: blueprint, bundle: Self.bundle(&generator),
        type: ErrorType("X\(Self.text(&generator))"), scenario: Self.text(&generator),
        reason: Self.text(&generator))
      var play = ScreenPlay(
        [record],
        // Small pictures are quick to look through; every tenth bundle gets all columns.
        size: number.isMultiple(of: 10)
          ? Size(rows: 24, columns: 130) : Size(rows: 10, columns: 60),
        surroundings: Surroundings(
          storeName: Self.text(&generator), isASCII: number.isMultiple(of: 5)))
      var frames = [play.state.frame()]
      play.press(.enter)
      frames.append(play.state.frame())
      play.press(.home, .right, .down, .down, .down, .down, .down, .character("e"))
      play.send(.pasted(Self.text(&generator)))
      frames.append(play.state.frame())
      play.press(.enter, .character("D"))
      frames.append(play.state.frame())
      for frame in frames {
        for cell in frame.cells where cell != .blank {
          let isSafe =
            cell.text.unicodeScalars.allSatisfy(Self.isHarmless)
            && (!frame.isASCII || cell.text.utf8.allSatisfy { (0x20...0x7E).contains($0) })
          if !isSafe {
            Issue.record(
              "bundle \(number) of seed \(seed): \(cell.text.unicodeScalars.map(\.value))")
            return
          }
        }
        try Self.checkWidths(frame, number)
      }
    }
  }

  /// Every row has as many columns as the screen, and no wide glyph is cut in half.
  private static func checkWidths(_ frame: Frame, _ number: Int) throws {
    for row in 0..<frame.size.rows {
      var column = 0
      while column < frame.size.columns {
        let width = frame.cell(row, column).width
        try #require(width > 0, "half of a wide glyph in bundle \(number)")
        column += width
      }
      try #require(column == frame.size.columns, "a glyph over the edge in bundle \(number)")
    }
  }

  /// Keys that once left the list without a row under its cursor, and others in each run.
  private static let seeds: [UInt64] = [9_971_882, .random(in: 0..<10_000_000)]

  @Test("any key at any time: 20,000 of them, or as many as FETTLE_MONKEY says", arguments: seeds)
  func monkey(seed: UInt64) async throws {
    let wanted = getenv("FETTLE_MONKEY").flatMap { Int(String(cString: $0)) } ?? 20_000
    print("monkey seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    // Every key of every table, and what is typed.
    let known = Set(KeyContext.allCases.flatMap { KeyMap.bindings($0).flatMap(\.keys) })
    let keys =
      known.sorted { $0.name.text < $1.name.text }
      + "aé日1m{}\"%0".map { Key.character($0) } + [.unknown, .backspace, .wordLeft, .wordRight]
    let records = try Fixtures.records()
    var play = ScreenPlay(records)
    for step in 1...wanted {
      if Int.random(in: 0...99, using: &generator) == 0 {
        play.send(
          .resized(
            Size(
              rows: Int.random(in: 1...60, using: &generator),
              columns: Int.random(in: 1...160, using: &generator))))
      }
      if step.isMultiple(of: 50) {
        await giveWay()
        play.send(.ticked(Fixtures.now))
      }
      if step.isMultiple(of: 500) { play = ScreenPlay(records) }
      let key = keys.randomElement(using: &generator) ?? .down
      play.press(key)
      let list = play.state.list
      try #require(
        list.rows.isEmpty || list.index != nil, "no row under the cursor, seed \(seed) step \(step)"
      )
      if let detail = play.state.detail {
        try #require(
          detail.tree.position(of: detail.cursor) != nil,
          "no field under the cursor, seed \(seed) step \(step)")
      }
      guard step.isMultiple(of: 20) else { continue }
      let frame = play.state.frame()
      try #require(
        frame.cursor.row < frame.size.rows && frame.cursor.column < frame.size.columns,
        "cursor outside, seed \(seed) step \(step)")
    }
  }
}
