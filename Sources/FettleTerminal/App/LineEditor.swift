/// One line that is being typed.
struct LineEditor: Hashable, Sendable {
  private(set) var text: String
  /// How many characters stand before the cursor.
  private(set) var cursor: Int

  /// A line with the cursor at its end.
  init(_ text: String = "") {
    self.text = text
    cursor = text.count
  }

  /// A line with the cursor behind that many characters.
  init(_ text: String, cursor: Int) {
    self.text = text
    self.cursor = min(max(0, cursor), text.count)
  }

  /// What stands before the cursor.
  var head: String { String(text.prefix(cursor)) }

  private var tail: String { String(text.dropFirst(cursor)) }

  mutating func insert(_ inserted: String) {
    let before = head + inserted
    text = before + tail
    // A combining mark joins the character before it: count again instead of adding.
    cursor = min(before.count, text.count)
  }

  mutating func replace(with text: String) { self = LineEditor(text) }

  /// The same column of the line above or below, in a text of several lines.
  mutating func moveLine(_ step: Int) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let before = head.split(separator: "\n", omittingEmptySubsequences: false)
    let wanted = before.count - 1 + step
    guard lines.indices.contains(wanted) else {
      cursor = step < 0 ? 0 : text.count
      return
    }
    let column = min(before.last?.count ?? 0, lines[wanted].count)
    cursor = lines[..<wanted].reduce(0) { $0 + $1.count + 1 } + column
  }

  /// Does what a key means in a line.
  /// - Returns: false when it means nothing there.
  mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .left: cursor = max(0, cursor - 1)
    case .right: cursor = min(text.count, cursor + 1)
    case .home, .control("a"): cursor = 0
    case .end, .control("e"): cursor = text.count
    case .wordLeft: cursor = wordStart
    case .wordRight: cursor = wordEnd
    case .backspace, .control("h"): delete(from: max(0, cursor - 1))
    case .delete, .control("d"):
      guard cursor < text.count else { return true }
      cursor += 1
      delete(from: cursor - 1)
    case .control("w"): delete(from: wordStart)
    case .control("u"): delete(from: 0)
    case .control("k"): text = head
    case .character(let character): insert(String(character))
    default: return false
    }
    return true
  }

  private mutating func delete(from start: Int) {
    let rest = tail
    text = String(text.prefix(start)) + rest
    cursor = min(start, text.count)
  }

  private var wordStart: Int {
    let before = Array(head)
    var position = before.count
    while position > 0, !before[position - 1].isWordPart { position -= 1 }
    while position > 0, before[position - 1].isWordPart { position -= 1 }
    return position
  }

  private var wordEnd: Int {
    let all = Array(text)
    var position = cursor
    while position < all.count, !all[position].isWordPart { position += 1 }
    while position < all.count, all[position].isWordPart { position += 1 }
    return position
  }
}

extension Character {
  fileprivate var isWordPart: Bool { isLetter || isNumber || self == "_" }
}
