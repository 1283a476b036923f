import FettleCore

/// A screen that does what curses asks of a terminal of the xterm family, and remembers what was put
/// into the last cell of the last line: a terminal may scroll then.
struct TerminalGrid {
  let columns: Int
  let rows: Int
  private(set) var lines: [[Character]]
  /// What was put into the last cell of the last line.
  private(set) var inLastCell: [Character] = []
  /// How often a character behind the last cell scrolled the screen.
  private(set) var scrolls = 0
  /// Sequences it does not know: what it shows cannot be trusted then.
  private(set) var unknown: Set<String> = []
  private var row = 0
  private var column = 0
  private var last: Character = " "
  /// The lines that scroll.
  private var region: ClosedRange<Int>

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    lines = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    region = 0...rows - 1
  }

  /// The screen as text.
  var text: String { lines.map { String($0) }.joined(separator: "\n") }

  /// Does what was written.
  mutating func take(_ wire: String) {
    var rest = Substring(wire).unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\u{1B}": takeSequence(&rest)
      case "\r": column = 0
      case "\n": feed()
      case "\u{8}": column = max(0, column - 1)
      case "\t": column = min(columns - 1, (column / 8 + 1) * 8)
      case "\u{7}", "\u{E}", "\u{F}": break
      default: put(Character(scalar))
      }
    }
  }

  private mutating func put(_ character: Character) {
    if column >= columns {
      column = 0
      if row == rows - 1 { scrolls += 1 }
      feed()
    }
    if row == rows - 1, column == columns - 1 { inLastCell.append(character) }
    lines[row][column] = character
    column += 1
    last = character
  }

  private mutating func feed() {
    if row == region.upperBound { shift(by: 1, from: region.lowerBound) } else { row += 1 }
    row = min(row, rows - 1)
  }

  /// Moves the lines from one to the end of those that scroll up, or down when it is negative.
  private mutating func shift(by count: Int, from line: Int) {
    guard region.contains(line) else { return }
    let blank = Array(repeating: Character(" "), count: columns)
    for _ in 0..<min(abs(count), rows) {
      if count > 0 {
        lines.remove(at: line)
        lines.insert(blank, at: region.upperBound)
      } else {
        lines.remove(at: region.upperBound)
        lines.insert(blank, at: line)
      }
    }
  }

  private mutating func takeSequence(_ rest: inout Substring.UnicodeScalarView) {
    guard let kind = rest.popFirst() else { return }
    guard kind == "[" else {
      // Character sets take one more; keypad modes and the like do not.
      if kind == "(" || kind == ")" { _ = rest.popFirst() }
      if kind == "M" {
        if row == region.lowerBound { shift(by: -1, from: row) } else { row = max(0, row - 1) }
      }
      return
    }
    var parameters = ""
    while let next = rest.popFirst() {
      if ("\u{40}"..."\u{7E}").contains(next) { return perform(next, parameters) }
      parameters.unicodeScalars.append(next)
    }
  }

  private mutating func perform(_ command: Unicode.Scalar, _ parameters: String) {
    let numbers = parameters.split(separator: ";", omittingEmptySubsequences: false)
      .map { Int($0) ?? 0 }
    let first = max(1, numbers.first ?? 1)
    switch command {
    case "H", "f": move(first - 1, max(1, numbers.count > 1 ? numbers[1] : 1) - 1)
    case "A": move(row - first, column)
    case "B": move(row + first, column)
    case "C": move(row, column + first)
    case "D": move(row, min(column, columns - 1) - first)
    case "G": move(row, first - 1)
    case "d": move(first - 1, column)
    case "K":
      let range = numbers.first == 1 ? 0..<min(columns, column + 1) : min(column, columns)..<columns
      for cell in range { lines[row][cell] = " " }
    case "J":
      for line in (numbers.first == 2 ? 0 : row)..<rows {
        for cell in (line == row && numbers.first != 2 ? column : 0)..<columns {
          lines[line][cell] = " "
        }
      }
    case "X":
      for cell in column..<min(columns, column + first) { lines[row][cell] = " " }
    case "b": for _ in 0..<first { put(last) }
    case "P":
      lines[row].removeSubrange(column..<min(columns, column + first))
      lines[row] += Array(repeating: " ", count: columns - lines[row].count)
    case "@":
      lines[row].insert(contentsOf: Array(repeating: " ", count: first), at: column)
      lines[row].removeLast(lines[row].count - columns)
    case "S": shift(by: first, from: region.lowerBound)
    case "T": shift(by: -first, from: region.lowerBound)
    case "M": shift(by: first, from: row)
    case "L": shift(by: -first, from: row)
    case "r":
      let bottom = numbers.count > 1 ? min(rows, numbers[1]) : rows
      region = min(first - 1, bottom - 1)...(bottom - 1)
      move(0, 0)
    case "m", "h", "l", "t": break
    default: unknown.insert("\(parameters)\(command)")
    }
  }

  private mutating func move(_ row: Int, _ column: Int) {
    self.row = min(max(0, row), rows - 1)
    self.column = min(max(0, column), columns - 1)
  }
}
