import FettleCore

/// How a connection proves who asks, put on a request.
struct HTTPAuthentication: Sendable {
  let transport: Transport
  let connections: any ConnectionOpening
  let tokens = OAuthTokens()

  /// Puts what a module's connection or keychain holds on a request.
  /// - Parameter isRequired: whether the module cannot do without one.
  /// - Returns: what takes its secrets out of outputs and errors, and the token that was used.
  func authenticate(
    _ request: inout HTTPRequest, for module: ModuleNode, in parameters: [String], isRequired: Bool
  ) async throws(ModuleError) -> Used {
    guard let foreign = module.connection(in: parameters) else {
      guard isRequired else { return Used(mask: .nothing) }
      throw ModuleError(
        .invalidConfiguration,
        "module \(module.id) names no connection; its parameter \(parameters.joined(separator: " or "))"
          + " is empty")
    }
    let open = try await connections.open(foreign.id, of: foreign.app)
    return try await authenticate(&request, with: open)
  }

  /// Puts what a connection holds on a request.
  func authenticate(
    _ request: inout HTTPRequest, with open: OpenConnection
  ) async throws(ModuleError) -> Used {
    var used = Used(mask: open.mask)
    switch open.connection.kind {
    case "basic":
      request.credentials = .basic(
        user: try open.required("user"), password: try open.required("password"))
    case "bearer":
      request.credentials = .header(
        name: "Authorization", value: "Bearer \(try open.required("token"))")
    case "api-key":
      let key = (open.setting("prefix") ?? "") + (try open.required("key"))
      let isQuery = open.setting("placement")?.lowercased() == "query"
      let name = open.setting("name") ?? (isQuery ? "api_key" : "X-API-Key")
      request.credentials =
        isQuery ? .query(name: name, value: key) : .header(name: name, value: key)
    case "oauth2":
      let token = try await tokens.token(of: open, over: transport)
      used.mask = used.mask.joined(with: Mask([token]))
      used.refresh = open
      request.credentials = .header(name: "Authorization", value: "Bearer \(token)")
    case "certificate":
      try trust(open, &request.trust)
    case let kind:
      throw ModuleError(
        .invalidConfiguration,
        "the connection \"\(open.connection.name)\" is of the kind \(kind); an HTTP module needs "
          + "basic, bearer, api-key, oauth2 or certificate")
    }
    return used
  }

  private func trust(_ open: OpenConnection, _ trust: inout Trust) throws(ModuleError) {
    if let path = open.setting("certificate") {
      guard let bytes = LocalFile.bytes(path) else {
        throw ModuleError(.invalidConfiguration, "the client certificate \(path) cannot be read")
      }
      trust.clientCertificate = bytes
      trust.clientKey = Array(try open.required("key").utf8)
      trust.passphrase = open.secret("passphrase")
    }
    if let path = open.setting("ca") { trust.certificatesFile = path }
  }

  /// What a request was authenticated with.
  struct Used: Sendable {
    /// Takes the secrets out.
    var mask: Mask
    /// The connection whose token may have run out.
    var refresh: OpenConnection?
  }
}

/// Access tokens of OAuth 2, kept in memory until the service no longer takes them.
actor OAuthTokens {
  private var known: [String: String] = [:]

  /// The token of a connection: the last one, or a fresh one.
  func token(
    of open: OpenConnection, over transport: Transport
  ) async throws(ModuleError) -> String {
    let name = open.connection.name
    if let token = known[name] { return token }
    var pairs = [("client_id", try open.required("client-id"))]
    if let secret = open.secret("client-secret") { pairs.append(("client_secret", secret)) }
    if let refresh = open.secret("refresh-token") {
      pairs += [("grant_type", "refresh_token"), ("refresh_token", refresh)]
    } else {
      pairs.append(("grant_type", "client_credentials"))
    }
    if let scope = open.setting("scope") { pairs.append(("scope", scope)) }
    var request = HTTPRequest(method: "POST", url: try open.required("token-url"))
    request.headers = [
      HTTPHeader(name: "Content-Type", value: "application/x-www-form-urlencoded"),
      HTTPHeader(name: "Accept", value: "application/json"),
    ]
    request.body = .bytes(
      Array(HTTPRequest.formEncoded(pairs.map { (name: $0.0, value: $0.1) }).utf8))
    request.followsRedirects = false
    let answer = try await transport.exchange(request)
    let fields = (try? JSONReader.read(answer.body))?.collection
    guard answer.status < 300, let token = fields?["access_token"]?.text, !token.isEmpty else {
      // Connection trouble and rate limits stay what they are; a refusal needs a person.
      if answer.status >= 500 || answer.status == 429,
        let error = HTTPErrorMap.error(answer, to: request, now: SystemClock().now())
      {
        throw open.mask.masked(error)
      }
      let said = fields?["error_description"]?.text ?? fields?["error"]?.text ?? "no token"
      throw open.mask.masked(
        ModuleError(
          .invalidAccessToken, "\(request.target) gives no token for \"\(name)\": \(said)",
          statusCode: answer.status))
    }
    known[name] = token
    return token
  }

  /// The service no longer takes the token of a connection.
  func forget(_ open: OpenConnection) { known[open.connection.name] = nil }
}
