import Dispatch
import Glibc

/// A client that speaks HTTP over a socket of its own: what it sends is sent as it is, also what no
/// library would send.
public final class HTTPClient: Sendable {
  /// What came back.
  public struct Answer: Sendable {
    /// The status; 0 when the connection ended without one.
    public let status: Int
    /// The headers, by name in lower case.
    public let headers: [String: String]
    /// The body.
    public let body: [UInt8]

    /// The body as a text.
    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  private let port: UInt16

  /// A client of the service at a base URL, such as `http://127.0.0.1:8080`.
  public init(_ base: String) {
    port = base.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
  }

  /// Sends a request on a connection of its own. No task waits for it: it has a thread.
  public func send(
    _ method: String, _ path: String, _ headers: [String: String] = [:], body: [UInt8] = []
  ) async -> Answer {
    await thread { self.exchange(Self.request(method, path, headers, body)) }
  }

  /// Sends a request with a text as its body.
  public func send(
    _ method: String, _ path: String, _ headers: [String: String] = [:], _ body: String
  ) async -> Answer {
    await send(method, path, headers, body: Array(body.utf8))
  }

  /// Sends bytes and gives what comes back until the other side ends the connection, or `seconds` have
  /// passed.
  public func sendRaw(_ bytes: [UInt8], seconds: Int = 20) async -> Answer {
    await thread { self.exchange(bytes, seconds: seconds, untilClosed: true) }
  }

  /// Sends bytes one at a time, for as long as the other side takes them.
  /// - Returns: how many seconds that was.
  public func trickle(_ bytes: [UInt8], every milliseconds: UInt32, atMost seconds: Double) async
    -> Double
  {
    await thread {
      let connection = self.connect(seconds: 1)
      defer { close(connection) }
      let clock = ContinuousClock()
      let began = clock.now
      var place = 0
      while began.duration(to: clock.now) < .seconds(seconds) {
        var byte = bytes[place % bytes.count]
        place += 1
        guard Glibc.send(connection, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 else { break }
        usleep(milliseconds * 1000)
        // What was closed by the other side reads as its end.
        var answer: UInt8 = 0
        let count = recv(connection, &answer, 1, Int32(MSG_DONTWAIT))
        if count == 0 || count < 0 && errno != EAGAIN { break }
      }
      let time = began.duration(to: clock.now).components
      return Double(time.seconds) + Double(time.attoseconds) / 1e18
    }
  }

  /// Sends bytes and gives everything that comes back until the other side ends the connection, or nothing
  /// has come for `seconds`.
  /// - Parameters:
  ///   - more: bytes that are sent when the answer begins with `mark`.
  public func receive(
    _ bytes: [UInt8], then more: [UInt8] = [], after mark: String = "", seconds: Int
  ) async -> String {
    await thread {
      let connection = self.connect(seconds: seconds)
      defer { close(connection) }
      _ = Self.write(bytes, to: connection)
      var received: [UInt8] = []
      var isWaiting = !more.isEmpty
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = Glibc.read(connection, &buffer, buffer.count)
        guard count > 0 else { break }
        received += buffer[..<count]
        if isWaiting, received.starts(with: Array(mark.utf8)) {
          isWaiting = false
          _ = Self.write(more, to: connection)
        }
      }
      return String(decoding: received, as: UTF8.self)
    }
  }

  /// Sends bytes and ends the connection at once.
  public func breakOff(_ bytes: [UInt8]) async {
    await thread {
      let connection = self.connect(seconds: 5)
      _ = Self.write(bytes, to: connection)
      close(connection)
    }
  }

