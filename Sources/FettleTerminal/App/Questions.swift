import FettleCore
import Glibc
import Synchronization

/// What was asked of the store and has not been answered. Whoever waits is told so, and can stop
/// waiting; of what is asked again and again, one question at a time is on its way.
final class Questions: Sendable {
  private struct Question {
    let asked: Int
    let kind: String?
    var task: Task<Void, Never>?
    var isGivenUp = false
  }

  private struct Content {
    var open: [Int: Question] = [:]
    var last = 0
    var isWatched = false
    /// What is shown of how long the oldest waits, in seconds.
    var told: Int?

    var hasNoneAwaited: Bool { !open.values.contains { !$0.isGivenUp } }

    /// Says how long the oldest waits. Called with the lock held, so that what is said last is shown last.
    mutating func tell(_ seconds: Int?, _ mailbox: Mailbox) {
      guard told != seconds else { return }
      told = seconds
      mailbox.post(.waiting(seconds: seconds))
    }
  }

  private let content = Mutex(Content())

  /// After this long it is shown that the store is waited for, in milliseconds.
  private static let patience = 150
  /// After this long nothing else is shown in its place.
  private static let long = 5000

  /// Notes a question.
  /// - Parameter kind: what it asks for, where the answer to an earlier one does as well.
  /// - Returns: its number; nil when an earlier one is on its way.
  func begin(kind: String?, _ mailbox: Mailbox) -> Int? {
    let (number, begins) = content.withLock { content -> (Int?, Bool) in
      if let kind, content.open.values.contains(where: { $0.kind == kind && !$0.isGivenUp }) {
        return (nil, false)
      }
      content.last += 1
      content.open[content.last] = Question(asked: EventLoop.monotonicMilliseconds(), kind: kind)
      defer { content.isWatched = true }
      return (content.last, !content.isWatched)
    }
    if begins { watch(mailbox) }
    return number
  }

  /// Notes who works on a question that may be given up.
  func note(_ task: Task<Void, Never>, on number: Int) {
    content.withLock { $0.open[number]?.task = task }
  }

  /// Notes that a question was answered. When it was the last, no picture shows the answer and says that
  /// it is waited for.
  /// - Returns: whether anybody still waits for it.
  func end(_ number: Int, _ mailbox: Mailbox) -> Bool {
    content.withLock { content in
      let question = content.open.removeValue(forKey: number)
      if content.hasNoneAwaited { content.tell(nil, mailbox) }
      return question?.isGivenUp == false
    }
  }

  /// Waits no longer for what may be given up: what is read stops, and answers that come all the same
  /// are dropped.
  func giveUp() {
    let tasks = content.withLock { content in
      // Whoever gave up sees that at once, and is told anew of what is asked next.
      content.told = nil
      return content.open.compactMap { number, question -> Task<Void, Never>? in
        guard let task = question.task else { return nil }
        content.open[number]?.isGivenUp = true
        return task
      }
    }
    for task in tasks { task.cancel() }
  }

  /// How long the oldest question waits; nil, and nobody watches any more, when there is none.
  private func oldest() -> Int? {
    content.withLock { content in
      let asked = content.open.values.filter { !$0.isGivenUp }.map(\.asked).min()
      if asked == nil { content.isWatched = false }
      return asked.map { EventLoop.monotonicMilliseconds() - $0 }
    }
  }

  private func watch(_ mailbox: Mailbox) {
    Task.detached { [self] in
      try? await Task.sleep(for: .milliseconds(Self.patience))
      while let waited = oldest() {
        let due: Int? =
          waited < Self.patience ? nil : waited < Self.long ? 0 : waited / 1000
        // Between the look and this it may have been answered.
        content.withLock { if !$0.hasNoneAwaited { $0.tell(due, mailbox) } }
        try? await Task.sleep(for: .milliseconds(50))
      }
      content.withLock { if $0.hasNoneAwaited { $0.tell(nil, mailbox) } }
    }
  }
}

extension Effect {
  /// What an effect asks the store, as far as waiting for it goes.
  enum Waiting {
    /// Nobody waits: it takes its time by itself.
    case none
    /// Waiting can be given up.
    case read(kind: String? = nil)
    /// It is done or refused in any case, and what came of it is told.
    case write
  }

  var waiting: Waiting {
    switch self {
    case .list(.settle), .list(.settleBlink), .list(.search), .list(.loadViews), .list(.saveView),
      .bulk(.start), .bulk(.stop), .record(.resume), .record(.resumeBehind), .record(.gatherLeft),
      .auditTrail(.export),
      .search(.stop), .readFile, .copy, .useMouse, .editOutside, .suspend, .repaint, .quit,
      .stopWaiting:
      .none
    case .list(.counts): .read(kind: "counts")
    case .list(.look): .read(kind: "look")
    case .list(.loadVocabulary): .read(kind: "vocabulary")
    case .scenarios(.load): .read(kind: "scenarios")
    case .history(.follow): .read(kind: "live")
    case .record(.refresh(let id, _)): .read(kind: "record \(id)")
    case .history(.page(_, let ask)) where ask.isSearch: .none
    case .auditTrail(.page(_, let ask)) where ask.isSearch: .none
    case .groups(.page(_, let ask)) where ask.isSearch: .none
    case .record(.amend), .record(.close), .record(.delete), .record(.restore),
      .record(.setAutoRetry), .record(.keepDraft), .record(.takeDraft), .record(.dropDraft),
      .record(.keepText), .record(.keepLeft), .record(.revealed), .scenarios(.activate),
      .scenarios(.acknowledgeLoss),
      .history(.stop), .groupEdit(.write):
      .write
    case .list, .record, .bulk, .history, .auditTrail, .groups, .groupEdit, .search: .read()
    }
  }
}

extension State {
  /// Esc while it is shown that the store is waited for: it is not waited for any longer.
  mutating func stopsWaiting(_ message: Message) -> Bool {
    guard waited != nil, case .key(let key) = message else { return false }
    // What lies over the screens is left with Esc as ever.
    let screens: [KeyContext] = [
      .list, .groups, .scenarios, .history, .run, .auditTrail, .detail,
    ]
    guard screens.contains(context) else { return false }
    let command = bindings(context).first { $0.keys.contains(key) }?.command
    return command == .back
  }

  /// Gives up what is on its way. Nothing is asked again by itself until a key is pressed.
  mutating func stopWaiting() -> [Effect] {
    hasGivenUp = true
    (waited, linked) = (nil, nil)
    typeAhead = TypeAhead()
    list.token = nextToken()
    (list.isGrowing, list.isStarting, list.isRefreshing) = (false, false, false)
    (list.seen, list.asked) = (nil, nil)
    (list.askedAt, list.previewLoading) = (nil, nil)
    list.search?.isRunning = false
    history.list.window.stop()
    history.opening = nil
    auditTrail.list.window.stop()
    groupsState.list.window.stop()
    notice = "not waited for any longer; the next key looks again"
    return stopSearch() + [.stopWaiting]
  }

  /// What is shown while the store is waited for.
  var patienceWords: (text: SafeText, isBanner: Bool)? {
    guard let waited else { return nil }
    if let running = detail?.search, !running.hasFound, waited < 5 {
      return ("looking for \"\(running.search.words)\" · Esc stops", false)
    }
    guard waited >= 5 else { return ("waiting for the store · Esc stops", false) }
    // Of when it is what is shown, the title says.
    return ("the store has not answered for \(waited) s · Esc stops", true)
  }
}
