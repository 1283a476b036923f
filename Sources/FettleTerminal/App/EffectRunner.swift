import FettleCore
import FettleEngine

/// Does what the screen wants done, elsewhere, and posts what came of it.
struct EffectRunner: Sendable {
  let mailbox: Mailbox
  /// The store is being opened while the first picture is painted; what is asked of it waits.
  private let opening: Task<Result<OperatorDesk, StoreError>, Never>
  private let place = BulkPlace()

  /// Begins to open the store.
  init(mailbox: Mailbox, open: @escaping @Sendable () throws(StoreError) -> OperatorDesk) {
    self.mailbox = mailbox
    opening = Task.detached {
      do throws(StoreError) { return .success(try open()) } catch {
        mailbox.post(.unopened(error))
        return .failure(error)
      }
    }
  }

  /// Starts an effect and returns at once: nothing of the store stands between a key and its paint.
  func start(_ effect: Effect) {
    Task.detached {
      guard case .success(let desk) = await opening.value else { return }
      if let message = await perform(effect, desk) { mailbox.post(message) }
    }
  }

  /// Does the last effects there are and waits for them, as long as a store that answers needs; the
  /// program ends behind them.
  func finish(_ effects: [Effect], milliseconds: Int32) {
    guard !effects.isEmpty, let done = try? Mailbox() else { return }
    Task.detached {
      guard case .success(let desk) = await opening.value else { return }
      for effect in effects {
        if let message = await perform(effect, desk) { done.post(message) }
      }
    }
    done.wait(count: effects.count, milliseconds: milliseconds)
  }

  /// Does an effect.
  /// - Returns: what came of it; nil for an effect of the screen itself.
  private func perform(_ effect: Effect, _ desk: OperatorDesk) async -> Message? {
    switch effect {
    case .list(let effect): .list(await effect.perform(desk))
    case .record(let effect): .record(await effect.perform(desk))
    case .bulk(let effect): await effect.perform(desk, place, mailbox).map(Message.bulk)
    case .scenarios(let effect): .scenarios(await effect.perform(desk))
    case .history(let effect): .history(await effect.perform(desk))
    case .auditTrail(let effect): .auditTrail(await effect.perform(desk))
    case .groups(let effect): .groups(await effect.perform(desk))
    case .groupEdit(let effect): .groupEdit(await effect.perform(desk))
    case .readFile(let file, let path): .fileRead(path, path: file, FileContent.read(file))
    case .copy, .useMouse, .editOutside, .suspend, .repaint, .quit: nil
    }
  }
}
