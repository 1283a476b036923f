import FettleCore
import FettleEngine

/// Where the parts of an opened record stand. Below 60 columns, when zoomed, and while a value is
/// typed on a screen that is not very wide, one pane has all the room.
struct DetailLayout {
  let header: Area
  let error: Area
  let chain: Area?
  let bundles: Area?
  let history: Area?
  /// Where the panes are.
  let body: Area
  let notice: Area
  let keys: Area

  // Borrowed: a state that is handed over is copied, which is more work than the layout.
  init(_ state: borrowing State) {
    let size = state.size
    func rows(_ row: Int, _ count: Int) -> Area {
      Area(row: row, column: 0, rows: count, columns: size.columns)
    }
    header = rows(0, 1)
    // A narrow screen needs the second line more than the tree does.
    let errorRows = size.rows >= 20 || size.columns < 60 ? 2 : 1
    error = rows(1, errorRows)
    let historyRows = size.rows >= 30 ? 6 : size.rows >= 22 ? 3 : 0
    let first = 1 + errorRows
    let last = size.rows - 2 - historyRows
    body = rows(first, max(2, last - first))
    history = historyRows > 0 ? rows(last, historyRows) : nil
    notice = rows(size.rows - 2, 1)
    keys = rows(size.rows - 1, 1)

    let pane = state.detail?.pane ?? .bundles
    let isAlone =
      size.columns < 60 || state.detail?.isZoomed == true
      || ((state.typing?.isValue == true || state.typing?.context == .mapping)
        && size.columns < 120)
    if isAlone {
      chain = pane == .chain ? body : nil
      bundles = pane == .bundles ? body : nil
    } else {
      let left = min(size.columns * 45 / 100, 70)
      chain = Area(row: body.row, column: 0, rows: body.rows, columns: left)
      bundles = Area(
        row: body.row, column: left + 1, rows: body.rows, columns: size.columns - left - 1)
    }
  }
}

extension State {
  /// Whether the value that is being typed has a line of its own in the tree.
  var isTypedInTree: Bool {
    guard let place = typedPlace, let detail else { return false }
    return detail.tree.position(of: place) != nil
  }

  /// Where what is being typed stands in the tree; nil when it has no place there.
  private var typedPlace: TreePlace? {
    switch typing?.purpose {
    case .value(let editor)?: editor.isBox ? nil : editor.place
    case .mapping(let editor)?: .input(editor.path.steps)
    default: nil
    }
  }

  func drawDetail(into frame: inout Frame) {
    guard let detail else { return }
    let layout = DetailLayout(self)
    drawDetailHeader(detail, layout, into: &frame)
    if let area = layout.chain { drawChain(detail, area, into: &frame) }
    if let area = layout.bundles { drawBundles(detail, area, into: &frame) }
    if let chain = layout.chain, layout.bundles != nil {
      for row in 1..<max(2, chain.rows) {
        frame.put(
          "│", in: Area(row: chain.row + row, column: chain.columns, rows: 1, columns: 1),
          .role(.faint))
      }
      frame.put(
        "┬", in: Area(row: chain.row, column: chain.columns, rows: 1, columns: 1), .role(.faint))
    }
    if typing?.context == .box { drawTextBox(in: layout.body, into: &frame) }
    if let area = layout.history { drawHistory(detail, area, into: &frame) }
    drawNotice(into: &frame, layout.notice)
    drawKeys(into: &frame, layout.keys)
  }

