import FettleCore

/// How a connection proves who asks, put on a request.
struct HTTPAuthentication: Sendable {
  let transport: Transport
  let connections: any ConnectionOpening
  let tokens: OAuthTokens

  init(transport: Transport, connections: any ConnectionOpening) {
    self.transport = transport
    self.connections = connections
    tokens = OAuthTokens(connections)
  }

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
    let isForProxy = parameters == ["proxyKeychain"]
    guard isForProxy == (open.connection.kind == "proxy") else {
      throw ModuleError(
        .invalidConfiguration,
        "the connection \"\(open.connection.name)\" is of the kind \(open.connection.kind); "
          + (isForProxy ? "a proxy is needed" : "a proxy proves nothing to a service"))
    }
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
      if OAuthTokens.canRenew(open) { used.refresh = open }
      request.credentials =
        open.setting("token-header").map { .header(name: $0, value: token) }
        ?? .header(name: "Authorization", value: "Bearer \(token)")
    case "certificate":
      try trust(open, &request.trust)
    case "proxy":
      request.proxy = Proxy(
        address: try open.required("proxy"), user: open.setting("user"),
        password: open.secret("password"), connection: open.connection.name)
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
