import FettleCore

/// What a mailbox means by NO and BAD: the response codes of RFC 5530 and what large providers add.
enum IMAPErrorMap {
  // swift-format-ignore
  static let table: [(code: String, type: ErrorType)] = [
    ("AUTHENTICATIONFAILED", .invalidAccessToken),
    ("AUTHORIZATIONFAILED",  .invalidAccessToken),
    ("EXPIRED",              .invalidAccessToken),
    ("PRIVACYREQUIRED",      .invalidConfiguration),
    ("CONTACTADMIN",         .invalidConfiguration),
    ("NOPERM",               .invalidConfiguration),
    ("UNAVAILABLE",          .connection),
    ("INUSE",                .connection),
    ("SERVERBUG",            .connection),
    ("OVERQUOTA",            .outOfSpace),
    ("LIMIT",                .rateLimit),
    ("THROTTLED",            .rateLimit),
    ("NONEXISTENT",          .data),
    ("TRYCREATE",            .data),
    ("ALREADYEXISTS",        .duplicateData),
    ("CANNOT",               .data),
    ("EXPUNGEISSUED",        .data),
  ]

  /// The failure a refusal amounts to; one without a code is about what was asked.
  static func error(_ failure: TransferFailure, _ server: ServerAddress) -> ModuleError {
    guard case .curl(_, _, _, let lines) = failure, !failure.isTransport,
      let said = lines.last(where: isRefusal)
    else {
      return ModuleError(
        failure, to: server.target, timeoutMilliseconds: server.timeoutMilliseconds)
    }
    let words = said.split(separator: " ", maxSplits: 1).dropFirst().joined()
    // curl calls a folder that cannot be opened a login that was denied, too.
    let isAboutLogin = ["auth", "login", "password", "credential"].contains {
      said.lowercased().contains($0)
    }
    let type =
      table.first { said.uppercased().contains("[\($0.code)") }?.type
      ?? (failure.isLoginDenied && isAboutLogin ? .invalidAccessToken : .data)
    return ModuleError(type, "\(server.target) answers \(words)")
  }

  /// `A003 NO …` or `A003 BAD …`; the tags are curl's.
  private static func isRefusal(_ line: String) -> Bool {
    let words = line.split(separator: " ", maxSplits: 2)
    return words.count > 1 && words[0].first?.isLetter == true
      && ["NO", "BAD"].contains(words[1].uppercased())
  }
}
