@testable import FettleTerminal

/// The places of a terminal on the orders bench, and what each of their keys is to be seen doing.
///
/// The first record is the newest: one in doubt, one whose input is no copy of a field, one whose
/// earlier writes were rolled back, then the orders.
enum KeyPlaces {
  static let all =
    [list, groups, groupEdit, bulk, scenarios, history, run, auditTrail] + records + typing
    + questions

  /// The first of the orders.
  private static let order: [Step] = ["Down", "Down", "Down", "Down"]
  private static let opened: [Step] = order + ["Enter", .wait("<< FAILED")]
  private static let editing: [Step] = opened + ["e", .wait("Enter keep")]
  private static let changed: [Step] = editing + [.type("x"), "Enter", .wait("UNSAVED")]

  /// Where all there is fits the screen there is nowhere to go.
  private static func fits(_ text: String) -> [Command: Sight] {
    let moving: [Command] = [.moveUp, .moveDown, .pageUp, .pageDown, .moveToFirst, .moveToLast]
    return Dictionary(uniqueKeysWithValues: moving.map { ($0, .says(text)) })
  }

  // MARK: Screens

  static let list = KeyPlace(
    context: .list, way: order, arrived: "Enter open",
    sights: [
      .open: .shows("<< FAILED"), .edit: .shows("Enter keep"),
      .resume: .shows("failed again after"),
      .resumeMarked: .shows("Resume these 1? y", after: "Space"),
      .mark: .shows("1 marked"), .markRange: .shows("move to the other end"),
      .markAll: .shows("all matching marked"), .clearMarks: .hides("1 marked", after: "Space"),
      .filter: .shows(" keep"), .groups: .shows("Groups"), .sortByNext: .moves(),
      .sortReversed: .moves(),
      .pickView: .shows("orders"), .hold: .shows("the list stays as it is"),
      .turnAutoRetry: .shows("WAIT"), .closeRecord: .shows("c close with a reason"),
      .takeBack: .moves(after: "t"),
      .purge: .says("only what is in the bin"),
      .showBulk: .says("no action on many records"), .showNew: .moves(after: "Down"),
      .back: .says("q quits"), .quit: .leaves(),
      .showIncomplete: .says("/ status:open,wait,run"),
      .editOutside: .shows("UNSAVED"), .showRecordAudit: .shows("Audit of"),
      .nextPane: .shows("<< FAILED"), .chainView: .shows("Incomplete › "),
      .zoom: .shows("Incomplete › "),
      .wrap: .shows("<< FAILED"), .previousRecord: .moves(), .nextRecord: .moves(),
    ])

  /// What a table does as the list does.
  private static let table: [Command: Sight] = [
    .filter: .shows(" keep"), .sortByNext: .says("sorted by"),
    .sortReversed: .says("the order is turned round"), .hold: .shows("held"),
  ]
  private static let stored = table.merging([.pickView: .says("no views")]) { own, _ in own }

  static let groups = KeyPlace(
    context: .groups, way: ["b", .wait("Groups")], arrived: "Enter list",
    sights: [
      .open: .shows("FAILED MODULE"), .edit: .shows("Enter keep"),
      .resumeMarked: .shows("Resume these"),
      .closeRecord: .shows("All of them: c close all"), .back: .shows("FAILED MODULE"),
      .showBulk: .says("no action"), .quit: .shows("FAILED MODULE"),
      .showIncomplete: .shows("FAILED MODULE"),
    ].merging(stored) { own, _ in own })

  static let groupEdit = KeyPlace(
    context: .groupEdit,
    way: [
      "b", .wait("Enter list"), "Home", .type("e"), .wait("Enter keep"), .type("x"), "Enter",
      .wait("UNSAVED"), "C-s", .wait("others of the group? y"), "y",
    ], arrived: "Enter change them",
    sights: [
      .confirm: .shows("and marked them"), .mark: .moves(), .back: .hides("Enter change them"),
      .interrupt: .shows("none of the others was changed"),
    ])

  static let bulk = KeyPlace(
    context: .bulk, way: ["*", "R", .wait("? y"), "y", .wait("over")], arrived: "list the failed",
    sights: [
      .stopBulk: .hides("list the failed"), .hideBulk: .hides("list the failed"),
      .listFailed: .hides("list the failed"), .interrupt: .hides("list the failed"),
    ])

