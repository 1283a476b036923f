import Crypto
public import FettleCore

/// A person's consent, asked for in a browser that ends at an address of this machine: the
/// authorization code of OAuth 2 with a proof key (RFC 6749 4.1, RFC 7636, RFC 8252 7.3).
public struct OAuthLogin: Sendable {
  /// Where the browser begins.
  public let address: String
  private let open: OpenConnection
  private let redirect: String
  private let state: String
  private let verifier: String
  private let transport: Transport

  /// What a login gave: secrets of the connection, by their names.
  public typealias Secrets = [String: String]

  /// A login for a connection of the kind `oauth2`.
  /// - Parameter redirect: the address of this machine the browser comes back to.
  /// - Throws: `InvalidConfigurationError` where the connection does not say where one logs in.
  public init(
    _ open: OpenConnection, redirect: String, transport: Transport = .shared
  ) throws(ModuleError) {
    self.open = open
    self.redirect = redirect
    self.transport = transport
    state = Self.random()
    verifier = Self.random()
    let challenge = Self.base64(Array(SHA256.hash(data: Array(verifier.utf8))))
    var pairs = [
      ("response_type", "code"), ("client_id", try open.required("client-id")),
      ("redirect_uri", redirect), ("state", state), ("code_challenge", challenge),
      ("code_challenge_method", "S256"),
    ]
    if let scope = open.setting("scope") { pairs.append(("scope", scope)) }
    _ = try open.required("token-url")
    var request = HTTPRequest(method: "GET", url: try open.required("authorize-url"))
    request.addQuery(pairs.map { (name: $0.0, value: $0.1) })
    address = request.url
  }

  /// Whether a visit comes from this login: whoever else makes a browser come here does not know the
  /// state (RFC 6749 10.12).
  /// - Parameter target: the path and the query it asked for, or the whole address.
  public func isAnswered(by target: String) -> Bool { Self.query(of: target)["state"] == state }

  /// Trades what the browser came back with for tokens.
  /// - Parameter target: the path and the query it asked for, or the whole address.
  /// - Throws: `InvalidAccessTokenError` when consent was refused, or the answer is to another question.
  public func finish(_ target: String) async throws(ModuleError) -> Secrets {
    guard isAnswered(by: target) else {
      throw ModuleError(
        .invalidAccessToken,
        "what came back belongs to another login; begin again with 'fettle connection login "
          + "\(open.connection.name)'")
    }
    let query = Self.query(of: target)
    guard let code = query["code"], !code.isEmpty else {
      let said = query["error_description"] ?? query["error"] ?? "no code came back"
      throw ModuleError(.invalidAccessToken, "the login was not granted: \(said)")
    }
    let grant = try await OAuthGrant.ask(
      [
        ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect),
        ("code_verifier", verifier),
      ], of: open, over: transport)
    // A service whose tokens do not run out gives no refresh token.
    return grant.refreshToken.map { ["refresh-token": $0] } ?? ["access-token": grant.accessToken]
  }

  /// 256 bits that nobody can guess.
  private static func random() -> String {
    SymmetricKey(size: .bits256).withUnsafeBytes { base64(Array($0)) }
  }

  /// As addresses take it, without the signs that stand for something there.
  private static func base64(_ bytes: [UInt8]) -> String {
    String(
      Buffer(bytes).base64.compactMap { sign -> Character? in
        switch sign {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: sign
        }
      })
  }

  private static func query(of target: String) -> [String: String] {
    guard let mark = target.firstIndex(of: "?") else { return [:] }
    let text = target[target.index(after: mark)...].prefix { $0 != "#" }
    var query: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      query[WebAddress.decoded(parts[0])] = parts.count > 1 ? WebAddress.decoded(parts[1]) : ""
    }
    return query
  }
}
