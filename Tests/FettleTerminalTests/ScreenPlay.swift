import FettleCore
import FettleEngine
import Testing

@testable import FettleTerminal

/// The program without a terminal: keys go in, effects are performed at once on a store in memory.
struct ScreenPlay {
  let store: FakeStore
  var state: State
  /// What stands beside every record.
  var today: TodaysBlueprint?
  var restarts: [OperatorDesk.RestartForecast] = []
  var retryVisits: [ModuleVisit] = []
  var undoneFrom: ModuleID?
  /// Other programs that run.
  var living: Set<String> = []
  /// The date what is kept is kept at.
  var keepingDate = Fixtures.now
  var access = StoreAccess.writable
  /// Everything that was asked for, in order.
  private(set) var effects: [Effect] = []
  private(set) var hasQuit = false
  var views: [SavedView] = []
  var scenarios: [ScenariosState.Row] = []
  var runs: [OpenedRun] = []
  var audit: [AuditTrailState.Row] = []
  /// Scenarios that do not store what fails.
  var notStoring: [String] = []
  /// How many records a stretch of a search looks at, at most.
  var searchEffort = Int.max

  static let descriptor = ModuleDescriptor(
    type: "http:MakeRequest", kind: .action, effect: .effect,
    fields: [
      FieldDescriptor("name", "Name", .text, required: true),
      FieldDescriptor("email", "E-mail", .text, required: true),
      FieldDescriptor("token", "Token", .text, secret: true),
    ])

  init(
    _ records: [IncompleteExecution], size: Size = Size(rows: 24, columns: 80),
    surroundings: Surroundings = Surroundings(storeName: "orders.db")
  ) {
    store = FakeStore(records)
    state = State(surroundings: surroundings, size: size, now: Fixtures.now)
    perform(state.begin())
  }

  mutating func press(_ keys: Key...) { for key in keys { send(.key(key)) } }

  mutating func type(_ text: String) { for character in text { press(.character(character)) } }

  mutating func send(_ message: Message) { perform(state.update(message)) }

  /// Forgets which effects there were.
  mutating func forgetEffects() { effects = [] }

  private mutating func perform(_ new: [Effect]) {
    var waiting = new
    var answered = 0
    while !waiting.isEmpty {
      let effect = waiting.removeFirst()
      effects.append(effect)
      if effect == .quit { hasQuit = true }
      guard let message = answer(to: effect) else { continue }
      waiting += state.update(message)
      answered += 1
      if answered > 500 {
        Issue.record("effects that call for each other without end: \(effects.suffix(4))")
        return
      }
    }
  }

  /// What the engine would say of the input; what would run is fixed.
  static func check(_ record: IncompleteExecution, _ bundles: VisibleBundles) -> ResumeCheck {
    var scope = Scope(now: Fixtures.now)
    scope.bundles = bundles
    let mapped = try? record.failedModule?.mapper.evaluate(in: scope).collection
    let input = mapped ?? [:]
    let problems = descriptor.fitted(input).misfits.map {
      ResumeCheck.Problem(field: $0.field.name, message: $0.message)
    }
    return ResumeCheck(
      input: input, problems: problems, willRun: [5, 6], notRepeated: [1, 2, 3, 4, 7])
  }

  private func opened(_ record: IncompleteExecution) -> OpenedRecord {
    OpenedRecord(
      record: record, descriptor: Self.descriptor, check: Self.check(record, record.bundles),
      undoneFrom: undoneFrom)
  }

  private mutating func answer(to effect: Effect) -> Message? {
    switch effect {
    case .list(let effect): .list(answer(to: effect))
    case .record(let effect): .record(answer(to: effect))
    case .bulk(let effect): answer(to: effect).map(Message.bulk)
    case .scenarios(let effect): .scenarios(answer(to: effect))
    case .history(let effect): .history(answer(to: effect))
    case .auditTrail(let effect): .auditTrail(answer(to: effect))
    case .groups(.page(let filter, let ask)):
      .groups(
        .loaded(
          token: ask.token,
          .success(
            Self.stretch(
              store.groupsNow().filter(filter.matches)
                .sorted {
                  filter.order.precedes(GroupPlace($0, filter.order), GroupPlace($1, filter.order))
                },
              ask
            ) { GroupPlace($0, filter.order) })))
    case .groups(.count): .groups(.counted(.success(store.groupsNow().count)))
    case .groupEdit(let effect): .groupEdit(answer(to: effect))
    case .search(.find(let search, let token)):
      .search(.ended(search.run(while: { true }, found: { _ in }), token: token))
    case .search(.stop): nil
    case .copy, .useMouse, .editOutside, .readFile, .suspend, .repaint, .quit, .stopWaiting: nil
    }
  }

