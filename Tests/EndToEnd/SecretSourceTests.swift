import FettleCore
import FettleTestKit
import Foundation
import Testing

/// A source of a secret that gives none, and what has to be said of it.
struct FailingSource: Sendable, CustomTestStringConvertible {
  let name: String
  /// How the secret is given to `fettle connection add`; `DIR` stands for the folder of the test.
  let option: [String]
  var environment: [String: String] = [:]
  /// What happened, and what to do next.
  let says: [String]
  var testDescription: String { name }

  static let all = [
    FailingSource(
      name: "variable that is not set", option: ["--secret-env", "password=NOT_THERE"],
      says: ["its variable NOT_THERE is not set", "set it where Fettle is started"]),
    FailingSource(
      name: "empty variable", option: ["--secret-env", "password=IS_EMPTY"],
      environment: ["IS_EMPTY": ""],
      says: ["its variable IS_EMPTY is empty", "set it where Fettle is started"]),
    FailingSource(
      name: "missing file", option: ["--secret-file", "password=DIR/missing"],
      says: ["its file DIR/missing is not there", "put it back"]),
    FailingSource(
      name: "file below a file", option: ["--secret-file", "password=DIR/empty/below"],
      says: ["its file DIR/empty/below cannot be read: Not a directory", "see what became of it"]),
    FailingSource(
      name: "folder", option: ["--secret-file", "password=DIR/folder"],
      says: ["DIR/folder is a folder", "name a file"]),
    FailingSource(
      name: "pipe", option: ["--secret-file", "password=DIR/pipe"],
      says: ["DIR/pipe is no file", "name a file"]),
    FailingSource(
      name: "empty file", option: ["--secret-file", "password=DIR/empty"],
      says: ["its file DIR/empty is empty", "write the secret into it"]),
    FailingSource(
      name: "file of bytes", option: ["--secret-file", "password=/bin/true"],
      says: ["its file /bin/true holds no text", "as UTF-8"]),
    FailingSource(
      name: "failing command", option: ["--secret-command", "password=echo hidden-word; exit 3"],
      says: ["its command ended with status 3", "run it by hand as "]),
    FailingSource(
      name: "command that is not there",
      option: ["--secret-command", "password=no-such-program 2>/dev/null"],
      says: ["its command is not found", "run it by hand as "]),
    FailingSource(
      name: "command that prints nothing", option: ["--secret-command", "password=true"],
      says: ["its command printed nothing", "run it by hand as "]),
    FailingSource(
      name: "command that hangs", option: ["--secret-command", "password=sleep 50; echo late"],
      environment: ["FETTLE_SECRET_SECONDS": "1"],
      says: [
        "its command gave no answer within 1 s", "does it ask for something?",
        "FETTLE_SECRET_SECONDS",
      ]),
    FailingSource(
      name: "another key", option: ["--secret", "password"],
      environment: ["FETTLE_KEY_FILE": "DIR/other.key"],
      says: [
        "it was sealed with another key than that of DIR/other.key", "FETTLE_KEY_FILE",
        "--replace --secret password",
      ]),
    FailingSource(
      name: "missing key", option: ["--secret", "password"],
      environment: ["FETTLE_KEY_FILE": "DIR/missing.key"],
      says: ["DIR/missing.key is not there; put it back", "--replace --secret password"]),
    FailingSource(
      name: "key for all to read", option: ["--secret", "password"],
      environment: ["FETTLE_KEY_FILE": "DIR/open.key"],
      says: ["DIR/open.key may be read by others (mode 0644)", "chmod 600 DIR/open.key"]),
    FailingSource(
      name: "key that is none", option: ["--secret", "password"],
      environment: ["FETTLE_KEY_FILE": "DIR/none.key"],
      says: ["DIR/none.key gives no key", "openssl rand -hex 32"]),
    FailingSource(
      name: "failing key command", option: ["--secret", "password"],
      environment: ["FETTLE_KEY_COMMAND": "echo hidden-word; exit 4"],
      says: ["cannot be had from FETTLE_KEY_COMMAND: its command ended with status 4"]),
    FailingSource(
      name: "hanging key command", option: ["--secret", "password"],
      environment: ["FETTLE_KEY_COMMAND": "sleep 50; true", "FETTLE_SECRET_SECONDS": "1"],
      says: ["from FETTLE_KEY_COMMAND: its command gave no answer within 1 s"]),
  ]
}

@Suite("A source that gives no secret", .fewAtOnce)
struct SecretSourceTests {
  private static let secret = "planted-secret-11ee"
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    _ = try folder.file("empty", "\n")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/folder", withIntermediateDirectories: true)
    mkfifo(folder.path + "/pipe", 0o600)
    for (name, key, mode) in [
      ("other.key", String(repeating: "ab", count: 32), 0o600),
      ("open.key", String(repeating: "ab", count: 32), 0o644), ("none.key", "no key", 0o600),
    ] {
      let path = try folder.file(name, key + "\n")
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
  }

  private func fettle(
    _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
  ) async throws -> Program.Result {
    try await Program.fettle(
      arguments.map(placed) + ["--store", folder.path + "/s.db"], input: input, home: folder.path,
      environment: ["XDG_CONFIG_HOME": folder.path + "/config"].merging(
        environment.mapValues(placed)
      ) { $1 })
  }

  private func placed(_ text: String) -> String { text.replacing("DIR", with: folder.path) }

