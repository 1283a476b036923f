public import FettleCore
import FettleEngine

/// What the API needs of a store.
public typealias ServiceStore =
  IncompleteStore & ScenarioStore & ExecutionJournal & HookStore & QueueStore & TokenStore
  & RetryRequestStore & CallBackStore & StoreHealth

/// The API: Make's interface of incomplete executions and scenarios, with the same paths and shapes
/// (semantics 9), and what Fettle adds to it.
struct API: Sendable {
  let store: any ServiceStore
  let runner: ScenarioRunner
  let retries: RequestedRetries
  let intake: EventIntake
  let errands: Errands
  let callBacks: CallBacks
  /// Told when webhooks were changed.
  let hooksChanged: @Sendable () -> Void

  /// A call: what it asks for, what it needs to be allowed, and what it does.
  struct Route: Sendable {
    let method: String
    /// The path behind `/api/v2`. A part that begins with a colon is a place.
    let path: [String]
    let scope: AccessScope
    let body: @Sendable (API, APIRequest) async throws(APIError) -> Reply

    init(
      _ method: String, _ path: String, _ scope: AccessScope,
      _ body: @escaping @Sendable (API, APIRequest) async throws(APIError) -> Reply
    ) {
      self.method = method
      self.path = path.split(separator: "/").map(String.init)
      self.scope = scope
      self.body = body
    }

    /// What stands in the places of the path; nil when it is another path.
    func places(in segments: [String]) -> [String: String]? {
      guard segments.count == path.count else { return nil }
      var places: [String: String] = [:]
      for (part, segment) in zip(path, segments) {
        if part.hasPrefix(":") {
          places[String(part.dropFirst())] = segment
        } else if part != segment {
          return nil
        }
      }
      return places
    }
  }

  /// What a call gives.
  struct Reply: Sendable {
    var status = 200
    let value: Value
    /// The version of the record, for `If-Match`.
    var version: Int?

    init(_ value: Value, status: Int = 200, version: Int? = nil) {
      self.value = value
      self.status = status
      self.version = version
    }

    var answer: HookAnswer {
      var answer = HookAnswer.json(status, value)
      if let version { answer.headers.append(.init("ETag", "\"\(version)\"")) }
      return answer
    }
  }

  /// Every call there is.
  static let routes: [Route] = recordRoutes + scenarioRoutes + hookRoutes

  /// Answers a call.
  func answer(_ request: ServiceRequest, _ segments: [String]) async -> HookAnswer {
    do throws(APIError) {
      // Who may not call is not told which paths there are.
      let token = try await token(of: request)
      let matches = Self.routes.compactMap { route in
        route.places(in: segments).map { (route, $0) }
      }
      guard !matches.isEmpty else { throw APIError(404, "Not found.") }
      // A fixed part is meant before a place: `/dlqs/retry` is no record.
      let most = matches.map { $0.0.path.count { !$0.hasPrefix(":") } }.max() ?? 0
      let nearest = matches.filter { $0.0.path.count { !$0.hasPrefix(":") } == most }
      let method = request.method == "HEAD" ? "GET" : request.method
      guard let (route, places) = nearest.first(where: { $0.0.method == method }) else {
        var refusal = APIError(405, "Method not allowed.")
        refusal.headers = [
          .init("Allow", nearest.map(\.0.method).sorted().joined(separator: ", "))
        ]
        throw refusal
      }
      guard token.scopes.contains(route.scope) else {
        throw APIError(
          403, "Permission denied", detail: "Access denied: the token lacks \(route.scope.rawValue)"
        )
      }
      return try await route.body(self, APIRequest(request, places: places, token: token)).answer
    } catch { return error.answer }
  }

  private func token(of request: ServiceRequest) async throws(APIError) -> AccessToken {
    let header = request.header("authorization") ?? ""
    let parts = header.split(separator: " ")
    var refusal = APIError(401, "Unauthorized", detail: "Access denied.")
    refusal.headers = [.init("WWW-Authenticate", "Token")]
    guard parts.count == 2, ["token", "bearer"].contains(parts[0].lowercased()) else {
      throw refusal
    }
    let digest = AccessToken.digest(of: String(parts[1]))
    guard
      let token = try await asking({ () throws(StoreError) in
        try await store.token(digest: digest)
      })
    else { throw refusal }
    return token
  }

  /// The desk of a caller.
  func desk(_ call: APIRequest) -> OperatorDesk {
    OperatorDesk(store: store, runner: runner, author: call.author)
  }
}
