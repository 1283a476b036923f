import FettleCore
import FettleEngine

/// The check as a dialog over the record, where there is room for one; else as a screen.
extension State {
  private var isDialog: Bool { size.rows >= 20 && size.columns >= 60 }

  /// The columns of its text.
  var checkColumns: Int { isDialog ? min(size.columns, 110) - 4 : max(10, size.columns - 4) }

  /// The rows of its text that can be seen.
  var checkRows: Int { isDialog ? size.rows - 6 : max(1, size.rows - 4) }

  private var checkTitle: SafeText {
    guard let detail, let resumeCheck else { return "" }
    let summary = detail.record.summary
    guard resumeCheck.isForResuming else {
      return resumeCheck.isDryRun
        ? "Check of \(summary.id.short), nothing is run"
        : "Changes of \(summary.id.short) since the failure"
    }
    if detail.substitute != nil {
      return
        "Resume \(summary.id.short) behind module \(summary.failer.number) \(summary.failerTitle)?"
    }
    let start = detail.restart ?? summary.failer
    let title = detail.blueprint.module(start)?.title ?? summary.failerTitle
    return "Resume \(summary.id.short) from module \(start.number) \(title)?"
  }

  func drawResumeCheck(into frame: inout Frame) {
    guard let resumeCheck else { return }
    let lines = resumeCheckLines
    guard isDialog else {
      let top = max(0, min(resumeCheck.top, lines.count - max(1, size.rows - 4)))
      return drawLines(lines, title: " " + checkTitle, top: top, into: &frame)
    }
    drawDetail(into: &frame)
    let rows = min(lines.count, checkRows)
    let width = checkColumns + 4
    let top = max(0, min(resumeCheck.top, lines.count - rows))
    let box = Area(
      row: max(0, (size.rows - 2 - rows - 2) / 2), column: (size.columns - width) / 2,
      rows: rows + 2, columns: width)
    drawBox(box, title: checkTitle, into: &frame)
    for offset in 0..<rows where lines.indices.contains(top + offset) {
      let line = lines[top + offset]
      frame.put(
        line.text, at: 2,
        in: Area(row: box.row + 1 + offset, column: box.column, rows: 1, columns: width - 1),
        .role(line.role))
    }
    if top + rows < lines.count {
      frame.putRight(
        " \(lines.count - top - rows) more ↓ ",
        in: Area(row: box.row + box.rows - 1, column: box.column, rows: 1, columns: width - 1),
        .role(.faint))
    }
    frame.cursor = (box.row + 1, box.column + 2)
    frame.isTyping = false
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }

  /// An empty frame with a title.
  func drawBox(_ box: Area, title: SafeText, into frame: inout Frame) {
    let inner = max(0, box.columns - 2)
    let bar = String(repeating: "─", count: inner)
    let space = String(repeating: " ", count: inner)
    for row in 0..<box.rows {
      let line = Area(row: box.row + row, column: box.column, rows: 1, columns: box.columns)
      let text =
        row == 0 ? "┌\(bar)┐" : row == box.rows - 1 ? "└\(bar)┘" : "│\(space)│"
      frame.put(SafeText(own: text), in: line)
    }
    frame.put(
      " " + title.clipped(to: max(1, inner - 4)) + " ", at: 2,
      in: Area(row: box.row, column: box.column, rows: 1, columns: box.columns - 1), .role(.title))
  }
}