  private mutating func answer(to effect: ListEffect) -> ListMessage {
    switch effect {
    case .look: return .looked(.success(store.markNow()))
    case .page(let filter, let request, let limit, let purpose, let token):
      return .pageLoaded(
        purpose, token: token, limit: limit,
        .success(store.pageNow(filter, request, limit: limit)))
    case .search(let filter, let request, let limit, let effort, let token):
      return .searched(
        token: token,
        .success(
          store.searchNow(filter, request, limit: limit, effort: min(effort, searchEffort))))
    case .rows(let ids, let token):
      return .rowsLoaded(token: token, .success(store.summariesNow(ids)))
    case .goneRow(let id): return .goneRowLoaded(.success(store.summariesNow([id])))
    case .counts: return .countsLoaded(.success(store.countsNow()))
    case .lookBack:
      let all = RecordFilter(states: Set(IncompleteState.allCases))
      return .lookedBack(
        .success(
          LookBack(
            last: store.pageNow(all, .first, limit: 1).first, notStoring: notStoring)))
    case .access: return .opened(access)
    case .settle(let pause): return .settled(pause)
    case .settleBlink(let blink): return .blinked(blink)
    case .loadVocabulary: return .vocabularyLoaded(store.vocabularyNow())
    case .loadViews: return .viewsLoaded(.success(views))
    case .saveView(let view):
      views.append(view)
      return .viewSaved(view, .success(views))
    }
  }

  private func answer(to effect: RecordEffect) -> RecordMessage {
    switch effect {
    case .load(let id, let purpose):
      guard let record = store.recordNow(id) else {
        return .loaded(id, purpose, .failure(.notFound("record \(id)")))
      }
      return .loaded(id, purpose, .success(opened(record)))
    case .refresh(let id, let version):
      guard let record = store.recordNow(id) else {
        return .loaded(id, .refresh, .failure(.notFound("record \(id)")))
      }
      return record.summary.version == version
        ? .unchanged(id) : .loaded(id, .refresh, .success(opened(record)))
    case .preview(let id, let isWhole):
      guard let record = store.recordNow(id) else {
        return .previewed(id, .failure(.notFound("record \(id)")))
      }
      return .previewed(id, .success(RecordPreview(opened(record), isWhole: isWhole)))
    case .check(let record, let bundles, let token):
      return .checked(Self.check(record, bundles), token: token)
    case .companions(let record):
      return .companions(
        record.id,
        .success(
          Companions(
            drafts: store.draftsNow(of: record.id), living: living,
            texts: store.keptTextsNow(of: record.id),
            today: today, restarts: restarts, retryVisits: retryVisits)))
    case .amend(let changes, let id, let version):
      guard let record = store.recordNow(id) else {
        return .saved(id, .failure(.notFound("record \(id)")))
      }
      return .saved(id, amend(record, changes, version))
    case .resumeBehind(let id, let version, _): return resume(id, version, .manual)
    case .keepDraft(let drafts, let withheld, let id, let session, let version, let sequence):
      store.keepNow(
        KeptDraft(
          record: id, author: "ada", session: session, version: version, sequence: sequence,
          drafts: drafts, withheld: withheld, date: keepingDate))
      return .draftKept(id, .success(true))
    case .takeDraft(let id, let session, let other):
      return .draftTaken(id, .success(store.takeDraftNow(of: id, from: session, to: other)))
    case .dropDraft(let id, let session, let sequence):
      store.dropDraftNow(of: id, in: session, upTo: sequence)
      return .draftKept(id, .success(true))
    case .keepText(let text):
      store.keepNow(
        KeptText(
          record: text.record, author: "ada", session: text.session, sequence: text.sequence,
          purpose: text.purpose, place: text.place, text: text.text, date: Fixtures.now))
      return .textKept(.success(true))
    case .findTexts(let id): return .textsFound(id, .success(store.keptTextsNow(of: id)))
    case .keepLeft: return .textKept(.success(true))
    case .gatherLeft: return .leftKept([:])
    case .notes(let id): return .notes(id, .success(store.notesNow(of: id)))
    case .revealed(let place, let id):
      store.noteNow(
        RecordNote(RecordNote.revealed, detail: place, author: "ada", date: Fixtures.now), on: id)
      return .draftKept(id, .success(true))
    case .operations(let module, _, let id): return .operations(module, id, .success([]))
    case .resume(let id, let version, let trigger): return resume(id, version, trigger)
    case .close(let id, let version, let reason):
      return .moved(id, .closed, move(id, version, .closed, reason))
    case .delete(let id, let version):
      return .moved(id, .deleted, move(id, version, .deleted, nil))
    case .restore(let id, let version):
      return .moved(id, .restored, move(id, version, .restored, nil))
    case .setAutoRetry(let isOn, let id, let version):
      return .moved(
        id, isOn ? .autoRetryOn : .autoRetryOff,
        move(id, version, isOn ? .autoRetryTurnedOn : .autoRetryTurnedOff, nil))
    }
  }

