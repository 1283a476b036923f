public import FettleCore

/// Tries whether a connection works, without changing anything on the other side.
public struct ConnectionTest: Sendable {
  private let transport: Transport
  private let connections: any ConnectionOpening

  /// A test over that transport.
  /// - Parameter connections: where a secret is kept that the service gave in the place of another.
  public init(transport: Transport = .shared, connections: any ConnectionOpening) {
    self.transport = transport
    self.connections = connections
  }

  /// Tries it.
  /// - Parameter url: the address to ask, where the connection is one of web services.
  /// - Returns: what was found, in a few words.
  /// - Throws: why it does not work.
  public func run(_ open: OpenConnection, url: String?) async throws(ModuleError) -> String {
    let mask = open.mask
    do throws(ModuleError) {
      switch open.connection.kind {
      case "basic", "bearer", "api-key", "oauth2", "certificate", "proxy", "app":
        return try await web(open, url)
      case "smtp", "imap": return try await mail(open)
      case "ftp", "sftp":
        let server = try FileServer(open, transport)
        let count = try await server.list("").count
        return "\(server.server.address.target) lets \(Self.who(open)) in; "
          + "\(count) files and folders where the login begins"
      default:
        throw ModuleError(
          .invalidConfiguration, "connections of the kind \(open.connection.kind) cannot be tried")
      }
    } catch { throw mask.masked(error) }
  }

  private static func who(_ open: OpenConnection) -> String { open.setting("user") ?? "anybody" }

  /// Says hello and logs in; nothing is sent, nothing is read.
  private func mail(_ open: OpenConnection) async throws(ModuleError) -> String {
    let mail = MailServer(transport: transport, connections: connections)
    let server = try MailServer.account(open, kind: open.connection.kind).server
    if open.connection.kind == "imap" {
      _ = try await mail.mailbox(.command("NOOP", in: nil, of: server), server)
    } else {
      try await mail.greet(server)
    }
    guard let user = open.setting("user") else {
      // Many servers say hello to everybody and refuse what comes next.
      return "\(server.target) answers; nobody has logged in, because no user is set"
    }
    return "\(server.target) lets \(user) in"
  }

  private func web(_ open: OpenConnection, _ url: String?) async throws(ModuleError) -> String {
    let authentication = HTTPAuthentication(transport: transport, connections: connections)
    guard let address = url ?? open.setting("url") else {
      if open.connection.kind == "oauth2" {
        _ = try await authentication.tokens.token(of: open, over: transport)
        return "a token was given"
      }
      return "its secrets can be had; with --url, or a setting url, the service is asked as well"
    }
    var request = HTTPRequest(method: "GET", url: address)
    // A token that was fetched for this is no secret of the connection, and a service may repeat it.
    var mask = open.mask
    if open.connection.kind != "app" {
      mask = try await authentication.authenticate(&request, with: open).mask
    }
    do throws(ModuleError) {
      let answer = try await transport.exchange(request)
      if let error = HTTPErrorMap.error(answer, to: request, now: SystemClock().now()),
        [.invalidAccessToken, .connection, .rateLimit].contains(error.type)
      {
        throw error
      }
      return "\(request.target) answers \(answer.status)"
    } catch { throw mask.masked(error) }
  }
}
