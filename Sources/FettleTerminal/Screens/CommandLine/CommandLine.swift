import FettleCore

/// What can be typed behind `:`. Every command of the keys works by its word too; these have no key.
enum TypedCommand: Hashable, Sendable {
  case command(Command)
  case filter(String)
  case mouse(Bool)
  case about
  /// Keeps the filter under a name.
  case save(String)
  case sort(String)

  /// Why a line is no command.
  struct Problem: Error, Hashable, Sendable {
    let text: SafeText
  }

  /// The words that take something behind them or have no key, with what they do.
  static let own: [(word: String, help: SafeText)] = [
    ("about", "the store, the version and what the terminal can do"),
    ("filter", "filter WORDS shows the records they fit; alone it shows all again"),
    ("q", "close this screen"),
    ("q!", "quit"),
    ("save", "save NAME keeps the filter and the order under a name; F2 picks it"),
    ("sort", "sort size, sort -created: the order of the list; - is the greatest first"),
    ("set mouse off", "leave the mouse to the terminal"),
    ("set mouse on", "click, double click and wheel"),
  ]

  /// - Parameter commands: what the keys of the screen do.
  init(_ line: String, commands: [Command]) throws(Problem) {
    let words = line.split(separator: " ").map(String.init)
    switch words.first {
    case "about" where words.count == 1: self = .about
    case "q" where words.count == 1: self = .command(.quit)
    case "q!" where words.count == 1: self = .command(.quitAtOnce)
    case "filter": self = .filter(words.dropFirst().joined(separator: " "))
    case "save":
      guard words.count > 1 else { throw Problem(text: "save NAME: a view needs a name") }
      self = .save(words.dropFirst().joined(separator: " "))
    case "sort":
      self = .sort(words.dropFirst().joined(separator: " "))
    case "set":
      guard words.count == 3, words[1] == "mouse", ["on", "off"].contains(words[2]) else {
        throw Problem(text: "set mouse on, or set mouse off")
      }
      self = .mouse(words[2] == "on")
    case let word?:
      guard words.count == 1, let command = commands.first(where: { $0.word == word }) else {
        throw Problem(text: "there is no command \"\(word)\" here; Tab shows what there is")
      }
      self = .command(command)
    case nil: throw Problem(text: "type a command; Tab shows what there is")
    }
  }

  /// The lines that begin with what is typed.
  /// - Parameter columns: what the list of the screen is sorted by.
  static func completions(
    of typed: String, commands: [Command], columns: [String] = []
  ) -> [String] {
    let orders = columns.flatMap { ["sort \($0)", "sort -\($0)"] }
    // The orders are many; they are listed once it is clear that it is to be sorted.
    let lines = commands.map(\.word) + own.map(\.word) + (typed.hasPrefix("sort ") ? orders : [])
    return Set(lines).filter { $0.hasPrefix(typed) }.sorted()
  }
}

/// The keys of the command line.
extension KeyMap {
  static let commandLine: [KeyBinding] = [
    KeyBinding([.enter], "do it", "Do what is typed", .keep),
    KeyBinding([.tab], "complete", "Complete the word, or list what it could be", .complete),
    KeyBinding([.up], "", "The command typed before", .earlier),
    KeyBinding([.down], "", "The command typed after it", .later),
    KeyBinding([.escape], "back", "Leave everything as it was", .cancel),
  ]
}

extension State {
  /// What the keys behind the command line do.
  private var commandsBehind: [Command] {
    var behind = self
    behind.typing = nil
    return behind.bindings(behind.context).map(\.command)
  }

  mutating func updateCommandLine(_ command: Command) -> [Effect] {
    guard let typing, case .command(let age) = typing.purpose else { return [] }
    switch command {
    case .keep: return obey(typing.line.text.trimmed)
    case .complete: complete(typing.line.text)
    case .earlier: recall(age + 1)
    case .later: recall(age - 1)
    case .cancel, .interrupt: self.typing = nil
    default: break
    }
    return []
  }

  private mutating func recall(_ age: Int) {
    guard (0...commandHistory.count).contains(age) else { return }
    let text = age == 0 ? "" : commandHistory[commandHistory.count - age]
    typing = Typing(line: LineEditor(text), purpose: .command(age: age))
  }

  private mutating func complete(_ text: String) {
    let candidates = TypedCommand.completions(
      of: text, commands: commandsBehind, columns: filteredList?.screen.columnNames ?? [])
    switch candidates.count {
    case 0: typing?.problem = "nothing begins with \"\(text)\""
    case 1: typing?.line.replace(with: candidates[0])
    default:
      let shared = candidates.dropFirst().reduce(candidates[0]) { shared, candidate in
        String(zip(shared, candidate).prefix { $0 == $1 }.map(\.0))
      }
      typing?.line.replace(with: shared)
      typing?.problem = nil
      typing?.show(Candidates(candidates), isAsBefore: shared == text)
    }
  }

  private mutating func obey(_ line: String) -> [Effect] {
    let typed: TypedCommand
    do throws(TypedCommand.Problem) {
      typed = try TypedCommand(line, commands: commandsBehind)
    } catch {
      typing?.problem = error.text
      return []
    }
    if case .sort(let words) = typed { return sort(by: words, line) }
    return obeyed(typed, line)
  }

  private mutating func note(_ line: String) {
    typing = nil
    commandHistory.removeAll { $0 == line }
    commandHistory.append(line)
    if commandHistory.count > 100 { commandHistory.removeFirst() }
  }

  private mutating func obeyed(_ typed: TypedCommand, _ line: String) -> [Effect] {
    note(line)
    switch typed {
    case .command(let command): return press(command)
    case .filter(let text): return filter(by: text)
    case .mouse(let isOn):
      usesMouse = isOn
      notice = isOn ? "the mouse clicks and scrolls here" : "the mouse is the terminal's"
      return [.useMouse(isOn)]
    case .save(let name): return saveView(named: name)
    case .sort: return []
    case .about:
      notice =
        "Fettle \(surroundings.version) · \(surroundings.storeName) · "
        + "\(size.columns)x\(size.rows)"
        + (surroundings.terminal.isEmpty ? "" : " · " + surroundings.terminal)
        + (surroundings.isASCII ? " · ASCII" : " · UTF-8")
        + (usesMouse ? " · mouse" : " · no mouse")
        + (surroundings.isReadOnly ? " · read-only" : "")
      return []
    }
  }

  /// Sorts the list of this screen; what is no column is said where it is typed.
  private mutating func sort(by words: String, _ line: String) -> [Effect] {
    guard let list = filteredList else {
      note(line)
      notice =
        table != nil && detail == nil
        ? "s sorts this screen by the next column, S turns the order round"
        : "a list is sorted; Esc goes back to it"
      return []
    }
    do throws(TypedCommand.Problem) {
      let effects = try list.screen.sort(by: words, in: &self)
      note(line)
      return effects
    } catch {
      typing?.problem = error.text
      return []
    }
  }

  private mutating func filter(by text: String) -> [Effect] {
    notice = ""
    guard let list = filteredList, detail == nil else {
      notice = "a list is filtered; Esc goes back to it"
      return []
    }
    do { return try list.screen.show(filter: text, in: &self) } catch {
      notice = "that filter cannot be read; / shows why while it is typed"
      return []
    }
  }
}
