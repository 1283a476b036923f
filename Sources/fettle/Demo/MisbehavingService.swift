import FettleCore
import Synchronization

/// A small local service that fails on purpose, each time for a reason an operator knows from real
/// ones: a refused field, a used-up quota, an outage, a full disk, a slow answer.
final class MisbehavingService: Sendable {
  private let asked = Mutex<[String: Int]>([:])

  /// Starts the service on a free port of the loopback interface.
  /// - Returns: what answers, and its base URL.
  static func start() async throws -> (server: SmallServer, base: String) {
    let service = MisbehavingService()
    let server = try await SmallServer { await service.answer($0) }
    return (server, "http://127.0.0.1:\(server.port)")
  }

  private func answer(_ request: SmallServer.Request) async -> SmallServer.Answer {
    switch (request.method, request.path.first, request.path.dropFirst().first) {
    case ("POST", "customers", nil): customer(request.body)
    case ("POST", "vip", nil):
      SmallServer.Answer(status: 201, phrase: "Created", body: ["ok": true])
    case ("PUT", "stock", "MUG-2"):
      SmallServer.Answer(
        status: 503, phrase: "Service Unavailable",
        body: ["message": "the warehouse is down for maintenance"])
    case ("PUT", "stock", _?): SmallServer.Answer(status: 200, phrase: "OK", body: ["left": 12])
    case ("GET", "invoices", let number?): invoice(number)
    case ("PUT", "archive", let number?): await archived(number)
    default:
      SmallServer.Answer(status: 404, phrase: "Not Found", body: ["message": "nothing is here"])
    }
  }

  private func customer(_ bytes: [UInt8]) -> SmallServer.Answer {
    let body = (try? JSONReader.read(bytes))?.collection ?? [:]
    guard let email = body["email"]?.text, email.contains("@") else {
      return SmallServer.Answer(
        status: 422, phrase: "Unprocessable Entity",
        body: ["message": "email must not be empty", "field": "email", "code": "required"])
    }
    return SmallServer.Answer(
      status: 201, phrase: "Created",
      body: ["id": .text("cus_\(email.prefix { $0 != "@" })"), "email": .text(email)])
  }

  private func invoice(_ number: String) -> SmallServer.Answer {
    // The quota is used up for the first two questions about this invoice.
    if number == "2026-107", count(number) <= 2 {
      return SmallServer.Answer(
        status: 429, phrase: "Too Many Requests",
        body: ["message": "limit of 100 requests a minute exceeded"], headers: ["Retry-After: 30"])
    }
    return SmallServer.Answer(
      status: 200, phrase: "OK",
      body: ["number": .text(number), "total": .number(Number(json: "118.50") ?? Number(0))])
  }

  private func archived(_ number: String) async -> SmallServer.Answer {
    switch number {
    case "2026-105":
      return SmallServer.Answer(
        status: 507, phrase: "Insufficient Storage", body: ["message": "quota of 512 MB reached"])
    case "2026-109":
      return SmallServer.Answer(
        status: 401, phrase: "Unauthorized", body: ["message": "the access token was revoked"])
    default:
      // Longer than the module waits.
      if number == "2026-108" { try? await Task.sleep(for: .seconds(5)) }
      return SmallServer.Answer(status: 200, phrase: "OK", body: ["archived": true])
    }
  }

  /// How often this was asked for, this time included.
  private func count(_ key: String) -> Int {
    asked.withLock {
      $0[key, default: 0] += 1
      return $0[key, default: 0]
    }
  }
}
