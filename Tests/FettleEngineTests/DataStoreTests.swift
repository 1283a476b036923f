import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite(
  "Data stores: transactional, in the database of the journal (semantics 6.1, durability 2)",
  .fewAtOnce)
struct DataStoreTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  private static func add(_ id: Int, _ key: String) -> String {
    #"{"id":\#(id),"module":"datastore:AddRecord","mapper":{"key":"\#(key)","data":{"v":"{{1.v}}"}}}"#
  }

  private func keys() async throws -> [String] {
    try await bench.store.dataRecords(in: "default", after: nil, limit: 100).map(\.key)
  }

  @Test("a record is added once; adding it again is a duplicate, which fails the execution (D3)")
  func duplicate() async throws {
    let blueprint = try Workbench.blueprint(Self.add(2, "{{1.k}}"))
    let first = try await bench.runner.run(blueprint, given: [["k": "a", "v": 1]])
    #expect(first.status == .success)
    let second = try await bench.runner.run(blueprint, given: [["k": "a", "v": 2]])
    #expect(second.error?.type == .duplicateData)
    #expect(try await bench.store.dataRecord("a", in: "default") == ["v": 1])
  }

  @Test(
    "what is no collection is refused as a record, not stored as an empty one (7.1)",
    arguments: [Value.text("abc"), 5, ["a"]])
  func noCollection(data: Value) async throws {
    let blueprint = try Workbench.blueprint(
      #"{"id":2,"module":"datastore:AddRecord","mapper":{"key":"k","data":"{{1.d}}"}}"#)
    let summary = try await bench.runner.run(blueprint, given: [["d": data]])
    #expect(summary.status == .warning)
    #expect(try await bench.open().map(\.errorType) == [.bundleValidation])
    #expect(try await keys() == [])
  }

  @Test("with auto-commit off a failure undoes the cycle; with it on what was written stays")
  func rollback() async throws {
    bench.told.fail(on: "x", with: ModuleError(.runtime, "no"))
    let modules = Self.add(2, "{{1.k}}") + "," + Workbench.say(3, "x")
    let off = try Workbench.blueprint(modules, settings: #""dlq":true,"autoCommit":false"#)
    #expect(try await bench.runner.run(off, given: [["k": "a"]]).status == .error)
    #expect(try await keys() == [])
    let on = try Workbench.blueprint(modules)
    #expect(try await bench.runner.run(on, given: [["k": "a"]]).status == .error)
    #expect(try await keys() == ["a"])
  }

  @Test("a cycle sees what it wrote before it is committed; nobody else does")
  func ownWrites() async throws {
    let blueprint = try Workbench.blueprint(
      Self.add(2, "{{1.k}}") + #","#
        + #"{"id":3,"module":"datastore:CountRecord"},"# + Workbench.say(4, "{{3.count}}"),
      settings: #""dlq":true,"autoCommit":false"#)
    _ = try await bench.runner.run(blueprint, given: [["k": "a"], ["k": "b"]])
    #expect(bench.told.takeHeard() == ["1", "2"])
    #expect(try await keys() == ["a", "b"])
  }

  @Test("storing a record commits what was done before it, so that the resume goes on from there")
  func storing() async throws {
    bench.told.fail(on: "x", with: ModuleError(.data, "no"))
    let blueprint = try Workbench.blueprint(
      Self.add(2, "{{1.k}}") + "," + Workbench.say(3, "x") + "," + Self.add(4, "{{1.k}}-done"),
      settings: #""dlq":true,"autoCommit":false"#)
    _ = try await bench.runner.run(blueprint, given: [["k": "a"]])
    #expect(try await keys() == ["a"])
    bench.told.fail(on: "x", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(try await keys() == ["a", "a-done"])
  }

  @Test("a rollback after a record was stored says which bundles lost what they had written")
  func undoneRecords() async throws {
    bench.told.fail(on: "a", with: ModuleError(.data, "no"))
    bench.told.fail(on: "b", with: ModuleError(.runtime, "no"))
    let blueprint = try Workbench.blueprint(
      Self.add(2, "{{1.k}}") + "," + Workbench.say(3, "{{1.k}}"),
      settings: #""dlq":true,"autoCommit":false"#)
    let summary = try await bench.runner.run(blueprint, given: [["k": "a"], ["k": "b"]])
    #expect(summary.status == .error)
    #expect(try await keys() == [])
    #expect(summary.warnings.contains { $0.contains("rolled back") })
  }

  @Test("the number of cycles is kept: each commits by itself, and a rollback undoes only its own")
  func cycles() async throws {
    let blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"C","flow":[
          {"id":1,"module":"datastore:CountRecord"},
          {"id":2,"module":"datastore:AddRecord","mapper":{"key":"k{{1.count}}","data":{}}},
          {"id":3,"module":"builtin:ThrowError","filter":{"conditions":[[{"a":"{{1.count}}","o":"number:equal","b":"2"}]]},"mapper":{"message":"third"}}],
         "metadata":{"scenario":{"roundtrips":5,"autoCommit":false}}}
        """#.utf8))
    let summary = try await bench.runner.run(blueprint)
    #expect(summary.error?.message == "third")
    #expect(try await keys() == ["k0", "k1"])
  }

  @Test("searching filters, sorts, limits, and can go on with nothing")
  func search() async throws {
    for (key, age) in [("a", 30), ("b", 20), ("c", 40)] {
      let add =
        #"{"id":2,"module":"datastore:AddRecord","mapper":{"key":"\#(key)","data":{"age":\#(age)}}}"#
      _ = try await bench.runner.run(Workbench.blueprint(add), given: [[:]])
    }
    func found(_ mapper: String, _ parameters: String = "") async throws -> [String] {
      let search = """
        {"id":2,"module":"datastore:SearchRecord","parameters":{\(parameters)},"mapper":{\(mapper)}},
        \(Workbench.say(3, "{{2.key}}/{{2.__IMTLENGTH__}}"))
        """
      _ = try await bench.runner.run(Workbench.blueprint(search), given: [[:]])
      return bench.told.takeHeard()
    }
    let older = #""filter":[[{"a":"age","o":"number:greater","b":"25"}]]"#
    #expect(try await found(older) == ["a/2", "c/2"])
    #expect(
      try await found(older + #","sort":[{"key":"age","order":"desc"}]"#, #""limit":1"#) == ["c/1"])
    let none = #""filter":[[{"a":"age","o":"number:greater","b":"99"}]]"#
    #expect(try await found(none) == [])
    #expect(try await found(none, #""continueWhenNoRes":true"#) == ["/0"])
  }

  @Test("6.1, 8.5: updates of one record by many executions at once are all kept")
  func updatesAtOnce() async throws {
    let blueprint = try Workbench.blueprint(
      #"{"id":2,"module":"datastore:UpdateRecord","mapper":{"key":"k","upsert":true,"data":{"l":["{{1.n}}"]}}}"#
    )
    let runner = bench.runner
    try await withThrowingTaskGroup(of: ExecutionStatus.self) { group in
      for n in 1...24 {
        group.addTask {
          try await runner.run(blueprint, given: [["n": .integer(n)]]).status
        }
      }
      for try await status in group { #expect(status == .success) }
    }
    let list = try await bench.store.dataRecord("k", in: "default")?["l"]?.array ?? []
    #expect(
      Set(list.compactMap { Coercion.number($0)?.integer }) == Set(1...24),
      "nothing was overwritten")
    #expect(list.count == 24, "and nothing was done twice")
  }

  @Test(
    "6.1: an update that waits for the commit is refused there when the record was changed meanwhile"
  )
  func updateAtCommit() async throws {
    let change = try Workbench.blueprint(
      #"{"id":2,"module":"datastore:UpdateRecord","mapper":{"key":"k","upsert":true,"data":{"by":"{{1.who}}"}}},"#
        + Workbench.say(3, "{{1.who}}"), settings: #""dlq":true,"autoCommit":false"#)
    // The second execution runs, as a whole, while the first one performs its last module.
    let (store, runner) = (bench.store, bench.runner)
    bench.told.whenHearing("first") {
      _ = try? await runner.run(change, given: [["who": "second"]])
    }
    let summary = try await runner.run(change, given: [["who": "first"]])
    #expect(summary.error?.type == .inconsistency)
    #expect(try await store.dataRecord("k", in: "default") == ["by": "second"])
  }

  @Test("updating merges, upserts when told to, and names the key it does not find")
  func update() async throws {
    func update(_ data: String, _ more: String = "") async throws -> ExecutionSummary {
      try await bench.runner.run(
        Workbench.blueprint(
          #"{"id":2,"module":"datastore:UpdateRecord","mapper":{"key":"k","data":\#(data)\#(more)}}"#
        ),
        given: [[:]])
    }
    #expect(try await update(#"{"a":1}"#).stored.count == 1, "no such key: DataError, stored")
    _ = try await update(#"{"a":1,"l":[1],"o":{"x":1}}"#, #","upsert":true"#)
    _ = try await update(#"{"b":2,"l":[2],"o":{"y":2}}"#)
    #expect(
      try await bench.store.dataRecord("k", in: "default")
        == ["a": 1, "l": [1, 2], "o": ["x": 1, "y": 2], "b": 2])
  }
}
