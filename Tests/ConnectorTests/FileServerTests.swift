@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

private let pureFTPd = geteuid() == 0 ? RealServer.installed("pure-ftpd") : nil

/// What one does with files, the same for every protocol.
struct Files {
  let app: String
  let connections: TestConnections
  let root: String

  func ask(_ name: String, _ input: Collection) async throws -> [Collection] {
    try await perform(
      "\(app):\(name)", input, parameters: ["account": 5], connections: connections
    ).bundles
  }

  func error(_ name: String, _ input: Collection) async -> ModuleError? {
    await failure("\(app):\(name)", input, parameters: ["account": 5], connections: connections)
  }

  func content(_ path: String) async throws -> [UInt8]? {
    guard
      case .buffer(let buffer)? = try await ask("ActionGetFile", ["path": .text(path)]).first?[
        "data"]
    else { return nil }
    return buffer.bytes
  }

  /// A file of 300 MB that takes no room.
  static func sparse(_ path: String) throws {
    try Data().write(to: URL(fileURLWithPath: path))
    try FileHandle(forWritingTo: URL(fileURLWithPath: path)).truncate(atOffset: 300_000_000)
  }

  func live() async throws {
    let bytes: [UInt8] = [0, 255, 13, 10, 65]
    _ = try await ask("ActionCreateFolder", ["path": .text(root + "in box")])
    let uploaded = try await ask(
      "ActionUploadFile",
      [
        "path": .text(root + "in box"), "fileName": "a ü.bin",
        "data": .buffer(Buffer(bytes)),
      ])
    #expect(uploaded.first?["fileSize"] == 5)
    let path = root + "in box/a ü.bin"
    #expect(try await content(path) == bytes)
    _ = try await ask(
      "ActionUploadFile",
      ["path": .text(root + "in box"), "fileName": "a ü.bin", "data": "more", "mode": "append"])
    #expect(try await content(path) == bytes + Array("more".utf8))
    _ = try await ask(
      "ActionUploadFile",
      ["path": .text(root + "in box"), "fileName": "a ü.bin", "data": "", "mode": "overwrite"])
    #expect(try await content(path) == [])
    let listed = try await ask("ActionListFiles", ["path": .text(root + "in box")])
    #expect(listed.map { $0["name"] } == ["a ü.bin"])
    #expect(listed.first?["size"] == 0)
    #expect(listed.first?["type"] == "file")
    _ = try await ask(
      "ActionMoveFile", ["path": .text(path), "newPath": .text(root + "moved.txt")])
    #expect(try await ask("ActionListFiles", ["path": .text(root + "in box")]).isEmpty)
    let folders = try await ask("ActionListFiles", ["path": .text(root), "type": "folders"])
    #expect(folders.contains { $0["name"] == "in box" })
    _ = try await ask("ActionDeleteFolder", ["path": .text(root + "in box")])
    _ = try await ask("ActionDeleteFile", ["path": .text(root + "moved.txt")])
    let missing = await error("ActionGetFile", ["path": .text(root + "moved.txt")])
    #expect(missing?.type == .data, "\(missing?.message ?? "no failure")")
    #expect(missing?.message.contains("moved.txt") == true)
    let injected = await error("ActionDeleteFile", ["path": "x\r\nDELE y"])
    #expect(injected?.field == "path")
    #expect(
      await error("ActionUploadFile", ["path": "x", "fileName": ""])?.type == .bundleValidation)
  }

  func watch() async throws {
    var store = MemoryDataStore()
    // A folder of its own: a server may keep files of its own in the home.
    let folder = root + "watched"
    _ = try await ask("ActionCreateFolder", ["path": .text(folder)])
    func put(_ name: String, _ text: Value) async throws {
      _ = try await ask(
        "ActionUploadFile", ["path": .text(folder), "fileName": .text(name), "data": text])
    }
    func poll() async throws -> OperationOutput {
      try await perform(
        "\(app):TriggerNewFile", [:],
        parameters: ["account": 5, "path": .text(folder), "maxResults": 2],
        connections: connections, dataStore: store)
    }
    for name in ["w1", "w2", "w3"] { try await put(name, "x") }
    let first = try await poll()
    #expect(first.bundles.map { $0["name"] } == ["w1", "w2"])
    #expect(try await poll().bundles == first.bundles, "nothing was committed")
    store.commit(first.changes)
    let second = try await poll()
    #expect(second.bundles.map { $0["name"] } == ["w3"])
    store.commit(second.changes)
    #expect(try await poll() == OperationOutput([]))
    try await put("w2", "longer")
    let changed = try await poll()
    #expect(changed.bundles.map { $0["name"] } == ["w2"])
  }
}

