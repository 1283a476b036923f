import Glibc
import Synchronization

/// A real HTTP service on the loopback interface that answers `{"ok":true}` and counts what arrived.
/// It has a thread of its own, so that nothing the tests are busy with keeps it from counting: a
/// request is counted as soon as its bytes are there.
public final class CountingHTTP: Sendable {
  /// The base URL, without a slash at the end.
  public let base: String
  private let descriptor: Int32
  private let counts: Counts

  private final class Counts: Sendable {
    let byPath = Mutex<[String: Int]>([:])
  }

  /// Starts it.
  public init() {
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
    listen(descriptor, 128)
    base = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    self.descriptor = descriptor
    counts = Counts()
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Service(descriptor, counts)).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Service>.fromOpaque(context).takeRetainedValue().serve()
        return nil
      }, context)
    pthread_detach(thread)
  }

  deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// How often a path was asked for, by path without the slash.
  public func count(_ path: String) -> Int { counts.byPath.withLock { $0[path] ?? 0 } }

  /// The paths that were asked for more than once.
  public var repeated: [String] {
    counts.byPath.withLock { $0.filter { $0.value > 1 }.map(\.key).sorted() }
  }

  private final class Service {
    let descriptor: Int32
    let counts: Counts

    init(_ descriptor: Int32, _ counts: Counts) {
      self.descriptor = descriptor
      self.counts = counts
    }

    func serve() {
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else {
          close(descriptor)
          return
        }
        // A client that was killed in the middle is not waited for.
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(
          connection, SOL_SOCKET, SO_RCVTIMEO, &patience,
          socklen_t(MemoryLayout<timeval>.size))
        answer(connection)
        close(connection)
      }
    }

    private func answer(_ connection: Int32) {
      var request: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let text = String(decoding: request, as: UTF8.self)
        if let end = text.firstRange(of: "\r\n\r\n") {
          let lines = text[..<end.lowerBound].split(separator: "\r\n")
          let length = lines.lazy
            .filter { $0.lowercased().hasPrefix("content-length:") }
            .compactMap { Int($0.dropFirst("content-length:".count).drop { $0 == " " }) }.first
          if text[end.upperBound...].utf8.count >= length ?? 0 {
            let path = lines.first?.split(separator: " ").dropFirst().first?.dropFirst() ?? ""
            counts.byPath.withLock { $0[String(path), default: 0] += 1 }
            let body = #"{"ok":true}"#
            let answer = Array(
              ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
            _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
            return
          }
        }
        let count = read(connection, &buffer, buffer.count)
        guard count > 0 else { return }
        request += buffer[..<count]
      }
    }
  }
}
