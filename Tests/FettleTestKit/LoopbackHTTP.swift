public import FettleCore
import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// A real HTTP server on a free port of the loopback interface, that answers as a test says and
/// writes down what it was asked.
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
  private let server: HTTPServer
  private let log: RequestLog

  private final class RequestLog: Sendable {
    let requests = Mutex<[Request]>([])
  }

  /// Starts a server.
  public init(_ answer: @escaping @Sendable (Request) -> Answer) async throws {
    let log = RequestLog()
    // Where everything is slow an answer may be late, but it is the one that was told: by itself the
    // server would say 500 after a quarter of a minute.
    let server = HTTPServer(
      address: try .inet(ip4: "127.0.0.1", port: 0), timeout: 120, logger: .disabled,
      handler: ClosureHTTPHandler { request in
        var headers: [String: String] = [:]
        for (name, value) in request.headers { headers[name.rawValue.lowercased()] = value }
        let seen = Request(
          method: request.method.rawValue, path: request.path,
          query: Dictionary(
            request.query.map { ($0.name, $0.value) }, uniquingKeysWith: { $0 + "," + $1 }),
          headers: headers, body: Array(try await request.bodyData))
        log.requests.withLock { $0.append(seen) }
        let answer = answer(seen)
        if answer.delay > .zero { try? await Task.sleep(for: answer.delay) }
        return HTTPResponse(
          statusCode: HTTPStatusCode(answer.status, phrase: "Status"),
          headers: HTTPHeaders(
            Dictionary(
              uniqueKeysWithValues: answer.headers.map { (HTTPHeader($0.key), $0.value) })),
          body: Data(answer.body))
      })
    self.log = log
    self.server = server
    Task { try await server.run() }
    try await server.waitUntilListening(timeout: 60)
    guard case .ip4(_, let port)? = await server.listeningAddress else {
      throw TmuxSession.TimedOut(description: "the server does not listen")
    }
    base = "http://127.0.0.1:\(port)"
  }

  deinit {
    let server = server
    Task { await server.stop(timeout: 0) }
  }

  /// What it was asked so far.
  public var requests: [Request] { log.requests.withLock { $0 } }
}
