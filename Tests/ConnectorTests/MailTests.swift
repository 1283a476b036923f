@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

private let send = "email:ActionSendEmail"

@Suite(
  "E-mail is sent over a real SMTP server",
  .enabled(
    if: SMTPServer.python != nil, "python3-aiosmtpd is not installed; .ci/install does it"),
  .fewAtOnce)
struct SMTPTests {
  let folder: TemporaryFolder
  let certificates: Certificates
  let smtp: SMTPServer

  init() async throws {
    folder = try TemporaryFolder()
    certificates = try await Certificates(in: folder)
    smtp = try await SMTPServer(in: folder, certificates: certificates)
  }

  private func connections(
    password: String = "correct horse", security: String = "starttls", port: UInt16? = nil,
    ca: String? = nil
  ) -> TestConnections {
    TestConnections(
      [
        "5": Connection(
          name: "smtp", kind: "smtp",
          settings: [
            "host": "127.0.0.1", "port": .integer(Int(port ?? smtp.server.port)),
            "user": "ada@example.org", "security": .text(security),
            "ca": .text(ca ?? certificates.path("ca.pem")),
          ])
      ], secrets: ["smtp": ["password": password]])
  }

  private func error(_ input: Collection, _ connections: TestConnections) async -> ModuleError? {
    await failure(send, input, parameters: ["account": 5], connections: connections)
  }

  @Test("a page with files, names beyond ASCII and hidden recipients arrives as it was meant")
  func whole() async throws {
    let output = try await perform(
      send,
      [
        "to": ["Grüße Gröger <bob@example.org>", ["name": "Eve", "address": "eve@example.org"]],
        "cc": ["carl@example.org"], "bcc": ["hidden@example.org"], "subject": "Zürich – Nº 5",
        "contentType": "html", "html": .text("<p>Größe</p>" + String(repeating: "x", count: 2000)),
        "attachments": [
          ["fileName": "a.bin", "data": .buffer(Buffer([0, 255, 13, 10, 46, 13, 10]))],
          ["fileName": "Preis €.txt", "data": "text"],
        ],
        "headers": [["key": "X-Case", "value": "42"]], "replyTo": "desk@example.org",
      ], parameters: ["account": 5], connections: connections())
    let taken = try #require(try smtp.messages().first)
    #expect(
      taken.recipients == "bob@example.org,eve@example.org,carl@example.org,hidden@example.org")
    #expect(!taken.text.contains("hidden@example.org"))
    #expect(taken.text.contains("X-Case: 42"))
    let id = try #require(output.bundles.first?["messageId"]?.text)
    #expect(taken.text.contains("Message-ID: \(id)"))
    for line in taken.text.split(separator: "\r\n") { #expect(line.utf8.count <= 998) }
    // Read back by the library that reads what arrives.
    let read = try #require(ReadMail.bundle(Array(taken.text.utf8)))
    #expect(read["subject"] == "Zürich – Nº 5")
    #expect(read["to"]?.array?.first == ["address": "bob@example.org", "name": "Grüße Gröger"])
    #expect(read["html"]?.text?.hasPrefix("<p>Größe</p>xxx") == true)
    let files = read["attachments"]?.array?.compactMap(\.collection) ?? []
    #expect(files.map { $0["fileName"] } == ["a.bin", "Preis €.txt"])
    guard case .buffer(let buffer)? = files.first?["data"] else {
      Issue.record("no file")
      return
    }
    #expect(buffer.bytes == [0, 255, 13, 10, 46, 13, 10])
  }

  @Test(
    "what the server answers to a recipient becomes its type (semantics 2.5)",
    arguments: [
      ("down", ErrorType.rateLimit), ("busy", .rateLimit), ("trouble", .rateLimit),
      ("full", .outOfSpace), ("nobody", .data), ("quota", .outOfSpace), ("later", .connection),
      ("never", .data),
    ])
  func refusals(name: String, type: ErrorType) async throws {
    let error = await error(
      ["to": [.text("\(name)@example.org")], "subject": "x", "text": "y"], connections())
    #expect(error?.type == type, "\(error?.message ?? "no failure")")
    #expect(error?.message.contains(SMTPServer.refusals[name] ?? "-") == true)
    #expect(try smtp.messages().isEmpty)
  }

  @Test("wrong login, no TLS where it is asked for, wrong authority, nobody there, too large")
  func more() async throws {
    let mail: Collection = ["to": ["bob@example.org"], "subject": "x", "text": "y"]
    let login = await error(mail, connections(password: "wrong-password"))
    #expect(login?.type == .invalidAccessToken, "\(login?.message ?? "")")
    #expect(login?.message.contains("wrong-password") == false)
    #expect(await error(mail, connections(security: "none"))?.type == .invalidAccessToken)
    let trust = await error(mail, connections(ca: certificates.path("client.pem")))
    #expect(trust?.type == .connection)
    let nobody = LoopbackSocket(.refused)
    #expect(await error(mail, connections(port: nobody.port))?.type == .connection)
    let reset = LoopbackSocket(.hangsUp)
    #expect(await error(mail, connections(security: "none", port: reset.port))?.type == .connection)
    var large = mail
    large["text"] = .text(String(repeating: "line of a letter\n", count: 20_000))
    let refused = await error(large, connections())
    #expect(refused?.type == .maxFileSizeExceeded, "\(refused?.message ?? "")")
    #expect(try smtp.messages().isEmpty)
  }

