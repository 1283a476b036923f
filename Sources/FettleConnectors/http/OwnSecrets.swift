import FettleCore

extension HTTPRequest {
  /// What a blueprint itself puts into headers and the query to prove who asks. A service may tell it
  /// back, and then it would stand in an error or a bundle.
  var ownSecrets: [String] {
    var secrets: [String] = []
    for header in headers where CredentialName.isKnown(header.name) {
      secrets += CredentialName.secrets(in: header.value)
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
      guard parts.count == 2, CredentialName.isKnown(String(parts[0])) else { continue }
      secrets.append(String(parts[1]))
      secrets.append(WebAddress.decoded(parts[1]))
    }
    return CredentialName.telling(secrets)
  }
}
