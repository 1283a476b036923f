@testable import FettleConnectors
import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite(
  "Who is let in over SFTP, and what is said of who is not: OpenSSH",
  .enabled(if: RealServer.sshd != nil, "openssh-server is not installed; .ci/install does it"),
  .fewAtOnce)
struct SSHLoginTests {
  let folder: TemporaryFolder
  let server: RealServer
  let fingerprint: String

  private static let passphrase = "battery staple"

  init() async throws {
    folder = try TemporaryFolder()
    _ = try folder.file("allowed", "")
    try await Self.make(["host"], in: folder)
    fingerprint = try await RealServer.hostFingerprint(in: folder)
    server = try await RealServer.ssh(in: folder)
  }

  private static let keygen = RealServer.installed("ssh-keygen") ?? "ssh-keygen"
  /// The keys of the tests, and how ssh-keygen makes them.
  private static let keys = [
    "host": ["-t", "ed25519", "-N", ""], "plain": ["-t", "ed25519", "-N", ""],
    "stranger": ["-t", "ed25519", "-N", ""], "sealed": ["-t", "ed25519", "-N", passphrase],
    "older": ["-t", "ecdsa", "-N", passphrase, "-m", "PEM"],
    "sealed8": ["-t", "ecdsa", "-N", passphrase, "-m", "PKCS8"],
    "rsa": ["-t", "rsa", "-b", "2048", "-N", ""],
    "rsa1": ["-t", "rsa", "-b", "2048", "-N", "", "-m", "PEM"],
    "rsa8": ["-t", "rsa", "-b", "2048", "-N", "", "-m", "PKCS8"],
  ]

  /// Makes keys; the server takes all of them but the stranger's.
  private static func make(_ names: [String], in folder: TemporaryFolder) async throws {
    for name in names {
      let path = "\(folder.path)/\(name)"
      try await RealServer.run(keygen, ["-q", "-f", path] + (keys[name] ?? []), in: folder)
      guard name != "stranger" else { continue }
      let known = try String(contentsOfFile: folder.path + "/allowed", encoding: .utf8)
      _ = try folder.file("allowed", known + String(contentsOfFile: path + ".pub", encoding: .utf8))
    }
  }

  private func tried(
    key: String? = nil, passphrase: String? = nil, password: String? = nil, port: UInt16? = nil
  ) async -> Result<String, ModuleError> {
    var settings: Collection = [
      "host": "127.0.0.1", "port": .integer(Int(port ?? server.port)),
      "user": .text(NSUserName()), "host-key": .text(fingerprint),
    ]
    if let key { settings["key-file"] = .text(key.isEmpty ? "" : "\(folder.path)/\(key)") }
    var secrets: [String: String] = [:]
    secrets["passphrase"] = passphrase
    secrets["password"] = password
    let connections = TestConnections(
      ["5": Connection(name: "files", kind: "sftp", settings: settings)],
      secrets: ["files": secrets])
    do throws(ModuleError) {
      return .success(
        try await ConnectionTest(connections: connections)
          .run(try await connections.open("5", of: "sftp"), url: nil))
    } catch { return .failure(error) }
  }

  private func error(
    key: String? = nil, passphrase: String? = nil, password: String? = nil, port: UInt16? = nil
  ) async -> ModuleError? {
    switch await tried(key: key, passphrase: passphrase, password: password, port: port) {
    case .success(let text):
      Issue.record("let in: \(text)")
      return nil
    case .failure(let error): return error
    }
  }