  private func drawDetailHeader(
    _ detail: DetailState, _ layout: DetailLayout, into frame: inout Frame
  ) {
    let summary = detail.record.summary
    let state: SafeText = running.contains(summary.id) ? "RUN" : SafeText(own: summary.state.word)
    var right: SafeText = ""
    if !detail.drafts.isEmpty {
      right = "\(detail.changedCount) changed · UNSAVED "
    } else if size.columns >= 60 {
      if let index = list.index, list.reachesStart, list.filter.isEverything, let openTotal {
        right = "\(index + 1) of \(Quantity.grouped(max(openTotal, index + 1)))   "
      }
      right += "retry: " + summary.retryWord(now: now) + " "
    }
    if let marks = marksInTitle, detail.drafts.isEmpty || size.columns >= 60 {
      right = marks + (right.isEmpty ? " " : "   ") + right
    }
    let lead: SafeText = size.columns >= 60 ? " Incomplete › " : " "
    let mark: SafeText = list.marks.contains(summary.id) ? "* " : ""
    let title = lead + mark + "\(summary.id.short)  " + state + "  \(summary.scenarioName)"
    frame.put(
      title.clipped(to: max(1, size.columns - right.width - 1)), in: layout.header, .role(.title))
    frame.putRight(right, in: layout.header, .role(detail.drafts.isEmpty ? .faint : .changed))

    let error = detail.record.error
    var text: SafeText =
      "\(error.type.rawValue) at module \(summary.failer.number) \(summary.failerTitle): "
      + detail.shown(error.message)
    if let code = error.statusCode, !error.message.contains("\(code)") { text += " (HTTP \(code))" }
    // Where it is mended comes before a message, which may be cut.
    if let next = detail.record.successor {
      text = "Goes on as \(next.short) (L opens it). " + text
    } else if let awaited = error.awaited, summary.state != .resolved {
      text = "Waits for \(awaited.short) (L opens it). " + text
    } else if let said = error.detail, !said.isEmpty {
      text += " · " + detail.shown(String(said.prefix(2000)))
    }
    if let first = detail.opened.undoneFrom {
      text =
        "What module \(first.number) wrote to data stores was rolled back since: r asks where to go on. "
        + text
    }
    if let former = detail.record.predecessor { text += " · continues \(former.short) (L)" }
    for (offset, part) in text.wrapped(to: size.columns - 2, lines: layout.error.rows).enumerated()
    {
      frame.put(part, at: 1, in: layout.error.line(offset), .role(.problem))
    }
  }

  func drawChain(_ detail: DetailState, _ area: Area, into frame: inout Frame) {
    let isFocused = detail.pane == .chain
    let moves: SafeText = detail.chain.isBoxes ? " · the cursor keys move it" : ""
    frame.rule("CHAIN" + moves, in: area.line(0), isFocused: isFocused)
    frame.mark(.pane(.chain), in: area)
    if detail.chain.isBoxes {
      let boxes = detail.chain.boxes
      for offset in 0..<max(0, area.rows - 1) {
        let index = detail.chain.panRow + offset
        guard boxes.lines.indices.contains(index) else { break }
        boxes.draw(index, from: detail.chain.panColumn, in: area.line(1 + offset), into: &frame)
      }
      if isFocused {
        // On the failed box, as far as it is to be seen.
        let row = boxes.failed.row - detail.chain.panRow
        let column = boxes.failed.column - detail.chain.panColumn
        frame.cursor = (
          area.row + 1 + min(max(0, row), max(0, area.rows - 2)),
          area.column + min(max(0, column), max(0, area.columns - 1))
        )
      }
      return
    }
    let lines = detail.chain.lines(rows: area.rows - 1)
    for offset in 0..<max(0, area.rows - 1) {
      let index = detail.chain.top + offset
      guard lines.indices.contains(index) else { break }
      let line = lines[index]
      let isCursor = line.module != nil && line.module == detail.chain.cursor
      var place = area.line(1 + offset)
      place.column += 1
      place.columns -= 2
      if isCursor, isFocused {
        frame.put(">", in: area.line(1 + offset), .role(.key))
        frame.cursor = (place.row, area.column)
      }
      line.draw(into: &frame, place, isSelected: isCursor && isFocused)
      if let module = line.module { frame.mark(.module(module), in: place) }
    }
  }

  func drawBundles(_ detail: DetailState, _ area: Area, into frame: inout Frame) {
    if let operations = detail.chain.operations {
      return drawOperations(operations, detail, area, into: &frame)
    }
    let problems = detail.culprits.count
    let summary = detail.record.summary
    var title: SafeText = "INPUT of \(summary.failer.number) \(summary.failerTitle)"
    let found: SafeText =
      problems == 0 ? "" : problems == 1 ? " · 1 problem" : " · \(problems) problems"
    // Which bundle it is leaves first, then the end of the name.
    if let bundle = detail.bundleNumber,
      title.width + bundle.width + 10 + found.width <= area.columns - 6
    {
      title += " · bundle " + bundle
    }
    title = title.clipped(to: max(10, area.columns - 6 - found.width)) + found
    let isFocused = detail.pane == .bundles
    frame.rule(title, in: area.line(0), isFocused: isFocused)
    frame.mark(.pane(.bundles), in: area)
    let columns = TreeColumns(width: area.columns)
    for offset in 0..<max(0, area.rows - 1) {
      let index = detail.treeTop + offset
      guard index < detail.tree.count else { break }
      let line = detail.tree[index]
      let place = area.line(1 + offset)
      let isCursor = !line.isNote && line.place == detail.cursor && isFocused
      columns.draw(line, place, isCursor: isCursor, into: &frame)
      if !line.isNote { frame.mark(.field(line.place), in: place) }
      if isCursor { frame.cursor = (place.row, place.column) }
    }
    // Typed last, so that the hardware cursor stands where the next character goes.
    guard let typed = typedPlace, let index = detail.tree.position(of: typed) else { return }
    let offset = index - detail.treeTop
    guard offset >= 0, offset < area.rows - 1 else { return }
    let place = area.line(1 + offset)
    let kind: SafeText = typing?.editor?.kind.short ?? "map"
    frame.put(kind.padded(to: 6), at: columns.kindAt, in: place, .role(.changed))
    drawField(
      into: &frame,
      Area(
        row: place.row, column: place.column + columns.valueAt, rows: 1,
        columns: max(1, columns.valueWidth)))
  }

