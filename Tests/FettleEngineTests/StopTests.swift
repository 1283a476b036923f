import FettleCore
import FettleSQLite
import FettleTestKit
import Testing

@testable import FettleEngine

@Suite("4.7 and 6.9: a run that is stopped", .timeLimit(.minutes(15)), .fewAtOnce)
struct StopTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  /// While the module says a word, the execution that runs is asked to stop, and its worker hears it.
  private func stop(when word: String) {
    let (desk, runner) = (bench.desk, bench.runner)
    bench.told.whenHearing(word) {
      guard let row = try? await desk.executions(of: nil, limit: 1).first else { return }
      try? await desk.stop(execution: row.summary.id)
      for _ in 0..<500 where runner.stops.author(of: row.summary.id) == nil {
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  private func numbers(_ count: Int) -> [Bundle] { (1...count).map { ["n": .integer($0)] } }

  private static func blueprint() throws -> Blueprint {
    try Workbench.blueprint(
      "\(Workbench.say(2, "a{{1.n}}")),\(Workbench.say(3, "b{{1.n}}"))")
  }

  @Test(
    "finishes the operation that runs; the rest waits in one record, and going on does each once")
  func rest() async throws {
    stop(when: "a2")
    let run = try await bench.runner.run(try Self.blueprint(), given: numbers(4))
    #expect(bench.told.takeHeard() == ["a1", "b1", "a2"])
    #expect(run.status == .warning)
    #expect(run.warnings == ["ada stopped it before module 3 \"Told\""])
    #expect(try await bench.desk.execution(run.id).stopAskedBy == "ada")
    let open = try await bench.open()
    #expect(open.map(\.failer) == [3])
    #expect(open.map(\.state) == [.unresolved] && open.map(\.nextRetry) == [nil])
    #expect(open.first?.reason == "ada stopped the run before \"Told\"; it goes on from here")
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["b2", "a3", "b3", "a4", "b4"])
    #expect(try await bench.open().isEmpty)
  }

  @Test("what a resume would do tells of the bundles behind the one that waits")
  func owedBundles() async throws {
    stop(when: "a2")
    _ = try await bench.runner.run(try Self.blueprint(), given: numbers(4))
    let id = try #require(try await bench.open().first?.id)
    let record = try await bench.desk.record(id)
    let check = bench.desk.check(record, bundles: record.bundles)
    #expect(check.willRun == [3])
    #expect(check.owed == [ResumeCheck.OwedBundles(module: 1, count: 2, willRun: [2, 3])])
    #expect(check.effects.map(\.module) == [3, 2])
  }

  @Test("a worker that stops begins no retry that was asked for: each waits, untouched")
  func requestedRetries() async throws {
    for word in ["a1", "a2", "a3"] { bench.told.fail(on: word, with: ModuleError(.data, "no")) }
    _ = try await bench.runner.run(try Self.blueprint(), given: numbers(3))
    for word in ["a1", "a2", "a3"] { bench.told.fail(on: word, with: nil) }
    let ids = try await bench.open().map(\.id)
    #expect(ids.count == 3)
    _ = bench.told.takeHeard()
    _ = try await bench.store.requestRetries(
      of: ids, by: "ada", at: bench.clock.now(), output: nil, sendAgain: false)
    let retries = RequestedRetries(runner: bench.runner, requests: bench.store, atOnce: 1) { _ in }
    let brake = bench.runner.brake
    for word in ["a1", "a2", "a3"] {
      bench.told.whenHearing(word) { brake.pull() }
    }
    await retries.call()
    while try await bench.store.retryRequests(limit: 10).count == 3 {
      try await Task.sleep(for: .milliseconds(5))
    }
    await retries.call()
    await retries.stop()
    #expect(bench.told.takeHeard().count == 1)
    let waiting = try await bench.store.retryRequests(limit: 10).map(\.record)
    #expect(waiting.count == 2)
    for id in waiting { #expect(try await bench.store.record(id).attempts.isEmpty) }
  }

  @Test("a retry that is stopped keeps what it did; the rest is a record of its own")
  func retry() async throws {
    bench.told.fail(on: "a1", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(try Self.blueprint(), given: numbers(1))
    bench.told.fail(on: "a1", with: nil)
    _ = bench.told.takeHeard()
    stop(when: "a1")
    let id = try #require(try await bench.open().first?.id)
    let report = try await bench.desk.resume(id, version: nil, trigger: .manual)
    guard case .failedElsewhere(let error, at: 3, let next) = report.outcome else {
      Issue.record("\(report.outcome)")
      return
    }
    #expect(error.type == .executionInterrupted)
    #expect(bench.told.takeHeard() == ["a1"])
    #expect(try await bench.open().map(\.id) == [next])
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["b1"])
  }

  @Test("what has ended cannot be stopped, and what is not there neither")
  func ended() async throws {
    let run = try await bench.runner.run(try Self.blueprint(), given: numbers(1))
    await #expect(throws: StoreError.self) { try await bench.desk.stop(execution: run.id) }
    await #expect(throws: StoreError.self) { try await bench.desk.stop(execution: "nothing") }
    #expect(try await bench.desk.execution(run.id).stopAskedBy == nil)
  }

  @Test("when the worker died before it heard, what is taken over waits all the same")
  func takenOver() async throws {
    let mortal = MortalStore(bench.store, writesLeft: 3, diesAfterWrite: false)
    let dying = ScenarioRunner(
      modules: ModuleRegistry([bench.told]), store: mortal, scenarios: bench.store, journal: mortal,
      dataStores: bench.store, clock: bench.clock, leaseSeconds: 1)
    let desk = bench.desk
    bench.told.whenHearing("a1") {
      guard let row = try? await desk.executions(of: nil, limit: 1).first else { return }
      try? await desk.stop(execution: row.summary.id)
    }
    _ = try? await dying.run(try Self.blueprint(), given: numbers(2))
    #expect(mortal.isDead)
    bench.clock.advance(seconds: 60)
    #expect(try await bench.desk.takeOverInterrupted().count == 1)
    let open = try await bench.open()
    #expect(open.count == 1 && open.allSatisfy { $0.nextRetry == nil && $0.state == .unresolved })
  }
}

@Suite("What is kept of what is over", .fewAtOnce)
struct RetentionTests {
  @Test("what was deleted leaves the bin after thirty days, and nothing else does")
  func bin() async throws {
    let bench = try Workbench()
    for word in ["x", "y", "z"] {
      bench.told.fail(on: word, with: ModuleError(.data, "no \(word)"))
    }
    _ = try await bench.runner.run(
      try Workbench.blueprint(Workbench.say(2, "{{1.w}}")),
      given: ["x", "y", "z"].map { ["w": .text($0)] })
    let ids = try await bench.open().map(\.id)
    bench.clock.advance(seconds: 40 * 86_400)
    for id in ids.prefix(2) { _ = try await bench.desk.delete(id, version: nil) }
    func apply() async throws -> Int {
      try await Retention(days: nil).apply(to: bench.store, now: bench.clock.now()).records
    }
    // They are old, but not long in the bin.
    #expect(try await apply() == 0)
    _ = try await bench.desk.restore(ids[1], version: nil)
    bench.clock.advance(seconds: 20 * 86_400)
    _ = try await bench.desk.delete(ids[1], version: nil)
    bench.clock.advance(seconds: 11 * 86_400)
    #expect(try await apply() == 1, "the one that was taken out and put back waits from then")
    #expect(try await bench.desk.counts()[.deleted] == 1)
    await #expect(throws: StoreError.self) { try await bench.desk.record(ids[0]) }
    bench.clock.advance(seconds: 20 * 86_400)
    #expect(try await apply() == 1)
    let counts = try await bench.desk.counts()
    #expect(counts[.deleted] == 0 && counts[.unresolved] == 1)
  }
}
