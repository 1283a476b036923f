import FettleCore
import FettleSQLite
import FettleTestKit
import Foundation
import Testing

/// Every source of a secret with every kind of connection, over real connections to servers that tell
/// the secrets back when they let in and when they refuse.
@Suite(
  "Planted secrets: each source with each kind of connection",
  .enabled(if: EchoServers.python != nil, "python3 is not installed; .ci/install does it"),
  .fewAtOnce)
struct PlantedPairsTests {
  /// In the middle of every secret; what stands around it looks different in every way of writing.
  private static let mark = "PLANTEDxq7"

  /// What must be found nowhere: the middle of each secret, as it is, in base64 wherever it stands there,
  /// and in hexadecimal.
  private static let forms: [String] = {
    let bytes = Array(mark.utf8)
    let inside = (0..<3).map { offset in
      let text = Buffer([UInt8](repeating: 65, count: offset) + bytes + [65, 65]).base64
      return String(text.dropFirst(offset == 0 ? 0 : 4).prefix(8))
    }
    let digits = bytes.map { String($0, radix: 16) }.joined()
    return [mark] + inside + [digits, digits.uppercased()]
  }()

  private let caller: APICaller
  private let vault: TemporaryFolder
  private let environment: [String: String]
  private let connectors: [Connector]
  private let servers: EchoServers
  private let sshd: RealServer?

  private static func secret(_ number: Int, _ place: Int) -> String {
    #"s\#(number)-\#(place)\#(mark) "é/\+<&%'="#
  }

  init() async throws {
    vault = try TemporaryFolder()
    let certificates = try await Certificates(in: vault)
    servers = try await EchoServers(in: vault, certificates)
    let apps = vault.path + "/apps"
    try FileManager.default.createDirectory(atPath: apps, withIntermediateDirectories: true)
    _ = try vault.file("apps/desk.yaml", Self.app)
    var environment = ["FETTLE_APPS": apps]
    for number in 0..<Connector.count * Source.allCases.count {
      for place in 0..<2 {
        environment["PLANTED_\(number)_\(place)"] = Self.secret(number, place)
        _ = try vault.file("secret-\(number)-\(place)", Self.secret(number, place) + "\n")
      }
    }
    self.environment = environment
    caller = try await APICaller(environment: environment)
    let files = try await Self.sftp(in: vault)
    sshd = files?.server
    connectors = Connector.all(servers, certificates, files, vault)
  }

  private static let app = """
    app: desk
    label: Desk
    base: http://127.0.0.1
    connection: app
    authentication:
      headers:
        X-Token: "{{var.secret.token}}"
      query:
        token: "{{var.secret.token}}"
    errors:
      - { status: [422], type: DataError, message: "{{var.answer.message}}" }
    modules:
      Ask:
        label: Ask
        fields:
          - { name: path, label: Path, type: text, required: true }
        request: { method: get, path: "{{var.input.path}}" }
    """

  /// OpenSSH with a key that each connection has a passphrase of its own for.
  private static func sftp(in folder: TemporaryFolder) async throws -> SFTPPlace? {
    guard RealServer.sshd != nil, let keygen = RealServer.installed("ssh-keygen")
    else { return nil }
    let path = folder.path
    func key(_ name: String, _ passphrase: String) async throws {
      try await RealServer.run(
        keygen, ["-q", "-t", "ecdsa", "-N", passphrase, "-m", "PEM", "-f", "\(path)/\(name)"],
        in: folder)
    }
    try await key("host", "")
    var allowed = ""
    for place in 0..<Source.allCases.count {
      let number = Connector.sftpPlace * Source.allCases.count + place
      try await key("ssh-\(number)", secret(number, 0))
      allowed += try String(contentsOfFile: "\(path)/ssh-\(number).pub", encoding: .utf8)
    }
    _ = try folder.file("allowed", allowed)
    return SFTPPlace(
      server: try await RealServer.ssh(in: folder),
      fingerprint: try await RealServer.hostFingerprint(in: folder), folder: path)
  }

  /// Runs `fettle` on the store, with the secrets in its environment.
  private func fettle(
    _ arguments: [String], input: String? = nil
  ) async throws -> Program.Result {
    try await Program.fettle(
      arguments + ["--store", caller.bench.path], input: input, home: caller.bench.folder.path,
      environment: environment)
  }