  static let scenarios = KeyPlace(
    context: .scenarios, way: ["2"], arrived: "start/stop",
    sights: [
      .open: .shows("FAILED MODULE"), .historyOfScenario: .shows(" History"),
      .toggleScenario: .shows("by itself"), .openBlocking: .says("it waits for no record"),
      .acknowledgeLoss: .says("it lost nothing"),
      .back: .shows("FAILED MODULE"), .quit: .shows("FAILED MODULE"),
      .showIncomplete: .shows("FAILED MODULE"), .showScenarios: .says(" Scenarios"),
    ].merging(table) { own, _ in own })

  static let history = KeyPlace(
    context: .history, way: ["3"], arrived: "i records",
    sights: [
      .open: .shows("History › "), .listStored: .shows("FAILED MODULE", after: "End"),
      .openRetried: .says("it retried no record", after: "End"), .back: .shows("FAILED MODULE"),
      .quit: .shows("FAILED MODULE"), .showIncomplete: .shows("FAILED MODULE"),
      .showHistory: .says(" History"),
    ].merging(stored) { own, _ in own })

  static let run = KeyPlace(
    context: .run, way: ["3", .wait("i records"), "End", "Enter"], arrived: "History › ", rows: 12,
    isLeftAlways: true,
    sights: [
      .scrollDown: .moves(after: "Home", "Down"),
      .scrollUp: .moves(after: "Home", "Down", "NPage"),
      .stopRun: .says("it has ended"), .listStored: .shows("FAILED MODULE"),
      .openRetried: .says("it retried no record"), .hold: .shows("held"),
      .showFailedModule: .moves(after: "Home"), .search: .shows("Enter search"),
      .nextProblem: .moves(after: "Home"), .previousProblem: .moves(after: "Home"),
      .wrap: .moves(), .chainView: .shows("the cursor keys move it"),
      .back: .hides("History › "), .quit: .hides("History › "),
      .showIncomplete: .shows("FAILED MODULE"), .showHistory: .says(" History"),
    ])

  static let auditTrail = KeyPlace(
    context: .auditTrail, way: ["5"], arrived: "w export",
    sights: [
      .open: .shows("Incomplete › "),
      .export: .shows("Write the lines to:"), .back: .shows("FAILED MODULE"),
      .quit: .shows("FAILED MODULE"), .showIncomplete: .shows("FAILED MODULE"),
      .showAuditTrail: .says(" Audit"),
    ].merging(stored) { own, _ in own })

  // MARK: A record and what is opened from it

  static let records = [
    detail, resumeCheck, diff, way, conflict, preview, recordAudit, help, helpWords, picker,
  ]

  static let detail = KeyPlace(
    context: .detail, way: opened, arrived: "Tab pane", isLeftAlways: true,
    sights: [
      .edit: .shows("Enter keep"), .resume: .shows("failed again after"), .nextPane: .moves(),
      .showWay: .shows("map differently"), .showFailedModule: .moves(),
      .showDiff: .shows("Nothing differs"), .editOutside: .shows("UNSAVED"),
      .dryRun: .shows("Will run"),
      .save: .shows(
        "saved; nothing was run", after: "e", .wait("Enter keep"), .type("y"), "Enter",
        .wait("UNSAVED")),
      .turnAutoRetry: .moves(), .closeRecord: .shows("c close with a reason"),
      .showRecordAudit: .shows("Audit of"), .open: .shows("Enter keep"),
      .previousRecord: .hides("5 of "), .nextRecord: .hides("5 of "),
      .nextProblem: .moves(after: "End"), .previousProblem: .moves(after: "Home"),
      .unfold: .shows("urgent", after: "End", "Up"),
      .fold: .hides("urgent", after: "End", "Up", "Right", .wait("urgent")),
      .mark: .shows("1 marked"), .markRange: .says("[ and ] go to the other end"),
      .markAll: .shows("all matching marked"), .clearMarks: .hides("1 marked", after: "Space"),
      .add: .shows("Name of the new field", after: "End"),
      .remove: .shows("UNSAVED", after: "End", "Up"),
      .rename: .shows("New name of", after: "End", "Up"), .shiftUp: .moves(after: "End", "Up"),
      .shiftDown: .moves(after: "End", "Up", "Up"), .pasteJSON: .shows("JSON to put here"),
      .putFile: .shows("File to put at"),
      .substitute: .shows("Ctrl-S keep"), .resumeHere: .says("choose a module in the chain"),
      .reveal: .says("nothing is hidden here"),
      .undo: .hides(
        "UNSAVED", after: "e", .wait("Enter keep"), .type("y"), "Enter", .wait("UNSAVED")),
      .redo: .shows(
        "UNSAVED", after: "e", .wait("Enter keep"), .type("y"), "Enter", .wait("UNSAVED"), "u",
        .wait("undone: ")),
      .revertAll: .says(
        "was at the failure", after: "e", .wait("Enter keep"), .type("y"), "Enter", .wait("UNSAVED")
      ),
      .chainView: .moves(), .followLink: .says("continues no other"),
      .openRun: .shows("History › "), .wrap: .says("wrap"), .zoom: .moves(),
      .back: .shows("FAILED MODULE"), .quit: .shows("FAILED MODULE"),
      .search: .shows("Enter search"), .changeType: .shows("Enter keep"), .groups: .shows("Groups"),
      .resumeMarked: .says("nothing is marked"), .showIncomplete: .shows("FAILED MODULE"),
    ])

