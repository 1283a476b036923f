import FettleCore
import FettleTestKit
import Glibc
import Testing

@testable import FettleTerminal

/// Pictures of the screens, compared with files. `FETTLE_UPDATE_FRAMES=1` writes them anew.
@Suite("Frames", .fewAtOnce)
struct FrameTests {
  static let sizes = [
    Size(rows: 10, columns: 40), Size(rows: 24, columns: 80), Size(rows: 45, columns: 140),
  ]

  /// The screens, by what is pressed to get there.
  static let screens: [(name: String, keys: [Key])] = [
    ("list", []),
    ("list-filter", [.character("/"), .character("r"), .character("a"), .character("t")]),
    ("detail", [.enter]),
    ("chain", [.enter, .character("F")]),
    ("editor", [.enter, .character("e"), .character("a"), .character("@")]),
    ("changed", [.enter, .character("e"), .character("a"), .enter]),
    ("resume-check", [.enter, .character("e"), .character("a"), .enter, .character("r")]),
    (
      "resumed", [.enter, .character("e"), .character("a"), .enter, .character("r"), .enter]
    ),
    ("help", [.enter, .character("?")]),
    ("close", [.character("x")]),
    ("groups", [.character("b")]),
    ("bulk-question", [.character("*"), .character("R")]),
    (
      "group-edit",
      [
        .character("b"), .character("e"), .character("a"), .enter, .control("s"), .character("y"),
      ]
    ),
    ("scenarios", [.character("2")]), ("history", [.character("3")]),
    ("run", [.character("3"), .down, .enter]), ("live", [.character("4")]),
    ("audit", [.character("5")]),
  ]

  /// The places that lie over a screen, by what their keys are called.
  static let places: [(name: String, context: KeyContext)] = [
    ("way", .way), ("conflict", .conflict), ("paste", .preview), ("record-audit", .recordAudit),
    ("text-box", .box), ("bulk", .bulk), ("picker", .picker), ("mapping", .mapping),
    ("in-doubt", .questionDoubt), ("command-line", .commandLine),
  ]

  @Test("what lies over them is as it was", arguments: sizes)
  func overlays(size: Size) async throws {
    for place in Self.places {
      for isASCII in [false, true] {
        let play = try #require(try KeyFlows.at(place.context, size: size, isASCII: isASCII))
        #expect(play.state.context == place.context, "\(place.name)")
        try await Self.check(play, place.name, size, isASCII)
      }
    }
  }

  @Test("a chain in boxes is as it was, or says why it is not there", arguments: sizes)
  func boxes(size: Size) async throws {
    for isASCII in [false, true] {
      var play = try KeyFlows.play(size: size, isASCII: isASCII)
      play.press(.enter, .character("c"))
      try await Self.check(play, "boxes", size, isASCII)
      if !isASCII { try await Self.checkLooks(play, "boxes", size) }
    }
  }

  @Test("variables below the bundles, one of them changed, are as they were", arguments: sizes)
  func variables(size: Size) async throws {
    for isASCII in [false, true] {
      var play = ScreenPlay(
        [try VariableTests.record()], size: size,
        surroundings: Surroundings(storeName: "orders.db", isASCII: isASCII))
      play.press(.enter, .character("z"), .character("G"), .character("e"), .control("u"))
      play.type("13")
      play.press(.enter)
      try await Self.check(play, "variables", size, isASCII)
      if !isASCII { try await Self.checkLooks(play, "variables", size) }
    }
  }

  @Test("what the store no longer answers for is dimmed and says of when it is", arguments: sizes)
  func stale(size: Size) async throws {
    for (screen, keys) in [("stale", []), ("stale-detail", [Key.enter])] {
      for isASCII in [false, true] {
        var play = try KeyFlows.play(size: size, isASCII: isASCII)
        for key in keys { play.press(key) }
        let later = Instant(milliseconds: Fixtures.now.milliseconds + 61_000)
        _ = play.state.update(.ticked(later))
        _ = play.state.update(.waiting(seconds: 7))
        try await Self.check(play, screen, size, isASCII)
        guard !isASCII else { continue }
        try await Self.checkLooks(play, screen, size)
        // Where there is no colour nothing is dim; here it is seen that the rest is.
        try Self.compare(
          Self.looks(play.state.frame(), Theme(hasColor: true)) + "\n",
          with: "\(screen)-\(size.columns)x\(size.rows)-dim.txt")
      }
    }
  }

