import FettleCore

/// The blueprint of a record as boxes from left to right: lanes below each other, the failed module
/// in heavy lines with the word FAILED.
struct ChainBoxes: Equatable, Sendable {
  /// The drawing, row by row, as pieces of text at columns.
  private(set) var lines: [[Placed]] = []
  private(set) var width = 0
  /// Where the box of the failed module begins.
  private(set) var failed = (row: 0, column: 0)

  /// A text at a column.
  struct Placed: Equatable, Sendable {
    let column: Int
    let text: SafeText
    let role: Role
    /// The columns it may take where ASCII spells it out.
    let room: Int
  }

  private let record: IncompleteExecution
  /// Modules that are other ones in the blueprint of today.
  private let changed: Set<ModuleID>

  /// The columns of a box.
  static let boxWidth = 14
  /// The rows of a box.
  static let boxRows = 4
  private static let gap = 5

  /// - Parameter today: the blueprint the scenario has today; modules that differ are marked.
  init(_ record: IncompleteExecution, today: Blueprint? = nil) {
    self.record = record
    changed = today.map { BlueprintDiff(from: record.blueprint, to: $0).modules } ?? []
    // The row above the boxes belongs to what is written over arrows and lanes.
    _ = flow(record.blueprint.flow, row: 1, column: 0)
    if record.blueprint.flow.isEmpty { put("the blueprint has no modules", 0, 0, .faint) }
  }

  static func == (left: ChainBoxes, right: ChainBoxes) -> Bool {
    left.record == right.record && left.changed == right.changed
  }

  /// - Parameter room: the columns it may take where ASCII spells it out; as many as it likes.
  private mutating func put(
    _ text: SafeText, _ row: Int, _ column: Int, _ role: Role = .faint, room: Int = .max
  ) {
    while lines.count <= row { lines.append([]) }
    lines[row].append(Placed(column: column, text: text, role: role, room: room))
    width = max(width, column + text.width)
  }

  /// Draws modules one after the other.
  /// - Returns: the rows they and their lanes take.
  private mutating func flow(_ modules: [ModuleNode], row: Int, column: Int) -> Int {
    var column = column
    var rows = Self.boxRows
    for (position, module) in modules.enumerated() {
      if position > 0 {
        arrow(to: module, row: row + 1, column: column)
        column += Self.gap
      }
      box(module, row: row, column: column)
      let lanes = lanes(of: module)
      if !lanes.isEmpty {
        // The lanes stand to the right of their router, each below the one before.
        var below = row
        var above = row
        let start = column + Self.boxWidth + 2
        for (index, lane) in lanes.enumerated() {
          put(index == 0 ? "─┬" : index == lanes.count - 1 ? " └" : " ├", below + 1, start - 2)
          if index > 0 {
            for between in (above + 2)..<(below + 1) { put("│", between, start - 1) }
          }
          above = below
          let note = lane.note.isEmpty ? "" : " " + lane.note
          // A router at the beginning of a lane has titles of its own beside this one.
          let isNested = lane.flow.first.map { !self.lanes(of: $0).isEmpty } ?? false
          let room = isNested ? 18 - note.width : 26
          let title = lane.title.clipped(to: max(1, room)) + note
          put(title, below - 1, start + 1, room: room + note.width)
          put("──▸", below + 1, start)
          below += max(Self.boxRows, flow(lane.flow, row: below, column: start + 3)) + 1
        }
        rows = max(rows, below - row)
        column = max(column, width - Self.boxWidth)
      }
      if !module.handler.isEmpty {
        put("┊ on error", row + Self.boxRows, column + 1)
        let names = module.handler.map { handler -> SafeText in
          Directive(handler).map { SafeText(own: $0.word) }
            ?? "\(handler.id.number) \(handler.title)"
        }
        put(" ┊ " + names.joined(separator: " › "), row + Self.boxRows + 1, column)
        rows = max(rows, Self.boxRows + 2)
      }
      column += Self.boxWidth
    }
    return rows
  }

