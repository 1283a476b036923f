import FettleCore
import FettleEngine

/// Everything the program knows. One value: what is on the screen follows from it alone.
struct State: Equatable, Sendable {
  let surroundings: Surroundings
  var size: Size
  var now: Instant
  /// What can be done with the store, and what of it is seen; known once it is open.
  var access = StoreAccess.writable
  /// The screen the keys 1 to 5 choose.
  var screen = Screen.incomplete
  var counts: RecordCounts?
  var list = IncompleteListState()
  var detail: DetailState?
  /// The changes that were dropped last, while they can be made again.
  var dropped: DroppedChanges?
  var resumeCheck: ResumeCheckState?
  var way: WayState?
  var preview: PreviewState?
  var conflict: ConflictState?
  var recordAudit: RecordAudit?
  /// Whether what happened last may have changed the picture. What is read ahead changes nothing on it.
  var needsPaint = true
  /// Keys that wait for what they are meant for.
  var typeAhead = TypeAhead()
  /// A record that was asked for from another one.
  var linked: RecordID?
  var help: HelpState?
  var picker: PickerState?
  var typing: Typing?
  var question: Question?
  /// The last thing worth telling, in one line. It is told where it was said and no longer.
  var notice: SafeText = "" { didSet { isNoticeNew = true } }
  /// Whether what is taken in now said something.
  var isNoticeNew = false
  /// What was being typed when the program ended some other time, as far as it was read.
  var keptTexts: [KeptText] = []
  /// Texts of other sessions that were put where they are gone on with, here.
  var adoptedTexts: [KeptText] = []
  /// Goes up with every text that is kept.
  var textSequence = 0
  /// What is wrong with the store; it stays until the store answers again.
  var trouble: SafeText?
  /// When the store told last what is shown.
  var lastRead: Instant?
  /// For how many seconds the store has been waited for; nil when nobody has to wait.
  var waited: Int?
  /// Whether waiting was given up: nothing is asked by itself until a key is pressed.
  var hasGivenUp = false
  /// Records that are being run on at this moment.
  var running: Set<RecordID> = []
  /// Whether the program ends when nothing runs here any more.
  var quitsWhenIdle = false
  var bulk: BulkState?
  /// The question about many records that is awaited.
  var bulkToken = 0
  var groupsState = GroupsState()
  /// Whether the groups are shown instead of the list.
  var showsGroups = false
  var scenarios = ScenariosState()
  var history = HistoryState()
  /// The execution the live screen follows.
  var live: RunState?
  var auditTrail = AuditTrailState()
  var groupEdit: GroupEditState?
  /// What was done to records as wholes, while it can be taken back; the last one last.
  var actions: [LastAction] = []
  /// The record whose automatic retry is being turned back.
  var takesBackRetry: RecordID?
  /// Whether what was changed or typed could not be kept against a crash when it was tried last.
  var isUnkept = false
  var lastToken = 0
  /// What was typed on the command line, the last one last.
  var commandHistory: [String] = []
  /// Whether the mouse is the program's; otherwise it is left to the terminal.
  var usesMouse = true

  init(surroundings: Surroundings, size: Size, now: Instant) {
    self.surroundings = surroundings
    self.size = size
    self.now = now
  }

  /// A number that the answer to a request will carry; answers to earlier requests are dropped.
  mutating func nextToken() -> Int {
    lastToken += 1
    return lastToken
  }

  /// What is looked at, as far as a notice can be about it. Questions, what is typed and the help lie
  /// over it.
  struct Place: Equatable {
    let context: KeyContext
    let record: RecordID?
    let run: String?
  }

  /// What is looked at.
  var place: Place {
    let context = contextBehind
    if case .some = detail { return Place(context: context, record: detail?.record.id, run: nil) }
    // A run is large: it is looked for only where one can be seen.
    guard context == .run || screenContext == .run else {
      return Place(context: context, record: nil, run: nil)
    }
    return Place(context: context, record: nil, run: shownRun?.opened.row.summary.id)
  }

  /// Where keys go.
  var context: KeyContext {
    // Asked many times for each key. These parts are large, and a comparison with nil copies them
    // first; a pattern does not.
    if case .some = help { return help?.line == nil ? .help : .helpWords }
    if case .some(let question) = question { return question.context }
    if case .some = typing, let context = typing?.context { return context }
    return contextBehind
  }

  /// Where keys go when nothing is typed, asked or explained.
  var contextBehind: KeyContext {
    if case .some = picker { return .picker }
    if case .some = bulk, bulk?.isHidden == false { return .bulk }
    if case .some = groupEdit, groupEdit?.stage != .mending { return .groupEdit }
    if case .some = conflict { return .conflict }
    if case .some = preview { return .preview }
    if case .some = recordAudit { return .recordAudit }
    if case .some = way { return .way }
    if case .some = resumeCheck {
      return resumeCheck?.isForResuming == true ? .resumeCheck : .diff
    }
    if case .some = detail { return .detail }
    return screenContext
  }
}

