import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

/// An iterator as module 2 over `items` of the webhook.
private let iterator = #"{"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}}"#

private func aggregator(
  _ id: Int, feeder: Int = 2, _ mapper: String = #""v":"{{2.value}}""#, flags: String = ""
) -> String {
  #"{"id":\#(id),"module":"builtin:BasicAggregator","parameters":{"feeder":\#(feeder)},"mapper":{\#(mapper)},"flags":{\#(flags)}}"#
}

@Suite("Aggregators (semantics 6.6)", .fewAtOnce)
struct AggregatorTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  private func heard(_ modules: String, items: Value) async throws -> [String] {
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": items]])
    return bench.told.takeHeard()
  }

  @Test("an array of the evaluated mapper, once for each operation of the source")
  func array() async throws {
    let modules =
      iterator + "," + aggregator(3) + ","
      + Workbench.say(4, #"{{join(map(3.array; \"v\"); \"+\")}} {{3.`__IMTAGGLENGTH__`}}"#)
    #expect(try await heard(modules, items: ["a", "b", "c"]) == ["a+b+c 3"])
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": ["a"]], ["items": ["b", "c"]]])
    #expect(bench.told.takeHeard() == ["a 1", "b+c 2"])
  }

  @Test(
    "an empty source gives one empty bundle, or none with stop after empty",
    arguments: [("", [" 0"]), (#""stopIfEmpty":true"#, [])])
  func empty(flags: String, expected: [String]) async throws {
    let modules =
      iterator + "," + aggregator(3, flags: flags) + ","
      + Workbench.say(4, #"{{join(3.array; \"+\")}} {{3.`__IMTAGGLENGTH__`}}"#)
    #expect(try await heard(modules, items: []) == expected)
  }

  @Test(
    "an iterator of nothing emits nothing; an empty text in its field is nothing",
    arguments: [Value.null, "", []])
  func nothing(items: Value) async throws {
    #expect(try await heard(iterator + "," + Workbench.say(3, "in"), items: items) == [])
  }

  @Test("group by: one bundle for each key, in the order of first appearance")
  func groups() async throws {
    let modules =
      iterator + "," + aggregator(3, flags: #""groupBy":"{{substring(2.value; 0; 1)}}""#) + ","
      + Workbench.say(4, #"{{3.key}}:{{join(map(3.array; \"v\"); \",\")}}"#)
    #expect(try await heard(modules, items: ["b1", "a1", "b2"]) == ["b:b1,b2", "a:a1"])
  }

  @Test("what lies between source and aggregator is not visible behind it")
  func visibility() async throws {
    let modules =
      iterator + "," + Workbench.say(5, "in") + "," + aggregator(3) + ","
      + Workbench.say(4, "{{2.value}}|{{5.said}}|{{1.items[1]}}")
    #expect(try await heard(modules, items: ["a"]) == ["in", "||a"])
  }

  @Test(
    "text, numbers and tables",
    arguments: [
      (
        "util:TextAggregator", #""rowSeparator":"other","otherRowSeparator":"; ""#, "text",
        "1; 2; 4"
      ),
      ("util:TextAggregator", #""rowSeparator":"\n""#, "text", "1\n2\n4"),
      ("util:NumericalAggregator", #""fn":"SUM""#, "result", "7"),
      ("util:FunctionAggregator2", #""fn":"avg""#, "result", "2.3333333333333335"),
      ("util:FunctionAggregator2", #""fn":"count""#, "result", "3"),
      ("util:FunctionAggregator2", #""fn":"max""#, "result", "4"),
      ("util:FunctionAggregator2", #""fn":"min""#, "result", "1"),
      ("util:TableAggregator", #""columnSeparator":",","rowSeparator":"|""#, "text", "1|2|4"),
    ])
  func kinds(type: String, parameters: String, field: String, expected: String) async throws {
    let modules =
      iterator
      + #",{"id":3,"module":"\#(type)","parameters":{"feeder":2,\#(parameters)},"mapper":{"value":"{{2.value}}"}},"#
      + Workbench.say(4, "{{3.\(field)}}")
    #expect(try await heard(modules, items: [1, 2, 4]) == [expected])
  }

  @Test("only what reaches it on its own route counts, and it emits behind all routes")
  func inRoute() async throws {
    let modules =
      iterator + #","#
      + #"{"id":5,"module":"builtin:BasicRouter","routes":[{"flow":[\#(aggregator(3)),\#(Workbench.say(4, #"sum {{length(3.array)}}"#))]},{"flow":[\#(Workbench.say(6, "two {{2.value}}"))]}]}"#
    #expect(try await heard(modules, items: ["a", "b"]) == ["two a", "two b", "sum 2"])
  }

  @Test("several of one source emit one after the other")
  func several() async throws {
    let route = { (id: Int) in
      #"{"flow":[\#(aggregator(id)),\#(Workbench.say(id + 10, "{{length(\(id).array)}} of \(id)"))]}"#
    }
    let modules =
      iterator
      + #",{"id":5,"module":"builtin:BasicRouter","routes":[\#(route(20)),\#(route(21))]}"#
    #expect(try await heard(modules, items: ["a", "b"]) == ["2 of 20", "2 of 21"])
  }

  @Test("an aggregator can be the source of another")
  func nested() async throws {
    let modules =
      iterator
      + #",{"id":6,"module":"builtin:BasicFeeder","mapper":{"array":"{{2.inner}}"}},"#
      + aggregator(7, feeder: 6, #""w":"{{6.value}}""#) + ","
      + aggregator(8, feeder: 2, #""joined":"{{join(map(7.array; \"w\"); \"\")}}""#) + ","
      + Workbench.say(9, #"{{join(map(8.array; \"joined\"); \"/\")}}"#)
    #expect(
      try await heard(modules, items: [["inner": ["a", "b"]], ["inner": ["c"]]]) == ["ab/c"])
  }

  @Test("without a source on the way it fails as wrongly configured")
  func noSource() async throws {
    _ = try await bench.runner.run(
      Workbench.blueprint(iterator + "," + aggregator(3, feeder: 77)),
      given: [["items": ["a"]]])
    #expect(try await bench.open().first?.errorType == .invalidConfiguration)
  }
}

@Suite("A failure inside an aggregation (semantics 7.4)", .fewAtOnce)
struct SuspendedAggregationTests {
  let bench: Workbench
  let modules =
    iterator + "," + Workbench.say(5, "{{2.value}}") + "," + aggregator(3) + ","
    + Workbench.say(4, #"sum {{join(map(3.array; \"v\"); \"\")}}"#)

  init() throws { bench = try Workbench() }

  @Test("by default the whole aggregation waits, and is complete after the resume")
  func suspended() async throws {
    bench.told.fail(on: "b", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": ["a", "b", "c"]], ["items": ["d"]]])
    #expect(bench.told.takeHeard() == ["a", "b", "d", "sum d"])
    #expect(try await bench.open().count == 1)
    bench.told.fail(on: "b", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["b", "c", "sum abc"])
  }

  @Test("a second failure moves the same record on, with what was gathered and one attempt more")
  func twice() async throws {
    bench.told.fail(on: "b", with: ModuleError(.data, "no"))
    bench.told.fail(on: "c", with: ModuleError(.rateLimit, "slowly"))
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": ["a", "b", "c"]]])
    let record = try #require(try await bench.open().first)
    var bundles = try await bench.desk.record(record.id).bundles
    let edit = try bench.desk.edit(
      "B", at: ValuePath(module: 2, steps: [.field("value")]), of: &bundles)
    _ = try await bench.desk.append([edit], to: record.id, version: record.version)

    let later = ModuleError(.rateLimit, "slowly")
    #expect(
      try await bench.resumeAll() == [.failedElsewhere(later, at: 5, record: nil)])
    let moved = try await bench.desk.record(record.id)
    #expect(try await bench.open().map(\.id) == [record.id])
    #expect(moved.error == later)
    #expect(moved.bundles[2]?["value"] == "c")
    #expect(moved.edits == [edit])
    #expect(moved.summary.attempts == 1)
    // The second pause of the plan: attempts go on being counted.
    #expect(moved.summary.state == .pending)
    #expect(moved.summary.nextRetry == bench.clock.now().advanced(bySeconds: 3600))
    #expect(try await bench.store.counts().openBytes == moved.summary.size)

    bench.told.fail(on: "c", with: nil)
    _ = bench.told.takeHeard()
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["c", "sum aBc"])
    #expect(try await bench.store.counts().openBytes == 0)
  }

  @Test("what the aggregator itself refuses is mended bundle by bundle, in the same record")
  func refusedByAggregator() async throws {
    let modules =
      iterator + "," + aggregator(3, #""v":"{{parseDate(2.value; \"YYYY\")}}""#) + ","
      + Workbench.say(4, "{{length(3.array)}} years")
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": ["a", "b", "2026"]]])
    for bad in ["a", "b"] {
      let record = try #require(try await bench.open().first)
      var bundles = try await bench.desk.record(record.id).bundles
      #expect(bundles[2]?["value"] == .text(bad))
      let edit = try bench.desk.edit(
        "2025", at: ValuePath(module: 2, steps: [.field("value")]), of: &bundles)
      _ = try await bench.desk.append([edit], to: record.id, version: record.version)
      _ = try await bench.resumeAll()
    }
    #expect(try await bench.open().isEmpty)
    #expect(bench.told.takeHeard() == ["3 years"])
  }

  @Test("bundles that were not reached keep their numbers, and the chain tells what ran before")
  func numbers() async throws {
    let modules =
      iterator + "," + Workbench.say(5, "{{2.value}} {{2.__IMTINDEX__}}/{{2.__IMTLENGTH__}}") + ","
      + aggregator(3)
    bench.told.fail(on: "a 1/3", with: ModuleError(.data, "no"))
    bench.told.fail(on: "c 3/3", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": ["a", "b", "c"]]])
    bench.told.fail(on: "a 1/3", with: nil)
    _ = bench.told.takeHeard()
    _ = try await bench.resumeAll()
    #expect(bench.told.takeHeard() == ["a 1/3", "b 2/3", "c 3/3"])
    let id = try #require(try await bench.open().first?.id)
    let record = try await bench.desk.record(id)
    #expect(record.visit(of: 1)?.emitted == 1)
    #expect(record.visit(of: 2)?.emitted == 3)
    #expect(record.visit(of: 5)?.emitted == 2)
    #expect(record.visit(of: 5)?.failed == 1)
  }

  @Test("a failure of an aggregation that began in the retry makes a record of its own")
  func another() async throws {
    let modules =
      #"{"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},"#
      + Workbench.say(5, "{{2.value}}") + "," + aggregator(3) + ","
      + #"{"id":6,"module":"builtin:BasicFeeder","mapper":{"array":"{{map(3.array; \"v\")}}"}},"#
      + Workbench.say(7, "again {{6.value}}") + "," + aggregator(8, feeder: 6) + ","
      + Workbench.say(9, "{{length(8.array)}}")
    bench.told.fail(on: "b", with: ModuleError(.data, "no"))
    bench.told.fail(on: "again a", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": ["a", "b"]]])
    let first = try #require(try await bench.open().first)
    bench.told.fail(on: "b", with: nil)
    _ = try await bench.resumeAll()
    let second = try #require(try await bench.open().first)
    #expect(second.id != first.id)
    #expect(second.failer == 7)
    bench.told.fail(on: "again a", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard().suffix(3) == ["again a", "again b", "2"])
  }

  @Test(
    "an aggregation around one that waits waits too, where what is owed leads to it",
    arguments: [
      // Behind another aggregator of the inner source, and on a route of the next item.
      #"{"id":4,"module":"util:TextAggregator","parameters":{"feeder":2},"mapper":{"value":"{{2.value}}"}}"#,
      Workbench.say(4, "item {{2.value}}"),
    ])
  func aroundTheOther(module: String) async throws {
    let modules = #"""
      {"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},
      {"id":3,"module":"builtin:BasicRouter","routes":[
        {"flow":[\#(module),{"id":5,"module":"util:TextAggregator","parameters":{"feeder":1,"rowSeparator":"+"},
          "mapper":{"value":"{{4.text}}{{4.said}}"}},\#(Workbench.say(6, "whole {{5.text}}"))]},
        {"flow":[\#(Workbench.say(7, "x {{2.value}}")),
          {"id":8,"module":"util:TextAggregator","parameters":{"feeder":2},"mapper":{"value":"{{7.said}}"}},
          \#(Workbench.say(9, "list {{8.text}}"))]}]}
      """#
    let given: [Bundle] = [["items": ["a", "b"]], ["items": ["c"]]]
    let blueprint = try Workbench.blueprint(modules)
    _ = try await bench.runner.run(blueprint, given: given)
    let all = bench.told.takeHeard()
    bench.told.fail(on: "x a", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(blueprint, given: given)
    var done = bench.told.takeHeard().filter { $0 != "x a" }
    #expect(!done.contains { $0.hasPrefix("whole") })
    bench.told.fail(on: "x a", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    done += bench.told.takeHeard()
    #expect(done.sorted() == all.sorted())
  }

  @Test(
    "one that the bundle does not come to does not wait, and is made once",
    arguments: ["", #","onerror":[{"id":10,"module":"builtin:Break","mapper":{"retry":false}}]"#])
  func besideTheOther(handler: String) async throws {
    let modules = #"""
      {"id":3,"module":"builtin:BasicRouter","routes":[
        {"flow":[{"id":2,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},
          \#(Workbench.say(4, "{{2.value}}", handler))]},
        {"flow":[{"id":5,"module":"util:TextAggregator","parameters":{"feeder":1,"rowSeparator":"+"},
          "mapper":{"value":"{{1.items[1]}}"}},\#(Workbench.say(6, "digest {{5.text}}"))]}]}
      """#
    bench.told.fail(on: "b", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": ["a", "b", "c"]], ["items": ["d"]]])
    #expect(bench.told.takeHeard() == ["a", "b", "c", "d", "digest a+d"])
    bench.told.fail(on: "b", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["b"])
  }

  @Test("with Break it is made without the bundle, which later makes one of its own")
  func broken() async throws {
    let modules = modules.replacingOccurrence(
      of: Workbench.say(5, "{{2.value}}"),
      with: Workbench.say(
        5, "{{2.value}}",
        #","onerror":[{"id":90,"module":"builtin:Break","mapper":{"retry":false}}]"#))
    bench.told.fail(on: "b", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(
      Workbench.blueprint(modules), given: [["items": ["a", "b", "c"]]])
    #expect(bench.told.takeHeard() == ["a", "b", "c", "sum ac"])
    bench.told.fail(on: "b", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["b", "sum b"])
  }

  @Test("with Ignore it is made without the bundle, with Resume with the substitute")
  func handled() async throws {
    for (directive, expected) in [
      (#""builtin:Ignore""#, "sum ac"), (#""builtin:Resume","mapper":{"said":"?"}"#, "sum abc"),
    ] {
      let modules = modules.replacingOccurrence(
        of: Workbench.say(5, "{{2.value}}"),
        with: Workbench.say(
          5, "{{2.value}}", #","onerror":[{"id":90,"module":\#(directive)}]"#))
      bench.told.fail(on: "b", with: ModuleError(.data, "no"))
      let run = try await bench.runner.run(
        Workbench.blueprint(modules), given: [["items": ["a", "b", "c"]]])
      #expect(run.status == .success)
      #expect(bench.told.takeHeard().last == expected)
    }
  }

  @Test("a failure behind the aggregator resumes there, with its bundle")
  func behind() async throws {
    bench.told.fail(on: "sum ab", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(Workbench.blueprint(modules), given: [["items": ["a", "b"]]])
    bench.told.fail(on: "sum ab", with: nil)
    _ = bench.told.takeHeard()
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["sum ab"])
  }
}

@Suite("If-else and merge (semantics 6.4)", .fewAtOnce)
struct IfElseTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  private static func modules(merges: Bool = true, failing: String = "") -> String {
    let condition = { (value: String) in
      #""type":"condition","conditions":[[{"a":"{{1.w}}","o":"text:contain","b":"\#(value)"}]]"#
    }
    return #"""
      {"id":2,"module":"builtin:BasicIfElse","mapper":null,"branches":[
        {\#(condition("x")),"merge":\#(merges),"flow":[\#(Workbench.say(3, "X {{1.w}}"))]},
        {\#(condition("y")),"merge":\#(merges),"flow":[\#(Workbench.say(4, "Y"))]},
        {"type":"else","merge":\#(merges),"flow":[\#(Workbench.say(5, "else"))]}]}\#(failing)
      """#
        + (merges
          ? #",{"id":6,"module":"builtin:BasicMerge","mapper":null,"outputs":[{"name":"m","mappings":["{{3.said}}","{{4.said}}","{{5.said}}"]}]},"#
            + Workbench.say(7, "then {{6.m}}|{{3.said}}") : "")
  }

  @Test(
    "the first branch that holds runs, and only its mapping is merged",
    arguments: [
      ("x", ["X x", "then X x|"]), ("y", ["Y", "then Y|"]), ("xy", ["X xy", "then X xy|"]),
      ("z", ["else", "then else|"]),
    ])
  func branches(word: String, expected: [String]) async throws {
    _ = try await bench.runner.run(
      Workbench.blueprint(Self.modules()), given: [["w": .text(word)]])
    #expect(bench.told.takeHeard() == expected)
  }

  @Test("the else branch is for what met no condition, wherever it stands", arguments: ["x", "z"])
  func elseFirst(word: String) async throws {
    let modules = #"""
      {"id":2,"module":"builtin:BasicIfElse","branches":[
        {"type":"else","merge":true,"flow":[\#(Workbench.say(3, "else"))]},
        {"type":"condition","conditions":[[{"a":"{{1.w}}","o":"text:equal","b":"x"}]],"merge":true,"flow":[\#(Workbench.say(4, "X"))]}]},
      {"id":5,"module":"builtin:BasicMerge","outputs":[{"name":"m","mappings":["{{3.said}}","{{4.said}}"]}]},
      \#(Workbench.say(6, "then {{5.m}}"))
      """#
    _ = try await bench.runner.run(Workbench.blueprint(modules), given: [["w": .text(word)]])
    let taken = word == "x" ? "X" : "else"
    #expect(bench.told.takeHeard() == [taken, "then \(taken)"])
  }

  @Test("conditions that fail for the next bundle too are a failure of that bundle")
  func conditionsFailTwice() async throws {
    let modules = #"""
      {"id":2,"module":"builtin:BasicIfElse","branches":[{"type":"condition",
        "conditions":[[{"a":"{{parseDate(1.w; \"YYYY\")}}","o":"text:equal","b":"x"}]],"flow":[\#(Workbench.say(3, "in"))]}]}
      """#
    _ = try await bench.runner.run(
      Workbench.blueprint(modules, settings: #""dlq":true,"sequential":true"#),
      given: [["w": "a"], ["w": "b"]])
    let first = try #require(try await bench.open().first)
    var bundles = try await bench.desk.record(first.id).bundles
    let edit = try bench.desk.edit(
      "2026", at: ValuePath(module: 1, steps: [.field("w")]), of: &bundles)
    _ = try await bench.desk.append([edit], to: first.id, version: first.version)
    _ = try await bench.resumeAll()
    let second = try #require(try await bench.open().first)
    #expect(try await bench.desk.record(second.id).bundles[1]?["w"] == "b")
  }

  @Test("a branch that does not merge ends")
  func ends() async throws {
    _ = try await bench.runner.run(
      Workbench.blueprint(Self.modules(merges: false)), given: [["w": "x"]])
    #expect(bench.told.takeHeard() == ["X x"])
  }

  @Test(
    "what comes after a bundle in a branch still sees the branch when it waits with a failure behind it",
    arguments: [
      (#""dlq":true,"sequential":true"#, ""),
      (
        #""dlq":true"#,
        #",{"id":8,"module":"util:TextAggregator","parameters":{"feeder":2},"mapper":{"value":"{{7.said}}"}}"#
      ),
    ])
  func restOfBranch(settings: String, aggregator: String) async throws {
    let modules = #"""
      {"id":2,"module":"builtin:BasicRepeater","mapper":{"repeats":1}},
      {"id":3,"module":"builtin:BasicIfElse","branches":[{"type":"else","merge":true,"flow":[
        {"id":4,"module":"builtin:BasicFeeder","mapper":{"array":"{{1.items}}"}},
        {"id":5,"module":"builtin:BasicRepeater","mapper":{"repeats":2}},
        \#(Workbench.say(6, "in {{4.value}}{{5.i}}"))]}]},
      {"id":9,"module":"builtin:BasicMerge","outputs":[{"name":"m","mappings":["{{4.value}}{{5.i}}"]}]},
      \#(Workbench.say(7, "behind {{9.m}}{{4.value}}"))
      """#
    bench.told.fail(on: "behind a1", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(
      Workbench.blueprint(modules + aggregator, settings: settings), given: [["items": ["a", "b"]]])
    #expect(bench.told.takeHeard() == ["in a1", "behind a1"])
    bench.told.fail(on: "behind a1", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(
      bench.told.takeHeard() == [
        "behind a1", "in a2", "behind a2", "in b1", "behind b1", "in b2", "behind b2",
      ])
  }

  @Test("a failure in a branch is resumed there and goes on behind the merge")
  func resumed() async throws {
    bench.told.fail(on: "X x", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(Workbench.blueprint(Self.modules()), given: [["w": "x"]])
    bench.told.fail(on: "X x", with: nil)
    _ = bench.told.takeHeard()
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["X x", "then X x|"])
  }
}

@Suite("Repeater and throw (semantics 4.6, 6.6)", .fewAtOnce)
struct SmallFlowModuleTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test(
    "repeats that often, from a start, by a step",
    arguments: [
      (#""repeats":"3""#, ["1", "2", "3"]),
      (#""start":10,"step":-5,"repeats":3"#, ["10", "5", "0"]),
      (#""repeats":0"#, []),
    ])
  func repeater(mapper: String, expected: [String]) async throws {
    let run = try await bench.runner.run(
      Workbench.blueprint(
        #"{"id":2,"module":"builtin:BasicRepeater","mapper":{\#(mapper)}},"#
          + Workbench.say(3, "{{2.i}}")), given: [[:]])
    #expect(bench.told.takeHeard() == expected)
    #expect(run.status == .success)
  }

  @Test("ThrowError fails with its message, ThrowWarning warns and goes on")
  func thrown() async throws {
    let run = try await bench.runner.run(
      Workbench.blueprint(
        #"{"id":2,"module":"builtin:ThrowWarning","mapper":{"message":"careful"}},"#
          + Workbench.say(3, "on")
          + #",{"id":4,"module":"builtin:ThrowError","mapper":{"message":"stop","type":"DataError"}}"#
      ), given: [[:]])
    #expect(bench.told.takeHeard() == ["on"])
    #expect(run.status == .warning)
    #expect(run.warnings == ["module 2: careful"])
    #expect(try await bench.open().first?.reason == "stop")
  }
}

extension String {
  fileprivate func replacingOccurrence(of old: String, with new: String) -> String {
    guard let range = range(of: old) else { return self }
    return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }

  private func range(of other: String) -> Range<String.Index>? {
    indices.lazy.compactMap { start -> Range<String.Index>? in
      self[start...].hasPrefix(other)
        ? start..<self.index(start, offsetBy: other.count) : nil
    }.first
  }
}
