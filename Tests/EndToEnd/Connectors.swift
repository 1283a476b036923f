import FettleTestKit
import Foundation

/// Where a secret of a connection lies.
enum Source: String, CaseIterable { case environment, file, command, sealed }

/// A kind of connection and the modules that use it: one that works, one that is refused. In them `NAME`
/// stands for the connection, in settings `NUMBER` for its number.
struct Connector {
  let name: String
  let kind: String
  var settings: [String] = []
  let secrets: [String]
  /// The modules, without their numbers.
  let works: String
  let fails: String
  /// Where `connection test` asks.
  var url: String?
  /// Whether its secret goes to the server at all.
  var isTold = true

  static let count = 12
  /// The place of SFTP among them, which is left out where OpenSSH is not installed.
  static let sftpPlace = 11

  static func all(
    _ servers: EchoServers, _ certificates: Certificates, _ files: SFTPPlace?,
    _ folder: TemporaryFolder
  ) -> [Connector] {
    web(servers, certificates) + mailAndFiles(servers)
      + [
        Connector(
          name: "App", kind: "app", settings: ["url=http://127.0.0.1:\(servers.http)"],
          secrets: ["token"], works: app("/ok"), fails: app("/bad"),
          url: "http://127.0.0.1:\(servers.http)/bad")
      ] + (files.map { [sftp($0)] } ?? [])
  }

  private static func web(_ servers: EchoServers, _ certificates: Certificates) -> [Connector] {
    let base = "http://127.0.0.1:\(servers.http)"
    let secure = "https://127.0.0.1:\(servers.https)"
    let bad = base + "/bad"
    let isBearer = #""authenticationType":"apiKey","apiKeyKeychain":"NAME""#
    let isOAuth = #""authenticationType":"oAuth","oAuthKeychain":"NAME""#
    let isProxied = #""authenticationType":"noAuth","proxyKeychain":"NAME""#
    return [
      Connector(
        name: "Basic", kind: "basic", settings: ["user=ada"], secrets: ["password"],
        works: three("BasicAuth", base + "/ok"), fails: three("BasicAuth", bad), url: bad),
      Connector(
        name: "Bearer", kind: "bearer", secrets: ["token"],
        works: four("MakeRequest", isBearer, base + "/ok"),
        fails: four("MakeRequest", isBearer, bad), url: bad),
      Connector(
        name: "Header", kind: "api-key", secrets: ["key"],
        works: three("APIKeyAuth", base + "/ok"), fails: three("APIKeyAuth", bad), url: bad),
      Connector(
        name: "Query", kind: "api-key", settings: ["placement=query"], secrets: ["key"],
        works: four("DownloadFile", isBearer, base + "/ok"),
        fails: three("APIKeyAuth", bad), url: bad),
      Connector(
        name: "OAuth", kind: "oauth2",
        settings: ["token-url=\(base)/token", "client-id=fettle"],
        secrets: ["client-secret", "refresh-token"],
        works: four("MakeRequest", isOAuth, base + "/ok"),
        fails: four("MakeRequest", isOAuth, bad), url: bad),
      Connector(
        name: "Certificate", kind: "certificate",
        settings: [
          "certificate=\(certificates.path("client.pem"))", "ca=\(certificates.path("ca.pem"))",
        ], secrets: ["passphrase"], works: three("ClientCertAuth", secure + "/ok"),
        fails: three("ClientCertAuth", secure + "/bad"), url: secure + "/bad", isTold: false),
      Connector(
        name: "Proxy", kind: "proxy",
        settings: ["proxy=http://127.0.0.1:\(servers.proxy)", "user=ada"], secrets: ["password"],
        works: four("MakeRequest", isProxied, "http://service.invalid/ok"),
        fails: four("MakeRequest", isProxied, "http://service.invalid/bad"),
        url: "http://service.invalid/denied"),
    ]
  }

  private static func mailAndFiles(_ servers: EchoServers) -> [Connector] {
    func settings(_ port: UInt16) -> [String] {
      ["host=127.0.0.1", "port=\(port)", "user=ada", "security=none"]
    }
    return [
      Connector(
        name: "SMTP", kind: "smtp", settings: settings(servers.smtp), secrets: ["password"],
        works: mail("ok@example.org"), fails: mail("bad@example.org")),
      Connector(
        name: "IMAP", kind: "imap", settings: settings(servers.imap), secrets: ["password"],
        works: of("email:ActionListEmails", #""folder":"INBOX""#),
        fails: of("email:ActionListEmails", #""folder":"bad""#)),
      Connector(
        name: "FTP", kind: "ftp", settings: settings(servers.ftp), secrets: ["password"],
        works: of("ftp:ActionListFiles", #""path":"/""#),
        fails: of("ftp:ActionDeleteFile", #""path":"/x""#)),
    ]
  }

  private static func sftp(_ place: SFTPPlace) -> Connector {
    Connector(
      name: "SFTP", kind: "sftp",
      settings: [
        "host=127.0.0.1", "port=\(place.server.port)", "user=\(NSUserName())",
        "key-file=\(place.folder)/ssh-NUMBER", "host-key=\(place.fingerprint)",
      ], secrets: ["passphrase"],
      works: of("sftp:ActionListFiles", #""path":"\#(place.folder)/apps""#),
      fails: of("sftp:ActionGetFile", #""path":"\#(place.folder)/missing""#), isTold: false)
  }

  private static func three(_ variant: String, _ url: String) -> String {
    #"""
    "module":"http:ActionSendData\#(variant)","version":3,
    "parameters":{"auth":"NAME","handleErrors":true},
    "mapper":{"url":"\#(url)","method":"get","parseResponse":true,"shareCookies":true}
    """#
  }

  private static func four(_ module: String, _ parameters: String, _ url: String) -> String {
    #"""
    "module":"http:\#(module)","version":4,"parameters":{\#(parameters)},
    "mapper":{"url":"\#(url)","method":"get","parseResponse":true,"shareCookies":true}
    """#
  }

  private static func mail(_ recipient: String) -> String {
    of(
      "email:ActionSendEmail",
      #""to":["\#(recipient)"],"from":"ada@example.org","contentType":"text","text":"hello""#)
  }

  private static func app(_ path: String) -> String {
    #""module":"desk:Ask","parameters":{"__IMTCONN__":"NAME"},"mapper":{"path":"\#(path)"}"#
  }

  private static func of(_ module: String, _ mapper: String) -> String {
    #""module":"\#(module)","parameters":{"account":"NAME"},"mapper":{\#(mapper)}"#
  }
}

/// A real SFTP server with keys in a folder.
struct SFTPPlace {
  let server: RealServer
  let fingerprint: String
  let folder: String
}
