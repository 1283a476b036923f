import FettleCore
import FettleEngine

/// The terminal as a conversation in lines: nothing is drawn, nothing is painted over, so that a
/// screen reader, a dumb terminal or a script can follow. It can do what the screens can.
struct PlainSession: Sendable {
  let desk: OperatorDesk
  let surroundings: Surroundings
  private var filter = ListFilter.open
  /// The records of the list that were shown, by their numbers from 1.
  private var rows: [IncompleteSummary] = []
  private var marks: Set<RecordID> = []
  /// The groups that were shown, by their numbers from 1.
  private var groups: [ErrorGroupCount] = []
  private var opened: PlainRecord?
  private var wasAskedToQuit = false
  private(set) var hasEnded = false
  /// Whether something that was asked for could not be done; the exit status of a script.
  private(set) var hasFailed = false

  /// Records in one part of the list.
  private static let page = 20

  init(desk: OperatorDesk, surroundings: Surroundings) {
    self.desk = desk
    self.surroundings = surroundings
  }

  /// What to type at.
  var prompt: SafeText {
    guard let opened else { return "fettle> " }
    return "\(opened.record.id.short)" + (opened.isChanged ? " changed" : "") + "> "
  }

  /// Does what a line says.
  /// - Returns: the answer.
  mutating func obey(_ line: String) async -> [SafeText] {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
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
    if command.needsRecord, opened == nil { return refused("open a record first: open NUMBER") }
    if command.changes, surroundings.isReadOnly {
      return refused("started with --read-only: nothing can be changed")
    }
    do throws(StoreError) {
      return try await perform(command, rest)
    } catch {
      return refused("\(error.description)")
    }
  }

  private mutating func refused(_ why: SafeText) -> [SafeText] {
    hasFailed = true
    return ["! " + why]
  }

  private mutating func perform(
    _ command: PlainCommand, _ rest: String
  ) async throws(StoreError) -> [SafeText] {
    switch command {
    case .list:
      do throws(FilterError) { filter = try ListFilter(rest) } catch {
        return refused("the filter: \(error.description)")
          + PlainText.pointing(at: error.range, in: rest, ascii: surroundings.isASCII)
          .map { "  \($0)" }
      }
      rows = []
      return try await more()
    case .back:
      if let opened, opened.isChanged { return refused(Self.unsaved) }
      opened = nil
      rows = []
      return try await more()
    case .more: return try await more()
    case .groups: return try await listGroups()
    case .group:
      guard let number = Int(rest), groups.indices.contains(number - 1) else {
        return refused("name a number of the groups; groups lists them")
      }
      filter = State.filter(of: groups[number - 1])
      rows = []
      return try await more()
    case .executions: return try await executions(of: rest)
    case .open: return try await open(rest)
    case .mark, .unmark: return mark(rest, isOn: command == .mark)
    case .marked:
      return ["\(marks.count) marked"]
        + rows.enumerated().filter { marks.contains($0.element.id) }.map {
          row($0.offset, $0.element)
        }
    case .resumeMarked: return try await resumeMarked()
    case .help: return help(rest)
    case .quit: return quit()
    default: return try await performOnRecord(command, rest)
    }
  }

  private static let unsaved: SafeText = "changes are not saved: save them, or revert"

  // MARK: The list

