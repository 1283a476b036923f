import CCurl
import FettleCore
import Synchronization

/// One transfer on its way. Its handle belongs to the thread of the event loop from the moment it is
/// submitted; before that to whoever makes it.
final class CurlTransfer: @unchecked Sendable {
  let job: CurlJob
  let handle: UnsafeMutableRawPointer
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private var form: OpaquePointer?
  private var sent = 0
  private var body: [UInt8] = []
  private var lines: [String] = []
  private var isTooLarge = false
  private let waiting = Mutex<CheckedContinuation<Result<CurlAnswer, TransferFailure>, Never>?>(nil)

  init?(_ job: CurlJob) {
    guard let handle = curl_easy_init() else { return nil }
    self.job = job
    self.handle = handle
    configure()
  }

  deinit {
    // Nothing may be told to what is going.
    fettle_curl_set_long(handle, CURLOPT_VERBOSE, 0)
    curl_easy_cleanup(handle)
    for list in lists { curl_slist_free_all(list) }
    if let form { curl_mime_free(form) }
  }

  /// Who waits for the outcome.
  func expect(_ continuation: CheckedContinuation<Result<CurlAnswer, TransferFailure>, Never>) {
    waiting.withLock { $0 = continuation }
  }

  /// Hands over the outcome, once.
  func finish(_ result: Result<CurlAnswer, TransferFailure>) {
    let continuation = waiting.withLock { waiting in
      let continuation = waiting
      waiting = nil
      return continuation
    }
    continuation?.resume(returning: result)
  }

