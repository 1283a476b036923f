/// Where keys go. Each context has its own table.
enum KeyContext: String, Hashable, Sendable, CaseIterable {
  case list, groups, groupEdit, bulk, scenarios, history, run, auditTrail
  case detail, resumeCheck, diff, way, conflict, preview, recordAudit, help, helpWords, picker
  case line, commandLine, value, mapping, box
  case questionClose, questionYes, questionUnsaved, questionCopy
  case questionInput, questionScope, questionDoubt, questionUndone, questionRunning

  /// As the file of one's own keys names it.
  var word: String { rawValue.hyphenated }

  var title: SafeText {
    switch self {
    case .list: "The list"
    case .groups: "The groups"
    case .scenarios: "The scenarios"
    case .history: "The history"
    case .run: "An execution"
    case .auditTrail: "The audit"
    case .groupEdit: "The same change in others"
    case .bulk: "An action on many records"
    case .detail: "A record"
    case .resumeCheck: "Before a resume"
    case .diff: "The changes"
    case .way: "Where a value came from"
    case .conflict: "Two changed the same"
    case .preview: "Before a paste"
    case .recordAudit: "The audit of a record"
    case .help: "This help"
    case .helpWords: "Searching the help"
    case .picker: "Picking"
    case .line: "Typing"
    case .commandLine: "The command line"
    case .value: "Editing a value"
    case .mapping: "Editing a mapping"
    case .box: "Editing a text"
    case .questionClose: "Close or delete?"
    case .questionYes: "A question"
    case .questionUnsaved: "Changes are not saved"
    case .questionCopy: "Copy what?"
    case .questionInput: "The value or its mapping?"
    case .questionScope: "For whom is a mapping changed?"
    case .questionDoubt: "Did it arrive?"
    case .questionUndone: "Where shall it go on?"
    case .questionRunning: "Quit while something runs?"
    }
  }
}

/// One row a key: the dispatcher, the bottom line and `?` all read this table.
struct KeyBinding: Sendable {
  let keys: [Key]
  /// The word in the bottom line; empty keeps it out of there.
  let name: SafeText
  /// The sentence in the help.
  let help: SafeText
  let command: Command
  /// Why the key does nothing now; nil when it works.
  let unavailable: @Sendable (State) -> SafeText?

  init(
    _ keys: [Key], _ name: SafeText = "", _ help: SafeText, _ command: Command,
    unavailable: @escaping @Sendable (State) -> SafeText? = { _ in nil }
  ) {
    self.keys = keys
    self.name = name
    self.help = help
    self.command = command
    self.unavailable = unavailable
  }

  /// The same on other keys.
  func with(_ keys: [Key]) -> KeyBinding {
    KeyBinding(keys, name, help, command, unavailable: unavailable)
  }
}

enum KeyMap {
  /// The keys of a context, in the order help lists them; those named first fill the bottom line.
  static func bindings(_ context: KeyContext) -> [KeyBinding] {
    switch context {
    case .list: list + [copying] + moving + Screen.keys + anywhere + [quitting]
    case .groups: groups + storedList + moving + Screen.keys + everywhere
    case .scenarios: scenarios + table + moving + Screen.keys + everywhere
    case .history: history + storedList + moving + Screen.keys + everywhere
    case .run: run + [copyingLine] + Screen.keys + everywhere
    case .auditTrail: auditTrail + storedList + moving + Screen.keys + everywhere
    case .groupEdit: groupEdit + scrolling + anywhere
    case .bulk: bulk + around
    case .detail: detail + [copying] + moving + Screen.keys + everywhere
    case .resumeCheck: resumeCheck + scrolling + anywhere
    case .diff: diff + scrolling + anywhere
    case .way: way + scrolling + anywhere
    case .conflict: conflict + scrolling + around
    case .preview: previewKeys + scrolling + around
    case .recordAudit: recordAuditKeys + scrolling + anywhere
    case .help: help + scrolling + painting
    case .helpWords: helpWords + painting
    case .picker: picker + scrolling + around
    case .line: line + whileTyping
    case .commandLine: commandLine + whileTyping
    case .value: value + whileTyping
    case .mapping: mapping + whileTyping
    case .box: box + whileTyping
    case .questionClose: questionClose + refusing + painting
    case .questionYes: questionYes + refusing + painting
    case .questionUnsaved: questionUnsaved + refusing + painting
    case .questionCopy: questionCopy + refusing + painting
    case .questionInput: questionInput + refusing + painting
    case .questionScope: questionScope + painting
    case .questionDoubt: questionDoubt + refusing + painting
    case .questionUndone: questionUndone + refusing + painting
    case .questionRunning: questionRunning + refusing + painting
    }
  }

