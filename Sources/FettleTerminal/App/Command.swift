/// What a key means on a screen.
enum Command: String, Hashable, Sendable, CaseIterable {
  // moving
  case moveUp, moveDown, pageUp, pageDown, halfPageUp, halfPageDown, moveToFirst, moveToLast
  case open, back, fold, unfold, nextPane, previousRecord, nextRecord, showFailedModule
  case showNew, zoom
  // the list
  case markRange, markAll, sortByNext, sortReversed, hold, pickView
  // records
  case resume, resumeMarked, edit, turnAutoRetry, closeRecord, mark, clearMarks, takeBackDelete
  case groups, showBulk, stopBulk, hideBulk, listFailed, purge
  // the other screens
  case showIncomplete, showScenarios, showHistory, showLive, showAudit
  case historyOfScenario, toggleScenario, openBlocking, listStored, openRetried, export
  case scrollDown, scrollUp
  // bundles
  case add, remove, undo, redo, revertAll, showDiff, save
  // everywhere
  case filter, help, quit, quitAtOnce, interrupt, repaint, suspend
  // the resume check
  case confirm, editMore, saveOnly
  // typing
  case keep, cancel, changeType, nextChoice
  // the command line
  case commandLine, complete, earlier, later
  // copying
  case copy, copyValue, copyPath, copyID, copyJSON
  // answers to questions
  case answerClose, answerDelete, answerYes, answerSave, answerDrop

  /// As the command line and the file of one's own keys name it.
  var word: String { rawValue.hyphenated }
}