  @Test(
    "says which connection, which secret, what happened and what to do next, to a test and to a run",
    arguments: FailingSource.all)
  func says(source: FailingSource) async throws {
    let added = try await fettle(
      ["connection", "add", "desk", "basic", "--set", "user=ada"] + source.option,
      input: Self.secret + "\n")
    #expect(added.status == 0, "\(added.errors)")
    let file = try folder.file(
      "scenario.json",
      #"""
      {"name":"Ask","flow":[{"id":1,"module":"util:BasicTrigger"},
        {"id":2,"module":"http:ActionSendDataBasicAuth","version":3,"parameters":{"auth":"desk"},
         "mapper":{"url":"http://127.0.0.1:9/","method":"get"}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    for command in [["connection", "test", "desk"], ["run", file]] {
      let result = try await fettle(command, environment: source.environment)
      #expect(result.status != 0)
      let said = (result.output + result.errors).replacing("\n", with: " ")
      for text in ["the password of the connection \"desk\" cannot be had: "] + source.says {
        #expect(said.contains(placed(text)), "\(command): \(said)")
      }
      #expect(!said.contains(Self.secret) && !said.contains("hidden-word"))
    }
  }

  @Test(
    "a file that this account may not read is told from one that is not there",
    .enabled(if: geteuid() != 0, "root may read everything"))
  func unreadable() async throws {
    let file = try folder.file("locked", Self.secret)
    try FileManager.default.setAttributes([.posixPermissions: 0o000], ofItemAtPath: file)
    _ = try await fettle([
      "connection", "add", "desk", "basic", "--set", "user=ada", "--secret-file",
      "password=DIR/locked",
    ])
    let test = try await fettle(["connection", "test", "desk"])
    #expect(test.errors.contains("may not be read by \(NSUserName()); give"), "\(test.errors)")
  }

  @Test("the line of a command stands among the arguments of no program")
  func arguments() async throws {
    let seen = folder.path + "/seen"
    let added = try await fettle([
      "connection", "add", "desk", "bearer", "--secret-command",
      "token=for p in $$ $PPID; do tr '\\0' ' ' </proc/$p/cmdline; done >\(seen); "
        + "env >>\(seen); printf %s \(Self.secret)",
    ])
    #expect(added.status == 0, "\(added.errors)")
    let test = try await fettle(["connection", "test", "desk"])
    #expect(test.status == 0, "\(test.errors)")
    let told = try String(contentsOfFile: seen, encoding: .utf8)
    #expect(told.contains("/bin/sh -c"), "\(told)")
    #expect(!told.contains(Self.secret), "\(told)")
  }

  @Test("a private key is read to its end, not to the end of its first line")
  func key() async throws {
    let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\nMQ==\n-----END PRIVATE KEY-----\n"
    let certificate = try folder.file("client.pem", "")
    let added = try await fettle(
      [
        "connection", "add", "desk", "certificate", "--set", "certificate=\(certificate)",
        "--secret", "key", "--secret", "passphrase",
      ], input: key + Self.secret + "\n")
    #expect(added.status == 0, "\(added.errors)")
    let half = try await fettle(
      ["connection", "add", "other", "certificate", "--secret", "key"],
      input: "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n")
    #expect(half.status == 2)
    #expect(half.errors.contains("end of the key of other"), "\(half.errors)")
    let test = try await fettle(["connection", "test", "desk"])
    #expect(test.status == 0, "\(test.errors)")
  }

  @Test("a daemon that crashes leaves no file of its memory behind")
  func crash() async throws {
    let daemon = try Daemon(store: folder.path + "/s.db", in: folder)
    _ = try await daemon.base()
    let limits = try String(contentsOfFile: "/proc/\(daemon.number)/limits", encoding: .utf8)
    let core = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
    #expect(core?.split(separator: " ").dropFirst(4).first == "0", "\(limits)")
    #expect(try await daemon.stop() == 0)
  }

  @Test("a daemon says when it starts which connections it cannot open, but runs no command for it")
  func start() async throws {
    for option in [
      ["sealed", "--secret", "password"], ["filed", "--secret-file", "password=DIR/missing"],
      ["told", "--secret-command", "password=touch DIR/was-run"],
    ] {
      let added = try await fettle(
        ["connection", "add", option[0], "basic", "--set", "user=ada"] + option.dropFirst(),
        input: Self.secret + "\n")
      #expect(added.status == 0, "\(added.errors)")
    }
    let daemon = try Daemon(
      store: folder.path + "/s.db", in: folder,
      environment: ["FETTLE_KEY_FILE": folder.path + "/missing.key"])
    _ = try await daemon.base()
    #expect(try await daemon.stop() == 0)
    for name in ["sealed", "filed"] {
      #expect(
        daemon.log.contains("the password of the connection \\\"\(name)\\\" cannot be had: "),
        "\(daemon.log)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/was-run"))
  }

  @Test("a password safe that cannot be reached is a failure that passes; a missing file is none")
  func passing() async throws {
    for (name, option, type) in [
      ("safe", ["--secret-command", "password=exit 1"], "ConnectionError"),
      ("none", ["--secret-command", "password=no-such-program"], "InvalidConfigurationError"),
      ("file", ["--secret-file", "password=DIR/missing"], "InvalidConfigurationError"),
    ] {
      _ = try await fettle(
        ["connection", "add", name, "basic", "--set", "user=ada"] + option)
      let test = try await fettle(["connection", "test", name])
      #expect(test.errors.contains("\(name): \(type): "), "\(test.errors)")
    }
  }
}
