import CCurl
import FettleCore

/// Why there was no answer.
enum TransferFailure: Error, Hashable {
  /// What curl says.
  case curl(UInt32, String)
  /// The answer is larger than is allowed, in bytes.
  case tooLarge(limit: Int)
  /// The run was cancelled.
  case cancelled
}

extension ModuleError {
  /// What a transfer that brought no answer means (semantics 2.5, the lower half of the table).
  init(_ failure: TransferFailure, _ request: HTTPRequest) {
    let target = request.target
    switch failure {
    case .tooLarge(let limit):
      self.init(
        .maxFileSizeExceeded, "the answer of \(target) is larger than \(limit / 1_000_000) MB")
    case .cancelled:
      self.init(.executionInterrupted, "the request to \(target) was cancelled")
    case .curl(let code, let text):
      switch CURLcode(rawValue: code) {
      case CURLE_OPERATION_TIMEDOUT:
        let seconds = Number(Double(request.timeoutMilliseconds) / 1000).text
        self.init(.moduleTimeout, "no answer from \(target) in \(seconds) s")
      case CURLE_COULDNT_RESOLVE_HOST:
        self.init(.connection, "the host of \(target) is not known", detail: text)
      case CURLE_COULDNT_CONNECT:
        self.init(.connection, "\(target) refuses connections", detail: text)
      case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
        self.init(.connection, "\(target) broke the connection off", detail: text)
      case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM,
        CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER:
        self.init(.connection, "\(target) cannot be trusted: \(text)")
      // What answers without an HTTP status line is taken for HTTP/0.9, which is not spoken any more.
      case CURLE_UNSUPPORTED_PROTOCOL where request.isWebAddress:
        self.init(.connection, "\(target) does not speak HTTP", detail: text)
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
        self.init(.data, "\"url\" is no address of a web service", detail: text, field: "url")
      case CURLE_TOO_MANY_REDIRECTS:
        self.init(.connection, "\(target) redirects in circles")
      case CURLE_BAD_CONTENT_ENCODING, CURLE_WEIRD_SERVER_REPLY:
        self.init(.data, "the answer of \(target) cannot be read: \(text)")
      default: self.init(.connection, "the request to \(target) failed: \(text)")
      }
    }
  }
}

extension HTTPRequest {
  /// Whether the address begins as that of a web service does.
  var isWebAddress: Bool {
    let start = url.prefix(8).lowercased()
    return start.hasPrefix("http://") || start.hasPrefix("https://")
  }

  /// The address without what may be secret: user, password, query.
  var target: String {
    var rest = Substring(url)
    var scheme = ""
    if let separator = rest.firstRange(of: "://") {
      scheme = String(rest[..<separator.upperBound])
      rest = rest[separator.upperBound...]
    }
    rest = rest.prefix { $0 != "?" && $0 != "#" }
    let authority = rest.prefix { $0 != "/" }
    let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
    return scheme + (host ?? authority) + rest.dropFirst(authority.count)
  }
}
