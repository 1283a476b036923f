import Dispatch
import Synchronization

/// Signals, as something a task can wait for.
///
/// The sources are made once and only kept; Dispatch's own types do not say that they may be shared.
final class Signals: @unchecked Sendable {
  private struct State {
    var received: [Int32] = []
    var isNudged = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())
  private let sources: [any DispatchSourceSignal]

  /// Takes these signals; they no longer end the process. Returns when that is so: a signal that comes
  /// sooner ends it, as it ends any program that has not begun. Ignored meanwhile it would be lost, and a
  /// daemon that was told to stop would work on.
  init(_ signals: [Int32]) {
    sources = signals.map { DispatchSource.makeSignalSource(signal: $0, queue: .global()) }
    let taken = DispatchGroup()
    for (number, source) in zip(signals, sources) {
      source.setEventHandler { [weak self] in self?.receive(number) }
      taken.enter()
      source.setRegistrationHandler { taken.leave() }
      source.resume()
    }
    taken.wait()
  }

  /// As if the signal had come.
  func raise(_ number: Int32) { receive(number) }

  private func receive(_ number: Int32) {
    state.withLock { state in
      state.received.append(number)
      state.waiting?.resume()
      state.waiting = nil
    }
  }

  /// Ends the wait that goes on, or the next one: there is something to look at.
  func nudge() {
    state.withLock { state in
      state.isNudged = true
      state.waiting?.resume()
      state.waiting = nil
    }
  }

  /// Waits for a signal, at most that long.
  /// - Returns: the signals that came, in order.
  func wait(atMost time: Duration) async -> [Int32] {
    let alarm = Task {
      try? await Task.sleep(for: time)
      if Task.isCancelled { return }
      self.nudge()
    }
    await withCheckedContinuation { continuation in
      state.withLock { state in
        if state.received.isEmpty, !state.isNudged {
          state.waiting = continuation
        } else {
          continuation.resume()
        }
      }
    }
    alarm.cancel()
    return state.withLock { state in
      defer {
        state.received = []
        state.isNudged = false
      }
      return state.received
    }
  }
}
