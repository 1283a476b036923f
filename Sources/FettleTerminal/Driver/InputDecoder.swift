/// Turns what curses reads into keys and pastes.
struct InputDecoder: Sendable {
  /// One piece as it was read.
  enum Raw: Hashable, Sendable {
    case scalar(UInt32)
    case key(Key)
    case mouse(button: Int, row: Int, column: Int, isRelease: Bool)
    case pasteBegin, pasteEnd
  }

  /// A longer paste is not taken; none of it may become keys all the same.
  static let longestPaste = 1 << 24
  /// A paste whose end never comes must not swallow the keyboard for ever: after a silence this long, in
  /// milliseconds, it is over.
  static let longestSilence = 5000

  private var isPasting = false
  private var paste = String.UnicodeScalarView()
  private var pasteLength = 0
  /// When something came last, in milliseconds.
  private var lastTime = 0

  /// Tells what time it is before pieces are read.
  /// - Returns: the paste that is over because nothing of it came for so long.
  mutating func resume(at time: Int) -> InputEvent? {
    defer { lastTime = time }
    return isPasting && time - lastTime > Self.longestSilence ? endPaste() : nil
  }

  /// The event a piece completes.
  mutating func decode(_ raw: Raw) -> InputEvent? {
    switch raw {
    case .pasteBegin:
      _ = endPaste()
      isPasting = true
      return nil
    case .pasteEnd: return isPasting ? endPaste() : nil
    case .mouse(let button, let row, let column, let isRelease):
      // A report within a paste is data that looks like one.
      guard !isPasting, !isRelease, let action = MouseEvent.Action(button: button) else {
        return nil
      }
      return .mouse(MouseEvent(action: action, row: row, column: column))
    case .key(let key):
      guard isPasting else { return .key(key) }
      return key == .enter ? add("\n") : nil
    case .scalar(let value):
      guard let scalar = Unicode.Scalar(value) else { return nil }
      guard isPasting else { return .key(Self.key(scalar)) }
      // Terminals send the Return key for the ends of pasted lines.
      return add(value == 13 ? "\n" : scalar)
    }
  }

  private mutating func add(_ scalar: Unicode.Scalar) -> InputEvent? {
    pasteLength += 1
    if pasteLength <= Self.longestPaste {
      paste.append(scalar)
    } else if !paste.isEmpty {
      paste = String.UnicodeScalarView()
    }
    return nil
  }

  private mutating func endPaste() -> InputEvent {
    defer {
      isPasting = false
      paste = String.UnicodeScalarView()
      pasteLength = 0
    }
    return pasteLength > Self.longestPaste
      ? .pasteTooLong(pasteLength) : .paste(String(paste))
  }

  private static func key(_ scalar: Unicode.Scalar) -> Key {
    switch scalar.value {
    case 9: .tab
    case 10, 13: .enter
    case 27: .escape
    case 8, 127: .backspace
    case 0: .control(" ")
    case 1...26: letter(scalar.value + 0x60)
    case 28...31: letter(scalar.value + 0x40)
    default: .character(Character(scalar))
    }
  }

  private static func letter(_ value: UInt32) -> Key {
    Unicode.Scalar(value).map { .control(Character($0)) } ?? .unknown
  }
}
