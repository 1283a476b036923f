import FettleTestKit
import Foundation

/// An operator at a real terminal, who mends records field by field and retries many at once, while
/// others do the same to the same records: what they get to first is told here, and is no failure.
struct TerminalOperator {
  private let terminal: TmuxSession
  /// How many records were mended in the editor, resumed with one key, and said to be resolved.
  private(set) var mended = 0
  /// How many actions on many records came to their end.
  private(set) var retriedMany = 0
  /// How often the list changed without a key.
  private(set) var followed = 0
  /// Whether each of these came about.
  var hasDoneEverything: Bool { mended > 0 && retriedMany > 0 && followed > 0 }
  private var turn = 0
  /// Screens no operator should see.
  private(set) var complaints: [String] = []

  init(_ terminal: TmuxSession) { self.terminal = terminal }

  /// Opens the first record or the last, types another value for the field that failed, and resumes it.
  mutating func mend() async throws {
    try await goHome()
    turn += 1
    try terminal.press(turn.isMultiple(of: 2) ? "g" : "G", "Enter")
    guard try await comes("Esc back") else { return }
    try terminal.press("e")
    guard try await comes("Enter keep") else { return }
    try terminal.press("End", "C-u")
    try terminal.type("[2]")
    try terminal.press("Enter")
    guard try await comes("UNSAVED") else { return }
    // Where somebody else retried it meanwhile, nothing is written and the change is kept: one looks,
    // and presses the key again.
    for _ in 0..<5 {
      try terminal.press("r")
      guard try await comes("Will run", "was changed by someone else") else { return }
      try terminal.press("Enter")
      let words = ["resolved in", "look again", "was not run", "not saved:"]
      guard try await comes(seconds: 10, { words.contains(where: $0.contains) }) else { return }
      if try look().contains("resolved in") {
        mended += 1
        return
      }
    }
  }

  /// Marks everything there is, and resumes it.
  mutating func retryMany() async throws {
    try await goHome()
    try terminal.press("*", "R")
    guard try await comes("Resume these", "to resume:", "none of them", seconds: 10) else { return }
    let screen = try look()
    if screen.contains("none of them") { return try terminal.press("C-\\") }
    if let number = screen.firstMatch(of: /Type (\d+) to resume:/)?.output.1 {
      try terminal.type(String(number))
      try terminal.press("Enter")
    } else {
      try terminal.press("y")
    }
    // However many they are, they go on ending.
    var last = ""
    while true {
      let before = last
      let isOver = try await comes(seconds: 60) { screen in
        last = screen
        return screen.contains("over · Esc") || screen.contains(/resolved \d+ of \d+/)
          || screen != before && !before.isEmpty
      }
      if last.contains("over · Esc") || last.contains(/resolved \d+ of \d+/) { break }
      guard isOver else {
        complaints.append("an action on many records stands still: \(last)")
        return
      }
    }
    retriedMany += 1
    try terminal.press("Escape", "C-\\")
  }

  /// Looks at the list without touching a key until its numbers change.
  mutating func watch() async throws {
    try await goHome()
    let first = try look().split(separator: "\n").first
    if try await comes(seconds: 60, { $0.split(separator: "\n").first != first }) {
      followed += 1
    } else {
      complaints.append("the list does not follow: \(try look())")
    }
  }

  /// Goes back to the list from wherever it is, as one does who lost the way.
  mutating func goHome() async throws {
    for _ in 0..<40 {
      let screen = try look()
      if screen.contains("Changes are not saved") {
        try terminal.press("d")
      } else if screen.contains("was changed by someone else; nothing was written") {
        // Both sides are shown; ours stands.
        try terminal.press("Enter")
      } else if screen.contains(/^ Incomplete  \d+ open/), !screen.contains("Esc") {
        return
      } else {
        try terminal.press("Escape")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    complaints.append("no way back to the list: \(try look())")
  }

  /// Whether one of these stands on the screen soon. Where somebody else was faster it does not.
  private mutating func comes(_ texts: String..., seconds: Double = 5) async throws -> Bool {
    try await comes(seconds: seconds) { screen in texts.contains(where: screen.contains) }
  }

  private mutating func comes(
    seconds: Double, _ isWanted: (String) -> Bool
  ) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
      if isWanted(try look()) { return true }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }

  private mutating func look() throws -> String {
    let screen = try terminal.screen()
    if ["locked", "held by another", "cannot be used"].contains(where: screen.contains) {
      complaints.append("the terminal: \(screen)")
    }
    return screen
  }
}
