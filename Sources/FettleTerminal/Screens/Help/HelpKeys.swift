/// The keys of the help.
extension KeyMap {
  static let help: [KeyBinding] = [
    KeyBinding(
      [.escape, .character("q"), .character("?"), .enter, .control("c")], "back", "Leave the help",
      .back)
  ]
}
