import Glibc
import Synchronization

/// A server of a protocol of lines that answers as a script says: for replies that a well server
/// never gives.
public final class LineServer: Sendable {
  /// Its port.
  public var port: UInt16 { listener.port }
  private let listener: LoopbackListener
  private let served: Count

  /// How many connections it has now.
  public var connections: Int { served.number.withLock { $0 } }

  private final class Count: Sendable {
    let number = Mutex(0)
    func change(by difference: Int) { number.withLock { $0 += difference } }
  }

  /// Answers each command as it is, or by its first word.
  /// - Parameters:
  ///   - replies: an empty reply is none: who asked waits. In a reply to a tagged command, `%` stands
  ///     for its tag.
  ///   - tagged: whether the first word is a tag, as in IMAP, and the command the second; a command
  ///     after `UID` counts as the command.
  ///   - resettingAt: the commands at which the connection is reset.
  public init(
    greeting: String, replies: [String: String], otherwise: String, tagged: Bool = false,
    resettingAt resets: Set<String> = []
  ) {
    let served = Count()
    self.served = served
    listener = LoopbackListener { connection in
      LoopbackThread.start {
        served.change(by: 1)
        Self.serve(
          connection, greeting, replies, otherwise, tagged: tagged, resettingAt: resets)
        served.change(by: -1)
      }
    }
  }

  private static func serve(
    _ connection: Int32, _ greeting: String, _ replies: [String: String], _ otherwise: String,
    tagged: Bool, resettingAt resets: Set<String>
  ) {
    Self.say(greeting, to: connection)
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(connection, &byte, 1) == 1 {
      guard byte == 10 else {
        line.append(byte)
        continue
      }
      var words = String(decoding: line, as: UTF8.self).uppercased()
        .split(whereSeparator: \.isWhitespace)
      let tag = tagged && !words.isEmpty ? String(words.removeFirst()) : ""
      if words.first == "UID" { words.removeFirst() }
      let word = words.first.map(String.init) ?? ""
      guard !resets.contains(word) else { return LoopbackSocket.reset(connection) }
      let reply = replies[words.joined(separator: " ")] ?? replies[word] ?? otherwise
      Self.say(tagged ? reply.replacing("%", with: tag) : reply, to: connection)
      line = []
    }
    close(connection)
  }

  private static func say(_ text: String, to connection: Int32) {
    guard !text.isEmpty else { return }
    let bytes = Array((text + "\r\n").utf8)
    _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
