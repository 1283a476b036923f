import Foundation
import Synchronization

/// A line to a tmux server that stays open: a command costs a write and a read instead of a program.
final class TmuxControl: Sendable {
  private struct Line: ~Copyable {
    let commands: Int32
    let answers: Int32
    var unread: [UInt8] = []
  }

  /// A command was refused, or the server answers no more.
  struct Refused: Error {
    let text: String
  }

  private let line: Mutex<Line>
  private let process: pid_t

  /// Attaches to the session "t" of a server, as a client that neither sizes nor draws anything.
  init(socket: String, folder: TemporaryFolder) throws {
    let (commands, answers) = (folder.path + "/commands", folder.path + "/answers")
    mkfifo(commands, 0o600)
    mkfifo(answers, 0o600)
    // Both ways on both, so that nobody waits for the other to open.
    line = Mutex(
      Line(
        commands: open(commands, O_RDWR | O_CLOEXEC), answers: open(answers, O_RDWR | O_CLOEXEC)))
    process = try Spawn.start(
      "tmux",
      ["-L", socket, "-C", "attach-session", "-t", "t", "-f", "no-output,ignore-size"],
      environment: ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" },
      input: commands, output: answers, errors: "/dev/null")
  }

  deinit {
    Spawn.kill(process)
    _ = Spawn.waitNow(process)
    line.withLock { line in
      close(line.commands)
      close(line.answers)
    }
  }

  /// Whether a command can be told in one line.
  static func canTell(_ arguments: [String]) -> Bool {
    !arguments.contains { $0.contains("\n") || $0.contains("\r") }
  }

  /// Has a command done.
  /// - Returns: what it prints.
  func perform(_ arguments: [String]) throws -> String {
    let told = arguments.map { "'" + $0.replacing("'", with: #"'\''"#) + "'" }
      .joined(separator: " ")
    return try line.withLock { line in
      let bytes = Array((told + "\n").utf8)
      guard write(line.commands, bytes, bytes.count) == bytes.count else {
        throw Refused(text: "the server takes no command")
      }
      return try Self.answer(&line)
    }
  }

  /// Reads up to the end of the next answer to a command of ours; of others and of news nothing is
  /// told.
  private static func answer(_ line: inout Line) throws -> String {
    var lines: [Substring]?
    while true {
      let text = try nextLine(&line)
      let isOurs = text.hasSuffix(" 1")
      if lines == nil {
        if text.hasPrefix("%begin "), isOurs { lines = [] }
        if text.hasPrefix("%exit") { throw Refused(text: "the server has ended") }
      } else if text.hasPrefix("%end "), isOurs {
        return (lines ?? []).map { $0 + "\n" }.joined()
      } else if text.hasPrefix("%error "), isOurs {
        throw Refused(text: (lines ?? []).joined(separator: " "))
      } else {
        lines?.append(text[...])
      }
    }
  }

  private static func nextLine(_ line: inout Line) throws -> String {
    var block = [UInt8](repeating: 0, count: 16_384)
    while true {
      if let end = line.unread.firstIndex(of: UInt8(ascii: "\n")) {
        let text = String(decoding: line.unread[..<end], as: UTF8.self)
        line.unread.removeFirst(end + 1)
        return text
      }
      var wanted = pollfd(fd: line.answers, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, 10_000) == 1 else { throw Refused(text: "no answer in 10 s") }
      let count = read(line.answers, &block, block.count)
      guard count > 0 else { throw Refused(text: "no answer") }
      line.unread += block[..<count]
    }
  }
}
