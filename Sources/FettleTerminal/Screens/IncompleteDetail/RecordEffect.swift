import FettleCore
import FettleEngine

/// What is done with one record, from the list or from the record itself.
enum RecordEffect: Equatable, Sendable {
  case load(RecordID, LoadPurpose)
  /// Looks whether an open record is another one than that version, and reads it only then.
  case refresh(RecordID, version: Int)
  /// Makes ready what is shown beside the list.
  case preview(RecordID, isWhole: Bool)
  /// What is shown beside an opened record and is not in it.
  case companions(IncompleteExecution)
  case check(IncompleteExecution, VisibleBundles, token: Int)
  case amend(RecordChanges, to: RecordID, version: Int)
  case resume(RecordID, version: Int, AttemptTrigger)
  /// Goes on behind the failed module, with an output the operator gives.
  case resumeBehind(RecordID, version: Int, output: Bundle)
  case close(RecordID, version: Int, reason: String)
  case delete(RecordID, version: Int)
  case restore(RecordID, version: Int)
  case setAutoRetry(Bool, RecordID, version: Int)
  case keepDraft(
    [Draft], withheld: Int, of: RecordID, session: String, version: Int, sequence: Int)
  /// Goes on, in a session, with what was left in another.
  case takeDraft(RecordID, from: String, to: String)
  case dropDraft(RecordID, in: String, upTo: Int)
  /// Keeps what is being typed, or forgets it.
  case keepText(TypedText)
  /// Keeps what was written in `$EDITOR` when the program is to end.
  case keepLeft(LeftEdit)
  /// Finds what killed programs left of it for a store, and keeps it.
  case gatherLeft(store: String)
  /// What was being typed about a record, or about several.
  case findTexts(RecordID?)
  case notes(RecordID)
  case revealed(String, in: RecordID)
  /// What one module did in the run that stored the record.
  case operations(ModuleID, execution: String, RecordID)
}

/// What is written of an opened record with one word.
struct RecordChanges: Hashable, Sendable {
  var drafts: [Draft] = []
  /// Whether changes of mappings are made in the scenario of today too.
  var isInScenario = false
  /// Whether the record goes on with the blueprint of today.
  var takesTodaysBlueprint = false
  /// Another place to go on at.
  var restart: ModuleID?

  var isEmpty: Bool { drafts.isEmpty && !takesTodaysBlueprint && restart == nil }
}

/// What came of it.
enum RecordMessage: Equatable, Sendable {
  case loaded(RecordID, LoadPurpose, Message.Answer<OpenedRecord>)
  /// The record is what it was.
  case unchanged(RecordID)
  case previewed(RecordID, Message.Answer<RecordPreview>)
  case companions(RecordID, Message.Answer<Companions>)
  case checked(ResumeCheck, token: Int)
  case saved(RecordID, Message.Answer<Int>)
  case resumed(RecordID, Message.Answer<ResumeReport>)
  case moved(RecordID, RecordAction, Message.Answer<IncompleteExecution>)
  /// A draft was kept or dropped, or could not be.
  case draftKept(RecordID, Message.Answer<Bool>)
  /// A draft is gone on with here; nil when another program was faster.
  case draftTaken(RecordID, Message.Answer<KeptDraft?>)
  case textKept(Message.Answer<Bool>)
  /// What was found of texts in `$EDITOR`.
  case leftKept([RecordID: LeftEdit.Kept])
  case textsFound(RecordID?, Message.Answer<[KeptText]>)
  case notes(RecordID, Message.Answer<[RecordNote]>)
  case operations(ModuleID, RecordID, Message.Answer<[JournalEntry]>)
}

/// Why a record was asked for.
enum LoadPurpose: Hashable, Sendable {
  /// To open it, and then to do something with it.
  case open(ThenDo)
  /// To see what changed in the one that is open.
  case refresh

  enum ThenDo: Hashable, Sendable {
    case nothing, edit, resume
    /// What a key means in the record itself.
    case perform(Command)
  }
}

/// What an operator did to a record as a whole.
enum RecordAction: Hashable, Sendable { case closed, deleted, restored, autoRetryOn, autoRetryOff }

/// A record with what the engine knows about its failed module.
struct OpenedRecord: Hashable, Sendable {
  let record: IncompleteExecution
  /// Nil when Fettle cannot run the module.
  let descriptor: ModuleDescriptor?
  let check: ResumeCheck
  /// The blueprint of today; nil until it was read, or when there is none.
  var today: TodaysBlueprint?
  /// Where it can go on instead; empty until it was asked.
  var restarts: [OperatorDesk.RestartForecast] = []
  /// Where it should go on because what was written to data stores before the failure was undone
  /// since; nil when nothing was.
  var undoneFrom: ModuleID?
  /// What the modules did in the retry that was made last; empty until it was read.
  var retryVisits: [ModuleVisit] = []
}

