import FettleCore
import FettleEngine
import FettleSQLite
import FettleService
import FettleTestKit
import Foundation
import Logging
import Synchronization
import Testing

/// Requests over a bare socket of which two readers could think differently (RFC 9112), and what a sender
/// is told of them.
@Suite("Requests that are not as they should be", .timeLimit(.minutes(15)), .fewAtOnce)
struct FramingTests {
  private static let ordinary = "Host: x\r\nContent-Length: 2\r\n\r\n{}"

  /// What a request is made of behind its first line, and the status it is answered with.
  static let heads: [(String, Int)] = [
    (ordinary, 404),
    ("Content-Length: 2\r\n\r\n{}", 400),
    ("Host: x\r\nHost: y\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: x\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: a b\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: a,b\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: a/b\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: x:y\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host:\r\nContent-Length: 2\r\n\r\n{}", 404),
    ("Host: example.org:8080\r\nContent-Length: 2\r\n\r\n{}", 404),
    ("Host: [::1]:8080\r\nContent-Length: 2\r\n\r\n{}", 404),
    // Both lengths, whichever comes first; two lengths; what is no length.
    ("Host: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 400),
    ("Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG", 400),
    ("Host: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400),
    ("Host: x\r\nContent-Length: 2, 3\r\n\r\n{}x", 400),
    ("Host: x\r\nContent-Length: +2\r\n\r\n{}", 400),
    ("Host: x\r\nContent-Length: 99999999999999999999999\r\n\r\n{}", 400),
    ("Host: x\r\nContent-Length : 2\r\n\r\n{}", 400),
    // Transfer codings.
    ("Host: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 404),
    ("Host: x\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 404),
    ("Host: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 501),
    (
      "Host: x\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      501
    ),
    ("Host: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ("Host: x\r\nTransfer-Encoding: \u{B}chunked\r\n\r\n0\r\n\r\n", 400),
    ("Host: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    // Chunks.
    ("Host: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0;c=\"d\"\r\n\r\n", 404),
    ("Host: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a\n{}\r\n0\r\n\r\n", 400),
    ("Host: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"\n\"\r\n{}\r\n0\r\n\r\n", 400),
    ("Host: x\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 400),
    ("Host: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", 400),
    ("Host: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", 400),
    (
      "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a=" + String(repeating: "e", count: 200_000)
        + "\r\n{}\r\n0\r\n\r\n", 400
    ),
    (
      "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + String(repeating: "1\r\n1\r\n", count: 30_000) + "0\r\n\r\n", 404
    ),
    // Lines.
    ("Host: x\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: x\r\nX-A: a\rb\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: x\r\nX-A: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: x\r\nX-A: a\u{0}b\r\nContent-Length: 2\r\n\r\n{}", 400),
    (" Host: x\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: x\r\nXA\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("Host: x\r\nX(A): a\r\nContent-Length: 2\r\n\r\n{}", 400),
    // How much.
    ("Host: x\r\n" + (0..<120).map { "X-\($0): a\r\n" }.joined() + "\r\n", 431),
    ("Host: x\r\nX-A: " + String(repeating: "a", count: 17_000) + "\r\n\r\n", 431),
    (
      "Host: x\r\n"
        + (0..<4).map { "X-\($0): " + String(repeating: "a", count: 10_000) + "\r\n" }.joined()
        + "\r\n", 431
    ),
  ]

  @Test("are refused and their connection ends, where they could be taken for something else")
  func framing() async throws {
    let bench = try await ServiceInProcess()
    let client = HTTPClient(bench.base)
    for (head, status) in Self.heads {
      let answer = await client.sendRaw(Array("POST /hook/x HTTP/1.1\r\n\(head)".utf8), seconds: 20)
      #expect(answer.status == status, "\(head.prefix(120).debugDescription)")
      guard status != 404 else { continue }
      #expect(answer.headers["connection"] == "close", "\(head.prefix(120).debugDescription)")
      #expect(answer.headers["content-type"]?.hasPrefix("text/plain") == true)
      #expect(!answer.body.isEmpty, "\(head.prefix(120).debugDescription)")
    }
    try await bench.stop()
  }

  @Test("what follows one that was refused on its connection is never read")
  func following() async throws {
    let bench = try await ServiceInProcess()
    let client = HTTPClient(bench.base)
    let smuggled = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    for head in [
      "Host: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n",
      "Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ] {
      let all = await client.receive(
        Array("POST /hook/x HTTP/1.1\r\n\(head)\(smuggled)".utf8), seconds: 20)
      #expect(!all.contains("HTTP/1.1 2"), "\(all)")
      #expect(all.hasPrefix("HTTP/1.1 400") || all.hasPrefix("HTTP/1.1 501"), "\(all)")
    }
    // One that is as it should be is answered before the one behind it is refused.
    let both = await client.receive(
      Array("\(smuggled)GET /health HTTP/1.1\r\n\r\n".utf8), seconds: 20)
    #expect(both.hasPrefix("HTTP/1.1 200 OK"))
    #expect(both.contains("HTTP/1.1 400 Bad Request"))
    try await bench.stop()
  }

  @Test("of HTTP/1.0 need no Host, have no chunks, and their connection ends with the answer")
  func old() async throws {
    let bench = try await ServiceInProcess()
    let client = HTTPClient(bench.base)
    let plain = await client.receive(Array("GET /health HTTP/1.0\r\n\r\n".utf8), seconds: 20)
    #expect(plain.hasPrefix("HTTP/1.1 200 OK"))
    #expect(plain.lowercased().contains("connection: close"))
    let chunked = await client.sendRaw(
      Array("POST /hook/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".utf8))
    #expect(chunked.status == 400)
    for version in ["2.0", "1.2", "3"] {
      let other = await client.sendRaw(Array("GET /health HTTP/\(version)\r\nHost: x\r\n\r\n".utf8))
      #expect([400, 505].contains(other.status), "\(version)")
    }
    try await bench.stop()
  }

  @Test("senders of webhooks are refused in plain text, callers of the API in its JSON")
  func forms() async throws {
    let bench = try await ServiceInProcess { $0.body = 1000 }
    let client = HTTPClient(bench.base)
    let large = String(repeating: "x", count: 1001)
    let hook = await client.send("POST", "/hook/x", [:], large)
    #expect(hook.status == 413)
    #expect(hook.headers["content-type"]?.hasPrefix("text/plain") == true)
    #expect(hook.text.contains("1000 bytes"))
    let api = await client.send("POST", "/api/v2/dlqs", [:], large)
    #expect(api.status == 413)
    #expect(api.headers["content-type"]?.hasPrefix("application/json") == true)
    let long = await client.send("GET", "/hook/" + String(repeating: "a", count: 9000))
    #expect(long.status == 414)
    try await bench.stop()
  }

  @Test("who asks whether to go on is told to, and not where the body is too large")
  func expectations() async throws {
    let bench = try await ServiceInProcess()
    let client = HTTPClient(bench.base)
    func answer(_ length: Int) async -> String {
      await client.receive(
        Array(
          ("POST /hook/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
            + "Content-Length: \(length)\r\n\r\n").utf8), then: length == 2 ? Array("{}".utf8) : [],
        after: "HTTP/1.1 100", seconds: 20)
    }
    let small = await answer(2)
    #expect(small.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404"), "\(small)")
    #expect(await answer(6_000_000).hasPrefix("HTTP/1.1 413"))
    try await bench.stop()
  }

  @Test("bodies that break off take nothing from what may be in memory")
  func brokenOff() async throws {
    let bench = try await ServiceInProcess { $0.bodiesInMemory = 100_000 }
    let client = HTTPClient(bench.base)
    for _ in 0..<10 {
      await client.breakOff(
        Array("POST /hook/x HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n".utf8)
          + [UInt8](repeating: 0x20, count: 50_000))
    }
    for _ in 0..<100 {
      let whole = await client.send("POST", "/hook/x", [:], String(repeating: "x", count: 90_000))
      if whole.status == 404 { return try await bench.stop() }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("what broke off is still counted")
  }
}
