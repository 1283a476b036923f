import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("7.5.2: records of a cycle that is rolled back", .fewAtOnce)
struct TransactionTests {
  let bench: Workbench
  let runner: ScenarioRunner

  init() throws {
    bench = try Workbench()
    runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told, Reader(count: 3)]),
      store: bench.store,
      clock: bench.clock)
  }

  private static let keep =
    #"{"id":2,"module":"datastore:AddRecord","parameters":{"datastore":"s"},"mapper":{"key":"{{1.n}}","data":{"v":"{{1.n}}"}}}"#

  /// Bundle 1 is stored, bundle 2 fails in a way that is not stored.
  private func fail() {
    bench.told.fail(on: "1", with: ModuleError(.data, "no"))
    bench.told.fail(on: "2", with: ModuleError(.runtime, "no"))
  }

  @Test("a polling trigger gives the bundles again: its records go into the bin")
  func withdrawn() async throws {
    let blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"T","flow":[{"id":1,"module":"test:Reader"},\#(Self.keep),\#(Workbench.say(3, "{{1.n}}"))],
         "metadata":{"scenario":{"dlq":true,"autoCommit":false}}}
        """#.utf8))
    fail()
    let run = try await runner.run(blueprint)
    #expect(run.status == .error)
    let id = try #require(run.stored.first)
    let record = try await bench.store.record(id)
    #expect(record.summary.state == .deleted)
    #expect(
      try await bench.store.notes(of: id).last?.detail?.contains("gives its bundle again") == true)
    #expect(try await bench.store.dataCount(in: "s") == 0)
    // The next run has every bundle, once.
    bench.told.fail(on: "1", with: nil)
    bench.told.fail(on: "2", with: nil)
    _ = bench.told.takeHeard()
    #expect(try await runner.run(blueprint).status == .success)
    #expect(bench.told.takeHeard() == ["1", "2", "3"])
    #expect(try await bench.open().isEmpty)
  }

  @Test(
    "nobody else has bundles that were given by hand: the record stays, and says where to go on")
  func kept() async throws {
    fail()
    let run = try await runner.run(
      Workbench.blueprint(
        Self.keep + "," + Workbench.say(3, "{{1.n}}"), settings: #""dlq":true,"autoCommit":false"#),
      given: [["n": 1], ["n": 2]])
    let id = try #require(run.stored.first)
    let record = try await bench.store.record(id)
    #expect(record.summary.state == .unresolved)
    #expect(try await bench.store.dataCount(in: "s") == 0)
    let restart = try #require(try await bench.desk.restartAfterRollback(of: record))
    #expect(restart == 2)
    let version = try await bench.desk.moveRestart(
      of: id, to: restart, version: record.summary.version)
    bench.told.fail(on: "1", with: nil)
    #expect(
      try await bench.desk.resume(id, version: version, trigger: .manual).outcome == .resolved)
    #expect(try await bench.store.dataCount(in: "s") == 1)
  }

  @Test("with auto-commit nothing of a record was undone: it stays as it is")
  func committed() async throws {
    fail()
    let run = try await runner.run(
      Workbench.blueprint(Self.keep + "," + Workbench.say(3, "{{1.n}}")),
      given: [["n": 1], ["n": 2]])
    let record = try await bench.store.record(try #require(run.stored.first))
    #expect(record.summary.state == .unresolved)
    #expect(try await bench.desk.restartAfterRollback(of: record) == nil)
    #expect(try await bench.store.dataCount(in: "s") == 2)
  }
}

@Suite("11: where Make counts instead of Fusion", .fewAtOnce)
struct ProfileTests {
  // swift-format-ignore
  @Test("a run of each ends so", arguments: [
    ("D1", Workbench.say(2, "x"), .fusion, .error, []),
    ("D1", Workbench.say(2, "x"), .make, .warning, [[]]),
    ("D9", Workbench.say(2, "x", broken), .fusion, .success, [[900, 1800, 1800]]),
    ("D9, D17", Workbench.say(2, "x", broken), .make, .warning, [[900, 900, 900]]),
    ("D10", router, .fusion, .success, []),
    ("D10", router, .make, .warning, [[]]),
  ] as [(String, String, Profile, ExecutionStatus, [[Int]])])
  func ends(
    question: String, modules: String, profile: Profile, status: ExecutionStatus, pauses: [[Int]]
  ) async throws {
    let bench = try Workbench()
    var runner = bench.runner
    runner.profile = profile
    bench.told.fail(on: "x", with: ModuleError(.runtime, "no"))
    let run = try await runner.run(Workbench.blueprint(modules), given: [[:]])
    #expect(run.status == status, "\(question)")
    var schedules: [[Int]] = []
    for id in run.stored { schedules.append(try await bench.store.record(id).schedule.pauses) }
    #expect(schedules == pauses, "\(question)")
  }

  @Test("a run by hand goes through all its cycles, in Make through one (D29)")
  func cycles() async throws {
    let bench = try Workbench()
    var runner = bench.runner
    let blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"C","flow":[\#(Workbench.say(1, "x"))],"metadata":{"scenario":{"roundtrips":3}}}
        """#.utf8))
    for (profile, count) in [(Profile.fusion, 3), (.make, 1)] {
      runner.profile = profile
      _ = try await runner.run(blueprint)
      #expect(bench.told.takeHeard().count == count)
      _ = try await runner.run(blueprint, origin: .scheduled)
      #expect(bench.told.takeHeard().count == 3)
    }
  }

  private static let broken =
    #","onerror":[{"id":9,"module":"builtin:Break","mapper":{"retry":true,"count":3,"interval":15}}]"#
  private static let router =
    #"{"id":2,"module":"builtin:BasicRouter","onerror":[{"id":9,"module":"builtin:Ignore"}],"#
    + #""routes":[{"flow":[\#(Workbench.say(3, "x"))]}]}"#
}
