/// How many records there are, by what they wait for. Counters kept with the records, never counted.
public struct RecordCounts: Sendable, Hashable {
  /// By state.
  public var byState: [IncompleteState: Int]
  /// The bytes of the records that are neither resolved nor deleted.
  public var openBytes: Int
  /// Bundles that could not become records and were given up, of all scenarios, as far as no operator
  /// has acknowledged it.
  public var lost: Int

  /// These numbers.
  public init(byState: [IncompleteState: Int] = [:], openBytes: Int = 0, lost: Int = 0) {
    self.byState = byState
    self.openBytes = openBytes
    self.lost = lost
  }

  /// The number of records in a state.
  public subscript(state: IncompleteState) -> Int { byState[state] ?? 0 }
}

extension RecordFilter {
  /// How many records are in the states it asks for, whatever else it asks.
  public func candidates(in counts: RecordCounts) -> Int {
    askedStates.reduce(0) { $0 + counts[$1] }
  }

  /// What is true when no record is in the states it asks for.
  public var noCandidates: String {
    switch askedStates {
    case Self.openStates: "Nothing incomplete."
    case [.deleted]: "The bin is empty."
    case [.resolved]: "Nothing is resolved yet."
    default: "No record is \(askedStates.map(\.name).sorted().joined(separator: " or "))."
    }
  }

  private static let openStates: Set<IncompleteState> = [.pending, .unresolved, .inProgress]

  private var askedStates: Set<IncompleteState> { states.isEmpty ? Self.openStates : states }
}
