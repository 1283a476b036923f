import CCurl
import FettleCore

/// Where a server of mail or files is, and how one gets in.
struct ServerAddress: Sendable {
  var scheme: String
  var host: String
  var port: Int
  var user: String?
  var password: String?
  /// Whether a plain connection has to become one over TLS before anything is said.
  var upgrades = false
  var trust = Trust()
  /// How long one operation may take.
  var timeoutMilliseconds = 40_000

  /// How messages name it.
  var target: String { "\(host):\(port)" }

  /// Its address with a path, which is encoded already.
  func url(_ path: String = "") -> String {
    let name = host.contains(":") ? "[\(host)]" : host
    return "\(scheme)://\(name):\(port)/\(path)"
  }

  /// What tells a way in from another, beside user and password, by which curl itself finds a kept
  /// connection: where STARTTLS made it safe, curl does not ask whom it trusted then.
  var identity: String {
    [
      scheme, "\(upgrades)", "\(host):\(port)", "\(trust.verifies)", trust.certificatesFile ?? "",
      user ?? "",
    ].joined(separator: "\n")
  }

  /// A job at that path, with the way in.
  func job(_ path: String = "", protocols: String) -> CurlJob {
    var job = CurlJob(
      url: url(path), timeoutMilliseconds: timeoutMilliseconds, maximumSize: 200_000_000)
    job.set(CURLOPT_PROTOCOLS_STR, protocols)
    if let user { job.set(CURLOPT_USERNAME, user) }
    if let password { job.set(CURLOPT_PASSWORD, password) }
    job.pool = identity
    // Over TLS from the first byte as well: a server of files could refuse it for the data, which then
    // would go in the clear.
    if upgrades || scheme.hasSuffix("s") {
      job.set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
    }
    job.set(trust)
    return job
  }
}

extension CurlJob {
  /// Hands a message to a server that takes mail.
  static func sending(
    _ message: MailMessage, over server: ServerAddress
  ) -> CurlJob {
    var job = server.job(protocols: "smtp,smtps")
    // A connection that was kept may have died; a message is given to a fresh one, once.
    job.set(CURLOPT_FRESH_CONNECT, 1)
    job.set(CURLOPT_FORBID_REUSE, 1)
    job.set(CURLOPT_MAIL_FROM, "<\(message.from.address)>")
    job.set(CURLOPT_MAIL_RCPT, message.recipients.map { "<\($0.address)>" })
    job.set(CURLOPT_HTTPHEADER, message.headerLines)
    job.content = .form(message.parts)
    return job
  }

  /// Logs in where mail is taken, and asks for nothing.
  static func greeting(_ server: ServerAddress) -> CurlJob {
    var job = server.job(protocols: "smtp,smtps")
    job.set(CURLOPT_NOBODY, 1)
    job.set(CURLOPT_CUSTOMREQUEST, "NOOP")
    return job
  }

  /// Puts a message into a folder of a mailbox.
  static func appending(
    _ message: MailMessage, to folder: String, of server: ServerAddress
  ) -> CurlJob {
    var job = server.job(MailFolder.path(folder), protocols: "imap,imaps")
    job.set(CURLOPT_HTTPHEADER, message.headerLines)
    job.content = .form(message.parts)
    job.set(CURLOPT_UPLOAD, 1)
    return job
  }

  /// A command of IMAP, in a folder or in none.
  static func command(
    _ command: String, in folder: String?, of server: ServerAddress
  ) -> CurlJob {
    var job = server.job(folder.map(MailFolder.path) ?? "", protocols: "imap,imaps")
    job.set(CURLOPT_CUSTOMREQUEST, command)
    return job
  }

  /// The bytes of a message.
  static func message(
    _ uid: Int, in folder: String, of server: ServerAddress
  ) -> CurlJob {
    server.job("\(MailFolder.path(folder))/;UID=\(uid)", protocols: "imap,imaps")
  }
}

extension OpenConnection {
  /// How long one operation over it may take: its setting `timeout`, in seconds.
  /// - Parameter most: the longest that the modules wait, in seconds.
  func timeoutMilliseconds(_ standard: Int, most: Double) throws(ModuleError) -> Int {
    guard let text = setting("timeout") else { return standard }
    guard let seconds = Double(text), seconds >= 0.1, seconds <= most else {
      throw ModuleError(
        .invalidConfiguration,
        "the timeout of \"\(connection.name)\" must be seconds up to \(Int(most)), not \(text)")
    }
    return Int(seconds * 1000)
  }
}

/// Names of folders, as IMAP writes them.
enum MailFolder {
  /// The name in an address: modified UTF-7, then percent-encoded.
  static func path(_ folder: String) -> String {
    wireName(folder).utf8.map { byte -> String in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "/"):
        return String(UnicodeScalar(byte))
      default: return (byte < 16 ? "%0" : "%") + String(byte, radix: 16).uppercased()
      }
    }.joined()
  }

  /// The name in a command, in quotes.
  static func quoted(_ folder: String) -> String { quotedText(wireName(folder)) }

  /// A text in a command, in quotes.
  static func quotedText(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// Modified UTF-7 (RFC 3501 5.1.3).
  static func wireName(_ name: String) -> String {
    var wire = ""
    var foreign: [UInt16] = []
    func flush() {
      guard !foreign.isEmpty else { return }
      let bytes = foreign.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
      let text = Base64.text(bytes).filter { $0 != "=" }.replacing("/", with: ",")
      wire += "&\(text)-"
      foreign = []
    }
    for unit in name.utf16 {
      if (0x20...0x7E).contains(unit), let scalar = UnicodeScalar(unit) {
        flush()
        wire += unit == 0x26 ? "&-" : String(scalar)
      } else {
        foreign.append(unit)
      }
    }
    flush()
    return wire
  }
}
