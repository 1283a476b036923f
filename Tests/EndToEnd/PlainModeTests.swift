import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite("The line mode", .fewAtOnce)
struct PlainModeTests {
  let folder: TemporaryFolder
  var store: String { "\(folder.path)/fettle.db" }

  init() throws { folder = try TemporaryFolder() }

  /// Two orders whose text is no JSON.
  private func fill() async throws {
    let run = try await Program.fettle(
      [
        "run", folder.file("b.json", CommandTests.blueprint), "--store", store, "--bundles",
        folder.file("bundles.json", #"[{"body":"{\"name\":"},{"body":"no\u001b[31m JSON"}]"#),
      ], home: folder.path)
    try #require(run.status == 3, "\(run.errors)")
  }

  private func say(_ lines: String..., options: [String] = []) async throws -> Program.Result {
    try await Program.fettle(
      ["open", "--plain", "--store", store] + options,
      input: lines.map { $0 + "\n" }.joined(), home: folder.path)
  }

  @Test("find a record, see why it failed, mend the field, see the change, resume")
  func mend() async throws {
    try await fill()
    let talk = try await say(
      "open 2", "chain", "fields", #"set 1.body {"name":"Ada"}"#, "changes", "check", "resume",
      "back", "quit")
    #expect(talk.status == 0, "\(talk.output)\(talk.errors)")
    for part in [
      "2 open, 0 waiting, 0 running", "1. ", "2. ", "<< FAILED", #"1.body: text "{"name":"#,
      #"1.body: text "{"name":" -> text "{"name":"Ada"}""#, "fits the module", "will run: 2",
      "resolved in", "1 open, 0 waiting",
    ] { #expect(talk.output.contains(part), "\(part) in \(talk.output)") }
    #expect(!talk.output.contains("\u{1B}"), "nothing drives the terminal")
  }

  @Test("what cannot be done is said, and the exit status tells it")
  func refusals() async throws {
    try await fill()
    let talk = try await say(
      "frobnicate", "set 1.body x", "re", "open 9", "open 1", "set 1.nothing.there x", "resume",
      "quit")
    #expect(talk.status == 1)
    for part in [
      "there is no command \"frobnicate\"", "open a record first", "\"re\" could be rename or remove",
      "there is no", "1.nothing.there does not exist", "failed again: ",
    ] { #expect(talk.output.contains(part), "\(part) in \(talk.output)") }
  }

  @Test("changes are not lost by leaving: quit asks first, undo and redo work")
  func unsaved() async throws {
    try await fill()
    let talk = try await say(
      "open 1", "set 1.body a", "undo", "redo", "back", "open 2", "quit", "save", "quit")
    #expect(talk.output.contains("changes are not saved: save them, or revert"))
    #expect(talk.output.contains("changes are not saved: save, or quit once more"))
    #expect(talk.output.contains("saved"))
    let after = try await say("open 1", "history", "quit")
    #expect(after.output.contains("changed 1.body"))
  }

  @Test("marked records are resumed one after the other; those that fail stay marked")
  func bulk() async throws {
    try await fill()
    let talk = try await say("mark 1 2", "resume-marked", "marked", "quit")
    #expect(talk.status == 1)
    #expect(talk.output.contains("2 stay marked"))
  }

  @Test("the list takes the filter language, and says where a filter is wrong")
  func filter() async throws {
    try await fill()
    let talk = try await say(
      #"list error:Data bundle.body:"no""#, "list status:resolved", "list error:", "list", "quit")
    #expect(talk.output.contains("1. "))
    #expect(talk.output.contains("nothing fits the filter"))
    #expect(talk.output.contains("! the filter: "))
    #expect(talk.output.ranges(of: "2. ").count == 2, "at the start and after list: \(talk.output)")
  }

  @Test("read-only refuses every change")
  func readOnly() async throws {
    try await fill()
    let talk = try await say(
      "open 1", "set 1.body x", "delete", "resume", "auto on", "quit", options: ["--read-only"])
    #expect(talk.output.ranges(of: "started with --read-only").count == 4)
  }

  @Test("close with a reason, the bin and back, automatic retry, help for everything")
  func acting() async throws {
    try await fill()
    let talk = try await say(
      "open 1", "close", "delete", "restore", "auto on", "auto off", "close sent by hand", "help",
      "quit")
    for part in [
      "say why: close REASON", "in the bin", "out of the bin", "next retry", "no automatic retry",
      "closed: sent by hand", "set-json PATH JSON",
    ] { #expect(talk.output.contains(part), "\(part) in \(talk.output)") }
  }

  @Test("the groups, the records of one, what has run")
  func groups() async throws {
    try await fill()
    let talk = try await say(
      "groups", "group 1", "open 1", "back", "executions", "executions Greeting",
      "executions Nothing", "group 9", "quit")
    #expect(talk.status == 1)
    for part in [
      "1. 1 record, newest", "group NUMBER lists the records of one", "Error at Parse JSON: ",
      "filter: group:", "warning, ", "manual, 1 operation, 2 stored, Greeting",
      "there is no scenario \"Nothing\"", "name a number of the groups",
    ] { #expect(talk.output.contains(part), "\(part) in \(talk.output)") }
  }

  @Test("the value of a secret field is in none of its answers, whoever repeats it")
  func secrets() async throws {
    let secret = "planted-pass-77"
    let server = LoopbackHTTP { _ in
      .json(422, ["message": .text("no user with \(secret)"), "field": "user"])
    }
    let blueprint = """
      {"name":"Guarded","flow":[{"id":1,"module":"gateway:CustomWebHook","mapper":{}},
        {"id":2,"module":"http:ActionSendDataBasicAuth","version":3,
         "parameters":{"handleErrors":true},
         "mapper":{"url":"\(server.base)/x","method":"post","authUser":"ada","authPass":"{{1.pass}}",
          "bodyType":"raw","contentType":"text/plain","data":"as {{1.pass}}","parseResponse":true}}],
       "metadata":{"scenario":{"dlq":true}}}
      """
    let run = try await Program.fettle(
      [
        "run", folder.file("s.json", blueprint), "--store", store, "--bundles",
        folder.file("s-bundles.json", #"[{"pass":"\#(secret)","note":"pass is \#(secret)"}]"#),
      ], home: folder.path)
    try #require(run.status == 3, "\(run.errors)")
    let talk = try await say(
      "open 1", "chain", "fields", "input", "check", "resume", "history", "fields 1.note", "quit")
    #expect(talk.output.contains("failed again: "), "\(talk.output)")
    #expect(talk.output.contains("••••"))
    #expect(!talk.output.contains(secret), "\(talk.output)")
  }
}
