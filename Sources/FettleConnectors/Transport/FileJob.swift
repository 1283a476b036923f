import CCurl

extension CurlJob {
  private static let fileProtocols = "ftp,ftps,sftp"
  /// How curl begins what it says of the ways in.
  static let saysOfSSH = "SSH "

  private static func at(_ path: String, of server: FileServerAddress) -> CurlJob {
    var job = server.address.job(path, protocols: fileProtocols)
    job.pool = server.identity
    if server.isSFTP {
      // A password is also what many servers ask for as the one question of a dialogue.
      job.set(CURLOPT_SSH_AUTH_TYPES, server.keyFile == nil ? 2 | 8 : 1)
      job.hearsSSH = true
      if let key = server.keyFile { job.set(CURLOPT_SSH_PRIVATE_KEYFILE, key.path) }
      if let passphrase = server.passphrase { job.set(CURLOPT_KEYPASSWD, passphrase) }
      if let fingerprint = server.hostKey {
        job.set(CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, fingerprint)
      } else if let file = server.knownHosts {
        job.set(CURLOPT_SSH_KNOWNHOSTS, file)
      }
    } else {
      // The address a server tells for the data is its own view of the network; the one we reached it
      // under works.
      job.set(CURLOPT_FTP_SKIP_PASV_IP, 1)
    }
    return job
  }

  /// The lines of a listing, as the server writes them.
  static func listing(_ path: String, of server: FileServerAddress, facts: Bool) -> CurlJob {
    var job = at(server.path(folder: path), of: server)
    if facts { job.set(CURLOPT_CUSTOMREQUEST, "MLSD") }
    return job
  }

  /// The bytes of a file.
  static func download(_ path: String, of server: FileServerAddress) -> CurlJob {
    at(server.path(path), of: server)
  }

  /// Writes a file.
  static func upload(
    _ bytes: [UInt8], to path: String, of server: FileServerAddress, appends: Bool
  ) -> CurlJob {
    var job = at(server.path(path), of: server)
    job.content = .upload(bytes)
    if appends { job.set(CURLOPT_APPEND, 1) }
    // A server that finds no room in the middle breaks the data connection off, and what it says then
    // is not read any more. Asked before (RFC 959 4.1.3) it says so; who does not know says 202 or 5xx,
    // and a refusal alone stops nothing: what is written over may make room.
    if !server.isSFTP, bytes.count > 65_536 {
      job.set(CURLOPT_PREQUOTE, ["*ALLO \(bytes.count)"])
    }
    return job
  }

  /// Commands about files, one after the other; the first that is refused ends it.
  static func commands(_ commands: [String], of server: FileServerAddress) -> CurlJob {
    var job = at(server.path(folder: ""), of: server)
    job.set(CURLOPT_NOBODY, 1)
    job.set(CURLOPT_QUOTE, commands)
    return job
  }
}

/// A server of files, and how one gets in.
struct FileServerAddress: Sendable {
  var address: ServerAddress
  /// What the connection to it is called.
  var connection: String
  /// The private key, for SSH.
  var keyFile: SSHKeyFile?
  var passphrase: String?
  /// The SHA-256 of the server's key in base64, for SSH.
  var hostKey: String?
  var knownHosts: String?

  /// What tells a way in from another, beside user and password.
  var identity: String {
    ([address.identity] + [keyFile?.path, passphrase, hostKey, knownHosts].map { $0 ?? "" })
      .joined(separator: "\n")
  }

  var isSFTP: Bool { address.scheme == "sftp" }

  /// A path of an address. Paths are those of the server, from its root; for FTP that needs a second
  /// slash, in an encoded form.
  func path(_ path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(Self.encoded)
    let joined = parts.joined(separator: "/")
    // FTP paths of addresses begin where the login leaves one; those of SFTP at the root.
    return isSFTP
      ? (path.hasPrefix("/") ? joined : "~/\(joined)") : (path.hasPrefix("/") ? "%2F" : "") + joined
  }

  /// The same for a folder.
  func path(folder: String) -> String {
    let path = path(folder)
    return path.isEmpty || path.hasSuffix("/") || path == "%2F" ? path : path + "/"
  }

  private static func encoded(_ part: Substring) -> String {
    part.utf8.map { byte -> String in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"):
        return String(UnicodeScalar(byte))
      default: return (byte < 16 ? "%0" : "%") + String(byte, radix: 16).uppercased()
      }
    }.joined()
  }
}
