import Glibc
import Synchronization

/// A server of a protocol of lines that answers as a script says: for replies that a well server
/// never gives.
public final class LineServer: Sendable {
  /// Its port.
  public let port: UInt16
  private let descriptor: Int32

  /// Answers each command by its first word.
  public init(greeting: String, replies: [String: String], otherwise: String) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        _ = bind(descriptor, generic, length)
        _ = getsockname(descriptor, generic, &length)
      }
    }
    listen(descriptor, 16)
    port = UInt16(bigEndian: address.sin_port)
    self.descriptor = descriptor
    let script = Script(descriptor, greeting, replies, otherwise)
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Script>.fromOpaque(context).takeRetainedValue().serve()
        return nil
      }, Unmanaged.passRetained(script).toOpaque())
    pthread_detach(thread)
  }

  deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

  private final class Script {
    let descriptor: Int32
    let greeting: String
    let replies: [String: String]
    let otherwise: String

    init(_ descriptor: Int32, _ greeting: String, _ replies: [String: String], _ otherwise: String)
    {
      self.descriptor = descriptor
      self.greeting = greeting
      self.replies = replies
      self.otherwise = otherwise
    }

    func serve() {
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else {
          close(descriptor)
          return
        }
        say(greeting, to: connection)
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(connection, &byte, 1) == 1 {
          guard byte == 10 else {
            line.append(byte)
            continue
          }
          let word = String(decoding: line.prefix { $0 != 32 && $0 != 13 }, as: UTF8.self)
          say(replies[word.uppercased()] ?? otherwise, to: connection)
          line = []
        }
        close(connection)
      }
    }

    private func say(_ text: String, to connection: Int32) {
      let bytes = Array((text + "\r\n").utf8)
      _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
  }
}
