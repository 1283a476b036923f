import FettleCore

/// The keys of the list.
extension KeyMap {
  static let resumingMarked = KeyBinding(
    [.character("R")], "marked", "Resume all marked records, after a question", .resumeMarked,
    unavailable: {
      if let reason = $0.readOnlyReason { return reason }
      if $0.list.marks.isEmpty { return "nothing is marked; Space marks a record" }
      return $0.bulk?.isRunning == true ? "another action is running; B shows it" : nil
    })

  static let list: [KeyBinding] = [
    KeyBinding(
      [.enter, .right, .character("l")], "open", "Open the record", .open, unavailable: noRecord),
    KeyBinding(
      [.character("e")], "edit", "Open the record at the field to mend and edit it", .edit,
      unavailable: noChange),
    KeyBinding(
      [.character("r")], "resume", "Run the record on from its failed module", .resume,
      unavailable: noResume),
    resumingMarked,
    KeyBinding(
      [.character(" ")], "mark", "Mark the record, or unmark it", .mark, unavailable: noRecord),
    KeyBinding(
      [.character("v")], "", "Mark from here; press it again at the other end", .markRange,
      unavailable: noRecord),
    KeyBinding(
      [.character("*")], "", "Mark everything the filter lets through", .markAll,
      unavailable: noRecord),
    KeyBinding([.control("\\")], "", "Unmark all", .clearMarks),
    KeyBinding(
      [.character("/")], "filter",
      "Filter: words, status: error: scenario: module: age: size: bundle.PATH: and more; Tab completes",
      .filter),
    KeyBinding([.character("b")], "group", "Group the records by their cause", .groups),
    KeyBinding([.character("s")], "", "Sort by the next column", .sortByNext),
    KeyBinding([.character("S")], "", "Turn the order round", .sortReversed),
    KeyBinding([.function(2)], "", "Pick a saved view", .pickView),
    KeyBinding([.character("p")], "", "Hold the list as it is, or let it live again", .hold),
    KeyBinding(
      [.character("t")], "auto-retry", "Turn the automatic retry on or off", .turnAutoRetry,
      unavailable: noChange),
    KeyBinding(
      [.character("x")], "close", "Close the record or all marked with a reason, or delete",
      .closeRecord, unavailable: { $0.list.marks.isEmpty ? noChange($0) : $0.readOnlyReason }),
    KeyBinding(
      [.character("u")], "",
      "Take back the last close, delete or auto-retry; open what is in the bin",
      .takeBack,
      unavailable: { $0.readOnlyReason ?? $0.takeBackReason }),
    KeyBinding(
      [.character("X")], "", "Remove from the bin for good what is marked or under the cursor",
      .purge,
      unavailable: {
        $0.readOnlyReason
          ?? ($0.list.marks.isEmpty && $0.selectedState != .deleted
            ? "only what is in the bin can be purged; status:bin lists it" : nil)
      }),
    KeyBinding(
      [.character("B")], "", "Show the action on many records that is running", .showBulk,
      unavailable: noBulk),
    KeyBinding([.character(".")], "", "Show the records that came in above", .showNew),
    KeyBinding(
      [.control("e"), .character("E")], "", "Edit the value to mend in $VISUAL or $EDITOR",
      .editOutside, unavailable: noChange),
    KeyBinding(
      [.character("a")], "", "Who changed what in the record", .showRecordAudit,
      unavailable: noRecord),
    KeyBinding(
      [.tab, .backTab], "", "To the chain of the record", .nextPane, unavailable: noRecord),
    KeyBinding(
      [.character("c")], "", "Open the record with its chain as boxes", .chainView,
      unavailable: noRecord),
    KeyBinding(
      [.character("z")], "", "Open the record with one pane over the whole screen", .zoom,
      unavailable: noRecord),
    KeyBinding(
      [.character("w")], "", "Open the record with long values wrapped", .wrap,
      unavailable: noRecord),
    KeyBinding([.character("[")], "", "The record before", .previousRecord),
    KeyBinding([.character("]")], "", "The next record", .nextRecord),
    KeyBinding([.escape], "", "Stop a search; clear the filter", .back),
  ]
}
