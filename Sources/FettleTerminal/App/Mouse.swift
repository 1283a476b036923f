import FettleCore

/// What a click is on. A view says so while it draws, so that the mouse never guesses.
enum ClickTarget: Hashable, Sendable {
  /// A key that is named on the screen: clicking it presses it.
  case key(Key)
  case record(RecordID)
  /// A row of another list.
  /// - Parameter distance: how far below the cursor it is.
  case row(distance: Int)
  /// The head of a column of the list.
  case column(RecordColumn)
  case module(ModuleID)
  case field(TreePlace)
  case pane(DetailState.Pane)
}

/// Tells a double click from two clicks.
struct ClickCounter {
  private var last: (event: MouseEvent, time: Int)?

  /// Two presses on one place within this time, in milliseconds, are one double press.
  private static let pause = 400

  /// The event, as a double press where it is the second.
  mutating func counted(_ event: MouseEvent, at time: Int) -> MouseEvent {
    guard event.action == .press else { return event }
    if let last, last.event == event, time - last.time <= Self.pause {
      self.last = nil
      return MouseEvent(action: .doublePress, row: event.row, column: event.column)
    }
    last = (event, time)
    return event
  }
}

extension State {
  /// The wheel moves as many lines as three keys.
  private static let wheelLines = 3

  mutating func updateMouse(_ event: MouseEvent, on target: ClickTarget?) -> [Effect] {
    if case .key(let key)? = target { return event.action == .press ? pressed(key) : [] }
    switch context {
    // A click beside a question or a line that is being typed must not answer or lose it.
    case .line, .commandLine, .value, .questionClose, .questionYes, .questionUnsaved,
      .questionCopy:
      return []
    default: break
    }
    focus(target)
    switch event.action {
    case .wheelUp: return turn(.moveUp)
    case .wheelDown: return turn(.moveDown)
    case .press: return choose(target)
    case .doublePress:
      let effects = choose(target)
      switch target {
      case .record, .row: return effects + press(.open)
      case .field: return effects + press(.edit)
      default: return effects
      }
    }
  }

  /// The pane under the mouse is the one that is meant.
  private mutating func focus(_ target: ClickTarget?) {
    guard context == .detail else { return }
    switch target {
    case .pane(let pane): detail?.pane = pane
    case .module: detail?.pane = .chain
    case .field: detail?.pane = .bundles
    default: break
    }
  }

  private mutating func turn(_ command: Command) -> [Effect] {
    (0..<Self.wheelLines).reduce(into: []) { effects, _ in effects += press(command) }
  }

  /// Does what the key for a command does here; nothing where no key has it.
  mutating func press(_ command: Command) -> [Effect] {
    let context = context
    guard let binding = bindings(context).first(where: { $0.command == command }) else {
      return []
    }
    return perform(binding, in: context)
  }

  private mutating func choose(_ target: ClickTarget?) -> [Effect] {
    switch target {
    case .record(let id) where context == .list:
      guard let index = list.place(of: id) else { return [] }
      return moveList(to: index)
    case .row(let distance)
    where [.groups, .scenarios, .history, .auditTrail].contains(context):
      let step: Command = distance < 0 ? .moveUp : .moveDown
      return (0..<abs(distance)).reduce(into: []) { effects, _ in effects += press(step) }
    case .column(let column) where context == .list:
      guard list.order.column != column else { return press(.sortReversed) }
      return IncompleteScreen.show(RecordOrder(column), in: &self)
    case .module(let module) where context == .detail: detail?.chain.cursor = module
    case .module(let module) where context == .run:
      shownRun?.cursor = module
      shownRun?.top = 0
    case .field(let place) where context == .detail: detail?.cursor = place
    default: break
    }
    return []
  }
}
