/// Which records a list shows, and in which order: newest first.
public struct RecordFilter: Sendable, Hashable {
  /// Those in one of these states; empty means those that are neither resolved nor deleted.
  public var states: Set<IncompleteState>
  /// Those of these scenarios; empty means all.
  public var scenarios: Set<ScenarioID>
  /// Those of these kinds of failure; empty means all.
  public var errorTypes: Set<ErrorType>
  /// Those whose reason, scenario, module or identity contains this text, in any case.
  public var text: String

  /// Everything that is still to be mended.
  public init(
    states: Set<IncompleteState> = [], scenarios: Set<ScenarioID> = [],
    errorTypes: Set<ErrorType> = [], text: String = ""
  ) {
    self.states = states
    self.scenarios = scenarios
    self.errorTypes = errorTypes
    self.text = text
  }

  /// The states a record may be in.
  public var effectiveStates: Set<IncompleteState> {
    states.isEmpty ? [.pending, .unresolved, .inProgress] : states
  }
}

/// A place in the list: between two records, told by the record it stands next to. A list goes on
/// from a place, never from a row number, so that new records move nothing.
public struct RecordPlace: Sendable, Hashable {
  /// When the record next to it was stored.
  public let created: Instant
  /// The record next to it.
  public let id: RecordID

  /// The place next to a record.
  public init(created: Instant, id: RecordID) {
    self.created = created
    self.id = id
  }

  /// The place next to that record.
  public init(_ record: IncompleteSummary) { self.init(created: record.created, id: record.id) }
}

/// Which part of the list is wanted.
public enum PageRequest: Sendable, Hashable {
  /// The newest records.
  case first
  /// The records older than a place, newest of them first.
  case after(RecordPlace)
  /// The records newer than a place: those nearest to it, newest first.
  case before(RecordPlace)
  /// The oldest records, newest of them first.
  case last
}

/// How many records there are, by what they wait for. Counters kept with the records, never counted.
public struct RecordCounts: Sendable, Hashable {
  /// By state.
  public var byState: [IncompleteState: Int]
  /// The bytes of the records that are neither resolved nor deleted.
  public var openBytes: Int

  /// These numbers.
  public init(byState: [IncompleteState: Int] = [:], openBytes: Int = 0) {
    self.byState = byState
    self.openBytes = openBytes
  }

  /// The number of records in a state.
  public subscript(state: IncompleteState) -> Int { byState[state] ?? 0 }
}
