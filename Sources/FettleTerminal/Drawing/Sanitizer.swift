/// Turns any text into glyphs that are safe to draw (terminal 3.6).
struct Sanitizer {
  private(set) var glyphs: [SafeText.Glyph]
  private let isOwn: Bool
  /// How many glyphs there may be, with those that were there before.
  private let limit: Int
  /// How many marks stand upon the last glyph. None can go upon what was there before.
  private var marks = SafeText.Glyph.mostMarks

  /// - Parameters:
  ///   - glyphs: what there is already; the text is added to it.
  ///   - isOwn: whether the text is the program's.
  ///   - limit: how many glyphs are added at most.
  init(behind glyphs: [SafeText.Glyph] = [], isOwn: Bool, limit: Int) {
    self.glyphs = glyphs
    self.isOwn = isOwn
    let (most, isTooMuch) = glyphs.count.addingReportingOverflow(limit)
    self.limit = isTooMuch ? .max : most
  }

  mutating func add(_ text: String) {
    if addPrintable(text) { return }
    // Most text is ASCII and ours is known to hold no sequences: neither has to be cut into
    // characters, which would be most of the work of painting a screen.
    if isOwn || text.utf8.prefix(limit).allSatisfy({ $0 < 0x80 }) {
      for scalar in text.unicodeScalars {
        if glyphs.count >= limit { return }
        add(scalar)
      }
      return
    }
    for character in text {
      if glyphs.count >= limit { return }
      let scalars = character.unicodeScalars
      guard let first = scalars.first else { continue }
      if scalars.count == 1 || !isEmojiSequence(first, scalars) {
        for scalar in scalars {
          // As many marks as one likes are one character.
          if glyphs.count >= limit { return }
          add(scalar)
        }
      } else {
        // Terminals disagree on the width of joined emoji; the first one stands for them all.
        add(first)
      }
    }
  }

  /// Adds text of printable ASCII only, which nearly all of it is.
  /// - Returns: whether it was such a text; nothing was added otherwise.
  private mutating func addPrintable(_ text: String) -> Bool {
    let room = limit - glyphs.count
    let table = isOwn ? Self.ownASCII : Self.outsideASCII
    let before = glyphs.count
    let isDone = text.utf8.withContiguousStorageIfAvailable { bytes in
      let bytes = bytes.prefix(room)
      guard bytes.allSatisfy({ 0x20...0x7E ~= $0 }) else { return false }
      glyphs.reserveCapacity(before + bytes.count)
      for byte in bytes { glyphs.append(table[Int(byte - 0x20)]) }
      return true
    }
    guard isDone == true else { return false }
    if glyphs.count > before { marks = 0 }
    return true
  }

  private func isEmojiSequence(
    _ first: Unicode.Scalar, _ scalars: String.UnicodeScalarView
  ) -> Bool {
    guard first.properties.isEmoji, !(0x1F1E6...0x1F1FF).contains(first.value) else { return false }
    return scalars.dropFirst().contains {
      $0.value == 0xFE0F || $0.value == 0x200D || (0x1F3FB...0x1F3FF).contains($0.value)
    }
  }