  private mutating func answer(to effect: ScenariosEffect) -> ScenariosMessage {
    switch effect {
    case .load: return .loaded(.success(scenarios))
    case .activate(let id, let isActive):
      scenarios = scenarios.map { row in
        guard row.scenario.id == id else { return row }
        var state = row.scenario.state
        state.isActive = isActive
        return ScenariosState.Row(
          scenario: ScenarioRow(
            id: id, name: row.scenario.name, state: state, openRecords: row.scenario.openRecords,
            openBytes: row.scenario.openBytes, runsUntil: nil,
            isSequential: row.scenario.isSequential), blocking: row.blocking)
      }
      return .activated(id, isActive, .success(scenarios))
    case .acknowledgeLoss(let id, let count):
      scenarios = scenarios.map { row in
        guard row.scenario.id == id else { return row }
        let known = row.scenario
        return ScenariosState.Row(
          scenario: ScenarioRow(
            id: id, name: known.name, state: known.state, openRecords: known.openRecords,
            openBytes: known.openBytes, runsUntil: nil, isSequential: known.isSequential),
          blocking: row.blocking)
      }
      return .lossAcknowledged(id, count: count, .success(scenarios))
    }
  }

  private func answer(to effect: HistoryEffect) -> HistoryMessage {
    switch effect {
    case .page(let filter, let ask):
      let order = filter.order
      let rows = runs.map(\.row).filter(filter.matches)
        .sorted { order.precedes(ExecutionPlace($0, order), ExecutionPlace($1, order)) }
      return .loaded(
        token: ask.token, .success(Self.stretch(rows, ask) { ExecutionPlace($0, order) }))
    case .rows(let numbers, let token):
      return .rowsLoaded(
        numbers, token: token, .success(runs.map(\.row).filter { numbers.contains($0.number) }))
    case .count(let filter):
      return .counted(
        filter, .success(filter.rules.isEmpty || filter.rules == [.all([])] ? runs.count : nil))
    case .open(let id):
      guard let run = runs.first(where: { $0.row.summary.id == id }) else {
        return .opened(id, .failure(.notFound(id)))
      }
      return .opened(id, .success(run))
    case .follow: return .followed(.success(runs.first))
    case .stop(let id):
      guard let run = runs.first(where: { $0.row.summary.id == id }) else {
        return .stopAsked(id, .failure(.notFound(id)))
      }
      let row = run.row
      return .stopAsked(
        id,
        .success(
          OpenedRun(
            row: ExecutionRow(
              summary: row.summary, scenarioName: row.scenarioName, storedCount: row.storedCount,
              stopAskedBy: "ada"), blueprint: run.blueprint, entries: run.entries)))
    }
  }