@Suite(
  "Files over FTP and FTPS: pure-ftpd",
  .enabled(
    if: pureFTPd != nil, "pure-ftpd is not installed (.ci/install does it), or this is not root"),
  .fewAtOnce)
struct FTPTests {
  let folder: TemporaryFolder
  let certificates: Certificates
  let server: RealServer

  init() async throws {
    folder = try TemporaryFolder()
    certificates = try await Certificates(in: folder)
    let home = folder.path + "/home"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    chown(home, 65534, 65534)
    let both = try folder.file(
      "both.pem", try certificates.text("server.pem") + certificates.text("server.key"))
    // The users of pure-ftpd are a table of its own; at most 6 files and 1 MB. A password it hashes itself
    // costs seconds of the processor at each login.
    let hash = try await RealServer.run(
      "/usr/bin/openssl", ["passwd", "-6", "correct horse"], in: folder)
    let users = try folder.file(
      "passwd",
      "ada:\(hash.split(separator: "\n").joined()):65534:65534::\(home)/./::::::6:1048576:::::\n")
    try await RealServer.run(
      RealServer.installed("pure-pw") ?? "pure-pw",
      ["mkdb", folder.path + "/users.pdb", "-f", users], in: folder)
    let port = RealServer.freePort()
    server = try await RealServer(
      pureFTPd ?? "",
      [
        "-S", "127.0.0.1,\(port)", "-l", "puredb:\(folder.path)/users.pdb", "-E", "-H", "-u", "1",
        "-Y", "1", "-g", folder.path + "/ftp.pid", "-2", both, "-n", "6:1",
      ], port: port, in: folder)
  }

  private func files(
    password: String = "correct horse", security: String = "none", port: UInt16? = nil,
    ca: String = "ca.pem"
  ) -> Files {
    Files(
      app: "ftp",
      connections: TestConnections(
        [
          "5": Connection(
            name: "ftp", kind: "ftp",
            settings: [
              "host": "127.0.0.1", "port": .integer(Int(port ?? server.port)), "user": "ada",
              "security": .text(security), "ca": .text(certificates.path(ca)),
            ])
        ], secrets: ["ftp": ["password": password]]), root: "/")
  }

  @Test("the life of a file", arguments: ["none", "starttls"])
  func life(security: String) async throws { try await files(security: security).live() }

  @Test("a folder is watched; what was emitted is emitted again until it is committed")
  func watch() async throws { try await files().watch() }

  @Test("wrong login, wrong authority, nobody there, over the quota")
  func errors() async throws {
    let list: Collection = ["path": "/"]
    let login = await files(password: "wrong-password").error("ActionListFiles", list)
    #expect(login?.type == .invalidAccessToken, "\(login?.message ?? "")")
    #expect(login?.message.contains("wrong-password") == false)
    let secured = await files(password: "wrong-password", security: "starttls")
      .error("ActionListFiles", list)
    #expect(secured?.type == .invalidAccessToken, "\(secured?.message ?? "")")
    let trust = await files(security: "starttls", ca: "client.pem").error("ActionListFiles", list)
    #expect(trust?.type == .connection, "\(trust?.message ?? "")")
    let nobody = LoopbackSocket(.refused)
    #expect(await files(port: nobody.port).error("ActionListFiles", list)?.type == .connection)
    let closed = LoopbackSocket(.hangsUp)
    #expect(await files(port: closed.port).error("ActionListFiles", list)?.type == .connection)
    func upload(_ name: String, _ count: Int) -> Collection {
      [
        "path": "/", "fileName": .text(name),
        "data": .buffer(Buffer([UInt8](repeating: 1, count: count))),
      ]
    }
    #expect(await files().error("ActionUploadFile", upload("first", 900_000)) == nil)
    let large = await files().error("ActionUploadFile", upload("second", 200_000))
    #expect(large?.type == .outOfSpace, "\(large?.message ?? "no failure")")
  }

