import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Testing

@Suite("A worker that dies (durability 3)", .fewAtOnce)
struct CrashTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  /// Another worker on the same store, that dies at one of its writes.
  private func mortal(
    _ random: inout SplitMix
  ) -> (desk: OperatorDesk, runner: ScenarioRunner, store: MortalStore) {
    let mortal = MortalStore(
      bench.store, writesLeft: Int.random(in: 0..<20, using: &random),
      diesAfterWrite: Bool.random(using: &random))
    let runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told]), store: mortal,
      scenarios: bench.store, journal: mortal, dataStores: bench.store, clock: bench.clock)
    return (OperatorDesk(store: mortal, runner: runner, author: "mortal"), runner, mortal)
  }

  @Test(
    "at any write loses no piece of work and repeats none",
    arguments: zip(
      [ResumeTests.routers, ResumeTests.aggregations, FilterAccountTests.filters],
      [UInt64(7), 8, 9]))
  func anyWrite(modules: String, seed: UInt64) async throws {
    let bundles: [Bundle] = [["n": 1, "items": ["x", "y"]], ["n": 2, "items": ["x"]]]
    let deaths = try await dying(
      Workbench.blueprint(modules), bundles, seed: seed, rounds: 40)
    #expect(deaths > 40)
  }

  @Test("in a flow nobody wrote does the same", arguments: Array(UInt64(1)...20))
  func anyFlow(seed: UInt64) async throws {
    var flow = GeneratedFlow(seed: seed)
    _ = try await dying(
      Workbench.blueprint(flow.modules()), GeneratedFlowTests.bundles, seed: seed, rounds: 8)
  }

  /// Runs a scenario with workers that die, and its records until none is left, several times.
  /// - Returns: how many workers died.
  private func dying(
    _ blueprint: Blueprint, _ bundles: [Bundle], seed: UInt64, rounds: Int
  ) async throws -> Int {
    _ = try await bench.runner.run(blueprint, given: bundles)
    let all = bench.told.takeHeard()
    // Whether a word has arrived can only be told where it is said once.
    guard Set(all).count == all.count, all.count < 60 else { return 0 }
    var random = SplitMix(seed: seed)
    var deaths = 0
    for round in 0..<rounds {
      var broken = Set(all.filter { _ in Int.random(in: 0..<6, using: &random) == 0 })
      for word in all {
        bench.told.fail(on: word, with: broken.contains(word) ? ModuleError(.data, "no") : nil)
      }
      var done: [String] = []
      let (_, runner, mortalStore) = mortal(&random)
      let known = try await bench.store.executions(of: nil, limit: 1000).count
      _ = try? await runner.run(blueprint, given: bundles)
      // A run that could not even be opened took nothing in.
      guard try await bench.store.executions(of: nil, limit: 1000).count > known else { continue }
      deaths += mortalStore.isDead ? 1 : 0
      done += bench.told.takeHeard().filter { !broken.contains($0) && !$0.hasPrefix("log") }
      var rounds = 0
      repeat {
        rounds += 1
        bench.clock.advance(seconds: 31)
        _ = try await bench.desk.takeOverInterrupted()
        if let mended = broken.randomElement(using: &random) {
          broken.remove(mended)
          bench.told.fail(on: mended, with: nil)
        }
        for record in try await bench.open() {
          let (desk, _, mortalStore) = mortal(&random)
          let worker = rounds > 60 ? bench.desk : desk
          let whole = try await bench.store.record(record.id)
          let sent = whole.mappedInput.collection?["say"]?.text ?? ""
          // The operator looks at the other side: what arrived is not sent again.
          let arrived = whole.error.stage == .inDoubt && done.contains(sent)
          _ = try? await worker.resume(
            record.id, version: nil, trigger: .manual,
            substitute: arrived ? ["said": .text(sent)] : nil)
          deaths += mortalStore.isDead ? 1 : 0
          done += bench.told.takeHeard().filter { !broken.contains($0) && !$0.hasPrefix("log") }
          bench.clock.advance(seconds: 31)
          _ = try await bench.desk.takeOverInterrupted()
        }
      } while try await !bench.open().isEmpty && rounds < 100
      let lost = all.filter { !done.contains($0) }
      let repeated = Set(done).filter { word in done.count { $0 == word } > 1 }
      #expect(done.sorted() == all.sorted(), "round \(round): lost \(lost), repeated \(repeated)")
      if done.sorted() != all.sorted() { break }
    }
    return deaths
  }

  @Test("while an effect was under way leaves a record in doubt, which says what was sent")
  func inDoubt() async throws {
    // The third write is the end of the first effect: opened, begun, then dead.
    let store = MortalStore(bench.store, writesLeft: 2, diesAfterWrite: false)
    let runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told]), store: store,
      scenarios: bench.store, journal: store, dataStores: bench.store, clock: bench.clock)
    await #expect(throws: StoreError.self) {
      try await runner.run(
        Workbench.blueprint(Workbench.say(2, "pay") + "," + Workbench.say(3, "then {{2.said}}")),
        given: [[:]])
    }
    #expect(bench.told.takeHeard() == ["pay"])
    bench.clock.advance(seconds: 31)
    let record = try #require(try await bench.open().first)
    #expect(record.state == .unresolved)
    #expect(record.nextRetry == nil, "nothing is repeated unasked")
    #expect(try await bench.desk.record(record.id).error.stage == .inDoubt)
    #expect(try await bench.desk.record(record.id).mappedInput == ["say": "pay"])
    await #expect(throws: StoreError.inDoubt(record.id)) {
      try await bench.desk.resume(record.id, version: nil, trigger: .bulk)
    }
    let report = try await bench.desk.resume(
      record.id, version: nil, trigger: .manual, substitute: ["said": "pay"])
    #expect(report.outcome == .resolved)
    #expect(bench.told.takeHeard() == ["then pay"])
  }

  @Test(
    "while a data store was being written leaves no doubt: nothing was, and it goes on by itself")
  func transactional() async throws {
    // The third write is the change of the data store: opened, begun, then dead.
    let store = MortalStore(bench.store, writesLeft: 2, diesAfterWrite: false)
    let runner = ScenarioRunner(
      modules: ModuleRegistry(Connectors.all() + [bench.told]), store: store,
      scenarios: bench.store, journal: store, dataStores: bench.store, clock: bench.clock)
    let add =
      #"{"id":2,"module":"datastore:AddRecord","parameters":{"datastore":9},"mapper":{"key":"k","data":{"v":1}}}"#
    await #expect(throws: StoreError.self) {
      try await runner.run(
        Workbench.blueprint(add + "," + Workbench.say(3, "then {{2.key}}")), given: [[:]])
    }
    bench.clock.advance(seconds: 31)
    let record = try #require(try await bench.open().first)
    #expect(record.state == .pending)
    #expect(record.failer == 2)
    #expect(try await bench.desk.record(record.id).error.stage == .notBegun)
    #expect(
      try await bench.desk.resume(record.id, version: nil, trigger: .auto).outcome == .resolved)
    #expect(bench.told.takeHeard() == ["then k"])
    #expect(try await bench.store.dataCount(in: "9") == 1)
  }

  @Test("because the disk is full leaves nothing undone when there is room again")
  func fullDisk() async throws {
    let bundles: [Bundle] = (1...40).map { number in
      ["n": .integer(number), "pad": .text(String(repeating: "x", count: 4000))]
    }
    for number in 1...40 { bench.told.fail(on: "\(number)", with: ModuleError(.data, "no")) }
    let blueprint = try Workbench.blueprint(Workbench.say(2, "{{1.n}}"))
    try await bench.store.limitPages(toCurrentAnd: 75)
    let summary = try await bench.runner.run(blueprint, given: bundles)
    #expect(summary.storeWasFull)
    #expect(summary.stored.count < 40)
    #expect(try await bench.open().count == summary.stored.count, "looking works")
    try await bench.store.limitPages(toCurrentAnd: 100_000)
    bench.clock.advance(seconds: 31)
    for _ in 0..<3 { _ = try await bench.resumeAll() }
    var sent = bench.told.takeHeard()
    let open = try await bench.open()
    var kept: Set<String> = []
    for record in open {
      let whole = try await bench.desk.record(record.id)
      kept.insert(whole.mappedInput.collection?["say"]?.text ?? "")
    }
    #expect(kept == Set((1...40).map(String.init)))
    for number in 1...40 { bench.told.fail(on: "\(number)", with: nil) }
    _ = try await bench.resumeAll()
    sent = bench.told.takeHeard()
    #expect(sent.sorted() == (1...40).map(String.init).sorted())
    #expect(try await bench.open().isEmpty)
  }

  @Test("and leaves many executions: they are claimed at once, each by one worker, then worked off")
  func manyLeft() async throws {
    let scenario = try await bench.store.scenario(named: "T")
    let blueprint = try Workbench.blueprint(Workbench.say(2, "{{1.n}}"))
    for n in 1...100 {
      let opening = ExecutionOpening(
        execution: ExecutionSummary(id: "e\(n)", scenario: scenario, started: bench.clock.now()),
        blueprint: blueprint, given: [["n": .integer(n)]], seed: UInt64(n), worker: "gone",
        lease: bench.clock.now().advanced(bySeconds: 30))
      _ = try await bench.store.open(opening, claiming: nil)
    }
    bench.clock.advance(seconds: 31)
    let (now, store) = (bench.clock.now(), bench.store)
    let half = try await store.takeOver(
      by: "other", now: now, lease: now.advanced(bySeconds: 30), limit: 50)
    #expect(half.count == 50)
    #expect(
      try await bench.desk.takeOverInterrupted().count == 50, "what the other one has is its own")
    #expect(try await bench.open().count == 50)
    bench.clock.advance(seconds: 31)
    #expect(try await bench.desk.takeOverInterrupted().count == 50)
    #expect(try await bench.resumeAll().allSatisfy { $0 == .resolved })
    #expect(bench.told.takeHeard().sorted() == (1...100).map(String.init).sorted())
  }

  @Test("that was only silent for too long writes nothing over what was done meanwhile")
  func silent() async throws {
    let opening = ExecutionOpening(
      execution: ExecutionSummary(
        id: "e", scenario: try await bench.store.scenario(named: "T"), started: bench.clock.now()),
      blueprint: try Workbench.blueprint(Workbench.say(2, "x")), given: [[:]], seed: 1,
      worker: "slow", lease: bench.clock.now().advanced(bySeconds: 30))
    _ = try await bench.store.open(opening, claiming: nil)
    bench.clock.advance(seconds: 31)
    _ = try await bench.desk.takeOverInterrupted()
    await #expect(throws: StoreError.takenOver(execution: "e")) {
      try await bench.store.append(
        [], records: [], changes: [.put(store: "s", key: "k", record: [:])], to: "e", by: "slow",
        lease: bench.clock.now(), isConfidential: false)
    }
    #expect(try await bench.store.dataCount(in: "s") == 0)
  }

  @Test(
    "each time a record is retried is not given the record at once for ever: it waits, then longer")
  func endsItsWorker() async throws {
    bench.told.fail(on: "x", with: ModuleError(.connection, "down"))
    _ = try await bench.runner.run(Workbench.blueprint(Workbench.say(2, "x")), given: [[:]])
    let id = try #require(try await bench.open().first).id
    var waits: [Int64] = []
    for _ in 0..<4 {
      let due = try #require(try await bench.store.record(id).summary.nextRetry)
      bench.clock.advance(
        seconds: Int(max(0, due.milliseconds - bench.clock.now().milliseconds) / 1000))
      // The claim is written, and nothing behind it.
      let mortal = MortalStore(bench.store, writesLeft: 3, diesAfterWrite: false)
      let runner = ScenarioRunner(
        modules: bench.runner.modules, store: mortal, scenarios: bench.store, journal: mortal,
        dataStores: bench.store, clock: bench.clock)
      _ = try? await OperatorDesk(store: mortal, runner: runner, author: "fettle")
        .resume(id, version: nil, trigger: .auto)
      bench.clock.advance(seconds: 31)
      _ = try await bench.desk.takeOverInterrupted()
      let record = try await bench.store.record(id)
      #expect(record.summary.state == .pending)
      #expect(record.attempts.last?.outcome == .interrupted)
      #expect(record.attempts.last?.trigger == .auto)
      let next = try #require(record.summary.nextRetry)
      waits.append(max(0, next.milliseconds - bench.clock.now().milliseconds) / 1000)
    }
    #expect(waits == [0, 600, 3600, 10_800])
    #expect(bench.told.takeHeard() == ["x"], "only the run")
  }
}
