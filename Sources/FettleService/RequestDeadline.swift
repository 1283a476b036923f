import FettleCore
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends a connection whose request does not arrive in time: a sender that is slow on purpose would
/// hold its place for as long as it likes. Who has said what it wants, and is slow with the rest, is
/// told so with 408.
final class RequestDeadline: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let time: TimeAmount
  private var deadline: Scheduled<Void>?
  /// The path of the request that began last.
  private var path: String?
  /// Whether a request has begun that nobody has answered.
  private var isOwed = false

  init(_ time: TimeAmount) { self.time = time }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      path = head.path
      isOwed = true
      begin(context)
    case .body: break
    case .end: end()
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .head = unwrapOutboundIn(data) { isOwed = false }
    context.write(data, promise: promise)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  private func begin(_ context: ChannelHandlerContext) {
    end()
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
      self.isOver(context)
    }
  }

  private func isOver(_ context: ChannelHandlerContext) {
    guard isOwed else { return context.close(promise: nil) }
    isOwed = false
    let answer = APIError(
      408, "The request did not arrive in time.",
      detail: "it has \(time.nanoseconds / 1_000_000_000) s; send it again"
    ).answer(to: path)
    var fields = HTTPFields()
    for header in answer.headers {
      if let name = HTTPField.Name(header.name) { fields[name] = header.value }
    }
    fields[.contentLength] = "\(answer.body.count)"
    fields[.connection] = "close"
    context.write(
      wrapOutboundOut(.head(HTTPResponse(status: .requestTimeout, headerFields: fields))),
      promise: nil)
    context.write(wrapOutboundOut(.body(ByteBuffer(bytes: answer.body))), promise: nil)
    let sent = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
    sent.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
  }

  private func end() {
    deadline?.cancel()
    deadline = nil
  }
}
