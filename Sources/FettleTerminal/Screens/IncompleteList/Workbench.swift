import FettleCore

/// The list and the record under the cursor at once: its chain, its bundles, what was tried and
/// changed. Opening the record gives it the whole screen and its keys.
extension State {
  /// Whether there is room for both.
  var hasWorkbench: Bool { size.rows >= 36 && size.columns >= 120 }

  /// Makes ready what the workbench shows where the screen has become large enough for one.
  mutating func prepareWorkbench() {
    guard hasWorkbench, detail == nil, screen == .incomplete, let preview = list.preview,
      preview.detail == nil
    else { return }
    list.previews[preview.record.id] = RecordPreview(preview.opened, isWhole: true)
  }

  /// The rows for what was tried and changed.
  private static let workbenchHistory = 4

  func drawWorkbench(_ selected: IncompleteSummary, _ area: Area, into frame: inout Frame) {
    let version: SafeText = "try \(selected.attempts)"
    frame.rule(
      "\(selected.id.short) · \(selected.scenarioName) · \(selected.state.word) · "
        + selected.retryWord(now: now) + " · " + version, in: area.line(0), isFocused: true)
    var opened = list.preview?.detail
    let message = list.preview?.message ?? SafeText(selected.reason)
    frame.put(
      "\(selected.errorType.rawValue) at module \(selected.failer.number) \(selected.failerTitle): "
        + message, at: 1, in: area.line(1), .role(.problem))
    let rows = area.rows - 2 - Self.workbenchHistory
    if let detail = opened {
      // What is wrong is to be seen without opening the record.
      opened?.treeTop = Self.scrolled(
        0, to: detail.cursorLine, rows: rows - 1, count: detail.tree.count, below: 2)
      let chain = detail.chain.lines(rows: rows - 1)
      opened?.chain.top = Self.scrolled(
        0, to: chain.firstIndex { $0.module == detail.chain.cursor } ?? 0, rows: rows - 1,
        count: chain.count, below: 1)
    }
    guard let opened else {
      frame.put("loading…", at: 1, in: area.line(2), .role(.faint))
      return
    }
    let left = min(area.columns * 45 / 100, 70)
    let chain = Area(row: area.row + 2, column: 0, rows: rows, columns: left)
    let bundles = Area(
      row: area.row + 2, column: left + 1, rows: rows, columns: area.columns - left - 1)
    // The hardware cursor belongs to the list, and so does the mouse.
    let cursor = frame.cursor
    drawChain(opened, chain, into: &frame)
    drawBundles(opened, bundles, into: &frame)
    for row in 1..<max(2, rows) {
      frame.put(
        "│", in: Area(row: chain.row + row, column: left, rows: 1, columns: 1), .role(.faint))
    }
    frame.put("┬", in: Area(row: chain.row, column: left, rows: 1, columns: 1), .role(.faint))
    drawHistory(
      opened,
      Area(row: area.row + 2 + rows, column: 0, rows: Self.workbenchHistory, columns: area.columns),
      into: &frame)
    frame.cursor = cursor
  }
}
