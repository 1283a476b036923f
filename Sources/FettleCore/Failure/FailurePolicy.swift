/// What is known about a failure when it has to be decided what becomes of the bundle.
public struct FailureSituation: Sendable, Hashable {
  /// The kind of the failure.
  public var type: ErrorType
  /// Whether the module is element 0 of the main flow (semantics 2.2.4).
  public var isFirstModule = false
  /// Whether *Allow storing incomplete executions* is on.
  public var storingAllowed = true
  /// Whether the store has no room for another record.
  public var storeIsFull = false
  /// Whether *Enable data loss* is on.
  public var dataLossAllowed = false
  /// Whether the scenario is processed in order, one bundle after the other.
  public var sequential = false
  /// Which product counts where they disagree.
  public var profile = Profile.fusion
  /// Whether a duplicate is stored as other data that a service does not take (D3).
  public var treatsDuplicatesAsData = false

  /// A failure of that kind in a later module, with storing on and room in the store.
  public init(_ type: ErrorType) { self.type = type }
}

/// What becomes of the bundle, and of the run.
public enum FailureDecision: Sendable, Hashable {
  /// A record is stored. The run goes on with the next bundle, or stops and puts the bundles it did
  /// not get to into the record.
  case store(autoRetry: Bool, thenStopRun: Bool)
  /// The run stops and what it did in transactions is undone.
  case rollBack(Consequence)
  /// The bundle is given up, counted, and the run goes on with a warning.
  case dropBundle

  /// What follows for the scenario when a run is rolled back.
  public enum Consequence: String, Sendable, Hashable {
    /// The run ends with a warning and is started again later.
    case warnAndBackOff
    /// The run ends with an error and is started again later.
    case backOff
    /// The run ends with an error.
    case countError
    /// The run ends with an error and the scenario pauses until there is room.
    case pauseScenario
  }
}

extension FailureSituation {
  /// Default handling: what happens when no error handler is in reach. First match wins; the
  /// numbers are the rows of semantics 3.4.
  public var decision: FailureDecision {
    let row = (treatsDuplicatesAsData && type == .duplicateData ? .data : type).row
    if isFirstModule { return .rollBack(row.backsOff ? .warnAndBackOff : .countError) }  // 4, 5
    if !storingAllowed { return .rollBack(row.backsOff ? .backOff : .countError) }  // 6, 7
    if row.stored == .fail, !profile.storesEveryType { return .rollBack(.countError) }  // 8
    if storeIsFull { return dataLossAllowed ? .dropBundle : .rollBack(.pauseScenario) }  // 9, 10
    return .store(
      autoRetry: row.stored == .storeAndRetry, thenStopRun: row.stopsRun || sequential)  // 11-13
  }
}
