import CCurl
import FettleCore

/// Why there was no answer.
enum TransferFailure: Error, Hashable {
  /// What curl says, with the last reply code of the server and what it had said.
  case curl(UInt32, String, reply: Int, lines: [String])
  /// A proxy on the way does not pass it on: the HTTP status of that.
  case refusedByProxy(Int)
  /// The answer is larger than is allowed, in bytes.
  case tooLarge(limit: Int)
  /// The run was cancelled.
  case cancelled

  /// The last line in which the server refuses something: a code of three digits from 400, or a
  /// tagged NO or BAD.
  var refusal: (code: Int, text: String)? {
    guard case .curl(_, _, let reply, let lines) = self else { return nil }
    for line in lines.reversed() {
      let code = Int(line.prefix(3)) ?? 0
      if (400...599).contains(code) { return (code, line) }
    }
    return (400...599).contains(reply) ? (reply, "\(reply)") : nil
  }

  /// Whether the connection itself failed, whatever the server had said before, or says to a leave
  /// that is taken in despair.
  var isTransport: Bool {
    switch result {
    case CURLE_OPERATION_TIMEDOUT, CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST,
      CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_GOT_NOTHING:
      true
    default: false
    }
  }

  /// Whether it was on its way when it broke off.
  var isBrokenOff: Bool {
    switch result {
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING,
      CURLE_UPLOAD_FAILED:
      true
    default: false
    }
  }

  private var result: CURLcode {
    if case .curl(let code, _, _, _) = self { CURLcode(rawValue: code) } else { CURLE_OK }
  }

  /// Whether the server would not let in who asked.
  var isLoginDenied: Bool { result == CURLE_LOGIN_DENIED }
}

extension ModuleError {
  /// What a transfer that brought no answer means, whatever the protocol (semantics 2.5, the lower
  /// half of the table). Protocols look at the reply of the server first.
  init(_ failure: TransferFailure, to target: String, timeoutMilliseconds: Int) {
    switch failure {
    case .tooLarge(let limit):
      self.init(
        .maxFileSizeExceeded, "the answer of \(target) is larger than \(limit / 1_000_000) MB")
    case .cancelled:
      self.init(.executionInterrupted, "the request to \(target) was cancelled")
    case .refusedByProxy(let status):
      self = HTTPErrorMap.refusal(
        by: Proxy.ofProgram(for: target), status: status, target: target)
    case .curl(let code, let text, _, _):
      switch CURLcode(rawValue: code) {
      case CURLE_OPERATION_TIMEDOUT:
        let seconds = Number(Double(timeoutMilliseconds) / 1000).text
        self.init(.moduleTimeout, "no answer from \(target) in \(seconds) s")
      case CURLE_COULDNT_RESOLVE_HOST:
        self.init(.connection, "the host of \(target) is not known", detail: text)
      case CURLE_COULDNT_CONNECT:
        self.init(.connection, "\(target) refuses connections", detail: text)
      case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
        self.init(.connection, "\(target) broke the connection off", detail: text)
      case CURLE_SSL_CERTPROBLEM:
        // Our own certificate or key: trying again does not mend it.
        self.init(
          .invalidConfiguration, "the client certificate for \(target) cannot be used: \(text)")
      case CURLE_SSL_CACERT_BADFILE:
        self.init(
          .invalidConfiguration, "the certificates to trust for \(target) cannot be read: \(text)")
      case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ISSUER_ERROR,
        CURLE_SSL_CIPHER, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
        self.init(.connection, "\(target) cannot be trusted: \(text)")
      case CURLE_LOGIN_DENIED:
        self.init(.invalidAccessToken, "\(target) does not accept the user or the password")
      case CURLE_WEIRD_SERVER_REPLY, CURLE_FTP_WEIRD_PASS_REPLY, CURLE_FTP_WEIRD_PASV_REPLY,
        CURLE_FTP_WEIRD_227_FORMAT:
        // Something else answers at that address now, such as a gateway with a page of its own.
        self.init(
          .connection, "\(target) answers in another protocol than was expected", detail: text)
      case CURLE_BAD_CONTENT_ENCODING:
        self.init(.data, "the answer of \(target) cannot be read: \(text)")
      default: self.init(.connection, "the request to \(target) failed: \(text)")
      }
    }
  }

  /// What a request that brought no answer means.
  init(_ failure: TransferFailure, _ request: HTTPRequest) {
    let target = request.target
    if case .refusedByProxy(let status) = failure {
      self = HTTPErrorMap.refusal(by: request.proxyInUse, status: status, target: target)
      return
    }
    if case .curl(let code, let text, _, _) = failure {
      switch CURLcode(rawValue: code) {
      // What answers without an HTTP status line is taken for HTTP/0.9, which is not spoken any more.
      case CURLE_UNSUPPORTED_PROTOCOL where request.isWebAddress:
        self.init(.connection, "\(target) does not speak HTTP", detail: text)
        return
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
        self.init(.data, "\"url\" is no address of a web service", detail: text, field: "url")
        return
      default: break
      }
    }
    self.init(failure, to: target, timeoutMilliseconds: request.timeoutMilliseconds)
  }
}
