import FettleCore
import FettleEngine

/// What the list of incomplete executions asks for.
enum ListEffect: Hashable, Sendable {
  case page(RecordFilter, PageRequest, limit: Int, PagePurpose, token: Int)
  case counts
}

/// What came of it.
enum ListMessage: Equatable, Sendable {
  case pageLoaded(PagePurpose, token: Int, limit: Int, Message.Answer<[IncompleteSummary]>)
  case countsLoaded(Message.Answer<RecordCounts>)
}

/// Why a part of the list was asked for.
enum PagePurpose: Hashable, Sendable {
  /// The list begins anew, at its newest or its oldest record.
  case newest, oldest
  /// The window grows at one end.
  case older, newer
  /// The same window again, to see what changed.
  case refresh
}

extension ListEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> ListMessage {
    switch self {
    case .page(let filter, let request, let limit, let purpose, let token):
      .pageLoaded(
        purpose, token: token, limit: limit,
        await answer { () async throws(StoreError) in
          try await desk.page(filter, request, limit: limit)
        })
    case .counts:
      .countsLoaded(await answer { () async throws(StoreError) in try await desk.counts() })
    }
  }
}
