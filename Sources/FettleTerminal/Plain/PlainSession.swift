import FettleCore
import FettleEngine

/// The terminal as a conversation in lines: nothing is drawn, nothing is painted over, so that a
/// screen reader, a dumb terminal or a script can follow. It can do what the screens can.
struct PlainSession: Sendable {
  let desk: OperatorDesk
  let surroundings: Surroundings
  /// Whether it was asked that what is being done with many records ends.
  let isStopped: @Sendable () -> Bool
  var filter = ListFilter.open
  var order = RecordOrder.newest
  /// The records of the list that were shown, by their numbers from 1.
  var rows: [IncompleteSummary] = []
  /// The marked records as they were when they were marked: what was changed since is left alone.
  var marks: [RecordID: IncompleteSummary] = [:]
  /// What the changes of the open record would be in the marked ones, as it was shown.
  var planned: (changes: [GroupChange], members: [GroupEditState.Member])?
  /// The groups that were shown, by their numbers from 1.
  var groups: [ErrorGroupCount] = []
  /// The executions that were shown, by their numbers from 1.
  var runs: [ExecutionRow] = []
  /// The scenarios that were shown, by their numbers from 1.
  var scenarios: [ScenariosState.Row] = []
  var auditFilter = AuditFilter()
  /// What `more` goes on with.
  var listed = Listed.records
  var opened: PlainRecord?
  private var wasAskedToQuit = false
  private(set) var hasEnded = false
  /// Whether something that was asked for could not be done; the exit status of a script.
  var hasFailed = false

  /// A list that was shown, and where it goes on.
  enum Listed: Sendable {
    case records
    case groups(ListRequest<GroupPlace>?)
    case executions(ExecutionFilter, ListRequest<ExecutionPlace>?)
    case audit(ListRequest<AuditPlace>?)
  }

  /// Rows in one part of a list.
  static let page = 20

  init(
    desk: OperatorDesk, surroundings: Surroundings,
    isStopped: @escaping @Sendable () -> Bool = { false }
  ) {
    self.desk = desk
    self.surroundings = surroundings
    self.isStopped = isStopped
  }

  /// What to type at.
  var prompt: SafeText {
    guard let opened else { return "fettle> " }
    return "\(opened.record.id.short)" + (opened.isChanged ? " changed" : "") + "> "
  }

  /// Does what a line says.
  /// - Returns: the answer.
  mutating func obey(_ line: String) async -> [SafeText] {
    let words = line.trimmed.split(separator: " ", maxSplits: 1).map(String.init)
    guard let word = words.first?.lowercased() else { return [] }
    let rest = words.count > 1 ? words[1].trimmed : ""
    let candidates = PlainCommand.allCases.filter { $0.rawValue.hasPrefix(word) }
    guard
      let command = PlainCommand(rawValue: word) ?? (candidates.count == 1 ? candidates[0] : nil)
    else {
      return refused(
        candidates.isEmpty
          ? "there is no command \"\(word)\"; help lists them"
          : "\"\(word)\" could be \(candidates.map(\.rawValue).joined(separator: " or "))")
    }
    if command != .quit { wasAskedToQuit = false }
    guard rest.isEmpty || command.takesArguments else {
      return refused("nothing stands behind \(command.rawValue); help lists what can be said")
    }
    if command.needsRecord, opened == nil { return refused("open a record first: open NUMBER") }
    if command.changes, surroundings.isReadOnly {
      return refused("started with --read-only: nothing can be changed")
    }
    do throws(StoreError) {
      let answer = try await perform(command, rest)
      // What this operator sees of a marked record, or does to it, is no change behind the marks.
      if let summary = opened?.record.summary, marks[summary.id] != nil {
        marks[summary.id] = summary
      }
      return answer
    } catch {
      return refused("\(error.description)")
    }
  }

  /// Nothing more will be said. Changes that are not saved are kept and offered again.
  mutating func end() async -> [SafeText] {
    guard !hasEnded, let opened, opened.isChanged else { return [] }
    hasFailed = true
    let kept = opened.unsaved.filter { !opened.mapped.isSecret($0) }
    do throws(StoreError) {
      try await desk.keepDraft(
        kept, withheld: opened.unsaved.count - kept.count, of: opened.record.id,
        session: Session.new(in: Session.terminal).name,
        version: opened.record.summary.version, sequence: 1)
    } catch {
      return ["! changes were not saved and are lost: \(error.description)"]
    }
    return [
      "! changes of \(opened.record.id.short) were not saved; they are kept and offered when it is "
        + "opened again"
    ]
  }

  mutating func refused(_ why: SafeText) -> [SafeText] {
    hasFailed = true
    return ["! " + why]
  }

  /// Why a filter cannot be read, and where.
  mutating func refused(_ error: FilterError, _ lead: SafeText, in text: String) -> [SafeText] {
    refused(lead + "\(error.description)")
      + PlainText.pointing(at: error.range, in: text, ascii: surroundings.isASCII).map {
        "  \($0)"
      }
  }