  private mutating func more() async throws(StoreError) -> [SafeText] {
    let request: PageRequest = rows.last.map { .after(RecordPlace($0)) } ?? .first
    let now = SystemClock().now()
    let records = RecordFilter(
      filter.expression, now: now, utcOffset: surroundings.zone.offset(at: now))
    let found = try await desk.page(records, request, limit: Self.page)
    var lines: [SafeText] = []
    if rows.isEmpty {
      let counts = try await desk.counts()
      lines.append(
        "\(counts[.unresolved]) open, \(counts[.pending]) waiting, \(counts[.inProgress]) running"
          + (counts.lost > 0 ? ", \(counts.lost) lost: fettle scenarios" : "")
          + (filter.text.isEmpty ? "" : ", filter: \(filter.text)"))
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

  private mutating func listGroups() async throws(StoreError) -> [SafeText] {
    let found = try await desk.groups(
      GroupFilter(), .first, limit: Self.page * 5, effort: Self.page * 5)
    groups = found.rows
    guard !groups.isEmpty else { return ["Nothing incomplete."] }
    var more: [SafeText] = []
    if found.end != nil {
      let left = try await desk.groupCount() - groups.count
      more = ["\(Quantity.grouped(left)) more with fewer records"]
    }
    return groups.enumerated().map { index, group in
      "\(index + 1). \(group.records) \(group.records == 1 ? "record" : "records"), newest "
        + surroundings.zone.short(group.newest)
        + ", \(group.errorType.rawValue) at \(group.moduleTitle): \(group.example)"
    } + more + ["group NUMBER lists the records of one"]
  }

  private mutating func executions(of name: String) async throws(StoreError) -> [SafeText] {
    var wanted = ExecutionFilter()
    var isOfScenario = false
    if !name.isEmpty {
      let scenario = try await desk.scenarios().first {
        $0.name == name || $0.id.description == name
      }
      if let scenario {
        wanted = ExecutionFilter(of: scenario.id)
        isOfScenario = true
      } else {
        let now = SystemClock().now()
        do throws(FilterError) {
          wanted = ExecutionFilter(
            try FilterTree(name), now: now, utcOffset: surroundings.zone.offset(at: now))
        } catch {
          return refused("there is no scenario \"\(name)\", and as a filter: \(error.description)")
            + PlainText.pointing(at: error.range, in: name, ascii: surroundings.isASCII)
            .map { "  \($0)" }
        }
      }
    }
    var found: [ExecutionRow] = []
    var request: ListRequest<ExecutionPlace>? = .first
    while let next = request, found.count < Self.page {
      let stretch = try await desk.executions(
        wanted, next, limit: Self.page - found.count, effort: 20_000)
      found += stretch.rows
      request = stretch.end.map { .after($0) }
    }
    guard !found.isEmpty else {
      guard !name.isEmpty, !isOfScenario else { return ["Nothing has run yet."] }
      return refused("there is no scenario \"\(name)\", and as a filter no execution fits it")
    }
    return found.map { row in
      let summary = row.summary
      let error: SafeText =
        summary.error.map { ", \($0.type.rawValue): \($0.message)" } ?? ""
      return "\(String(summary.id.prefix(8))) \(summary.status.rawValue), "
        + surroundings.zone.short(summary.started)
        + ", " + summary.startedBy
        + ", \(summary.operations) \(summary.operations == 1 ? "operation" : "operations"), "
        + "\(row.storedCount) stored, \(row.title)" + error
    }
  }

  private func row(_ index: Int, _ row: IncompleteSummary) -> SafeText {
    let retry =
      row.retry ? ", retried automatically" : row.state == .unresolved ? ", waits for you" : ""
    return "\(index + 1). " + (marks.contains(row.id) ? "marked, " : "")
      + "\(row.id.short) \(row.state.name)\(retry), \(row.errorType.rawValue) at module "
      + "\(row.failer.number) \(row.failerTitle) of \(row.scenarioName), "
      + surroundings.zone.short(row.created) + ": \(row.reason)"
  }

  private mutating func mark(_ rest: String, isOn: Bool) -> [SafeText] {
    let numbers = rest.split(separator: " ").map { Int($0) }
    let chosen: [IncompleteSummary]
    if rest == "all" {
      chosen = rows
    } else if !numbers.isEmpty,
      numbers.allSatisfy({ $0.map { rows.indices.contains($0 - 1) } ?? false })
    {
      chosen = numbers.compactMap { $0 }.map { rows[$0 - 1] }
    } else {
      return refused("name numbers of the list, such as: mark 1 3, or: mark all")
    }
    for row in chosen { if isOn { marks.insert(row.id) } else { marks.remove(row.id) } }
    return ["\(marks.count) marked"]
  }

  private mutating func resumeMarked() async throws(StoreError) -> [SafeText] {
    guard !marks.isEmpty else { return refused("nothing is marked") }
    var lines: [SafeText] = []
    for row in rows where marks.contains(row.id) {
      do throws(StoreError) {
        let report = try await desk.resume(row.id, version: nil, trigger: .bulk)
        let mask = PlainRecord(report.record, desk: desk).mask
        lines.append("\(row.id.short) " + PlainRecord.outcome(report, mask))
        if report.outcome == .resolved { marks.remove(row.id) } else { hasFailed = true }
      } catch {
        hasFailed = true
        lines.append("! \(row.id.short) \(error.description)")
      }
    }
    return lines + [marks.isEmpty ? "all resolved" : "\(marks.count) stay marked"]
  }

  // MARK: One record

  private mutating func open(_ rest: String) async throws(StoreError) -> [SafeText] {
    if let opened, opened.isChanged { return refused(Self.unsaved) }
    let id: RecordID
    if let number = Int(rest), rows.indices.contains(number - 1) {
      id = rows[number - 1].id
    } else if rest.isEmpty {
      return refused("which one? open NUMBER, by the list, or open ID")
    } else {
      id = try await desk.identify(rest)
    }
    let record = PlainRecord(try await desk.record(id), desk: desk)
    opened = record
    return record.head(zone: surroundings.zone)
  }

  private mutating func performOnRecord(
    _ command: PlainCommand, _ rest: String
  ) async throws(StoreError) -> [SafeText] {
    guard var record = opened else { return [] }
    defer { opened = record }
    do throws(PlainRecord.Refusal) {
      switch command {
      case .chain: return record.chain
      case .fields: return try record.fields(below: rest)
      case .input: return record.input(desk)
      case .set, .setJSON:
        let parts = rest.split(separator: " ", maxSplits: 1).map(String.init)
        guard let path = parts.first else { return refused("\(command.rawValue) PATH VALUE") }
        return try record.set(
          path, to: parts.count > 1 ? parts[1] : "", isJSON: command == .setJSON, desk)
      case .remove: return try record.remove(rest, desk)
      case .undo: return try record.undo(desk)
      case .redo: return try record.redo(desk)
      case .revert:
        record.revert()
        return ["the changes are dropped"]
      case .changes: return record.changes
      case .check: return record.check(desk)
      case .history: return record.history(zone: surroundings.zone)
      default: break
      }
    } catch {
      return refused(error.text)
    }
    return try await act(command, rest, on: &record)
  }

  private mutating func act(
    _ command: PlainCommand, _ rest: String, on record: inout PlainRecord
  ) async throws(StoreError) -> [SafeText] {
    let id = record.record.id
    switch command {
    case .save, .resume:
      let saved = try await record.save(desk)
      guard command == .resume else { return [saved ? "saved" : "nothing was changed"] }
      let mask = record.mask
      let report = try await desk.resume(
        id, version: record.record.summary.version, trigger: .manual)
      record = PlainRecord(report.record, desk: desk)
      if report.outcome != .resolved { hasFailed = true }
      return [PlainRecord.outcome(report, mask)]
    case .auto:
      guard ["on", "off"].contains(rest) else { return refused("auto on, or auto off") }
      let after = try await desk.setAutoRetry(
        rest == "on", of: id, version: record.record.summary.version)
      record.take(after)
      return [
        after.summary.nextRetry.map { "next retry " + surroundings.zone.long($0) }
          ?? "no automatic retry"
      ]
    case .close:
      guard !rest.isEmpty else { return refused("say why: close REASON") }
      record.take(
        try await desk.close(id, version: record.record.summary.version, reason: rest))
      return ["closed: \(rest); reopen takes that back"]
    case .reopen:
      record.take(try await desk.reopen(id, version: record.record.summary.version))
      return ["open again"]
    case .delete:
      record.take(try await desk.delete(id, version: record.record.summary.version))
      return ["in the bin; restore takes it out again"]
    case .restore:
      record.take(try await desk.restore(id, version: record.record.summary.version))
      return ["out of the bin"]
    default: return []
    }
  }

  private func help(_ rest: String) -> [SafeText] {
    PlainCommand.allCases.filter { rest.isEmpty || $0.rawValue == rest }.map {
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
