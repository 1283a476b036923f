import FettleCore

/// Why a key does nothing now, where several screens have the same reasons.
extension KeyMap {
  static let noRecord: @Sendable (State) -> SafeText? = {
    $0.selectedID == nil ? "there is no record here" : nil
  }

  static let noChange: @Sendable (State) -> SafeText? = { state in
    guard let id = state.selectedID else { return "there is no record here" }
    return state.readOnlyReason ?? state.busyReason(id) ?? state.closedReason
  }

  static let noResume: @Sendable (State) -> SafeText? = { state in
    guard let id = state.selectedID else { return "there is no record here" }
    return state.readOnlyReason ?? state.busyReason(id) ?? state.closedReason
  }

  static let noBulk: @Sendable (State) -> SafeText? = {
    $0.bulk == nil ? "no action on many records is running" : nil
  }

  static let unchanged: @Sendable (State) -> SafeText? = {
    $0.readOnlyReason ?? ($0.detail?.drafts.isEmpty == false ? nil : "nothing was changed")
  }
}

extension State {
  var readOnlyReason: SafeText? {
    surroundings.isReadOnly ? "started with --read-only: nothing can be changed" : nil
  }

  func busyReason(_ id: RecordID) -> SafeText? {
    if running.contains(id) || selectedState == .inProgress {
      return "the record is being retried right now; wait for the outcome"
    }
    return nil
  }

  var closedReason: SafeText? {
    switch selectedState {
    case .resolved: "the record is resolved already"
    case .deleted: "the record is in the bin"
    default: nil
    }
  }

  /// The record the keys act on.
  var selectedID: RecordID? { detail?.record.id ?? list.cursor }

  var selectedState: IncompleteState? { detail?.record.summary.state ?? list.selected?.state }
}
