@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

/// The table of what goes wrong on the way, by protocol, and the type of error it becomes
/// (semantics 2.5). Each cell is a test: those of a real server stand in the suite of that server, the
/// others here, against servers that a script makes misbehave.
///
/// | | HTTP(S) | SMTP | IMAP | FTP(S) | SFTP |
/// |---|---|---|---|---|---|
/// | refused | Connection, here | Connection, here | Connection, here | Connection, here | Connection, here |
/// | reset | Connection, here | Connection, here | Connection, here | Connection, here | Connection, here |
/// | slow | ModuleTimeout, here | ModuleTimeout, here | ModuleTimeout, here | ModuleTimeout, here | ModuleTimeout, here |
/// | TLS wrong | Connection, nginx | Connection, aiosmtpd | Connection, dovecot | Connection, pure-ftpd and pyftpdlib | Connection (key of the host), sshd |
/// | login wrong | InvalidAccessToken, nginx | InvalidAccessToken, aiosmtpd | InvalidAccessToken, dovecot | InvalidAccessToken, pure-ftpd | InvalidAccessToken, sshd |
/// | quota full | OutOfSpace 507, nginx | OutOfSpace 452 552, aiosmtpd | OutOfSpace OVERQUOTA, dovecot | OutOfSpace 552, pure-ftpd; 452, here | Connection, sshd: its protocol has no word for it |
/// | rate limited | RateLimit 429, nginx | RateLimit 421 450 451, aiosmtpd | RateLimit LIMIT THROTTLED, here | Connection 421, here | Connection: it hangs up, here |
/// | too large | MaxFileSizeExceeded 413 and an answer, nginx | MaxFileSizeExceeded 552 5.3.4, aiosmtpd | MaxFileSizeExceeded, here | MaxFileSizeExceeded, pure-ftpd | MaxFileSizeExceeded, sshd |
/// | malformed | Data (a body), Connection (no HTTP), here | Connection, here | Connection, here | Connection, here | Connection, here |
enum Road: String, CaseIterable, Sendable {
  case http, https, smtp, smtps, imap, imaps, ftp, ftps, sftp

  /// What the smallest operation over it comes to, with a server at a port.
  /// - Parameter seconds: how long it may take: less than usual where it is known to be in vain.
  func failure(
    at port: UInt16, within seconds: Int = 30, _ more: Collection = [:]
  ) async -> ModuleError? {
    if self == .http || self == .https {
      return await ConnectorTests.failure(
        "http:MakeRequest",
        [
          "url": .text("\(rawValue)://127.0.0.1:\(port)/"), "method": "get",
          "timeout": .integer(seconds),
        ])
    }
    let isTLS = rawValue.hasSuffix("s")
    let kind = isTLS ? String(rawValue.dropLast()) : rawValue
    var settings: Collection = [
      "host": "127.0.0.1", "port": .integer(Int(port)), "user": "ada",
      "timeout": .text("\(seconds)"),
    ]
    if self == .sftp {
      settings["host-key"] = .text(String(repeating: "A", count: 43))
    } else {
      settings["security"] = isTLS ? "tls" : "none"
    }
    for field in more.fields { settings[field.name] = field.value }
    let connections = TestConnections(
      ["5": Connection(name: "c", kind: kind, settings: settings)],
      secrets: ["c": ["password": "correct horse"]])
    let (type, input): (String, Collection) =
      switch kind {
      case "smtp": ("email:ActionSendEmail", ["to": ["b@example.org"], "from": "a@example.org"])
      case "imap": ("email:ActionGetEmail", ["uid": 1])
      default: ("\(kind):ActionGetFile", ["path": "/a"])
      }
    return await ConnectorTests.failure(
      type, input, parameters: ["account": 5], connections: connections)
  }
}

@Suite("What goes wrong on the way, by protocol (semantics 2.5)", .fewAtOnce)
struct FaultTests {
  @Test(
    "nobody listens, or the connection is closed or reset: ConnectionError",
    arguments: Road.allCases)
  func broken(road: Road) async {
    for fault in [LoopbackSocket.Fault.refused, .hangsUp, .resetsAtOnce] {
      let server = LoopbackSocket(fault)
      let error = await road.failure(at: server.port)
      #expect(error?.type == .connection, "\(fault): \(error?.message ?? "no failure")")
      #expect(error?.message.contains("127.0.0.1:\(server.port)") == true)
    }
  }

  @Test("a server that never answers: ModuleTimeoutError", arguments: Road.allCases)
  func slow(road: Road) async {
    let server = LoopbackSocket(.silent)
    let error = await road.failure(at: server.port, within: 1)
    #expect(error?.type == .moduleTimeout, "\(error?.message ?? "no failure")")
    #expect(error?.message.contains("no answer from") == true)
  }

  @Test("a server of another protocol: ConnectionError", arguments: Road.allCases)
  func malformed(road: Road) async {
    let server = LoopbackSocket(.babbles)
    let error = await road.failure(at: server.port)
    #expect(error?.type == .connection, "\(error?.message ?? "no failure")")
  }

