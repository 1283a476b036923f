import FettleCore

/// The keys of an opened record.
extension KeyMap {
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
}
