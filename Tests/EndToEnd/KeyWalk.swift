import FettleTestKit
import Foundation
import Testing

@testable import FettleTerminal

/// What is done at a terminal on the way to a place.
enum Step: ExpressibleByStringLiteral, Sendable {
  /// A key, by the name tmux gives it.
  case key(String)
  case type(String)
  /// Waits until a text stands on the screen.
  case wait(String)
  /// Somebody else changes a field of the record on the screen, in another shell.
  case othersChange(String)

  init(stringLiteral key: String) { self = .key(key) }
}

/// What a key is to be seen doing.
struct Sight: Sendable {
  enum What: Sendable {
    /// A text that was not on the screen comes.
    case shows(String)
    /// A text that was on the screen goes.
    case hides(String)
    /// The cursor goes elsewhere, or what is shown does.
    case moves
    /// The shell has the terminal again.
    case leaves
    /// What somebody wrote over the screen goes.
    case paints
    /// A text stands on the screen afterwards, whether or not it stood there before.
    case says(String)
  }

  /// What is pressed in the place before the key.
  var before: [Step] = []
  let what: What

  static func shows(_ text: String, after before: Step...) -> Sight {
    Sight(before: before, what: .shows(text))
  }

  static func hides(_ text: String, after before: Step...) -> Sight {
    Sight(before: before, what: .hides(text))
  }

  /// What it says or why it does nothing now; it may have said so before.
  static func says(_ text: String, after before: Step...) -> Sight {
    Sight(before: before, what: .says(text))
  }

  static func moves(after before: Step...) -> Sight { Sight(before: before, what: .moves) }

  static func leaves(after before: Step...) -> Sight { Sight(before: before, what: .leaves) }

  func isSeen(_ before: TmuxSession.Look, _ now: TmuxSession.Look) -> Bool {
    switch what {
    case .shows(let text): !before.text.contains(text) && now.text.contains(text)
    case .hides(let text): before.text.contains(text) && !now.text.contains(text)
    case .says(let text): now.text.contains(text)
    case .moves: now.cursor != before.cursor || Self.body(now) != Self.body(before)
    case .leaves: !now.isAlternate
    case .paints: !now.text.contains(KeyWalk.scribble) && now.text.contains(before.lines[0])
    }
  }

  /// What is not told in the two lines at the bottom.
  private static func body(_ look: TmuxSession.Look) -> [String] { Array(look.lines.dropLast(2)) }
}

/// A place where keys mean something: the way there from the list, and what each of its commands is
/// to be seen doing.
struct KeyPlace: Sendable {
  let context: KeyContext
  let way: [Step]
  /// What stands on the screen there.
  let arrived: String
  var rows = 28
  /// Whether a key may leave something behind that neither the title nor the keys tell.
  var isLeftAlways = false
  let sights: [Command: Sight]
}

/// Walks every key of a place in a real terminal.
struct KeyWalk {
  let bench: OrdersBench
  let place: KeyPlace
  let terminal: TmuxSession
  private let quiet: Quiet

  static let scribble = "SCRIBBLE"
  private static let shell = "shell:"

  init(_ place: KeyPlace, _ bench: OrdersBench) throws {
    self.place = place
    self.bench = bench
    // Who suspends or ends the program is to find a shell behind it.
    terminal = try TmuxSession(
      "sh -i", columns: 100, rows: place.rows,
      environment: [
        "HOME": bench.folder.path, "TMPDIR": bench.folder.path, "PS1": Self.shell + " ",
        "VISUAL": "\(bench.folder.path)/editor", "XDG_CONFIG_HOME": bench.folder.path,
        "XDG_DATA_HOME": bench.folder.path,
      ])
    quiet = try Quiet(terminal)
  }

  /// - Returns: how many keys were pressed.
  func walk() async throws -> Int {
    defer { quiet.end() }
    var pressed = 0
    var arrival: [String] = []
    for binding in KeyMap.bindings(place.context) {
      guard let sight = place.sights[binding.command] ?? Self.everywhere[binding.command] else {
        Issue.record("nobody says what \(binding.command) is to be seen doing in \(place.context)")
        continue
      }
      for key in binding.keys {
        try await check(
          key, sight, "\(key.name.text) of \(place.context): \(binding.help.text)", &arrival)
        pressed += 1
      }
    }
    return pressed
  }

