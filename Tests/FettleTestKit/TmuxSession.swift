import Foundation
import Synchronization

/// A real terminal: a tmux server of its own with one window, in which a program runs.
public final class TmuxSession: Sendable {
  private let socket: String
  private let folder: TemporaryFolder
  /// Nil until the server stands.
  private let control = Mutex<TmuxControl?>(nil)

  /// Whether tmux is there.
  public static let isInstalled =
    ["/usr/bin/tmux", "/usr/local/bin/tmux"].contains {
      FileManager.default.isExecutableFile(atPath: $0)
    }

  /// What a screen was when something awaited did not come.
  public struct TimedOut: Error, CustomStringConvertible {
    /// What was awaited and what stood on the screen.
    public let description: String
  }

  /// Starts a shell command in a terminal of that size.
  public init(
    _ command: String, columns: Int = 80, rows: Int = 24, environment: [String: String] = [:]
  ) throws {
    folder = try TemporaryFolder()
    socket = "fettle-\(UUID().uuidString.prefix(8))"
    let settings = environment.merging(["LC_ALL": "C.UTF-8", "TERM": "tmux-256color"]) { own, _ in
      own
    }
    .sorted { $0.key < $1.key }
    .map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
    // `exec env` hands the program its own environment; the window stays to be looked at.
    try tmux([
      "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-s", "t",
      "exec sh",
    ])
    // A test process that is killed ends nothing itself; its servers must not outlive it.
    try tmux([
      "run-shell", "-b",
      "while kill -0 \(ProcessInfo.processInfo.processIdentifier) 2>/dev/null; do sleep 1; done; "
        + "tmux -L \(socket) kill-server",
    ])
    for option in [
      ["set", "-g", "status", "off"], ["set", "-s", "escape-time", "0"],
      ["set", "-g", "window-size", "manual"], ["set", "-g", "remain-on-exit", "on"],
    ] { try tmux(option) }
    try tmux(["respawn-pane", "-k", "-t", "t", "exec env \(settings) \(command)"])
    let control = try TmuxControl(socket: socket, folder: folder)
    self.control.withLock { $0 = control }
  }

  deinit {
    control.withLock { $0 = nil }
    _ = try? tmux(["kill-server"])
  }

  /// Presses keys, each by the name tmux gives it, such as `Enter` or `C-c`.
  public func press(_ keys: String...) throws {
    for key in keys { try tmux(["send-keys", "-t", "t", key]) }
  }

  /// Presses keys in one go, as fast as they can be typed.
  public func press(inOneGo keys: [String]) throws {
    guard !keys.isEmpty else { return }
    try tmux(["send-keys", "-t", "t"] + keys)
  }

  /// The screen and where the hardware cursor is on it.
  public struct Look: Equatable, Sendable {
    /// The lines, the spaces at their ends left out.
    public let lines: [String]
    /// Column and row, counted from 0.
    public let cursor: String
    /// Whether a program has the screen to itself.
    public let isAlternate: Bool

    /// All of it.
    public var text: String { lines.joined(separator: "\n") }
  }

  /// Looks at the screen.
  public func look() throws -> Look {
    let facts = try display("#{cursor_x},#{cursor_y} #{alternate_on}").split(separator: " ")
    let lines = try screen().split(separator: "\n", omittingEmptySubsequences: false)
    return Look(
      lines: lines.map(String.init), cursor: facts.first.map(String.init) ?? "",
      isAlternate: facts.last == "1")
  }

  /// Writes over the screen behind the program's back, as a stray message does.
  public func scribble(_ text: String) throws {
    let path = try display("#{pane_tty}")
    guard let file = FileHandle(forWritingAtPath: path) else { return }
    file.write(Data(text.utf8))
    try file.close()
  }

  /// Types text as it is.
  public func type(_ text: String) throws { try tmux(["send-keys", "-t", "t", "-l", "--", text]) }

  /// The screen as text.
  public func screen() throws -> String { try tmux(["capture-pane", "-p", "-t", "t"]) }

  /// The screen with its attributes as escape sequences.
  public func attributedScreen() throws -> String {
    try tmux(["capture-pane", "-p", "-e", "-N", "-t", "t"])
  }

  /// Gives the terminal another size.
  public func resize(columns: Int, rows: Int) throws {
    try tmux(["resize-window", "-t", "t", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// What tmux says of the terminal, by its format.
  public func display(_ format: String) throws -> String {
    try tmux(["display", "-p", "-t", "t", format]).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The process that runs in the terminal.
  public func processID() throws -> Int32 { Int32(try display("#{pane_pid}")) ?? 0 }

  /// Waits until a text stands on the screen.
  @discardableResult
  public func wait(for text: String, seconds: Double = 15) async throws -> String {
    try await wait("\"\(text)\"", seconds: seconds) { $0.contains(text) }
  }

  /// Waits until the program has ended.
  public func waitForEnd(seconds: Double = 15) async throws {
    let deadline = Date().addingTimeInterval(seconds)
    while try display("#{pane_dead}") != "1" {
      guard Date() < deadline else {
        throw TimedOut(description: "the program still runs; the screen:\n\(try screen())")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Waits until the screen is as wanted.
  @discardableResult
  public func wait(
    _ what: String, seconds: Double = 15, until isWanted: (String) -> Bool
  ) async throws -> String {
    let deadline = Date().addingTimeInterval(seconds)
    while true {
      let screen = try screen()
      if isWanted(screen) { return screen }
      guard Date() < deadline else {
        throw TimedOut(description: "\(what) did not come; the screen:\n\(screen)")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  @discardableResult
  private func tmux(_ arguments: [String]) throws -> String {
    if TmuxControl.canTell(arguments), let control = control.withLock({ $0 }) {
      do { return try control.perform(arguments) } catch let refused as TmuxControl.Refused {
        throw TimedOut(description: "tmux \(arguments): \(refused.text)")
      }
    }
    let (output, errors) = (folder.path + "/out", folder.path + "/err")
    let process = try Spawn.start(
      "tmux", ["-L", socket] + arguments,
      environment: ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" },
      input: "/dev/null", output: output, errors: errors)
    guard Spawn.waitNow(process) == 0 else {
      let complaint = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
      throw TimedOut(description: "tmux \(arguments): \(complaint)")
    }
    return try String(contentsOfFile: output, encoding: .utf8)
  }
}
