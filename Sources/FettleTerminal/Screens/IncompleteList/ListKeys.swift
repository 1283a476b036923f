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
}
