import ArgumentParser
import FettleTerminal

/// `fettle manual`: the manual page, written from the tables the program itself reads.
struct Manual: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual",
    abstract: "Print the manual page.",
    discussion: "fettle manual | man -l -    shows it; fettle manual > fettle.1 keeps it.")

  func run() {
    var page = ManualPage()
    page.line(".TH FETTLE 1 \"\" \"Fettle \(Fettle.configuration.version)\"")
    page.section("NAME")
    page.text("fettle - \(Fettle.configuration.abstract.lowercasedFirst)")
    page.section("SYNOPSIS")
    page.text("fettle [COMMAND] [OPTIONS]")
    page.section("DESCRIPTION")
    page.text(
      "Fettle runs automation scenarios exported from Make or Workfront Fusion. When a module fails, "
        + "the bundle is stored as an incomplete execution with everything that can be mapped into "
        + "the module; it is mended in place and run on from there. Without a command the terminal "
        + "opens.")
    page.text(Fettle.configuration.discussion)
    page.section("COMMANDS")
    for command in Fettle.configuration.subcommands {
      page.topic(command._commandName, command.configuration.abstract)
      page.verbatim(Fettle.helpMessage(for: command, columns: 76))
    }
    page.section("KEYS")
    for screen in KeyReference.sections {
      page.subsection(screen.title)
      for row in screen.rows { page.topic(row.keys, row.help) }
    }
    page.section("LINE MODE")
    page.text("fettle open --plain talks in lines. A word may be shortened while it is clear.")
    for command in LineMode.reference { page.topic(command.words, command.help) }
    page.section("ONE'S OWN KEYS")
    page.text(
      "The file fettle/keys in the XDG configuration home gives keys other meanings. A line is SCREEN "
        + "KEY COMMAND, such as: list ctrl-a mark. The command none takes a key away. Screens and "
        + "their commands:")
    for screen in KeyReference.sections {
      page.topic(
        screen.word, Set(screen.rows.map(\.command)).sorted().joined(separator: ", "))
    }
    page.section("ENVIRONMENT")
    for (name, meaning) in Self.environment { page.topic(name, meaning) }
    page.section("FILES")
    page.topic("$XDG_DATA_HOME/fettle/fettle.db", "The store, where --store names no other.")
    page.topic("$XDG_CONFIG_HOME/fettle/keys", "One's own keys.")
    page.section("SEE ALSO")
    page.text("fettled --help; fettle COMMAND --help")
    print(page.roff, terminator: "")
  }

  private static let environment = [
    ("FETTLE_LEASE", "How long a worker may be silent before its work is taken over, in seconds."),
    ("FETTLE_SCENARIO_LIMIT, FETTLE_STORE_LIMIT", "How much may wait to be mended, in bytes."),
    ("FETTLE_ZONE", "The time zone of schedules and dates where a scenario has none."),
    (
      "FETTLE_PROFILE",
      "fusion or make: which of them counts where they disagree about failures and retries."
    ),
    (
      "FETTLE_DUPLICATES",
      "data: a duplicate that a service refuses is stored as other data that it refuses; else the "
        + "execution fails."
    ),
    (
      "FETTLE_HTTP_500",
      "ConnectionError: a service that answers 500 is tried again later; else that is a RuntimeError."
    ),
    ("FETTLE_RETRIES", "fusion or make: when stored failures are retried."),
    (
      "FETTLE_KEY_FILE, FETTLE_KEY_COMMAND",
      "The key that seals secrets and the data of confidential scenarios."
    ),
    (
      "FETTLE_CONFIDENTIAL",
      "strict: failures of confidential scenarios are not stored; else they are stored sealed."
    ),
    ("NO_COLOR", "Without colour, when it is not empty."),
    (
      "COLORFGBG",
      "What the terminal says of its colours; on a light background those are taken that can be read there."
    ),
    ("VISUAL, EDITOR", "What edits a value outside of the terminal."),
    ("TZ", "The zone of times on the screen."),
  ]
}

/// A page in the language of man(7).
private struct ManualPage {
  private(set) var roff = ""

  mutating func line(_ text: String) { roff += text + "\n" }

  mutating func section(_ title: String) { line(".SH \"\(title)\"") }

  mutating func subsection(_ title: String) { line(".SS \"\(Self.escaped(title))\"") }

  mutating func text(_ text: String) {
    line(".PP")
    line(Self.escaped(text))
  }

  mutating func topic(_ name: String, _ text: String) {
    line(".TP")
    line(".B \(Self.escaped(name))")
    line(Self.escaped(text))
  }

  mutating func verbatim(_ text: String) {
    line(".nf")
    for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
      line(Self.escaped(String(part)))
    }
    line(".fi")
  }

  /// A backslash begins a command anywhere, a dot or a quote at the beginning of a line; characters
  /// beyond ASCII are written by number.
  private static func escaped(_ text: String) -> String {
    var text = text.unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\\": text += "\\e"
      case "-": text += "\\-"
      case _ where scalar.isASCII: text.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        text += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
      }
    }
    if text.hasPrefix(".") || text.hasPrefix("'") { text = "\\&" + text }
    return text.replacing("\n", with: " ")
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