  /// Adds the connection of a pair: the program does where something is sealed, and once for each other
  /// source; the rest, which only say where a secret is, are put into the store.
  private func add(_ connector: Connector, _ number: Int, _ source: Source) async throws -> String {
    var connection = Connection(name: "c\(number)", kind: connector.kind)
    var arguments = ["connection", "add", connection.name, connector.kind]
    var input = ""
    for text in connector.settings {
      let setting = text.replacing("NUMBER", with: "\(number)")
      arguments += ["--set", setting]
      let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
      connection.settings[parts[0]] = .text(parts[1])
    }
    if connector.kind == "certificate" {
      let key = vault.path + "/client-\(number).key"
      try await RealServer.run(
        "/usr/bin/openssl",
        [
          "pkcs8", "-topk8", "-in", vault.path + "/client.key", "-out", key, "-passout",
          "file:\(vault.path)/secret-\(number)-0",
        ], in: vault)
      arguments += ["--secret-file", "key=\(key)"]
      connection.secrets["key"] = .file(key)
    }
    for (place, name) in connector.secrets.enumerated() {
      let file = "\(vault.path)/secret-\(number)-\(place)"
      switch source {
      case .environment:
        arguments += ["--secret-env", "\(name)=PLANTED_\(number)_\(place)"]
        connection.secrets[name] = .environment("PLANTED_\(number)_\(place)")
      case .file:
        arguments += ["--secret-file", "\(name)=\(file)"]
        connection.secrets[name] = .file(file)
      case .command:
        arguments += ["--secret-command", "\(name)=cat \(file)"]
        connection.secrets[name] = .command("cat \(file)")
      case .sealed:
        arguments += ["--secret", name]
        input += Self.secret(number, place) + "\n"
      }
    }
    guard source == .sealed || number < Source.allCases.count else {
      try await caller.bench.store.keep(connection)
      return ""
    }
    let result = try await fettle(arguments, input: input)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result.output + result.errors
  }

