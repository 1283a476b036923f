/// Turns what curses reads into keys. Pastes are read past curses, by `PasteReader`.
enum InputDecoder {
  /// One piece as it was read.
  enum Raw: Hashable, Sendable {
    case scalar(UInt32)
    case key(Key)
    case mouse(button: Int, row: Int, column: Int, isRelease: Bool)
    case pasteBegin, pasteEnd
  }

  /// The event a piece is.
  static func event(_ raw: Raw) -> InputEvent? {
    switch raw {
    case .pasteBegin, .pasteEnd: return nil
    case .mouse(let button, let row, let column, let isRelease):
      guard !isRelease, let action = MouseEvent.Action(button: button) else { return nil }
      return .mouse(MouseEvent(action: action, row: row, column: column))
    case .key(let key): return .key(key)
    case .scalar(let value): return Unicode.Scalar(value).map { .key(key($0)) }
    }
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
