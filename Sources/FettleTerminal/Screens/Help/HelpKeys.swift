/// The keys of the help.
extension KeyMap {
  static let help: [KeyBinding] = [
    KeyBinding(
      [.escape, .character("q"), .character("?"), .enter, .control("c")], "back",
      "Show all keys again; leave the help", .back),
    KeyBinding([.character("/")], "search", "Show only lines with the words you type", .search),
  ]

  static let helpWords: [KeyBinding] = [
    KeyBinding([.enter], "keep", "Keep what is shown", .keep),
    KeyBinding([.escape, .control("c")], "all", "Show all keys again", .cancel),
  ]
}
