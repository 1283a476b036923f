import Glibc
import Synchronization

/// Senders of events, each with a thread and a connection that stays open, so that neither is what is
/// measured.
final class Senders: Sendable {
  private struct State {
    var sent = 0
    var refused = 0
    var seconds: [Double] = []
    var working: Int
    var isStopped = false
  }

  private let port: UInt16
  private let path: String
  private let most: Int
  /// The pause of a sender between two events, in microseconds.
  private let pause: UInt32
  private let state: Mutex<State>

  /// Begins to send.
  init(port: Int, path: String, width: Int, most: Int = .max, pause: UInt32 = 0) {
    self.port = UInt16(port)
    self.path = path
    self.most = most
    self.pause = pause
    state = Mutex(State(working: width))
    for _ in 0..<width {
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          Unmanaged<Senders>.fromOpaque(context).takeRetainedValue().work()
          return nil
        }, Unmanaged.passRetained(self).toOpaque())
      pthread_detach(thread)
    }
  }

  /// Sends no more; returns when every sender has its answer.
  func stop() async {
    state.withLock { $0.isStopped = true }
    await finish()
  }

  /// Returns when everything is sent.
  func finish() async {
    while state.withLock({ $0.working > 0 }) { try? await Task.sleep(for: .milliseconds(2)) }
  }

  /// How many were accepted.
  var accepted: Int { state.withLock { $0.seconds.count } }
  /// How many were not.
  var refused: Int { state.withLock { $0.refused } }
  /// How long each took, in seconds.
  var seconds: [Double] { state.withLock { $0.seconds } }

  private func work() {
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var isOn: Int32 = 1
    setsockopt(
      connection, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        _ = connect(connection, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    defer {
      close(connection)
      state.withLock { $0.working -= 1 }
    }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let clock = ContinuousClock()
    while true {
      let number = state.withLock { state -> Int? in
        guard state.sent < most, !state.isStopped else { return nil }
        state.sent += 1
        return state.sent
      }
      guard let number else { return }
      let body = #"{"n":\#(number),"email":"ada@example.org","order":{"id":"A-1","total":12.50}}"#
      let request = Array(
        ("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
      let began = clock.now
      guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
        return
      }
      // The answers of both sides fit into one packet.
      let count = read(connection, &buffer, buffer.count)
      guard count > 0 else { return }
      let isAccepted = buffer.starts(with: Array("HTTP/1.1 200".utf8))
      let time = began.duration(to: clock.now).components
      state.withLock { state in
        if isAccepted {
          state.seconds.append(Double(time.seconds) + Double(time.attoseconds) / 1e18)
        } else {
          state.refused += 1
        }
      }
      if pause > 0 { usleep(pause) }
    }
  }
}
