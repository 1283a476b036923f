import FettleCore
import FettleTestKit
import Testing

@Suite("The decision on a failure (semantics 2.1, 3.4)", .fewAtOnce)
struct FailurePolicyTests {
  /// The rule of Fettle as its operators know it, written down a second time and by hand, so that a
  /// changed table is noticed.
  static let expected: [(ErrorType, StoragePolicy)] = [
    (.connection, .storeAndRetry), (.rateLimit, .storeAndRetry), (.outOfSpace, .storeAndRetry),
    (.moduleTimeout, .storeAndRetry),
    (.data, .store), (.invalidConfiguration, .store), (.invalidAccessToken, .store),
    (.unexpected, .store), (.maxFileSizeExceeded, .store), (.maxResultsExceeded, .store),
    (.bundleValidation, .store),
    (.runtime, .fail), (.duplicateData, .fail), (.incompleteData, .fail), (.inconsistency, .fail),
    (.executionInterrupted, .fail), (ErrorType("SomethingNew"), .fail),
  ]

  @Test("every type of the table is covered here")
  func complete() {
    #expect(Set(ErrorType.table.map(\.type)).isSubset(of: Self.expected.map(\.0)))
  }

  @Test("in the first module nothing is ever stored", arguments: expected, [true, false])
  func firstModule(row: (ErrorType, StoragePolicy), storing: Bool) {
    var situation = FailureSituation(row.0)
    situation.isFirstModule = true
    situation.storingAllowed = storing
    let backsOff = row.0 == .connection || row.0 == .rateLimit
    #expect(situation.decision == .rollBack(backsOff ? .warnAndBackOff : .countError))
  }

  @Test("with storing off nothing is ever stored", arguments: expected)
  func storingOff(row: (ErrorType, StoragePolicy)) {
    var situation = FailureSituation(row.0)
    situation.storingAllowed = false
    let backsOff = row.0 == .connection || row.0 == .rateLimit
    #expect(situation.decision == .rollBack(backsOff ? .backOff : .countError))
  }

  @Test("in a later module, with storing on, the type decides", arguments: expected)
  func laterModule(row: (ErrorType, StoragePolicy)) {
    let stops: Set<ErrorType> = [.invalidAccessToken, .invalidConfiguration, .unexpected]
    let decision = FailureSituation(row.0).decision
    switch row.1 {
    case .storeAndRetry: #expect(decision == .store(autoRetry: true, thenStopRun: false))
    case .store:
      #expect(decision == .store(autoRetry: false, thenStopRun: stops.contains(row.0)))
    case .fail: #expect(decision == .rollBack(.countError))
    }
  }

  @Test("a full store pauses the scenario, or drops the bundle where data loss is allowed")
  func fullStore() {
    var situation = FailureSituation(.data)
    situation.storeIsFull = true
    #expect(situation.decision == .rollBack(.pauseScenario))
    situation.dataLossAllowed = true
    #expect(situation.decision == .dropBundle)
    situation.type = .runtime
    #expect(situation.decision == .rollBack(.countError))
  }

  @Test("a sequential scenario stops after storing (D23)")
  func sequential() {
    var situation = FailureSituation(.connection)
    situation.sequential = true
    #expect(situation.decision == .store(autoRetry: true, thenStopRun: true))
  }
}

@Suite("A retry schedule (semantics 5.1)", .fewAtOnce)
struct RetryScheduleTests {
  @Test("of Fusion waits 10 min, 1 h, 3 h, 12 h, 24 h and then no more")
  func fusion() {
    let pauses = (1...6).map { RetrySchedule.fusion.pause(before: $0) }
    #expect(pauses == [600, 3600, 10_800, 43_200, 86_400, nil])
  }

  @Test("a service that asks for time lengthens a pause and never shortens it")
  func asked() {
    #expect(RetrySchedule.fusion.pause(before: 1, asked: 900) == 900)
    #expect(RetrySchedule.fusion.pause(before: 1, asked: 5) == 600)
  }

  @Test("of Break grows every other attempt (D17)")
  func growing() {
    let schedule = RetrySchedule.growing(attempts: 6, interval: 900)
    #expect(schedule.pauses == [900, 1800, 1800, 3600, 3600, 7200])
    #expect(RetrySchedule.growing(attempts: 40, interval: 900).pauses.last == 86_400)
    #expect(RetrySchedule.growing(attempts: -3, interval: .max).pauses == [])
  }
}

@Suite("The life of an incomplete execution", .fewAtOnce)
struct IncompleteStateTests {
  @Test("follows the table of moves and nothing else", arguments: IncompleteState.allCases)
  func moves(state: IncompleteState) throws {
    for event in IncompleteEvent.allCases {
      if let move = IncompleteState.moves.first(where: { $0.from == state && $0.on == event }) {
        #expect(try state.after(event) == move.to)
      } else {
        #expect(throws: IllegalMove(state: state, event: event)) { try state.after(event) }
      }
    }
  }

  @Test("no record in progress can be deleted, closed or claimed again")
  func inProgress() {
    for event in [IncompleteEvent.deleted, .closed, .claimed, .autoRetryTurnedOff] {
      #expect(throws: IllegalMove.self) { try IncompleteState.inProgress.after(event) }
    }
  }
}
