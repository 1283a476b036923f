import FettleCore
import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A request that has arrived as a whole.
struct ServiceRequest: Sendable {
  let method: String
  /// The path, without the query, as it was sent.
  let path: String
  /// Behind the question mark, as it was sent.
  let query: String
  let headers: [HookAnswer.Header]
  let body: [UInt8]

  /// The value of a header; its name is compared in any case.
  func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// The parts of the path, decoded; nil for a path that wants to be something else.
  ///
  /// What is compared is what was sent: a dot segment, an empty one or an encoded slash is no way to
  /// another path, so there is nothing to get around.
  var segments: [String]? {
    guard path.utf8.first == UInt8(ascii: "/") else { return nil }
    var segments: [String] = []
    for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let segment = part.percentDecoded, !segment.isEmpty, segment != ".", segment != "..",
        !segment.contains("/"), !segment.contains("\\"), !segment.utf8.contains(0)
      else { return nil }
      segments.append(segment)
    }
    return segments
  }
}

extension Substring {
  /// With `%XX` undone; nil where a percent sign means nothing, or the bytes are no text.
  fileprivate var percentDecoded: String? {
    guard utf8.contains(UInt8(ascii: "%")) else { return String(self) }
    var output: [UInt8] = []
    var bytes = Array(utf8)[...]
    while let byte = bytes.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        output.append(byte)
        continue
      }
      guard bytes.count >= 2,
        let value = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      output.append(value)
      bytes = bytes.dropFirst(2)
    }
    return String(validating: output, as: UTF8.self)
  }
}

/// The HTTP server: limits on what is taken in, and one function that answers.
final class HTTPFront: Sendable {
  typealias Answer = @Sendable (ServiceRequest) async -> HookAnswer
  private let server: Server<HTTP1Channel>
  private let farewell: Int

  /// - Parameters:
  ///   - refuse: told of what never got as far as an answer: the status.
  ///   - isListening: told the address, once connections are accepted.
  init(
    host: String, port: Int, limits: ServiceLimits, logger: Logger, answer: @escaping Answer,
    refuse: @escaping @Sendable (Int) -> Void,
    isListening: @escaping @Sendable (String, Int) -> Void
  ) {
    let budget = Budget(limits.bodiesInMemory)
    farewell = limits.farewell
    server = Server(
      childChannelSetup: HTTP1Channel(
        responder: { request, writer, _ in
          let given: HookAnswer
          switch try await Self.read(request, limits, budget) {
          case .success(let read):
            given = await answer(read)
            budget.give(back: read.body.count)
          case .failure(let refusal):
            refuse(refusal.answer.status)
            given = refusal.answer
          }
          try await writer.write(
            response: Self.head(given),
            body: request.method == .head
              ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: given.body)))
        },
        configuration: HTTP1Channel.Configuration(
          additionalChannelHandlers: [
            FramingPlacement(limits, refused: refuse),
            RequestDeadline(.seconds(Int64(limits.arrival))),
          ],
          idleTimeout: .seconds(Int64(limits.idle)),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16_384, maxHeaderListSize: 32_768, maxHeaderFieldCount: 100))),
      configuration: ServerConfiguration(
        address: .hostname(host, port: port), backlog: 1024,
        availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
      onServerRunning: { channel in
        isListening(channel.localAddress?.ipAddress ?? host, channel.localAddress?.port ?? port)
      },
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
  }

  /// Serves until it is stopped.
  /// - Throws: when the address cannot be listened on.
  func run() async throws {
    do { try await server.run() } catch let error as IOError {
      throw NotListening(description: String(cString: strerror(error.errnoCode)))
    }
  }

  /// Why an address cannot be listened on, as the system says it.
  private struct NotListening: Error, CustomStringConvertible {
    let description: String
  }

  /// Accepts nothing any more; requests that are being answered are answered, for a while.
  func stop() async {
    let ending = Task { try? await server.shutdownGracefully() }
    let alarm = Task {
      try? await Task.sleep(for: .seconds(farewell))
      ending.cancel()
    }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = await ending.value }
      group.addTask { await alarm.value }
      await group.next()
      alarm.cancel()
      group.cancelAll()
    }
  }

  private struct Refusal: Error {
    let answer: HookAnswer
  }

  private static func read(
    _ request: Request, _ limits: ServiceLimits, _ budget: Budget
  ) async throws -> Result<ServiceRequest, Refusal> {
    func refuse(_ status: Int, _ message: String) -> Result<ServiceRequest, Refusal> {
      .failure(Refusal(answer: APIError(status, message).answer(to: request.head.path)))
    }
    let target = request.head.path ?? ""
    guard target.utf8.count <= 8192 else {
      return refuse(414, "The target of the request is too long: it has at most 8192 bytes.")
    }
    guard target.utf8.first == UInt8(ascii: "/") else {
      return refuse(400, "The request names no path.")
    }
    let tooLarge = "The body is too large: it has at most \(limits.body) bytes."
    if let announced = request.headers[.contentLength].flatMap({ Int($0) }),
      announced > limits.body
    {
      return refuse(413, tooLarge)
    }
    var body: [UInt8] = []
    var isWhole = false
    // Also when the sender is gone in the middle.
    defer { if !isWhole { budget.give(back: body.count) } }
    for try await part in request.body {
      guard body.count + part.readableBytes <= limits.body else { return refuse(413, tooLarge) }
      guard budget.take(part.readableBytes) else {
        return refuse(503, "Too much is being taken in at once; send it again.")
      }
      body.append(contentsOf: part.readableBytesView)
    }
    isWhole = true
    var headers = request.headers.map { HookAnswer.Header($0.name.rawName, $0.value) }
    // The library takes it out of the headers.
    if let host = request.head.authority { headers.insert(HookAnswer.Header("Host", host), at: 0) }
    let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    return .success(
      ServiceRequest(
        method: request.method.rawValue, path: String(halves[0]),
        query: halves.count == 2 ? String(halves[1]) : "",
        headers: headers, body: body))
  }

  private static func head(_ answer: HookAnswer) -> HTTPResponse {
    var fields = HTTPFields()
    for header in answer.headers {
      // The length is ours to say, and what is no name of a header cannot be sent.
      guard let name = HTTPField.Name(header.name), name != .contentLength,
        name != .transferEncoding
      else { continue }
      fields.append(HTTPField(name: name, value: header.value))
    }
    fields[.contentLength] = "\(answer.body.count)"
    return HTTPResponse(
      status: .init(code: min(max(answer.status, 200), 599)), headerFields: fields)
  }
}

/// How much may be in memory at once.
private final class Budget: Sendable {
  private let left: Atomic<Int>

  init(_ bytes: Int) { left = Atomic(bytes) }

  func take(_ bytes: Int) -> Bool {
    if left.subtract(bytes, ordering: .relaxed).newValue >= 0 { return true }
    left.add(bytes, ordering: .relaxed)
    return false
  }

  func give(back bytes: Int) { left.add(bytes, ordering: .relaxed) }
}
