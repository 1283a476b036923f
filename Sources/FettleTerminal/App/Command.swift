/// What a key means on a screen.
enum Command: String, Hashable, Sendable, CaseIterable {
  // moving
  case moveUp, moveDown, pageUp, pageDown, halfPageUp, halfPageDown, moveToFirst, moveToLast
  case open, back, fold, unfold, nextPane, previousRecord, nextRecord, showFailedModule
  case showNew, zoom, wrap
  // the list
  case markRange, markAll, sortByNext, sortReversed, hold, pickView
  // records
  case resume, resumeMarked, edit, turnAutoRetry, closeRecord, mark, clearMarks, takeBack
  case groups, showBulk, stopBulk, hideBulk, listFailed, purge
  // the other screens
  case showIncomplete, showScenarios, showHistory, showLive, showAuditTrail
  case historyOfScenario, toggleScenario, openBlocking, acknowledgeLoss,
    listStored, openRetried, export
  case scrollDown, scrollUp, stopRun
  // bundles
  case add, remove, rename, shiftUp, shiftDown, undo, redo, revertAll, showDiff, save
  case editOutside, pasteJSON, putFile, substitute, reveal, dryRun
  // the way of a value, and other operators
  case showWay, mapElsewhere, takeMine, takeTheirs
  // around a record
  case search
  case nextProblem, previousProblem, chainView, resumeHere, followLink, showRecordAudit, openRun
  // everywhere
  case filter, help, quit, quitAtOnce, interrupt, repaint, suspend
  // the resume check
  case confirm, editMore, saveOnly, chooseBlueprint
  // typing
  case keep, cancel, changeType, nextChoice, stepUp, stepDown
  // the command line
  case commandLine, complete, earlier, later
  // copying
  case copy, copyValue, copyPath, copyID, copyJSON
  // answers to questions
  case answerClose, answerDelete, answerYes, answerSave, answerDrop
  case answerValue, answerMapping, answerRecord, answerScenario, answerSend, answerOutput
  case answerFirst, answerHere, answerStop

  /// As the command line and the file of one's own keys name it.
  var word: String { rawValue.hyphenated }
}