  private static let interrupt = KeyBinding(
    [.control("c")], "", "Cancel what is being asked; at the top, ask to quit", .interrupt)

  private static let repainting = KeyBinding(
    [.control("l")], "", "Paint the screen anew", .repaint)

  private static let suspending = KeyBinding(
    [.control("z")], "", "Suspend; fg in the shell comes back", .suspend)

  private static let painting = [repainting, suspending]

  /// Where there is something to be done first.
  private static let around: [KeyBinding] =
    [KeyBinding([.character("?"), .function(1)], "keys", "List the keys that work here", .help)]
    + painting + [interrupt]

  /// Where characters are text.
  private static let whileTyping: [KeyBinding] =
    [KeyBinding([.function(1)], "", "List the keys that work here", .help)] + painting
    + [interrupt]

  private static let anywhere: [KeyBinding] = [
    KeyBinding([.character("?"), .function(1)], "keys", "List the keys that work here", .help),
    KeyBinding([.character(":")], "", "Type a command; Tab completes it", .commandLine),
    repainting, suspending,
    KeyBinding(
      [.character("Q")], "", "Quit; asks when something is not saved or runs", .quitAtOnce),
    interrupt,
  ]

  private static let everywhere: [KeyBinding] =
    anywhere + [
      KeyBinding([.character("q")], "close", "Close this screen", .quit)
    ]

  private static let quitting = KeyBinding(
    [.character("q")], "quit", "Quit; asks when something is not done", .quit)

  private static let scrolling: [KeyBinding] = [
    KeyBinding([.character("j"), .down], "", "Down one line", .moveDown),
    KeyBinding([.character("k"), .up], "", "Up one line", .moveUp),
    KeyBinding([.pageDown, .control("d")], "", "Down one page", .pageDown),
    KeyBinding([.pageUp, .control("u")], "", "Up one page", .pageUp),
    KeyBinding([.character("g"), .home], "", "To the beginning", .moveToFirst),
    KeyBinding([.character("G"), .end], "", "To the end", .moveToLast),
  ]

  private static let moving: [KeyBinding] = [
    KeyBinding([.character("j"), .down], "", "Down one line", .moveDown),
    KeyBinding([.character("k"), .up], "", "Up one line", .moveUp),
    KeyBinding([.pageDown], "", "Down one page", .pageDown),
    KeyBinding([.pageUp], "", "Up one page", .pageUp),
    KeyBinding([.control("d")], "", "Down half a page", .halfPageDown),
    KeyBinding([.control("u")], "", "Up half a page", .halfPageUp),
    KeyBinding([.character("g"), .home], "", "To the beginning", .moveToFirst),
    KeyBinding([.character("G"), .end], "", "To the end", .moveToLast),
  ]

  private static let line: [KeyBinding] = [
    KeyBinding([.enter], "keep", "Keep what is typed", .keep),
    KeyBinding([.escape], "back", "Leave everything as it was", .cancel),
    KeyBinding([.tab], "", "Complete a key, a value or a path of a filter", .complete),
  ]

