/// What a piece of the screen means; the theme decides what that looks like.
enum Role: Hashable, Sendable {
  case plain, title, faint, failed, done, waiting, running, changed, problem, key, notice, heading,
    typing
}

/// A meaning, and whether the cursor is on it.
struct Style: Hashable, Sendable {
  var role: Role
  var isSelected = false

  static let plain = Style(role: .plain)

  init(role: Role, isSelected: Bool = false) {
    self.role = role
    self.isSelected = isSelected
  }

  /// That meaning, not under the cursor.
  static func role(_ role: Role) -> Style { Style(role: role) }
}

/// The looks of the meanings. No meaning stands on colour alone: everything that matters also has a
/// word or a mark, and without colour the attributes still tell it apart.
struct Theme: Sendable {
  let hasColor: Bool
  /// Whether the background is light: yellow and cyan can hardly be read there.
  var isLight = false

  /// Whether a terminal says of itself that its background is light.
  /// - Parameter colors: what it says in `COLORFGBG`: the colours of the text and, last, of the
  ///   background, as `0;15`. Konsole, iTerm2 and rxvt do; of the others nothing is known.
  static func isLight(_ colors: String) -> Bool {
    let background = colors.split(separator: ";").last.flatMap { Int($0) }
    return background == 7 || background == 15
  }

  struct Look: Hashable, Sendable {
    var isBold = false
    var isDim = false
    var isUnderlined = false
    var isReversed = false
    /// One of the eight colours of every terminal; nil for the usual one.
    var color: Int?
  }

  func look(_ style: Style) -> Look {
    var look = Look()
    switch style.role {
    case .plain: break
    case .title: look.isBold = true
    case .heading: look.isUnderlined = true
    case .faint:
      // Dim text is unreadable on some screens without colour; there it stays plain.
      look.isDim = hasColor
    case .failed:
      look.isBold = true
      look.isReversed = true
      look.color = warning
    case .problem:
      look.isBold = true
      look.color = warning
    case .done: look.color = good
    case .waiting: look.color = warning
    case .running: look.isBold = true
    case .changed:
      look.isBold = true
      look.color = good
    case .typing: look.isUnderlined = true
    case .key: look.isBold = true
    case .notice: look.isBold = true
    }
    if style.isSelected { look.isReversed.toggle() }
    if style.isSelected, style.role == .failed {
      look.isReversed = true
      look.isUnderlined = true
    }
    if !hasColor { look.color = nil }
    return look
  }

  // Blue and yellow hues, on a light background blue and red: never red against green alone, and no dark
  // blue on black.
  private var warning: Int { isLight ? 1 : 3 }
  private var good: Int { isLight ? 4 : 6 }
}
