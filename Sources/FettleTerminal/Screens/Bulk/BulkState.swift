import FettleCore
import FettleEngine

/// An action on many records: it goes on whether it is looked at or not.
struct BulkState: Equatable, Sendable {
  var progress: BulkProgress
  /// Whether its dialog is out of sight.
  var isHidden = false

  var isRunning: Bool { !progress.isOver }
}

/// Which records an action on many is about.
enum BulkTarget: Hashable, Sendable {
  case these(Set<RecordID>)
  case matching(RecordFilter, except: Set<RecordID>)
}

/// What is done with many records.
enum BulkEffect: Equatable, Sendable {
  /// Fixes the set.
  case select(BulkTarget, BulkAction, token: Int)
  case start(BulkSelection)
  case stop
}

/// What came of it.
enum BulkMessage: Equatable, Sendable {
  case selected(token: Int, Message.Answer<BulkSelection>)
  case progressed(BulkProgress)
}

extension BulkEffect {
  /// Does it; what a run has to say on its way goes into the mailbox.
  func perform(_ desk: OperatorDesk, _ place: BulkPlace, _ mailbox: Mailbox) async -> BulkMessage? {
    switch self {
    case .select(let target, let action, let token):
      return .selected(
        token: token,
        await answer { () async throws(StoreError) in
          switch target {
          case .these(let ids): try await desk.select(ids, for: action)
          case .matching(let filter, let excepted):
            try await desk.select(filter, except: excepted, for: action)
          }
        })
    case .start(let selection):
      let run = BulkRun(selection, desk: desk)
      place.put(run)
      let end = await run.run { progress in place.report(progress, to: mailbox) }
      place.put(nil)
      return .progressed(end)
    case .stop:
      place.stop()
      return nil
    }
  }
}
