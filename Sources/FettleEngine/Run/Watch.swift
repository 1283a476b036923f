import Synchronization

/// Looks after things that have to happen when a time is over, for everything a process runs: one
/// sleeper for all of them, because a timer for each operation would cost more than the operation.
final class Watch: Sendable {
  static let shared = Watch()

  private struct Entry {
    var due: ContinuousClock.Instant
    /// Nil for what happens once.
    let period: Duration?
    let action: @Sendable () -> Void
  }

  private struct State {
    var entries: [Int: Entry] = [:]
    var issued = 0
    var isAwake = false
  }

  private let state = Mutex(State())

  /// How exact it is. What it looks after lasts seconds.
  private static let pace = Duration.milliseconds(200)

  /// Calls `action` when the time is over, and again after each period when it is to be repeated.
  /// - Returns: what `end` is told.
  func begin(
    after time: Duration, repeating: Bool = false, _ action: @escaping @Sendable () -> Void
  ) -> Int {
    let (number, isFirst) = state.withLock { state in
      state.issued += 1
      state.entries[state.issued] = Entry(
        due: .now + time, period: repeating ? time : nil, action: action)
      defer { state.isAwake = true }
      return (state.issued, !state.isAwake)
    }
    if isFirst { Task.detached { await self.look() } }
    return number
  }

  /// Nothing is to happen any more.
  /// - Returns: whether it had not happened; always for what is repeated.
  @discardableResult func end(_ number: Int) -> Bool {
    state.withLock { $0.entries.removeValue(forKey: number) != nil }
  }

  private func look() async {
    while true {
      try? await Task.sleep(for: Self.pace)
      let now = ContinuousClock.now
      let due: [@Sendable () -> Void]? = state.withLock { state in
        guard !state.entries.isEmpty else {
          state.isAwake = false
          return nil
        }
        var due: [@Sendable () -> Void] = []
        for (number, entry) in state.entries where entry.due <= now {
          due.append(entry.action)
          if let period = entry.period {
            state.entries[number]?.due = now + period
          } else {
            state.entries[number] = nil
          }
        }
        return due
      }
      guard let due else { return }
      for action in due { action() }
    }
  }
}
