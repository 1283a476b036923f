import FettleCore
import FettleTestKit
import Foundation
import Glibc
import Testing

@Suite("The command", .fewAtOnce)
struct CommandTests {
  let folder: TemporaryFolder
  var store: String { "\(folder.path)/data/fettle.db" }

  init() throws { folder = try TemporaryFolder() }

  static let blueprint = #"""
    {"name":"Greeting","flow":[
      {"id":1,"module":"gateway:CustomWebHook","mapper":{}},
      {"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.body}}"}},
      {"id":3,"module":"util:SetVariable2","mapper":{"name":"who","scope":"roundtrip","value":"{{2.name}}"}}],
     "metadata":{"scenario":{"dlq":true}}}
    """#

  func fettle(_ arguments: String..., input: String? = nil) async throws -> Program.Result {
    try await Program.fettle(arguments, input: input, home: folder.path)
  }

  func stored(_ bundles: String) async throws -> Program.Result {
    try await fettle(
      "run", folder.file("b.json", Self.blueprint), "--bundles",
      folder.file("bundles.json", bundles), "--store", store)
  }

  func records(_ arguments: String...) async throws -> [Collection] {
    let result = try await Program.fettle(
      ["list", "--json", "--store", store] + arguments, home: folder.path)
    #expect(result.status == 0)
    return try JSONReader.read(result.output).array?.compactMap(\.collection) ?? []
  }

  @Test("list and history say why they are empty")
  func empty() async throws {
    _ = try await stored(#"[{"body":"{\"name\":"}]"#)
    let told = [
      (["list", "--filter", "error:Connection"], "0 of 1 match the filter."),
      (["list", "--status", "resolved"], "Nothing is resolved yet."),
      (["list", "--filter", "status:bin"], "The bin is empty."),
    ]
    for (arguments, text) in told {
      let result = try await Program.fettle(arguments + ["--store", store], home: folder.path)
      #expect(result.status == 0 && result.output == text + "\n", "\(arguments): \(result)")
    }
    let idle = try folder.file(
      "idle.json", #"{"name":"Idle","flow":[{"id":1,"module":"util:BasicTrigger"}]}"#)
    _ = try await fettle(
      "schedule", idle, "--inactive", "--set", #"{"type":"on-demand"}"#, "--store", store)
    let history = try await fettle("history", "--scenario", "Idle", "--store", store)
    #expect(history.output == "Idle has not run yet.\n", "\(history)")
  }

  @Test("a name with an end of a line, or of wide letters, does not break a table")
  func lines() async throws {
    let flow = #"""
      [{"id":1,"module":"gateway:CustomWebHook"},
       {"id":2,"module":"json:ParseJSON","mapper":{"json":"{{1.body}}"}}]
      """#
    for (file, name) in [("a", #"Or\nders"#), ("b", "구글 시트"), ("c", "Orders")] {
      let path = try folder.file(
        "\(file).json",
        #"{"name":"\#(name)","flow":\#(flow),"metadata":{"scenario":{"dlq":true}}}"#)
      let bundles = try folder.file("bundles.json", #"[{"body":"{"}]"#)
      let run = try await Program.fettle(
        ["run", path, "--bundles", bundles, "--store", store], home: folder.path)
      #expect(run.status == 3 && run.output.split(separator: "\n").count == 3, "\(run)")
    }
    let list = try await Program.fettle(["list", "--store", store], home: folder.path)
    let rows = list.output.split(separator: "\n")
    #expect(rows.count == 4, "\(list)")
    // Wide letters take two columns each.
    let places = rows.map { row in
      row.ranges(of: "2 Parse JSON").first.map { range in
        row[..<range.lowerBound].unicodeScalars.reduce(0) {
          $0 + (("가"..."힣").contains($1) ? 2 : 1)
        }
      }
    }
    #expect(Set(places.dropFirst()).count == 1 && places[1] != nil, "\(list.output)")
    for command in ["history", "scenarios"] {
      let told = try await Program.fettle([command, "--store", store], home: folder.path)
      #expect(told.output.contains("Or⏎ders"), "\(told)")
    }
  }

  @Test("an order or a filter that begins with - is taken as one")
  func dashes() async throws {
    _ = try await stored(#"[{"body":"{\"name\":"}]"#)
    let calls = [
      ["list", "--sort", "-size"], ["list", "--filter", "-error:Connection"],
      ["history", "--filter", "-status:success", "--sort", "-duration"],
    ]
    for arguments in calls {
      let result = try await Program.fettle(arguments + ["--store", store], home: folder.path)
      #expect(result.status == 0 && result.output.split(separator: "\n").count == 2, "\(result)")
    }
  }

  @Test("show draws what the retry ran that resolved the record, not only what the run had done")
  func showsRetry() async throws {
    _ = try await stored(#"[{"body":"{\"name\":"}]"#)
    let id = try #require(try await records().first?["id"]?.text)
    func line(of module: String) async throws -> String {
      try await fettle("show", id, "--store", store).output.split(separator: "\n")
        .first { $0.contains(module) }.map(String.init) ?? ""
    }
    #expect(try await line(of: " Set variable").contains("not run"))
    _ = try await fettle(
      "edit", id, "--set", #"1.body={"name":"Ada"}"#, "--store", store)
    #expect(try await fettle("retry", id, "--store", store).status == 0)
    let after = try await line(of: " Set variable")
    #expect(after.hasPrefix("✓") && !after.contains("not run"), "\(after)")
  }

  @Test("a scenario that is processed in order is not run while a record of it is open")
  func inOrder() async throws {
    let file = try folder.file(
      "order.json",
      Self.blueprint.replacingOccurrences(
        of: #""dlq":true"#, with: #""dlq":true,"sequential":true"#))
    let bundles = try folder.file("order-in.json", #"[{"body":"{\"name\":"}]"#)
    let run = { try await fettle("run", file, "--bundles", bundles, "--store", store) }
    #expect(try await run().status == 3)
    let again = try await run()
    #expect(again.status == 2)
    #expect(again.errors.contains("processed in order"), "\(again.errors)")
    let id = try #require(try await records().first?["id"]?.text)
    _ = try await fettle("retry", id, "--output", "{}", "--store", store)
    #expect(try await run().status == 3)
  }

  @Test("what is said of a scenario without its schedule leaves the schedule as it is")
  func scheduleStays() async throws {
    let hook = try folder.file("hook.json", Self.blueprint)
    let timed = try folder.file(
      "timed.json", #"{"name":"Timed","flow":[{"id":1,"module":"util:BasicTrigger"}]}"#)
    let none = try await fettle("schedule", timed, "--retries", "make", "--store", store)
    #expect(none.status == 2 && none.errors.contains("say when"), "\(none.errors)")
    #expect(!FileManager.default.fileExists(atPath: store))
    for file in [hook, timed] {
      let set = try await fettle(
        "schedule", file, "--set", #"{"type":"daily","time":"08:30"}"#, "--store", store)
      #expect(set.status == 0 && set.output.contains("T08:30:00Z"), "\(set.output)\(set.errors)")
      let more = try await fettle("schedule", file, "--retries", "make", "--store", store)
      #expect(
        more.status == 0 && more.output.contains("T08:30:00Z"), "\(more.output)\(more.errors)")
    }
  }

  @Test(
    "a filter that cannot be read is shown with the place of what is wrong beneath it",
    arguments: [["list"], ["retry", "--all"]])
  func pointing(command: [String]) async throws {
    let long = String(repeating: "word ", count: 40)
    for (filter, shown, place) in [
      ("status:open color:red", "status:open color:red", 12..<17),
      ("名前 color:red", "名前 color:red", 5..<10), ("a\tb\nsize:>", "a␉b⏎size:>", 9..<10),
      (long + "color:red " + long, nil, nil),
    ] as [(String, String?, Range<Int>?)] {
      let result = try await Program.fettle(
        command + ["--filter", filter, "--store", store], home: folder.path)
      let lines = result.errors.split(separator: "\n").map(String.init)
      try #require(result.status == 2 && lines.count == 3, "\(result.errors)")
      #expect(lines[0].hasPrefix("fettle: the filter: "))
      if let shown { #expect(lines[1].hasPrefix("  " + shown), "\(lines[1])") }
      #expect(lines[1].count < 80)
      let carets = Array(lines[2]).indices.filter { Array(lines[2])[$0] == "^" }
      if let place {
        #expect(carets == Array(place).map { $0 + 2 }, "\(lines[2])")
      } else {
        let start = try #require(carets.first)
        #expect(String(Array(lines[1])[start...].prefix(carets.count)) == "color")
      }
    }
  }

  @Test("an error type nobody knows is refused, with those there are; short names are understood")
  func errorTypes() async throws {
    _ = try await stored(#"[{"body":"{\"name\":"}]"#)
    for command in [["list"], ["retry", "--all"]] {
      let result = try await Program.fettle(
        command + ["--error", "Foo", "--store", store], home: folder.path)
      #expect(result.status == 2 && result.output.isEmpty, "\(result)")
      #expect(result.errors.contains("no error type 'Foo'"), "\(result.errors)")
      #expect(result.errors.contains("DataError, "), "\(result.errors)")
    }
    let type = try #require(try await records().first?["errorType"]?.text)
    #expect(try await records("--error", type).count == 1)
    #expect(try await records("--error", ErrorType(type).shortName.lowercased()).count == 1)
    #expect(try await records("--error", "Timeout").isEmpty)
  }

  @Test("run, list, show, edit, retry: a failure is stored, mended and resolved")
  func mend() async throws {
    let run = try await stored(#"[{"body":"{\"name\":\"Ada\"}"},{"body":"{\"name\":"}]"#)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.output.contains("1 incomplete execution stored"))

    let list = try await records()
    #expect(list.count == 1)
    let record = try #require(list.first)
    for name in [
      "id", "scenarioId", "scenarioName", "reason", "created", "size", "resolved", "retry",
      "attempts", "index", "executionId", "failer", "errorType", "status", "nextRetry",
    ] { #expect(record[name] != nil, "\(name)") }
    #expect(record["failer"] == 2)
    #expect(record["retry"] == false)
    #expect(record["status"] == "unresolved")
    let id = try #require(record["id"]?.text)
    #expect(id.count == 32)

    let again = try await fettle("retry", String(id.prefix(8)), "--store", store)
    #expect(again.status == 1)
    #expect(try await records().first?["attempts"] == 1)

    let edit = try await fettle(
      "edit", String(id.prefix(6)), "--set", #"1.body={"name":"Grace"}"#, "--store", store)
    #expect(edit.status == 0, "\(edit.errors)")
    let shown = try await fettle("show", id, "--json", "--store", store)
    let fields = try JSONReader.read(shown.output).collection
    #expect(fields?["bundle"]?.collection?["1"]?.collection?["body"] == #"{"name":"Grace"}"#)
    #expect(fields?["edits"]?.array?.count == 1)

    let retry = try await fettle("retry", id, "--store", store)
    #expect(retry.status == 0, "\(retry.output)\(retry.errors)")
    #expect(retry.output.contains("resolved"))
    #expect(try await records().isEmpty)
    #expect(try await records("--status", "resolved").first?["resolved"] == true)

    let done = try await fettle("retry", id, "--store", store)
    #expect(done.status == 2)
    #expect(done.errors.contains("resolved already"))
  }

  @Test("a variable is changed as a field is, and shown and kept like one")
  func variable() async throws {
    _ = try await stored(#"[{"body":"x"}]"#)
    let id = try #require(try await records().first?["id"]?.text)
    for (arguments, said) in [
      (["--set", "var.total=12"], "var.total: nothing -> 12\n"),
      (["--set", "var.total=13", "--set-json", #"var.tags=["a"]"#], "var.total: 12 -> 13\n"),
      (["--remove", "var.tags"], #"var.tags: ["a"] -> nothing"# + "\n"),
    ] {
      let edit = try await Program.fettle(
        ["edit", id, "--store", store] + arguments, home: folder.path)
      #expect(edit.status == 0 && edit.output.contains(said), "\(edit)")
    }
    for (arguments, said) in [
      (["--set", "var=1"], "var.total"), (["--remove", "var.no"], "var.no does not exist"),
      (["--mapping", "var.total={{1.a}}"], "use --set"),
    ] {
      let edit = try await Program.fettle(
        ["edit", id, "--store", store] + arguments, home: folder.path)
      #expect(edit.status == 2 && edit.errors.contains(said), "\(edit)")
    }
    let shown = try await fettle("show", id, "--json", "--store", store)
    let fields = try JSONReader.read(shown.output).collection
    #expect(fields?["variables"]?.collection?["roundtrip"] == ["total": 13])
    #expect(fields?["edits"]?.array?.count == 4)
    let plain = try await fettle("show", id, "--store", store)
    #expect(plain.output.contains("Variables:\n{"), "\(plain.output)")
  }

  @Test(
    "the output of the failed module may be given as it is, or in a file", arguments: [true, false])
  func givenOutput(isFile: Bool) async throws {
    _ = try await stored(#"[{"body":"x"}]"#)
    let id = try #require(try await records().first?["id"]?.text)
    let output = #" {"name":"Grace"}"#
    let given = isFile ? try folder.file("output.json", output) : output
    let retry = try await fettle("retry", id, "--output", given, "--store", store)
    #expect(retry.status == 0, "\(retry.output)\(retry.errors)")
    #expect(try await records().isEmpty)
  }

  @Test("what went in comes out with every number as it was spelled")
  func spelling() async throws {
    let bundle = #"{"body":"x","price":1.10,"id":9007199254740993,"huge":1e400}"#
    _ = try await stored("[\(bundle)]")
    let id = try #require(try await records().first?["id"]?.text)
    let shown = try await fettle("show", id, "--json", "--store", store).output
    for spelling in ["1.10", "9007199254740993", "1e400"] {
      #expect(shown.contains(": \(spelling)"))
    }
  }

  @Test("the store is for its owner only")
  func permissions() async throws {
    _ = try await stored(#"[{"body":"x"}]"#)
    for (path, expected) in [(store, 0o600), ("\(folder.path)/data", 0o700)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == expected, "\(path)")
    }
  }

  @Test("without --store the data home is used")
  func dataHome() async throws {
    let run = try await fettle(
      "run", folder.file("b.json", Self.blueprint), "--bundles", "-", input: "[]")
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      FileManager.default.fileExists(atPath: "\(folder.path)/.local/share/fettle/fettle.db"))
  }

  @Test("an execution that fails exits with 1 and says why nothing was stored")
  func failing() async throws {
    let blueprint = Self.blueprint.replacing("\"dlq\":true", with: "\"dlq\":false")
    let run = try await fettle(
      "run", folder.file("b.json", blueprint), "--bundles",
      folder.file("x.json", #"{"body":"{"}"#), "--store", store)
    #expect(run.status == 1)
    #expect(run.output.contains("storing incomplete executions is off"))
  }

  @Test("a module Fettle cannot run is an error that names it, and stores the bundle")
  func unknownModule() async throws {
    let blueprint = Self.blueprint.replacing("json:ParseJSON", with: "nowhere:CreateMessage")
    let run = try await fettle(
      "run", folder.file("b.json", blueprint), "--bundles",
      folder.file("x.json", #"[{"body":"a"},{"body":"b"}]"#), "--store", store)
    #expect(run.status == 3)
    let record = try #require(try await records().first)
    #expect(record["reason"]?.text?.contains("nowhere:CreateMessage") == true)
    #expect(record["errorType"] == "InvalidConfigurationError")
  }

  @Test("two processes on one store at once both succeed")
  func concurrent() async throws {
    let blueprint = try folder.file("b.json", Self.blueprint)
    let bundles = try folder.file(
      "x.json", "[" + Array(repeating: #"{"body":"{"}"#, count: 40).joined(separator: ",") + "]")
    _ = try await stored("[]")
    let (store, home) = (store, folder.path)
    try await withThrowingTaskGroup(of: Int32.self) { group in
      for _ in 0..<4 {
        group.addTask {
          try await Program.fettle(
            ["run", blueprint, "--bundles", bundles, "--store", store], home: home
          ).status
        }
      }
      for try await status in group { #expect(status == 3) }
    }
    let list = try await records()
    #expect(list.count == 160)
    #expect(Set(list.compactMap { $0["index"]?.number?.integer }) == Set(1...160))
  }
}

@Suite("Bad input gets one clear line, the right exit status, and changes nothing", .fewAtOnce)
struct BadInputTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func fettle(_ arguments: [String]) async throws -> Program.Result {
    try await Program.fettle(arguments, home: folder.path)
  }

  @Test(
    "on the command line",
    arguments: [
      (["run"], "Missing expected argument"),
      (["run", "/no/such/file"], "cannot be read: No such"),
      (["nonsense"], "nonsense"), (["list", "--status", "lost"], "There is no status 'lost'"),
      (["list"], "o store at"), (["show", "abc"], "o store at"), (["retry"], "Name records"),
      (["edit", "abc"], "Nothing to change"), (["check", "/"], "cannot be read"),
      ([], "terminal"), (["demo"], "terminal"),
    ])
  func commandLine(arguments: [String], message: String) async throws {
    let result = try await fettle(arguments)
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
    #expect(result.errors.split(separator: "\n").count <= 2)
  }

  @Test("a broken blueprint names line and column")
  func brokenBlueprint() async throws {
    let path = try folder.file("broken.json", "{\"flow\": [\n  {\"id\": 1,}\n]}")
    for command in ["run", "check"] {
      let result = try await fettle([command, path])
      #expect(result.status == 2)
      #expect(result.errors.contains("line 2, column 12"), "\(result.errors)")
    }
  }

  @Test("bundles that are none")
  func bundles() async throws {
    let blueprint = try folder.file("b.json", CommandTests.blueprint)
    for (content, message) in [
      ("[1]", "a bundle is a JSON object"), ("{", "line 1, column 2"), ("", "line 1, column 1"),
    ] {
      let result = try await fettle([
        "run", blueprint, "--bundles", folder.file("x.json", content), "--store",
        folder.path + "/s.db",
      ])
      #expect(result.status == 2)
      #expect(result.errors.contains(message), "\(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/s.db"))
  }

  @Test("a store that is no store is left as it was")
  func notAStore() async throws {
    let path = try folder.file("precious.txt", String(repeating: "family photos ", count: 500))
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    for arguments in [
      ["list"], ["show", "abc"],
      ["run", try folder.file("b.json", CommandTests.blueprint), "--bundles", "/dev/null"],
    ] where arguments.first != "run" {
      let result = try await fettle(arguments + ["--store", path])
      #expect(result.status == 2)
      #expect(result.errors.contains("is not a store of Fettle"), "\(result.errors)")
    }
    let run = try await fettle([
      "run", folder.file("b.json", CommandTests.blueprint), "--bundles",
      folder.file("x.json", "[]"), "--store", path,
    ])
    #expect(run.status == 2)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try await fettle(["list", "--store", folder.path]).status == 2)
  }

  @Test(
    "what is not there names the command that lists its kind",
    arguments: [
      (["log", "zz"], "fettle history"), (["show", "zz"], "fettle list"),
      (["hook", "park", "17"], "fettle hook queue"), (["hook", "drop", "17"], "fettle hook queue"),
      (["token", "remove", "x"], "fettle token list"), (["start", "x"], "fettle scenarios"),
    ])
  func notFound(arguments: [String], lister: String) async throws {
    let store = folder.path + "/s.db"
    _ = try await fettle(["token", "add", "t", "--store", store])
    let result = try await fettle(arguments + ["--store", store])
    #expect(result.status == 2)
    #expect(result.errors.contains(lister), "\(result.errors)")
  }

  @Test("usage that does not fit names the help of its own command")
  func usage() async throws {
    let list = try await fettle(["list", "--sort", "colour"])
    #expect(list.errors.hasSuffix("Try 'fettle list --help'.\n"), "\(list.errors)")
    let token = try await fettle(["token", "add"])
    #expect(token.errors.hasSuffix("Try 'fettle token add --help'.\n"), "\(token.errors)")
    let none = try await fettle(["liszt", "--json"])
    #expect(
      none.errors
        == "fettle: there is no command 'liszt'; did you mean 'list'?\nfettle: Try 'fettle --help'.\n"
    )
    let deep = try await fettle(["connection", "ad", "crm"])
    #expect(deep.status == 2)
    #expect(
      deep.errors.contains("'connection ad'; did you mean 'connection add'?"), "\(deep.errors)")
    let early = try await fettle(["--store", "none.db", "list"])
    #expect(early.status == 2)
    #expect(
      early.errors.contains("options stand behind the command: fettle list --store none.db"),
      "\(early.errors)")
    let far = try await fettle(["xyzzy"])
    #expect(far.errors.hasPrefix("fettle: there is no command 'xyzzy'\n"), "\(far.errors)")
  }

  @Test(
    "a blueprint in UTF-8 or UTF-16, with a mark of its byte order or without, is read",
    arguments: [
      (String.Encoding.utf8, [0xEF, 0xBB, 0xBF]), (.utf16LittleEndian, [0xFF, 0xFE]),
      (.utf16BigEndian, [0xFE, 0xFF]), (.utf16LittleEndian, []), (.utf16BigEndian, []),
    ] as [(String.Encoding, [UInt8])])
  func encodings(encoding: String.Encoding, mark: [UInt8]) async throws {
    let text = CommandTests.blueprint.replacingOccurrences(of: "Greeting", with: "Grüße 👋")
    let path = folder.path + "/coded.json"
    let bytes = mark + Array(try #require(text.data(using: encoding)))
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let read = try await fettle(["check", path])
    #expect(read.output.hasPrefix("Grüße 👋: 3 modules\n"), "\(read.output)\(read.errors)")
    try Data(bytes.dropLast()).write(to: URL(fileURLWithPath: path))
    let cut = try await fettle(["check", path])
    #expect(cut.status == 2)
    #expect(encoding == .utf8 || cut.errors.contains("written in UTF-16 and damaged"))
  }

  @Test("a blueprint that never ends is not read to its end, and an empty one is called that")
  func endless() async throws {
    let endless = try await fettle(["check", "/dev/zero"])
    #expect(endless.status == 2)
    #expect(endless.errors.contains("/dev/zero is too large"), "\(endless.errors)")
    let empty = try await fettle(["check", folder.file("empty.json", "")])
    #expect(empty.status == 2)
    #expect(empty.errors.contains("it is empty"), "\(empty.errors)")
  }

  @Test("the store of another account is not called a wrong file: whose it is, is said")
  func otherAccount() async throws {
    let store = folder.path + "/s.db"
    _ = try await fettle(["token", "add", "t", "--store", store])
    let isRoot = geteuid() == 0
    chmod(isRoot ? folder.path : store, isRoot ? 0o755 : 0)
    let result = try await Program.fettle(
      ["list", "--store", store], home: folder.path,
      launcher: isRoot ? ["/usr/bin/setpriv", "--reuid", "65534", "--clear-groups"] : [])
    #expect(result.status == 1)
    #expect(result.errors.contains("is not for this account: it belongs to "), "\(result.errors)")
    #expect(!result.errors.contains("not a store"), "\(result.errors)")
  }

  @Test(
    "a setting of the environment that does not fit stops every program before it opens the store",
    arguments: [
      ("FETTLE_CONFIDENTIAL", "strikt", "is sealed or strict, not 'strikt'"),
      ("FETTLE_STORE_LIMIT", "500M", "is a number of bytes from 1, not '500M'"),
      ("FETTLE_LEASE", "0", "is a number of seconds from 1, not '0'"),
      ("FETTLE_DUPLICATES", "yes", "is fail or data, not 'yes'"),
      ("FETTLE_HTTP_500", "DataError", "is RuntimeError or ConnectionError, not 'DataError'"),
      ("FETTLE_ZONE", "Prague", "is a time zone such as Europe/Prague, not 'Prague'"),
    ])
  func environment(name: String, word: String, says: String) async throws {
    let store = folder.path + "/s.db"
    let result = try await Program.fettle(
      ["token", "add", "t", "--store", store], home: folder.path, environment: [name: word])
    #expect(result.status == 2)
    #expect(result.errors == "fettle: \(name) \(says)\n")
    let daemon = try Daemon(store: store, in: folder, environment: [name: word])
    #expect(try await daemon.wait() == 2)
    #expect(daemon.log.contains("\(name) \(says)"), "\(daemon.log)")
    #expect(!FileManager.default.fileExists(atPath: store))
    let unset = try await Program.fettle(
      ["token", "add", "t", "--store", store], home: folder.path, environment: [name: ""])
    #expect(unset.status == 0, "\(unset.errors)")
  }

  @Test("retrying all says when there is nothing to retry")
  func nothingToRetry() async throws {
    let store = folder.path + "/s.db"
    _ = try await fettle(["token", "add", "t", "--store", store])
    let result = try await fettle(["retry", "--all", "--filter", "error:Data", "--store", store])
    #expect(result.status == 0)
    #expect(result.output.contains("Nothing to retry"), "\(result.output)")
  }

  @Test("a record that is not there, or several that are meant")
  func records() async throws {
    let store = folder.path + "/s.db"
    let blueprint = try folder.file("b.json", CommandTests.blueprint)
    let bundles = "[" + Array(repeating: #"{"body":"{"}"#, count: 40).joined(separator: ",") + "]"
    _ = try await fettle([
      "run", blueprint, "--bundles", folder.file("x.json", bundles), "--store", store,
    ])
    let missing = try await fettle(["show", "zzzz", "--store", store])
    #expect(missing.status == 2)
    #expect(missing.errors.contains("zzzz"))
    let list = try await fettle(["list", "--json", "--limit", "1", "--store", store]).output
    let id = try #require(try JSONReader.read(list).array?.first?.collection?["id"]?.text)
    let digit = String(id.prefix(1))
    let ambiguous = try await fettle(["show", digit, "--store", store])
    if ambiguous.status != 0 {
      #expect(ambiguous.status == 2)
      #expect(ambiguous.errors.contains("type more digits"), "\(ambiguous.errors)")
    }
    let path = try await fettle(["edit", id, "--set", "1.nope.x=1", "--store", store])
    #expect(path.status == 2)
    #expect(path.errors.contains("1.nope.x does not exist"), "\(path.errors)")
    #expect(path.errors.contains("'1.nope={…}'"), "\(path.errors)")
  }
}

@Suite("The manual", .fewAtOnce)
struct ManualTests {
  @Test("names every command and every key of the terminal, in ASCII, for man(7)")
  func manual() async throws {
    let folder = try TemporaryFolder()
    let manual = try await Program.fettle(["manual"], home: folder.path)
    #expect(manual.status == 0)
    #expect(manual.output.utf8.allSatisfy { $0 < 0x80 })
    for command in ["open", "run", "list", "edit", "retry", "manual"] {
      #expect(manual.output.contains(".B \(command)\n"), "\(command)")
    }
    for sentence in ["Run the record on from its failed module", "Copy the value, its path"] {
      #expect(manual.output.contains(sentence))
    }
    #expect(manual.output.contains("\\[u2193]"), "an arrow by its number")
  }

  @Test("completion scripts for the shells", arguments: ["bash", "zsh", "fish"])
  func completion(shell: String) async throws {
    let folder = try TemporaryFolder()
    let script = try await Program.fettle(
      ["--generate-completion-script", shell], home: folder.path)
    #expect(script.status == 0)
    #expect(script.output.contains("manual"))
  }

  @Test(
    "bash completes commands, options, the words an option takes, and files",
    arguments: [
      ("fettle sche", "schedule"), ("fettle list --fil", "--filter"),
      ("fettle list --sort -siz", "-size"), ("fettle list --status unres", "unresolved"),
      ("fettle list --error DataE", "DataError"), ("fettle open --color ne", "never"),
      ("fettle run blueprint", "blueprint.json"), ("fettle list --store st", "store.db"),
    ])
  func completing(line: String, word: String) async throws {
    let folder = try TemporaryFolder()
    let script = try await Program.fettle(
      ["--generate-completion-script", "bash"], home: folder.path)
    for name in ["blueprint.json", "store.db"] { _ = try folder.file(name, "") }
    // What readline does with Tab.
    let ask = """
      cd '\(folder.path)'; source ./c.bash
      COMP_LINE='\(line)'; COMP_POINT=${#COMP_LINE}; read -ra COMP_WORDS <<< "$COMP_LINE"
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
      function=$(complete -p fettle | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
      $function fettle "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
      printf '%s\n' "${COMPREPLY[@]}"
      """
    _ = try folder.file("c.bash", script.output)
    let answer = try await Program.fettle(
      [], home: folder.path, launcher: ["/bin/bash", "-c", ask])
    #expect(
      answer.output.split(separator: "\n").contains {
        $0.trimmingCharacters(in: .whitespaces) == word
      },
      "\(answer.output)\(answer.errors)")
  }
}
