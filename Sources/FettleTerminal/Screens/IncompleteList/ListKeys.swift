import FettleCore

/// The keys of the list.
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
    KeyBinding([.character("s")], "", "Sort by the next column", .sortByNext),
    KeyBinding([.character("S")], "", "Turn the order round", .sortReversed),
    KeyBinding([.function(2)], "", "Pick a saved view", .pickView),
    KeyBinding([.character("p")], "", "Hold the list as it is, or let it live again", .hold),
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
    KeyBinding([.escape], "", "Stop a search; clear the filter", .back),
  ]
}
