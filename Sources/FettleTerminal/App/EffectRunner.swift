import FettleCore
import FettleEngine
import Glibc
import Synchronization

/// Does what the screen wants done, elsewhere, and posts what came of it.
final class EffectRunner: Sendable {
  let mailbox: Mailbox
  /// The store is being opened while the first picture is painted; what is asked of it waits.
  private let opening: Task<Result<OperatorDesk, StoreError>, Never>
  private let place = BulkPlace()
  private let search = SearchPlace()
  private let questions = Questions()
  /// How many effects that write are on their way.
  private let writes = Atomic(0)
  /// What was asked to be kept against a crash last. Each waits for the one before it: what is older
  /// must not take the place of what is newer, nor come behind what forgets it.
  private let lastKept = Mutex<Task<Void, Never>?>(nil)

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
    if case .search(let effect) = effect { search.note(effect) }
    switch effect.waiting {
    case .none:
      if effect == .stopWaiting { return questions.giveUp() }
      Task.detached { [self] in await answer(effect) }
    case .write:
      guard let number = questions.begin(kind: nil, mailbox) else { return }
      let isWrite = effect.isShortWrite
      if isWrite { writes.add(1, ordering: .sequentiallyConsistent) }
      @Sendable func run() async {
        await answer(effect)
        _ = questions.end(number, mailbox)
        if isWrite { writes.subtract(1, ordering: .sequentiallyConsistent) }
      }
      guard effect.keepsAgainstCrash else {
        Task.detached { await run() }
        return
      }
      lastKept.withLock { last in
        last = Task.detached { [before = last] in
          await before?.value
          await run()
        }
      }
    case .read(let kind):
      guard let number = questions.begin(kind: kind, mailbox) else { return }
      let task = Task.detached { [self] in
        guard case .success(let desk) = await opening.value else { return }
        let message = await perform(effect, desk)
        // An answer nobody waits for any more is dropped.
        if questions.end(number, mailbox), let message { mailbox.post(message) }
      }
      questions.note(task, on: number)
    }
  }

  private func answer(_ effect: Effect) async {
    if case .success(let desk) = await opening.value, let message = await perform(effect, desk) {
      mailbox.post(message)
    }
  }

  /// Waits until nothing that was asked for is half written; not for ever, should the store be held.
  func settle(milliseconds: Int) {
    let deadline = EventLoop.monotonicMilliseconds() + milliseconds
    while writes.load(ordering: .sequentiallyConsistent) > 0,
      EventLoop.monotonicMilliseconds() < deadline
    {
      usleep(1000)
    }
  }

  /// Does the last effects there are and waits for them, as long as a store that answers needs; the
  /// program ends behind them.
  func finish(_ effects: [Effect], milliseconds: Int32) {
    guard !effects.isEmpty, let done = try? Mailbox() else { return }
    Task.detached { [self] in
      guard case .success(let desk) = await opening.value else { return }
      await lastKept.withLock { $0 }?.value
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
    case .search(let effect): search.perform(effect, mailbox).map(Message.search)
    case .readFile(let file, let path):
      .fileRead(path, path: file, FileContent.read(FileContent.path(typed: file)))
    case .copy, .useMouse, .editOutside, .suspend, .repaint, .quit, .stopWaiting: nil
    }
  }
}

extension Effect {
  /// Whether it is about what is kept against a crash.
  fileprivate var keepsAgainstCrash: Bool {
    switch self {
    case .record(.keepDraft), .record(.takeDraft), .record(.dropDraft), .record(.keepText),
      .record(.keepLeft):
      true
    default: false
    }
  }

  /// Whether it writes something that takes a moment: what the operator was told, or what a crash must
  /// not bring back, is to be in the store when the program is gone.
  fileprivate var isShortWrite: Bool {
    switch self {
    case .record(.amend), .record(.close), .record(.delete), .record(.restore),
      .record(.setAutoRetry), .record(.keepDraft), .record(.dropDraft), .record(.keepText),
      .record(.revealed),
      .scenarios(.activate), .groupEdit(.write):
      true
    default: false
    }
  }
}
