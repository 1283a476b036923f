import FettleCore
import FettleTestKit
import Foundation
import PseudoTerminal
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
      "there is no command \"frobnicate\"", "open a record first",
      "\"re\" could be rename or remove",
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

  /// A conversation on a terminal that waits for what it is answered.
  private func onTerminal(
    _ body: @escaping @Sendable (PseudoTerminal) async throws -> Void
  ) async throws {
    let terminal = try PseudoTerminal(
      Program.path, ["open", "--plain", "--store", store],
      environment: [
        "HOME=\(folder.path)", "PATH=/usr/bin:/bin", "TERM=dumb", "LC_ALL=C.UTF-8", "TZ=UTC",
      ])
    try #require(terminal.read(until: { $0.shows("help lists") }, seconds: 20))
    try await body(terminal)
  }

  @Test("a marked record that somebody else changed since is left alone, wherever it is listed")
  func changedMeanwhile() async throws {
    try await fill()
    try await onTerminal { terminal in
      terminal.type("mark all\nlist error:Timeout\nmarked\n")
      try #require(terminal.read(until: { $0.shows("not in the list: ") }, seconds: 20))
      let list = try await Program.fettle(
        ["list", "--store", store, "--json"], home: folder.path)
      let id = try #require(try JSONReader.read(list.output).array?.last?.collection?["id"]?.text)
      let edit = try await Program.fettle(
        ["edit", id, "--set", "1.body={}", "--store", store], home: folder.path)
      try #require(edit.status == 0, "\(edit.errors)")
      terminal.type("resume-marked\nquit\n")
      #expect(terminal.waitForEnd(seconds: 20) == 1)
      #expect(terminal.shows("\(id.prefix(8)) was changed since it was marked"))
      #expect(terminal.shows("failed again: "), "the other one is run")
      #expect(terminal.shows("2 stay marked"))
    }
  }

  @Test("Ctrl-C and the end of the input lose no change: it is offered again")
  func interrupted() async throws {
    try await fill()
    try await onTerminal { terminal in
      terminal.type("open 1\nset 1.body mine\n")
      // Before a line is asked for, Ctrl-C ends what is being done.
      try #require(terminal.read(until: { $0.shows(" changed> ") }, seconds: 20))
      terminal.type("\u{3}")
      #expect(terminal.waitForEnd(seconds: 20) == 130)
      #expect(terminal.shows("were not saved; they are kept"))
    }
    let again = try await say("open 1", "recover", "set 1.body also mine")
    #expect(again.status == 1)
    #expect(again.output.contains("1 changes of ") && again.output.contains("-> text \"mine\""))
    let last = try await say("open 1", "recover", "changes", "save", "open 1", "recover", "quit")
    #expect(last.output.contains("-> text \"also mine\""))
    #expect(last.output.contains("nothing was left unsaved"))
  }

  @Test("many records are closed, thrown away, brought back and removed for good")
  func manyRecords() async throws {
    try await fill()
    let talk = try await say(
      "mark matching", "close-marked", "close-marked by hand", "list status:resolved", "mark all",
      "reopen-marked", "list", "mark all", "delete-marked", "list status:bin", "mark 1",
      "restore-marked", "list status:bin", "mark all", "purge-marked", "purge-marked 1", "list",
      "quit")
    for part in [
      "2 marked", "say why: close-marked REASON", "closed", "open again", "in the bin",
      "out of the bin", "there is no way back: purge-marked 1", "removed for good", "all done",
      "1 open, 0 waiting, 0 running",
    ] { #expect(talk.output.contains(part), "\(part) in \(talk.output)") }
  }

  @Test("what one record is changed to is shown in the marked ones before it is made there")
  func changeMarked() async throws {
    try await fill()
    let talk = try await say(
      "mark all", "open 1", "set 1.body {}", "save", "change-marked yes", "change-marked",
      "change-marked yes", "resume-marked", "quit")
    for part in [
      "shows first what would be changed", "  →  text \"{}\"", "change-marked yes changes 1",
      "all resolved",
    ] { #expect(talk.output.contains(part), "\(part) in \(talk.output)") }
  }

  @Test("scenarios, the audit, an execution module by module, views and sorting")
  func otherLists() async throws {
    try await fill()
    let export = folder.path + "/audit.json"
    let talk = try await say(
      "open 1", "close by hand", "back", "scenarios", "start-scenario Nobody", "audit who:nobody",
      "audit who:", "audit action:closed", "export \(export)", "export \(export)", "executions",
      "execution 1", "execution 1 2", "execution 1 77", "sort -size", "sort nothing",
      "save-view big", "list status:resolved", "view big", "views", "view none", "quit")
    #expect(talk.status == 1)
    for part in [
      "1. Greeting: off, 1 open, under 1% of its limit", "there is no scenario \"Nobody\"",
      "nothing fits the filter", "! the filter: ", ": closed, by hand", "1 lines written to",
      "cannot be made", "shows what it stored", "  input", "there is no module \"77\"",
      "sort: size↓", "there are created", "saved as big", "big: everything, sort -size",
      "there is no view \"none\"",
    ] { #expect(talk.output.contains(part), "\(part) in \(talk.output)") }
  }

  @Test("a credential among the headers of a module is shown nowhere, nor is what replaces it")
  func credentials() async throws {
    let blueprint = #"""
      {"name":"Call","flow":[{"id":1,"module":"gateway:CustomWebHook"},
        {"id":2,"module":"http:ActionSendData","mapper":{"url":"http://127.0.0.1:9/","method":"get",
         "headers":[{"name":"Accept","value":"text/plain"},
           {"name":"Authorization","value":"Bearer hunter2-of-old"}]}}],
       "metadata":{"scenario":{"dlq":true}}}
      """#
    let run = try await Program.fettle(
      [
        "run", folder.file("call.json", blueprint), "--store", store, "--bundles",
        folder.file("call-in.json", #"[{"a":1}]"#),
      ], home: folder.path)
    try #require(run.status == 3, "\(run.errors)")
    let id = try #require(run.output.matches(of: /[0-9a-f]{8}/).map { String($0.output) }.first)
    let edited = try await Program.fettle(
      [
        "edit", id, "--mapping", "2.headers[2].value=Bearer hunter2-of-new", "--store", store,
      ], home: folder.path)
    #expect(edited.status == 0, "\(edited.errors)")
    let talk = try await say(
      "audit", "list", "open 1", "mapping", "way headers", "input", "check", "back", "executions",
      "execution 1 2", "quit")
    #expect(talk.output.contains("mapping changed 2.headers[2].value"), "\(talk.output)")
    for told in [edited.output, talk.output] { #expect(!told.contains("hunter2"), "\(told)") }
    let shown = try await Program.fettle(
      ["show", id, "--json", "--store", store], home: folder.path)
    #expect(!shown.output.contains("hunter2") && shown.output.contains("text/plain"))
  }

  @Test("a record is renamed, moved, filled from a file, mapped otherwise, given its output")
  func mending() async throws {
    try await fill()
    let file = try folder.file("text.txt", "two\nlines")
    let talk = try await say(
      "open 1", "set 1.extra 5", "rename 1.extra other", "move 1.other up", "fields",
      "file 1.body \(file)", "value 1.body", "file 1.body /nowhere", "revert", "mapping",
      "way json", "from", "from 9", "check now", "map json {\"a\":1}", "resume", "back", "open 1",
      "output 5", #"output {"name":"Ada"}"#, "quit")
    for part in [
      "1.other: text \"5\", changed", "\ntwo\nlines\n", "No such file", "json: text \"{{1.body}}\"",
      "from 1.body: ", "2 Parse JSON, where it goes on now", "cannot go on at module 9",
      "nothing stands behind check", "an output is an object",
    ] { #expect(talk.output.contains(part), "\(part) in \(talk.output)") }
    #expect(talk.output.ranges(of: "resolved in").count == 2, "\(talk.output)")
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