  @Test(
    "a server whose first words are no greeting of its protocol: ConnectionError",
    arguments: [
      (Road.smtp, "999 what"), (.ftp, "999 what"), (.imap, "* BYE no"),
    ])
  func greetings(road: Road, greeting: String) async {
    let server = script(road, [:], greeting: greeting)
    let error = await road.failure(at: server.port)
    #expect(error?.type == .connection, "\(error?.message ?? "no failure")")
  }

  // MARK: In the middle

  private static let ftp = [
    "USER": "331 password", "PASS": "230 in", "PWD": "257 \"/\"", "CWD": "250 there",
    "TYPE": "200 yes", "EPSV": "500 no", "PASV": "227 ok (127,0,0,1,1,1)", "SIZE": "213 3",
  ]
  private static let smtp = [
    "EHLO": "250-there\r\n250 AUTH PLAIN", "AUTH": "334 ",
    // The user and the password, in capitals as all commands are looked up.
    "AGFKYQBJB3JYZWN0IGHVCNNL": "235 in", "MAIL": "250 yes", "RCPT": "250 yes",
    "DATA": "354 go on", ".": "250 taken",
  ]
  private static let imap = [
    "CAPABILITY": "* CAPABILITY IMAP4rev1\r\n% OK", "LOGIN": "% OK in",
    "SELECT": "* 1 EXISTS\r\n% OK", "SEARCH": "* SEARCH 1\r\n% OK",
    "FETCH": "* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n% OK", "LOGOUT": "* BYE\r\n% OK",
  ]

  private func script(
    _ road: Road, _ changes: [String: String], greeting: String? = nil,
    resettingAt resets: Set<String> = []
  ) -> LineServer {
    let (all, hello) =
      switch road {
      case .smtp: (Self.smtp, "220 ready")
      case .imap: (Self.imap, "* OK ready")
      default: (Self.ftp, "220 ready")
      }
    return LineServer(
      greeting: greeting ?? hello, replies: all.merging(changes) { $1 },
      otherwise: road == .imap ? "% BAD what" : "502 no such command", tagged: road == .imap,
      resettingAt: resets)
  }

  @Test(
    "it goes silent, or resets, after the login and in the middle of its work",
    arguments: [
      (Road.smtp, "AUTH"), (.smtp, "RCPT"), (.smtp, "DATA"), (.imap, "LOGIN"), (.imap, "SELECT"),
      (.imap, "SEARCH"), (.ftp, "PASS"), (.ftp, "CWD"), (.ftp, "PASV"),
    ])
  func middle(road: Road, command: String) async {
    // How it takes the leave of who waited in vain does not say what was wrong.
    let silent = script(road, [command: "", "LOGOUT": "% BAD what", "QUIT": "550 what"])
    let slow = await road.failure(at: silent.port, within: 1)
    #expect(slow?.type == .moduleTimeout, "\(slow?.message ?? "no failure")")
    let resetting = script(road, [:], resettingAt: [command])
    let reset = await road.failure(at: resetting.port)
    #expect(reset?.type == .connection, "\(reset?.message ?? "no failure")")
  }

  @Test(
    "what a mailbox refuses becomes its type",
    arguments: [
      ("NO [LIMIT] too many", ErrorType.rateLimit), ("NO [THROTTLED] slow down", .rateLimit),
      ("NO [UNAVAILABLE] later", .connection), ("NO [INUSE] locked", .connection),
      ("NO [OVERQUOTA] full", .outOfSpace), ("NO [NOPERM] not you", .invalidConfiguration),
      ("NO [NONEXISTENT] no such", .data), ("BAD what is that", .data),
    ])
  func imapReplies(reply: String, type: ErrorType) async {
    let server = script(.imap, ["SEARCH": "% " + reply])
    let error = await Road.imap.failure(at: server.port)
    #expect(error?.type == type, "\(error?.message ?? "no failure")")
    #expect(error?.message.contains(reply) == true)
  }

  @Test("a message that is announced as larger than is allowed is not read")
  func imapTooLarge() async {
    let server = script(.imap, ["FETCH 1 BODY[]": "* 1 FETCH (UID 1 BODY[] {300000000}\r\nx"])
    let error = await Road.imap.failure(at: server.port)
    #expect(error?.type == .maxFileSizeExceeded, "\(error?.message ?? "no failure")")
  }

  @Test(
    "a server of files that is too busy, full, or says what makes no sense",
    arguments: [
      ("", "421 too many connections", ErrorType.connection),
      ("PASS", "421 going down", .connection),
      ("PASS", "530 not you", .invalidAccessToken), ("USER", "430 not you", .invalidAccessToken),
      ("PASV", "227 nonsense", .connection), ("PASV", "425 no data connection", .connection),
      ("CWD", "452 no room", .outOfSpace), ("CWD", "550 no such folder", .data),
    ])
  func ftpReplies(command: String, reply: String, type: ErrorType) async {
    let server = script(.ftp, [command: reply], greeting: command.isEmpty ? reply : nil)
    let error = await Road.ftp.failure(at: server.port)
    #expect(error?.type == type, "\(error?.message ?? "no failure")")
  }