  private func check(
    _ key: Key, _ sight: Sight, _ name: String, _ arrival: inout [String]
  ) async throws {
    do {
      // Most keys do not lead away: the way is gone once only.
      // What a key painted may not have come as a whole yet.
      let isLeft = place.isLeftAlways ? true : try await arrival != Self.edges(still())
      if isLeft {
        try await goHome()
        for step in place.way { try await perform(step) }
        try await terminal.wait(for: place.arrived, seconds: 3)
        arrival = Self.edges(try await still())
      }
      for step in sight.before { try await perform(step) }
    } catch let error as TmuxSession.TimedOut {
      Issue.record("\(name): no way there: \(error.description)")
      return
    }
    // A step that is done only after this look would be taken for what the key did, or undo it.
    let before = try await quiet.look(at: terminal, sight.before.isEmpty ? .short : .long)
    if case .paints = sight.what {
      try terminal.scribble("\u{1B}[3;3H\(Self.scribble)")
      try await terminal.wait(for: Self.scribble)
    }
    try press(key)
    let deadline = ContinuousClock.now + .seconds(3)
    var now = try terminal.look()
    while !sight.isSeen(before, now), ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(15))
      now = try terminal.look()
    }
    let isSeen = sight.isSeen(before, now)
    #expect(
      isSeen, "\(name): \(sight.what)\n\(before.text)\n---- then\n\(now.text)")
  }

  /// What tells one place from another: the title and the keys.
  private static func edges(_ look: TmuxSession.Look) -> [String] {
    [look.lines[0], look.lines.last { !$0.isEmpty } ?? ""]
  }

  /// The screen once all that was pressed is done.
  private func still() async throws -> TmuxSession.Look {
    try await quiet.look(at: terminal)
  }

  private func perform(_ step: Step) async throws {
    switch step {
    case .key(let key): try terminal.press(key)
    case .type(let text): try terminal.type(text)
    case .wait(let text): try await terminal.wait(for: text, seconds: 3)
    case .othersChange(let field):
      let title = try terminal.look().lines[0]
      let id = try #require(title.firstMatch(of: /› ([0-9a-f]{8})/)?.output.1, "\(title)")
      let done = try await Program.fettle(
        ["edit", String(id), "--set", "\(field)=theirs \(UUID().uuidString)"]
          + ["--store", bench.store], home: bench.folder.path)
      #expect(done.status == 0, "\(done.errors)")
    }
  }

  private func press(_ key: Key) throws {
    if case .character(let character) = key { return try terminal.type(String(character)) }
    let name: String? =
      switch key {
      case .control(let letter): "C-\(letter)"
      case .up: "Up"
      case .down: "Down"
      case .left: "Left"
      case .right: "Right"
      case .home: "Home"
      case .end: "End"
      case .pageUp: "PPage"
      case .pageDown: "NPage"
      case .altUp: "M-Up"
      case .altDown: "M-Down"
      case .enter: "Enter"
      case .escape: "Escape"
      case .tab: "Tab"
      case .backTab: "BTab"
      case .backspace: "BSpace"
      case .delete: "DC"
      case .function(let number): "F\(number)"
      case .character, .wordLeft, .wordRight, .unknown: nil
      }
    try terminal.press(try #require(name, "no name for \(key) in tmux"))
  }

  /// To the list, its first row, nothing marked and nothing filtered, from wherever it is.
  private func goHome() async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      let look = try await still()
      guard look.isAlternate else {
        let isStopped = look.text.contains("Stopped") || look.text.contains("stopped")
        try terminal.type(
          isStopped
            ? "clear; fg\n"
            : "clear; \(Program.path) open --copy 'cat >/dev/null' --store \(bench.store)\n")
        try await terminal.wait("the program") { _ in (try? terminal.look().isAlternate) == true }
        // Where it was stopped it may be typing, and names no such key.
        if !isStopped { try await terminal.wait(for: "? keys") }
        continue
      }
      let isList = look.lines[0].contains(/^ Incomplete  \d/)
      let keys = look.lines.last { !$0.isEmpty } ?? ""
      if look.text.contains("Changes are not saved") {
        try terminal.press("d")
      } else if look.lines[0].hasSuffix("; nothing was written") {
        try terminal.press("Enter")
      } else if isList, keys.contains("Enter open"), look.lines[0].contains("marked") {
        try terminal.press("C-\\")
      } else if isList, keys.contains("Enter open"), Self.isFiltered(look) {
        try await escape()
      } else if isList, keys.contains("Enter open") {
        // A low screen has no line for the filter.
        if look.cursor == (place.rows < 16 ? "0,2" : "0,3") { return }
        try terminal.press("g")
      } else {
        try await escape()
      }
    }
    // What does not come is told with the screen.
    try await terminal.wait(for: "the list, from wherever it is", seconds: 0)
  }

  /// What comes too soon behind it would be taken for the rest of another key.
  private func escape() async throws {
    try terminal.press("Escape")
    try await Task.sleep(for: .milliseconds(40))
  }

  private static func isFiltered(_ look: TmuxSession.Look) -> Bool {
    look.lines.contains { $0.hasPrefix(" / ") && !$0.contains("status:open,wait,run") }
  }

  /// What is the same wherever it is a key.
  private static let everywhere: [Command: Sight] = [
    .moveDown: .moves(after: "Home"), .moveUp: .moves(after: "End"),
    .pageDown: .moves(after: "Home"), .pageUp: .moves(after: "End"),
    .halfPageDown: .moves(after: "Home"), .halfPageUp: .moves(after: "End"),
    .moveToFirst: .moves(after: "End"), .moveToLast: .moves(after: "Home"),
    .help: .shows("Keys: "), .commandLine: .shows("do it"), .repaint: Sight(what: .paints),
    .suspend: .leaves(), .quitAtOnce: .leaves(), .interrupt: .shows("Quit? y"),
    .copy: .shows("Copy: v the value"), .showIncomplete: .shows("/ status:open,wait,run"),
    .showScenarios: .shows("STANDING"), .showHistory: .shows("FILTERED"),
    .showLive: .shows(" Live"), .showAuditTrail: .shows("WHAT"),
  ]
}
