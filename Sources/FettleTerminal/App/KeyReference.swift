/// The keys of the terminal for people who are not in it: the manual is written from the tables that
/// dispatch them.
public enum KeyReference {
  /// The keys of one screen.
  public struct Section: Sendable, Hashable {
    /// What people call the screen.
    public let title: String
    /// What the file of one's own keys calls it.
    public let word: String
    /// Its keys, in the order help lists them.
    public let rows: [Row]
  }

  /// What some keys do.
  public struct Row: Sendable, Hashable {
    /// Their names, separated by spaces.
    public let keys: String
    /// One sentence.
    public let help: String
    /// What the file of one's own keys calls it.
    public let command: String
  }

  /// Every screen.
  public static var sections: [Section] {
    KeyContext.allCases.map { context in
      Section(
        title: context.title.text, word: context.word,
        rows: KeyMap.bindings(context).map {
          Row(
            keys: $0.keys.map(\.name.text).joined(separator: " "), help: $0.help.text,
            command: $0.command.word)
        })
    }
  }
}
