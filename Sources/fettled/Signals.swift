import Dispatch
import Glibc
import Synchronization

/// Where the handler writes which signal came. The only thing that is safe there.
private nonisolated(unsafe) var signalPipe: Int32 = -1

/// Signals, as something a task can wait for.
///
/// The source is made once and only kept; Dispatch's own types do not say that they may be shared.
final class Signals: @unchecked Sendable {
  private struct State {
    var received: [Int32] = []
    var isNudged = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())
  private let source: any DispatchSourceRead

  /// Takes these signals; they no longer end the process. To be made once.
  ///
  /// Dispatch has a source for signals. It takes them some time after it was made, and on Linux not from
  /// every thread: on a busy machine a daemon that was told to stop just after its start worked on. What a
  /// handler wrote into a pipe waits there until it is read.
  /// - Returns: nil when the process may open no more files.
  init?(_ signals: [Int32]) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    let output = ends[0]
    signalPipe = ends[1]
    source = DispatchSource.makeReadSource(fileDescriptor: output, queue: .global())
    source.setEventHandler { [weak self] in
      var numbers = [UInt8](repeating: 0, count: 64)
      let count = read(output, &numbers, numbers.count)
      for number in numbers.prefix(max(0, count)) { self?.receive(Int32(number)) }
    }
    source.resume()
    for number in signals {
      var action = sigaction()
      action.sa_flags = SA_RESTART
      action.__sigaction_handler.sa_handler = { number in
        let code = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(signalPipe, &byte, 1)
        errno = code
      }
      sigaction(number, &action, nil)
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
