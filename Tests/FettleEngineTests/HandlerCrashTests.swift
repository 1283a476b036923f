import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("A worker that dies while an error handler route is at work (durability 3)", .fewAtOnce)
struct HandlerCrashTests {
  /// What a handler route ends with, and what is heard behind it.
  // swift-format-ignore
  private static let endings: [(directive: String, behind: [String])] = [
    (#"{"id":9,"module":"builtin:Resume","mapper":{"said":"sub"}}"#, ["after sub", "route 2"]),
    (#"{"id":9,"module":"builtin:Ignore"}"#, ["route 2"]),
    (#"{"id":9,"module":"builtin:Commit"}"#, []),
    (#"{"id":9,"module":"builtin:Rollback"}"#, []),
    (#"{"id":9,"module":"builtin:Break","mapper":{"retry":true,"count":"3","interval":"10"}}"#, []),
    (Workbench.say(9, "rest"), ["rest", "route 2"]),
  ]

  /// Module 2 fails; its handler takes only `DataError`, says two things on its way through a router, and
  /// ends with a directive.
  private static func blueprint(_ directive: String) throws -> Blueprint {
    let filter =
      #","filter":{"conditions":[[{"a":"{{2.error.type}}","o":"text:equal","b":"DataError"}]]}"#
    let handler =
      Workbench.say(8, "h1", filter) + ","
      + #"{"id":11,"module":"builtin:BasicRouter","routes":[{"flow":[\#(Workbench.say(12, "inner"))]},{"flow":[\#(Workbench.say(13, "h2")),\#(directive)]}]}"#
    let failing = Workbench.say(2, "m", #","onerror":[\#(handler)]"#)
    return try Workbench.blueprint(
      #"{"id":20,"module":"builtin:BasicRouter","routes":[{"flow":[\#(failing),"#
        + Workbench.say(4, "after {{2.said}}") + #"]},{"flow":[\#(Workbench.say(5, "route 2"))]}]}"#
    )
  }

  private func worker(
    on bench: Workbench, dyingAt write: Int, after: Bool
  ) -> (runner: ScenarioRunner, desk: OperatorDesk) {
    let mortal = MortalStore(bench.store, writesLeft: write, diesAfterWrite: after)
    let runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told]), store: mortal,
      scenarios: bench.store, journal: mortal, dataStores: bench.store, clock: bench.clock)
    return (runner, OperatorDesk(store: mortal, runner: runner, author: "mortal"))
  }

  /// Lets everything that was left come to its end, as an operator who asks the other side what arrived.
  /// - Returns: what was heard meanwhile.
  private func finish(_ bench: Workbench, heard: [String]) async throws -> [String] {
    var heard = heard
    for _ in 0..<10 {
      bench.clock.advance(seconds: 31)
      let open = try await bench.open().filter {
        $0.failer != 2 || $0.errorType == .executionInterrupted
      }
      guard let record = open.first else { break }
      let whole = try await bench.desk.record(record.id)
      let sent = whole.mappedInput.collection?["say"]?.text ?? ""
      let isInDoubt = whole.error.stage == .inDoubt
      #expect(record.state == (isInDoubt ? .unresolved : .pending), "\(whole.error)")
      if isInDoubt { #expect(!sent.isEmpty, "it is told what was about to be sent") }
      let arrived = isInDoubt && heard.contains(sent) && sent != "m"
      let report = try await bench.desk.resume(
        record.id, version: nil, trigger: .manual, substitute: arrived ? ["said": .text(sent)] : nil
      )
      heard += bench.told.takeHeard()
      // A Rollback leaves the record where it was, for an operator.
      if case .failed = report.outcome { break }
    }
    return heard
  }

  @Test(
    "in a first run: each step of the route is done once, then what its directive says",
    arguments: endings)
  func firstRun(directive: String, behind: [String]) async throws {
    let blueprint = try Self.blueprint(directive)
    for write in 1..<12 {
      for after in [false, true] {
        let bench = try Workbench()
        bench.told.fail(on: "m", with: ModuleError(.data, "no"))
        let (runner, _) = worker(on: bench, dyingAt: write, after: after)
        let run = try? await runner.run(blueprint, given: [[:]])
        let heard = bench.told.takeHeard()
        // A run that lived to its end did what the directive says, Rollback included.
        if run != nil { continue }
        let all = try await finish(bench, heard: heard).filter { $0 != "m" }
        #expect(
          all == ["h1", "inner", "h2"] + behind, "dying at write \(write), after it: \(after)")
        let open = try await bench.open()
        switch directive {
        case _ where directive.contains("Break"):
          let record = try #require(open.first)
          let whole = try await bench.desk.record(record.id)
          #expect(open.map(\.failer) == [2])
          #expect(record.state == .pending && record.plannedAttempts == 3)
          #expect(whole.error.type == .data && whole.error.message == "no")
          #expect(whole.mappedInput == ["say": "m"])
        // It was obeyed in the take-over, where the route was through.
        case _ where directive.contains("Rollback"): #expect(open.count <= 1)
        default: #expect(open.isEmpty, "dying at write \(write), after it: \(after)")
        }
      }
    }
  }

  @Test(
    "in a retry: each step of the route is done once, then what its directive says",
    arguments: endings)
  func retry(directive: String, behind: [String]) async throws {
    let blueprint = try Self.blueprint(directive)
    for write in 1..<12 {
      for after in [false, true] {
        let bench = try Workbench()
        bench.told.fail(on: "m", with: ModuleError(.connection, "down"))
        _ = try await bench.runner.run(blueprint, given: [[:]])
        bench.told.fail(on: "m", with: ModuleError(.data, "no"))
        _ = bench.told.takeHeard()
        let record = try #require(try await bench.open().first)
        #expect(record.failer == 2 && record.state == .pending)
        bench.clock.advance(seconds: 601)
        let (_, desk) = worker(on: bench, dyingAt: write, after: after)
        let report = try? await desk.resume(record.id, version: nil, trigger: .auto)
        let heard = bench.told.takeHeard()
        if report != nil { continue }
        bench.clock.advance(seconds: 31)
        _ = try await bench.desk.takeOverInterrupted()
        let former = try await bench.desk.record(record.id)
        // A worker that died before it had claimed the record made no attempt.
        let wasClaimed = try await bench.desk.notes(of: record.id).contains {
          $0.event == "claimed"
        }
        #expect(
          former.attempts.map(\.trigger) == (wasClaimed ? [.auto] : []),
          "who started it is not forgotten")
        // What was begun and did not get to the handler is begun again.
        if former.summary.state != .resolved, heard.allSatisfy({ $0 == "m" }) { continue }
        let all = try await finish(bench, heard: heard).filter { $0 != "m" }
        let place = "dying at write \(write), after it: \(after)"
        #expect(all == ["h1", "inner", "h2"] + behind, "\(place)")
        let open = try await bench.open()
        switch directive {
        case _ where directive.contains("Break"):
          let whole = try await bench.desk.record(try #require(open.first).id)
          #expect(open.map(\.failer) == [2], "\(place)")
          #expect(whole.error.type == .data, "\(place)")
          #expect(whole.mappedInput == ["say": "m"], "\(place)")
        case _ where directive.contains("Rollback"): #expect(open.count == 1, "\(place)")
        default: #expect(open.isEmpty, "\(place)")
        }
      }
    }
  }

  @Test(
    "a retry whose handler has steps before Break stays one record, and its attempts come to an end"
  )
  func breakBehindSteps() async throws {
    let bench = try Workbench()
    let handler =
      Workbench.say(8, "h")
      + #",{"id":9,"module":"builtin:Break","mapper":{"retry":true,"count":"2","interval":"1"}}"#
    bench.told.fail(on: "m", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "m", #","onerror":[\#(handler)]"#)), given: [[:]])
    let record = try #require(try await bench.open().first)
    for _ in 0..<2 {
      bench.clock.advance(seconds: 300)
      _ = try await bench.desk.resume(record.id, version: nil, trigger: .auto)
    }
    let all = try await bench.store.page(
      RecordFilter(states: Set(IncompleteState.allCases)), .first, limit: 10)
    #expect(all.map(\.id) == [record.id])
    #expect(all.map(\.attempts) == [2])
    #expect(all.map(\.state) == [.unresolved])
  }

  @Test("a retry that fails in a handler route goes on there: what the route did is not done again")
  func failingInHandler() async throws {
    let bench = try Workbench()
    bench.told.fail(on: "m", with: ModuleError(.connection, "down"))
    _ = try await bench.runner.run(Self.blueprint(Self.endings[0].directive), given: [[:]])
    bench.told.fail(on: "m", with: ModuleError(.data, "no"))
    bench.told.fail(on: "h2", with: ModuleError(.runtime, "no"))
    _ = bench.told.takeHeard()
    _ = try await bench.resumeAll()
    #expect(bench.told.takeHeard() == ["m", "h1", "inner", "h2"])
    let record = try #require(try await bench.open().first)
    #expect(record.failer == 13)
    #expect(record.state == .unresolved)
    bench.told.fail(on: "h2", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["h2", "after sub", "route 2"])
    #expect(try await bench.open().isEmpty)
  }

  @Test(
    "a retry whose handler ignores the failure goes on with the bundles behind, which may fail too")
  func ignoredThenFailing() async throws {
    let bench = try Workbench()
    let handler = #"{"id":9,"module":"builtin:Ignore"}"#
    let blueprint = try Workbench.blueprint(
      Workbench.say(2, "{{1.n}}", #","onerror":[\#(handler)]"#), settings: #""dlq":true"#)
    let (runner, _) = worker(on: bench, dyingAt: 1, after: false)
    _ = try? await runner.run(blueprint, given: [["n": 1], ["n": 2], ["n": 3]])
    for word in ["1", "2"] { bench.told.fail(on: word, with: ModuleError(.data, "no")) }
    bench.clock.advance(seconds: 31)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["1", "2", "3"])
  }
}
