import FettleCore
import FettleEngine

/// The other lists of the line mode: causes, executions, scenarios, the audit, saved views.
extension PlainSession {
  // MARK: Groups

  mutating func moreGroups(_ request: ListRequest<GroupPlace>) async throws(StoreError)
    -> [SafeText]
  {
    let found = try await desk.groups(
      GroupFilter(), request, limit: Self.page * 5, effort: Self.page * 5)
    let first = groups.count
    groups += found.rows
    listed = .groups(found.end.map { .after($0) })
    guard !groups.isEmpty else { return ["Nothing incomplete."] }
    var more: [SafeText] = []
    if found.end != nil {
      let left = try await desk.groupCount() - groups.count
      more = ["\(Quantity.grouped(left)) more with fewer records; more shows the next"]
    }
    return found.rows.enumerated().map { index, group in
      "\(first + index + 1). \(group.records) \(group.records == 1 ? "record" : "records"), newest "
        + surroundings.zone.short(group.newest)
        + ", \(group.errorType.rawValue) at \(group.moduleTitle): \(group.example)"
    } + more + ["group NUMBER lists the records of one"]
  }

  // MARK: Executions

  mutating func executions(of name: String) async throws(StoreError) -> [SafeText] {
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
          return refused(
            error, "there is no scenario \"\(name)\", and as a filter: ", in: name)
        }
      }
    }
    runs = []
    let lines = try await moreExecutions(wanted, .first)
    guard runs.isEmpty, !name.isEmpty, !isOfScenario else { return lines }
    return refused("there is no scenario \"\(name)\", and as a filter no execution fits it")
  }

  mutating func moreExecutions(
    _ wanted: ExecutionFilter, _ request: ListRequest<ExecutionPlace>
  ) async throws(StoreError) -> [SafeText] {
    var found: [ExecutionRow] = []
    var request: ListRequest<ExecutionPlace>? = request
    while let next = request, found.count < Self.page, !isStopped() {
      let stretch = try await desk.executions(
        wanted, next, limit: Self.page - found.count, effort: 20_000)
      found += stretch.rows
      request = stretch.end.map { .after($0) }
    }
    let first = runs.count
    runs += found
    listed = .executions(wanted, request)
    guard !runs.isEmpty else { return ["Nothing has run yet."] }
    return found.enumerated().map { "\(first + $0.offset + 1). " + line(of: $0.element) }
      + (request == nil ? [] : ["more shows the next"])
  }

  private func line(of row: ExecutionRow) -> SafeText {
    let summary = row.summary
    let error: SafeText = summary.error.map { ", \($0.type.rawValue): \($0.message)" } ?? ""
    return "\(String(summary.id.prefix(8))) \(summary.status.rawValue), "
      + surroundings.zone.short(summary.started)
      + ", " + summary.startedBy + ", \(summary.operations) "
      + "\(summary.operations == 1 ? "operation" : "operations"), "
      + "\(row.storedCount) stored, \(row.title)" + error
  }

  mutating func execution(_ rest: String) async throws(StoreError) -> [SafeText] {
    let words = rest.split(separator: " ").map(String.init)
    guard let name = words.first, words.count <= 2 else {
      return refused("execution NUMBER|ID [MODULE]; executions lists them")
    }
    let row: ExecutionRow
    if let number = Int(name), runs.indices.contains(number - 1) {
      row = try await desk.execution(runs[number - 1].summary.id)
    } else {
      row = try await desk.execution(name)
    }
    var run = RunState(try await HistoryEffect.open(row, desk))
    guard words.count == 2 else {
      var lines = [line(of: row)] + run.lines.map(PlainRecord.text)
      if row.storedCount > 0 {
        lines.append("list status:all run:\(String(row.summary.id.prefix(8))) shows what it stored")
      }
      if let retried = row.summary.retryOf { lines.append("it retried \(retried.short)") }
      return lines + ["execution \(name) MODULE shows all that one was given and gave"]
    }
    guard let module = Int(words[1]).map({ ModuleID($0) }), run.modules.contains(module) else {
      let known = run.modules.map { "\($0.number)" }.joined(separator: " ")
      return refused("there is no module \"\(words[1])\" in it; there are \(known)")
    }
    run.cursor = module
    let work = run.work(zone: surroundings.zone).map(\.text)
    return work.isEmpty ? ["the journal holds nothing of module \(module.number)"] : work
  }

  mutating func stopExecution(_ id: String) async throws(StoreError) -> [SafeText] {
    // There is no way back: a number that is slipped in must not stop another one.
    guard id.count >= 8 else {
      return refused("type the first 8 characters of its id; executions status:running lists them")
    }
    let row = try await desk.execution(id)
    try await desk.stop(execution: row.summary.id)
    return ["it stops after the operation that runs; what it had not got to is kept"]
  }

  // MARK: Scenarios

  mutating func listScenarios() async throws(StoreError) -> [SafeText] {
    scenarios = try unwrapped(await ScenariosEffect.load(desk))
    guard !scenarios.isEmpty else {
      return ["No scenario is known yet; fettle run makes one known."]
    }
    return scenarios.enumerated().map { "\($0.offset + 1). " + line(of: $0.element) }
  }

  private func unwrapped<Found>(_ answer: Message.Answer<Found>) throws(StoreError) -> Found {
    try answer.get()
  }

  private func line(of row: ScenariosState.Row) -> SafeText {
    let (scenario, state) = (row.scenario, row.scenario.state)
    var parts: [SafeText] = ["\(scenario.name): " + (state.isActive ? "on" : "off")]
    if let why = state.whySwitchedOff { parts.append(SafeText(why)) }
    if scenario.runsUntil.map({ $0 > SystemClock().now() }) == true { parts.append("running") }
    if let lost = scenario.lost {
      parts.append("\(lost.count) lost for want of room: acknowledge says that you have seen it")
    }
    if let blocking = row.blocking { parts.append("waits for record \(blocking.short)") }
    if state.consecutiveErrors > 0 { parts.append("\(state.consecutiveErrors) errors in a row") }
    parts.append("\(scenario.openRecords) open")
    let share = scenario.openBytes * 100 / max(1, surroundings.scenarioLimit)
    if scenario.openBytes > 0 {
      parts.append(share == 0 ? "under 1% of its limit" : "\(share)% of its limit")
    }
    if let next = state.nextRun { parts.append("starts " + surroundings.zone.long(next)) }
    if let last = state.lastRun { parts.append("started last " + surroundings.zone.long(last)) }
    return parts.joined(separator: ", ")
  }

  mutating func act(
    _ command: PlainCommand, onScenario name: String
  ) async throws(StoreError) -> [SafeText] {
    guard !name.isEmpty else {
      return refused("\(command.rawValue) NUMBER|NAME; scenarios lists them")
    }
    let fresh = try unwrapped(await ScenariosEffect.load(desk))
    // By its number it is the one that was listed under it, whatever came in between.
    let wanted = Int(name).flatMap { number in
      scenarios.indices.contains(number - 1) ? scenarios[number - 1].scenario.id : nil
    }
    let found = fresh.first { row in
      wanted == nil ? row.scenario.name == name : row.scenario.id == wanted
    }
    guard let row = found else {
      return refused("there is no scenario \"\(name)\"; scenarios lists them")
    }
    switch command {
    case .acknowledge:
      let listed = scenarios.first { $0.scenario.id == row.scenario.id }?.scenario.lost
      guard let lost = listed ?? row.scenario.lost else {
        return refused("it lost nothing that is not acknowledged")
      }
      let count = try await desk.acknowledgeLoss(of: row.scenario.id, count: lost.count)
      return ["\(row.scenario.name): \(count) lost acknowledged; the audit keeps it"]
    default:
      try await desk.activate(command == .startScenario, row.scenario.id)
      return [
        command == .startScenario
          ? "\(row.scenario.name) starts by itself now"
          : "\(row.scenario.name) no longer starts by itself"
      ]
    }
  }

  // MARK: Audit

  mutating func listAudit(_ text: String) async throws(StoreError) -> [SafeText] {
    let now = SystemClock().now()
    do throws(FilterError) {
      auditFilter = AuditFilter(
        try FilterTree(text), now: now, utcOffset: surroundings.zone.offset(at: now))
    } catch {
      return refused(error, "the filter: ", in: text)
    }
    let lines = try await moreAudit(.first)
    return lines.isEmpty
      ? [text.isEmpty ? "Nobody has changed anything yet." : "nothing fits the filter"] : lines
  }

  mutating func moreAudit(_ request: ListRequest<AuditPlace>) async throws(StoreError) -> [SafeText]
  {
    var found: [AuditTrailState.Row] = []
    var request: ListRequest<AuditPlace>? = request
    while let next = request, found.count < Self.page, !isStopped() {
      let stretch = try await AuditTrailEffect.load(
        auditFilter, next, limit: Self.page - found.count, effort: 20_000, desk)
      found += stretch.rows
      request = stretch.end.map { .after($0) }
    }
    listed = .audit(request)
    return found.map { row in
      surroundings.zone.long(row.date) + ", " + row.author
        + (row.record.text.isEmpty ? "" : ", record \(row.record.short)") + ": " + row.action
        + (row.field.isEmpty ? "" : " " + row.field + ": " + row.old + " -> " + row.new)
        + (row.note.isEmpty ? "" : ", " + row.note)
    } + (request == nil ? [] : ["more shows the next"])
  }

  mutating func export(to path: String) async -> [SafeText] {
    guard !path.isEmpty else { return refused("export FILE: a file needs a path") }
    switch await AuditTrailEffect.export(auditFilter, to: path, desk) {
    case .success(let count): return ["\(count) lines written to \(path)"]
    case .failure(let error): return refused("\(error.description)")
    }
  }

  // MARK: Saved views

  mutating func listViews() -> [SafeText] {
    switch SavedViews.file.read() {
    case .failure(let error): return refused("\(error.description)")
    case .success(let views):
      guard !views.isEmpty else { return ["no view is saved yet: save-view NAME keeps one"] }
      return views.map { view in
        "\(view.name): " + (view.filter.isEmpty ? "everything" : "\(view.filter)")
          + (view.sort.isEmpty ? "" : ", sort \(view.sort)")
          + (view.list == .incomplete ? "" : ", in \(view.list.rawValue)")
      }
    }
  }

  mutating func show(viewNamed name: String) async throws(StoreError) -> [SafeText] {
    let views: [SavedView]
    switch SavedViews.file.read() {
    case .failure(let error): return refused("\(error.description)")
    case .success(let found): views = found
    }
    guard let view = views.first(where: { $0.name == name }) else {
      return refused("there is no view \"\(name)\"; views lists them")
    }
    switch view.list {
    case .history: return try await executions(of: view.filter)
    case .audit: return try await listAudit(view.filter)
    case .groups: return refused("a view of the groups is shown in the full terminal only")
    case .incomplete: break
    }
    do throws(FilterError) { filter = try ListFilter(view.filter) } catch {
      return refused(error, "the view \"\(name)\": ", in: view.filter)
    }
    order = view.sort.isEmpty ? .newest : RecordOrder(words: view.sort) ?? .newest
    return try await listRecords()
  }

  mutating func saveView(named name: String) -> [SafeText] {
    guard !name.isEmpty, !name.contains("="), !name.hasPrefix("#") else {
      return refused("save-view NAME: a name without = that does not begin with #")
    }
    let sort =
      order == .newest ? "" : (order.isDescending ? "-" : "") + order.column.title
    switch SavedViews.file.save(SavedView(name: name, filter: filter.text, sort: sort)) {
    case .failure(let error): return refused("\(error.description)")
    case .success:
      return ["saved as \(name): " + (filter.text.isEmpty ? "everything" : "\(filter.text)")]
    }
  }
}
