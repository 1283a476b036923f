/// Alt and a letter, which arrive as Esc and that letter at once. The letter is no answer to a question
/// that Esc asked: nobody has seen it yet.
struct AltKey {
  private var hasAsked = false

  /// Notes what was taken in, and whether it asked something.
  mutating func note(_ message: Message, asked: Bool) {
    hasAsked = asked && message == .key(.escape)
  }

  /// Whether a message that came in the same moment is that letter.
  mutating func takes(_ message: Message) -> Bool {
    defer { hasAsked = false }
    if case .key(.character) = message { return hasAsked }
    return false
  }
}

/// A key as it was pressed, whatever the terminal sent for it.
enum Key: Hashable, Sendable {
  case character(Character)
  /// With Ctrl, by its letter in lower case.
  case control(Character)
  case up, down, left, right, home, end, pageUp, pageDown
  case wordLeft, wordRight
  case altUp, altDown
  case enter, escape, tab, backTab, backspace, delete
  case function(Int)
  case unknown

  /// As help and the bottom line name it.
  var name: SafeText {
    switch self {
    case .character(" "): "Space"
    case .character(let character): "\(String(character))"
    case .control(let letter): "Ctrl-\(letter.uppercased())"
    case .up: "↑"
    case .down: "↓"
    case .left: "Left"
    case .right: "Right"
    case .home: "Home"
    case .end: "End"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .wordLeft: "Ctrl-Left"
    case .wordRight: "Ctrl-Right"
    case .altUp: "Alt-↑"
    case .altDown: "Alt-↓"
    case .enter: "Enter"
    case .escape: "Esc"
    case .tab: "Tab"
    case .backTab: "Shift-Tab"
    case .backspace: "Backspace"
    case .delete: "Del"
    case .function(let number): "F\(number)"
    case .unknown: "?"
    }
  }
}