  @Test("a file that is larger than is allowed is not fetched", arguments: ["none", "starttls"])
  func tooLarge(security: String) async throws {
    try Files.sparse(folder.path + "/home/large.bin")
    let error = await files(security: security).error("ActionGetFile", ["path": "/large.bin"])
    #expect(error?.type == .maxFileSizeExceeded, "\(error?.message ?? "no failure")")
  }

  @Test("a connection is tried: who is let in, and who is not")
  func connection() async throws {
    func test(_ files: Files) async throws -> String {
      let connections = files.connections
      return try await ConnectionTest(connections: connections)
        .run(try await connections.open("5", of: "ftp"), url: nil)
    }
    #expect(try await test(files(security: "starttls")).contains("lets ada in"))
    await #expect(throws: ModuleError.self) { try await test(files(password: "wrong-password")) }
    // The connection that works is kept; whoever does not trust the server gets no use of it.
    await #expect(throws: ModuleError.self) {
      try await test(files(security: "starttls", ca: "client.pem"))
    }
  }

  @Test(
    "a file that is refused in the middle, with and without TLS: there is no room",
    arguments: ["none", "starttls"])
  func noRoom(security: String) async throws {
    let files = files(security: security)
    func upload(_ name: String, _ count: Int) async -> ModuleError? {
      await files.error(
        "ActionUploadFile",
        [
          "path": "/", "fileName": .text(name),
          "data": .buffer(Buffer([UInt8](repeating: 1, count: count))),
        ])
    }
    let large = await upload("large", 20_000_000)
    #expect(large?.type == .outOfSpace, "\(large?.message ?? "no failure")")
    #expect(large?.message.contains("552") == true, "\(large?.message ?? "no failure")")
    // What fits is not kept away by the question.
    let fitting = await upload("fitting", 800_000)
    #expect(fitting == nil, "\(fitting?.message ?? "")")
    let again = await upload("fitting", 900_000)
    #expect(again == nil, "what is written over makes room: \(again?.message ?? "")")
  }

  @Test(
    "what a server replies to a file becomes its type (semantics 2.5)",
    arguments: [
      ("421 going down", ErrorType.connection), ("425 no data connection", .connection),
      ("450 busy", .connection), ("452 no room", .outOfSpace), ("550 no such file", .data),
      ("552 over quota", .outOfSpace), ("553 no such name", .data),
      ("530 not logged in", .invalidAccessToken),
    ])
  func replies(reply: String, type: ErrorType) async throws {
    let server = LineServer(
      greeting: "220 ready",
      replies: [
        "USER": "331 password", "PASS": "230 in", "PWD": "257 \"/\"", "CWD": "250 there",
        "DELE": reply, "TYPE": "200 yes",
      ], otherwise: "502 no such command")
    let error = await files(port: server.port).error("ActionDeleteFile", ["path": "/a"])
    #expect(error?.type == type, "\(error?.message ?? "no failure")")
    #expect(error?.message.contains(reply) == true)
  }
}

@Suite(
  "Files over SFTP: OpenSSH",
  .enabled(if: RealServer.sshd != nil, "openssh-server is not installed; .ci/install does it"),
  .fewAtOnce)
struct SFTPTests {
  let folder: TemporaryFolder
  let server: RealServer
  let fingerprint: String

