/// What is known of a scenario between its runs: whether it starts by itself, when next, and how it
/// has fared. Every rule of semantics 5.2 and 5.5 about it is here, as a change of a value.
public struct ScenarioState: Sendable, Hashable {
  /// Whether it starts by itself.
  public var isActive = false
  /// Why it was switched off, when it was not an operator who did it.
  public var problem: String?
  /// Whether nothing is wrong with the scenario itself: it was switched off because there is no room for
  /// incomplete executions (`isPaused`, semantics 1.2 and 3.4 row 9).
  public var isPaused = false
  /// When it starts by itself; nil when nobody said.
  public var schedule: Schedule?
  /// The zone of its schedule and of its dates, as an IANA name; nil takes the one of the runner.
  public var timeZone: String?
  /// When its stored failures are tried again; nil takes the schedule of the runner.
  public var retries: RetrySchedule?
  /// Whether a failure of a type that needs a person switches the scenario off although it was stored
  /// (`deactivateOnConfigurationError`, D12).
  public var stopsOnConfigurationError = false
  /// The next start; nil when none is planned.
  public var nextRun: Instant?
  /// The latest start that nobody made by hand.
  public var lastRun: Instant?
  /// Runs that ended in an error that counts, one after the other.
  public var consecutiveErrors = 0
  /// How many times in a row a start was put off because a service could not be reached.
  public var backoffStep = 0
  /// The latest failures that a Break directive with automatic completion took, with nothing that
  /// went well between them; at most as many as switch the scenario off.
  public var breakFailures: [Instant] = []

  /// A scenario nothing is known of.
  public init() {}

  /// Lets it start by itself from now on, with a clean slate.
  public mutating func activate(at now: Instant, zone: String) {
    isActive = true
    problem = nil
    isPaused = false
    consecutiveErrors = 0
    backoffStep = 0
    breakFailures = []
    plan(after: now, zone: zone)
  }

  /// The number of consecutive failures a Break directive may take in `stormSeconds`.
  public static let stormFailures = 10
  /// How close together those failures are, in seconds.
  public static let stormSeconds = 120

  /// Failures that a Break directive with automatic completion took, in a run or in a retry: a
  /// scenario that goes on failing like that is switched off, because each failure starts again by
  /// itself (semantics 4.4.6).
  /// - Returns: whether the scenario was switched off.
  @discardableResult
  public mutating func brokeOff(_ failures: [Instant]) -> Bool {
    breakFailures = (breakFailures + failures).suffix(Self.stormFailures)
    guard isActive, breakFailures.count == Self.stormFailures,
      let first = breakFailures.first, let last = breakFailures.last,
      last <= first.advanced(bySeconds: Self.stormSeconds)
    else { return false }
    deactivate(
      because:
        "\(Self.stormFailures) failures within \(Self.stormSeconds / 60) minutes, each of them "
        + "to be tried again by a Break directive")
    return true
  }

  /// No longer lets it start by itself.
  /// - Parameter problem: why, when it is not an operator who says so.
  public mutating func deactivate(because problem: String? = nil) {
    isActive = false
    nextRun = nil
    isPaused = false
    self.problem = problem
  }

  /// No longer lets it start by itself until there is room again and an operator activates it.
  public mutating func pause(because problem: String) {
    deactivate(because: problem)
    isPaused = true
  }

  /// Why it does not start by itself, when it was not an operator who switched it off.
  public var whySwitchedOff: String? {
    problem.map { (isPaused ? "paused: " : "switched off: ") + $0 }
  }

  /// A planned start is taken.
  public mutating func began(at now: Instant, zone: String) {
    lastRun = now
    plan(after: now, zone: zone)
  }