  private static func check(
    _ play: ScreenPlay, _ screen: String, _ size: Size, _ isASCII: Bool
  ) async throws {
    // Many pictures are many seconds, in which other tests wait for what they have asked.
    await Task.yield()
    let frame = play.state.frame()
    let text = frame.text + "\n(cursor \(frame.cursor.row + 1):\(frame.cursor.column + 1))\n"
    let name = "\(screen)-\(size.columns)x\(size.rows)\(isASCII ? "-ascii" : "").txt"
    if isASCII { #expect(text.utf8.allSatisfy { $0 < 0x80 }, "\(name)") }
    try compare(text, with: name)
  }

  @Test("are as they were", arguments: sizes)
  func golden(size: Size) async throws {
    for screen in Self.screens {
      for isASCII in [false, true] {
        var play = try KeyFlows.play(size: size, isASCII: isASCII)
        for key in screen.keys { play.press(key) }
        try await Self.check(play, screen.name, size, isASCII)
      }
    }
  }

  private static func compare(_ text: String, with name: String) throws {
    let folder = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Frames"
    let path = "\(folder)/\(name)"
    if getenv("FETTLE_UPDATE_FRAMES") != nil {
      let file = try #require(fopen(path, "w"))
      fputs(text, file)
      fclose(file)
      return
    }
    let expected = String(decoding: ChainDiagramTests.bytes(of: path), as: UTF8.self)
    #expect(text == expected, "\(name)")
  }

  /// The looks of a frame, a letter a cell: what is not plain, and how. Colours are left out.
  private static func looks(_ frame: Frame, _ theme: Theme = Theme(hasColor: false)) -> String {
    (0..<frame.size.rows).map { row in
      let line = (0..<frame.size.columns).map { column -> String in
        let cell = frame.cell(row, column)
        let look = theme.look(cell.style)
        // Nobody sees that a blank is bold.
        if look.isReversed { return look.isBold ? "R" : "r" }
        if look.isUnderlined { return "u" }
        if look.isDim { return cell.text == " " ? " " : "d" }
        return look.isBold && cell.text != " " ? "b" : cell.text == " " ? " " : "."
      }.joined()
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  @Test("without colour they are told apart as they were", arguments: sizes)
  func monochrome(size: Size) async throws {
    for screen in Self.screens {
      var play = try KeyFlows.play(size: size, isASCII: false)
      for key in screen.keys { play.press(key) }
      try await Self.checkLooks(play, screen.name, size)
    }
    for place in Self.places {
      let play = try #require(try KeyFlows.at(place.context, size: size))
      try await Self.checkLooks(play, place.name, size)
    }
  }

  private static func checkLooks(_ play: ScreenPlay, _ screen: String, _ size: Size) async throws {
    await Task.yield()
    try compare(
      looks(play.state.frame()) + "\n",
      with: "\(screen)-\(size.columns)x\(size.rows)-mono.txt")
  }

  @Test("no screen is too small to live, 1x1 included")
  func tiny() async throws {
    let records = try Fixtures.records()
    let plays = Self.screens.map { screen in
      var play = ScreenPlay(records)
      play.scenarios = Fixtures.scenarios()
      play.audit = Fixtures.audit()
      for key in screen.keys { play.press(key) }
      return play
    }
    for rows in [1, 2, 5, 9, 10, 11, 17, 21] {
      for columns in [1, 3, 39, 40, 41, 59, 60, 61, 119] {
        await Task.yield()
        for play in plays {
          var play = play
          play.send(.resized(Size(rows: rows, columns: columns)))
          let frame = play.state.frame()
          #expect(frame.cells.count == rows * columns)
          #expect(frame.cursor.row < rows && frame.cursor.column < columns)
        }
      }
    }
  }

  @Test("without colour every state is still told apart")
  func mono() {
    let theme = Theme(hasColor: false)
    for role in [Role.failed, .problem, .changed, .running, .key] {
      #expect(theme.look(.role(role)) != theme.look(.plain))
      #expect(theme.look(.role(role)).color == nil)
    }
    for role in [Role.plain, .failed, .problem, .faint] {
      let plain = theme.look(.role(role))
      #expect(theme.look(Style(role: role, isSelected: true)) != plain)
    }
  }
}
