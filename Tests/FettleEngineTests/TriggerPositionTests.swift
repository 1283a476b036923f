import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("How far a trigger has read is committed with the cycle, and last", .fewAtOnce)
struct TriggerPositionTests {
  let bench: Workbench
  let runner: ScenarioRunner

  init() throws {
    bench = try Workbench()
    runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told, Reader()]), store: bench.store,
      clock: bench.clock)
  }

  private func blueprint(_ name: String, autoCommit: Bool, dlq: Bool = false) throws -> Blueprint {
    try Blueprint(
      json: Array(
        #"""
        {"name":"\#(name)","flow":[{"id":1,"module":"test:Reader"},\#(Workbench.say(2, "{{1.n}}"))],
         "metadata":{"scenario":{"dlq":\#(dlq),"autoCommit":\#(autoCommit)}}}
        """#.utf8))
  }

  @Test(
    "a run that is rolled back reads the same again; a committed one goes on",
    arguments: [true, false])
  func rollBack(autoCommit: Bool) async throws {
    let blueprint = try blueprint("A", autoCommit: autoCommit)
    bench.told.fail(on: "1", with: ModuleError(.runtime, "no"))
    #expect(try await runner.run(blueprint, given: nil).status == .error)
    #expect(bench.told.takeHeard() == ["1"])
    bench.told.fail(on: "1", with: nil)
    for expected in ["1", "2", "3"] {
      #expect(try await runner.run(blueprint, given: nil).status == .success)
      #expect(bench.told.takeHeard() == [expected])
    }
    // Each scenario has its own.
    _ = try await runner.run(try self.blueprint("B", autoCommit: autoCommit), given: nil)
    #expect(bench.told.takeHeard() == ["1"])
  }

  @Test("a bundle that was stored is not read again: the record has it")
  func stored() async throws {
    let blueprint = try blueprint("A", autoCommit: true, dlq: true)
    bench.told.fail(on: "1", with: ModuleError(.data, "no"))
    #expect(try await runner.run(blueprint, given: nil).stored.count == 1)
    #expect(try await runner.run(blueprint, given: nil).status == .success)
    #expect(bench.told.takeHeard() == ["1", "2"])
  }

  @Test("secret fields are kept out of the journal and of records")
  func secretFields() async throws {
    let blueprint = try Workbench.blueprint(
      #"""
      {"id":2,"module":"http:ActionSendData","version":3,"parameters":{"handleErrors":true},
       "mapper":{"url":"http://127.0.0.1:1/","method":"get","authUser":"ada","authPass":"{{1.p}}"}}
      """#)
    let summary = try await runner.run(blueprint, given: [["p": "planted-secret"]])
    let record = try await bench.store.record(try #require(summary.stored.first))
    #expect(record.mappedInput.collection?["authPass"] == .text(Mask.sign))
    #expect(record.mappedInput.collection?["authUser"] == "ada")
  }

  @Test("a POST whose author says that doing it twice is doing it once waits for no barrier")
  func declared() throws {
    let module = try Workbench.blueprint(
      #"""
      {"id":2,"module":"http:MakeRequest","metadata":{"fettle":{"effect":"idempotent"}}},
      {"id":3,"module":"http:MakeRequest"}
      """#
    ).flow
    #expect(module[1].declaredEffect == .idempotent)
    #expect(module[2].declaredEffect == nil)
  }

  @Test(
    "two runs do not ask it at the same time, nor one behind a worker that died until that is taken over"
  )
  func alone() async throws {
    let blueprint = try blueprint("A", autoCommit: true)
    let (runner, bench) = (runner, bench)
    bench.told.whenHearing("1") {
      await #expect(throws: StoreError.self) { try await runner.run(blueprint, given: nil) }
    }
    #expect(try await runner.run(blueprint, given: nil).status == .success)
    #expect(bench.told.takeHeard() == ["1"])
    let mortal = MortalStore(bench.store, writesLeft: 2, diesAfterWrite: false)
    let dying = ScenarioRunner(
      modules: runner.modules, store: mortal, scenarios: bench.store, journal: mortal,
      dataStores: bench.store, clock: bench.clock)
    await #expect(throws: StoreError.self) { try await dying.run(blueprint, given: nil) }
    #expect(bench.told.takeHeard() == ["2"])
    await #expect(throws: StoreError.self) { try await runner.run(blueprint, given: nil) }
    bench.clock.advance(seconds: 31)
    _ = try await runner.takeOverInterrupted()
    #expect(try await runner.run(blueprint, given: nil).status == .success)
    #expect(bench.told.takeHeard() == ["3"], "what the dead one had is a record's")
    #expect(try await bench.open().count == 1)
  }
}
