/// Names of headers and parameters whose values prove who asks, such as `Authorization`.
public enum CredentialName {
  /// In lower case, without dashes and underscores.
  private static let known: Set<String> = [
    "authorization", "proxyauthorization", "cookie", "apikey", "xapikey", "xauthtoken",
    "xaccesstoken", "xcsrftoken", "xgitlabtoken", "xvaulttoken", "privatetoken",
    "ocpapimsubscriptionkey", "key", "token", "accesstoken", "auth", "secret", "clientsecret",
    "password", "passwd", "sig", "signature",
  ]

  /// What is shorter may be a word of the data: taken out wherever it stands, it would change what
  /// scenarios work on.
  private static let shortest = 12

  /// Whether the value under a name proves who asks.
  public static func isKnown(_ name: String) -> Bool {
    known.contains(name.lowercased().filter { $0 != "-" && $0 != "_" })
  }

  /// What of the value of a header is secret wherever it stands: the whole, and the token behind the name
  /// of a scheme (`Bearer TOKEN`).
  public static func secrets(in value: String) -> [String] {
    let token = value.firstIndex(of: " ").map { String(value[value.index(after: $0)...]) }
    return telling([value] + (token.map { [$0] } ?? []))
  }

  /// Those of some secrets that are long enough to be nothing else.
  public static func telling(_ secrets: [String]) -> [String] {
    secrets.filter { $0.utf8.count >= shortest }
  }
}
