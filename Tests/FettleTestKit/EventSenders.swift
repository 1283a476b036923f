import Glibc
import Synchronization

/// Several senders, each with a connection and a thread of its own, that send numbered events to a
/// webhook one after the other and note which were acknowledged. What was not is not sent again: nobody
/// knows whether it arrived.
public final class EventSenders: Sendable {
  private struct State {
    var next = 0
    var limit: Int
    var base: String
    var acknowledged: [Int] = []
    var unanswered = 0
    var refused: [Int: Int] = [:]
    var slowest: Double = 0
    var times: [Double] = []
    var working: Int
  }

  private let state: Mutex<State>
  private let path: String
  private let body: @Sendable (Int) -> String

  /// Begins to send `count` events with `width` senders.
  public init(
    _ count: Int, to path: String, at base: String, width: Int = 16,
    body: @escaping @Sendable (Int) -> String = { "{\"n\":\($0)}" }
  ) {
    state = Mutex(State(limit: count, base: base, working: width))
    self.path = path
    self.body = body
    for _ in 0..<width { LoopbackThread.start { self.work() } }
  }

  /// Where the service is from now on.
  public func move(to base: String) { state.withLock { $0.base = base } }

  /// Begins nothing new.
  public func stop() { state.withLock { $0.limit = $0.next } }

  /// The numbers of the events that were acknowledged so far.
  public var acknowledged: [Int] { state.withLock { $0.acknowledged } }
  /// How many were sent and not answered.
  public var unanswered: Int { state.withLock { $0.unanswered } }
  /// How many were answered with another status than 200, by status.
  public var refused: [Int: Int] { state.withLock { $0.refused } }
  /// Whether all have been sent.
  public var isDone: Bool { state.withLock { $0.working == 0 } }
  /// How long each took, in seconds, in the order they ended.
  public var times: [Double] { state.withLock { $0.times } }

  private func work() {
    var connection: Int32 = -1
    while true {
      // While nobody listens there is nothing to send; that does not go on for ever.
      for _ in 0..<6000 where connection < 0 {
        connection = HTTPClient(state.withLock { $0.base }).connect(seconds: 60)
        if connection < 0 { usleep(10_000) }
      }
      let number = state.withLock { state -> Int? in
        guard state.next < state.limit else { return nil }
        state.next += 1
        return state.next - 1
      }
      guard let number else { break }
      let request = HTTPClient.request(
        "POST", path, ["Content-Type": "application/json"], Array(body(number).utf8),
        keepsAlive: true)
      let clock = ContinuousClock()
      let began = clock.now
      let answer =
        HTTPClient.write(request, to: connection)
        ? HTTPClient.read(from: connection)
        : HTTPClient.Answer(status: 0, headers: [:], body: [])
      let time = began.duration(to: clock.now).components
      state.withLock { state in
        state.times.append(Double(time.seconds) + Double(time.attoseconds) / 1e18)
        switch answer.status {
        case 200: state.acknowledged.append(number)
        case 0: state.unanswered += 1
        default: state.refused[answer.status, default: 0] += 1
        }
      }
      if answer.status == 0 {
        close(connection)
        connection = -1
      }
    }
    if connection >= 0 { close(connection) }
    state.withLock { $0.working -= 1 }
  }
}
