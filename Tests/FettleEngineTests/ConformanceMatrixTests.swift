import FettleConnectors
import FettleCore
import FettleEngine
import FettleSQLite
import FettleTestKit
import Synchronization
import Testing

/// The rows of the conformance matrix that take more than one run: what a scenario is after several,
/// and what a resume does. The others are rows of `SemanticsTable`.
@Suite("12: the conformance matrix, over several runs", .fewAtOnce)
struct ConformanceMatrixTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  // MARK: Scheduled scenarios

  private static let trigger =
    #"{"id":1,"module":"util:BasicTrigger","parameters":{"values":[{"spec":[{"name":"n","value":"1"}]}]}},"#

  /// What an hourly scenario is after its module failed so at some of its starts, one after the other.
  private func states(
    failing type: ErrorType, starts: Int, settings: String
  ) async throws -> (ScenarioState, statuses: [ExecutionStatus]) {
    bench.told.fail(on: "x", with: ModuleError(type, "no"))
    let blueprint = try Blueprint(
      json: Array(
        #"{"name":"T","flow":[\#(Self.trigger)\#(Workbench.say(2, "x"))],"metadata":{"scenario":{\#(settings)}}}"#
          .utf8))
    let id = try await bench.store.scenario(named: "T")
    try await bench.store.keep(blueprint, for: id)
    let plan = try Schedule(["type": "indefinitely", "interval": 3600])
    let begin = bench.clock.now()
    try await bench.store.update(id) { state in
      state.schedule = plan
      state.activate(at: begin, zone: "UTC")
    }
    let scheduler = Scheduler(runner: bench.runner)
    var statuses: [ExecutionStatus] = []
    for _ in 0..<starts {
      guard let next = try await bench.store.scenario(id).state.nextRun else { break }
      bench.clock.advance(
        seconds: Int((next.milliseconds - bench.clock.now().milliseconds) / 1000))
      for task in try await scheduler.startDue() {
        if case .ran(_, let run, _) = await task.value { statuses.append(run.status) }
      }
    }
    return (try await bench.store.scenario(id).state, statuses)
  }

  @Test("Connection, dlq off: error, the next start in 10 minutes, consecutive errors unchanged")
  func connectionOff() async throws {
    let (state, statuses) = try await states(
      failing: .connection, starts: 1, settings: #""dlq":false"#)
    #expect(statuses == [.error])
    #expect(state.nextRun == bench.clock.now().advanced(bySeconds: 600))
    #expect(state.consecutiveErrors == 0)
    #expect(state.isActive)
    #expect(try await bench.open().isEmpty)
  }

  @Test("Connection, dlq off, put off five times: deactivated")
  func connectionExhausted() async throws {
    let (state, statuses) = try await states(
      failing: .connection, starts: 9, settings: #""dlq":false"#)
    #expect(statuses == Array(repeating: .error, count: 6))
    #expect(!state.isActive)
  }

  @Test("Data, dlq off, three times: three errors, consecutive errors unchanged, active")
  func dataOff() async throws {
    let (state, statuses) = try await states(failing: .data, starts: 3, settings: #""dlq":false"#)
    #expect(statuses == [.error, .error, .error])
    #expect(state.consecutiveErrors == 0)
    #expect(state.isActive)
  }

  @Test("Runtime, dlq on: each counts, the third deactivates")
  func runtime() async throws {
    let (state, statuses) = try await states(failing: .runtime, starts: 5, settings: #""dlq":true"#)
    #expect(statuses == [.error, .error, .error])
    #expect(!state.isActive)
    #expect(try await bench.open().isEmpty)
  }

  @Test("a trigger without data: success, one operation")
  func withoutData() async throws {
    let run = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "x")), given: [])
    #expect(run.status == .success)
    #expect(run.operations == 1)
  }

  // MARK: Directives

  @Test("Commit at bundle 2 of 3: what was written before it stays, bundle 3 is not begun, success")
  func commit() async throws {
    bench.told.fail(on: "2", with: ModuleError(.data, "no"))
    let add = { (id: Int, key: String) in
      #"{"id":\#(id),"module":"datastore:AddRecord","mapper":{"key":"\#(key)","data":{}}}"#
    }
    let blueprint = try Workbench.blueprint(
      add(2, "{{1.n}}-before") + ","
        + Workbench.say(
          3, "{{1.n}}", #","onerror":[{"id":9,"module":"builtin:Commit","mapper":{}}]"#) + ","
        + add(4, "{{1.n}}-after"), settings: #""dlq":true,"autoCommit":false"#)
    let run = try await bench.runner.run(blueprint, given: [["n": 1], ["n": 2], ["n": 3]])
    #expect(run.status == .success)
    #expect(
      try await bench.store.dataRecords(in: "default", after: nil, limit: 9).map(\.key)
        == ["1-after", "1-before", "2-before"])
    #expect(bench.told.takeHeard() == ["1", "2"])
  }

  @Test("Break with 3 attempts every 15 minutes: at +15, +30 and +30 minutes, then it waits")
  func breakAttempts() async throws {
    bench.told.fail(on: "x", with: ModuleError(.data, "no"))
    let run = try await bench.runner.run(
      Workbench.blueprint(
        Workbench.say(
          2, "x",
          #","onerror":[{"id":9,"module":"builtin:Break","mapper":{"retry":true,"count":"3","interval":"15"}}]"#
        )), given: [[:]])
    #expect(run.status == .success)
    var minutes: [Int] = []
    while let next = try await bench.open().first?.nextRetry {
      let seconds = Int((next.milliseconds - bench.clock.now().milliseconds) / 1000)
      minutes.append(seconds / 60)
      bench.clock.advance(seconds: seconds)
      let id = try #require(try await bench.open().first?.id)
      _ = try await bench.desk.resume(id, version: nil, trigger: .auto)
    }
    #expect(minutes == [15, 30, 30])
    let record = try #require(try await bench.open().first)
    #expect(record.state == .unresolved)
    #expect(record.attempts == 3)
  }

  @Test("Break while nothing may be stored is default handling: the scenario backs off (D16)")
  func breakWithoutStoring() async throws {
    bench.told.fail(on: "x", with: ModuleError(.connection, "away"))
    let handler = #","onerror":[{"id":9,"module":"builtin:Break","mapper":{"retry":true}}]"#
    let run = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "x", handler), settings: #""dlq":false"#), given: [[:]])
    #expect(run.status == .error)
    #expect(run.consequence == .backOff)
    #expect(try await bench.open().isEmpty)
  }

  @Test("DuplicateDataError fails the execution, or is stored as other data where that is set (D3)")
  func duplicates() async throws {
    bench.told.fail(on: "x", with: ModuleError(.duplicateData, "there"))
    let blueprint = try Workbench.blueprint(Workbench.say(2, "x"))
    #expect(try await bench.runner.run(blueprint, given: [[:]]).status == .error)
    var runner = bench.runner
    runner.treatsDuplicatesAsData = true
    #expect(try await runner.run(blueprint, given: [[:]]).status == .warning)
    #expect(try await bench.open().map(\.errorType) == [.duplicateData])
    #expect(try await bench.open().map(\.state) == [.unresolved])
  }

  @Test("the status 500 fails the execution, or is tried again where that is set")
  func internalServerError() async throws {
    bench.told.fail(on: "x", with: ModuleError(.runtime, "500", statusCode: 500))
    bench.told.fail(on: "y", with: ModuleError(.runtime, "no status"))
    var runner = bench.runner
    runner.internalServerError = .connection
    for (word, status) in [("x", ExecutionStatus.warning), ("y", .error)] {
      let blueprint = try Workbench.blueprint(Workbench.say(2, word))
      #expect(try await bench.runner.run(blueprint, given: [[:]]).status == .error)
      #expect(try await runner.run(blueprint, given: [[:]]).status == status)
    }
    #expect(try await bench.open().map(\.errorType) == [.connection])
    #expect(try await bench.open().map(\.state) == [.pending])
  }

  @Test("in Make the interval of a Break directive may be as long as its editor lets it, 31 days")
  func longestInterval() async throws {
    bench.told.fail(on: "x", with: ModuleError(.data, "no"))
    var runner = bench.runner
    runner.profile = .make
    for interval in ["44640", "99999"] {
      let handler =
        #","onerror":[{"id":9,"module":"builtin:Break","mapper":{"retry":true,"interval":"\#(interval)"}}]"#
      _ = try await runner.run(
        Workbench.blueprint(Workbench.say(2, "x", handler)), given: [[:]])
    }
    let now = bench.clock.now()
    #expect(
      try await bench.open().compactMap(\.nextRetry)
        == Array(repeating: now.advanced(bySeconds: 31 * 86_400), count: 2))
  }

  @Test("what tells of the run: when it began, and how many operations it has done by then")
  func ofTheRun() async throws {
    _ = try await bench.runner.run(
      Workbench.blueprint(
        Workbench.say(2, "{{triggerTimestamp}} {{operationsConsumed}}") + ","
          + Workbench.say(3, "{{operationsConsumed}}")), given: [[:]])
    #expect(bench.told.takeHeard() == ["\(bench.clock.now().iso8601) 1", "2"])
  }

  @Test("what a scenario is started with is var.input; it has defaults and is mended in a record")
  func inputs() async throws {
    let blueprint = try Blueprint(
      json: Array(
        #"""
        {"name":"I","flow":[\#(Workbench.say(1, "first")),
          \#(Workbench.say(2, "{{var.input.who}} from {{var.input.city}}"))],
         "io":{"input_spec":[{"name":"who","type":"text","default":""},
           {"name":"city","type":"text","default":"Prague"}]},
         "metadata":{"scenario":{"dlq":true}}}
        """#.utf8))
    bench.told.fail(on: "bad from Prague", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(blueprint, given: [["who": "bad"]])
    let record = try #require(try await bench.open().first)
    #expect(
      try await bench.desk.record(record.id).variables.execution["input"]
        == ["who": "bad", "city": "Prague"])
    let edit = BundleEdit(
      path: try ValuePath(parsing: "var.input.who"), old: "bad", new: "Ada", author: "ada",
      date: bench.clock.now())
    _ = try await bench.desk.append([edit], to: record.id, version: record.version)
    _ = bench.told.takeHeard()
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["Ada from Prague"])
  }

  // MARK: Resumes

  @Test(
    "InvalidAccessToken, dlq on: the run stops, and the resume does the bundles it did not get to")
  func accessToken() async throws {
    bench.told.fail(on: "2", with: ModuleError(.invalidAccessToken, "expired"))
    _ = try await bench.runner.run(
      Workbench.blueprint(Workbench.say(2, "{{1.n}}")), given: [["n": 1], ["n": 2], ["n": 3]])
    #expect(bench.told.takeHeard() == ["1", "2"])
    bench.told.fail(on: "2", with: nil)
    #expect(try await bench.resumeAll() == [.resolved])
    #expect(bench.told.takeHeard() == ["2", "3"])
  }

  @Test("a manual retry of an unresolved record that fails: one attempt more, no automatic plan")
  func manual() async throws {
    bench.told.fail(on: "x", with: ModuleError(.data, "no"))
    _ = try await bench.runner.run(Workbench.blueprint(Workbench.say(2, "x")), given: [[:]])
    // Of a type that is retried by itself now: a manual attempt does not begin a plan.
    bench.told.fail(on: "x", with: ModuleError(.connection, "down"))
    _ = try await bench.resumeAll()
    let record = try #require(try await bench.open().first)
    #expect(record.attempts == 1)
    #expect(record.state == .unresolved)
    #expect(!record.retry)
  }

  // MARK: Flow

  @Test("no route fits, the fallback is the first in the array: it runs, behind the others")
  func fallback() async throws {
    let route = { (id: Int, from: Int) in
      #"{"flow":[{"id":\#(id),"module":"test:Told","mapper":{"say":"\#(id)"},"filter":{"conditions":[[{"a":"{{1.n}}","o":"number:greater","b":"\#(from)"}]]}}]}"#
    }
    let router =
      #"{"id":2,"module":"builtin:BasicRouter","parameters":{"else":0},"routes":[{"flow":[\#(Workbench.say(3, "else"))]},\#(route(4, 5)),\#(route(5, 7))]}"#
    _ = try await bench.runner.run(
      Workbench.blueprint(router), given: [["n": 1], ["n": 6], ["n": 8]])
    #expect(bench.told.takeHeard() == ["else", "4", "4", "5"])
  }
}

@Suite("6.1: connections are opened before anything is done", .fewAtOnce)
struct InitializationTests {
  let bench: Workbench
  let runner: ScenarioRunner
  private let doors = Doors()

  /// Connections of which some cannot be opened.
  private final class Doors: ConnectionOpening {
    private let locked = Mutex<Set<String>>([])
    private let opened = Mutex<[String]>([])

    func lock(_ names: Set<String>) { locked.withLock { $0 = names } }

    func takeOpened() -> [String] {
      opened.withLock { opened in
        defer { opened = [] }
        return opened
      }
    }

    func open(_ foreign: String, of app: String) async throws(ModuleError) -> OpenConnection {
      if locked.withLock({ $0.contains(foreign) }) {
        throw ModuleError(.invalidConfiguration, "\(foreign) is locked")
      }
      opened.withLock { $0.append(foreign) }
      return OpenConnection(Connection(name: foreign, kind: "bearer"), secrets: [:])
    }
  }

  init() throws {
    bench = try Workbench()
    var runner = bench.runner
    runner.connections = doors
    self.runner = runner
  }

  private static func say(_ id: Int, _ word: String, with connection: String) -> String {
    Workbench.say(id, word, #","parameters":{"__IMTCONN__":"\#(connection)"}"#)
  }

  @Test("one that cannot be opened: error, no operation, nothing stored, and the run is closed")
  func refused() async throws {
    doors.lock(["two"])
    let run = try await runner.run(
      Workbench.blueprint(
        Self.say(2, "x", with: "one") + "," + Self.say(3, "y", with: "two")), given: [[:]])
    #expect(run.status == .error)
    #expect(
      run.error == ModuleError(.invalidConfiguration, "two is locked", stage: .initialization))
    #expect(run.failedModule == 3)
    #expect(run.operations == 0)
    #expect(bench.told.takeHeard().isEmpty)
    #expect(try await bench.open().isEmpty)
    // The end of the run is on the disk: nobody takes it over.
    #expect(try await runner.takeOverInterrupted().isEmpty)
    #expect(run.ended != nil)
  }

  @Test(
    "a retry opens those of the modules ahead alone; one that cannot be opened is an attempt that failed (7.3.3)"
  )
  func retry() async throws {
    bench.told.fail(on: "x", with: ModuleError(.data, "no"))
    let blueprint = try Workbench.blueprint(
      Self.say(2, "before", with: "one") + "," + Self.say(3, "x", with: "two") + ","
        + Self.say(4, "behind", with: "three"))
    _ = try await runner.run(blueprint, given: [[:]])
    _ = doors.takeOpened()
    bench.told.fail(on: "x", with: nil)
    let desk = OperatorDesk(store: bench.store, runner: runner, author: "ada")
    let id = try #require(try await bench.open().first?.id)

    doors.lock(["one", "three"])
    let failed = try await desk.resume(id, version: nil, trigger: .manual)
    #expect(
      failed.outcome
        == .failed(ModuleError(.invalidConfiguration, "three is locked", stage: .initialization)))
    #expect(failed.record.summary.state == .unresolved)
    #expect(failed.record.summary.attempts == 1)

    doors.lock(["one"])
    _ = doors.takeOpened()
    _ = bench.told.takeHeard()
    let resolved = try await desk.resume(id, version: nil, trigger: .manual)
    #expect(resolved.outcome == .resolved)
    #expect(doors.takeOpened() == ["two", "three"])
    #expect(bench.told.takeHeard() == ["x", "behind"])
  }

  @Test("a retry that does not get to begin leaves a record in doubt in doubt")
  func doubt() async throws {
    let blueprint = try Workbench.blueprint(Self.say(2, "x", with: "one"))
    let doubtful = ModuleError(.executionInterrupted, "was sending", stage: .inDoubt)
    let id = RecordID(String(repeating: "a", count: 32))
    _ = try await bench.store.add(
      IncompleteExecution(
        summary: IncompleteSummary(
          id: id, scenarioID: try await bench.store.scenario(named: "T"), scenarioName: "T",
          index: 0, executionID: "e", failer: 2, failerTitle: "Told",
          errorType: doubtful.type, reason: doubtful.message, created: bench.clock.now(), size: 1,
          state: .unresolved, nextRetry: nil),
        error: doubtful, blueprint: blueprint,
        originalBundles: VisibleBundles([.init(module: 1, bundle: [:])]), mappedInput: .null,
        variables: Variables(), continuation: [], visits: [], schedule: RetrySchedule(pauses: [])))
    doors.lock(["one"])
    let desk = OperatorDesk(store: bench.store, runner: runner, author: "ada")
    let report = try await desk.resume(id, version: nil, trigger: .manual)
    #expect(report.record.error == doubtful)
    #expect(report.record.summary.attempts == 1)
    #expect(bench.told.takeHeard().isEmpty)
  }
}