  private func answer(to effect: AuditTrailEffect) -> AuditTrailMessage {
    switch effect {
    case .page(let filter, let ask):
      .loaded(
        token: ask.token,
        .success(Self.stretch(auditLines(filter), ask) { $0.place }))
    case .count: .counted(.success(audit.count))
    case .loadAuthors: .authorsLoaded(["ada", "grace"], fields: ["1.email", "1.phone"])
    case .export(let filter, let path):
      .exported(.success(auditLines(filter).count), path: path)
    }
  }

  private func auditLines(_ filter: AuditFilter) -> [AuditTrailState.Row] {
    audit.filter { row in
      filter.matches(
        AuditEntry(
          date: row.date, author: row.author.text, record: row.record, action: row.action.text,
          note: row.note.text))
    }.sorted { filter.order.precedes($0.place, $1.place) }
  }

  /// What a store that has indexes for everything would answer.
  private static func stretch<Row, Place: Comparable>(
    _ rows: [Row], _ ask: ListWindow<Row, Place>.Ask, place: (Row) -> Place
  ) -> ListStretch<Row, Place> {
    let part: ArraySlice<Row>
    var isMore = false
    switch ask.request {
    case .first:
      part = rows.prefix(ask.limit)
      isMore = rows.count > ask.limit
    case .last:
      part = rows.suffix(ask.limit)
      isMore = rows.count > ask.limit
    case .after(let wanted):
      let rest = rows.drop { place($0) != wanted }.dropFirst()
      part = rest.prefix(ask.limit)
      isMore = rest.count > ask.limit
    case .before(let wanted):
      let rest = rows.prefix { place($0) != wanted }
      part = rest.suffix(ask.limit)
      isMore = rest.count > ask.limit
    }
    let edge = ask.request.isForwards ? part.last : part.first
    return ListStretch(
      rows: Array(part), searched: part.count, end: isMore ? edge.map(place) : nil, isLookUp: true)
  }

  private func answer(to effect: BulkEffect) -> BulkMessage? {
    switch effect {
    case .select(let target, let action, let token):
      let records: [IncompleteSummary] =
        switch target {
        case .these(let ids): store.summariesNow(Array(ids))
        case .matching(let filter, let excepted):
          store.pageNow(filter, .first, limit: .max).filter { !excepted.contains($0.id) }
        }
      let sorted = records.sorted { ($0.created, $0.id) > ($1.created, $1.id) }
      return .selected(token: token, .success(BulkSelection(action, of: sorted)))
    case .start(let selection): return .progressed(run(selection))
    case .stop: return nil
    }
  }

  private func run(_ selection: BulkSelection) -> BulkProgress {
    var progress = BulkProgress(
      selection.action, total: selection.items.count, started: Fixtures.now)
    for item in selection.items {
      var isDone = false
      switch selection.action {
      case .resume:
        if case .resumed(_, .success(let report)) = resume(item.id, item.version, .bulk) {
          isDone = report.outcome == .resolved
        }
      case .close(let reason):
        if case .success = move(item.id, item.version, .closed, reason) { isDone = true }
      case .delete:
        if case .success = move(item.id, item.version, .deleted, nil) { isDone = true }
      case .restore:
        if case .success = move(item.id, item.version, .restored, nil) { isDone = true }
      case .reopen:
        if case .success = move(item.id, item.version, .reopened, nil) { isDone = true }
      case .purge: isDone = store.purgeNow(item.id)
      }
      if isDone {
        progress.done += 1
        progress.succeeded.append(item.id)
      } else {
        progress.failed.append(
          BulkProgress.Failure(
            id: item.id, selection.action == .resume ? .sameError : .skipped, reason: "no"))
      }
    }
    progress.isOver = true
    return progress
  }

