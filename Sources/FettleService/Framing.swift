import FettleCore
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Refuses requests of which two readers could think differently: what a proxy before the service takes
/// for one request must not be two here (RFC 9112, sections 3.2, 6 and 11.2). The parser below refuses the most of it;
/// what it lets pass is refused here, and whoever is refused is told why.
///
/// It also does what HTTP/1.1 asks of a server and the library leaves out: `Expect: 100-continue` is
/// answered, and a connection that is to be closed is said to be.
final class Framing: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private let limits: ServiceLimits
  private let refused: @Sendable (Int) -> Void
  /// What the sender is told instead of the empty answer of the library.
  private var refusal: APIError?
  private var isRefusing = false
  /// The path of the request that was read last.
  private var path: String?
  /// Requests that have begun and are not answered.
  private var owed = 0
  private var closes = false
  private var isInBody = false
  /// The bytes of the body that is being read, and of everything that came meanwhile.
  private var body = 0
  private var received = 0

  /// What may stand around the data of a body, beside eight bytes for each of its own: extensions of
  /// chunks are read and thrown away, and must not be without end.
  private static let mostAround = 65_536

  init(_ limits: ServiceLimits, refused: @escaping @Sendable (Int) -> Void) {
    self.limits = limits
    self.refused = refused
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefusing else { return }
    switch unwrapInboundIn(data) {
    case .head(var head):
      path = head.uri
      (body, received) = (0, 0)
      if let wrong = Self.problem(of: head) { return refuse(wrong, context) }
      (isInBody, owed) = (true, owed + 1)
      let isLast = Self.asksToClose(head)
      if isLast {
        closes = true
        // The library compares the whole header.
        head.headers.replaceOrAdd(name: "Connection", value: "close")
      }
      context.fireChannelRead(wrapInboundOut(.head(head)))
      greet(head, context)
    case .body(let part):
      body += part.readableBytes
      context.fireChannelRead(data)
    case .end:
      isInBody = false
      context.fireChannelRead(data)
    }
  }

  /// Told of bytes that came, behind what they led to.
  func came(_ bytes: Int, _ context: ChannelHandlerContext) {
    received += bytes
    guard isInBody, !isRefusing, received - body > Self.mostAround + 8 * body,
      let own = try? context.pipeline.syncOperations.context(handler: self)
    else { return }
    refuse(APIError(400, "The chunks of the body hold more around the data than data."), own)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? HTTPParserError, !isRefusing {
      note(Self.meaning(of: error))
    }
    context.fireErrorCaught(error)
  }

  private func refuse(_ refusal: APIError, _ context: ChannelHandlerContext) {
    note(refusal)
    // The library ends a connection, behind what is being answered on it, when a parser gives up.
    context.fireErrorCaught(HTTPParserError.unknown)
  }

  private func note(_ refusal: APIError) {
    self.refusal = refusal
    isRefusing = true
    refused(refusal.status)
  }

  /// Who asks whether to go on is told so; who has others before is not, and goes on by itself.
  private func greet(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard head.version == .http1_1, owed == 1,
      head.headers[canonicalForm: "Expect"].contains(where: { $0.lowercased() == "100-continue" }),
      head.headers.first(name: "Content-Length").flatMap({ Int($0) }) ?? 0 <= limits.body
    else { return }
    context.writeAndFlush(
      wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
  }

  /// Why a request cannot be taken for one; nil when it can.
  private static func problem(of head: HTTPRequestHead) -> APIError? {
    let hosts = head.headers["Host"]
    switch hosts.count {
    case 0 where head.version != .http1_1: break
    case 1 where isHost(hosts[0]): break
    case 0: return APIError(400, "The request has no Host.")
    case 1: return APIError(400, "The Host of the request is none.")
    default: return APIError(400, "The request has more than one Host.")
    }
    let codings = head.headers[canonicalForm: "Transfer-Encoding"]
    guard !codings.isEmpty else { return nil }
    if head.version != .http1_1 {
      return APIError(400, "Transfer-Encoding is not for HTTP/1.0.")
    }
    guard codings.count == 1, codings[0].lowercased() == "chunked" else {
      return APIError(501, "Of transfer codings only chunked is understood.")
    }
    return nil
  }

  /// Whether a text is a host, perhaps with a port, as it stands in an address (RFC 3986, 3.2.2). It may
  /// be empty.
  private static func isHost(_ text: String) -> Bool {
    var host = text.utf8[...]
    let isLiteral = host.first == UInt8(ascii: "[")
    if isLiteral {
      guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
      let inside = host[host.index(after: host.startIndex)..<end]
      guard !inside.isEmpty, inside.allSatisfy({ $0.isOfName || $0 == UInt8(ascii: ":") }) else {
        return false
      }
      host = host[host.index(after: end)...]
      guard host.isEmpty || host.first == UInt8(ascii: ":") else { return false }
    }
    let parts = host.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count <= 2 else { return false }
    return (parts.first?.allSatisfy { $0.isOfName || $0 == UInt8(ascii: "%") } ?? true)
      && (parts.count < 2 || parts[1].allSatisfy { (0x30...0x39).contains($0) })
  }

  private static func asksToClose(_ head: HTTPRequestHead) -> Bool {
    let tokens = head.headers[canonicalForm: "Connection"].map { $0.lowercased() }
    return tokens.contains("close") || head.version != .http1_1 && !tokens.contains("keep-alive")
  }

  private static func meaning(of error: HTTPParserError) -> APIError {
    switch error {
    case .headerOverflow:
      APIError(431, "The head of the request is too large: a line, a field, or all of them.")
    case .invalidVersion: APIError(505, "HTTP/1.1 is spoken here.")
    case .invalidMethod: APIError(400, "The request has no method that is known.")
    case .invalidURL: APIError(400, "The target of the request is none.")
    case .invalidContentLength: APIError(400, "The Content-Length of the request is no number.")
    case .unexpectedContentLength:
      APIError(400, "The request says its length twice: Content-Length or Transfer-Encoding.")
    case .invalidChunkSize: APIError(400, "The size of a chunk is no number.")
    case .invalidHeaderToken:
      APIError(400, "A field of the head has characters that do not belong there.")
    case .invalidEOFState, .closedConnection:
      APIError(400, "The request ended before it was whole.")
    case .lfExpected, .strictModeAssertion:
      APIError(400, "A line of the request does not end with CR and LF.")
    default: APIError(400, "The request is not HTTP/1.1 as it should be.")
    }
  }

  // MARK: Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      if let refusal, head.status == .badRequest, head.headers["Content-Length"] == ["0"] {
        self.refusal = nil
        let answer = refusal.answer(to: path)
        head.status = HTTPResponseStatus(statusCode: answer.status)
        for header in answer.headers {
          head.headers.replaceOrAdd(name: header.name, value: header.value)
        }
        head.headers.replaceOrAdd(name: "Content-Length", value: "\(answer.body.count)")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let buffer = ByteBuffer(bytes: answer.body)
        return context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
      }
      if closes, owed == 1 { head.headers.replaceOrAdd(name: "Connection", value: "close") }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      owed = max(0, owed - 1)
      context.write(data, promise: promise)
    }
  }
}

