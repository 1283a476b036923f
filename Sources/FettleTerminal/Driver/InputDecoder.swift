/// Turns what curses reads into keys and pastes.
struct InputDecoder: Sendable {
  /// One piece as it was read.
  enum Raw: Hashable, Sendable {
    case scalar(UInt32)
    case key(Key)
    case pasteBegin, pasteEnd
  }

  /// A paste whose end never comes must not swallow the keyboard for ever.
  static let longestPaste = 1 << 20

  private var paste: String.UnicodeScalarView?

  /// The events a piece completes.
  mutating func decode(_ raw: Raw) -> InputEvent? {
    switch raw {
    case .pasteBegin:
      paste = String.UnicodeScalarView()
      return nil
    case .pasteEnd:
      guard let pasted = paste else { return nil }
      paste = nil
      return .paste(String(pasted))
    case .key(let key):
      guard paste != nil else { return .key(key) }
      if key == .enter { paste?.append("\n") }
      return nil
    case .scalar(let value):
      guard let scalar = Unicode.Scalar(value) else { return nil }
      guard let pasted = paste else { return .key(Self.key(scalar)) }
      // Terminals send the Return key for the ends of pasted lines.
      paste?.append(value == 13 ? "\n" : scalar)
      guard pasted.count >= Self.longestPaste else { return nil }
      paste = nil
      return .paste(String(pasted))
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
