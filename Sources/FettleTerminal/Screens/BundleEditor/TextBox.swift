import FettleCore

/// A text of several lines while it is typed: only the lines around the cursor are looked at.
struct TextBox {
  let rows: [SafeText]
  /// Where the cursor is, in `rows` and columns.
  let cursor: (row: Int, column: Int)

  /// The rows around the cursor of a line editor.
  init(_ editor: LineEditor, columns: Int, rows limit: Int, isASCII: Bool) {
    let columns = max(2, columns)
    let limit = max(1, limit)
    let lines = editor.text.split(separator: "\n", omittingEmptySubsequences: false)
    let head = editor.head
    let current = head.utf8.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) }
    let before = head.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    func shown(_ text: Substring) -> SafeText {
      let safe = SafeText(String(text), limit: 40_000)
      return isASCII ? safe.ascii : safe
    }
    let wrapped = Self.wrap(lines.indices.contains(current) ? shown(lines[current]) : "", columns)
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
    var above = current - 1
    var cursorRow = row
    while above >= 0, cursorRow < limit / 2 {
      let more = Self.wrap(shown(lines[above]), columns)
      all = more + all
      cursorRow += more.count
      above -= 1
    }
    var below = current + 1
    while below < lines.count, all.count < cursorRow + limit {
      all += Self.wrap(shown(lines[below]), columns)
      below += 1
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