  /// The outcome of a transfer that curl has ended.
  func outcome(_ result: CURLcode) -> Result<CurlAnswer, TransferFailure> {
    if isTooLarge || result == CURLE_FILESIZE_EXCEEDED {
      return .failure(.tooLarge(limit: job.maximumSize))
    }
    var code = 0
    fettle_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &code)
    guard result == CURLE_OK else {
      if let status = refusalByProxy(result) { return .failure(.refusedByProxy(status)) }
      return .failure(
        .curl(
          result.rawValue, String(cString: curl_easy_strerror(result)), reply: code, lines: lines))
    }
    return .success(CurlAnswer(code: code, lines: lines, body: body, cookies: cookies))
  }

  /// With which status a proxy would not pass it on, where that is why it failed. SOCKS knows no
  /// statuses: who is not let in there is told what HTTP would have said.
  private func refusalByProxy(_ result: CURLcode) -> Int? {
    var status = 0
    fettle_curl_get_long(handle, CURLINFO_HTTP_CONNECTCODE, &status)
    if status >= 400 { return status }
    var reason = 0
    fettle_curl_get_long(handle, CURLINFO_PROXY_ERROR, &reason)
    let isAboutLogin = [CURLPX_USER_REJECTED, CURLPX_NO_AUTH].contains {
      Int($0.rawValue) == reason
    }
    return result == CURLE_PROXY && isAboutLogin ? HTTPErrorMap.proxyLogin : nil
  }

  private func configure() {
    fettle_curl_set_text(handle, CURLOPT_URL, job.url)
    fettle_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    fettle_curl_set_long(handle, CURLOPT_TIMEOUT_MS, job.timeoutMilliseconds)
    fettle_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, job.timeoutMilliseconds)
    fettle_curl_set_large(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(job.maximumSize))
    for option in job.options {
      switch option {
      case .number(let name, let value): fettle_curl_set_long(handle, name, value)
      case .text(let name, let value): fettle_curl_set_text(handle, name, value)
      case .list(let name, let values):
        fettle_curl_set_pointer(handle, name, list(values))
      case .blob(let name, let bytes):
        _ = bytes.withUnsafeBytes { fettle_curl_set_blob(handle, name, $0.baseAddress, $0.count) }
      }
    }
    if let cookies = job.cookies {
      // A file without a name: nothing is read, and cookies are kept.
      fettle_curl_set_text(handle, CURLOPT_COOKIEFILE, "")
      for line in cookies { fettle_curl_set_text(handle, CURLOPT_COOKIELIST, line) }
    }
    setContent()
    let context = Unmanaged.passUnretained(self).toOpaque()
    if job.hearsSSH {
      fettle_curl_set_listener(
        handle,
        { _, type, text, count, context in
          guard type == CURLINFO_TEXT, let text, let context else { return 0 }
          Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            .hear(UnsafeRawBufferPointer(start: text, count: count))
          return 0
        }, context)
    }
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
        .receiveLine(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
  }

  /// What curl knows of cookies now.
  private var cookies: [String]? {
    guard job.cookies != nil else { return nil }
    var list: UnsafeMutablePointer<curl_slist>?
    fettle_curl_get_list(handle, CURLINFO_COOKIELIST, &list)
    defer { curl_slist_free_all(list) }
    var lines: [String] = []
    var next = list
    while let line = next {
      lines.append(String(cString: line.pointee.data))
      next = line.pointee.next
    }
    return lines
  }

  private func list(_ values: [String]) -> UnsafeMutablePointer<curl_slist>? {
    var list: UnsafeMutablePointer<curl_slist>?
    for value in values { list = curl_slist_append(list, value) ?? list }
    if let list { lists.append(list) }
    return list
  }

  private func setContent() {
    switch job.content {
    case .none: break
    case .post(let bytes):
      fettle_curl_set_large(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
      bytes.withUnsafeBytes { raw in
        _ = fettle_curl_set_pointer(
          handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: raw.baseAddress))
      }
      if bytes.isEmpty { fettle_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, "") }
    case .upload(let bytes):
      fettle_curl_set_long(handle, CURLOPT_UPLOAD, 1)
      fettle_curl_set_large(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(bytes.count))
      fettle_curl_set_pointer(
        handle, CURLOPT_READDATA, Unmanaged.passUnretained(self).toOpaque())
      fettle_curl_set_sink(handle, CURLOPT_READFUNCTION) { room, size, count, context in
        guard let room, let context else { return 0 }
        return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
          .send(UnsafeMutableRawBufferPointer(start: room, count: size * count))
      }
    case .form(let parts):
      form = curl_mime_init(handle)
      add(parts, to: form)
      if let form {
        fettle_curl_set_pointer(handle, CURLOPT_MIMEPOST, UnsafeMutableRawPointer(form))
      }
    }
  }

  private func add(_ parts: [CurlJob.Part], to form: OpaquePointer?) {
    for part in parts {
      let field = curl_mime_addpart(form)
      if let name = part.name { curl_mime_name(field, name) }
      switch part.content {
      case .bytes(let bytes):
        // Without an address curl would take the content away instead of making it empty.
        if bytes.isEmpty { curl_mime_data(field, "", 0) }
        bytes.withUnsafeBytes { raw in
          guard let start = raw.baseAddress else { return }
          _ = curl_mime_data(field, start.assumingMemoryBound(to: CChar.self), raw.count)
        }
      case .parts(let inner):
        let nested = curl_mime_init(handle)
        add(inner, to: nested)
        curl_mime_subparts(field, nested)
      }
      if let fileName = part.fileName { curl_mime_filename(field, fileName) }
      if let type = part.type { curl_mime_type(field, type) }
      if let encoding = part.encoding { curl_mime_encoder(field, encoding) }
      if !part.headers.isEmpty {
        var list: UnsafeMutablePointer<curl_slist>?
        for header in part.headers { list = curl_slist_append(list, header) ?? list }
        // The part owns the list from here on.
        curl_mime_headers(field, list, 1)
      }
    }
  }

  private func send(_ room: UnsafeMutableRawBufferPointer) -> Int {
    guard case .upload(let bytes) = job.content else { return 0 }
    let count = min(room.count, bytes.count - sent)
    room.copyBytes(from: bytes[sent..<sent + count])
    sent += count
    return count
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    // What is announced as too large is not read up to the limit; curl itself looks only where HTTP
    // and FTP announce it.
    if body.isEmpty, announcedSize > job.maximumSize { isTooLarge = true }
    guard !isTooLarge, body.count + bytes.count <= job.maximumSize else {
      isTooLarge = true
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  private var announcedSize: Int {
    var size: curl_off_t = 0
    fettle_curl_get_large(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size)
    return Int(size)
  }

  /// Keeps what curl says of SSH; it never says a password.
  private func hear(_ bytes: UnsafeRawBufferPointer) {
    let text = String(decoding: bytes, as: UTF8.self)
    if text.hasPrefix(CurlJob.saysOfSSH) { lines.append(text[...].trimmingASCIISpace) }
  }

  private func receiveLine(_ bytes: UnsafeRawBufferPointer) -> Int {
    var line = bytes[...]
    while let last = line.last, last == 13 || last == 10 { line.removeLast() }
    lines.append(String(decoding: line, as: UTF8.self))
    return bytes.count
  }
}