  private func answer(to effect: GroupEditEffect) -> GroupEditMessage {
    switch effect {
    case .findSample(let group, let filter):
      return .sampleFound(group, .success(store.pageNow(filter, .first, limit: 1)))
    case .preview(let filter, let sample, let changes):
      let members = store.pageNow(filter, .first, limit: .max).filter { $0.id != sample }
        .compactMap { store.recordNow($0.id) }.map { record in
          GroupEditState.Member(
            record, changes, descriptor: Self.descriptor, check: Self.check)
        }
      return .previewed(.success(members))
    case .write(let members):
      var written: [RecordID] = []
      for member in members {
        guard let record = store.recordNow(member.id) else { continue }
        var bundles = record.editable
        let edits = member.drafts.compactMap {
          try? bundles.write($0.value, at: $0.path, author: "ada", date: Fixtures.now)
        }
        if case .success = store.appendNow(edits, to: member.id, version: member.version) {
          written.append(member.id)
        }
      }
      return .written(written, failed: [], reason: nil)
    }
  }

  private func amend(
    _ record: IncompleteExecution, _ changes: RecordChanges, _ version: Int
  ) -> Message.Answer<Int> {
    var bundles = record.editable
    var amendment = Amendment(author: "ada", date: Fixtures.now)
    var blueprint = record.blueprint
    do {
      for draft in changes.drafts {
        switch draft.target {
        case .bundle:
          amendment.edits.append(
            try bundles.write(draft.value, at: draft.path, author: "ada", date: Fixtures.now))
        case .mapping:
          amendment.mappings.append(
            MappingEdit(
              path: draft.path, old: blueprint.mapping(at: draft.path), new: draft.value,
              isInScenario: changes.isInScenario, author: "ada", date: Fixtures.now))
          blueprint = try blueprint.replacingMapping(at: draft.path, with: draft.value)
        }
      }
    } catch { return .failure(.failed("\(error)")) }
    if !amendment.mappings.isEmpty { amendment.blueprint = blueprint }
    if let restart = changes.restart {
      amendment.restart = Amendment.Restart(
        module: restart, continuation: record.continuation(from: restart))
    }
    return store.amendNow(record.id, version: version, amendment)
  }

  private func move(
    _ id: RecordID, _ version: Int, _ event: IncompleteEvent, _ reason: String?
  ) -> Message.Answer<IncompleteExecution> {
    store.moveNow(
      id, version: version,
      RecordChange(
        event,
        nextRetry: event == .autoRetryTurnedOn ? Fixtures.now.advanced(bySeconds: 600) : nil,
        reason: reason, author: "ada", date: Fixtures.now))
  }

  private func resume(
    _ id: RecordID, _ version: Int, _ trigger: AttemptTrigger
  ) -> RecordMessage {
    guard let record = store.recordNow(id) else {
      return .resumed(id, .failure(.notFound("record \(id)")))
    }
    let fits = Self.check(record, record.bundles).problems.isEmpty
    let outcome: Attempt.Outcome = fits ? .resolved : .failed(record.error)
    let claimed = move(id, version, .claimed, nil)
    guard case .success = claimed else {
      return .resumed(id, claimed.map { _ in report(record, outcome) })
    }
    let attempt = Attempt(
      number: 1, trigger: trigger, executionID: "88131000", started: Fixtures.now,
      ended: Fixtures.now.advanced(bySeconds: 1), outcome: outcome)
    let after = store.moveNow(
      id, version: nil,
      RecordChange(
        fits ? .finished : .failedForGood, attempt: attempt, author: "ada", date: Fixtures.now))
    return .resumed(id, after.map { report($0, outcome) })
  }

  /// A program is started again on the same store, in a terminal of the same size.
  mutating func restart(_ surroundings: Surroundings) {
    state = State(surroundings: surroundings, size: state.size, now: Fixtures.now)
    for effect in state.begin() {
      guard case .list(.page(let filter, let request, let limit, let purpose, let token)) = effect
      else { continue }
      send(
        .list(
          .pageLoaded(
            purpose, token: token, limit: limit,
            .success(store.pageNow(filter, request, limit: limit)))))
    }
  }

  private func report(_ record: IncompleteExecution, _ outcome: Attempt.Outcome) -> ResumeReport {
    ResumeReport(
      record: record, outcome: outcome,
      execution: ExecutionSummary(
        id: "88131000", scenario: record.summary.scenarioID, started: Fixtures.now),
      milliseconds: 812)
  }
}