extension OpenedRecord {
  /// The record as its chain is drawn: with what ran in the retry, where the run had not got to.
  var drawn: IncompleteExecution {
    guard !retryVisits.isEmpty else { return record }
    var drawn = record
    let known = Set(record.visits.map(\.module))
    // The run told how the bundle came to the failed module; from there on the retry tells.
    let path = record.blueprint.path(to: record.summary.failer) ?? []
    let before = Set(path.flatMap { step in step.flow.prefix(step.position).map(\.id) })
    let fresh = retryVisits.filter { visit in
      visit.module != record.summary.failer && !before.contains(visit.module)
    }
    let replaced = Set(fresh.map(\.module)).intersection(known)
    drawn.visits = record.visits.filter { !replaced.contains($0.module) } + fresh
    return drawn
  }
}

/// The blueprint a scenario has today.
struct TodaysBlueprint: Hashable, Sendable {
  let blueprint: Blueprint
  /// Why the record cannot go on with it.
  let obstacles: [String]
}

/// What is shown beside an opened record and is not in it.
struct Companions: Hashable, Sendable {
  /// What this operator changed and did not save, the newest first.
  var drafts: [KeptDraft] = []
  /// The sessions of those whose programs still run.
  var living: Set<String> = []
  var texts: [KeptText] = []
  var today: TodaysBlueprint?
  var restarts: [OperatorDesk.RestartForecast] = []
  var retryVisits: [ModuleVisit] = []
}

