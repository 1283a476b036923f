import FettleTestKit
import Foundation

/// Whether what runs in a terminal has done all that was asked of it: nothing typed is unread, and
/// neither one of its threads nor the terminal, which hands on what is typed and shown, runs or waits for a
/// disk.
struct Quiet {
  private let shell: Int32
  private let server: String
  /// The terminal as the program sees it; what is unread there is counted.
  private let device: Int32

  init(_ terminal: TmuxSession) throws {
    shell = try terminal.processID()
    server = try terminal.display("#{pid}")
    device = open(try terminal.display("#{pane_tty}"), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
  }

  func end() { close(device) }

  /// For how long it has to be quiet. Between a key and the program, and between the program and the screen,
  /// a thread of the kernel carries the bytes; what waits for its turn there is seen nowhere.
  enum Calm: Int {
    /// Where a key that comes late changes nothing: longer than the program waits for the rest of a key
    /// after Escape.
    case short = 4
    /// Where what is seen counts, or the next key must not touch this one.
    case long = 25
  }

  /// The screen once all that was pressed is done.
  func look(
    at terminal: TmuxSession, _ calm: Calm = .short, seconds: Double = 15
  ) async throws -> TmuxSession.Look {
    try await still(calm, seconds: seconds) { try terminal.look() }
  }

  /// What is seen once all that was pressed is done.
  func still<Seen: Equatable>(
    _ calm: Calm = .short, seconds: Double, _ see: () throws -> Seen
  ) async throws -> Seen {
    var last = try see()
    var quiet = 0
    let deadline = ContinuousClock.now + .seconds(seconds)
    while quiet < calm.rawValue, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(10))
      let isQuiet = isNow
      let now = try see()
      quiet = isQuiet && now == last ? quiet + 1 : 0
      last = now
    }
    return last
  }

  var isNow: Bool {
    var unread: Int32 = 0
    guard ioctl(device, UInt(FIONREAD), &unread) == 0, unread == 0 else { return false }
    let children =
      (try? String(contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)) ?? ""
    return ([server, String(shell)] + children.split(separator: " ").map(String.init)).allSatisfy(
      isResting)
  }

  private func isResting(_ process: String) -> Bool {
    let tasks = "/proc/\(process)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    return threads.allSatisfy { thread in
      // "PID (NAME) STATE …"; who has ended meanwhile rests too.
      guard let told = try? String(contentsOfFile: "\(tasks)/\(thread)/stat", encoding: .utf8),
        let end = told.lastIndex(of: ")")
      else { return true }
      let state = told[end...].dropFirst(2).first
      return state != "R" && state != "D"
    }
  }
}
