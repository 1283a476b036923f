import Dispatch
import Glibc
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

  /// Takes these signals; they no longer end the process.
  init(_ signals: [Int32]) {
    sources = signals.map { number in
      signal(number, SIG_IGN)
      return DispatchSource.makeSignalSource(signal: number, queue: .global())
    }
    for (number, source) in zip(signals, sources) {
      source.setEventHandler { [weak self] in self?.receive(number) }
      source.resume()
    }
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
