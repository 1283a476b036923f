import FettleCore

/// What is to be sent.
struct HTTPRequest: Sendable {
  var method: String
  var url: String
  var headers: [HTTPHeader] = []
  var body: Body = .none
  /// From the start to the last byte of the answer.
  var timeoutMilliseconds = 40_000
  var followsRedirects = true
  var acceptsCompression = true
  /// Whom to trust, and the client's certificate.
  var trust = Trust()
  /// What proves who asks; only the service that was named is given it.
  var credentials: Credentials?
  /// The proxy it goes through; nil takes that of the program, if there is one.
  var proxy: Proxy?
  /// The cookies that are known, a line each as curl writes them; nil leaves cookies to the headers.
  var cookies: [String]?
  /// An answer that is larger fails (semantics 6.9: 200 MB a file).
  var maximumBodySize = 200_000_000

  enum Body: Sendable {
    case none
    case bytes([UInt8])
    case form([FormPart])
  }

  /// What proves who asks.
  enum Credentials: Sendable, Hashable {
    case basic(user: String, password: String)
    case header(name: String, value: String)
    case query(name: String, value: String)
  }

  /// One part of a multipart form.
  struct FormPart: Sendable {
    var name: String
    var fileName: String?
    var content: [UInt8]
  }
}

/// One line of a header, in the spelling it had.
struct HTTPHeader: Sendable, Hashable {
  var name: String
  var value: String

  /// Whether it has that name; the case does not matter.
  func isNamed(_ name: String) -> Bool { self.name.lowercased() == name.lowercased() }
}

/// What came back.
struct HTTPAnswer: Sendable {
  var status: Int
  var headers: [HTTPHeader]
  var body: [UInt8]
  /// The address that answered, after redirects.
  var url = ""
  /// The cookies that are known now, where the request knew some.
  var cookies: [String]?

  /// The value of the first header of that name.
  func header(_ name: String) -> String? { headers.first { $0.isNamed(name) }?.value }
}

extension HTTPRequest {
  /// Whether the address begins as that of a web service does.
  var isWebAddress: Bool {
    let start = url.prefix(8).lowercased()
    return start.hasPrefix("http://") || start.hasPrefix("https://")
  }

  /// Whether the address is one of a web service but names no host, as where its host was mapped from
  /// nothing: `https:///orders`. A part of its path would be taken for the host.
  var lacksHost: Bool {
    guard isWebAddress, let separator = url.firstRange(of: "://") else { return false }
    return url[separator.upperBound...].first.map { "/?#".contains($0) } ?? true
  }

  /// Whether a proxy on the way could answer in the place of the service.
  var passesInTheClear: Bool { url.prefix(7).lowercased() == "http://" }

  /// The proxy it goes through, if there is one: its own, or that of the program.
  var proxyInUse: Proxy? { proxy ?? Proxy.ofProgram(for: url) }

  /// The address without what may be secret: user, password, query.
  var target: String { Self.target(of: url) }

  /// An address without what may be secret: user, password, query.
  static func target(of url: String) -> String {
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

  /// The request a redirect asks for; nil when the answer is none, or leads nowhere.
  ///
  /// 303 asks for a GET, whatever the method was; 301 and 302 do so after a POST, as every client
  /// does; 307 and 308 repeat method and body (RFC 9110 15.4). What proves who asks stays with the
  /// service that was named: another host, port or scheme gets no credentials, no cookies and no
  /// client certificate.
  func redirected(by answer: HTTPAnswer) -> HTTPRequest? {
    guard [301, 302, 303, 307, 308].contains(answer.status),
      let location = answer.header("Location"), !location.isEmpty,
      let target = WebAddress.resolved(location, from: url)
    else { return nil }
    var next = self
    next.url = target
    let asksForGet =
      answer.status == 303
      ? method != "HEAD" : [301, 302].contains(answer.status) && method == "POST"
    if asksForGet {
      next.method = "GET"
      next.body = .none
      next.headers.removeAll { header in
        ["Content-Type", "Content-Length", "Content-Encoding", "Idempotency-Key"].contains {
          header.isNamed($0)
        }
      }
    }
    // A user in the address that is left does not come along; one in the new address is the service's.
    if WebAddress.origin(of: target) != WebAddress.origin(of: url) {
      next.credentials = nil
      next.trust.clientCertificate = nil
      next.trust.clientKey = nil
      next.headers.removeAll { header in
        ["Authorization", "Cookie", "Proxy-Authorization", "X-API-Key"].contains {
          header.isNamed($0)
        }
      }
    }
    if case .query? = next.credentials { next.credentials = nil }
    return next
  }
}

extension Transport {
  /// As many redirects as a browser follows.
  private static let mostRedirects = 20

  /// Sends a request, follows redirects where the request says so, and waits for the last answer.
  func exchange(_ request: HTTPRequest) async throws(ModuleError) -> HTTPAnswer {
    var request = request
    guard !request.lacksHost else {
      throw ModuleError(
        .data, "\"url\" is no address of a web service", detail: "it names no host", field: "url")
    }
    if case .query(let name, let value)? = request.credentials {
      request.addQuery([(name, value)])
    }
    for _ in 0...Self.mostRedirects {
      switch await perform(CurlJob(request)) {
      case .failure(let failure): throw ModuleError(failure, request)
      case .success(let raw):
        var answer = HTTPAnswer(raw)
        answer.url = request.url
        // Whatever is done about the statuses of the service: it was not asked.
        if HTTPErrorMap.isRefusal(answer), let proxy = request.proxyInUse {
          throw HTTPErrorMap.refusal(by: proxy, status: answer.status, target: request.target)
        }
        guard request.followsRedirects, let next = request.redirected(by: answer) else {
          return answer
        }
        guard next.isWebAddress else {
          throw ModuleError(
            .connection, "\(request.target) redirects to what is no web service")
        }
        request = next
        request.cookies = answer.cookies
      }
    }
    throw ModuleError(.connection, "\(request.target) redirects in circles")
  }
}