  /// The oldest record has more changes than a low screen has lines for.
  private static let manyChanged: [Step] = [
    "End", "Enter", .wait("<< FAILED"), "e", .wait("Enter keep"), .type("x"), "Enter",
    .wait("UNSAVED"),
  ]

  static let resumeCheck = KeyPlace(
    context: .resumeCheck, way: manyChanged + ["r"], arrived: "Enter resume", rows: 10,
    sights: [
      .confirm: .shows("failed again after"), .editMore: .hides("Enter resume"),
      .saveOnly: .shows("saved; nothing was run"), .chooseBlueprint: .says("blueprint"),
      .back: .hides("Enter resume"), .interrupt: .hides("Enter resume"),
      .quitAtOnce: .shows("s save and quit"),
    ])

  static let diff = KeyPlace(
    context: .diff, way: manyChanged + ["D"], arrived: "Esc back", rows: 10,
    sights: [
      .back: .hides("since the failure"), .interrupt: .hides("since the failure"),
      .quitAtOnce: .shows("s save and quit"),
    ])

  static let way = KeyPlace(
    context: .way, way: opened + ["m"], arrived: "map differently",
    sights: [
      .open: .shows("Tab pane"), .edit: .shows("Enter keep"), .mapElsewhere: .shows("mapping"),
      .back: .shows("Tab pane"),
    ])

  static let conflict = KeyPlace(
    context: .conflict, way: changed + [.othersChange("1.body"), "C-s"],
    arrived: "* mine",
    sights: fits("theirs").merging([
      .takeMine: .moves(after: "t"), .takeTheirs: .moves(), .nextChoice: .moves(),
      .confirm: .shows("merged; nothing is written yet"), .back: .says("choose for each field"),
      .interrupt: .says("choose for each field"),
    ]) { $1 })

  static let preview = KeyPlace(
    context: .preview, way: opened + ["P", .type("1"), "C-s"], arrived: "Enter paste",
    sights: fits("Enter paste").merging([
      .confirm: .shows("UNSAVED"), .back: .shows("Tab pane"), .interrupt: .shows("Tab pane"),
    ]) { $1 })

  static let recordAudit = KeyPlace(
    context: .recordAudit, way: ["End", "Enter", .wait("<< FAILED"), "a"],
    arrived: "Audit of", rows: 14,
    sights: [.back: .shows("Tab pane")])

  static let help = KeyPlace(
    context: .help, way: ["?"], arrived: "Keys: ", rows: 12,
    sights: [.back: .shows("FAILED MODULE"), .search: .shows("Enter keep")])

  static let helpWords = KeyPlace(
    context: .helpWords, way: ["?", "/", .type("saved view")], arrived: "Esc all", rows: 12,
    sights: [.keep: .hides("Esc all"), .cancel: .shows("Mark the record")])

  static let picker = KeyPlace(
    context: .picker, way: ["F2"], arrived: "Enter take", rows: 12,
    sights: [
      .open: .hides("Enter take"), .back: .hides("Enter take"), .interrupt: .hides("Enter take"),
    ])

  // MARK: Typing

  static let typing = [line, commandLine, value, mapping, box]

  static let line = KeyPlace(
    context: .line, way: ["/", .type("er")], arrived: " keep",
    sights: [
      .keep: .hides(" keep"), .cancel: .hides(" keep"), .interrupt: .hides(" keep"),
      .complete: .shows("error:"),
    ])

  static let commandLine = KeyPlace(
    context: .commandLine, way: [":", .type("about"), "Enter", ":", .type("show-h")],
    arrived: "complete", isLeftAlways: true,
    sights: [
      .keep: .shows("STANDING", after: "C-u", .type("show-scenarios")),
      .complete: .shows("show-history"),
      .earlier: .shows(":about"),
      .later: .hides(":about", after: "Up", .wait(":about")), .cancel: .hides(" complete"),
      .interrupt: .hides(" complete"),
    ])

