import FettleCore

/// Access tokens of OAuth 2, kept in memory until they run out or the service no longer takes them.
actor OAuthTokens {
  private let connections: any ConnectionOpening
  private var known: [String: OAuthGrant] = [:]
  private var asking: [String: Task<Result<OAuthGrant, ModuleError>, Never>] = [:]

  /// - Parameter connections: where a refresh token is kept that takes the place of the last one.
  init(_ connections: any ConnectionOpening) { self.connections = connections }

  /// Whether another token can be asked for: a login without a refresh token gives one alone.
  static func canRenew(_ open: OpenConnection) -> Bool {
    open.secret("refresh-token") != nil || open.secret("access-token") == nil
  }

  /// The token of a connection: the last one, or a fresh one.
  func token(
    of open: OpenConnection, over transport: Transport
  ) async throws(ModuleError) -> String {
    if !Self.canRenew(open), let token = open.secret("access-token") { return token }
    let key = Self.key(open)
    if let grant = known[key], grant.isFresh { return grant.accessToken }
    // The last answer may have told another refresh token than is stored.
    let refresh = known[key]?.refreshToken ?? open.secret("refresh-token")
    // Whoever comes meanwhile waits for the same answer: a refresh token may be good for one use.
    let task =
      asking[key]
      ?? Task {
        do throws(ModuleError) {
          return .success(
            try await OAuthGrant.ask(Self.pairs(open, refresh), of: open, over: transport))
        } catch { return .failure(error) }
      }
    asking[key] = task
    let answer = await task.value
    guard asking[key] == task else { return try answer.get().accessToken }
    asking[key] = nil
    var grant = try answer.get()
    grant.refreshToken = grant.refreshToken ?? refresh
    known[key] = grant
    if let next = grant.refreshToken, next != open.secret("refresh-token") {
      // What is stored is read again by the next operation, with the other refresh token.
      known[Self.key(open.connection.name, next)] = grant
      try await connections.renew("refresh-token", of: open, to: next)
    }
    return grant.accessToken
  }

  /// The service no longer takes the token of a connection.
  func forget(_ open: OpenConnection) {
    let key = Self.key(open)
    known[key] = known[key]?.spent
  }

  /// Another login gives another token, under the same name.
  private static func key(_ open: OpenConnection) -> String {
    key(open.connection.name, open.secret("refresh-token") ?? open.secret("client-secret") ?? "")
  }

  private static func key(_ name: String, _ secret: String) -> String { "\(name)\u{0}\(secret)" }

  private static func pairs(
    _ open: OpenConnection, _ refresh: String?
  ) throws(ModuleError) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    if let refresh {
      pairs += [("grant_type", "refresh_token"), ("refresh_token", refresh)]
    } else if open.setting("authorize-url") != nil {
      throw ModuleError(
        .invalidAccessToken,
        "nobody has logged in for \"\(open.connection.name)\"; do so with 'fettle connection login "
          + "\(open.connection.name)'")
    } else {
      pairs.append(("grant_type", "client_credentials"))
    }
    if let scope = open.setting("scope") { pairs.append(("scope", scope)) }
    return pairs
  }
}

/// What a token endpoint gave (RFC 6749 5.1).
struct OAuthGrant: Sendable {
  let accessToken: String
  /// The refresh token, where one was given.
  var refreshToken: String?
  private var end: ContinuousClock.Instant?

  /// Asked for a little before it runs out, so that no request is on its way when it does.
  private static let margin = 30

  /// Whether it has not run out yet.
  var isFresh: Bool { end.map { $0 > .now } ?? true }

  /// The same, as if it had run out.
  var spent: OAuthGrant {
    var spent = self
    spent.end = .now
    return spent
  }

  /// Asks the token endpoint of a connection.
  /// - Parameter pairs: what is asked for; who asks is added.
  static func ask(
    _ pairs: [(name: String, value: String)], of open: OpenConnection, over transport: Transport
  ) async throws(ModuleError) -> OAuthGrant {
    // A code and a refresh token that was given since the connection was opened are secrets, too.
    let told = ["code", "code_verifier", "refresh_token"]
    let mask = open.mask.joined(with: Mask(pairs.filter { told.contains($0.name) }.map(\.value)))
    var pairs = pairs
    pairs.append(("client_id", try open.required("client-id")))
    if let secret = open.secret("client-secret") { pairs.append(("client_secret", secret)) }
    var request = HTTPRequest(method: "POST", url: try open.required("token-url"))
    request.headers = [
      HTTPHeader(name: "Content-Type", value: "application/x-www-form-urlencoded"),
      HTTPHeader(name: "Accept", value: "application/json"),
    ]
    request.body = .bytes(Array(HTTPRequest.formEncoded(pairs).utf8))
    request.followsRedirects = false
    let answer = try await transport.exchange(request)
    let type = answer.header("Content-Type")
    let fields = (try? JSONReader.read(answer.body, ofType: type, foreign: true))?.collection
    guard answer.status < 300, let token = fields?["access_token"]?.text, !token.isEmpty else {
      // Connection trouble and rate limits stay what they are; a refusal needs a person.
      if answer.status >= 500 || answer.status == 429,
        let error = HTTPErrorMap.error(answer, to: request, now: SystemClock().now())
      {
        throw mask.masked(error)
      }
      let said = fields?["error_description"]?.text ?? fields?["error"]?.text ?? "no token"
      let advice =
        open.setting("authorize-url") == nil
        ? "" : "; log in again with 'fettle connection login \(open.connection.name)'"
      throw mask.masked(
        ModuleError(
          .invalidAccessToken,
          "\(request.target) gives no token for \"\(open.connection.name)\": \(said)\(advice)",
          statusCode: answer.status))
    }
    let seconds = fields?["expires_in"].flatMap(Coercion.number)?.integer
    return OAuthGrant(
      accessToken: token, refreshToken: fields?["refresh_token"]?.text,
      end: seconds.map { .now + .seconds(max(1, $0 - margin)) })
  }
}