  private mutating func add(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x20...0x7E:
      marks = 0
      glyphs.append((isOwn ? Self.ownASCII : Self.outsideASCII)[Int(scalar.value - 0x20)])
    case 0x0A: append("⏎", width: 1)
    case ..<0x20: append(Unicode.Scalar(0x2400 + scalar.value) ?? "?", width: 1)
    case 0x7F: append("␡", width: 1)
    case 0x80...0x9F, 0x2028, 0x2029: spell(Self.escaped(scalar))
    default: addOther(scalar)
    }
  }

  private static let ownASCII = ascii(isOwn: true)
  private static let outsideASCII = ascii(isOwn: false)

  private static func ascii(isOwn: Bool) -> [SafeText.Glyph] {
    (UInt8(0x20)...0x7E).map {
      SafeText.Glyph(Unicode.Scalar($0), isOwn: isOwn)
    }
  }

  /// The program's own marks, which are known to take one column.
  private static let ownMarks: [Unicode.Scalar: SafeText.Glyph] = asciiTwins.keys.reduce(into: [:])
  {
    $0[$1] = SafeText.Glyph($1, isOwn: true)
  }

  private mutating func addOther(_ scalar: Unicode.Scalar) {
    if isOwn, let glyph = Self.ownMarks[scalar] {
      marks = 0
      glyphs.append(glyph)
      return
    }
    if let name = Self.invisibleNames[scalar.value] { return spell("‹\(name)›") }
    if (0x1F1E6...0x1F1FF).contains(scalar.value) {
      // A pair is a flag, two letters or nothing, depending on the terminal: say which letters.
      return spell("‹\(Self.scalarText(scalar.value - 0x1F1E6 + 0x41))›")
    }
    let properties = scalar.properties
    switch properties.generalCategory {
    case .unassigned, .privateUse, .surrogate, .control: return spell(Self.escaped(scalar))
    case .format: return spell("‹U+\(Self.hexadecimal(scalar))›")
    default: break
    }
    if properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint {
      return spell("‹U+\(Self.hexadecimal(scalar))›")
    }
    guard CellWidth.isJoining(scalar) else {
      return append(scalar, width: CellWidth.of(scalar))
    }
    guard let last = glyphs.last, last.isOwn == isOwn, marks < SafeText.Glyph.mostMarks else {
      return spell(Self.escaped(scalar))
    }
    glyphs[glyphs.count - 1] = last.marked(scalar, at: marks)
    marks += 1
  }

  private mutating func append(_ scalar: Unicode.Scalar, width: Int) {
    marks = 0
    glyphs.append(SafeText.Glyph(scalar, width: width, isOwn: isOwn))
  }

  private mutating func spell(_ text: String) {
    for scalar in text.unicodeScalars { glyphs.append(SafeText.Glyph(scalar, isOwn: true)) }
    // A mark must not land on the spelling of another character.
    marks = SafeText.Glyph.mostMarks
  }

  private static func scalarText(_ value: UInt32) -> String {
    Unicode.Scalar(value).map { String(Character($0)) } ?? "?"
  }

  private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// The scalar by its number.
  static func escaped(_ scalar: Unicode.Scalar) -> String {
    "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
  }

  /// The letter of the control character that a picture stands for, as in `^[`.
  static func picturedControl(_ scalar: Unicode.Scalar) -> String? {
    switch scalar.value {
    case 0x2400...0x241F: scalarText(scalar.value - 0x2400 + 0x40)
    case 0x2421: "?"
    case 0x23CE: "J"
    default: nil
    }
  }

  /// Characters that change what others look like and show nothing themselves.
  private static let invisibleNames: [UInt32: String] = [
    0x00AD: "SHY", 0x034F: "CGJ", 0x061C: "ALM", 0x180E: "MVS", 0x200B: "ZWSP", 0x200C: "ZWNJ",
    0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF",
    0x202D: "LRO", 0x202E: "RLO", 0x2060: "WJ", 0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI",
    0x2069: "PDI", 0xFEFF: "BOM",
  ]

  /// What the program's own marks become where only ASCII can be drawn.
  static let asciiTwins: [Unicode.Scalar: String] = [
    "│": "|", "─": "-", "├": "+", "└": "+", "┐": "+", "┌": "+", "┘": "+", "┬": "+", "┴": "+",
    "┊": ":", "┼": "+", "━": "=", "✓": "+", "✗": "X", "·": ".", "−": "-", "»": ">", "↻": "@",
    "◇": "<>", "§": "s", "▸": ">", "▾": "v", "›": ">", "‹": "<", "→": ">", "…": "~", "•": "*",
    "▽": "?",
    "↑": "^", "↓": "v", "—": "-", "▏": "|", "⏎": "^J", "␡": "^?", "“": "\"", "”": "\"",
    "┏": "+", "┓": "+", "┗": "+", "┛": "+", "┃": "|", "┄": "-", "Δ": "d", "█": "#", "░": ".",
  ]
}
