import FettleCore
import Testing

private let start = Instant(milliseconds: 1_790_000_000_000)

@Suite("A scenario between its runs (semantics 5.2, 5.5)")
struct ScenarioStateTests {
  private func active() throws -> ScenarioState {
    var state = ScenarioState()
    state.schedule = try Schedule(["type": "indefinitely", "interval": 900])
    state.activate(at: start, zone: "UTC")
    state.began(at: start, zone: "UTC")
    return state
  }

  private func run(
    _ status: ExecutionStatus, _ type: ErrorType? = nil,
    _ consequence: FailureDecision.Consequence? = nil, origin: ExecutionOrigin = .scheduled
  ) -> ExecutionSummary {
    var run = ExecutionSummary(
      id: "e", scenario: ScenarioID(1), origin: origin, started: start)
    run.ended = start.advanced(bySeconds: 10)
    run.status = status
    run.error = type.map { ModuleError($0, "no") }
    run.consequence = consequence
    return run
  }

  private func end(_ state: inout ScenarioState, _ run: ExecutionSummary) {
    state.ended(run, settings: ScenarioSettings([:]), zone: "UTC", backoff: .fusion)
  }

  // swift-format-ignore
  @Test("three runs that end so leave it", arguments: [
    (.success, nil, nil, .scheduled, true, 0),
    (.warning, .data, nil, .scheduled, true, 0),
    (.error, .data, .countError, .scheduled, true, 0),
    (.error, .duplicateData, .countError, .scheduled, true, 0),
    (.error, .moduleTimeout, .countError, .scheduled, true, 0),
    (.error, .runtime, .countError, .scheduled, false, 3),
    (.error, .outOfSpace, .countError, .scheduled, false, 3),
    (.error, .runtime, .countError, .manual, true, 0),
    (.error, .runtime, .countError, .retry, true, 0),
    (.error, .runtime, .countError, .instant, false, 0),
    (.error, .invalidAccessToken, .countError, .scheduled, false, 0),
    (.error, .unexpected, .countError, .scheduled, false, 0),
    (.error, .runtime, .pauseScenario, .scheduled, false, 0),
  ] as [(ExecutionStatus, ErrorType?, FailureDecision.Consequence?, ExecutionOrigin, Bool, Int)])
  func deactivation(
    status: ExecutionStatus, type: ErrorType?, consequence: FailureDecision.Consequence?,
    origin: ExecutionOrigin, isActive: Bool, errors: Int
  ) throws {
    var state = try active()
    for _ in 0..<3 where state.isActive { end(&state, run(status, type, consequence, origin: origin)) }
    #expect(state.isActive == isActive)
    #expect(state.consecutiveErrors == errors)
    #expect((state.problem == nil) == isActive)
  }

  @Test(
    "a service that cannot be reached puts off the next start, five times, in place of the schedule"
  )
  func backoff() throws {
    var state = try active()
    for pause in RetrySchedule.fusion.pauses {
      end(&state, run(.warning, .connection, .warnAndBackOff))
      #expect(state.nextRun == start.advanced(bySeconds: 10 + pause))
    }
    end(&state, run(.error, .rateLimit, .backOff))
    #expect(!state.isActive)
    #expect(state.problem?.contains("5 attempts") == true)
  }