/// What does not change while the program runs.
struct Surroundings: Equatable, Sendable {
  var storeName = ""
  /// What is typed in this program is kept under it.
  var session = Session("")
  var isReadOnly = false
  var isASCII = false
  /// The version of the program.
  var version = ""
  /// What it is drawn on: its name and what it can do.
  var terminal: SafeText = ""
  /// The operator's own keys.
  var keys = KeyRemapping()
  var zone: DisplayZone = .utc
  /// How much of a scenario may wait to be mended, in bytes.
  var scenarioLimit = StoreLimits().scenarioBytes
}

/// Changes of a record that were left without being saved.
struct DroppedChanges: Equatable, Sendable {
  let record: RecordID
  /// Each with all that is written for it.
  let changes: [[Draft]]
}

/// A question that has to be answered before anything else.
enum Question: Hashable, Sendable {
  case closeOrDelete(RecordID)
  case delete(RecordID)
  case quit
  case quitUnsaved
  case leaveUnsaved
  case copy
  case bulk(BulkSelection)
  case closeOrDeleteMany(BulkTarget)
  case quitRunning
  /// - Parameter count: how many others there are.
  case applyToGroup(_ count: Int)
  /// A field of the input is not a copy of a place: its value for this record, or its mapping?
  case input([ValuePath.Step])
  /// Are changes of mappings for this record, or for the scenario too?
  case mappingScope
  /// What the module sent may have arrived.
  case inDoubt(RecordID)
  /// What was written to data stores before the failure was undone since; the module that wrote it
  /// first.
  case undone(RecordID, ModuleID)

  var context: KeyContext {
    switch self {
    case .closeOrDelete, .closeOrDeleteMany: .questionClose
    case .delete, .bulk, .quit, .applyToGroup: .questionYes
    case .quitRunning: .questionRunning
    case .quitUnsaved, .leaveUnsaved: .questionUnsaved
    case .copy: .questionCopy
    case .input: .questionInput
    case .mappingScope: .questionScope
    case .inDoubt: .questionDoubt
    case .undone: .questionUndone
    }
  }
}

/// A line that is being typed, and what for.
struct Typing: Hashable, Sendable {
  var line: LineEditor
  var purpose: Purpose
  /// Why it cannot be kept as it is.
  var problem: SafeText?
  /// That it cannot be kept against a crash, and why; nil when it is.
  var keeping: SafeText?
  /// Which of its characters that is about; nil is all of them.
  var problemRange: Range<Int>?
  /// What could stand at the cursor, as it was asked for last.
  var candidates: Candidates?
  /// Whether it became another one since it was last kept against a crash.
  var isToBeKept = false
  /// Whether it was asked if what is typed shall go; the next Esc is the answer.
  var isAskedAbout = false
  /// Whether it is what was typed before a crash, and nothing was done to it yet.
  var isOffered = false

  enum Purpose: Hashable, Sendable {
    case filter(FilteredList, before: String)
    case closingReason(RecordID)
    case closingReasonOfMany(BulkTarget)
    /// The number of records, before something is done with all of them.
    case confirmation(BulkSelection)
    case fieldName(parent: ValuePath)
    case value(ValueEditor)
    /// The words the lines of a table must have.
    case words(before: String)
    /// What to look for in the data of a record.
    case search
    case exportPath
    /// The mapping of a field of the failed module.
    case mapping(MappingEditor)
    /// The id of an execution, before it is stopped.
    case stopping(String)
    /// Another name for a field.
    case rename(ValuePath)
    /// JSON for a place, typed or pasted.
    case json(TreePlace)
    /// The path of a file whose content is to stand at a place.
    case file(ValuePath)
    /// The output of the failed module, given instead of running it.
    case substitute
    /// A command.
    /// - Parameter age: how many commands back in the history the line was taken from.
    case command(age: Int)
  }

  var context: KeyContext {
    switch purpose {
    case .value(let editor): editor.isBox ? .box : .value
    case .mapping: .mapping
    case .json, .substitute: .box
    case .command: .commandLine
    case .filter, .words, .search, .exportPath, .closingReason, .closingReasonOfMany,
      .confirmation, .stopping, .fieldName, .rename, .file:
      .line
    }
  }

  /// Shows what could stand at the cursor; asked again without anything new, those behind.
  mutating func show(_ found: Candidates, isAsBefore: Bool) {
    if isAsBefore, candidates?.isOf(found) == true {
      candidates?.turnOn()
    } else {
      candidates = found
    }
  }

  var isValue: Bool {
    if case .value = purpose { return true }
    return false
  }

  /// The field whose value is being typed.
  var editor: ValueEditor? {
    get {
      if case .value(let editor) = purpose { return editor }
      return nil
    }
    set { if let newValue { purpose = .value(newValue) } }
  }
}
