import FettleCore

/// The keys of the screens.
extension KeyMap {
  static let list: [KeyBinding] = [
    KeyBinding(
      [.enter, .right, .character("l")], "open", "Open the record", .open, unavailable: noRecord),
    KeyBinding(
      [.character("e")], "edit", "Open the record at the field to mend and edit it", .edit,
      unavailable: noChange),
    KeyBinding(
      [.character("r")], "resume", "Run the record on from its failed module", .resume,
      unavailable: noResume),
    KeyBinding(
      [.character("R")], "", "Resume all marked records, after a question", .resumeMarked,
      unavailable: {
        if $0.list.marks.isEmpty { return "nothing is marked; Space marks a record" }
        if $0.bulk != nil { return "marked records are being resumed right now" }
        return $0.readOnlyReason
      }),
    KeyBinding(
      [.character(" ")], "mark", "Mark the record, or unmark it", .mark, unavailable: noRecord),
    KeyBinding([.control("\\")], "", "Unmark all", .clearMarks),
    KeyBinding(
      [.character("/")], "filter", "Filter: words, status: error: scenario:", .filter),
    KeyBinding(
      [.character("t")], "auto-retry", "Turn the automatic retry on or off", .turnAutoRetry,
      unavailable: noChange),
    KeyBinding(
      [.character("x")], "close", "Close the record with a reason, or delete it", .closeRecord,
      unavailable: noChange),
    KeyBinding(
      [.character("u")], "", "Take the last record out of the bin again", .takeBackDelete,
      unavailable: { $0.lastDeleted == nil ? "nothing was deleted here" : $0.readOnlyReason }),
    KeyBinding([.character(".")], "", "Show the records that came in above", .showNew),
    KeyBinding([.escape], "", "Clear the filter", .back),
  ]

  static let detail: [KeyBinding] = [
    KeyBinding(
      [.character("e"), .character("i"), .enter], "edit", "Edit the field under the cursor", .edit,
      unavailable: noChange),
    KeyBinding(
      [.character("r")], "resume", "Run the record on; changes are shown first", .resume,
      unavailable: noResume),
    KeyBinding([.tab, .backTab], "pane", "To the other pane", .nextPane),
    KeyBinding([.character("F")], "failed", "To the failed module", .showFailedModule),
    KeyBinding([.control("s")], "", "Save the changes, do not run", .save, unavailable: unchanged),
    KeyBinding(
      [.character("t")], "auto-retry", "Turn the automatic retry on or off", .turnAutoRetry,
      unavailable: noChange),
    KeyBinding(
      [.character("x")], "close", "Close the record with a reason, or delete it", .closeRecord,
      unavailable: noChange),
    KeyBinding([.character("["), .character("p")], "", "The record before", .previousRecord),
    KeyBinding([.character("]"), .character("n")], "", "The next record", .nextRecord),
    KeyBinding([.right, .character("l")], "", "Unfold", .unfold),
    KeyBinding([.left, .character("h")], "", "Fold, or up to the parent", .fold),
    KeyBinding([.character(" ")], "", "Fold or unfold", .mark),
    KeyBinding(
      [.character("+")], "", "Add a field or an element here", .add, unavailable: noChange),
    KeyBinding(
      [.character("-"), .delete], "", "Take the field or element away", .remove,
      unavailable: noChange),
    KeyBinding([.character("u")], "", "Undo the last change", .undo, unavailable: unchanged),
    KeyBinding(
      [.control("r")], "", "Redo the change that was undone", .redo,
      unavailable: { $0.detail?.undone.isEmpty == false ? nil : "nothing was undone" }),
    KeyBinding(
      [.character("U")], "", "Put the bundles back as they were at the failure", .revertAll,
      unavailable: {
        $0.detail?.isChanged == true ? $0.readOnlyReason : "nothing differs from the failure"
      }),
    KeyBinding([.character("D")], "diff", "Show what was changed", .showDiff),
    KeyBinding([.character("z")], "", "Zoom the pane, or show both again", .zoom),
    KeyBinding([.escape], "back", "Back to the list", .back),
  ]

  static let resumeCheck: [KeyBinding] = [
    KeyBinding([.enter], "resume", "Run it with these changes", .confirm, unavailable: noResume),
    KeyBinding([.character("e")], "edit more", "Go back and edit more", .editMore),
    KeyBinding(
      [.character("s")], "save, do not run", "Save the changes without running", .saveOnly,
      unavailable: unchanged),
    KeyBinding([.escape, .character("q")], "go back", "Go back, nothing is done", .back),
  ]

  static let diff: [KeyBinding] = [
    KeyBinding([.escape, .character("q"), .character("D"), .enter], "back", "Go back", .back)
  ]

  private static let noRecord: @Sendable (State) -> SafeText? = {
    $0.selectedID == nil ? "there is no record here" : nil
  }

  private static let noChange: @Sendable (State) -> SafeText? = { state in
    guard let id = state.selectedID else { return "there is no record here" }
    return state.readOnlyReason ?? state.busyReason(id) ?? state.closedReason
  }

  private static let noResume: @Sendable (State) -> SafeText? = { state in
    guard let id = state.selectedID else { return "there is no record here" }
    return state.readOnlyReason ?? state.busyReason(id) ?? state.closedReason
  }

  private static let unchanged: @Sendable (State) -> SafeText? = {
    $0.detail?.drafts.isEmpty == false ? $0.readOnlyReason : "nothing was changed"
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
