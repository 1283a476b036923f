extension HTTPRequest {
  /// Names of headers and parameters whose values prove who asks, in lower case without dashes and
  /// underscores.
  private static let telling: Set<String> = [
    "authorization", "proxyauthorization", "cookie", "apikey", "xapikey", "xauthtoken", "key",
    "token", "accesstoken", "auth", "secret", "clientsecret", "password", "passwd", "sig",
    "signature",
  ]

  /// What a blueprint itself puts into headers and the query to prove who asks. A service may tell it
  /// back, and then it would stand in an error or a bundle.
  var ownSecrets: [String] {
    var secrets: [String] = []
    for header in headers where Self.isTelling(header.name) {
      secrets.append(header.value)
      // `Bearer TOKEN`: the token alone is a secret, too.
      if let blank = header.value.firstIndex(of: " ") {
        secrets.append(String(header.value[header.value.index(after: blank)...]))
      }
    }
    // `https://user:password@host` is sent as basic authentication.
    if let login = url.firstRange(of: "://").flatMap({ start -> Substring? in
      let authority = url[start.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      return authority.lastIndex(of: "@").map { authority[..<$0] }
    }), let colon = login.firstIndex(of: ":") {
      let password = login[login.index(after: colon)...]
      secrets += [String(password), String(login)]
      secrets += [WebAddress.decoded(password), WebAddress.decoded(login)]
    }
    let query = url.split(separator: "#").first?.split(separator: "?", maxSplits: 1).dropFirst()
    for pair in query?.first?.split(separator: "&") ?? [] {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, Self.isTelling(String(parts[0])) else { continue }
      secrets.append(String(parts[1]))
      secrets.append(WebAddress.decoded(parts[1]))
    }
    // What is shorter may be a word of the data: taken out, it would change what scenarios work on.
    return secrets.filter { $0.utf8.count >= Self.shortest }
  }

  private static let shortest = 12

  private static func isTelling(_ name: String) -> Bool {
    telling.contains(name.lowercased().filter { $0 != "-" && $0 != "_" })
  }
}
