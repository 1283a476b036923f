/// The terminal, as far as the program needs one. The real one is curses; a test records.
protocol TerminalDriver {
  /// The size as it is now.
  func size() -> Size
  /// Shows a frame.
  mutating func show(_ frame: Frame)
  /// Forgets what is on the screen: the next frame is painted whole.
  mutating func repaintAll()
  /// Everything that was typed since, without waiting.
  mutating func input() -> [InputEvent]
  /// Waits until something happens.
  func wait(milliseconds: Int32) -> Wakening
  /// Stops the program as Ctrl-Z does, and goes on when it is continued.
  mutating func suspend()
}

/// What a terminal sends.
enum InputEvent: Hashable, Sendable {
  case key(Key)
  case paste(String)
  /// A paste nobody takes, with how many characters it had.
  case pasteTooLong(Int)
  /// A paste comes, with how many bytes there are of it so far.
  case pasting(Int)
  /// A paste that Ctrl-C gave up.
  case pasteGivenUp
  /// The paste before had bytes that are no UTF-8; they were replaced.
  case pasteRepaired
  case mouse(MouseEvent)
}

/// What the mouse did at a place of the screen, counted from 0.
struct MouseEvent: Hashable, Sendable {
  enum Action: Hashable, Sendable {
    case press, doublePress
    case wheelUp, wheelDown

    /// What a button of that number does; nil for one that does nothing. With a modifier held the
    /// mouse belongs to the terminal.
    init?(button: Int) {
      switch button {
      case 0: self = .press
      case 64: self = .wheelUp
      case 65: self = .wheelDown
      default: return nil
      }
    }
  }

  var action: Action
  var row: Int
  var column: Int
}

/// Why a wait ended.
struct Wakening: Hashable, Sendable {
  var hasInput = false
  var wasResized = false
  var wasContinued = false
  var shallStop = false
  /// The other side of the terminal is gone.
  var isHungUp = false
  /// A signal asks the program to end; it ends it by itself after two seconds.
  var shallEnd = false
}
