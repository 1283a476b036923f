/// Text that can be drawn without driving the terminal. The drawing layer takes nothing else.
///
/// A literal is the program's own text; what is interpolated into it comes from outside and is made
/// visible: control characters as pictures, direction overrides and other invisible characters by
/// name, characters without an agreed width by number.
struct SafeText: Hashable, Sendable {
  private(set) var glyphs: [Glyph]

  /// Whether what is drawn now can only be ASCII. What is cut to columns is then spelled out first,
  /// so that it is cut to the width it will take, not to the one it had before.
  @TaskLocal static var isDrawnInASCII = false

  /// No text.
  init() { glyphs = [] }

  init(glyphs: [Glyph]) { self.glyphs = glyphs }

  /// Text from outside.
  /// - Parameter limit: the number of glyphs after which the rest is not even looked at, so that a
  ///   value of 10 MB costs no more than what of it fits a line.
  init(_ outside: String, limit: Int = usualLimit) {
    glyphs = []
    add(outside, isOwn: false, limit: limit)
  }

  /// How many glyphs of a text are looked at where nothing else is said.
  static let usualLimit = 4096

  /// The program's own text.
  init(own: String) {
    glyphs = []
    add(own, isOwn: true, limit: .max)
  }

  /// Adds text to the end. Marks at its beginning do not go upon what stands before it.
  private mutating func add(_ text: String, isOwn: Bool, limit: Int) {
    var sanitizer = Sanitizer(behind: glyphs, isOwn: isOwn, limit: limit)
    glyphs = []
    sanitizer.add(text)
    glyphs = sanitizer.glyphs
  }

  /// A text again and again.
  init(repeating text: SafeText, count: Int) {
    if text.glyphs.count == 1 {
      glyphs = Array(repeating: text.glyphs[0], count: max(0, count))
      return
    }
    glyphs = []
    for _ in 0..<max(0, count) { glyphs += text.glyphs }
  }

  var isEmpty: Bool { glyphs.isEmpty }

  /// The columns it takes.
  var width: Int { Self.width(glyphs) }

  private static func width(_ glyphs: [Glyph]) -> Int { glyphs.reduce(0) { $0 + $1.width } }

  /// Draws what is cut to columns as it will stand on the screen.
  static func drawing<Result>(inASCII: Bool, _ draw: () -> Result) -> Result {
    inASCII ? $isDrawnInASCII.withValue(true, operation: draw) : draw()
  }

  /// As it will stand on the screen that is drawn now.
  private var drawn: SafeText { Self.isDrawnInASCII ? ascii : self }

  /// As it is drawn where only ASCII can be.
  var ascii: SafeText {
    if glyphs.allSatisfy({ $0.scalar.isASCII && !$0.hasMarks }) { return self }
    return SafeText(
      glyphs: glyphs.flatMap { glyph -> [Glyph] in
        glyph.scalars.flatMap { scalar in
          Self.asciiTwin(of: scalar, isOwn: glyph.isOwn).unicodeScalars.map {
            Glyph($0, isOwn: glyph.isOwn)
          }
        }
      })
  }

  private static func asciiTwin(of scalar: Unicode.Scalar, isOwn: Bool) -> String {
    if scalar.isASCII { return String(Character(scalar)) }
    if isOwn { return Sanitizer.asciiTwins[scalar] ?? "?" }
    return Sanitizer.picturedControl(scalar).map { "^\($0)" } ?? Sanitizer.escaped(scalar)
  }

  /// At most that many columns; what had to go leaves an ellipsis.
  func clipped(to columns: Int) -> SafeText {
    let glyphs = drawn.glyphs
    // No glyph takes more than two columns.
    if glyphs.count * 2 <= columns || glyphs.count <= columns && Self.width(glyphs) <= columns {
      return SafeText(glyphs: glyphs)
    }
    guard columns > 0 else { return SafeText() }
    var taken: [Glyph] = []
    var used = 0
    for glyph in glyphs {
      if used + glyph.width > columns - 1 { break }
      taken.append(glyph)
      used += glyph.width
    }
    return SafeText(glyphs: taken) + SafeText(own: "…")
  }

