import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite("What a connection is needed for", .fewAtOnce)
struct ConnectionNeedTests {
  let bench: ServiceBench

  init() throws { bench = try ServiceBench() }

  private func fettle(_ arguments: [String], input: String? = nil) async throws -> Program.Result {
    try await Program.fettle(
      arguments + ["--store", bench.path], input: input, home: bench.folder.path)
  }

  private func blueprint(_ name: String, _ first: String, _ second: String) throws -> String {
    try bench.folder.file(
      "\(name).json",
      #"""
      {"name":"\#(name)","flow":[{"id":1,"module":"util:BasicTrigger"},
        {"id":2,"module":"http:ActionSendDataBasicAuth","version":3,"parameters":{"auth":\#(first)},
         "mapper":{"url":"http://127.0.0.1:9/","method":"get"}},
        {"id":3,"module":"email:ActionSendEmail","parameters":{"account":\#(second)},
         "mapper":{"to":["a@b.org"]}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#)
  }

  private func add(_ name: String, _ kind: String = "basic") async throws {
    let settings = kind == "basic" ? ["user=ada"] : ["host=127.0.0.1"]
    try await bench.fettle(
      ["connection", "add", name, kind, "--secret-env", "password=P"]
        + settings.flatMap { ["--set", $0] })
  }

  @Test("what is said of how to make one names the secrets that its app reads")
  func secretsOfAnApp() async throws {
    let file = try bench.folder.file(
      "bot.json",
      #"""
      {"name":"Bot","flow":[{"id":1,"module":"util:BasicTrigger"},
        {"id":2,"module":"telegram:SendReplyMessage","parameters":{"__IMTCONN__":7},"mapper":{}}]}
      """#)
    let check = try await fettle(["check", file])
    #expect(
      check.output.contains("'fettle connection add NAME app --secret token' makes one"),
      "\(check.output)")
  }

  @Test("it is not removed while blueprints mean it, unless that is said; who needs it is named")
  func removal() async throws {
    try await add("crm")
    try await add("mail", "smtp")
    let orders = try blueprint("Orders", "4711", "12")
    // By its name, without anybody having said so.
    let care = try blueprint("Care", #""crm""#, "12")
    for file in [orders, care] {
      try await bench.fettle(
        ["import", file, "--connection", "http:4711=crm", "--connection", "email:12=mail"])
    }
    let kept = try await fettle(["connection", "remove", "crm"])
    #expect(kept.status == 2)
    for text in [
      "http:4711", "http:crm", "\"Orders\" (module 2)", "\"Care\" (module 2)", "need it",
      "fettle connection use APP:ID NAME", "--force",
    ] { #expect(kept.errors.contains(text), "\(text): \(kept.errors)") }
    #expect(!kept.errors.contains("email:12"))
    #expect(try await bench.fettle(["connection", "list"]).contains("crm"))

    let removed = try await fettle(["connection", "remove", "crm", "--force"])
    #expect(removed.status == 0)
    #expect(removed.output == "Removed crm.\n")
    #expect(removed.errors.contains("http:4711"), "\(removed.errors)")
    #expect(!(try await bench.fettle(["connection", "list"]).contains("crm")))
    #expect(try await fettle(["connection", "remove", "crm", "--force"]).status == 2)
  }

  @Test("what no blueprint means is removed at once; what was said of it alone is named, too")
  func unused() async throws {
    try await add("crm")
    #expect(try await bench.fettle(["connection", "remove", "crm"]) == "Removed crm.\n")
    try await add("crm")
    try await bench.fettle(["connection", "use", "http:1", "crm"])
    let kept = try await fettle(["connection", "remove", "crm"])
    #expect(kept.status == 2)
    #expect(
      kept.errors.contains("http:1 means this connection, and no scenario here needs it"),
      "\(kept.errors)")
    #expect(kept.errors.contains("fettle connection use http:1 NAME"), "\(kept.errors)")
  }

  @Test("an identity the blueprint does not name is remarked by import, with those it names")
  func slip() async throws {
    try await add("crm")
    let file = try blueprint("Orders", "4711", "12")
    let result = try await fettle(["import", file, "--connection", "http:471=crm"])
    #expect(result.status == 2)
    #expect(
      result.errors.contains(
        "Orders names no connection http:471; it names http:4711, email:12"), "\(result.errors)")
  }

  @Test("a check names the connections of a blueprint, and those that mean nothing here")
  func check() async throws {
    let file = try blueprint("Orders", "4711", "12")
    // Without a store there is nothing they could mean.
    let elsewhere = try await Program.fettle(
      ["check", file, "--store", bench.folder.path + "/none.db"], home: bench.folder.path)
    #expect(elsewhere.status == 0, "\(elsewhere.output)\(elsewhere.errors)")
    #expect(elsewhere.output.contains("connection http:4711: "))
    try await add("crm")
    try await add("mail", "smtp")
    try await bench.fettle(["connection", "use", "email:12", "mail"])
    let missing = try await fettle(["check", file])
    #expect(missing.status == 1)
    #expect(
      missing.output.contains("connection http:4711: nobody said what it means here"),
      "\(missing.output)")
    #expect(missing.output.contains("'fettle connection use http:4711 NAME'"))
    #expect(missing.output.contains("'fettle connection add NAME basic' makes one"))
    #expect(!missing.output.contains("Nothing to remark"))
    #expect(missing.output.contains("connection email:12: mail, for module 3"))
    let json = try JSONReader.read(try await fettle(["check", file, "--json"]).output)
    let connections = json.collection?["connections"]?.array ?? []
    #expect(connections.map { $0.collection?["name"] } == [.null, "mail"])
    #expect(connections.first?.collection?["modules"] == [2])
    try await bench.fettle(["connection", "use", "http:4711", "crm"])
    let found = try await fettle(["check", file])
    #expect(found.status == 0, "\(found.output)\(found.errors)")
    // A connection that was removed is missed.
    try await bench.fettle(["connection", "remove", "crm", "--force"])
    #expect(try await fettle(["check", file]).status == 1)
    let run = try await fettle(["run", file])
    #expect((run.output + run.errors).contains("fettle connection use http:4711 NAME"))
  }

  @Test(
    "what does not fit a setting is refused when it is said, not when it is used",
    arguments: [
      (["smtp", "--set", "host=h", "--set", "port=abc"], "port has to be a port, not abc"),
      (["smtp", "--set", "host=h", "--set", "security=ssl"], "none or starttls or tls, not ssl"),
      (["imap", "--set", "host=h", "--set", "verify=maybe"], "verify has to be yes or no"),
      (["ftp", "--set", "host=h", "--set", "timeout=0"], "a number of seconds, not 0"),
      (["api-key", "--set", "placement=cookie"], "placement has to be header or query"),
      (["basic", "--set", "user=ada"], "--secret password asks for it, --secret-env"),
      (["proxy", "--set", "proxy=http://a:hunter2@h:1"], "proxy holds a password"),
      (["app", "--set", "accessToken=hunter2"], "give it with --secret accessToken"),
    ])
  func unfit(arguments: [String], says: String) async throws {
    let result = try await fettle(["connection", "add", "x"] + arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains(says), "\(result.errors)")
    #expect(!result.errors.contains("hunter2"))
  }

  @Test("the path of a file means the same wherever a program is started")
  func paths() async throws {
    try await bench.fettle([
      "connection", "add", "desk", "certificate", "--set", "certificate=client.pem", "--set",
      "ca=~/ca.pem", "--secret-file", "key=client.key",
    ])
    let here = FileManager.default.currentDirectoryPath
    let list = try await bench.fettle(["connection", "list"])
    #expect(list.contains("certificate=\(here)/client.pem"), "\(list)")
    #expect(list.contains("ca=\(bench.folder.path)/ca.pem"), "\(list)")
    #expect(list.contains("key: file \(here)/client.key"), "\(list)")
  }

  @Test("what kinds are made of is told; without a store there are no connections")
  func kinds() async throws {
    let all = try await Program.fettle(["connection", "kinds"], home: bench.folder.path)
    #expect(all.status == 0)
    for kind in ConnectionKind.all { #expect(all.output.contains("\(kind.name): \(kind.summary)")) }
    let one = try await Program.fettle(["connection", "kinds", "imap"], home: bench.folder.path)
    #expect(one.output.contains("  --set host=…  host (required)\n"), "\(one.output)")
    #expect(one.output.contains("  --secret password  password\n"))
    #expect(
      try await Program.fettle(["connection", "kinds", "x"], home: bench.folder.path).status == 2)
    let none = try await Program.fettle(["connection"], home: bench.folder.path)
    #expect(none.status == 0 && none.output.contains("No connections."), "\(none)")
  }

  @Test(
    "an import asks once for each identity, naming the kinds there are; the next one asks nothing",
    .enabled(if: TmuxSession.isInstalled, "tmux is not installed"))
  func asks() async throws {
    try await add("crm")
    try await add("mail", "smtp")
    let file = try blueprint("Orders", "4711", "12")
    // What a program that has ended said may be gone from its terminal; the shell stays.
    let first = try TmuxSession(
      "sh -c '\(Program.path) import \(file) --store \(bench.path); exec sleep 100'", columns: 120,
      environment: ["HOME": bench.folder.path])
    try await first.wait(for: "connection 4711 of http. Here there are: crm (basic), mail (smtp)")
    try first.type("nobody")
    try first.press("Enter")
    try await first.wait(for: "there is no connection 'nobody'")
    try first.type("crm")
    try first.press("Enter")
    try await first.wait(for: "connection 12 of email.")
    try first.type("mail")
    try first.press("Enter")
    try await first.wait(for: "Imported Orders: 3 modules.")
    let second = try await fettle(["import", file])
    #expect(second.status == 0)
    #expect(second.output == "Imported Orders: 3 modules.\n" && second.errors.isEmpty, "\(second)")
  }
}
