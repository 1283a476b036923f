import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite("What a connection is needed for")
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
}