  private mutating func arrow(to module: ModuleNode, row: Int, column: Int) {
    let visit = record.visit(of: module.id)
    let isRun = visit != nil && (visit?.seen ?? 0) > 0
    put(isRun ? "────▸" : "┄┄┄┄▸", row, column)
    guard let filter = module.filter?.summary else { return }
    let room = Self.gap + 8
    put("▽" + SafeText(filter).clipped(to: room), row - 2, column, room: room + 1)
    if let visit, visit.seen > 0 { put("\(visit.passed)/\(visit.seen)", row + 1, column + 1) }
  }

  private mutating func box(_ module: ModuleNode, row: Int, column: Int) {
    let mark = ModuleMark(module, in: record)
    let isFailed = module.id == record.summary.failer
    if isFailed { failed = (row, column) }
    let inner = Self.boxWidth - 2
    let (bar, left, right) =
      isFailed ? ("━", ("┏", "┗"), ("┓", "┛")) : ("─", ("┌", "└"), ("┐", "┘"))
    let side = isFailed ? "┃" : "│"
    let number: SafeText = "\(module.id.number)"
    let delta: SafeText = changed.contains(module.id) ? " Δ" : ""
    var head = mark.glyph + " " + number + delta
    if isFailed {
      // The word stands there whatever there is room for beside it.
      let word = " " + mark.word
      head += word
      for narrower in [mark.glyph + number + delta + word, mark.glyph + number + word]
      where head.width > inner { head = narrower }
    }
    let edge = SafeText(own: String(repeating: bar, count: inner))
    put(SafeText(own: left.0) + edge + SafeText(own: right.0), row, column, mark.role)
    put(head.clipped(to: inner), row, column + 1, mark.role, room: inner)
    let names = module.steersFlow ? [module.title, ""] : [module.app, module.title]
    let wall = SafeText(own: side) + SafeText(repeating: " ", count: inner) + SafeText(own: side)
    for (line, name) in names.enumerated() {
      let role: Role = isFailed ? .failed : .plain
      put(wall, row + 1 + line, column, role)
      put(SafeText(name).clipped(to: inner), row + 1 + line, column + 1, role, room: inner)
    }
    put(SafeText(own: left.1) + edge + SafeText(own: right.1), row + 3, column, mark.role)
    put(note(module, mark).clipped(to: inner), row + 3, column + 1, mark.role, room: inner)
  }

  private func note(_ module: ModuleNode, _ mark: ModuleMark) -> SafeText {
    if module.id == record.summary.failer { return "\(record.summary.errorType.rawValue)" }
    guard let visit = record.visit(of: module.id), mark != .notRun else { return mark.word }
    if mark == .router { return "\(max(visit.passed, visit.seen)) in" }
    return visit.seen == 0 ? "out \(visit.emitted)" : "\(visit.passed) → \(visit.emitted)"
  }

  private func lanes(
    of module: ModuleNode
  ) -> [(title: SafeText, note: SafeText, flow: [ModuleNode])] {
    ChainDiagram.lanes(of: module, in: record).map { ($0.title, $0.note, $0.flow) }
  }

  /// Draws one row, beginning at a column.
  func draw(_ row: Int, from first: Int, in line: Area, into frame: inout Frame) {
    for placed in lines[row] {
      var column = placed.column - first
      var start: Int?
      var shown: [SafeText.Glyph] = []
      let text =
        frame.isASCII ? placed.text.ascii.clipped(to: placed.room) : placed.text
      for glyph in text.glyphs where column < line.columns {
        // A wide glyph that an edge would cut in two is left out.
        if column >= 0, column + glyph.width <= line.columns {
          start = start ?? column
          shown.append(glyph)
        }
        column += glyph.width
      }
      guard let start else { continue }
      frame.put(SafeText(glyphs: shown), at: start, in: line, .role(placed.role))
    }
  }
}