  @Test("a connection is tried without sending anything: who is let in, and who is not")
  func connection() async throws {
    func test(_ connections: TestConnections) async throws -> String {
      try await ConnectionTest(connections: connections)
        .run(try await connections.open("5", of: "email"), url: nil)
    }
    #expect(try await test(connections()).contains("lets ada@example.org in"))
    let nobody = TestConnections([
      "5": Connection(
        name: "smtp", kind: "smtp",
        settings: [
          "host": "127.0.0.1", "port": .integer(Int(smtp.server.port)),
          "ca": .text(certificates.path("ca.pem")),
        ])
    ])
    #expect(try await test(nobody).contains("nobody has logged in"))
    let wrong = await #expect(throws: ModuleError.self) {
      try await test(connections(password: "wrong-password"))
    }
    #expect(wrong?.type == .invalidAccessToken)
    #expect(wrong?.message.contains("does not let ada@example.org in: 535") == true)
    #expect(
      wrong?.message.contains("message") == false, "nothing was sent: \(wrong?.message ?? "")")
    #expect(try smtp.messages().isEmpty)
  }

  @Test("what would be a command or a header of its own is refused or made harmless")
  func injection() async throws {
    for address in ["a@b>\r\nRCPT TO:<c@d", "no address", "a@b\rc", "<@>"] {
      let error = await error(["to": [.text(address)], "text": "x"], connections())
      #expect(error?.type == .bundleValidation, "\(address)")
      #expect(error?.field == "to")
    }
    _ = try await perform(
      send, ["to": ["bob@example.org"], "subject": "a\r\nBcc: x@example.org", "text": "."],
      parameters: ["account": 5], connections: connections())
    #expect(try smtp.messages().first?.text.contains("Subject: a Bcc: x@example.org") == true)
    let header = await error(
      ["to": ["bob@example.org"], "headers": [["key": "X", "value": "a\r\nB: c"]]], connections())
    #expect(header?.field == "headers")
  }

  @Test("TLS from the first byte works as well")
  func tls() async throws {
    let server = try await SMTPServer(in: folder, certificates: certificates, security: "tls")
    let output = try await perform(
      send, ["to": ["bob@example.org"], "text": "x"], parameters: ["account": 5],
      connections: connections(security: "tls", port: server.server.port))
    #expect(output.bundles.count == 1)
  }
}

@Suite(
  "A real mailbox over IMAP",
  .enabled(
    if: IMAPServer.dovecot != nil, "dovecot-imapd is not installed; .ci/install does it"),
  .fewAtOnce)
struct IMAPTests {
  let folder: TemporaryFolder
  let certificates: Certificates
  let imap: IMAPServer

  init() async throws {
    folder = try TemporaryFolder()
    certificates = try await Certificates(in: folder)
    imap = try await IMAPServer(in: folder, certificates: certificates)
  }

  private func connections(
    password: String = "correct horse", ca: String? = nil, port: UInt16? = nil,
    security: String = "tls"
  ) -> TestConnections {
    TestConnections(
      [
        "5": Connection(
          name: "box", kind: "imap",
          settings: [
            "host": "127.0.0.1", "port": .integer(Int(port ?? imap.securePort)), "user": "ada",
            "security": .text(security), "ca": .text(ca ?? certificates.path("ca.pem")),
          ])
      ], secrets: ["box": ["password": password]])
  }

  private func deliver(_ subject: String, to folder: String = "INBOX", size: Int = 0) async throws {
    try await MailReading.append(
      "From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nSubject: \(subject)\r\n"
        + "Message-ID: <\(subject)@example.org>\r\n\r\n" + String(repeating: "x", count: size)
        + "the body\r\n", to: folder, over: connections())
  }

  private func ask(
    _ type: String, _ input: Collection, parameters: Collection = [:]
  ) async throws -> [Collection] {
    var all: Collection = ["account": 5]
    for field in parameters.fields { all[field.name] = field.value }
    return try await perform(type, input, parameters: all, connections: connections()).bundles
  }