  /// A scenario in which each of four bundles goes another way: with the connection of one source to a
  /// module that works and to one that is refused.
  private func run(_ connector: Connector, _ first: Int) async throws -> String {
    let routes = Source.allCases.indices.map { place in
      let works = connector.works.replacing("NAME", with: "c\(first + place)")
      let fails = connector.fails.replacing("NAME", with: "c\(first + place)")
      let filter =
        #""filter":{"name":"\#(place)","conditions":[[{"a":"{{1.n}}","o":"text:equal","b":"\#(place)"}]]}"#
      let first = #"{"id":\#(10 + place),\#(filter),\#(works)}"#
      return #"{"flow":[\#(first),{"id":\#(20 + place),\#(fails)}]}"#
    }
    let file = try caller.bench.folder.file(
      "\(connector.name).json",
      #"""
      {"name":"\#(connector.name)","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        {"id":2,"module":"builtin:BasicRouter","routes":[\#(routes.joined(separator: ","))]}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
    let given = try caller.bench.folder.file(
      "given.json", #"[{"n":"0"},{"n":"1"},{"n":"2"},{"n":"3"}]"#)
    let result = try await fettle(["run", file, "--bundles", given])
    #expect(result.status == 3, "\(connector.name): \(result.output)\(result.errors)")
    return result.output + result.errors
  }

  @Test("none is shown, answered, logged or left behind, by what works and by what is refused")
  func everywhere() async throws {
    var outputs: [String: String] = [:]
    for (place, connector) in connectors.enumerated() {
      let first = place * Source.allCases.count
      for (offset, source) in Source.allCases.enumerated() {
        outputs["add \(connector.name) \(source)"] = try await add(
          connector, first + offset, source)
      }
      outputs["run \(connector.name)"] = try await run(connector, first)
      // Each kind is tried with another source.
      let name = "c\(first + place % Source.allCases.count)"
      let test = try await fettle(
        ["connection", "test", name] + (connector.url.map { ["--url", $0] } ?? []))
      outputs["test \(connector.name)"] = test.output + test.errors
    }
    // The servers were really told the secrets, so that they could tell them back.
    let told = servers.told
    for (place, connector) in connectors.enumerated() where connector.isTold {
      for number in place * 4..<place * 4 + 4 {
        #expect(told.contains("s\(number)-0\(Self.mark)"), "\(connector.name)")
      }
    }
    let records = try await caller.records()
    #expect(records.count == connectors.count * Source.allCases.count)
    for record in records {
      #expect(record.failer.number >= 20, "\(record.scenarioName): \(record.reason)")
    }
    try await look(at: records, &outputs)
    _ = try await caller.daemon.stop()
    outputs["log of the daemon"] = caller.daemon.log
    #expect(caller.daemon.log.contains("\n"))
    for form in Self.forms {
      for (what, output) in outputs {
        guard let found = output.range(of: form) else { continue }
        Issue.record(
          "\(what) shows \(form): \(output[..<found.upperBound].suffix(200))")
      }
      #expect(try await files(holding: form) == [])
    }
    // What looks for them finds them where they are.
    #expect(try await FileSearch.files([vault.path + "/secret-0-0"], holding: Self.mark).count == 1)
  }

  /// What the API answers, as it is.
  private func ask(_ method: String, _ path: String, _ body: String = "") async -> String {
    let answer = await caller.client.send(
      method, "/api/v2/\(path)",
      ["Authorization": "Token \(caller.token)", "Content-Type": "application/json"], body)
    #expect(answer.status < 400, "\(method) \(path): \(answer.text.prefix(300))")
    return answer.text
  }

  /// Everything that commands, the API and the terminal say of records and executions.
  private func look(
    at records: [IncompleteSummary], _ outputs: inout [String: String]
  ) async throws {
    for (place, record) in records.enumerated() {
      let id = record.id.text
      // One of each kind, each with another source, is looked at from every side.
      let isOne = place % 5 == 0
      for call in ["/bundle", "/logs"] + (isOne ? ["", "/blueprint"] : []) {
        outputs["\(record.scenarioName) \(id)\(call)"] = await ask("GET", "dlqs/\(id)\(call)")
      }
      guard isOne else { continue }
      outputs["check \(id)"] = await ask("POST", "dlqs/\(id)/check", "{}")
      // The daemon is refused, too.
      outputs["POST \(id)/retry"] = await ask("POST", "dlqs/\(id)/retry")
      for command in [["show", id], ["show", id, "--json"], ["retry", id]] {
        let result = try await fettle(command)
        outputs["\(command)"] = result.output + result.errors
      }
    }
    let executions = try await caller.bench.ended()
    for (place, execution) in executions.enumerated() where place % 2 == 0 {
      let result = try await fettle(["log", execution.summary.id, "--json"])
      outputs["log \(execution.summary.id)"] = result.output + result.errors
    }
    let last = executions.first?.summary.id ?? ""
    for command in [
      ["log", last], ["list"], ["list", "--json"],
      ["history"], ["history", "--json"], ["connection", "list"], ["connection", "list", "--json"],
      ["scenarios"],
    ] {
      let result = try await fettle(command)
      #expect(result.status == 0, "\(command): \(result.errors)")
      outputs["\(command)"] = result.output + result.errors
    }
    for call in ["dlqs?scenarioId=1", "scenarios", "scenarios/1", "scenarios/1/logs"] {
      outputs["GET \(call)"] = await ask("GET", call)
    }
    outputs["metrics"] = await caller.client.send("GET", "/metrics").text
    let plain = try await fettle(
      ["open", "--plain"],
      input: "list\n"
        + stride(from: 1, through: records.count, by: 5).map { number in
          "open \(number)\nfields\ninput\nhistory\naudit\n"
        }.joined()
        + "quit\n")
    #expect(plain.output.contains(Mask.sign))
    outputs["open --plain"] = plain.output + plain.errors
    try await screens(records.count, &outputs)
  }

  /// What an operator sees: the list, a record of every second kind with its bundles and its editor, the
  /// other screens.
  private func screens(_ records: Int, _ outputs: inout [String: String]) async throws {
    guard TmuxSession.isInstalled else { return }
    let terminal = try TmuxSession(
      "\(Program.path) --store \(caller.bench.path)", columns: 160, rows: 50,
      environment: ["HOME": caller.bench.folder.path])
    outputs["screen, list"] = try await terminal.wait(for: "\(records) open")
    let quiet = try Quiet(terminal)
    defer { quiet.end() }
    func press(_ keys: String...) async throws {
      try terminal.press(inOneGo: keys)
      try await caller.bench.wait("rest after \(keys)") { quiet.isNow }
      let name = "screen \(outputs.count), \(keys)"
      outputs[name] = try terminal.screen()
    }
    for _ in 0..<records / Source.allCases.count / 2 {
      try await press("Enter")
      outputs["screen \(outputs.count)"] = try await terminal.wait(for: "FAILED")
      for keys in [["Tab"], ["Enter"], ["Escape"], ["e"], ["Escape"], ["a"], ["Escape"]] {
        try await press(keys[0])
      }
      try await press("Escape")
      try await terminal.wait(for: "\(records) open")
      try await press("j", "j", "j", "j", "j", "j", "j", "j", "j")
    }
    for key in ["2", "3", "4", "5"] {
      try await press(key)
      try await press("Enter")
      try await press("Escape")
    }
  }

  /// Everything the programs left behind but for the key and what the test wrote.
  private func files(holding word: String) async throws -> [String] {
    let folder = caller.bench.folder.path
    let names = (FileManager.default.enumerator(atPath: folder)?.allObjects ?? [])
      .compactMap { $0 as? String }
    #expect(names.contains("s.db"))
    return try await FileSearch.files(
      names.filter { !$0.hasSuffix("fettle/key") }.map { "\(folder)/\($0)" }, holding: word)
  }
}
