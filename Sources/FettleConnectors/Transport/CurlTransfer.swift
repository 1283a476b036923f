import CCurl
import FettleCore
import Synchronization

/// One transfer on its way. Its handle belongs to the thread of the event loop from the moment it is
/// submitted; before that to whoever makes it.
final class CurlTransfer: @unchecked Sendable {
  let request: HTTPRequest
  let handle: UnsafeMutableRawPointer
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var form: OpaquePointer?
  private var body: [UInt8] = []
  private var headers: [HTTPHeader] = []
  private(set) var isTooLarge = false
  private let waiting = Mutex<CheckedContinuation<Result<HTTPAnswer, TransferFailure>, Never>?>(nil)

  init?(_ request: HTTPRequest) {
    guard let handle = curl_easy_init() else { return nil }
    self.request = request
    self.handle = handle
    configure()
  }

  deinit {
    curl_easy_cleanup(handle)
    curl_slist_free_all(headerList)
    if let form { curl_mime_free(form) }
  }

  /// Who waits for the outcome.
  func expect(_ continuation: CheckedContinuation<Result<HTTPAnswer, TransferFailure>, Never>) {
    waiting.withLock { $0 = continuation }
  }

  /// Hands over the outcome, once.
  func finish(_ result: Result<HTTPAnswer, TransferFailure>) {
    let continuation = waiting.withLock { waiting in
      let continuation = waiting
      waiting = nil
      return continuation
    }
    continuation?.resume(returning: result)
  }

  /// The outcome of a transfer that curl has ended.
  func outcome(_ code: CURLcode) -> Result<HTTPAnswer, TransferFailure> {
    if isTooLarge { return .failure(.tooLarge(limit: request.maximumBodySize)) }
    guard code == CURLE_OK else {
      return .failure(.curl(code.rawValue, String(cString: curl_easy_strerror(code))))
    }
    var status = 0
    fettle_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return .success(HTTPAnswer(status: status, headers: headers, body: body))
  }

  private func configure() {
    func set(_ option: CURLoption, _ value: Int) { fettle_curl_set_long(handle, option, value) }
    func set(_ option: CURLoption, _ value: String) { fettle_curl_set_text(handle, option, value) }
    set(CURLOPT_URL, request.url)
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_TIMEOUT_MS, request.timeoutMilliseconds)
    set(CURLOPT_CONNECTTIMEOUT_MS, request.timeoutMilliseconds)
    set(CURLOPT_FOLLOWLOCATION, request.followsRedirects ? 1 : 0)
    set(CURLOPT_MAXREDIRS, 20)
    set(CURLOPT_USERAGENT, "Fettle/0.1")
    // When a kept connection breaks before the answer, curl sends the request again on a new one. What
    // must not arrive twice therefore never goes over a kept connection.
    if request.effect == .effect { set(CURLOPT_FRESH_CONNECT, 1) }
    if request.acceptsCompression { set(CURLOPT_ACCEPT_ENCODING, "") }
    if !request.verifiesTLS {
      set(CURLOPT_SSL_VERIFYPEER, 0)
      set(CURLOPT_SSL_VERIFYHOST, 0)
    }
    if let basic = request.basic {
      set(CURLOPT_USERNAME, basic.user)
      set(CURLOPT_PASSWORD, basic.password)
    }
    setBody()
    // Without a redirect the method is the one that was asked for, whatever the body.
    if request.method == "HEAD" {
      set(CURLOPT_NOBODY, 1)
    } else {
      set(CURLOPT_CUSTOMREQUEST, request.method)
    }
    for header in request.headers {
      // An empty value is written with a semicolon, or curl would take the header away.
      let line = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
      headerList = curl_slist_append(headerList, line)
    }
    // A service that does not know 100-continue would make every larger request wait a second.
    headerList = curl_slist_append(headerList, "Expect:")
    fettle_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
    let context = Unmanaged.passUnretained(self).toOpaque()
    fettle_curl_set_pointer(handle, CURLOPT_PRIVATE, context)
    fettle_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    fettle_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    fettle_curl_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        .receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    fettle_curl_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        .receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
  }

  private func setBody() {
    switch request.body {
    case .none: break
    case .bytes(let bytes):
      fettle_curl_set_large(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
      bytes.withUnsafeBytes { raw in
        _ = fettle_curl_set_pointer(
          handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: raw.baseAddress))
      }
      if bytes.isEmpty { fettle_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, "") }
    case .form(let parts):
      form = curl_mime_init(handle)
      for part in parts {
        let field = curl_mime_addpart(form)
        curl_mime_name(field, part.name)
        if let fileName = part.fileName { curl_mime_filename(field, fileName) }
        part.content.withUnsafeBytes { raw in
          _ = curl_mime_data(
            field, raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count)
        }
      }
      if let form {
        fettle_curl_set_pointer(handle, CURLOPT_MIMEPOST, UnsafeMutableRawPointer(form))
      }
    }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= request.maximumBodySize else {
      isTooLarge = true
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // The answer to a redirect follows; only the last one counts.
      headers = []
      body = []
    } else if let colon = line.firstIndex(of: ":") {
      headers.append(
        HTTPHeader(
          name: String(line[..<colon]),
          value: line[line.index(after: colon)...].trimmingASCIISpace))
    }
    return bytes.count
  }
}

extension Substring {
  /// Without blanks and line ends at both ends.
  fileprivate var trimmingASCIISpace: String {
    let isSpace = { (character: Character) in character.isASCII && character.isWhitespace }
    var rest = drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return String(rest)
  }
}