  init() async throws {
    folder = try TemporaryFolder()
    let path = folder.path
    let keygen = RealServer.installed("ssh-keygen") ?? "ssh-keygen"
    for name in ["host", "client", "stranger"] {
      try await RealServer.run(
        keygen, ["-q", "-t", "ecdsa", "-N", "", "-m", "PEM", "-f", "\(path)/\(name)"], in: folder)
    }
    fingerprint = try await RealServer.hostFingerprint(in: folder)
    try FileManager.default.copyItem(atPath: path + "/client.pub", toPath: path + "/allowed")
    try FileManager.default.createDirectory(
      atPath: path + "/home", withIntermediateDirectories: true)
    server = try await RealServer.ssh(in: folder)
  }

  private func files(key: String = "client", hostKey: String? = nil, port: UInt16? = nil) -> Files {
    Files(
      app: "sftp",
      connections: TestConnections([
        "5": Connection(
          name: "sftp", kind: "sftp",
          settings: [
            "host": "127.0.0.1", "port": .integer(Int(port ?? server.port)),
            "user": .text(NSUserName()), "key-file": .text("\(folder.path)/\(key)"),
            "host-key": .text(hostKey ?? fingerprint),
          ])
      ]), root: folder.path + "/home/")
  }

  @Test("the life of a file")
  func life() async throws { try await files().live() }

  @Test("a folder is watched; what was emitted is emitted again until it is committed")
  func watch() async throws { try await files().watch() }

  @Test("a stranger's key, another server's key, nobody there, no rights")
  func errors() async {
    let list: Collection = ["path": "/"]
    let stranger = await files(key: "stranger").error("ActionListFiles", list)
    #expect(stranger?.type == .invalidAccessToken, "\(stranger?.message ?? "")")
    let other = await files(hostKey: "SHA256:" + String(repeating: "A", count: 43))
      .error("ActionListFiles", list)
    #expect(other?.type == .connection, "\(other?.message ?? "")")
    #expect(
      await files(port: LoopbackSocket(.refused).port).error("ActionListFiles", list)?.type
        == .connection)
    let folder = await files().error(
      "ActionUploadFile", ["path": "/no/such/folder", "fileName": "x", "data": "y"])
    #expect(folder?.type == .data, "\(folder?.message ?? "")")
    let untold = TestConnections(["5": Connection(name: "s", kind: "sftp", settings: ["host": "h"])]
    )
    let error = await failure(
      "sftp:ActionListFiles", list, parameters: ["account": 5], connections: untold)
    #expect(error?.type == .invalidConfiguration)
    #expect(error?.message.contains("host-key") == true)
  }
  @Test("a file that is larger than is allowed is not fetched; a full disk is worth another try")
  func sizes() async throws {
    try Files.sparse(folder.path + "/home/large.bin")
    let path = Value.text(folder.path + "/home/large.bin")
    let large = await files().error("ActionGetFile", ["path": path])
    #expect(large?.type == .maxFileSizeExceeded, "\(large?.message ?? "no failure")")
    // OpenSSH says of a disk without room what it says of a file that may not grow: "failure".
    let full = try await RealServer.ssh(
      in: folder,
      wrapper: ["/bin/sh", "-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"])
    let error = await files(port: full.port).error(
      "ActionUploadFile",
      [
        "path": .text(folder.path + "/home"), "fileName": "big",
        "data": .buffer(Buffer([UInt8](repeating: 1, count: 2_000_000))),
      ])
    #expect(error?.type == .connection, "\(error?.message ?? "no failure")")
    #expect(error?.message.contains("big") == true, "\(error?.message ?? "no failure")")
    #expect(error?.type.row.stored == .storeAndRetry)
  }

  @Test("a connection is tried: who is let in, and who is not")
  func connection() async throws {
    func test(_ files: Files) async throws -> String {
      let connections = files.connections
      return try await ConnectionTest(connections: connections)
        .run(try await connections.open("5", of: "sftp"), url: nil)
    }
    #expect(try await test(files()).contains("lets \(NSUserName()) in"))
    // The connection that works is kept; nobody else is let in over it.
    await #expect(throws: ModuleError.self) { try await test(files(key: "stranger")) }
    let other = "SHA256:" + String(repeating: "A", count: 43)
    await #expect(throws: ModuleError.self) { try await test(files(hostKey: other)) }
  }
}
