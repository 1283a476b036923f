import FettleCore

/// The keys of an opened record, and of what is opened from it.
extension KeyMap {
  static let detail: [KeyBinding] = [
    KeyBinding(
      [.character("e"), .character("i")], "edit", "Edit the field under the cursor", .edit,
      unavailable: noChange),
    KeyBinding(
      [.character("r")], "resume", "Run the record on; changes are shown first", .resume,
      unavailable: noResume),
    KeyBinding([.tab, .backTab], "pane", "To the other pane", .nextPane),
    KeyBinding([.character("m")], "way", "Where the value came from; map it differently", .showWay),
    KeyBinding([.character("F")], "failed", "To the failed module", .showFailedModule),
    KeyBinding([.character("D")], "diff", "Show what was changed", .showDiff),
    KeyBinding(
      [.control("e"), .character("E")], "", "Edit the value in $VISUAL or $EDITOR", .editOutside,
      unavailable: noChange),
    KeyBinding([.character("V")], "", "Check what a resume would do, without running", .dryRun),
    KeyBinding(
      [.control("s")], "", "Save the changes, do not run", .save, unavailable: unchanged),
    KeyBinding(
      [.character("t")], "auto-retry", "Turn the automatic retry on or off", .turnAutoRetry,
      unavailable: noChange),
    KeyBinding(
      [.character("x")], "close", "Close the record with a reason, or delete it", .closeRecord,
      unavailable: noChange),
    KeyBinding([.character("a")], "audit", "Who changed what in this record", .showRecordAudit),
    KeyBinding(
      [.enter], "", "Edit the field, fold a collection; in the chain, see what a module did", .open,
      unavailable: {
        $0.detail?.pane == .chain || $0.detail?.isOnFoldable == true ? nil : noChange($0)
      }),
    KeyBinding([.character("[")], "", "The record before", .previousRecord),
    KeyBinding([.character("]")], "", "The next record", .nextRecord),
    KeyBinding(
      [.character("/")], "", "Look for words in the names and values of its fields", .search),
    KeyBinding(
      [.character("n")], "", "To the next of what is looked for, else to the next problem",
      .nextProblem),
    KeyBinding([.character("N")], "", "The same backwards", .previousProblem),
    KeyBinding(
      [.control("t")], "", "Change the type of the value", .changeType, unavailable: noChange),
    KeyBinding([.character("b")], "", "The groups of records with one cause", .groups),
    KeyBinding(
      [.character(" ")], "", "Mark the record in the list behind it, or unmark it", .mark),
    KeyBinding(
      [.character("v")], "", "Mark from here; [ and ] go on, press it again at the other end",
      .markRange),
    KeyBinding(
      [.character("*")], "", "Mark everything the filter of the list lets through", .markAll),
    KeyBinding([.control("\\")], "", "Unmark all", .clearMarks),
    resumingMarked,
    KeyBinding([.right, .character("l")], "", "Unfold; again, into it", .unfold),
    KeyBinding([.left, .character("h")], "", "Fold, or up to the parent", .fold),
    KeyBinding(
      [.character("+")], "", "Add a field or an element here", .add, unavailable: noChange),
    KeyBinding(
      [.character("-"), .delete], "", "Take the field or element away", .remove,
      unavailable: noChange),
    KeyBinding(
      [.character("="), .function(2)], "", "Rename the field", .rename, unavailable: noChange),
    KeyBinding(
      [.character("K"), .altUp], "", "Move the field or element up", .shiftUp,
      unavailable: noChange),
    KeyBinding(
      [.character("J"), .altDown], "", "Move the field or element down", .shiftDown,
      unavailable: noChange),
    KeyBinding(
      [.character("P")], "", "Paste JSON here; shown as a diff first", .pasteJSON,
      unavailable: noChange),
    KeyBinding(
      [.character("W")], "", "Put the content of a file here", .putFile, unavailable: noChange),
    KeyBinding(
      [.character("O")], "", "It did happen: give the output of the module instead of running it",
      .substitute, unavailable: noResume),
    KeyBinding(
      [.character("f")], "", "Go on at the module under the chain cursor instead", .resumeHere,
      unavailable: {
        $0.detail?.pane == .chain ? noResume($0) : "choose a module in the chain (Tab) first"
      }),
    KeyBinding(
      [.character("H")], "", "Show or hide a secret; the audit keeps it", .reveal,
      unavailable: {
        $0.surroundings.isReadOnly ? "started with --read-only: the audit could not keep it" : nil
      }),
    KeyBinding(
      [.character("u")], "",
      "Undo the last change, or the last close, delete or auto-retry", .undo,
      unavailable: {
        $0.readOnlyReason ?? ($0.detail?.canUndo == true ? nil : $0.takeBackReason)
      }),
    KeyBinding(
      [.control("r")], "", "Redo the change that was undone", .redo,
      unavailable: {
        $0.readOnlyReason ?? ($0.detail?.undone.isEmpty == false ? nil : "nothing was undone")
      }),
    KeyBinding(
      [.character("U")], "", "Put everything back as it was at the failure", .revertAll,
      unavailable: {
        $0.readOnlyReason
          ?? ($0.detail?.isChanged == true ? nil : "nothing differs from the failure")
      }),
    KeyBinding([.character("c")], "", "The chain as boxes, or as lines", .chainView),
    KeyBinding(
      [.character("L")], "",
      "To the record that continues this one, that it waits for, or that it continues",
      .followLink),
    KeyBinding(
      [.character("o")], "", "Show the execution that stored it, in the history", .openRun),
    KeyBinding(
      [.character("w")], "", "Wrap long values over several lines, or not any longer", .wrap),
    KeyBinding([.character("z")], "", "Zoom the pane, or show both again", .zoom),
    KeyBinding([.escape], "back", "Back to the list", .back),
  ]

  static let way: [KeyBinding] = [
    KeyBinding([.enter], "go there", "To this place in the bundles", .open),
    KeyBinding(
      [.character("e")], "edit", "Edit the value, or the mapping, of this line", .edit,
      unavailable: noChange),
    KeyBinding(
      [.character("m")], "map differently", "Fix the mapping instead of the data", .mapElsewhere,
      unavailable: noChange),
    KeyBinding([.escape, .character("q")], "back", "Back to the record", .back),
  ]

  static let conflict: [KeyBinding] = [
    KeyBinding([.character("m")], "mine", "The change made here shall stand", .takeMine),
    KeyBinding([.character("t")], "theirs", "Theirs shall stand", .takeTheirs),
    KeyBinding([.character(" "), .tab], "", "The other one", .nextChoice),
    KeyBinding([.enter], "merge", "Merge as chosen; nothing is written yet", .confirm),
    KeyBinding(
      [.escape, .character("q")], "", "Says what is to be done: leaving would lose one of both",
      .back),
  ]

  static let previewKeys: [KeyBinding] = [
    KeyBinding([.enter], "paste", "Put it there; u undoes it", .confirm),
    KeyBinding([.escape, .character("q")], "leave it", "Leave everything as it was", .back),
  ]

  static let recordAuditKeys: [KeyBinding] = [
    KeyBinding([.escape, .character("q"), .character("a")], "back", "Go back", .back)
  ]
}
