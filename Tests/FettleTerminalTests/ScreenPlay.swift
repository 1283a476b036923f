import FettleCore
import FettleEngine
import Testing

@testable import FettleTerminal

/// The program without a terminal: keys go in, effects are performed at once on a store in memory.
struct ScreenPlay {
  let store: FakeStore
  var state: State
  /// Everything that was asked for, in order.
  private(set) var effects: [Effect] = []
  private(set) var hasQuit = false
  var views: [SavedView] = []
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

  /// Not what the engine would say, but in its form: a mapping of single references.
  static func check(_ record: IncompleteExecution, _ bundles: VisibleBundles) -> ResumeCheck {
    var input: Collection = [:]
    var problems: [ResumeCheck.Problem] = []
    for name in ["name", "email", "token"] {
      let value = bundles.value(at: ValuePath(module: 1, steps: [.field(name)]))
      input[name] = value ?? .null
      if name != "token", value == nil || value == .null || value == "" {
        problems.append(
          ResumeCheck.Problem(field: name, message: "\"\(name)\" is required and is empty"))
      }
    }
    return ResumeCheck(
      input: input, problems: problems, willRun: [5, 6], notRepeated: [1, 2, 3, 4, 7])
  }

  private func opened(_ record: IncompleteExecution) -> OpenedRecord {
    OpenedRecord(
      record: record, descriptor: Self.descriptor, check: Self.check(record, record.bundles))
  }

  private mutating func answer(to effect: Effect) -> Message? {
    switch effect {
    case .list(let effect): .list(answer(to: effect))
    case .record(let effect): .record(answer(to: effect))
    case .copy, .useMouse, .suspend, .repaint, .quit: nil
    }
  }

  private mutating func answer(to effect: ListEffect) -> ListMessage {
    switch effect {
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
    case .counts: return .countsLoaded(.success(store.countsNow()))
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
    case .check(let record, let bundles, let token):
      return .checked(Self.check(record, bundles), token: token)
    case .append(let drafts, let id, let bundles, let version):
      var bundles = bundles
      var edits: [BundleEdit] = []
      do {
        for draft in drafts {
          edits.append(
            try bundles.write(draft.value, at: draft.path, author: "ada", date: Fixtures.now))
        }
      } catch { return .saved(id, .failure(.failed(error.description))) }
      return .saved(id, store.appendNow(edits, to: id, version: version))
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

  private func report(_ record: IncompleteExecution, _ outcome: Attempt.Outcome) -> ResumeReport {
    ResumeReport(
      record: record, outcome: outcome,
      execution: ExecutionSummary(
        id: "88131000", scenario: record.summary.scenarioID, started: Fixtures.now),
      milliseconds: 812)
  }
}
