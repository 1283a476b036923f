import Synchronization

/// The operator's own keys, read from one file: lines of `SCREEN KEY COMMAND`, such as
/// `list ctrl-a mark`. A key of the file takes the place of whatever the key did; `none` takes the key
/// away. What the file does not name stays as it is.
struct KeyRemapping: Equatable, Sendable {
  /// What keys do on the screens, where the file says so; nil for a key that was taken away.
  private(set) var commands: [KeyContext: [Key: Command?]] = [:]
  /// The tables of the screens whose keys the file changes.
  private var tables: [KeyContext: KeyTable] = [:]

  /// A line that cannot be used.
  struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    let line: Int
    /// What is wrong with it and what may stand there.
    let description: String
  }

  /// The usual keys.
  init() {}

  /// Reads the file.
  /// - Throws: the first line that cannot be used, or takes the last way out of a screen.
  init(parsing text: String) throws(Problem) {
    var lines: [KeyContext: [Key: Int]] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      func problem(_ what: String) -> Problem { Problem(line: index + 1, description: what) }
      guard words.count == 3 else {
        throw problem("a line is SCREEN KEY COMMAND, such as: list ctrl-a mark")
      }
      guard let context = KeyContext.allCases.first(where: { $0.word == first }) else {
        let known = KeyContext.allCases.map(\.word).joined(separator: ", ")
        throw problem("there is no screen \"\(first)\"; there are \(known)")
      }
      guard let key = Key(named: words[1]) else {
        throw problem(
          "there is no key \"\(words[1])\"; write a character, space, enter, ctrl-x, alt-up or f2")
      }
      if let before = lines[context]?[key] {
        throw problem("\(words[1]) has a command on \(first) already, from line \(before)")
      }
      lines[context, default: [:]][key] = index + 1
      if words[2] == "none" {
        commands[context, default: [:]][key] = .some(nil)
        continue
      }
      let possible = KeyMap.bindings(context).map(\.command)
      let word = Self.formerWords[words[2]] ?? words[2]
      guard let command = possible.first(where: { $0.word == word }) else {
        let known = Set(possible.map(\.word)).sorted().joined(separator: ", ")
        throw problem("\(first) has no command \"\(words[2])\"; it has \(known)")
      }
      commands[context, default: [:]][key] = command
    }
    for context in commands.keys where !Self.leaves(commands[context] ?? [:], context) {
      throw Problem(
        line: lines[context]?.values.max() ?? 0,
        description: "\(context.word) would have no key left that leads out of it; keep one for "
          + Self.waysOut.map(\.word).sorted().joined(separator: " or "))
    }
    for (context, own) in commands { tables[context] = KeyTable(Self.changed(context, by: own)) }
  }

  // What keys do follows from the commands.
  static func == (left: KeyRemapping, right: KeyRemapping) -> Bool {
    left.commands == right.commands
  }

  /// What commands were called before; a file that still says so is understood.
  private static let formerWords = ["take-back-delete": Command.takeBack.word]

  private static let waysOut: Set<Command> = [.back, .cancel, .quit, .quitAtOnce]

  /// Whether a screen can still be left.
  private static func leaves(_ own: [Key: Command?], _ context: KeyContext) -> Bool {
    changed(context, by: own).contains { waysOut.contains($0.command) }
  }

  /// The keys of a context, with the operator's own.
  func table(_ context: KeyContext) -> KeyTable { tables[context] ?? KeyMap.table(context) }

  private static func changed(_ context: KeyContext, by own: [Key: Command?]) -> [KeyBinding] {
    var placed: Set<Key> = []
    return KeyMap.bindings(context).compactMap { binding in
      // The operator's own keys come first: the bottom line names them.
      let new = own.filter { $0.value == binding.command && !placed.contains($0.key) }.map(\.key)
        .sorted { $0.name.text < $1.name.text }
      placed.formUnion(new)
      let keys = new + binding.keys.filter { own[$0] == nil }
      return keys.isEmpty ? nil : binding.with(keys)
    }
  }
}

/// The keys of a context as they are looked up for each key and each picture.
struct KeyTable: Sendable {
  let bindings: [KeyBinding]
  /// Those the bottom line may show, without the way to all the others.
  let hints: [KeyHint]
  /// The way to all the others.
  let help: KeyHint?
  /// Which of the hints lead out.
  let waysOut: [Int]

  init(_ bindings: [KeyBinding]) {
    self.bindings = bindings
    let named = bindings.compactMap(KeyHint.init)
    let hints = named.filter { $0.command != .help }
    self.hints = hints
    help = named.first { $0.command == .help }
    waysOut = hints.indices.filter { hints[$0].leadsOut }
  }
}

/// A key in the bottom line. What is the same in every picture is made once.
struct KeyHint: Sendable {
  let key: Key
  let command: Command
  let keyName: SafeText
  let name: SafeText
  /// The columns of both and of the space between them.
  let width: Int
  /// Whether Esc does it.
  let leadsOut: Bool
  let unavailable: @Sendable (State) -> SafeText?

  /// nil for a key that is not to be in the bottom line.
  init?(_ binding: KeyBinding) {
    guard !binding.name.isEmpty, let key = binding.keys.first else { return nil }
    self.key = key
    command = binding.command
    keyName = key.name
    name = binding.name
    width = keyName.width + 1 + name.width
    leadsOut = binding.keys.contains(.escape)
    unavailable = binding.unavailable
  }
}

extension KeyMap {
  /// Tables that were asked for.
  private static let askedFor = Mutex<[KeyContext: KeyTable]>([:])

  /// The usual keys of a context.
  static func table(_ context: KeyContext) -> KeyTable {
    askedFor.withLock { tables in
      if let known = tables[context] { return known }
      let made = KeyTable(bindings(context))
      tables[context] = made
      return made
    }
  }
}

extension State {
  /// The keys of a context, with the operator's own.
  func keyTable(_ context: KeyContext) -> KeyTable { surroundings.keys.table(context) }

  func bindings(_ context: KeyContext) -> [KeyBinding] { keyTable(context).bindings }
}

extension String {
  /// `moveToFirst` as `move-to-first`: how a file names what code calls so.
  var hyphenated: String {
    reduce(into: "") { text, character in
      if character.isUppercase { text += "-" }
      text += character.lowercased()
    }
  }
}
