import CCurl

/// What curl is asked to do, as a value: each protocol makes one, the transport carries it out.
struct CurlJob: Sendable {
  var url: String
  /// From the start to the last byte of the answer.
  var timeoutMilliseconds: Int
  /// An answer that is larger fails, in bytes.
  var maximumSize: Int
  var options: [Option] = []
  var content: Content = .none
  /// Whose kept connections it may use: those of jobs with the same text alone. Nil stands for all jobs
  /// of HTTP, which curl tells from each other by itself.
  var pool: String?
  /// Whether what curl says of SSH stands among the lines of the server: its result alone does not tell
  /// why nobody was let in.
  var hearsSSH = false
  /// The cookies it knows, a line each as curl writes them; nil leaves cookies to the headers.
  var cookies: [String]?

  /// One option of `curl_easy_setopt`.
  enum Option: Sendable {
    case number(CURLoption, Int)
    case text(CURLoption, String)
    case list(CURLoption, [String])
    /// Bytes that curl keeps a copy of.
    case blob(CURLoption, [UInt8])
  }

  /// What is sent.
  enum Content: Sendable {
    case none
    /// The body of an HTTP request.
    case post([UInt8])
    /// What is handed over piece by piece: a file or a message.
    case upload([UInt8])
    /// A message or a form of several parts.
    case form([Part])
  }

  /// One part of a form or of a message.
  struct Part: Sendable {
    var name: String?
    var fileName: String?
    var type: String?
    /// `base64` or `quoted-printable`; nil sends it as it is.
    var encoding: String?
    var headers: [String] = []
    var content: PartContent
  }

  /// What a part holds.
  indirect enum PartContent: Sendable {
    case bytes([UInt8])
    case parts([Part])
  }

  init(url: String, timeoutMilliseconds: Int, maximumSize: Int) {
    self.url = url
    self.timeoutMilliseconds = timeoutMilliseconds
    self.maximumSize = maximumSize
  }

  mutating func set(_ option: CURLoption, _ value: Int) { options.append(.number(option, value)) }
  mutating func set(_ option: CURLoption, _ value: String) { options.append(.text(option, value)) }
  mutating func set(_ option: CURLoption, _ values: [String]) {
    options.append(.list(option, values))
  }
  mutating func set(_ option: CURLoption, blob: [UInt8]) { options.append(.blob(option, blob)) }

  /// Whom to trust and how to prove who asks, for every protocol that speaks TLS.
  mutating func set(_ trust: Trust) {
    if !trust.verifies {
      set(CURLOPT_SSL_VERIFYPEER, 0)
      set(CURLOPT_SSL_VERIFYHOST, 0)
    }
    if let ca = trust.certificates { set(CURLOPT_CAINFO_BLOB, blob: ca) }
    if let file = trust.certificatesFile { set(CURLOPT_CAINFO, file) }
    if let certificate = trust.clientCertificate {
      set(CURLOPT_SSLCERT_BLOB, blob: certificate)
      set(CURLOPT_SSLCERTTYPE, "PEM")
    }
    if let key = trust.clientKey {
      set(CURLOPT_SSLKEY_BLOB, blob: key)
      set(CURLOPT_SSLKEYTYPE, "PEM")
      // A kept connection is found by the certificate alone; another key must not profit from it.
      set(CURLOPT_FRESH_CONNECT, 1)
      set(CURLOPT_FORBID_REUSE, 1)
    }
    if let passphrase = trust.passphrase { set(CURLOPT_KEYPASSWD, passphrase) }
  }
}

/// Whom a connection over TLS trusts, and how it proves who asks.
struct Trust: Sendable {
  /// Whether the certificate of the server is checked.
  var verifies = true
  /// The certificates that are trusted instead of the system's (PEM).
  var certificates: [UInt8]?
  /// The file of the certificates that are trusted instead of the system's.
  var certificatesFile: String?
  /// The client's certificate (PEM).
  var clientCertificate: [UInt8]?
  /// Its private key (PEM).
  var clientKey: [UInt8]?
  /// The passphrase of the key.
  var passphrase: String?
}

/// What came back.
struct CurlAnswer: Sendable {
  /// The HTTP status, or the last reply code of the protocol.
  var code: Int
  /// What the server said beside the content, line by line, without line ends.
  var lines: [String]
  var body: [UInt8]
  /// The cookies that are known now, where the job knew some.
  var cookies: [String]?
}