  private func drawOperations(
    _ operations: ChainState.Operations, _ detail: DetailState, _ area: Area,
    into frame: inout Frame
  ) {
    let title = detail.blueprint.module(operations.module)?.title ?? ""
    frame.rule("\(operations.module.number) \(title), as it ran", in: area.line(0))
    for (offset, line) in operationLines(operations, detail).prefix(max(0, area.rows - 1))
      .enumerated()
    {
      frame.put(line.text, at: 1, in: area.line(1 + offset), .role(line.role))
    }
  }

  /// A text of several lines that is being typed, in the place of the panes.
  private func drawTextBox(in area: Area, into frame: inout Frame) {
    guard let typing else { return }
    let title: SafeText =
      switch typing.purpose {
      case .value(let editor):
        "\(editor.path.description)  text, " + Quantity.grouped(typing.line.text.count) + " ch"
      case .json: "JSON to put here; paste it, or type it and press Ctrl-S"
      default: "The output of the failed module, as a JSON object"
      }
    drawBox(area, title: title, into: &frame)
    let isSecret = typing.editor?.isSecret == true
    let line =
      isSecret
      ? LineEditor(
        String(repeating: "•", count: typing.line.text.count), cursor: typing.line.cursor)
      : typing.line
    let box = TextBox(
      line, columns: area.columns - 3, rows: area.rows - 2, isASCII: frame.isASCII)
    for (offset, row) in box.rows.enumerated() {
      frame.put(
        row, at: 1,
        in: Area(
          row: area.row + 1 + offset, column: area.column, rows: 1, columns: area.columns - 1))
    }
    frame.cursor = (
      min(area.row + 1 + box.cursor.row, frame.size.rows - 1),
      min(area.column + 1 + box.cursor.column, frame.size.columns - 1)
    )
    frame.isTyping = true
  }

  func drawHistory(_ detail: DetailState, _ area: Area, into frame: inout Frame) {
    let record = detail.record
    frame.rule("ATTEMPTS AND CHANGES", in: area.line(0))
    var lines: [(date: Instant, text: SafeText)] = [
      (
        record.summary.created,
        "run \(String(record.summary.executionID.prefix(8)))  stored"
          + (record.hasFailedAgain ? "" : "  \(record.summary.errorType.rawValue)")
      )
    ]
    for attempt in record.attempts {
      let milliseconds = attempt.ended.milliseconds - attempt.started.milliseconds
      lines.append(
        (
          attempt.started,
          "try \(attempt.number)  \(attempt.trigger.rawValue)  "
            + outcome(attempt.outcome, detail.mask).text + "  "
            + Quantity.seconds(milliseconds: Int(clamping: milliseconds))
        ))
    }
    for edit in record.edits {
      let isSecret = detail.mapped.isSecret(edit.path)
      lines.append(
        (
          edit.date,
          "\(edit.author)  \(edit.path.description)  "
            + ValueText.typed(edit.old, isSecret: isSecret, mask: detail.mask)
            + " → " + ValueText.typed(edit.new, isSecret: isSecret, mask: detail.mask)
        ))
    }
    for edit in record.mappingEdits {
      let isSecret = detail.mapped.isSecret(Draft(path: edit.path, value: nil, in: .mapping))
      lines.append(
        (
          edit.date,
          "\(edit.author)  mapping \(edit.path.description)  "
            + (isSecret
              ? "changed" : ValueText.mapping(edit.old) + " → " + ValueText.mapping(edit.new))
        ))
    }
    if let reason = record.closingReason {
      lines.append((record.summary.created, "closed: \(reason)"))
    }
    let room = area.rows - 1
    for (offset, line) in lines.sorted(by: { $0.date > $1.date }).prefix(room).enumerated() {
      frame.put(
        surroundings.zone.long(line.date) + "  " + line.text, at: 1, in: area.line(1 + offset))
    }
  }
}
