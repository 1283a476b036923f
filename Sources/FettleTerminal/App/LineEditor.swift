/// A line, or a text of several lines, that is being typed. What stands before the cursor and what stands
/// behind it are two strings: a key in a text of megabytes looks at what is beside the cursor only.
struct LineEditor: Hashable, Sendable {
  /// What stands before the cursor.
  private(set) var head: String
  /// What stands behind it.
  private(set) var tail: String

  /// A line with the cursor at its end.
  init(_ text: String = "") {
    head = text
    tail = ""
  }

  /// A line with the cursor behind that many characters.
  init(_ text: String, cursor: Int) {
    let place = text.index(text.startIndex, offsetBy: max(0, cursor), limitedBy: text.endIndex)
    head = String(text[..<(place ?? text.endIndex)])
    tail = String(text[(place ?? text.endIndex)...])
  }

  /// All of it.
  var text: String { tail.isEmpty ? head : head + tail }

  /// How many characters stand before the cursor.
  var cursor: Int { head.count }

  mutating func insert(_ inserted: String) {
    head += inserted
    join()
  }

  mutating func replace(with text: String) { self = LineEditor(text) }

  /// A mark behind the cursor joins the character before it: the cursor stands behind both then.
  private mutating func join() {
    guard let last = head.last, let first = tail.first,
      (String(last) + String(first)).count < 2
    else { return }
    head.append(tail.removeFirst())
  }

  /// The same column of the line above or below, in a text of several lines.
  mutating func moveLine(_ step: Int) {
    let start = Self.startOfLastLine(in: head[...])
    let column = head[start...].count
    if step < 0 {
      guard start > head.startIndex else { return moveToStart() }
      let above = Self.startOfLastLine(in: head[..<head.utf8.index(before: start)])
      let place = head.index(
        above, offsetBy: column, limitedBy: head.utf8.index(before: start))
      moveBack(to: place ?? head.utf8.index(before: start))
    } else {
      guard let end = tail.utf8.firstIndex(of: 0x0A) else { return moveToEnd() }
      let below = tail.utf8.index(after: end)
      let line = tail[below...]
      let limit = line.utf8.firstIndex(of: 0x0A) ?? tail.endIndex
      moveOn(to: tail.index(below, offsetBy: column, limitedBy: limit) ?? limit)
    }
  }

  /// Where the last line of a text begins.
  static func startOfLastLine(in text: Substring) -> String.Index {
    text.utf8.lastIndex(of: 0x0A).map { text.utf8.index(after: $0) } ?? text.startIndex
  }

  /// Does what a key means in a line.
  /// - Returns: false when it means nothing there.
  mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .left: moveBack(to: head.isEmpty ? head.endIndex : head.index(before: head.endIndex))
    case .right: moveOn(to: tail.isEmpty ? tail.startIndex : tail.index(after: tail.startIndex))
    case .home, .control("a"): moveToStart()
    case .end, .control("e"): moveToEnd()
    case .wordLeft: moveBack(to: wordStart)
    case .wordRight: moveOn(to: wordEnd)
    case .backspace, .control("h"):
      _ = head.popLast()
      join()
    case .delete, .control("d"):
      if !tail.isEmpty { tail.removeFirst() }
      join()
    case .control("w"):
      head.removeSubrange(wordStart...)
      join()
    case .control("u"): head = ""
    case .control("k"): tail = ""
    case .character(let character): insert(String(character))
    default: return false
    }
    return true
  }

  private mutating func moveToStart() {
    tail = text
    head = ""
  }

  private mutating func moveToEnd() {
    head = text
    tail = ""
  }

  private mutating func moveBack(to place: String.Index) {
    tail.insert(contentsOf: head[place...], at: tail.startIndex)
    head.removeSubrange(place...)
  }

  private mutating func moveOn(to place: String.Index) {
    head += tail[..<place]
    tail.removeSubrange(..<place)
  }

  private var wordStart: String.Index {
    var place = head.endIndex
    var isInWord = false
    while place > head.startIndex {
      let before = head.index(before: place)
      if head[before].isWordPart { isInWord = true } else if isInWord { break }
      place = before
    }
    return place
  }

  private var wordEnd: String.Index {
    var place = tail.startIndex
    var isInWord = false
    while place < tail.endIndex {
      if tail[place].isWordPart { isInWord = true } else if isInWord { break }
      place = tail.index(after: place)
    }
    return place
  }
}

extension Character {
  fileprivate var isWordPart: Bool { isLetter || isNumber || self == "_" }
}