  private static let value: [KeyBinding] = [
    KeyBinding([.enter], "keep", "Keep the value; saved with Ctrl-S or a resume", .keep),
    KeyBinding([.escape], "put the old value back", "Put the old value back", .cancel),
    KeyBinding([.control("t")], "type", "Change the type of the value", .changeType),
    KeyBinding(
      [.tab], "", "Flip a boolean, or take the next of the values the module accepts", .nextChoice),
    KeyBinding([.control("e")], "$EDITOR", "Go on in $VISUAL or $EDITOR", .editOutside),
    KeyBinding(
      [.up], "part", "The part of a date under the cursor, one later", .stepUp,
      unavailable: noDateTyped),
    KeyBinding(
      [.down], "", "The part of a date under the cursor, one earlier", .stepDown,
      unavailable: noDateTyped),
  ]

  private static let noDateTyped: @Sendable (State) -> SafeText? = {
    $0.typing?.editor?.isDate == true ? nil : "only a date has parts"
  }

  private static let mapping: [KeyBinding] = [
    KeyBinding([.enter], "keep", "Keep the mapping; saved with Ctrl-S or a resume", .keep),
    KeyBinding([.tab], "another place", "The next place of the bundles to map from", .nextChoice),
    KeyBinding([.escape], "put the old one back", "Put the old mapping back", .cancel),
    KeyBinding([.control("e")], "$EDITOR", "Go on in $VISUAL or $EDITOR", .editOutside),
  ]

  private static let box: [KeyBinding] = [
    KeyBinding([.control("s")], "keep", "Keep the text", .keep),
    KeyBinding([.escape], "put the old one back", "Put the old text back", .cancel),
    KeyBinding([.control("e")], "$EDITOR", "Go on in $VISUAL or $EDITOR", .editOutside),
    KeyBinding([.up], "", "Up one line", .stepUp),
    KeyBinding([.down], "", "Down one line", .stepDown),
  ]

  private static let questionInput: [KeyBinding] = [
    KeyBinding(
      [.character("v")], "value", "Put a value here, for this record only", .answerValue),
    KeyBinding([.character("m")], "mapping", "Change its mapping", .answerMapping),
  ]

  private static let questionScope: [KeyBinding] = [
    KeyBinding(
      [.character("o"), .escape, .enter, .control("c")], "only this record",
      "Only this record goes on with it", .answerRecord),
    KeyBinding(
      [.character("s")], "scenario too", "The blueprint the scenario has today gets it too",
      .answerScenario),
  ]

  private static let questionDoubt: [KeyBinding] = [
    KeyBinding([.character("s")], "send again", "It did not arrive: send it again", .answerSend),
    KeyBinding(
      [.character("o")], "give its output", "It did arrive: this is what came back", .answerOutput),
  ]

  private static let questionUndone: [KeyBinding] = [
    KeyBinding(
      [.character("f")], "from there", "Go on where it was first written, after the check",
      .answerFirst),
    KeyBinding(
      [.character("h")], "only from here", "Go on at the failed module; what was undone stays so",
      .answerHere),
  ]

  private static let questionRunning: [KeyBinding] = [
    KeyBinding(
      [.character("s")], "stop, then quit", "Begin nothing more; quit when what runs has ended",
      .answerStop),
    KeyBinding(
      [.character("d")], "quit now", "Quit at once; what runs is interrupted", .answerDrop),
  ]

  private static let refusing: [KeyBinding] = [
    KeyBinding(
      [.escape, .character("n"), .enter, .character("q"), .control("c")], "no", "Do nothing", .back)
  ]

  private static let questionYes: [KeyBinding] = [
    KeyBinding([.character("y")], "yes", "Do it", .answerYes)
  ]

  private static let questionClose: [KeyBinding] = [
    KeyBinding([.character("c")], "close", "Close it, with a reason", .answerClose),
    KeyBinding([.character("d")], "delete", "Put it into the bin", .answerDelete),
  ]

  private static let questionUnsaved: [KeyBinding] = [
    KeyBinding([.character("s")], "save", "Save the changes, then leave", .answerSave),
    KeyBinding([.character("d")], "drop", "Drop the changes and leave", .answerDrop),
  ]
}