  @Test("an answer that breaks off, or is not packed as it says, is not taken for a whole one")
  func http() async {
    let cut = LoopbackHTTP { _ in
      .init(200, "half", headers: ["Content-Length": "400", "Connection": "close"])
    }
    let half = await failure(
      "http:MakeRequest", ["url": .text(cut.base), "method": "get"])
    #expect(half?.type == .connection, "\(half?.message ?? "no failure")")
    let packed = LoopbackHTTP { _ in .init(200, "no gzip", headers: ["Content-Encoding": "gzip"]) }
    let broken = await failure("http:MakeRequest", ["url": .text(packed.base), "method": "get"])
    #expect(broken?.type == .data, "\(broken?.message ?? "no failure")")
    let large = LoopbackHTTP { _ in .init(200, "x", headers: ["Content-Length": "300000000"]) }
    let refused = await failure("http:MakeRequest", ["url": .text(large.base), "method": "get"])
    #expect(refused?.type == .maxFileSizeExceeded, "\(refused?.message ?? "no failure")")
  }

  @Test("operations of every protocol wait at once, on one thread")
  func together() async throws {
    let http = LoopbackHTTP { _ in .init(200, "ok", delay: .seconds(2)) }
    let silent = LoopbackSocket(.silent)
    let began = ContinuousClock.now
    let outcomes = try await withThrowingTaskGroup(of: ErrorType?.self) { group in
      for _ in 0..<100 {
        group.addTask {
          await failure("http:MakeRequest", ["url": .text(http.base), "method": "get"])?.type
        }
      }
      for road in [Road.smtp, .imap, .ftp, .sftp] {
        for _ in 0..<25 { group.addTask { await road.failure(at: silent.port, within: 2)?.type } }
      }
      while http.requests.count < 100 { try await Task.sleep(for: .milliseconds(5)) }
      // A name is looked up on a thread of its own, which has the name of the one that began it.
      var threads = try Self.threads(named: Transport.threadName)
      for _ in 0..<100 where threads != 1 {
        try await Task.sleep(for: .milliseconds(10))
        threads = try Self.threads(named: Transport.threadName)
      }
      #expect(threads == 1)
      return try await group.reduce(into: [ErrorType?: Int]()) { $0[$1, default: 0] += 1 }
    }
    #expect(outcomes == [nil: 100, .moduleTimeout: 100])
    // One after the other they would take more than four minutes.
    #expect(ContinuousClock.now - began < .seconds(60))
  }

  private static func threads(named name: String) throws -> Int {
    let folder = "/proc/self/task"
    return try FileManager.default.contentsOfDirectory(atPath: folder).filter { thread in
      // Others come and go meanwhile.
      (try? String(contentsOfFile: "\(folder)/\(thread)/comm", encoding: .utf8)) == name + "\n"
    }.count
  }

  @Test("the leave that is taken of a server of files is not the answer of another transfer")
  func leave() async throws {
    // More accounts than connections are kept: room would be made in the name of whoever comes next.
    let server = script(
      .ftp, ["QUIT": "221-Bye: x\r\n221 Bye", "DELE": "250 gone", "CWD": "550 no such folder"])
    func ask(_ type: String, _ user: Int) async -> ModuleError? {
      let connection = Connection(
        name: "c", kind: "ftp",
        settings: [
          "host": "127.0.0.1", "port": .integer(Int(server.port)), "user": .text("ada\(user)"),
        ])
      return await failure(
        type, ["path": "/a"], parameters: ["account": 5],
        connections: TestConnections(["5": connection], secrets: ["c": ["password": "x"]]))
    }
    for user in 0..<110 { #expect(await ask("ftp:ActionDeleteFile", user) == nil) }
    for user in 110..<116 {
      let error = await ask("ftp:ActionGetFile", user)
      #expect(error?.type == .data && error?.message.contains("550 no such folder") == true)
    }
    for _ in 0..<6 {
      let web = LoopbackHTTP { _ in .init(302, "", headers: ["Location": "/", "X-Own": "1"]) }
      let output = try await perform(
        "http:MakeRequest", ["url": .text(web.base), "method": "get", "allowRedirects": false])
      #expect(output.bundles.first?["statusCode"] == 302)
      let names = output.bundles.first?["headers"]?.array?.compactMap { $0.collection?["name"] }
      #expect(Set(names ?? []) == ["Location", "X-Own", "Content-Length"])
    }
  }

  @Test("the time a connection allows must make sense")
  func timeout() async {
    for text in ["0", "soon", "3600"] as [Value] {
      let error = await Road.ftp.failure(at: 1, ["timeout": text])
      #expect(error?.type == .invalidConfiguration, "\(text)")
      #expect(error?.message.contains("seconds up to 120") == true)
    }
  }
}
