import FettleCore
import Logging

/// The same server with nothing of the service behind it: every request is read and answered
/// `Accepted`. What measurements of the service are compared with.
public final class Floor: Sendable {
  private let front: HTTPFront

  /// A server on a free port of the loopback interface.
  /// - Parameters:
  ///   - keep: what is done with a body before it is answered; nothing by itself.
  ///   - isListening: told the port.
  public init(
    keep: (@Sendable ([UInt8]) async -> Void)? = nil, isListening: @escaping @Sendable (Int) -> Void
  ) {
    front = HTTPFront(
      host: "127.0.0.1", port: 0, limits: ServiceLimits(),
      logger: Logger(label: "floor") { _ in SwiftLogNoOpLogHandler() },
      answer: { request in
        await keep?(request.body)
        return .accepted
      }, refuse: { _ in }, isListening: { isListening($1) })
  }

  /// Serves until it is stopped.
  public func run() async throws { try await front.run() }

  /// Stops.
  public func stop() async { await front.stop() }
}
