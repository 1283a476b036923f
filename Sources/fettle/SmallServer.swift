import FettleCore
import FlyingSocks
import Glibc
import Synchronization

/// As much of a web server as the demo and a login need: a request for each connection, on the
/// loopback interface. A whole one would bring a client and its libraries into every start of the command.
final class SmallServer: Sendable {
  /// What is asked.
  struct Request: Sendable {
    let method: String
    /// What was asked for, as it was written.
    let target: String
    /// The parts of the path.
    let path: [String]
    let body: [UInt8]
  }

  /// What is answered.
  struct Answer: Sendable {
    var status: Int
    var phrase: String
    var body: Value
    var headers: [String] = []
    /// Called when the answer is on its way, or nobody is there to take it: who ends the program before
    /// leaves a browser with an error.
    var whenSent: (@Sendable () -> Void)?
  }

  private let listener: AsyncSocket
  private let work: Task<Void, any Error>
  /// Where it listens.
  let port: UInt16

  /// Listens on a port; 0 is a free one.
  /// - Parameter answer: gives the answer to a request.
  init(
    port wanted: UInt16 = 0, answer: @escaping @Sendable (Request) async -> Answer
  ) async throws {
    let socket = try Socket(domain: AF_INET, type: .stream)
    try socket.bind(to: sockaddr_in.inet(ip4: "127.0.0.1", port: wanted))
    try socket.listen()
    guard case .ip4(_, let port) = try socket.sockname() else {
      throw CommandFailure(
        message: "the loopback interface cannot be listened at", status: 1)
    }
    self.port = port
    let pool = SocketPool.make()
    try await pool.prepare()
    let listener = try AsyncSocket(socket: socket, pool: pool)
    self.listener = listener
    work = Task {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await pool.run() }
        for try await connection in listener.sockets {
          group.addTask {
            defer { try? connection.close() }
            // Whoever goes away in the middle of a request gets no answer.
            guard let request = try? await Self.read(connection) else { return }
            let answer = await answer(request)
            try? await connection.write(.init(Self.bytes(answer)))
            answer.whenSent?()
          }
        }
      }
    }
  }

  /// Stops listening and answering.
  func stop() {
    work.cancel()
    try? listener.close()
  }

  private static func read(_ connection: AsyncSocket) async throws -> Request? {
    var bytes: [UInt8] = []
    let end = Array("\r\n\r\n".utf8)
    var head: Range<Int>?
    while head == nil, bytes.count < 65_536 {
      bytes += try await connection.read(atMost: 4096)
      head = bytes.firstRange(of: end)
    }
    guard let head else { return nil }
    let lines = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).split(
      separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3 else { return nil }
    let length = lines.dropFirst().compactMap { line -> Int? in
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
      return Int(parts[1].drop { $0 == " " })
    }.first
    var body = Array(bytes[head.upperBound...])
    while body.count < min(length ?? 0, 1 << 20) {
      body += try await connection.read(atMost: 4096)
    }
    return Request(
      method: String(words[0]), target: String(words[1]),
      path: words[1].split(separator: "/").map(String.init), body: body)
  }

  private static func bytes(_ answer: Answer) -> [UInt8] {
    let body = JSONWriter.bytes(answer.body)
    let head =
      ["HTTP/1.1 \(answer.status) \(answer.phrase)"] + answer.headers + [
        "Content-Type: application/json", "Content-Length: \(body.count)", "Connection: close",
      ]
    return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
  }
}
