import Glibc

/// The server's side of a connection that speaks HTTP/1.1, for the clients of tests: it reads what
/// libcurl sends, and blocks its thread meanwhile.
struct HTTPConnection {
  private let descriptor: Int32
  /// What has come and is not read yet.
  private var received: [UInt8] = []

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The next request; nil when the client has gone, or says what is not HTTP.
  mutating func request() -> LoopbackHTTP.Request? {
    guard let head = take(until: [13, 10, 13, 10]) else { return nil }
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let halves = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard halves.count == 2 else { return nil }
      let name = halves[0].lowercased()
      let value = String(halves[1].drop { $0 == " " })
      headers[name] = headers[name].map { "\($0),\(value)" } ?? value
    }
    if headers["expect"]?.lowercased() == "100-continue", !write("HTTP/1.1 100 Continue\r\n\r\n") {
      return nil
    }
    let isChunked = headers["transfer-encoding"]?.lowercased() == "chunked"
    guard let body = isChunked ? chunks() : take(headers["content-length"].flatMap { Int($0) } ?? 0)
    else { return nil }
    let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    return LoopbackHTTP.Request(
      method: String(words[0]), path: Self.decoded(target[0]),
      query: target.count > 1 ? Self.query(target[1]) : [:], headers: headers, body: body)
  }

  /// Answers a request.
  /// - Returns: whether the client may ask again.
  func send(_ answer: LoopbackHTTP.Answer, to request: LoopbackHTTP.Request) -> Bool {
    let hasBody = request.method != "HEAD" && answer.status != 204 && answer.status != 304
    let keeps =
      request.headers["connection"]?.lowercased() != "close"
      && answer.headers["Connection"] != "close"
    var head = "HTTP/1.1 \(answer.status) Status\r\n"
    for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
    if answer.status != 204, answer.headers["Content-Length"] == nil {
      head += "Content-Length: \(answer.body.count)\r\n"
    }
    if !keeps, answer.headers["Connection"] == nil { head += "Connection: close\r\n" }
    return HTTPClient.write(
      Array((head + "\r\n").utf8) + (hasBody ? answer.body : []), to: descriptor) && keeps
  }

  private func write(_ text: String) -> Bool { HTTPClient.write(Array(text.utf8), to: descriptor) }

  private mutating func chunks() -> [UInt8]? {
    var body: [UInt8] = []
    while let line = take(until: [13, 10]) {
      guard let size = Int(String(decoding: line, as: UTF8.self), radix: 16),
        let chunk = take(size + 2)
      else { return nil }
      if size == 0 { return body }
      body += chunk.dropLast(2)
    }
    return nil
  }

  /// What stands before a mark, which is taken as well.
  private mutating func take(until mark: [UInt8]) -> [UInt8]? {
    while true {
      if let place = received.firstRange(of: mark) {
        defer { received.removeSubrange(..<place.upperBound) }
        return Array(received[..<place.lowerBound])
      }
      guard receive() else { return nil }
    }
  }

  private mutating func take(_ count: Int) -> [UInt8]? {
    while received.count < count { guard receive() else { return nil } }
    defer { received.removeFirst(count) }
    return Array(received[..<count])
  }

  private mutating func receive() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var count = 0
    repeat { count = read(descriptor, &buffer, buffer.count) } while count < 0 && errno == EINTR
    guard count > 0 else { return false }
    received += buffer[..<count]
    return true
  }

  private static func query(_ text: Substring) -> [String: String] {
    var query: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = halves.count > 1 ? decoded(halves[1]) : ""
      query[decoded(halves[0]), default: ""] +=
        query[decoded(halves[0])] == nil ? value : ",\(value)"
    }
    return query
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest.removeFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
