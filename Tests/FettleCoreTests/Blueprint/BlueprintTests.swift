import FettleCore
import FettleTestKit
import Foundation
import Testing

@Suite("A blueprint", .fewAtOnce)
struct BlueprintTests {
  static let router = #"""
    {"name":"R","flow":[
      {"id":1,"module":"gateway:CustomWebHook","version":1,"mapper":{}},
      {"id":2,"module":"builtin:BasicRouter","version":1,"parameters":{"else":1},"mapper":null,"onerror":[{"id":9,"module":"builtin:Ignore"}],
       "routes":[
        {"flow":[{"id":3,"module":"http:MakeRequest","mapper":{"url":"{{1.u}}"},
                  "filter":{"name":"hot","conditions":[[{"a":"{{1.s}}","o":"number:greater","b":"50"}]]}},
                 {"id":4,"module":"util:SetVariable2","onerror":[{"id":5,"module":"builtin:Break"}]}]},
        {"flow":[{"id":6,"module":"json:CreateJSON"}]},
        {"flow":[{"id":7,"module":"json:CreateJSON"}],"disabled":true}]}],
     "metadata":{"version":1,"scenario":{"dlq":true,"maxErrors":"5","unknown":1}},"future":{"kept":true}}
    """#

  func parse(_ text: String) throws -> Blueprint { try Blueprint(json: Array(text.utf8)) }

  @Test("keeps what Fettle does not understand")
  func lossless() throws {
    let blueprint = try parse(Self.router)
    #expect(try JSONReader.read(Self.router) == .collection(blueprint.document))
    #expect(blueprint.settings.storesIncompleteExecutions)
    #expect(blueprint.settings.maxErrors == 5)
    #expect(blueprint.settings.autoCommit)
  }

  @Test("knows the way to each module and what can be mapped there")
  func paths() throws {
    let blueprint = try parse(Self.router)
    #expect(blueprint.allModules.map(\.id) == [1, 2, 3, 4, 5, 6, 7, 9])
    #expect(blueprint.path(to: 4)?.map(\.module.id) == [1, 2, 3, 4])
    #expect(blueprint.path(to: 4)?[1].exit == .route(0))
    #expect(blueprint.modulesVisible(to: 6).map(\.id) == [1, 2])
    #expect(blueprint.path(to: 8) == nil)
    #expect(blueprint.module(2)?.fallbackRoute == 1)
  }

  @Test(
    "calls a module by its label, what the designer calls it, or its type in words",
    arguments: [
      (#""module":"builtin:BasicRouter""#, "Router"),
      (#""module":"builtin:BasicFeeder""#, "Iterator"),
      (#""module":"builtin:BasicAggregator""#, "Array aggregator"),
      (#""module":"builtin:BasicIfElse""#, "If-else"),
      (#""module":"builtin:Break""#, "Break"),
      (#""module":"json:ParseJSON""#, "Parse JSON"),
      (#""module":"http:ActionSendData""#, "Action send data"),
      (#""module":"http:ActionSendDataAPIKeyAuth""#, "Action send data API key auth"),
      (#""module":"supabase:createARow""#, "Create a row"),
      (#""module":"ai-agent:RunAnAIAgent""#, "Run an AI agent"),
      (#""module":"regexp:HTMLToText""#, "HTML to text"),
      (#""module":"drive:exportPDFs""#, "Export PDFs"),
      (#""module":"util:SetVariable2""#, "Set variable2"),
      (
        #""module":"builtin:BasicRouter","metadata":{"designer":{"name":"By country"}}"#,
        "By country"
      ),
    ])
  func titles(module: String, expected: String) throws {
    let blueprint = try parse(#"{"name":"R","flow":[{"id":1,\#(module)}]}"#)
    #expect(blueprint.module(1)?.title == expected)
  }

  @Test("an aggregator hides what lies between its source and itself, the source included")
  func hidden() throws {
    let blueprint = try parse(
      #"""
      {"flow":[{"id":1,"module":"a:B"},{"id":2,"module":"builtin:BasicFeeder"},{"id":3,"module":"a:B"},
        {"id":4,"module":"builtin:BasicAggregator","parameters":{"feeder":"2"},
         "onerror":[{"id":6,"module":"a:B"}]},{"id":5,"module":"a:B"}]}
      """#)
    #expect(blueprint.modulesVisible(to: 4).map(\.id) == [1, 2, 3])
    #expect(blueprint.modulesVisible(to: 5).map(\.id) == [1, 4])
    #expect(blueprint.modulesVisible(to: 6).map(\.id) == [1, 2, 3, 4])
  }

  @Test("reads a switch when it comes as a text")
  func switchAsText() throws {
    let text = Self.router.replacingOccurrences(
      of: #""disabled":true"#, with: #""disabled":"true""#)
    #expect(try parse(text).module(2)?.routes.map(\.isDisabled) == [false, false, true])
  }

  @Test("reads the number of the fallback route when it comes as a text")
  func fallbackAsText() throws {
    let text = Self.router.replacingOccurrences(of: #""else":1"#, with: #""else":"1""#)
    #expect(try parse(text).module(2)?.fallbackRoute == 1)
  }

  @Test(
    "finds the handlers in reach, nearest first, and never the one it stands in (semantics 3.1)")
  func handlers() throws {
    let blueprint = try parse(Self.router)
    func owners(_ id: ModuleID) -> [ModuleID] {
      HandlerSearch.handlers(inReachOf: id, in: blueprint).map(\.owner.id)
    }
    #expect(owners(4) == [4, 2])
    #expect(owners(3) == [2])
    #expect(owners(6) == [2])
    #expect(owners(1) == [])
    #expect(owners(5) == [])
    #expect(owners(9) == [])
  }

  @Test(
    "is taken out of whatever it comes in",
    arguments: [
      #"{"blueprint":{"name":"A","flow":[{"id":1,"module":"a:B"}]}}"#,
      #"{"code":"OK","response":{"blueprint":{"name":"A","flow":[{"id":1,"module":"a:B"}]}}}"#,
      #"[{"id":1,"module":"a:B"}]"#, #"{"id":1,"module":"a:B"}"#,
      #"{"subflows":[{"flow":[{"id":1,"module":"a:B"}]}],"metadata":{"version":1}}"#,
      #"{"blueprint":"{\"name\":\"A\",\"flow\":[{\"id\":1,\"module\":\"a:B\"}]}"}"#,
      "# Export\n\n```json\n{\"flow\":[{\"id\":1,\"module\":\"a:B\"}]}\n```\n\nUse it, {like} this.\n",
      "~~~\r\n{\"flow\":[{\"id\":1,\"module\":\"a:B\"}]}\r\n~~~",
    ])
  func wrappers(text: String) throws {
    #expect(try parse(text).flow.map(\.id) == [1])
  }

  @Test("of several copied flows the first runs, and the others are kept as detached chains")
  func severalFlows() throws {
    let blueprint = try parse(
      #"{"subflows":[{"flow":[{"id":1,"module":"a:B"}]},{"flow":[{"id":2,"module":"a:B"}]}]}"#)
    #expect(blueprint.flow.map(\.id) == [1])
    let metadata = blueprint.document["metadata"]?.collection
    #expect(
      metadata?["designer"]?.collection?["orphans"] == [[["id": 2, "module": "a:B"]]])
  }

  @Test("with an empty slot of the editor is loaded without it")
  func emptySlot() throws {
    let slot = #"{"flow":[{"id":1,"module":"a:B"},{"id":null,"module":"placeholder:Placeholder"}]}"#
    #expect(try parse(slot).flow.map(\.id) == [1])
  }

  @Test(
    "that is none is refused with a reason",
    arguments: [
      ("nonsense", "line 1, column 1"), ("see\n```\n {\"flow\": x}\n```", "line 3, column 11"),
      ("{\"flow\":\n[,]}", "line 2, column 2"),
      ("{}", "no \"flow\""), ("7", "number"), (#"{"flow":[{"module":"a:B"}]}"#, "no \"id\""),
      (#"{"flow":[{"id":1}]}"#, "no \"module\""), (#"{"flow":[7]}"#, "not a module"),
      (#"{"flow":[{"id":1,"module":"a:B"},{"id":1,"module":"a:B"}]}"#, "used twice"),
      (#"{"flow":[{"id":1,"module":"a:B","routes":[3]}]}"#, "not a route"),
    ])
  func refused(text: String, message: String) {
    let error = #expect(throws: BlueprintError.self) { try parse(text) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  static let realFiles: [String] = {
    let manager = FileManager.default
    let root = Conformance.folder + "/blueprints"
    return ["official", "examples", "wild"].flatMap { folder in
      (try? manager.contentsOfDirectory(atPath: "\(root)/\(folder)"))?
        .filter { $0.hasSuffix(".json") && $0 != "index.json" }.sorted()
        .map { "\(root)/\(folder)/\($0)" } ?? []
    }
  }()

  @Test(
    "from the real world loads losslessly or says where it is broken",
    .enabled(if: !realFiles.isEmpty, "the real blueprints are not beside this checkout"))
  func real() throws {
    var refused: [String] = []
    for path in Self.realFiles {
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
      do {
        let blueprint = try Blueprint(json: bytes)
        let again = try Blueprint(.collection(blueprint.document))
        #expect(again.document == blueprint.document)
        for module in blueprint.allModules { #expect(blueprint.path(to: module.id) != nil) }
        _ = BlueprintCheck(blueprint) { _ in nil }
      } catch { refused.append("\(path.split(separator: "/").last ?? ""): \(error)") }
    }
    for line in refused { print("refused:", line) }
    #expect(refused.count * 20 < Self.realFiles.count, "one in twenty may be broken by hand")
  }
}

@Suite("The check of a blueprint (semantics 8.4)", .fewAtOnce)
struct BlueprintCheckTests {
  func messages(_ text: String) throws -> [String] {
    let blueprint = try Blueprint(json: Array(text.utf8))
    let known = ModuleDescriptor(type: "http:MakeRequest", kind: .action, effect: .effect)
    return BlueprintCheck(blueprint) { $0 == known.type ? known : nil }.findings.map {
      "\($0.severity.rawValue) \($0.module?.number ?? 0): \($0.message)"
    }
  }

  @Test(
    "remarks",
    arguments: [
      (#"{"flow":[{"id":1,"module":"http:MakeRequest"}]}"#, "warning 1: a failure of the first"),
      (#"{"flow":[{"id":1,"module":"http:MakeRequest"}]}"#, "warning 0: storing incomplete"),
      (#"{"flow":[{"id":1,"module":"util:Sleep"}]}"#, "did its author mean util:FunctionSleep"),
      (
        #"{"flow":[{"id":1,"module":"a:B"},{"id":2,"module":"builtin:Ignore"}]}"#,
        "error 2: builtin:Ignore belongs"
      ),
      (
        #"{"flow":[{"id":1,"module":"a:B"},{"id":2,"module":"builtin:BasicRouter","routes":[]},{"id":3,"module":"a:B"}]}"#,
        "error 2: module 3 stands behind it"
      ),
      (
        #"{"flow":[{"id":1,"module":"a:B"},{"id":2,"module":"a:B","filter":{"conditions":[[{"a":"x","o":"text:nonsense","b":"y"}]]}}]}"#,
        "error 2: text:nonsense is no operator"
      ),
      (
        #"{"flow":[{"id":1,"module":"a:B"},{"id":2,"module":"a:B","filter":{"conditions":[[{"a":"x","o":"number:greaterequal","b":"y"}]]}}]}"#,
        "number:greaterequal is no operator, did its author mean number:greaterorequal?"
      ),
      (
        #"{"flow":[{"id":1,"module":"a:B"},{"id":2,"module":"builtin:BasicRouter","routes":[{"filter":{"conditions":[[{"a":"x","o":"exist"}]]},"flow":[{"id":3,"module":"a:B"}]}]}]}"#,
        "error 2: the filter of route 1 is read by nobody, so that the route takes every bundle; make it the filter of module 3"
      ),
      (
        #"{"flow":[{"id":1,"module":"a:B","mapper":{"x":"{{2.a}}"}},{"id":2,"module":"a:B"}]}"#,
        "error 1: 'B' [module ID 1] references inaccessible module 'B' [module ID 2]"
      ),
      (
        #"{"flow":[{"id":1,"module":"a:B","mapper":{"x":"{{7.a}}"}}]}"#,
        "error 1: there is no module 7"
      ),
      (#"{"flow":[]}"#, "error 0: the scenario has no modules"),
      (
        #"{"flow":[{"id":1,"module":"a:B","filter":{"conditions":[[{"a":"x","o":"exist"}]]}}]}"#,
        "error 1: the first module cannot have a filter"
      ),
    ])
  func remarks(text: String, expected: String) throws {
    let found = try messages(text)
    #expect(found.contains { $0.contains(expected) }, "\(found)")
  }

  private static let head = #"{"flow":[{"id":1,"module":"a:B"},"#

  private func found(_ modules: String, settings: String = #""dlq":true"#) throws -> [String] {
    let text = Self.head + modules + #"],"metadata":{"scenario":{\#(settings)}}}"#
    let blueprint = try Blueprint(json: Array(text.utf8))
    return BlueprintCheck(blueprint) { type in
      ModuleDescriptor(
        type: type, kind: type.hasSuffix("Aggregator") ? .aggregator : .action, effect: .pure)
    }.findings.filter { $0.module != 1 }.map {
      "\($0.severity.rawValue) \($0.module?.number ?? 0) \($0.place ?? ""): \($0.message)"
    }
  }

  @Test(
    "what nobody reads is said: it would change what the scenario does",
    arguments: [
      (
        #"{"id":2,"module":"a:B","onerror":{"id":3,"module":"builtin:Ignore"}}"#,
        "error 2 onerror: it is collection"
      ),
      (#"{"id":2,"module":"a:B","filter":[{"a":"x","o":"exist"}]}"#, "error 2 filter: it is array"),
      (#"{"id":2,"module":"a:B","mapper":"x"}"#, "error 2 mapper: it is text instead of an object"),
      (
        #"{"id":2,"module":"a:B","filter":{"conditions":[{"a":"x","o":"exist"}]}}"#,
        "error 2 filter.conditions: its conditions stand outside a group"
      ),
      (
        #"{"id":2,"module":"a:B","filter":{"conditions":{"a":"x"}}}"#,
        "error 2 filter.conditions: it is collection"
      ),
      (
        #"{"id":2,"module":"a:B","handler":[{"id":3,"module":"builtin:Ignore"}]}"#,
        "error 2 handler: it is read by nobody; error handlers belong into onerror"
      ),
      (#"{"id":2,"module":"a:B","parameters":{"onerror":[]}}"#, "error 2 parameters.onerror"),
      (
        #"{"id":2,"module":"a:B","onerror":[{"id":3,"module":"builtin:Break","mapper":{"retryAttempts":3}}]}"#,
        "error 3 mapper.retryAttempts: it is read by nobody; Break takes retry"
      ),
      (
        #"{"id":2,"module":"a:B","onerror":[{"id":3,"module":"builtin:Break","parameters":{"retry":true}}]}"#,
        "error 3 parameters.retry"
      ),
      (
        #"{"id":2,"module":"builtin:BasicAggregator","parameters":{"feeder":7}}"#,
        "error 2 parameters.feeder: there is no module 7"
      ),
      (
        #"{"id":2,"module":"builtin:BasicAggregator","parameters":{"feeder":3}},{"id":3,"module":"a:B"}"#,
        "error 2 parameters.feeder: module 3, whose bundles it aggregates, does not come before it"
      ),
      (
        #"{"id":2,"module":"util:TextAggregator","feeder":1}"#,
        "error 2 parameters.feeder: it names no source module; the feeder is read from its parameters only"
      ),
      (
        #"{"id":2,"module":"builtin:BasicIfElse","branches":[{"type":"else","merge":true,"flow":[{"id":3,"module":"a:B"}]}]}"#,
        "error 2 : a branch merges, but no builtin:BasicMerge"
      ),
      (
        #"{"id":2,"module":"builtin:BasicIfElse","branches":[{"type":"condition","conditions":[],"flow":[{"id":3,"module":"a:B"}]}]}"#,
        "warning 2 branches[0]: branch 1 has no conditions and is never taken"
      ),
      (
        #"{"id":2,"module":"builtin:BasicIfElse","branches":[{"type":"else","merge":true,"flow":[{"id":3,"module":"a:B"}]}]},{"id":4,"module":"builtin:BasicMerge","outputs":[{"name":"x","mappings":["1","2"]}]}"#,
        "warning 4 outputs[0]: output 1 has 2 mappings for 1 merging"
      ),
      (
        #"{"id":2,"module":"builtin:BasicAggregator","parameters":{"feeder":1},"flags":{"groupBy":"{{7.a}}"}}"#,
        "error 2 flags.groupBy: there is no module 7"
      ),
      (
        #"{"id":2,"module":"builtin:BasicAggregator","parameters":{"feeder":1}},{"id":3,"module":"a:B","mapper":{"x":"{{1.a}}"}}"#,
        "error 3 mapper.x: 'B' [module ID 3] references inaccessible module 'B' [module ID 1]"
      ),
      (
        #"{"id":2,"module":"builtin:BasicIfElse","branches":[{"type":"else","merge":true,"flow":[{"id":3,"module":"a:B"}]}]},{"id":4,"module":"builtin:BasicMerge","outputs":[{"name":"x","mappings":["{{7.a}}"]}]}"#,
        "error 4 outputs[0]: there is no module 7"
      ),
      (
        #"{"id":2,"module":"builtin:BasicIfElse","branches":[{"type":"else","merge":true,"flow":[{"id":3,"module":"a:B"}]}]},{"id":4,"module":"builtin:BasicMerge","filters":[{"conditions":[[{"a":"{{7.a}}","o":"exist"}]]}]}"#,
        "error 4 filters[0]: there is no module 7"
      ),
      (
        #"{"id":2,"module":"builtin:BasicMerge"}"#,
        "error 2 : a merge belongs directly behind an if-else"
      ),
    ])
  func unread(modules: String, expected: String) throws {
    let found = try found(modules)
    #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
  }

  @Test("nothing is said of what exports leave empty, or where a source stands outside the route")
  func read() throws {
    let modules =
      #"{"id":2,"module":"a:B","parameters":[],"mapper":[],"filter":null,"onerror":[],"flags":{}},"#
      + #"{"id":3,"module":"builtin:BasicRouter","mapper":null,"routes":[{"flow":[{"id":4,"module":"builtin:BasicAggregator","parameters":{"feeder":"2"},"filter":{"name":"all"}}]}]}"#
    #expect(try found(modules) == [])
  }

  @Test("conditions outside a group are read as one: they would otherwise let every bundle pass")
  func looseConditions() throws {
    let filter = Filter([
      "conditions": [
        ["a": "1", "o": "text:equal", "b": "1"], ["a": "1", "o": "text:equal", "b": "2"],
      ]
    ])
    #expect(filter.groups.map(\.count) == [2])
    #expect(try !filter.passes(in: Scope(now: Instant(milliseconds: 0))))
  }

  @Test("advises no harmless first module where there is one", arguments: [true, false])
  func harmless(isHarmless: Bool) throws {
    let type = isHarmless ? "util:SetVariables" : "http:MakeRequest"
    let blueprint = try Blueprint(
      json: Array(#"{"flow":[{"id":1,"module":"\#(type)"}]}"#.utf8))
    let found = BlueprintCheck(blueprint) {
      ModuleDescriptor(type: $0, kind: .transformer, effect: .pure)
    }.findings
    #expect(found.contains { $0.message.contains("put a harmless module") } == !isHarmless)
  }

  @Test("modules by name are no blueprint, and what to make of them is said")
  func loose() {
    let text = #"{"first":{"id":1,"module":"a:B"},"second":{"id":2,"module":"a:B"},"note":"x"}"#
    let error = #expect(throws: BlueprintError.self) { try Blueprint(json: Array(text.utf8)) }
    #expect(error?.description.contains("modules by name (first, second)") == true)
  }
}

@Suite("The name somebody probably meant", .fewAtOnce)
struct NearestNameTests {
  @Test(
    "is near, or begins so; else there is none",
    arguments: [
      ("liszt", "list"), ("lsit", "list"), ("LIST", "list"), ("conection", "connection"),
      ("conn", "connection"), ("r", nil), ("xyzzy", nil), ("", nil), ("lo", "log"),
      (String(repeating: "list", count: 100_000), nil),
    ] as [(String, String?)])
  func nearest(word: String, meant: String?) {
    #expect(["list", "log", "connection", "retry"].nearest(to: word) == meant)
  }
}
