import FettleCore
import Glibc

/// Waits, takes in what happened, draws once. All of it on the thread that owns the screen.
struct EventLoop {
  let runner: EffectRunner
  let mailbox: Mailbox
  let clock: SystemClock
  let clipboard: Clipboard
  /// Where the store is.
  let store: String
  /// This program.
  let session: Session
  /// Milliseconds between two looks at the store.
  let refreshInterval: Int
  /// Milliseconds without a key after which the code that is mapped is given back: after the start
  /// soon, since most of it was for that; later only where nobody seems to be there, since the next
  /// key pays for it. From then on it is given back when a look at the store is over, up to the next key.
  private static let quietInterval = (first: 2000, later: 60_000, look: 250)

  func run(on terminal: inout NcursesTerminal, _ surroundings: Surroundings) -> Terminal.Ending {
    var state = State(surroundings: surroundings, size: terminal.size(), now: clock.now())
    var shallQuit = false
    var clicks = ClickCounter()
    let first = state.begin()
    terminal.show(state.frame())
    for effect in handle(first, &terminal, &shallQuit) { runner.start(effect) }
    var nextLook = Self.monotonicMilliseconds() + refreshInterval
    var quietInterval = Self.quietInterval.first
    var quietFrom: Int? = Self.monotonicMilliseconds() + quietInterval
    var isLeftAlone = false
    while !shallQuit {
      if let moment = quietFrom, Self.monotonicMilliseconds() >= moment {
        MappedCode.giveBack()
        quietFrom = nil
        isLeftAlone = true
        quietInterval = Self.quietInterval.later
      }
      let left = max(0, min(nextLook, quietFrom ?? .max) - Self.monotonicMilliseconds())
      let wakening = terminal.wait(
        milliseconds: Int32(clamping: terminal.isPasting ? min(left, 500) : left))
      if wakening.isHungUp || wakening.shallEnd || terminal.isAskedToEnd {
        runner.finish(lastEffects(of: &state), milliseconds: 1400)
        terminal.endAsAsked()
        return .hungUp
      }
      if wakening.shallStop { terminal.suspend() }
      if wakening.wasContinued { terminal.resume() }
      var messages: [Message] = []
      if wakening.wasResized || wakening.wasContinued || wakening.shallStop {
        messages.append(.resized(terminal.size()))
      }
      if wakening.hasInput || terminal.isPasting {
        quietFrom = Self.monotonicMilliseconds() + quietInterval
        isLeftAlone = false
        messages += terminal.input().map {
          switch $0 {
          case .key(let key): .key(key)
          case .paste(let text): .pasted(text)
          case .pasteTooLong(let count): .pastedTooMuch(count)
          case .pasting(let count): .pasting(count)
          case .pasteGivenUp: .pasteGivenUp
          case .pasteRepaired: .pasteRepaired
          case .mouse(let event):
            .mouse(
              clicks.counted(event, at: Self.monotonicMilliseconds()),
              terminal.target(row: event.row, column: event.column))
          }
        }
      }
      messages += mailbox.collect()
      if Self.monotonicMilliseconds() >= nextLook {
        messages.append(.ticked(clock.now()))
        nextLook = Self.monotonicMilliseconds() + refreshInterval
        if isLeftAlone { quietFrom = Self.monotonicMilliseconds() + Self.quietInterval.look }
      }
      guard !messages.isEmpty else { continue }
      var needsPaint = false
      var asked: [Effect] = []
      // Everything that waits is taken in before one picture is painted.
      var altKey = AltKey()
      for message in messages where !shallQuit {
        if case .unopened(let error) = message { return .unopened(error) }
        guard !altKey.takes(message) else { continue }
        let before = state.question
        asked += handle(state.update(message), &terminal, &shallQuit)
        altKey.note(message, asked: before == nil && state.question != nil)
        needsPaint = needsPaint || state.needsPaint
      }
      // The size may have become another one while the program was suspended.
      let size = terminal.size()
      if size != state.size {
        asked += handle(state.update(.resized(size)), &terminal, &shallQuit)
        needsPaint = true
      }
      if !shallQuit, needsPaint { terminal.show(state.frame()) }
      // A key paints first: what it asks of the store would take the processor from the picture.
      for effect in asked { runner.start(effect) }
    }
    runner.settle(milliseconds: 2000)
    return .quit
  }

  /// What has to be done before the program ends by itself, with what another program was at.
  private func lastEffects(of state: inout State) -> [Effect] {
    for case .editedOutside(let edit, .cut(let text)) in mailbox.collect() {
      return state.editingCut(edit, text)
    }
    return state.lastEffects()
  }

  /// Does what concerns the screen.
  /// - Returns: what is to be done elsewhere.
  private func handle(
    _ effects: [Effect], _ terminal: inout NcursesTerminal, _ shallQuit: inout Bool
  ) -> [Effect] {
    var others: [Effect] = []
    for effect in effects {
      switch effect {
      case .quit: shallQuit = true
      case .suspend: terminal.suspend()
      case .repaint: terminal.repaintAll()
      case .editOutside(let edit):
        let editor = ExternalEditor(edit, store: store, session: session)
        mailbox.post(.editedOutside(edit, editor.run(on: &terminal)))
      case .useMouse(let isOn): terminal.useMouse(isOn)
      case .copy(let text):
        if clipboard == .terminal {
          terminal.copy(text)
          mailbox.post(.copied(Clipboard.terminalSays))
        } else {
          Task.detached { [clipboard, mailbox] in mailbox.post(.copied(clipboard.take(text))) }
        }
      default: others.append(effect)
      }
    }
    return others
  }

  static func monotonicMilliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}