  // swift-format-ignore
  @Test("4.4.6: failures taken by Break with automatic completion switch it off when ten of them, with nothing between them that went well, lie within two minutes", arguments: [
    ([10], 5, false, .scheduled, false),
    ([9], 5, false, .scheduled, true),
    ([4, 6], 5, false, .scheduled, false),
    ([4, 6], 5, true, .scheduled, true),  // something went well in between
    ([10], 14, false, .scheduled, true),  // over more than two minutes
    ([30], 2, false, .retry, false),
    ([10], 5, false, .manual, true),  // what a person started counts for nothing
  ] as [([Int], Int, Bool, ExecutionOrigin, Bool)])
  func storm(
    counts: [Int], secondsBetween: Int, hadSuccess: Bool, origin: ExecutionOrigin, isActive: Bool
  ) throws {
    var state = try active()
    var second = 0
    for count in counts {
      var run = run(.success, origin: origin)
      run.hadSuccess = hadSuccess
      for _ in 0..<count {
        run.breakFailures.append(start.advanced(bySeconds: second))
        second += secondsBetween
      }
      end(&state, run)
    }
    #expect(state.isActive == isActive)
    #expect((state.problem?.contains("Break directive") ?? false) == !isActive)
    state.activate(at: start, zone: "UTC")
    #expect(state.breakFailures.isEmpty)
  }

  @Test("a run that gets past it starts over; so does activating again")
  func reset() throws {
    var state = try active()
    end(&state, run(.error, .connection, .backOff))
    #expect(state.backoffStep == 1)
    end(&state, run(.success))
    #expect(state.backoffStep == 0)
    #expect(state.nextRun == start.advanced(bySeconds: 900))
    state.deactivate(because: "x")
    #expect(state.nextRun == nil)
    state.activate(at: start, zone: "UTC")
    #expect(state.problem == nil)
    #expect(state.nextRun != nil)
  }
}

@Suite("Which retries start (semantics 5.3)")
struct RetryQueueTests {
  private func record(_ index: Int, scenario: Int = 1, due: Int = 0) -> IncompleteSummary {
    IncompleteSummary(
      id: RecordID("\(scenario)-\(index)"), scenarioID: ScenarioID(scenario), scenarioName: "S",
      index: index, executionID: "", failer: 2, failerTitle: "", errorType: .connection,
      reason: "", created: start, size: 0, state: .pending,
      nextRetry: start.advanced(bySeconds: -due))
  }

  private func chosen(
    _ due: [IncompleteSummary], _ situation: RetryQueue.Situation = RetryQueue.Situation()
  ) -> [String] {
    RetryQueue().choose(due, now: start, [ScenarioID(1): situation]).map(\.text)
  }

  @Test("of one scenario the oldest three, whatever order they come in; of another its own three")
  func threeAtOnce() {
    let due = [5, 3, 4, 1, 2].map { record($0) } + [record(1, scenario: 2)]
    #expect(Set(chosen(due)) == ["1-1", "1-2", "1-3", "2-1"])
  }

  @Test(
    "the next three when the former three have finished, not as each of them does (5.3.1)",
    arguments: [(3, 0), (2, 0), (1, 0), (0, 3)])
  func batches(retrying: Int, starts: Int) {
    let due = (1...5).map { record($0) }
    #expect(chosen(due, RetryQueue.Situation(retrying: retrying)).count == starts)
  }

  @Test("none while the scenario runs, but for those that have waited ten minutes (5.3.2)")
  func runningScenario() {
    let due = [record(1, due: 10), record(2, due: 700)]
    #expect(chosen(due, RetryQueue.Situation(isRunning: true)) == ["1-2"])
    #expect(
      RetryQueue(patience: 5).choose(
        due, now: start, [ScenarioID(1): RetryQueue.Situation(isRunning: true)]
      ).count == 2)
    // In order, a retry never runs beside its scenario, however long it has waited.
    #expect(
      chosen(due, RetryQueue.Situation(isRunning: true, mustBeFirst: RecordID("1-2"))) == [])
  }

  @Test("in order: one at a time, the oldest; one that waits for the operator blocks the others")
  func sequential() {
    let due = [record(2), record(3)]
    #expect(chosen(due, RetryQueue.Situation(mustBeFirst: RecordID("1-2"))) == ["1-2"])
    #expect(chosen(due, RetryQueue.Situation(mustBeFirst: RecordID("1-1"))) == [])
    #expect(chosen(due, RetryQueue.Situation(retrying: 1, mustBeFirst: RecordID("1-2"))) == [])
  }
}
