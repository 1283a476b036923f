import FettleService
import FettleTestKit
import Testing

@Suite("Clients that are slow on purpose", .fewAtOnce)
struct SlowClientTests {
  @Test(
    "lose their connection when their request has not arrived in time",
    arguments: [
      "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ",
      "POST /hook/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
    ])
  func slow(head: String) async throws {
    let bench = try await ServiceInProcess { limits in
      limits.arrival = 1
      limits.idle = 1
    }
    let client = HTTPClient(bench.base)
    let held = await client.trickle(
      Array(head.utf8) + Array(repeating: UInt8(ascii: "a"), count: 10_000), every: 20,
      atMost: 30)
    #expect(held < 20, "\(held) s")
    #expect(await client.send("GET", "/health").status == 200)
    try await bench.stop()
  }

  @Test("are told 408 where their request had begun")
  func told() async throws {
    let bench = try await ServiceInProcess { $0.arrival = 1 }
    let client = HTTPClient(bench.base)
    let answer = await client.sendRaw(
      Array("POST /hook/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc".utf8))
    #expect(answer.status == 408)
    #expect(answer.headers["connection"] == "close")
    #expect(answer.text.contains("did not arrive in time"))
    // Who said nothing is owed nothing.
    #expect(await client.sendRaw(Array("POST /hook/x HTTP".utf8)).status == 0)
    #expect(await client.send("GET", "/health").status == 200)
    try await bench.stop()
  }

  @Test("do not keep others out: no more connections are open than may be, and each ends")
  func many() async throws {
    let bench = try await ServiceInProcess { limits in
      limits.connections = 8
      limits.arrival = 1
      limits.idle = 1
    }
    let client = HTTPClient(bench.base)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<24 {
        group.addTask {
          _ = await client.trickle(
            Array("GET /health HTTP/1.1\r\nX: ".utf8), every: 50, atMost: 3)
        }
      }
      group.addTask {
        #expect(await client.send("GET", "/health").status == 200)
      }
    }
    try await bench.stop()
  }

  @Test("lose their connection when they do not take what they asked for")
  func unread() async throws {
    let bench = try await ServiceInProcess { $0.arrival = 1 }
    let client = HTTPClient(bench.base)
    // More than the system keeps for them.
    let asked = String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 4000)
    let held = await client.askAndNotRead(Array(asked.utf8), atMost: 60)
    #expect(held < 50, "\(held) s")
    // Who reads slowly, and reads, is answered to the end.
    let slow = await client.readSlowly(
      Array(String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 200).utf8),
      answers: 200, pause: 10_000)
    #expect(slow == 200)
    try await bench.stop()
  }

  @Test("what is too large is refused as soon as that is known")
  func large() async throws {
    let bench = try await ServiceInProcess { $0.body = 1000 }
    let client = HTTPClient(bench.base)
    #expect(
      await client.send("POST", "/hook/x", [:], String(repeating: "x", count: 1001)).status == 413)
    let chunked = await client.sendRaw(
      Array(
        ("POST /hook/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          + String(repeating: "1f4\r\n\(String(repeating: "y", count: 500))\r\n", count: 3)
          + "0\r\n\r\n").utf8))
    #expect(chunked.status == 413)
    #expect(await client.send("POST", "/hook/x", [:], "small").status == 404)
    try await bench.stop()
  }
}