  /// Sends requests and reads nothing of the answers.
  /// - Returns: after how many seconds the other side ended the connection.
  public func askAndNotRead(_ bytes: [UInt8], atMost seconds: Double) async -> Double {
    await thread {
      let connection = LoopbackPort.socket()
      defer { close(connection) }
      var size: Int32 = 4096
      setsockopt(
        connection, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
      guard LoopbackPort(self.port).connect(connection) else { return seconds }
      let clock = ContinuousClock()
      let began = clock.now
      var sent = 0
      while began.duration(to: clock.now) < .seconds(seconds) {
        if sent < bytes.count {
          let count = bytes[sent...].withUnsafeBytes {
            Glibc.send(
              connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
          }
          if count > 0 { sent += count }
        }
        var state = pollfd(fd: connection, events: 0, revents: 0)
        if poll(&state, 1, 50) > 0, state.revents & Int16(POLLHUP | POLLERR) != 0 { break }
      }
      let time = began.duration(to: clock.now).components
      return Double(time.seconds) + Double(time.attoseconds) / 1e18
    }
  }

  /// Sends requests and reads the answers a little at a time.
  /// - Returns: how many answers came.
  public func readSlowly(_ bytes: [UInt8], answers: Int, pause: UInt32) async -> Int {
    await thread {
      let connection = self.connect(seconds: 10)
      defer { close(connection) }
      _ = Self.write(bytes, to: connection)
      var received: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 16_384)
      let mark = Array("HTTP/1.1 200".utf8)
      while received.ranges(of: mark).count < answers {
        let count = Glibc.read(connection, &buffer, buffer.count)
        guard count > 0 else { break }
        received += buffer[..<count]
        usleep(pause)
      }
      return received.ranges(of: mark).count
    }
  }

  private func thread<Result: Sendable>(
    _ body: @escaping @Sendable () -> Result
  ) async -> Result {
    await withCheckedContinuation { done in
      LoopbackThread.start { done.resume(returning: body()) }
    }
  }

  static func request(
    _ method: String, _ path: String, _ headers: [String: String], _ body: [UInt8],
    keepsAlive: Bool = false
  ) -> [UInt8] {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
    if !keepsAlive { head += "Connection: close\r\n" }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if !body.isEmpty || method == "POST" { head += "Content-Length: \(body.count)\r\n" }
    return Array((head + "\r\n").utf8) + body
  }

  /// - Returns: a connection; -1 where nobody listens.
  func connect(seconds: Int) -> Int32 {
    let connection = LoopbackPort.socket()
    var patience = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(
      connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var isOn: Int32 = 1
    setsockopt(
      connection, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
    if LoopbackPort(port).connect(connection) { return connection }
    close(connection)
    return -1
  }

  private func exchange(_ request: [UInt8], seconds: Int = 30, untilClosed: Bool = false) -> Answer
  {
    let connection = connect(seconds: seconds)
    defer { close(connection) }
    guard Self.write(request, to: connection) || untilClosed else {
      return Self.read(from: connection)
    }
    return Self.read(from: connection, isHead: request.starts(with: Array("HEAD ".utf8)))
  }

  static func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  /// Reads one answer; that to HEAD has no body, whatever its length says.
  static func read(from connection: Int32, isHead: Bool = false) -> Answer {
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var head: (status: Int, headers: [String: String], end: Int)?
    while true {
      if head == nil { head = parsed(received) }
      if let head {
        let length = isHead ? 0 : head.headers["content-length"].flatMap { Int($0) } ?? 0
        if received.count >= head.end + length || head.headers["content-length"] == nil {
          return Answer(
            status: head.status, headers: head.headers,
            body: Array(received[head.end..<min(received.count, head.end + length)]))
        }
      }
      let count = Glibc.read(connection, &buffer, buffer.count)
      guard count > 0 else { return Answer(status: 0, headers: [:], body: received) }
      received += buffer[..<count]
    }
  }

  private static func parsed(
    _ bytes: [UInt8]
  ) -> (status: Int, headers: [String: String], end: Int)? {
    let mark: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
    guard bytes.count >= 4,
      let start = (0...(bytes.count - 4)).first(where: {
        bytes[$0] == 0x0D && Array(bytes[$0..<$0 + 4]) == mark
      })
    else { return nil }
    let lines = String(decoding: bytes[..<start], as: UTF8.self).split(separator: "\r\n")
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let halves = line.split(separator: ":", maxSplits: 1)
      if halves.count == 2 {
        headers[halves[0].lowercased()] = String(halves[1].drop { $0 == " " })
      }
    }
    return (status, headers, start + 4)
  }
}
