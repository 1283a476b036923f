/// Keys as people write them in the file of their own keys.
extension Key {
  /// The key of that name: a character, `space`, `enter`, `ctrl-x`, `alt-up`, `f2`; nil when there is
  /// none. Capital letters matter for single characters only.
  init?(named name: String) {
    if name.count == 1, let character = name.first, !character.isWhitespace {
      self = .character(character)
      return
    }
    let lower = name.lowercased()
    if let key = Self.names[lower] {
      self = key
    } else if lower.hasPrefix("ctrl-"), lower.count == 6, let letter = lower.last,
      ("a"..."z").contains(letter) || letter == "\\"
    {
      self = .control(letter)
    } else if lower.hasPrefix("f"), let number = Int(lower.dropFirst()), (1...2).contains(number) {
      self = .function(number)
    } else {
      return nil
    }
  }

  private static let names: [String: Key] = [
    "space": .character(" "), "up": .up, "down": .down, "left": .left, "right": .right,
    "home": .home, "end": .end, "pgup": .pageUp, "pgdn": .pageDown, "pageup": .pageUp,
    "pagedown": .pageDown, "ctrl-left": .wordLeft, "ctrl-right": .wordRight, "alt-up": .altUp,
    "alt-down": .altDown, "enter": .enter, "return": .enter, "esc": .escape, "escape": .escape,
    "tab": .tab, "shift-tab": .backTab, "backspace": .backspace, "del": .delete,
    "delete": .delete,
  ]
}
