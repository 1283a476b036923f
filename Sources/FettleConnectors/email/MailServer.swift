import FettleCore

/// What every module of `email` does: it finds the server its account means and speaks to it.
struct MailServer: Sendable {
  let transport: Transport
  let connections: any ConnectionOpening

  /// A server and what takes its secrets out of what modules tell.
  struct Account: Sendable {
    let server: ServerAddress
    let mask: Mask
    let connection: OpenConnection
  }

  /// The account of a module.
  func account(
    of module: ModuleNode, in parameters: [String] = ["account", "__IMTCONN__"], kind: String
  ) async throws(ModuleError) -> Account {
    guard let foreign = module.connection(in: parameters) else {
      throw ModuleError(
        .invalidConfiguration,
        "module \(module.id) names no account; its parameter \(parameters[0]) is empty",
        field: parameters[0])
    }
    return try Self.account(try await connections.open(foreign.id, of: foreign.app), kind: kind)
  }

  /// The server of a connection.
  static func account(_ open: OpenConnection, kind: String) throws(ModuleError) -> Account {
    guard open.connection.kind == kind else {
      throw ModuleError(
        .invalidConfiguration,
        "the connection \"\(open.connection.name)\" is of the kind \(open.connection.kind); "
          + "\(kind) is needed")
    }
    let isIMAP = kind == "imap"
    let security = open.setting("security") ?? (isIMAP ? "tls" : "starttls")
    let isTLS = security == "tls"
    let standard = isIMAP ? (isTLS ? 993 : 143) : (isTLS ? 465 : 587)
    var server = ServerAddress(
      scheme: kind + (isTLS ? "s" : ""), host: try open.required("host"),
      port: open.setting("port").flatMap { Int($0) } ?? standard)
    guard ["none", "starttls", "tls"].contains(security) else {
      throw ModuleError(
        .invalidConfiguration,
        "the security of \"\(open.connection.name)\" must be none, starttls or tls")
    }
    server.upgrades = security == "starttls"
    server.user = open.setting("user")
    server.password = open.secret("password")
    server.trust.certificatesFile = open.setting("ca")
    server.trust.verifies = open.setting("verify").map { !["no", "false"].contains($0) } ?? true
    server.timeoutMilliseconds = try open.timeoutMilliseconds(40_000, most: 80)
    return Account(server: server, mask: open.mask, connection: open)
  }

  /// Carries out a job of IMAP.
  func mailbox(_ job: CurlJob, _ server: ServerAddress) async throws(ModuleError) -> CurlAnswer {
    switch await transport.perform(job) {
    case .success(let answer): return answer
    case .failure(let failure): throw IMAPErrorMap.error(failure, server)
    }
  }

  /// Hands a message over.
  func send(_ message: MailMessage, _ server: ServerAddress) async throws(ModuleError) {
    try await perform(.sending(message, over: server), server, subject: "the message")
  }

  /// Says hello to a server that takes mail, and logs in.
  func greet(_ server: ServerAddress) async throws(ModuleError) {
    try await perform(.greeting(server), server, subject: "the connection")
  }

  private func perform(
    _ job: CurlJob, _ server: ServerAddress, subject: String
  ) async throws(ModuleError) {
    switch await transport.perform(job) {
    case .success: return
    case .failure(let failure):
      throw SMTPErrorMap.error(failure, server, subject: subject)
    }
  }
}