  private mutating func perform(
    _ command: PlainCommand, _ rest: String
  ) async throws(StoreError) -> [SafeText] {
    switch command {
    case .list:
      do throws(FilterError) { filter = try ListFilter(rest) } catch {
        return refused(error, "the filter: ", in: rest)
      }
      return try await listRecords()
    case .sort:
      guard let wanted = RecordOrder(words: rest), !rest.isEmpty else {
        return refused("sort COLUMN; there are \(RecordColumn.names), each with - before")
      }
      order = wanted
      return try await listRecords()
    case .back:
      if let opened, opened.isChanged { return refused(Self.unsaved) }
      opened = nil
      return try await listRecords()
    case .more: return try await more()
    case .groups:
      groups = []
      return try await moreGroups(.first)
    case .group:
      guard let number = Int(rest), groups.indices.contains(number - 1) else {
        return refused("name a number of the groups; groups lists them")
      }
      filter = State.filter(of: groups[number - 1])
      return try await listRecords()
    case .views: return listViews()
    case .view: return try await show(viewNamed: rest)
    case .saveView: return saveView(named: rest)
    case .executions: return try await executions(of: rest)
    case .execution: return try await execution(rest)
    case .stopExecution: return try await stopExecution(rest)
    case .scenarios: return try await listScenarios()
    case .startScenario, .stopScenario, .acknowledge:
      return try await act(command, onScenario: rest)
    case .audit: return try await listAudit(rest)
    case .export: return await export(to: rest)
    case .open: return try await open(rest)
    case .mark, .unmark: return try await mark(rest, isOn: command == .mark)
    case .marked: return listMarked()
    case .resumeMarked, .closeMarked, .deleteMarked, .restoreMarked, .reopenMarked, .purgeMarked:
      return try await actOnMarked(command, rest)
    case .about:
      return [
        "\(surroundings.storeName)" + (surroundings.isReadOnly ? ", read-only" : ""),
        desk.access.remark.map { "\($0)" } ?? "what other programs write is seen",
      ]
    case .help: return help(rest)
    case .quit: return quit()
    default: return try await performOnRecord(command, rest)
    }
  }

  static let unsaved: SafeText = "changes are not saved: save them, or revert"

  // MARK: The records

  mutating func listRecords() async throws(StoreError) -> [SafeText] {
    rows = []
    return try await moreRecords()
  }

  private mutating func more() async throws(StoreError) -> [SafeText] {
    switch listed {
    case .records: return try await moreRecords()
    case .groups(let next):
      guard let next else { return ["no more"] }
      return try await moreGroups(next)
    case .executions(let filter, let next):
      guard let next else { return ["no more"] }
      return try await moreExecutions(filter, next)
    case .audit(let next):
      guard let next else { return ["no more"] }
      return try await moreAudit(next)
    }
  }

  /// What the filter of the list means now.
  var records: RecordFilter {
    let now = SystemClock().now()
    return RecordFilter(
      filter.expression, now: now, utcOffset: surroundings.zone.offset(at: now), order: order)
  }

  private mutating func moreRecords() async throws(StoreError) -> [SafeText] {
    listed = .records
    let request: PageRequest = rows.last.map { .after(RecordPlace($0, order)) } ?? .first
    let found = try await desk.page(records, request, limit: Self.page)
    var lines: [SafeText] = []
    if rows.isEmpty {
      let counts = try await desk.counts()
      lines.append(
        "\(counts[.unresolved]) open, \(counts[.pending]) waiting, \(counts[.inProgress]) running"
          + (counts.lost > 0 ? ", \(counts.lost) lost: scenarios tells where" : "")
          + (filter.text.isEmpty ? "" : ", filter: \(filter.text)")
          + (order == .newest ? "" : ", sort: " + order.words))
    }
    let first = rows.count
    rows += found
    lines += found.enumerated().map { row(first + $0.offset, $0.element) }
    if found.isEmpty {
      lines.append(
        first > 0
          ? "no more"
          : filter.text.isEmpty ? "Nothing incomplete." : "nothing fits the filter; list shows all")
    }
    if found.count == Self.page { lines.append("more shows the next") }
    return lines
  }

  func row(_ index: Int?, _ row: IncompleteSummary) -> SafeText {
    let retry =
      row.retry ? ", retried automatically" : row.state == .unresolved ? ", waits for you" : ""
    return (index.map { "\($0 + 1). " } ?? "") + (marks[row.id] == nil ? "" : "marked, ")
      + "\(row.id.short) \(row.state.name)\(retry), \(row.errorType.rawValue) at module "
      + "\(row.failer.number) \(row.failerTitle) of \(row.scenarioName), "
      + surroundings.zone.short(row.created) + ": \(row.reason)"
  }

  private func help(_ rest: String) -> [SafeText] {
    let found = PlainCommand.allCases.filter { rest.isEmpty || $0.rawValue == rest.lowercased() }
    guard !found.isEmpty else { return ["there is no command \"\(rest)\"; help lists them"] }
    return found.map {
      "\($0.rawValue)" + ($0.arguments.isEmpty ? "" : " \($0.arguments)") + ": \($0.help)"
    }
  }

  private mutating func quit() -> [SafeText] {
    if let opened, opened.isChanged, !wasAskedToQuit {
      wasAskedToQuit = true
      return refused("changes are not saved: save, or quit once more to drop them")
    }
    hasEnded = true
    return []
  }
}
