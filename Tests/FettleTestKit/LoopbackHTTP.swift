public import FettleCore
import Glibc
import Synchronization

/// A real HTTP server on a free port of the loopback interface, that answers as a test says and
/// writes down what it was asked.
///
/// It has threads of its own, one for each connection: a server whose answers wait for the tests that
/// run beside it would be slower than its clients are patient.
public final class LoopbackHTTP: Sendable {
  /// What was asked.
  public struct Request: Sendable {
    /// The method, in upper case.
    public let method: String
    /// The path, without the query.
    public let path: String
    /// The query, decoded.
    public let query: [String: String]
    /// The headers, by name in lower case.
    public let headers: [String: String]
    /// The body.
    public let body: [UInt8]

    /// The body as a text.
    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// What is answered.
  public struct Answer: Sendable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]
    var delay: Duration

    /// An answer of these parts.
    public init(
      _ status: Int, _ body: String = "", headers: [String: String] = [:],
      bytes: [UInt8]? = nil, delay: Duration = .zero
    ) {
      self.status = status
      self.headers = headers
      self.body = bytes ?? Array(body.utf8)
      self.delay = delay
    }

    /// JSON.
    public static func json(_ status: Int, _ value: Value) -> Answer {
      Answer(status, JSONWriter.text(value), headers: ["Content-Type": "application/json"])
    }
  }

  /// The base URL, without a slash at the end.
  public let base: String
  private let listener: LoopbackListener
  private let log: RequestLog

  private final class RequestLog: Sendable {
    let requests = Mutex<[Request]>([])
  }

  /// Starts a server.
  /// - Parameter answer: called on the thread of the connection.
  public init(_ answer: @escaping @Sendable (Request) -> Answer) {
    let log = RequestLog()
    self.log = log
    listener = LoopbackListener { descriptor in
      LoopbackThread.start {
        var connection = HTTPConnection(descriptor)
        while let request = connection.request() {
          log.requests.withLock { $0.append(request) }
          let answer = answer(request)
          let delay = answer.delay.components
          usleep(UInt32(delay.seconds * 1_000_000 + delay.attoseconds / 1_000_000_000_000))
          guard connection.send(answer, to: request) else { break }
        }
        close(descriptor)
      }
    }
    base = "http://127.0.0.1:\(listener.port)"
  }

  /// What it was asked so far.
  public var requests: [Request] { log.requests.withLock { $0 } }
}
