import FettleCore
import FettleEngine

/// What the list of incomplete executions asks for.
enum ListEffect: Hashable, Sendable {
  /// Asks whether anything changed.
  case look
  case page(RecordFilter, PageRequest, limit: Int, PagePurpose, token: Int)
  /// One stretch of a search through the data.
  case search(RecordFilter, PageRequest, limit: Int, effort: Int, token: Int)
  /// The rows of a search again, to see what changed.
  case rows([RecordID], token: Int)
  /// A row that left the list and is still shown.
  case goneRow(RecordID)
  case counts
  /// What there is to tell where nothing is incomplete.
  case lookBack
  /// Asks what can be done with the store.
  case access
  /// Waits until typing has paused.
  case settle(Int)
  /// Waits until a change was seen.
  case settleBlink(Int)
  case loadVocabulary
  case loadViews
  case saveView(SavedView)
}

/// What came of it.
enum ListMessage: Equatable, Sendable {
  case looked(Message.Answer<StoreMark>)
  case pageLoaded(PagePurpose, token: Int, limit: Int, Message.Answer<[IncompleteSummary]>)
  case searched(token: Int, Message.Answer<SearchStretch>)
  case rowsLoaded(token: Int, Message.Answer<[IncompleteSummary]>)
  case goneRowLoaded(Message.Answer<[IncompleteSummary]>)
  case countsLoaded(Message.Answer<RecordCounts>)
  case lookedBack(Message.Answer<LookBack>)
  case opened(StoreAccess)
  case settled(Int)
  case blinked(Int)
  case vocabularyLoaded(IncompleteListState.Vocabulary)
  case viewsLoaded(Message.Answer<[SavedView]>)
  case viewSaved(SavedView, Message.Answer<[SavedView]>)
}

/// Why a part of the list was asked for.
enum PagePurpose: Hashable, Sendable {
  /// The list begins anew, at its beginning or its end.
  case start, end
  /// The window grows at one end.
  case behind, ahead
  /// The same window again, to see what changed.
  case refresh
}

extension ListEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> ListMessage {
    switch self {
    case .look: .looked(await answer { () async throws(StoreError) in try await desk.look() })
    case .page(let filter, let request, let limit, let purpose, let token):
      .pageLoaded(
        purpose, token: token, limit: limit,
        await answer { () async throws(StoreError) in
          try await desk.page(filter, request, limit: limit)
        })
    case .search(let filter, let request, let limit, let effort, let token):
      .searched(
        token: token,
        await answer { () async throws(StoreError) in
          try await desk.search(filter, request, limit: limit, effort: effort)
        })
    case .rows(let ids, let token):
      .rowsLoaded(
        token: token,
        await answer { () async throws(StoreError) in try await desk.summaries(of: ids) })
    case .goneRow(let id):
      .goneRowLoaded(
        await answer { () async throws(StoreError) in try await desk.summaries(of: [id]) })
    case .counts:
      .countsLoaded(await answer { () async throws(StoreError) in try await desk.counts() })
    case .lookBack:
      .lookedBack(await answer { () async throws(StoreError) in try await desk.lookBack() })
    case .access: .opened(desk.access)
    case .settle(let pause): await Self.settled(pause)
    case .settleBlink(let blink): await Self.blinked(blink)
    case .loadVocabulary: .vocabularyLoaded(await Self.vocabulary(desk))
    case .loadViews: .viewsLoaded(SavedViews.file.read())
    case .saveView(let view): .viewSaved(view, SavedViews.file.save(view))
    }
  }

  /// As long as nobody notices, and long enough for the next letter of a word.
  private static let pause = Duration.milliseconds(80)

  private static func settled(_ number: Int) async -> ListMessage {
    try? await Task.sleep(for: pause)
    return .settled(number)
  }

  private static func blinked(_ number: Int) async -> ListMessage {
    try? await Task.sleep(for: .milliseconds(400))
    return .blinked(number)
  }

  /// A store that does not answer leaves the completion with what is on the screen.
  private static func vocabulary(_ desk: OperatorDesk) async -> IncompleteListState.Vocabulary {
    let failures = (try? await desk.failureNames()) ?? FailureNames()
    return IncompleteListState.Vocabulary(
      scenarios: ((try? await desk.scenarios()) ?? []).map(\.name),
      modules: failures.modules, errors: failures.errorTypes.map(\.shortName))
  }
}
