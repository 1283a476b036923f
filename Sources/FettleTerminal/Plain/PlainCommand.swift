import FettleCore

/// What can be said to the line mode. One table feeds the parser, the help and the manual.
enum PlainCommand: String, CaseIterable, Sendable {
  case list, more, back, groups, group, executions, open, chain, fields, input, set, setJSON =
    "set-json", remove
  case undo, redo, revert, changes, check, save, resume, mark, unmark, marked
  case resumeMarked = "resume-marked"
  case auto, close, reopen, delete, restore, history, help, quit

  /// What may stand behind the word.
  var arguments: String {
    switch self {
    case .list: "[FILTER]"
    case .group: "NUMBER"
    case .executions: "[SCENARIO|FILTER]"
    case .open: "NUMBER|ID"
    case .fields: "[PATH]"
    case .set: "PATH VALUE"
    case .setJSON: "PATH JSON"
    case .remove: "PATH"
    case .mark, .unmark: "NUMBER…|all"
    case .auto: "on|off"
    case .close: "REASON"
    case .help: "[COMMAND]"
    default: ""
    }
  }

  /// One sentence.
  var help: String {
    switch self {
    case .list: "the newest records, numbered; those that fit the filter, or all"
    case .more: "the next records of the list"
    case .back: "the list again, from its beginning"
    case .groups: "the causes, numbered, with how many records each has"
    case .group: "the records of one cause, by its number in the groups"
    case .executions: "what has run, newest first; of all scenarios, of one, or what fits a filter"
    case .open: "opens a record by its number in the list or the first digits of its id"
    case .chain: "the chain of the open record, the failed module marked"
    case .fields: "the data of the open record, a line a field"
    case .input: "what the failed module would be given now"
    case .set: "changes a field; it keeps its type"
    case .setJSON: "changes a field to a JSON value, which sets its type"
    case .remove: "takes a field or an element away"
    case .undo: "takes the last change back"
    case .redo: "makes the change again that was taken back"
    case .revert: "drops all changes that are not saved"
    case .changes: "what differs from the failure"
    case .check: "what a resume would do, without doing it"
    case .save: "saves the changes, does not run"
    case .resume: "saves the changes and runs the record on from its failed module"
    case .mark: "marks records of the list"
    case .unmark: "unmarks them"
    case .marked: "the marked records"
    case .resumeMarked: "resumes the marked records, one after the other"
    case .auto: "turns the automatic retry on or off"
    case .close: "closes the open record without running it"
    case .reopen: "takes back that the open record was closed"
    case .delete: "puts the open record into the bin"
    case .restore: "takes the open record out of the bin"
    case .history: "the attempts and changes of the open record"
    case .help: "what can be said"
    case .quit: "ends; refuses while changes are not saved, quit twice drops them"
    }
  }

  /// Whether it changes anything.
  var changes: Bool {
    switch self {
    case .set, .setJSON, .remove, .save, .resume, .resumeMarked, .auto, .close, .reopen, .delete,
      .restore:
      true
    default: false
    }
  }

  /// Whether it is about the open record.
  var needsRecord: Bool {
    switch self {
    case .chain, .fields, .input, .set, .setJSON, .remove, .undo, .redo, .revert, .changes, .check,
      .save, .resume, .auto, .close, .reopen, .delete, .restore, .history:
      true
    default: false
    }
  }
}
