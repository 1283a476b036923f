import CCurl
import FettleCore

extension CurlJob {
  /// One HTTP request, without following redirects: whether and how they are followed is decided
  /// above.
  init(_ request: HTTPRequest) {
    self.init(
      url: request.url.asSentAddress, timeoutMilliseconds: request.timeoutMilliseconds,
      maximumSize: request.maximumBodySize)
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_USERAGENT, "Fettle/0.1")
    // When a kept connection breaks before the answer, curl sends the request again on a new one. What
    // must not arrive twice therefore never goes over a kept connection.
    if request.effect == .effect { set(CURLOPT_FRESH_CONNECT, 1) }
    if request.acceptsCompression { set(CURLOPT_ACCEPT_ENCODING, "") }
    set(request.trust)
    set(request.proxy)
    cookies = request.cookies
    // A user in the address counts as well; curl would send it to every host.
    if case .basic(let user, let password)? = request.credentials {
      set(CURLOPT_USERNAME, user)
      set(CURLOPT_PASSWORD, password)
    }
    switch request.body {
    case .none: break
    case .bytes(let bytes): content = .post(bytes)
    case .form(let parts):
      content = .form(
        parts.map { Part(name: $0.name, fileName: $0.fileName, content: .bytes($0.content)) })
    }
    if request.method == "HEAD" {
      set(CURLOPT_NOBODY, 1)
    } else {
      set(CURLOPT_CUSTOMREQUEST, request.method)
    }
    var lines = request.headers.map { header in
      // An empty value is written with a semicolon, or curl would take the header away.
      header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
    }
    switch request.credentials {
    case .header(let name, let value)?: lines.append("\(name): \(value)")
    case .basic?, .query?, nil: break
    }
    // A service that does not know 100-continue would make every larger request wait a second.
    lines.append("Expect:")
    set(CURLOPT_HTTPHEADER, lines)
  }
}

extension CurlJob {
  /// The way through a proxy. curl does not ask who opened the tunnel of a kept connection.
  fileprivate mutating func set(_ proxy: Proxy?) {
    guard let proxy else { return }
    set(CURLOPT_PROXY, proxy.address)
    set(CURLOPT_NOPROXY, "")
    if let user = proxy.user { set(CURLOPT_PROXYUSERNAME, user) }
    if let password = proxy.password {
      set(CURLOPT_PROXYPASSWORD, password)
      set(CURLOPT_FRESH_CONNECT, 1)
      set(CURLOPT_FORBID_REUSE, 1)
    }
  }
}

extension HTTPAnswer {
  /// The answer, read from what curl brought. Interim answers (1xx) come first; the last counts.
  ///
  /// The status is that of its own first line, and the headers end where they end: what curl says or
  /// hears behind them, such as trailers, is no part of them.
  init(_ answer: CurlAnswer) {
    let start = answer.lines.lastIndex { $0.hasPrefix("HTTP/") }
    let status = start.flatMap {
      Int(answer.lines[$0].split(separator: " ").dropFirst().first ?? "")
    }
    let head = start.map { answer.lines[($0 + 1)...].prefix { !$0.isEmpty } } ?? []
    self.init(
      status: status ?? answer.code,
      headers: head.compactMap { line in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return HTTPHeader(
          name: String(line[..<colon]),
          value: line[line.index(after: colon)...].trimmingASCIISpace)
      }, body: answer.body, cookies: answer.cookies)
  }
}

extension Substring {
  /// Without blanks and line ends at both ends.
  var trimmingASCIISpace: String {
    let isSpace = { (character: Character) in character.isASCII && character.isWhitespace }
    var rest = drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return String(rest)
  }
}
