import CNcurses
import FettleCore
import Glibc

/// The terminal through curses. It belongs to the thread that made it.
struct NcursesTerminal: TerminalDriver {
  private let theme: Theme
  private let wakeDescriptor: Int32
  /// The paste that comes.
  private var paste: PasteReader?
  /// When it was told last that it comes, in milliseconds.
  private var pasteTold = 0
  private var shown: Frame?

  /// Whether the locale and the options leave only ASCII.
  let isASCII: Bool

  /// `xterm-256color, 8 colours`
  let told: SafeText

  /// Takes the terminal over.
  /// - Parameter wakeDescriptor: readable when messages wait for the program.
  init(options: TerminalOptions, wakeDescriptor: Int32) throws(TerminalUnavailable) {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
      throw TerminalUnavailable(
        "standard input and output are not a terminal; `fettle list` prints the incomplete "
          + "executions")
    }
    let name = getenv("TERM").map { String(cString: $0) } ?? ""
    let result = fettle_curses_start(25)
    guard result == Int32(FETTLE_START_OK) else {
      let safe = SafeText(name).text
      throw TerminalUnavailable(
        result == Int32(FETTLE_START_DUMB_TERM)
          ? "the terminal \"\(safe)\" cannot move its cursor; `fettle list` prints the incomplete "
            + "executions"
          : "the terminal \"\(safe)\" is not known here; set TERM, for example to xterm-256color")
    }
    self.wakeDescriptor = wakeDescriptor
    isASCII = options.ascii ?? (fettle_curses_is_utf8() == 0)
    let wantsColor =
      switch options.color {
      case .always: true
      case .never: false
      case .auto: getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
      }
    let hasColor = wantsColor && fettle_curses_colors() >= 8
    if hasColor { fettle_curses_use_colors() }
    let colors = getenv("COLORFGBG").map { String(cString: $0) } ?? ""
    theme = Theme(hasColor: hasColor, isLight: Theme.isLight(colors))
    told = SafeText(name, limit: 40) + (hasColor ? ", 8 colours" : ", no colour")
  }

  /// The columns a scalar takes according to the C library, which is what curses goes by; negative
  /// when it knows of none.
  static func libraryWidth(of scalar: Unicode.Scalar) -> Int { Int(fettle_wcwidth(scalar.value)) }

  /// Gives the terminal back.
  func close() { fettle_curses_end() }

  /// Ends the program by the signal that asked for it; returns when none did.
  func endAsAsked() { fettle_guard_end_as_asked() }

  func size() -> Size {
    var rows: Int32 = 0
    var columns: Int32 = 0
    fettle_curses_resize(&rows, &columns)
    return Size(rows: Int(rows), columns: Int(columns))
  }

  mutating func show(_ frame: Frame) {
    let size = frame.size
    frame.forEachCell(unlike: shown) { row, column, cell in
      // The second half of a wide glyph is drawn with the first.
      guard cell.width > 0 else { return }
      // Nothing goes into the last cell of the last line: some terminals would scroll.
      if row == size.rows - 1, column + cell.width >= size.columns { return }
      put(cell, row, column)
    }
    shown = frame
    fettle_curses_show(Int32(frame.cursor.row), Int32(frame.cursor.column), 1)
  }

  private func put(_ cell: Frame.Cell, _ row: Int, _ column: Int) {
    let look = theme.look(cell.style)
    var attributes = 0
    if look.isBold { attributes |= FETTLE_BOLD }
    if look.isDim { attributes |= FETTLE_DIM }
    if look.isUnderlined { attributes |= FETTLE_UNDERLINE }
    if look.isReversed { attributes |= FETTLE_REVERSE }
    // Nearly always it is one character, which needs no array.
    if !cell.glyph.hasMarks {
      var only = cell.glyph.scalar.value
      fettle_curses_put(
        Int32(row), Int32(column), &only, 1, Int32(cell.width), Int32(attributes),
        Int32(look.color ?? 0))
      return
    }
    cell.glyph.scalars.map(\.value).withUnsafeBufferPointer { buffer in
      fettle_curses_put(
        Int32(row), Int32(column), buffer.baseAddress, Int32(buffer.count), Int32(cell.width),
        Int32(attributes), Int32(look.color ?? 0))
    }
  }

  mutating func repaintAll() {
    shown = nil
    fettle_curses_repaint_all()
  }

  mutating func input() -> [InputEvent] {
    var events: [InputEvent] = []
    var value: UInt32 = 0
    var mouse = fettle_mouse()
    while true {
      if paste != nil, !readPaste(into: &events) { return events }
      let raw: InputDecoder.Raw
      switch Int(fettle_curses_read(&value, &mouse)) {
      case FETTLE_READ_CHARACTER: raw = .scalar(value)
      case FETTLE_READ_KEY: raw = Self.raw(value)
      case FETTLE_READ_MOUSE:
        raw = .mouse(
          button: Int(mouse.button), row: Int(mouse.row), column: Int(mouse.column),
          isRelease: mouse.is_release != 0)
      case FETTLE_READ_IGNORED: continue
      default: return events
      }
      if raw == .pasteBegin {
        pasteTold = EventLoop.monotonicMilliseconds()
        paste = PasteReader(at: pasteTold)
      } else if let event = InputDecoder.event(raw) {
        events.append(event)
      }
    }
  }

  /// Whether a paste has begun and not ended; it is to be looked at though nothing comes.
  var isPasting: Bool { paste != nil }

  /// Reads what there is of a paste.
  /// - Returns: whether it is over.
  private mutating func readPaste(into events: inout [InputEvent]) -> Bool {
    var block = [UInt8](repeating: 0, count: 65_536)
    while var reader = paste {
      let now = EventLoop.monotonicMilliseconds()
      // What comes at once with a mark tells whether it is the end.
      let count = Int(
        fettle_curses_read_bytes(&block, Int32(block.count), reader.hasEnded ? 10 : 0))
      if count > 0 {
        paste = nil
        guard reader.take(block[..<count], at: now) else {
          events.append(.pasteGivenUp)
          return true
        }
        paste = reader
        if !reader.hasLongRest { continue }
      }
      guard reader.hasEnded || reader.silence(at: now) > PasteReader.longestSilence else {
        if now - pasteTold >= 500 {
          pasteTold = now
          events.append(.pasting(reader.count))
        }
        return false
      }
      paste = nil
      let ending = reader.end()
      events.append(ending.event)
      if ending.isRepaired { events.append(.pasteRepaired) }
      fettle_curses_put_back(ending.rest, Int32(ending.rest.count))
    }
    return true
  }

  private static func raw(_ code: UInt32) -> InputDecoder.Raw {
    switch Int(code) {
    case FETTLE_KEY_PASTE_BEGIN: .pasteBegin
    case FETTLE_KEY_PASTE_END: .pasteEnd
    default: .key(keys[Int(code)] ?? .unknown)
    }
  }

  private static let keys: [Int: Key] = [
    FETTLE_KEY_UP: .up, FETTLE_KEY_DOWN: .down,
    FETTLE_KEY_LEFT: .left, FETTLE_KEY_RIGHT: .right,
    FETTLE_KEY_HOME: .home, FETTLE_KEY_END: .end,
    FETTLE_KEY_PAGE_UP: .pageUp, FETTLE_KEY_PAGE_DOWN: .pageDown,
    FETTLE_KEY_BACKSPACE: .backspace, FETTLE_KEY_DELETE: .delete,
    FETTLE_KEY_ENTER: .enter, FETTLE_KEY_BACK_TAB: .backTab,
    FETTLE_KEY_WORD_LEFT: .wordLeft, FETTLE_KEY_WORD_RIGHT: .wordRight,
    FETTLE_KEY_F1: .function(1), FETTLE_KEY_F2: .function(2),
    FETTLE_KEY_ALT_UP: .altUp, FETTLE_KEY_ALT_DOWN: .altDown,
  ]

  /// What is shown at a place.
  func target(row: Int, column: Int) -> ClickTarget? { shown?.target(row: row, column: column) }

  /// Hands text to the clipboard of whatever draws the terminal (OSC 52).
  func copy(_ text: String) {
    fettle_curses_copy(Buffer(Array(text.utf8)).base64)
  }

  /// Asks the terminal to tell what the mouse does, or leaves the mouse to it.
  func useMouse(_ isOn: Bool) { fettle_curses_use_mouse(isOn ? 1 : 0) }

  func wait(milliseconds: Int32) -> Wakening {
    let signals = fettle_guard_descriptor()
    var descriptors = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
    ]
    var wakening = Wakening()
    guard poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0 else { return wakening }
    let ended = Int16(POLLHUP) | Int16(POLLERR) | Int16(POLLNVAL)
    if descriptors[0].revents & ended != 0 || fettle_is_hung_up(STDIN_FILENO) != 0 {
      wakening.isHungUp = true
    }
    wakening.hasInput = descriptors[0].revents & Int16(POLLIN) != 0
    let isWoken = descriptors[1].revents != 0
    let isSignalled = descriptors[2].revents & Int16(POLLIN) != 0
    // Most of the time it is a key and nothing else.
    guard isWoken || isSignalled else { return wakening }
    var bytes = [UInt8](repeating: 0, count: 64)
    if isWoken { _ = read(wakeDescriptor, &bytes, bytes.count) }
    guard isSignalled else { return wakening }
    let count = read(signals, &bytes, bytes.count)
    for byte in bytes.prefix(max(0, count)) {
      switch byte {
      case UInt8(ascii: "W"): wakening.wasResized = true
      case UInt8(ascii: "C"): wakening.wasContinued = true
      case UInt8(ascii: "Z"): wakening.shallStop = true
      case UInt8(ascii: "E"): wakening.shallEnd = true
      default: break
      }
    }
    return wakening
  }

  mutating func suspend() {
    fettle_curses_suspend()
    shown = nil
  }

  /// What became of a program the terminal was handed to.
  enum HandOver: Hashable {
    /// It ended with that status, and the terminal is taken back.
    case ended(Int32)
    /// It runs on; this program is to end and has not taken the terminal back.
    case runsOn(pid_t)
  }

  /// Hands the terminal to a command of the shell and takes it back.
  mutating func handOver(to command: String) -> HandOver {
    var running: Int32 = 0
    let status = fettle_curses_hand_over(command, &running)
    shown = nil
    return running == 0 ? .ended(status) : .runsOn(running)
  }

  /// Whether a signal asked the program to end.
  var isAskedToEnd: Bool { fettle_guard_is_asked_to_end() != 0 }

  /// Takes the terminal over again after another program stopped and continued this one.
  mutating func resume() {
    fettle_curses_resume()
    shown = nil
  }
}
