import FettleCore

/// A text of several lines while it is typed: only the lines around the cursor are looked at.
struct TextBox {
  let rows: [SafeText]
  /// More characters of a line are not looked at on either side of the cursor.
  private static let stretch = 10_000

  /// Where the cursor is, in `rows` and columns.
  let cursor: (row: Int, column: Int)

  /// The rows around the cursor of a line editor.
  init(_ editor: LineEditor, columns: Int, rows limit: Int, isASCII: Bool) {
    let columns = max(2, columns)
    let limit = max(1, limit)
    func shown(_ text: Substring) -> SafeText {
      let safe = SafeText(String(text), limit: 40_000)
      return isASCII ? safe.ascii : safe
    }
    // Of a line that is longer than any screen a stretch around the cursor is looked at.
    let before = editor.head[LineEditor.startOfLastLine(in: editor.head[...])...].suffix(
      Self.stretch)
    let end = editor.tail.utf8.firstIndex(of: 0x0A) ?? editor.tail.endIndex
    let behind = editor.tail[..<end].prefix(Self.stretch)
    let wrapped = Self.wrap(shown(before + behind), columns)
    // The cursor of a full row stands on the next one.
    var (row, column) = (0, 0)
    for glyph in shown(before).glyphs {
      if column + glyph.width > columns {
        row += 1
        column = 0
      }
      column += glyph.width
    }
    if column >= columns {
      row += 1
      column = 0
    }
    var all = wrapped
    if row >= all.count { all.append("") }
    // Lines above and below fill the rest of the box.
    var above = editor.head[..<LineEditor.startOfLastLine(in: editor.head[...])]
    var cursorRow = row
    while !above.isEmpty, cursorRow < limit / 2 {
      above = above[..<above.utf8.index(before: above.endIndex)]
      let start = LineEditor.startOfLastLine(in: above)
      let more = Self.wrap(shown(above[start...].suffix(Self.stretch)), columns)
      all = more + all
      cursorRow += more.count
      above = above[..<start]
    }
    var below = editor.tail[end...]
    while !below.isEmpty, all.count < cursorRow + limit {
      below = below[below.utf8.index(after: below.startIndex)...]
      let end = below.utf8.firstIndex(of: 0x0A) ?? below.endIndex
      all += Self.wrap(shown(below[..<end].prefix(Self.stretch)), columns)
      below = below[end...]
    }
    let top = max(0, min(cursorRow - limit / 2, all.count - limit))
    rows = Array(all.dropFirst(top).prefix(limit))
    cursor = (cursorRow - top, column)
  }

  private static func wrap(_ text: SafeText, _ columns: Int) -> [SafeText] {
    var rows: [SafeText] = []
    var row: [SafeText.Glyph] = []
    var used = 0
    for glyph in text.glyphs {
      if used + glyph.width > columns {
        rows.append(SafeText(glyphs: row))
        row = []
        used = 0
      }
      row.append(glyph)
      used += glyph.width
    }
    return rows + [SafeText(glyphs: row)]
  }
}
