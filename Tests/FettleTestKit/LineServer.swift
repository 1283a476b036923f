import Glibc

/// A server of a protocol of lines that answers as a script says: for replies that a well server
/// never gives.
public final class LineServer: Sendable {
  /// Its port.
  public var port: UInt16 { listener.port }
  private let listener: LoopbackListener

  /// Answers each command by its first word.
  public init(greeting: String, replies: [String: String], otherwise: String) {
    listener = LoopbackListener { connection in
      Self.say(greeting, to: connection)
      var line: [UInt8] = []
      var byte: UInt8 = 0
      while read(connection, &byte, 1) == 1 {
        guard byte == 10 else {
          line.append(byte)
          continue
        }
        let word = String(decoding: line.prefix { $0 != 32 && $0 != 13 }, as: UTF8.self)
        Self.say(replies[word.uppercased()] ?? otherwise, to: connection)
        line = []
      }
      close(connection)
    }
  }

  private static func say(_ text: String, to connection: Int32) {
    let bytes = Array((text + "\r\n").utf8)
    _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
