/// The size of a screen or of a part of it.
struct Size: Hashable, Sendable {
  var rows: Int
  var columns: Int
}

/// A part of the screen.
struct Area: Hashable, Sendable {
  var row: Int
  var column: Int
  var rows: Int
  var columns: Int

  /// One row of it, counted from its top.
  func line(_ offset: Int) -> Area {
    Area(row: row + offset, column: column, rows: 1, columns: columns)
  }
}

/// One picture of the whole screen, made of safe text only. It needs no terminal: tests compare it
/// with files.
struct Frame: Equatable, Sendable {
  /// One column of one row.
  struct Cell: Hashable, Sendable {
    /// What starts here.
    var glyph: SafeText.Glyph
    var style: Style

    static let blank = Cell(glyph: .space, style: .plain)

    var width: Int { glyph.width }
    /// As text; empty in the second column of a wide glyph.
    var text: String { glyph.text }
  }

  let size: Size
  let isASCII: Bool
  private(set) var cells: [Cell]
  /// What stands where, for the mouse; later ones lie on top.
  private var targets: [(area: Area, target: ClickTarget)] = []
  /// Where the hardware cursor stands: on what has the focus, so that screen readers follow it.
  var cursor: (row: Int, column: Int)
  /// Whether the cursor is a place to type at.
  var isTyping = false

  init(size: Size, isASCII: Bool) {
    self.size = Size(rows: max(1, size.rows), columns: max(1, size.columns))
    self.isASCII = isASCII
    cells = Array(repeating: .blank, count: self.size.rows * self.size.columns)
    cursor = (0, 0)
  }

  static func == (left: Frame, right: Frame) -> Bool {
    left.size == right.size && left.isASCII == right.isASCII && left.cells == right.cells
      && left.cursor == right.cursor && left.isTyping == right.isTyping
  }

  /// Says what a click into an area is on.
  mutating func mark(_ target: ClickTarget, in area: Area) { targets.append((area, target)) }

  /// What a click on a cell is on.
  func target(row: Int, column: Int) -> ClickTarget? {
    targets.last {
      row >= $0.area.row && row < $0.area.row + $0.area.rows && column >= $0.area.column
        && column < $0.area.column + $0.area.columns
    }?.target
  }

  /// Everything.
  var area: Area { Area(row: 0, column: 0, rows: size.rows, columns: size.columns) }

  func cell(_ row: Int, _ column: Int) -> Cell { cells[row * size.columns + column] }

  /// Goes through the cells that look otherwise than in another picture of the same size; through all
  /// where there is none.
  func forEachCell(
    unlike other: Frame?, _ body: (_ row: Int, _ column: Int, _ cell: Cell) -> Void
  ) {
    cells.withUnsafeBufferPointer { new in
      guard let other, other.size == size else {
        for position in new.indices {
          body(position / size.columns, position % size.columns, new[position])
        }
        return
      }
      other.cells.withUnsafeBufferPointer { old in
        for position in new.indices where new[position] != old[position] {
          body(position / size.columns, position % size.columns, new[position])
        }
      }
    }
  }

  /// Puts text at the beginning of a line of an area and clips it there.
  /// - Returns: the column behind it.
  @discardableResult
  mutating func put(
    _ text: SafeText, at offset: Int = 0, in line: Area, _ style: Style = .plain, fill: Bool = false
  ) -> Int {
    guard line.row >= 0, line.row < size.rows else { return line.column }
    let end = min(line.column + line.columns, size.columns)
    var column = line.column + max(0, offset)
    let shown = isASCII ? text.ascii : text
    for glyph in shown.clipped(to: max(0, end - column)).glyphs {
      // The ellipsis of the clipping is our own and may be new here.
      guard column + glyph.width <= end else { break }
      let drawn = isASCII && glyph.scalar == "…" ? SafeText.Glyph("~", isOwn: true) : glyph
      write(Cell(glyph: drawn, style: style), row: line.row, column: column)
      column += glyph.width
    }
    if fill {
      for blank in min(column, end)..<max(column, end) {
        write(Cell(glyph: .space, style: style), row: line.row, column: blank)
      }
    }
    return column
  }

  /// Puts text at the end of a line of an area.
  mutating func putRight(_ text: SafeText, in line: Area, _ style: Style = .plain) {
    let shown = (isASCII ? text.ascii : text).clipped(to: line.columns)
    put(shown, at: line.columns - shown.width, in: line, style)
  }

  /// Makes lines faint. The cursor, the heads of columns and what is typed stay as they are.
  mutating func dim(rows: Range<Int>) {
    for position in (rows.lowerBound * size.columns)..<(rows.upperBound * size.columns) {
      switch cells[position].style.role {
      case .typing, .heading: break
      default: cells[position].style.role = .faint
      }
    }
  }

  /// A horizontal line with a title in it.
  mutating func rule(_ title: SafeText = "", in line: Area, isFocused: Bool = false) {
    put(SafeText(repeating: "─", count: line.columns), in: line, .role(.faint))
    guard !title.isEmpty else { return }
    put(" \(title) ", at: 1, in: line, .role(isFocused ? .title : .faint))
  }

  private mutating func write(_ cell: Cell, row: Int, column: Int) {
    let position = row * size.columns + column
    // Hardly ever is a glyph wide.
    if cell.width == 1, column >= 0, column < size.columns, cells.indices.contains(position),
      cells[position].width == 1
    {
      cells[position] = cell
      return
    }
    guard column >= 0, column + cell.width <= size.columns, cells.indices.contains(position) else {
      return
    }
    clearWide(row: row, column: column)
    if cell.width == 2 { clearWide(row: row, column: column + 1) }
    cells[position] = cell
    if cell.width == 2 {
      cells[position + 1] = Cell(glyph: .secondHalf, style: cell.style)
    }
  }

  /// Half of a wide glyph must not stay when the other half is overwritten.
  private mutating func clearWide(row: Int, column: Int) {
    let position = row * size.columns + column
    if cells[position].width == 0, column > 0 {
      cells[position - 1] = Cell(glyph: .space, style: cells[position - 1].style)
    }
    if cells[position].width == 2, column + 1 < size.columns {
      cells[position + 1] = Cell(glyph: .space, style: cells[position + 1].style)
    }
  }

  /// The screen as text, without the spaces at the ends of lines.
  var text: String {
    (0..<size.rows).map { row in
      let line = (0..<size.columns).map { cell(row, $0).text }.joined()
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
