import FettleCore

/// Marking, on the list and in a record that was opened from it: the marks are those of the list.
extension State {
  /// What a key means for the marks. A record that is open stays where it is.
  mutating func updateMarks(_ command: Command) -> [Effect] {
    switch command {
    case .mark:
      guard let id = selectedID else { return [] }
      list.marks.toggle(id)
      notice =
        list.marks.contains(id)
        ? "\(id.short) is marked; R resumes what is marked" : "\(id.short) is not marked any longer"
    case .markRange: markRange()
    case .markAll:
      list.marks = .allOf(list.filter, except: [])
      notice = "everything the filter lets through is marked; R counts it and asks"
    case .clearMarks:
      list.marks = .none
      list.rangeStart = nil
      notice = "nothing is marked now"
    default: break
    }
    return []
  }

  private mutating func markRange() {
    guard let cursor = list.cursor, list.place(of: cursor) != nil else {
      notice = "the record is not in the list behind it; Space marks it alone"
      return
    }
    guard let start = list.rangeStart else {
      list.rangeStart = cursor
      notice =
        detail == nil
        ? "move to the other end and press v again to mark what is between"
        : "[ and ] go to the other end; v again marks what is between"
      return
    }
    let range = list.range(from: start, to: cursor)
    guard !range.isEmpty else {
      list.rangeStart = cursor
      notice = "where the range began is not in the list any more; it begins here now"
      return
    }
    list.marks.mark(range)
    list.rangeStart = nil
    notice = "\(range.count) marked"
  }

  /// What a record's title says of the marks of the list behind it; nil when there are none.
  var marksInTitle: SafeText? {
    var parts: [SafeText] = []
    if let start = list.rangeStart, let cursor = list.cursor {
      parts.append("range of \(list.range(from: start, to: cursor).count)")
    }
    if !list.marks.isEmpty { parts.append(list.marks.words) }
    return parts.isEmpty ? nil : parts.joined(separator: " · ")
  }
}