extension RecordEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> RecordMessage {
    switch self {
    case .load(let id, let purpose): return .loaded(id, purpose, await Self.load(id, desk))
    case .refresh(let id, let version):
      if case .success(let row) = await answer({ () async throws(StoreError) in
        try await desk.summaries(of: [id]).first
      }), row?.version == version {
        return .unchanged(id)
      }
      return .loaded(id, .refresh, await Self.load(id, desk))
    case .preview(let id, let isWhole):
      return .previewed(
        id, await Self.loadResolved(id, desk).map { RecordPreview($0, isWhole: isWhole) })
    case .companions(let record):
      return .companions(record.id, await Self.companions(of: record, desk))
    case .check(let record, let bundles, let token):
      return .checked(desk.check(record, bundles: bundles), token: token)
    case .amend(let changes, let id, let version):
      return .saved(
        id,
        await answer { () async throws(StoreError) in
          try await changes.carryOut(on: id, version: version, desk)
        })
    case .resume(let id, let version, let trigger):
      return .resumed(
        id,
        await answer { () async throws(StoreError) in
          try await desk.resume(id, version: version, trigger: trigger)
        })
    case .resumeBehind(let id, let version, let output):
      return .resumed(
        id,
        await answer { () async throws(StoreError) in
          try await desk.resume(id, version: version, trigger: .manual, substitute: output)
        })
    case .close(let id, let version, let reason):
      return .moved(
        id, .closed,
        await answer { () async throws(StoreError) in
          try await desk.close(id, version: version, reason: reason)
        })
    case .delete(let id, let version):
      return .moved(
        id, .deleted,
        await answer { () async throws(StoreError) in try await desk.delete(id, version: version) })
    case .restore(let id, let version):
      return .moved(
        id, .restored,
        await answer { () async throws(StoreError) in try await desk.restore(id, version: version) }
      )
    case .setAutoRetry(let isOn, let id, let version):
      return .moved(
        id, isOn ? .autoRetryOn : .autoRetryOff,
        await answer { () async throws(StoreError) in
          try await desk.setAutoRetry(isOn, of: id, version: version)
        })
    case .keepDraft, .takeDraft, .dropDraft, .revealed: return await keep(desk)
    case .keepText(let text):
      return .textKept(
        await answer { () async throws(StoreError) in
          try await desk.keepText(
            text.text, for: text.purpose, at: text.place, of: text.record, session: text.session,
            sequence: text.sequence)
          return true
        })
    case .keepLeft(let edit):
      return .textKept(
        await answer { () async throws(StoreError) in try await edit.keep(desk) != .gone })
    case .gatherLeft(let store):
      let kept = Gathered()
      await EditFolder.gather(store: store) { edit in
        guard
          case .success(let what) = await answer({ () async throws(StoreError) in
            try await edit.keep(desk)
          })
        else { return false }
        await kept.note(what, edit.record)
        return true
      }
      return .leftKept(await kept.all)
    case .findTexts(let id):
      return .textsFound(
        id, await answer { () async throws(StoreError) in try await Self.leftTexts(of: id, desk) })
    case .notes(let id):
      return .notes(
        id, await answer { () async throws(StoreError) in try await desk.notes(of: id) })
    case .operations(let module, let execution, let id):
      return .operations(
        module, id,
        await answer { () async throws(StoreError) in
          try await desk.entries(of: execution).filter { $0.module == module }
        })
    }
  }

  private func keep(_ desk: OperatorDesk) async -> RecordMessage {
    switch self {
    case .keepDraft(let drafts, let withheld, let id, let session, let version, let sequence):
      return .draftKept(
        id,
        await answer { () async throws(StoreError) in
          try await desk.keepDraft(
            drafts, withheld: withheld, of: id, session: session, version: version,
            sequence: sequence)
          return true
        })
    case .takeDraft(let id, let session, let other):
      return .draftTaken(
        id,
        await answer { () async throws(StoreError) in
          try await desk.takeDraft(of: id, from: session, to: other)
        })
    case .dropDraft(let id, let session, let sequence):
      return .draftKept(
        id,
        await answer { () async throws(StoreError) in
          try await desk.dropDraft(of: id, in: session, upTo: sequence)
          return true
        })
    case .revealed(let place, let id):
      return .draftKept(
        id,
        await answer { () async throws(StoreError) in
          try await desk.noteReveal(of: place, in: id)
          return true
        })
    default: return .draftKept(RecordID(""), .success(true))
    }
  }

  private static func load(
    _ id: RecordID, _ desk: OperatorDesk
  ) async -> Message.Answer<OpenedRecord> {
    await answer { () async throws(StoreError) in try await opened(id, desk) }
  }

  /// A record with what the engine knows about its failed module.
  static func opened(
    _ id: RecordID, _ desk: OperatorDesk
  ) async throws(StoreError) -> OpenedRecord {
    let record = try await desk.record(id)
    var opened = OpenedRecord(
      record: record, descriptor: record.failedModule.flatMap(desk.descriptor),
      check: desk.check(record, bundles: record.bundles))
    opened.undoneFrom = try await desk.restartAfterRollback(of: record)
    return opened
  }

  /// The same; of a resolved record with what the retry ran, which nothing else would tell.
  private static func loadResolved(
    _ id: RecordID, _ desk: OperatorDesk
  ) async -> Message.Answer<OpenedRecord> {
    var answer = await load(id, desk)
    if case .success(var opened) = answer, opened.record.summary.state == .resolved {
      opened.retryVisits = await retryVisits(of: opened.record, desk)
      answer = .success(opened)
    }
    return answer
  }

  private static func companions(
    of record: IncompleteExecution, _ desk: OperatorDesk
  ) async -> Message.Answer<Companions> {
    await answer { () async throws(StoreError) in
      let today = try await desk.todaysBlueprint(for: record)
      let drafts = try await desk.drafts(of: record.id)
      return Companions(
        drafts: drafts, living: Set(drafts.map(\.session).filter { Session($0).isAlive }),
        texts: try await leftTexts(of: record.id, desk),
        today: today.map { TodaysBlueprint(blueprint: $0.blueprint, obstacles: $0.obstacles) },
        restarts: desk.restartForecasts(of: record),
        retryVisits: await retryVisits(of: record, desk))
    }
  }
}

extension RecordEffect {
  /// What was being typed in programs that have ended. What is typed in one that runs is its own.
  private static func leftTexts(
    of id: RecordID?, _ desk: OperatorDesk
  ) async throws(StoreError) -> [KeptText] {
    try await desk.keptTexts(of: id).filter { !Session($0.session).isAlive }
  }

  /// What the modules did in the last retry of a record. A journal that was pruned tells nothing.
  static func retryVisits(
    of record: IncompleteExecution, _ desk: OperatorDesk
  ) async -> [ModuleVisit] {
    guard let last = record.attempts.last(where: { !$0.executionID.isEmpty }),
      let row = try? await desk.execution(last.executionID),
      let blueprint = try? await desk.blueprint(ofExecution: last.executionID),
      let entries = try? await desk.entries(of: last.executionID)
    else { return [] }
    return RunState.visits(OpenedRun(row: row, blueprint: blueprint, entries: entries))
  }
}

extension RecordChanges {
  /// Writes the changes, all of them or none.
  /// - Returns: the new version.
  func carryOut(
    on id: RecordID, version: Int, _ desk: OperatorDesk
  ) async throws(StoreError) -> Int {
    try await desk.amend(
      id, version: version, drafts, alsoInScenario: isInScenario,
      takingTodaysBlueprint: takesTodaysBlueprint, restart: restart)
  }
}
