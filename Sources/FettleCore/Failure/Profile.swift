/// Which product counts where Fusion and Make disagree (semantics 0.2, 11). Every place that asks is a
/// property here; what is not asked is the same for both.
public enum Profile: String, Sendable, CaseIterable {
  /// Workfront Fusion.
  case fusion
  /// Make.
  case make

  /// Whether every type of error is stored when storing is allowed, not only the ten of Fusion's lists
  /// (D1, D3).
  public var storesEveryType: Bool { self == .make }

  /// Whether a Break directive with automatic completion leaves the run a success (D9).
  public var breakWithRetryIsSuccess: Bool { self == .fusion }

  /// Whether a run that somebody starts by hand goes through all its cycles, or through one (D29).
  public var runsAllCyclesByHand: Bool { self == .fusion }

  /// Whether routers have error handlers (D10).
  public var routersHaveHandlers: Bool { self == .fusion }

  /// Whether the pauses of a Break directive grow (D17).
  public var breakPausesGrow: Bool { self == .fusion }

  /// Whether a scenario that is put off, because a service cannot be reached, starts then alone;
  /// otherwise its regular starts go on beside it (D21).
  public var backoffReplacesSchedule: Bool { self == .fusion }

  /// When stored failures of the types that retry by themselves are tried again (semantics 5.1).
  public var retries: RetrySchedule { self == .fusion ? .fusion : .make }
}
