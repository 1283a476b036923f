/// What a kind of connection is made of: the rows of `fettle connection add`.
public struct ConnectionKind: Sendable, Hashable {
  /// The word it is named by.
  public let name: String
  /// What it is, in a few words.
  public let summary: String
  /// What may be seen.
  public let settings: [Field]
  /// What may not.
  public let secrets: [Field]

  /// One part of a connection.
  public struct Field: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Whether the connection cannot do without it.
    public let isRequired: Bool
    /// What it is, in a few words.
    public let summary: String
    /// What fits it.
    public let form: Form

    init(_ name: String, _ summary: String, required: Bool = false, _ form: Form = .text) {
      self.name = name
      self.summary = summary
      self.form = form
      isRequired = required
    }
  }

  /// What fits a field.
  public enum Form: Sendable, Hashable {
    /// Anything.
    case text
    /// The path of a file on this machine.
    case file
    /// A number from 1 to 65535.
    case port
    /// A number of seconds, from 1.
    case seconds
    /// One of these words.
    case words([String])

    /// What a value has to be that does not fit; nil when it does.
    func expectation(of text: String) -> String? {
      switch self {
      case .text, .file: nil
      case .port: (Int(text).map { (1...65_535).contains($0) } ?? false) ? nil : "a port"
      case .seconds: (Int(text).map { $0 > 0 } ?? false) ? nil : "a number of seconds"
      case .words(let words):
        words.contains(text.lowercased()) ? nil : words.joined(separator: " or ")
      }
    }
  }

  /// The kinds that are known. Apps described in files add fields of their own to `app`.
  public static let all: [ConnectionKind] = [
    ConnectionKind(
      name: "basic", summary: "user name and password of a web service",
      settings: [Field("user", "user name", required: true), url],
      secrets: [Field("password", "password", required: true)]),
    ConnectionKind(
      name: "bearer", summary: "a token in the header Authorization", settings: [url],
      secrets: [Field("token", "token", required: true)]),
    ConnectionKind(
      name: "api-key", summary: "a key in a header or the query of a web service",
      settings: [
        Field("name", "name of the header or parameter; X-API-Key"),
        Field("placement", "header or query; header", .words(["header", "query"])),
        Field("prefix", "what stands before the key, such as \"Token \""), url,
      ],
      secrets: [Field("key", "key", required: true)]),
    ConnectionKind(
      name: "certificate", summary: "a client certificate, and whom else to trust",
      settings: [
        Field("certificate", "file of the client certificate (PEM)", .file), ca, url,
      ],
      secrets: [
        Field("key", "private key of the certificate (PEM)"),
        Field("passphrase", "passphrase of the private key"),
      ]),
    ConnectionKind(
      name: "oauth2",
      summary: "OAuth 2: 'fettle connection login', a refresh token, or client credentials",
      settings: [
        Field("token-url", "address that gives tokens", required: true),
        Field("client-id", "client id", required: true), Field("scope", "scope"),
        Field("authorize-url", "address where a person logs in"),
        Field("redirect-port", "port of this machine the browser comes back to; any", .port),
        Field("token-header", "header that carries the token alone; Authorization with Bearer"),
        url,
      ],
      secrets: [
        Field("client-secret", "client secret"), Field("refresh-token", "refresh token"),
        Field("access-token", "access token that does not run out"),
      ]),
    ConnectionKind(
      name: "proxy", summary: "a proxy that requests of one HTTP module go through",
      settings: [
        Field("proxy", "its address, such as http://proxy.example.org:3128", required: true),
        Field("user", "user name"), url,
      ],
      secrets: [Field("password", "password")]),
    ConnectionKind(
      name: "smtp", summary: "a server that takes e-mail", settings: server("587", "starttls", 40),
      secrets: [Field("password", "password")]),
    ConnectionKind(
      name: "imap", summary: "a mailbox", settings: server("993", "tls", 40),
      secrets: [Field("password", "password")]),
    ConnectionKind(
      name: "ftp", summary: "a server of files, FTP or FTPS", settings: server("21", "none", 120),
      secrets: [Field("password", "password")]),
    ConnectionKind(
      name: "sftp", summary: "a server of files over SSH",
      settings: [
        Field("host", "host", required: true), Field("port", "port; 22", .port),
        Field("user", "user name", required: true),
        Field("host-key", "SHA-256 fingerprint of the server's key, as ssh-keygen -l prints it"),
        Field("known-hosts", "file of known hosts, where no fingerprint is given", .file),
        Field("key-file", "file of the private key", .file), timeout(120),
      ],
      secrets: [Field("password", "password"), Field("passphrase", "passphrase of the key file")]),
    ConnectionKind(
      name: "app", summary: "what an app described in a file asks for", settings: [url], secrets: []
    ),
  ]

  private static let url = Field("url", "an address that 'fettle connection test' asks")

  private static func timeout(_ seconds: Int) -> Field {
    Field("timeout", "seconds that one operation may take; \(seconds)", .seconds)
  }

  private static let ca = Field("ca", "file of certificates to trust (PEM)", .file)

  private static func server(_ port: String, _ security: String, _ seconds: Int) -> [Field] {
    [
      Field("host", "host", required: true), Field("port", "port; \(port)", .port),
      Field("user", "user name"),
      Field(
        "security", "none, starttls or tls; \(security)", .words(["none", "starttls", "tls"])), ca,
      Field(
        "verify", "yes or no: whether the certificate is checked; yes",
        .words(["yes", "no", "true", "false"])), timeout(seconds),
    ]
  }

  /// `https://user:password@host`.
  private static func holdsPassword(_ address: String) -> Bool {
    guard let scheme = address.firstRange(of: "://") else { return false }
    let authority = address[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let sign = authority.lastIndex(of: "@") else { return false }
    return authority[..<sign].contains(":")
  }

  /// Apps name their secrets themselves; what is called like one is one.
  private static func secretSettings(of connection: Connection) -> [String] {
    connection.settings.names.filter { name in
      let word = name.lowercased()
      return word == "key" || word == "pass"
        || ["token", "secret", "password", "passphrase", "apikey", "api-key", "api_key"]
          .contains { word.hasSuffix($0) }
    }.map { "\($0) is a secret: give it with --secret \($0), not with --set" }
  }

  /// The kind of that name.
  public static func named(_ name: String) -> ConnectionKind? { all.first { $0.name == name } }

  /// Why a connection of this kind cannot work; empty when nothing is missing.
  public func problems(of connection: Connection) -> [String] {
    var problems: [String] = []
    for field in settings where field.isRequired && connection.settings[field.name] == nil {
      problems.append("\(name) needs --set \(field.name)=…, the \(field.summary)")
    }
    for field in secrets where field.isRequired && connection.secrets[field.name] == nil {
      problems.append(
        "\(name) needs the secret \(field.name): --secret \(field.name) asks for it, --secret-env, "
          + "--secret-file and --secret-command say where it is")
    }
    for field in settings {
      guard let text = connection.settings[field.name].flatMap(Coercion.text),
        let expected = field.form.expectation(of: text)
      else { continue }
      problems.append("\(field.name) has to be \(expected), not \(text)")
    }
    for field in connection.settings.fields {
      guard let text = Coercion.text(field.value) else { continue }
      if Self.holdsPassword(text) {
        problems.append(
          "\(field.name) holds a password, and settings are shown to everybody; leave it out of the "
            + "address and give it as a secret")
      }
    }
    guard name != "app" else { return problems + Self.secretSettings(of: connection) }
    for (setting, _) in connection.settings.fields.map({ ($0.name, $0.value) })
    where !settings.contains(where: { $0.name == setting }) {
      let isSecret = secrets.contains { $0.name == setting }
      problems.append(
        isSecret
          ? "\(setting) is a secret: give it with --secret \(setting), not with --set"
          : "\(name) has no setting \(setting); it has "
            + settings.map(\.name).joined(separator: ", "))
    }
    for secret in connection.secrets.keys.sorted()
    where !secrets.contains(where: { $0.name == secret }) {
      problems.append(
        "\(name) has no secret \(secret); it has "
          + secrets.map(\.name).joined(separator: ", "))
    }
    return problems
  }
}
