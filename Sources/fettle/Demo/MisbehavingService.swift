import FettleCore
import FlyingFox
import FlyingSocks
import Synchronization

/// A small local service that fails on purpose, each time for a reason an operator knows from real
/// ones: a refused field, a used-up quota, an outage, a full disk, a slow answer.
final class MisbehavingService: Sendable {
  private let server: HTTPServer
  private let asked = Mutex<[String: Int]>([:])

  private init(server: HTTPServer) { self.server = server }

  /// Starts the service on a free port of the loopback interface.
  /// - Returns: the service and its base URL.
  static func start() async throws -> (service: MisbehavingService, base: String) {
    let server = HTTPServer(
      address: try .inet(ip4: "127.0.0.1", port: 0), logger: .disabled)
    let service = MisbehavingService(server: server)
    await service.addRoutes()
    Task { try await server.run() }
    try await server.waitUntilListening(timeout: 5)
    guard case .ip4(_, let port)? = await server.listeningAddress else {
      throw CommandFailure(
        message: "the demo's service could not listen on the loopback interface", status: 1)
    }
    return (service, "http://127.0.0.1:\(port)")
  }

  /// Stops the service.
  func stop() async { await server.stop(timeout: 0) }

  private func addRoutes() async {
    await server.appendRoute("POST /customers") { request in
      let body = (try? JSONReader.read(Array(try await request.bodyData)))?.collection ?? [:]
      guard let email = body["email"]?.text, email.contains("@") else {
        return Self.answer(
          .unprocessableContent,
          ["message": "email must not be empty", "field": "email", "code": "required"])
      }
      return Self.answer(
        .created, ["id": .text("cus_\(email.prefix { $0 != "@" })"), "email": .text(email)])
    }
    await server.appendRoute("POST /vip") { _ in Self.answer(.created, ["ok": true]) }
    await server.appendRoute("PUT /stock/:sku") { request in
      if request.routeParameters["sku"] == "MUG-2" {
        return Self.answer(
          .serviceUnavailable, ["message": "the warehouse is down for maintenance"])
      }
      return Self.answer(.ok, ["left": 12])
    }
    await server.appendRoute("GET /invoices/:number") { [self] request in
      let number = request.routeParameters["number"] ?? ""
      // The quota is used up for the first two questions about this invoice.
      if number == "2026-107", count(number) <= 2 {
        return Self.answer(
          HTTPStatusCode(429, phrase: "Too Many Requests"),
          ["message": "limit of 100 requests a minute exceeded"], headers: [.retryAfter: "30"])
      }
      return Self.answer(
        .ok, ["number": .text(number), "total": .number(Number(json: "118.50") ?? Number(0))])
    }
    await server.appendRoute("PUT /archive/:number") { request in
      switch request.routeParameters["number"] {
      case "2026-105":
        return Self.answer(
          HTTPStatusCode(507, phrase: "Insufficient Storage"),
          ["message": "quota of 512 MB reached"])
      case "2026-108":
        // Longer than the module waits.
        try? await Task.sleep(for: .seconds(5))
        return Self.answer(.ok, ["archived": true])
      case "2026-109":
        return Self.answer(.unauthorized, ["message": "the access token was revoked"])
      default: return Self.answer(.ok, ["archived": true])
      }
    }
  }

  /// How often this was asked for, this time included.
  private func count(_ key: String) -> Int {
    asked.withLock {
      $0[key, default: 0] += 1
      return $0[key, default: 0]
    }
  }

  private static func answer(
    _ status: HTTPStatusCode, _ body: Value, headers: [HTTPHeader: String] = [:]
  ) -> HTTPResponse {
    var all = headers
    all[.contentType] = "application/json"
    return HTTPResponse(
      statusCode: status, headers: HTTPHeaders(all),
      body: .init(JSONWriter.bytes(body)))
  }
}

extension HTTPHeader {
  fileprivate static let retryAfter = HTTPHeader("Retry-After")
}

extension HTTPStatusCode {
  fileprivate static let unprocessableContent = HTTPStatusCode(422, phrase: "Unprocessable Entity")
}