  /// A run ended.
  /// - Parameters:
  ///   - settings: those of its blueprint.
  ///   - backoff: the pauses before a scenario is started again whose service cannot be reached.
  ///   - profile: which product counts where they disagree.
  public mutating func ended(
    _ run: ExecutionSummary, settings: ScenarioSettings, zone: String, backoff: RetrySchedule,
    profile: Profile = .fusion
  ) {
    let now = run.ended ?? run.started
    // Failures before something that went well, and those behind it, are not consecutive.
    if run.hadSuccess { breakFailures = [] }
    if run.origin != .manual, brokeOff(run.breakFailures) { return }
    if stopsOnConfigurationError, run.origin.startsByItself,
      let type = run.needsPerson
    {
      return deactivate(because: "\(type) was stored and needs a person")
    }
    guard run.origin.startsByItself else {
      // What a person started counts for nothing but good (semantics 5.4, 5.5.5).
      if run.status == .success { consecutiveErrors = 0 }
      return
    }
    if run.hadNothing, run.origin == .scheduled {
      return startAgain(at: now, zone: zone, pauses: backoff)
    }
    // Nothing is wrong with the scenario: it goes on by itself when there is room.
    if run.isLeftOpen { return plan(after: now, zone: zone) }
    switch run.consequence {
    case .warnAndBackOff, .backOff:
      guard
        let pause = backoff.pause(before: backoffStep + 1, asked: run.error?.retryAfterSeconds ?? 0)
      else {
        return deactivate(
          because: "after \(backoffStep) attempts the service still cannot be reached: "
            + (run.error?.message ?? ""))
      }
      backoffStep += 1
      let again = now.advanced(bySeconds: pause)
      plan(after: now, zone: zone)
      guard isActive else { return }
      nextRun =
        profile.backoffReplacesSchedule ? again : nextRun.map { min($0, again) } ?? again
      return
    case .pauseScenario:
      return pause(
        because: "the store has no room for incomplete executions; make room, then activate it")
    case .countError, nil: break
    }
    backoffStep = 0
    guard run.status == .error, let error = run.error else {
      consecutiveErrors = 0
      return plan(after: now, zone: zone)
    }
    let row = error.type.row
    if row.stopsRun {
      return deactivate(because: "\(error.type) needs a person: \(error.message)")
    }
    if run.origin == .instant {
      return deactivate(because: "the first error of an instant scenario: \(error.message)")
    }
    if row.countsAsError { consecutiveErrors += 1 }
    if consecutiveErrors >= max(1, settings.maxErrors) {
      return deactivate(
        because: "\(consecutiveErrors) errors one after the other, the last: \(error.message)")
    }
    plan(after: now, zone: zone)
  }

  /// The clock was set back. A pause that was begun by the old clock does not become longer, and the
  /// next start is the next one by the new clock.
  /// - Parameter seconds: by how much; less than 0.
  public mutating func clockWasSetBack(by seconds: Int, now: Instant, zone: String) {
    lastRun = lastRun.map { min($0, now) }
    breakFailures = breakFailures.map { $0.advanced(bySeconds: seconds) }
    guard isActive, let planned = nextRun else { return }
    if backoffStep > 0 {
      nextRun = planned.advanced(bySeconds: seconds)
    } else if let next = schedule?.next(after: now, last: lastRun, zone: timeZone ?? zone) {
      nextRun = min(planned, next)
    }
  }

  /// A planned run was interrupted before it had taken anything in. It starts again at once, as a record
  /// of an interruption does, then with pauses: it may be what ends its worker.
  private mutating func startAgain(at now: Instant, zone: String, pauses: RetrySchedule) {
    plan(after: now, zone: zone)
    guard isActive,
      let pause = backoffStep == 0 ? 0 : pauses.pause(before: backoffStep, asked: 0)
    else { return }
    backoffStep += 1
    let again = now.advanced(bySeconds: pause)
    nextRun = nextRun.map { min($0, again) } ?? again
  }

  private mutating func plan(after now: Instant, zone: String) {
    guard isActive else { return nextRun = nil }
    nextRun = schedule?.next(after: now, last: lastRun, zone: timeZone ?? zone)
  }
}
