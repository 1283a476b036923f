import FettleCore
import FettleTestKit
import Testing

private let start = Instant(milliseconds: 1_790_000_000_000)

@Suite("A scenario between its runs (semantics 5.2, 5.5)", .fewAtOnce)
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

  @Test("D21: with Make it is started again beside its regular starts, eight times")
  func besideSchedule() throws {
    var state = try active()
    let pauses = RetrySchedule.make.forScenario
    func fail() {
      state.ended(
        run(.error, .connection, .backOff), settings: ScenarioSettings([:]), zone: "UTC",
        backoff: pauses, profile: .make)
    }
    fail()
    #expect(state.nextRun == start.advanced(bySeconds: 10 + 60))
    for _ in 0..<4 { fail() }
    // The fifth pause is an hour; the regular start of every 15 minutes comes first.
    #expect(state.nextRun == start.advanced(bySeconds: 900))
    for _ in 0..<3 { fail() }
    #expect(state.isActive)
    fail()
    #expect(!state.isActive)
  }

  @Test(
    "a run that the full disk of the store cut short counts neither for nor against the scenario",
    arguments: [ExecutionOrigin.instant, .scheduled])
  func fullDisk(origin: ExecutionOrigin) throws {
    var state = try active()
    state.consecutiveErrors = 2
    var cut = run(.error, .outOfSpace, origin: origin)
    cut.storeWasFull = true
    for _ in 0..<5 { end(&state, cut) }
    #expect(state.isActive)
    #expect(state.consecutiveErrors == 2)
    #expect(state.nextRun == start.advanced(bySeconds: 900))
    cut.consequence = .pauseScenario
    end(&state, cut)
    #expect(state.isPaused, "no room for incomplete executions is another thing (3.4 row 9)")
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
    #expect(state.isPaused == (consequence == .pauseScenario))
    state.activate(at: start, zone: "UTC")
    #expect(state.problem == nil && !state.isPaused)
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

  @Test(
    "3.4, D12: a stored failure that needs a person leaves it active, unless it is to be switched off"
  )
  func configurationError() throws {
    var run = run(.warning)
    run.needsPerson = .invalidAccessToken
    var state = try active()
    end(&state, run)
    #expect(state.isActive)
    state.stopsOnConfigurationError = true
    end(&state, self.run(.warning))
    #expect(state.isActive)
    end(&state, run)
    #expect(!state.isActive)
    #expect(state.problem?.contains("InvalidAccessTokenError") == true)
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

@Suite("How many retries start (semantics 5.3)", .fewAtOnce)
struct RetryQueueTests {
  private typealias Situation = RetryQueue.Situation

  @Test(
    "three at once, and the next three when the former have finished, not as each of them does",
    arguments: [(3, nil), (2, nil), (1, nil), (0, 3)] as [(Int, Int?)])
  func batches(retrying: Int, starts: Int?) {
    let batch = RetryQueue().batch(at: start, in: Situation(retrying: retrying))
    #expect(batch?.size == starts)
  }

  @Test("while the scenario runs, those that have waited ten minutes for it (5.3.2)")
  func runningScenario() {
    let running = Situation(isRunning: true)
    #expect(RetryQueue().batch(at: start, in: Situation())?.dueBy == start)
    #expect(RetryQueue().batch(at: start, in: running)?.dueBy == start.advanced(bySeconds: -600))
    #expect(
      RetryQueue(patience: 5).batch(at: start, in: running)?.dueBy
        == start.advanced(bySeconds: -5))
  }

  @Test("in order: one at a time, and never beside the scenario, however long it has waited")
  func sequential() {
    #expect(RetryQueue().batch(at: start, in: Situation(isSequential: true))?.size == 1)
    #expect(RetryQueue().batch(at: start, in: Situation(retrying: 1, isSequential: true)) == nil)
    #expect(
      RetryQueue().batch(at: start, in: Situation(isRunning: true, isSequential: true)) == nil)
  }
}