extension UInt8 {
  /// Whether it may stand in the name of a host: letters, digits and what is neither reserved nor white.
  fileprivate var isOfName: Bool {
    switch self {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "-._~!$&'()*+;=".utf8.contains(self)
    }
  }
}

extension APIError {
  /// As whoever asked for a path understands it: the senders of webhooks, and whoever did not get as far
  /// as a path, read a sentence.
  func answer(to path: String?) -> HookAnswer {
    if path?.hasPrefix("/api/") == true { return answer }
    var answer = HookAnswer(status: status, text: message)
    answer.headers += headers
    return answer
  }
}

/// The bytes of a connection, below everything that understands them: how many come, and whether those
/// that go are taken. Who asks for much and does not read it would hold its place, and the memory of its
/// answers, for as long as it likes.
final class Wire: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private let framing: Framing
  private let time: TimeAmount
  private var deadline: Scheduled<Void>?
  private var written = 0
  /// What had left this process when it was last looked at.
  private var left = 0

  /// What a receiver takes in that time at the least, in bytes.
  private static let least = 65_536

  init(_ framing: Framing, time: TimeAmount) {
    self.framing = framing
    self.time = time
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let count = unwrapInboundIn(data).readableBytes
    context.fireChannelRead(data)
    framing.came(count, context)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    written += unwrapOutboundIn(data).readableBytes
    context.write(data, promise: promise)
  }

  func flush(context: ChannelHandlerContext) {
    context.flush()
    guard deadline == nil, waiting(context) > 0 else { return }
    left = written - waiting(context)
    watch(context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  /// What the system has not taken yet, in bytes.
  private func waiting(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  private func watch(_ context: ChannelHandlerContext) {
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
      self.deadline = nil
      let waiting = self.waiting(context)
      guard waiting > 0 else { return }
      let left = self.written - waiting
      guard left - self.left >= Self.least else { return context.close(mode: .all, promise: nil) }
      self.left = left
      self.watch(context)
    }
  }

  private func end() {
    deadline?.cancel()
    deadline = nil
  }
}

/// Puts `Framing` and `Wire` to their places in the pipeline of a connection, which the library makes, and
/// is gone then.
final class FramingPlacement: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = Any

  private let framing: Framing
  private let time: TimeAmount

  init(_ limits: ServiceLimits, refused: @escaping @Sendable (Int) -> Void) {
    framing = Framing(limits, refused: refused)
    time = .seconds(Int64(limits.arrival))
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    do {
      let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
      try pipeline.addHandler(framing, position: .before(codec))
      try pipeline.addHandler(Wire(framing, time: time), position: .first)
    } catch {
      // A connection that nobody watches over is none.
      context.close(promise: nil)
    }
  }
}
