public import FettleCore

/// Tells an address what came of something: one POST of JSON.
public struct CallBack: Sendable {
  private let transport: Transport

  /// Who is told does not keep others waiting for longer, in milliseconds.
  private static let timeout = 10_000

  /// Calls over that transport.
  public init(transport: Transport = .shared) { self.transport = transport }

  /// Tells it.
  /// - Throws: what the server said, or why it could not be reached, by the table of HTTP.
  public func send(_ body: Value, to url: String) async throws(ModuleError) {
    var request = HTTPRequest(method: "POST", url: url)
    request.headers = [HTTPHeader(name: "Content-Type", value: "application/json")]
    request.body = .bytes(JSONWriter.bytes(body))
    request.timeoutMilliseconds = Self.timeout
    let answer = try await transport.exchange(request)
    if let error = HTTPErrorMap.error(answer, to: request, now: SystemClock().now()) { throw error }
  }
}
