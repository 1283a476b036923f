import FettleCore

/// What the status of an answer means, by the recommended built-in mapping of semantics 2.5.
enum HTTPErrorMap {
  /// The statuses that say more than "something went wrong", and their names.
  // swift-format-ignore
  static let table: [(status: Int, type: ErrorType, name: String)] = [
    (400, .data,                 "Bad Request"),
    (401, .invalidAccessToken,   "Unauthorized"),
    (402, .runtime,              "Payment Required"),
    (403, .invalidAccessToken,   "Forbidden"),
    (404, .data,                 "Not Found"),
    (405, .invalidConfiguration, "Method Not Allowed"),
    (406, .data,                 "Not Acceptable"),
    (407, .invalidAccessToken,   "Proxy Authentication Required"),
    (408, .moduleTimeout,        "Request Timeout"),
    (409, .duplicateData,        "Conflict"),
    (410, .data,                 "Gone"),
    (413, .maxFileSizeExceeded,  "Content Too Large"),
    (415, .data,                 "Unsupported Media Type"),
    (422, .data,                 "Unprocessable Content"),
    (429, .rateLimit,            "Too Many Requests"),
    (500, .runtime,              "Internal Server Error"),
    (501, .invalidConfiguration, "Not Implemented"),
    (502, .connection,           "Bad Gateway"),
    (503, .connection,           "Service Unavailable"),
    (504, .connection,           "Gateway Timeout"),
    (507, .outOfSpace,           "Insufficient Storage"),
  ]

  /// The failure an answer amounts to; nil for a status below 400.
  static func error(_ answer: HTTPAnswer, to request: HTTPRequest, now: Instant) -> ModuleError? {
    guard answer.status >= 400 else { return nil }
    let row = table.first { $0.status == answer.status }
    let said = ServiceMessage(answer)
    let name = row.map { " \($0.name)" } ?? ""
    let message = said.text.map { ": \($0)" } ?? ""
    return ModuleError(
      row?.type ?? .runtime,
      "\(answer.status)\(name) from \(request.method) \(request.target)\(message)"
        + (doubt(answer, request) ?? ""),
      detail: said.excerpt, statusCode: answer.status, suberrors: said.suberrors,
      field: said.field,
      retryAfterSeconds: [429, 503].contains(answer.status)
        ? answer.header("Retry-After").flatMap { retryAfter($0, now: now) } : nil)
  }

  /// Who else may have said that a login is wrong: some proxies answer 401 as if they were the service.
  /// What a proxy passes on carries its `Via`, or should (RFC 9110 7.6.3).
  private static func doubt(_ answer: HTTPAnswer, _ request: HTTPRequest) -> String? {
    guard answer.status == 401, answer.header("Via") == nil, request.passesInTheClear,
      let proxy = request.proxyInUse
    else { return nil }
    return "; the service may have said so, or the proxy \(proxy.target) on the way to it: "
      + (proxy.user == nil ? "it was told of nobody" : "then \(proxy.advice)")
  }

  /// Whether an answer is the proxy's own, which does not take who asks: the service was not asked.
  static func isRefusal(_ answer: HTTPAnswer) -> Bool {
    answer.status == proxyLogin
      || answer.status == 401 && answer.header("Proxy-Authenticate") != nil
  }

  /// The status of a proxy that does not take who asks (RFC 9110 15.5.8).
  static let proxyLogin = 407

  /// The failure it amounts to that a proxy does not pass a request on, by the same table.
  ///
  /// The service was not asked, so that what went wrong in the proxy or behind it is worth another try;
  /// and some proxies say 401 of a wrong login.
  /// - Parameter proxy: the proxy, where it is known.
  static func refusal(by proxy: Proxy?, status: Int, target: String) -> ModuleError {
    let row = table.first { $0.status == status }
    let type = status >= 500 ? .connection : row?.type ?? .runtime
    let said = "\(status)\(row.map { " \($0.name)" } ?? "")"
    let name = proxy.map { "the proxy \($0.target)" } ?? "a proxy"
    let message =
      if [401, proxyLogin].contains(status) {
        (proxy?.user == nil
          ? "\(name) wants to know who asks" : "\(name) does not accept the user or the password")
          + ", so that nothing reached \(target) (\(said)); " + (proxy?.advice ?? Proxy.advice)
      } else {
        "\(name) does not pass requests to \(target) on: \(said)"
      }
    return ModuleError(type, message, statusCode: status)
  }

  /// The seconds to wait that a `Retry-After` header asks for: a number, or a date (RFC 9110 10.2.3).
  static func retryAfter(_ text: String, now: Instant) -> Int? {
    if let seconds = Int(text) { return max(0, min(seconds, 30 * 86_400)) }
    let parts = text.split { " :,".contains($0) }
    let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")
    guard parts.count == 8, let day = Int(parts[1]), let month = months.firstIndex(of: parts[2]),
      let year = Int(parts[3]), let hour = Int(parts[4]), let minute = Int(parts[5]),
      let second = Int(parts[6])
    else { return nil }
    var time = CivilTime(year: year, month: month + 1, day: day)
    (time.hour, time.minute, time.second) = (hour, minute, second)
    guard time.isValid else { return nil }
    let wait = time.instant(offsetSeconds: 0).milliseconds - now.milliseconds
    return Int(max(0, min(wait / 1000, 30 * 86_400)))
  }
}

/// What a service says about a failure, as far as its answer can be understood.
struct ServiceMessage {
  /// Its message.
  let text: String?
  /// Its messages about single fields.
  let suberrors: [String]
  /// The field it names.
  let field: String?
  /// The start of the answer.
  let excerpt: String?

  init(_ answer: HTTPAnswer) {
    let body = String(decoding: answer.body.prefix(2000), as: UTF8.self)
    excerpt = body.isEmpty ? nil : body
    let type = answer.header("Content-Type")
    guard
      let fields = (try? JSONReader.read(answer.body, ofType: type, foreign: true))?.collection
    else {
      let isText = type?.hasPrefix("text/plain") == true
      text = isText ? body.split(separator: "\n").first.map { String($0.prefix(300)) } : nil
      suberrors = []
      field = nil
      return
    }
    let inner = fields["error"]?.collection ?? [:]
    let names = ["message", "error_description", "detail", "title", "error"]
    text =
      names.lazy.compactMap { inner[$0]?.text ?? fields[$0]?.text }.first { !$0.isEmpty }
      .map { String($0.prefix(500)) }
    let errors = (fields["errors"] ?? inner["errors"])?.array ?? []
    suberrors = errors.prefix(20).compactMap { error in
      error.text ?? error.collection?["message"]?.text ?? error.collection?["detail"]?.text
    }
    let places = [fields, inner] + errors.compactMap(\.collection)
    field =
      places.lazy.flatMap { place in
        ["field", "param", "path"].lazy.compactMap { place[$0]?.text }
      }.first
  }
}
