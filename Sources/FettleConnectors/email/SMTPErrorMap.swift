import FettleCore

/// What a server that takes mail means by a reply (semantics 2.5).
enum SMTPErrorMap {
  /// The replies that say more than their first digit.
  // swift-format-ignore
  static let table: [(code: Int, type: ErrorType, name: String)] = [
    (421, .rateLimit,            "the service is not available now"),
    (450, .rateLimit,            "the mailbox is busy"),
    (451, .rateLimit,            "the server could not process it now"),
    (452, .outOfSpace,           "the server has no room"),
    (454, .connection,           "authentication is not available now"),
    (530, .invalidAccessToken,   "authentication is required"),
    (534, .invalidAccessToken,   "a stronger authentication is required"),
    (535, .invalidAccessToken,   "user or password are not accepted"),
    (538, .invalidConfiguration, "authentication needs TLS"),
    (552, .outOfSpace,           "the mailbox is full"),
  ]

  /// The replies to a login (RFC 4954 4 and 6): they are about who asks, not about what is sent.
  private static let aboutLogin: Set = [432, 454, 530, 534, 535, 538]

  /// The failure a reply amounts to: other 4xx are worth another try, other 5xx need other data.
  /// - Parameter subject: what it was asked to take.
  static func error(
    _ failure: TransferFailure, _ server: ServerAddress, subject: String
  ) -> ModuleError {
    guard !failure.isTransport, let (code, line) = failure.refusal else {
      return ModuleError(
        failure, to: server.target, timeoutMilliseconds: server.timeoutMilliseconds)
    }
    let row = table.first { $0.code == code }
    var type = row?.type ?? (code < 500 ? .connection : .data)
    // 552 is also said of a message that is too large; the enhanced code tells (RFC 3463 5.3.4).
    let words = line.lowercased()
    if code == 552, !line.contains("5.2.2"),
      ["5.3.4", "size", "too large", "too much mail data"].contains(where: words.contains)
    {
      type = .maxFileSizeExceeded
    }
    if aboutLogin.contains(code) {
      let who = server.user.map { "does not let \($0) in" } ?? "lets nobody in without a user"
      return ModuleError(type, "\(server.target) \(who): \(line)", detail: row?.name)
    }
    return ModuleError(
      type, "\(server.target) refuses \(subject): \(line)", detail: row?.name)
  }
}