  /// The last columns; what had to go leaves an ellipsis in front.
  func clippedInFront(to columns: Int) -> SafeText {
    let glyphs = drawn.glyphs
    if Self.width(glyphs) <= columns { return SafeText(glyphs: glyphs) }
    guard columns > 0 else { return SafeText() }
    var taken: [Glyph] = []
    var used = 0
    for glyph in glyphs.reversed() {
      if used + glyph.width > columns - 1 { break }
      taken.append(glyph)
      used += glyph.width
    }
    return SafeText(own: "…") + SafeText(glyphs: taken.reversed())
  }

  /// Exactly that many columns, filled with spaces.
  func padded(to columns: Int, rightAligned: Bool = false) -> SafeText {
    let text = clipped(to: columns)
    let space = SafeText(repeating: " ", count: columns - text.width)
    return rightAligned ? space + text : text + space
  }

  /// In lines of at most that many columns, broken at spaces where there are any.
  func wrapped(to columns: Int, lines limit: Int) -> [SafeText] {
    guard columns > 0, limit > 0 else { return [] }
    var lines: [SafeText] = []
    var rest = drawn.glyphs[...]
    while !rest.isEmpty {
      if lines.count == limit - 1 {
        lines.append(SafeText(glyphs: Array(rest)).clipped(to: columns))
        break
      }
      var end = rest.startIndex
      var used = 0
      var breakAt: Int?
      while end < rest.endIndex, used + rest[end].width <= columns {
        used += rest[end].width
        if rest[end].scalar == " " { breakAt = end }
        end += 1
      }
      if end == rest.endIndex {
        lines.append(SafeText(glyphs: Array(rest)))
        break
      }
      if rest[end].scalar == " " { breakAt = end }
      if let breakAt, breakAt > rest.startIndex {
        lines.append(SafeText(glyphs: Array(rest[..<breakAt])))
        rest = rest[(breakAt + 1)...]
      } else {
        // A glyph wider than the line would never fit: it is left out rather than looped on.
        let next = max(end, rest.startIndex + 1)
        lines.append(SafeText(glyphs: Array(rest[..<end])))
        rest = rest[next...]
      }
    }
    return lines
  }

  /// The text as it stands on the screen.
  var text: String {
    var text = ""
    for glyph in glyphs { text.unicodeScalars.append(contentsOf: glyph.scalars) }
    return text
  }

  static func + (left: SafeText, right: SafeText) -> SafeText {
    SafeText(glyphs: left.glyphs + right.glyphs)
  }

  static func += (left: inout SafeText, right: SafeText) { left.glyphs += right.glyphs }
}

extension SafeText: CustomStringConvertible {
  /// The text as it stands on the screen: safe wherever it ends up.
  var description: String { text }
}

extension SafeText: ExpressibleByStringInterpolation {
  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = SafeText()

    init(literalCapacity: Int, interpolationCount: Int) {
      text.glyphs.reserveCapacity(literalCapacity + 12 * interpolationCount)
    }

    mutating func appendLiteral(_ literal: String) { text.add(literal, isOwn: true, limit: .max) }
    mutating func appendInterpolation(_ outside: String) {
      text.add(outside, isOwn: false, limit: SafeText.usualLimit)
    }
    mutating func appendInterpolation(_ safe: SafeText) { text += safe }
    mutating func appendInterpolation(_ number: Int) {
      text.add(String(number), isOwn: true, limit: .max)
    }
  }

  init(stringLiteral value: String) { self.init(own: value) }
  init(stringInterpolation: StringInterpolation) { self = stringInterpolation.text }
}

extension Sequence where Element == SafeText {
  func joined(separator: SafeText) -> SafeText {
    var result = SafeText()
    for (position, element) in enumerated() {
      if position > 0 { result += separator }
      result += element
    }
    return result
  }
}