  @Test(
    "a key that a passphrase opens lets in, in each form that ssh-keygen writes",
    arguments: ["sealed", "older", "sealed8"])
  func sealed(key: String) async throws {
    try await Self.make([key], in: folder)
    #expect(
      try await tried(key: key, passphrase: Self.passphrase).get().contains(
        "lets \(NSUserName()) in"))
    let wrong = await error(key: key, passphrase: "wrong-passphrase")
    #expect(wrong?.type == .invalidConfiguration)
    #expect(
      wrong?.message.contains("the passphrase does not open the key file \(folder.path)/\(key)")
        == true, "\(wrong?.message ?? "")")
    #expect(wrong?.message.contains("wrong-passphrase") == false)
    let none = await error(key: key)
    #expect(none?.type == .invalidConfiguration)
    #expect(none?.message.contains("is encrypted and") == true, "\(none?.message ?? "")")
  }

  @Test("a key file that cannot be one is told before anything is asked of the server")
  func files() async throws {
    try await Self.make(["plain"], in: folder)
    _ = try folder.file("putty", "PuTTY-User-Key-File-3: ssh-ed25519\n")
    _ = try folder.file("garbage", "no key at all\n")
    _ = try folder.file("cut", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n")
    let said = [
      ("absent", "is not there"), ("", "has an empty key-file"),
      ("plain.pub", "holds a public key"),
      ("putty", "puttygen"), ("garbage", "no private key in a known form"),
      ("cut", "no private key in a known form"), (".", "is a folder"),
      ("garbage/key", "is not there"),
    ]
    let nobody = LoopbackSocket(.refused).port
    for (key, words) in said {
      let error = await error(key: key, port: nobody)
      #expect(error?.type == .invalidConfiguration, "\(key): \(error?.message ?? "")")
      #expect(error?.message.contains(words) == true, "\(key): \(error?.message ?? "")")
    }
    let neither = await error(port: nobody)
    #expect(neither?.message.contains("neither key-file nor password") == true)
  }

  @Test(
    "a key the server does not know, and RSA keys, which OpenSSH takes with newer libraries alone")
  func refused() async throws {
    try await Self.make(["stranger", "rsa", "rsa1", "rsa8"], in: folder)
    let stranger = await error(key: "stranger")
    #expect(stranger?.type == .invalidAccessToken)
    #expect(stranger?.message.contains("authorized_keys") == true, "\(stranger?.message ?? "")")
    for key in ["rsa", "rsa1", "rsa8"] {
      switch await tried(key: key) {
      case .success(let text): #expect(text.contains("lets \(NSUserName()) in"))
      case .failure(let error):
        #expect(error.type == .invalidAccessToken)
        #expect(
          error.message.contains("with the RSA key \(folder.path)/\(key)"), "\(error.message)")
        #expect(error.message.contains("SHA-1"))
        #expect(error.message.contains("ssh-keygen -t ed25519"))
      }
    }
  }

  @Test("a server that takes keys alone, and one that takes passwords alone, say so")
  func ways() async throws {
    try await Self.make(["plain"], in: folder)
    let keysOnly = await error(password: "battery staple")
    #expect(keysOnly?.type == .invalidConfiguration)
    #expect(keysOnly?.message.contains("takes no passwords (but publickey)") == true)
    let other = try await RealServer.ssh(
      in: folder, ways: "PasswordAuthentication yes\nPubkeyAuthentication no")
    let passwordsOnly = await error(key: "plain", port: other.port)
    #expect(passwordsOnly?.type == .invalidConfiguration)
    #expect(passwordsOnly?.message.contains("takes no keys (but password)") == true)
    let wrong = await error(password: "wrong-password", port: other.port)
    #expect(wrong?.type == .invalidAccessToken)
    #expect(wrong?.message.contains("the user or the password are not accepted") == true)
    #expect(wrong?.message.contains("wrong-password") == false)
  }

  /// sshd without PAM looks passwords up in the system's table; a table of one's own needs a mount that
  /// nobody else sees.
  private static let canMount: Bool = {
    guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare") else {
      return false
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = ["-m", "mount", "--bind", "/etc/shadow", "/etc/shadow"]
    process.standardError = nil
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  @Test(
    "a password lets in",
    .enabled(if: canMount, "this is not root, or it cannot have a mount of its own"))
  func password() async throws {
    let hash = try await RealServer.run(
      "/usr/bin/openssl", ["passwd", "-6", "battery staple"], in: folder)
    let user = NSUserName()
    let table = try String(contentsOfFile: "/etc/shadow", encoding: .utf8)
      .split(separator: "\n").map { line -> String in
        var fields = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if fields.first == user, fields.count > 1 {
          fields[1] = hash.trimmingCharacters(in: .newlines)
        }
        return fields.joined(separator: ":") + "\n"
      }
    let path = try folder.file("shadow", table.joined())
    let server = try await RealServer.ssh(
      in: folder, ways: "PasswordAuthentication yes",
      wrapper: [
        "/usr/bin/unshare", "-m", "/bin/sh", "-c",
        "mount --bind \(path) /etc/shadow && exec \"$@\"",
        "sh",
      ])
    #expect(
      try await tried(password: "battery staple", port: server.port).get().contains(
        "lets \(user) in"))
    let wrong = await error(password: "wrong-password", port: server.port)
    #expect(wrong?.type == .invalidAccessToken)
  }
}