  static let value = KeyPlace(
    context: .value, way: editing + [.type("x")], arrived: "Enter keep",
    isLeftAlways: true,
    sights: [
      .keep: .shows("UNSAVED"), .cancel: .hides("Enter keep"), .interrupt: .hides("Enter keep"),
      .changeType: .moves(), .nextChoice: .says("Enter keep"),
      .editOutside: .shows("by the editor"), .stepUp: .says("Enter keep"),
      .stepDown: .says("Enter keep"),
    ])

  static let mapping = KeyPlace(
    context: .mapping, way: opened + ["m", .wait("map differently"), .type("m"), .type("x")],
    arrived: "another place",
    sights: [
      .keep: .shows("o only this record"), .nextChoice: .hides("{{1.body}}x"),
      .cancel: .hides("another place"), .interrupt: .hides("another place"),
      .editOutside: .shows("o only this record"),
    ])

  static let box = KeyPlace(
    context: .box, way: opened + ["P", .type("1"), "Enter", .type("2")], arrived: "Ctrl-S keep",
    sights: [
      .keep: .says("!"), .cancel: .shows("Esc again drops"), .interrupt: .shows("left as it was"),
      .editOutside: .shows("by the editor"), .stepUp: .moves(), .stepDown: .moves(after: "Up"),
    ])

  // MARK: Questions

  static let questions = [
    questionClose, questionYes, questionUnsaved, questionCopy, questionInput, questionScope,
    questionDoubt, questionUndone, questionRunning,
  ]

  static let questionClose = KeyPlace(
    context: .questionClose, way: order + ["x"], arrived: "c close with a reason",
    sights: [
      .answerClose: .shows("because:"), .answerDelete: .shows("y puts it into the bin"),
      .back: .hides("c close with a reason"),
    ])

  static let questionYes = KeyPlace(
    context: .questionYes, way: order + ["x", .wait("d delete"), .type("d")],
    arrived: "y puts it into the bin",
    sights: [.answerYes: .shows("in the bin"), .back: .hides("y puts it into the bin")])

  static let questionUnsaved = KeyPlace(
    context: .questionUnsaved, way: changed + ["Escape"], arrived: "Changes are not saved",
    sights: [
      .answerSave: .shows("FAILED MODULE"), .answerDrop: .shows("FAILED MODULE"),
      .back: .hides("Changes are not saved"),
    ])

  static let questionCopy = KeyPlace(
    context: .questionCopy, way: opened + [.type("y")], arrived: "Copy: v the value",
    sights: [
      .copyValue: .shows("copied "), .copyPath: .shows("copied "), .copyID: .shows("copied "),
      .copyJSON: .shows("copied "), .back: .hides("Copy: v the value"),
    ])

  static let questionInput = KeyPlace(
    context: .questionInput, way: ["Down", "Down", "Enter", .wait("<< FAILED"), "Home", "e"],
    arrived: "is no copy of a field",
    sights: [
      .answerValue: .shows("Enter keep"), .answerMapping: .shows("another place"),
      .back: .hides("is no copy of a field"),
    ])

  static let questionScope = KeyPlace(
    context: .questionScope,
    way: opened
      + ["m", .wait("map differently"), .type("m"), .wait("another place"), .type("x"), "Enter"],
    arrived: "o only this record",
    sights: [
      .answerRecord: .hides("o only this record"),
      .answerScenario: .shows("the scenario gets the mapping too"),
    ])

  static let questionDoubt = KeyPlace(
    context: .questionDoubt,
    way: ["/", .type("error:Interrupted"), "Enter", .wait("1-"), .type("r")],
    arrived: "may have arrived",
    sights: [
      .answerSend: .shows("refuses connections"),
      .answerOutput: .shows("The output of the failed module"),
      .back: .hides("may have arrived:"),
    ])

  static let questionUndone = KeyPlace(
    context: .questionUndone, way: ["Down", "Down", "Down", .type("r")], arrived: "f go on there",
    sights: [
      .answerFirst: .shows("from module 2"), .answerHere: .shows("failed again after"),
      .back: .hides("f go on there"),
    ])

  /// Each time another record is resumed that takes minutes.
  static let questionRunning = KeyPlace(
    context: .questionRunning,
    way: [
      "/", .type("scenario:Slow status:open"), "Enter", .wait("scenario:Slow"), .type("r"),
      .wait("Enter resume"), "Enter", .wait("  RUN  Slow"), "Q",
    ],
    arrived: "s quit when it has ended", isLeftAlways: true,
    sights: [
      .answerStop: .shows("quits when the retry of"), .answerDrop: .leaves(),
      .back: .hides("s quit when it has ended"),
    ])
}
