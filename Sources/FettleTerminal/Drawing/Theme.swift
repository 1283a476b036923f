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
      look.color = Self.orange
    case .problem:
      look.isBold = true
      look.color = Self.orange
    case .done: look.color = Self.cyan
    case .waiting: look.color = Self.orange
    case .running: look.isBold = true
    case .changed:
      look.isBold = true
      look.color = Self.cyan
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

  // Blue and yellow hues: never red against green alone, and no dark blue on black.
  private static let orange = 3
  private static let cyan = 6
}