  @Test("messages are listed, read without marking them, marked, moved, copied and deleted")
  func life() async throws {
    for subject in ["one", "two", "three"] { try await deliver(subject) }
    let listed = try await ask("email:ActionListEmails", ["criteria": "unseen", "limit": 2])
    #expect(listed.map { $0["subject"] } == ["three", "two"], "the newest first")
    #expect(listed.first?["from"] == ["address": "ada@example.org", "name": "Ada"])
    #expect(listed.first?["text"] == "the body\r\n" || listed.first?["text"] == "the body\n")
    let unread = try await ask("email:ActionListEmails", ["criteria": "unseen"])
    #expect(unread.count == 3, "looking does not mark them")
    _ = try await ask("email:ActionMarkEmail", ["uid": 1, "seen": true])
    #expect(try await ask("email:ActionGetEmail", ["uid": 1]).first?["seen"] == true)
    _ = try await ask("email:ActionMarkEmail", ["uid": 1, "seen": false])
    #expect(try await ask("email:ActionGetEmail", ["uid": 1]).first?["seen"] == false)
    try await deliver("elsewhere", to: "Archiv/Größe")
    _ = try await ask("email:ActionMoveEmail", ["uid": 2, "destination": "Archiv/Größe"])
    _ = try await ask("email:ActionCopyEmail", ["uid": 3, "destination": "Archiv/Größe"])
    let moved = try await ask("email:ActionListEmails", ["folder": "Archiv/Größe"])
    #expect(Set(moved.compactMap { $0["subject"]?.text }) == ["elsewhere", "two", "three"])
    _ = try await ask("email:ActionDeleteEmail", ["uid": 1])
    _ = try await ask("email:ActionDeleteEmail", ["uid": 1])
    #expect(try await ask("email:ActionListEmails", [:]).map { $0["subject"] } == ["three"])
    #expect(
      try await ask("email:ActionListEmails", ["subject": "thr", "from": "ada"]).count == 1)
    #expect(try await ask("email:ActionListEmails", ["subject": "nothing \"quoted\""]).isEmpty)
  }

  @Test("wrong login, wrong authority, no such folder, no such message, over the quota")
  func errors() async throws {
    func error(
      _ connections: TestConnections, _ type: String = "email:ActionListEmails",
      _ input: Collection = [:]
    ) async -> ModuleError? {
      await failure(type, input, parameters: ["account": 5], connections: connections)
    }
    let login = await error(connections(password: "wrong-password"))
    #expect(login?.type == .invalidAccessToken, "\(login?.message ?? "")")
    #expect(login?.message.contains("wrong-password") == false)
    #expect(await error(connections(ca: certificates.path("client.pem")))?.type == .connection)
    #expect(
      await error(connections(port: LoopbackSocket(.refused).port))?.type == .connection)
    let folder = await error(connections(), "email:ActionListEmails", ["folder": "No such"])
    #expect(folder?.type == .data, "\(folder?.message ?? "") \(folder?.detail ?? "")")
    #expect(
      await error(connections(), "email:ActionGetEmail", ["uid": 77])?.field == "uid")
    do {
      try await deliver("large", size: 150_000)
      Issue.record("the quota did not count")
    } catch let error as ModuleError {
      #expect(error.type == .outOfSpace, "\(error.message)")
    }
  }

  @Test("a connection is tried: who is let in, and who is not")
  func connection() async throws {
    func test(_ connections: TestConnections) async throws -> String {
      try await ConnectionTest(connections: connections)
        .run(try await connections.open("5", of: "email"), url: nil)
    }
    #expect(try await test(connections()).contains("lets ada in"))
    let wrong = await #expect(throws: ModuleError.self) {
      try await test(connections(password: "wrong-password"))
    }
    #expect(wrong?.type == .invalidAccessToken)
  }

  @Test("who trusts another authority gets no use of a connection that STARTTLS made safe")
  func kept() async throws {
    func error(_ ca: String) async -> ModuleError? {
      await failure(
        "email:ActionListEmails", [:], parameters: ["account": 5],
        connections: connections(
          ca: certificates.path(ca), port: imap.server.port, security: "starttls"))
    }
    for _ in 0..<3 {
      #expect(await error("ca.pem") == nil)
      let stranger = await error("client.pem")
      #expect(stranger?.type == .connection, "\(stranger?.message ?? "no failure")")
    }
  }

  @Test("the trigger emits what is new, advances with the commit, and marks what was committed")
  func trigger() async throws {
    for subject in ["one", "two", "three"] { try await deliver(subject) }
    let parameters: Collection = [
      "account": 5, "folder": "INBOX", "criteria": "UNSEEN", "markSeen": true, "maxResults": 2,
    ]
    var store = MemoryDataStore()
    func poll() async throws -> OperationOutput {
      try await perform(
        "email:TriggerNewEmail", [:], parameters: parameters, connections: connections(),
        dataStore: store)
    }
    let first = try await poll()
    #expect(first.bundles.map { $0["subject"] } == ["one", "two"])
    let again = try await poll()
    #expect(again.bundles.map { $0["subject"] } == ["one", "two"], "nothing was committed")
    store.commit(again.changes)
    let second = try await poll()
    #expect(second.bundles.map { $0["subject"] } == ["three"])
    store.commit(second.changes)
    store.commit(try await poll().changes)
    #expect(try await poll().bundles.isEmpty)
    let unread = try await ask("email:ActionListEmails", ["criteria": "unseen"])
    #expect(unread.isEmpty, "what was committed is marked as read")
    try await deliver("four")
    #expect(try await poll().bundles.map { $0["subject"] } == ["four"])
  }
}
