import FettleCore
import Synchronization

/// The senders that wait for a scenario to answer.
final class Senders: Sendable {
  private enum Place {
    case expected
    case waiting(CheckedContinuation<HookAnswer, Never>)
    case answered(HookAnswer)
  }

  private struct State {
    var places: [String: Place] = [:]
    var isDismissed = false
  }

  private let state = Mutex(State())

  /// Somebody is going to wait; an answer that comes before that is kept.
  func expect(_ ticket: String) { state.withLock { $0.places[ticket] = .expected } }

  func forget(_ ticket: String) { state.withLock { _ = $0.places.removeValue(forKey: ticket) } }

  /// The first answer counts.
  func deliver(_ answer: HookAnswer, to ticket: String) {
    state.withLock { state in
      switch state.places[ticket] {
      case .expected: state.places[ticket] = .answered(answer)
      case .waiting(let sender):
        state.places[ticket] = nil
        sender.resume(returning: answer)
      case .answered, nil: break
      }
    }
  }

  /// Waits for the answer of a scenario. One that takes too long is not waited for: the event is on
  /// the disk, and that is said.
  func answer(of ticket: String, within time: Duration) async -> HookAnswer {
    let alarm = Task {
      try? await Task.sleep(for: time)
      if !Task.isCancelled { deliver(.accepted, to: ticket) }
    }
    defer { alarm.cancel() }
    return await withCheckedContinuation { sender in
      state.withLock { state in
        if case .answered(let answer)? = state.places[ticket] {
          state.places[ticket] = nil
          sender.resume(returning: answer)
        } else if state.isDismissed {
          state.places[ticket] = nil
          sender.resume(returning: .accepted)
        } else {
          state.places[ticket] = .waiting(sender)
        }
      }
    }
  }

  func dismiss() {
    state.withLock { state in
      state.isDismissed = true
      for case .waiting(let sender) in state.places.values { sender.resume(returning: .accepted) }
      state.places = state.places.filter { if case .waiting = $0.value { false } else { true } }
    }
  }
}
