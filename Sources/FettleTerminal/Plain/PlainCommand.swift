import FettleCore

/// What can be said to the line mode. One table feeds the parser, the help and the manual.
enum PlainCommand: String, CaseIterable, Sendable {
  // the records
  case list, more, back, sort, groups, group, views, view
  case saveView = "save-view"
  case open, next, previous
  // one record
  case chain, fields, value, input, mapping, way
  case set, rename, move, remove, file
  case setJSON = "set-json"
  case undo, redo, revert, changes, check, save, reload, resume, output, from, map
  case mapScenario = "map-scenario"
  case current, reveal, linked, history, recover, forget
  case auto, close, reopen, delete, restore
  // many records
  case mark, unmark, marked
  case resumeMarked = "resume-marked"
  case closeMarked = "close-marked"
  case deleteMarked = "delete-marked"
  case restoreMarked = "restore-marked"
  case reopenMarked = "reopen-marked"
  case purgeMarked = "purge-marked"
  case changeMarked = "change-marked"
  // everything else
  case executions, execution
  case stopExecution = "stop-execution"
  case scenarios
  case startScenario = "start-scenario"
  case stopScenario = "stop-scenario"
  case acknowledge, audit, export
  case about, help, quit

  /// What may stand behind the word.
  var arguments: String {
    switch self {
    case .list, .audit: "[FILTER]"
    case .sort: "COLUMN|-COLUMN"
    case .group: "NUMBER"
    case .view, .saveView: "NAME"
    case .executions: "[SCENARIO|FILTER]"
    case .execution: "NUMBER|ID [MODULE]"
    case .stopExecution: "ID"
    case .startScenario, .stopScenario, .acknowledge: "NUMBER|NAME"
    case .export: "FILE"
    case .open: "NUMBER|ID"
    case .fields: "[PATH]"
    case .value, .remove, .reveal: "PATH"
    case .way: "FIELD"
    case .set: "PATH VALUE"
    case .setJSON: "PATH JSON"
    case .rename: "PATH NAME"
    case .move: "PATH up|down"
    case .file: "PATH FILE"
    case .resume: "[again|here]"
    case .output: "JSON"
    case .from: "[MODULE]"
    case .map, .mapScenario: "FIELD TEMPLATE"
    case .mark: "NUMBER…|all|matching"
    case .unmark: "NUMBER…|all"
    case .closeMarked, .close: "REASON"
    case .purgeMarked: "COUNT"
    case .changeMarked: "[yes]"
    case .auto: "on|off"
    case .help: "[COMMAND]"
    default: ""
    }
  }

  /// One sentence.
  var help: String {
    switch self {
    case .list: "the newest records, numbered; those that fit the filter, or all"
    case .more: "the next ones of what was listed last"
    case .back: "the list again, from its beginning"
    case .sort: "the list by a column; with - the greatest first"
    case .groups: "the causes, numbered, with how many records each has"
    case .group: "the records of one cause, by its number in the groups"
    case .views: "the saved views"
    case .view: "the list by a saved view"
    case .saveView: "keeps the filter and the order of the list under a name"
    case .executions: "what has run, newest first; of all scenarios, of one, or what fits a filter"
    case .execution:
      "what an execution did, module by module; all that one module was given and gave"
    case .stopExecution: "stops an execution after the operation that runs; what is left is kept"
    case .scenarios:
      "the scenarios, numbered: whether they start by themselves, what is open or wrong"
    case .startScenario: "lets a scenario start by itself again"
    case .stopScenario: "no longer lets a scenario start by itself"
    case .acknowledge: "says that you have seen what a scenario lost for want of room"
    case .audit: "who did what, newest first; what fits a filter, or all"
    case .export: "writes all of the audit that was listed last to a file, one JSON object a line"
    case .open: "opens a record by its number in the list or the first digits of its id"
    case .next: "opens the next record of the list"
    case .previous: "opens the record before it in the list"
    case .chain: "the chain of the open record, the failed module marked"
    case .fields: "the data of the open record, a line a field"
    case .value: "all of one value, however long"
    case .input: "what the failed module would be given now"
    case .mapping: "the mapping of the failed module, a line a field"
    case .way: "where a field of the input comes from"
    case .set: "changes a field, or adds one; a field that is there keeps its type"
    case .setJSON: "changes a field to a JSON value, which sets its type"
    case .rename: "gives a field another name"
    case .move: "moves a field or an element among its neighbours"
    case .remove: "takes a field or an element away"
    case .file: "puts the content of a file at a place"
    case .undo: "takes the last change back"
    case .redo: "makes the change again that was taken back"
    case .revert: "drops all changes that are not saved"
    case .changes: "what differs from the failure"
    case .check: "what a resume would do, without doing it"
    case .save: "saves the changes, does not run"
    case .reload: "reads the record again, and makes the changes again that are not saved"
    case .resume: "saves the changes and runs the record on from its failed module"
    case .output: "it did happen: runs on behind the failed module with this output"
    case .from: "lets the record go on at another module; alone it lists where it can"
    case .map: "changes the mapping of a field of the failed module for this record, at once"
    case .mapScenario: "the same, and in the blueprint the scenario has today too"
    case .current: "lets the record go on with the blueprint its scenario has today"
    case .reveal: "shows a secret; the audit keeps that"
    case .linked: "opens the record that continues this one, or that it continues"
    case .mark: "marks records of the list, or everything its filter lets through"
    case .unmark: "unmarks them"
    case .marked: "the marked records"
    case .resumeMarked: "resumes the marked records, one after the other"
    case .closeMarked: "closes the marked records without running them"
    case .deleteMarked: "puts the marked records into the bin"
    case .restoreMarked: "takes the marked records out of the bin"
    case .reopenMarked: "takes back that the marked records were closed"
    case .purgeMarked: "removes the marked records of the bin for good; say how many they are"
    case .changeMarked:
      "shows what the changes of the open record would be in the marked ones; yes makes them"
    case .auto: "turns the automatic retry on or off"
    case .close: "closes the open record without running it"
    case .reopen: "takes back that the open record was closed"
    case .delete: "puts the open record into the bin"
    case .restore: "takes the open record out of the bin"
    case .recover: "makes the changes again that were left without being saved"
    case .forget: "forgets the changes that were left without being saved"
    case .history: "the attempts and changes of the open record"
    case .about: "the store, and how it was opened"
    case .help: "what can be said"
    case .quit: "ends; refuses while changes are not saved, quit twice drops them"
    }
  }

  /// Whether it changes anything.
  var changes: Bool {
    switch self {
    case .set, .setJSON, .rename, .move, .file, .remove, .save, .resume, .output, .map,
      .mapScenario,
      .current, .reveal, .recover, .forget, .resumeMarked, .closeMarked, .deleteMarked,
      .restoreMarked, .reopenMarked,
      .purgeMarked, .auto, .close, .reopen, .delete, .restore, .stopExecution,
      .startScenario, .stopScenario, .acknowledge:
      true
    default: false
    }
  }

  /// Whether it is about the open record.
  var needsRecord: Bool {
    switch self {
    case .chain, .fields, .value, .input, .mapping, .way, .set, .setJSON, .rename, .move, .remove,
      .file, .undo, .redo, .revert, .changes, .check, .save, .reload, .resume, .output, .from, .map,
      .mapScenario, .current, .reveal, .linked, .auto, .close, .reopen, .delete, .restore, .history,
      .next, .previous, .changeMarked, .recover, .forget:
      true
    default: false
    }
  }

  /// Whether it takes something behind it; what stands behind another is a slip.
  var takesArguments: Bool { !arguments.isEmpty }
}
