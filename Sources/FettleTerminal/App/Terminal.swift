public import FettleCore
public import FettleEngine

/// How the terminal is to be used.
public struct TerminalOptions: Sendable, Hashable {
  /// When colour is used. `auto` asks the terminal and obeys `NO_COLOR`.
  public enum Color: String, Sendable, CaseIterable { case auto, always, never }

  /// When colour is used.
  public var color = Color.auto
  /// Whether only ASCII is drawn; nil follows the locale.
  public var ascii: Bool?
  /// The zone of the dates on the screen in seconds east of UTC; nil takes that of the environment.
  public var utcOffset: Int?
  /// How much of a scenario may wait to be mended, in bytes; the scenarios show how full they are.
  public var scenarioLimit = StoreLimits().scenarioBytes
  /// Whether every key that changes something is refused.
  public var isReadOnly = false
  /// The instant that counts as now, for pictures and tests; nil takes the clock.
  public var fixedNow: Instant?
  /// The operator's own keys, as the text of a file: a line is `SCREEN KEY COMMAND`, such as
  /// `list ctrl-a mark`; `none` takes a key away.
  public var keys = ""
  /// The path of that file, for what is wrong with it.
  public var keysPath = ""
  /// Whether the mouse clicks and scrolls; otherwise it is left to the terminal.
  public var usesMouse = true
  /// Where copies go.
  public var clipboard = Clipboard.none
  /// The version of the program, for `:about`.
  public var version = ""
  /// The time between two looks at the store, in milliseconds.
  public var refreshInterval: Int = 2000

  /// The usual way.
  public init() {}
}

/// Why there can be no full screen. Its text is one line for standard error.
public struct TerminalUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is missing and what can be done instead.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// The full screen on which an operator finds, mends and resumes incomplete executions.
public enum Terminal {
  /// How it ended.
  public enum Ending: Sendable, Hashable {
    /// The operator quit.
    case quit
    /// The terminal was closed under the program.
    case hungUp
    /// The store could not be opened.
    case unopened(StoreError)
  }

  /// Shows the screen until the operator quits.
  ///
  /// Call it on the main thread, outside of any task: curses belongs to the thread that calls, which
  /// is blocked until the end. On return the terminal is as it was. A signal that ends the program
  /// gives the terminal back first and keeps its status.
  /// - Parameters:
  ///   - storeName: what the header calls the store.
  ///   - open: opens the store, elsewhere, while the first picture is painted.
  /// - Throws: why this is no terminal to draw on; nothing was written then.
  public static func run(
    storeName: String, options: TerminalOptions = TerminalOptions(),
    open: @escaping @Sendable () throws(StoreError) -> OperatorDesk
  ) throws(TerminalUnavailable) -> Ending {
    let keys: KeyRemapping
    do throws(KeyRemapping.Problem) { keys = try KeyRemapping(parsing: options.keys) } catch {
      throw TerminalUnavailable(
        "your own keys, "
          + (options.keysPath.isEmpty ? "line " : "\(options.keysPath):") + "\(error.line): "
          + "\(error.description); mend the line, put # before it, or move the file away")
    }
    let mailbox = try Mailbox()
    let runner = EffectRunner(mailbox: mailbox, open: open)
    var terminal = try NcursesTerminal(options: options, wakeDescriptor: mailbox.readDescriptor)
    defer { terminal.close() }
    if options.usesMouse { terminal.useMouse(true) }
    let session = Session.new(in: Session.terminal)
    let living = LivingSession(session)
    defer { living.end() }
    let surroundings = Surroundings(
      storeName: storeName, session: session, isReadOnly: options.isReadOnly,
      isASCII: terminal.isASCII,
      version: options.version, terminal: terminal.told, keys: keys,
      zone: options.utcOffset.map { .fixed($0) } ?? .local,
      scenarioLimit: options.scenarioLimit)
    let clock = SystemClock(standingStillAt: options.fixedNow)
    let loop = EventLoop(
      runner: runner, mailbox: mailbox, clock: clock,
      clipboard: options.clipboard, store: storeName, session: session,
      refreshInterval: max(100, options.refreshInterval))
    return loop.run(on: &terminal, surroundings)
  }
}
