import ArgumentParser
import FettleCore
import FettleEngine
import FettleProgram
import FettleSQLite
import FettleTerminal
import Glibc
import Synchronization

/// How the terminal is to look.
struct AppearanceOptions: ParsableArguments {
  @Option(
    help: "auto, always or never. auto obeys NO_COLOR.",
    completion: .list(TerminalOptions.Color.allCases.map(\.rawValue)))
  var color = "auto"

  @Flag(help: "Draw with ASCII only. The default follows the locale.")
  var ascii = false

  @Flag(name: .customLong("read-only"), help: "Refuse every key that changes something.")
  var readOnly = false

  @Flag(help: "Show times in UTC.")
  var utc = false

  @Flag(name: .customLong("no-mouse"), help: "Leave the mouse to the terminal.")
  var noMouse = false

  @Option(help: "Where copies go: osc52, or a command that reads them.")
  var copy: String?

  @Option(help: ArgumentHelp("The instant that counts as now, in ISO 8601.", visibility: .hidden))
  var now: String?

  func validate() throws {
    guard TerminalOptions.Color(rawValue: color) != nil else {
      throw ValidationError("--color is auto, always or never.")
    }
    if let now, Instant(iso8601: now) == nil {
      throw ValidationError("--now is an instant such as 2026-09-21T14:05:00Z.")
    }
  }

  /// The options of the terminal.
  var options: TerminalOptions {
    var options = TerminalOptions.usual
    options.color = TerminalOptions.Color(rawValue: color) ?? .auto
    options.ascii = ascii ? true : nil
    options.isReadOnly = readOnly
    options.utcOffset = utc ? 0 : nil
    options.usesMouse = !noMouse
    options.clipboard = .found(wish: copy)
    options.fixedNow = now.flatMap { Instant(iso8601: $0) }
    return options
  }

  /// The clock that goes with them: records are still made one after the other.
  var clock: SystemClock {
    options.fixedNow.map { SystemClock(startingAt: $0) } ?? SystemClock()
  }
}

extension TerminalOptions {
  /// What is drawn and copied where nothing else is asked for.
  static var usual: TerminalOptions {
    var options = TerminalOptions()
    options.clipboard = .found(wish: nil)
    options.version = Fettle.configuration.version
    return options
  }
}

extension Terminal {
  /// Shows the terminal until the operator quits, on the main thread: curses belongs to one thread,
  /// and threads of the pool, which are few, hear no signals.
  /// - Parameter open: opens the store, while the first picture is painted.
  @MainActor static func show(
    _ storeName: String, _ options: TerminalOptions,
    open: @escaping @Sendable () throws(StoreError) -> OperatorDesk
  ) throws {
    var options = options
    options.keys = try OwnFiles.text(of: "keys") ?? ""
    options.keysPath = OwnFiles.path(of: "keys") ?? ""
    options.scenarioLimit = Settings.environment.limits.scenarioBytes
    let ending: Ending
    do throws(TerminalUnavailable) {
      ending = try run(storeName: storeName, options: options, open: open)
    } catch {
      throw CommandFailure.usage(error.description)
    }
    if case .unopened(let error) = ending { throw CommandFailure(error) }
  }

  /// Shows the terminal on the store at a path, which has to be there.
  static func show(storeAt path: String, _ options: TerminalOptions) async throws {
    try requireTerminal()
    // What is no store is refused before anything is drawn.
    do throws(StoreError) { try SQLiteStore.check(path: path) } catch {
      throw CommandFailure(error)
    }
    let opened = Mutex<Workshop?>(nil)
    try await show(path, options) { () throws(StoreError) in
      let workshop = try Workshop(
        path: path, creating: false, looking: options.isReadOnly, touching: !options.isReadOnly)
      opened.withLock { $0 = workshop }
      return workshop.desk
    }
    // What a retry called and did not wait for ends before the next module of it, and is kept.
    guard let runner = opened.withLock({ $0?.runner }) else { return }
    runner.brake.pull()
    await runner.finishCalled { count in
      Console.complain(
        "\(count) run\(count == 1 ? "" : "s") that a retry called \(count == 1 ? "is" : "are") at work; "
          + "the module that runs is finished first")
    }
  }
}

/// Refuses to go on where there is no terminal to draw on.
func requireTerminal() throws {
  guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
    throw CommandFailure.usage(
      "this is no terminal; 'fettle open --plain' talks in lines, 'fettle list' and 'fettle show' print"
    )
  }
}
