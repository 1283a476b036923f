import FettleCore
import FettleEngine

extension State {
  /// The smallest screen anything can be done on.
  static let smallest = Size(rows: 10, columns: 40)

  /// The picture of the state. Nothing but the state goes into it.
  func frame() -> Frame {
    SafeText.drawing(inASCII: surroundings.isASCII) { picture() }
  }

  private func picture() -> Frame {
    var frame = Frame(size: size, isASCII: surroundings.isASCII)
    guard size.rows >= Self.smallest.rows, size.columns >= Self.smallest.columns else {
      let text: SafeText = "Fettle needs \(Self.smallest.columns)x\(Self.smallest.rows); q quits"
      frame.put(
        text, at: max(0, (size.columns - text.width) / 2),
        in: frame.area.line(frame.size.rows / 2))
      return frame
    }
    if help != nil {
      drawHelp(into: &frame)
    } else if picker != nil {
      drawPicker(into: &frame)
    } else if groupEdit != nil, groupEdit?.stage != .mending {
      drawGroupEdit(into: &frame)
    } else if conflict != nil {
      drawConflict(into: &frame)
    } else if preview != nil {
      drawPreview(into: &frame)
    } else if recordAudit != nil {
      drawRecordAudit(into: &frame)
    } else if way != nil {
      drawWay(into: &frame)
    } else if resumeCheck != nil {
      drawResumeCheck(into: &frame)
    } else if detail != nil {
      drawDetail(into: &frame)
    } else if showsGroups {
      drawGroups(into: &frame)
    } else {
      switch screen {
      case .incomplete: drawList(into: &frame)
      case .scenarios: drawScenarios(into: &frame)
      case .history: drawHistory(into: &frame)
      case .live: drawLive(into: &frame)
      case .audit: drawAuditTrail(into: &frame)
      }
    }
    drawStale(into: &frame)
    if help == nil, picker == nil { drawBulk(into: &frame) }
    return frame
  }

  /// The line for what happened, what is asked, what is typed.
  func drawNotice(into frame: inout Frame, _ line: Area) {
    if case .bulk(let selection)? = question {
      drawSelection(selection, into: &frame, above: line.row)
    }
    if case .quitRunning? = question {
      drawLines(linesOfQuitting(columns: line.columns - 2), into: &frame, above: line.row)
    }
    if case .confirmation(let selection)? = typing?.purpose {
      drawSelection(selection, into: &frame, above: line.row)
    }
    if let question {
      frame.put(" " + text(of: question), in: line, .role(.problem))
      frame.cursor = (line.row, 0)
      return
    }
    if let typing, !isFiltering, !isTypedInTree, typing.context != .box {
      drawTyping(into: &frame, prompt: prompt(for: typing), line)
      return
    }
    if let problem = typing?.problem {
      frame.put(" ! " + problem, in: line, .role(.problem))
    } else if let candidates = typing?.candidates {
      frame.put(" " + candidates.line(columns: line.columns - 2), in: line, .role(.notice))
    } else if let typing, let editor = typing.editor {
      var text: SafeText =
        " " + placeName(of: editor) + " " + editor.kind.short + "  "
        + editor.hint(for: typing.line.text, in: surroundings.zone)
      if text.width > line.columns {
        text =
          " " + editor.kind.short + "  "
          + editor.hint(for: typing.line.text, in: surroundings.zone, isShort: true)
      }
      frame.put(text, in: line, .role(.notice))
    } else if let typing, case .mapping(let editor) = typing.purpose, let detail {
      frame.put(
        " mapping  " + editor.hint(for: typing.line.text, in: detail, now: now), in: line,
        .role(.notice))
    } else if let trouble {
      frame.put(" ! " + trouble, in: line, .role(.problem))
    } else if let patience = patienceWords, patience.isBanner {
      frame.put(" ! " + patience.text, in: line, .role(.problem))
    } else if quitsWhenIdle {
      frame.put(
        " quits when " + runningWords + " has ended; q asks again", in: line, .role(.notice))
    } else if let waitingWords {
      frame.put(" " + waitingWords, in: line, .role(.notice))
    } else if let patience = patienceWords {
      frame.put(" " + patience.text, in: line, .role(.notice))
    } else if let bulk, bulk.isRunning, bulk.isHidden {
      frame.put(
        " " + Self.verb(bulk.progress.action)
          + " \(bulk.progress.ended)/\(bulk.progress.total) · B shows it", in: line, .role(.notice))
    } else if notice.isEmpty, let lossWords {
      frame.put(" ! " + lossWords, in: line, .role(.problem))
    } else {
      let text = noticeParts(columns: line.columns)?.first ?? notice
      frame.put(" " + text, in: line, .role(.notice))
    }
  }

  /// What was lost for want of room, in the list where it would have been, until it is acknowledged.
  private var lossWords: SafeText? {
    guard screen == .incomplete, detail == nil, let counts, counts.lost > 0 else { return nil }
    let what: SafeText =
      "\(Quantity.grouped(counts.lost)) \(counts.lost == 1 ? "bundle" : "bundles") lost"
    return size.columns < 80
      ? what + ": 2, then a" : what + ", the store had no room: 2 shows where, a there acknowledges"
  }

  /// A notice the line is too short for goes on in the line of the keys, until the next one.
  func noticeParts(columns: Int) -> [SafeText]? {
    guard notice.width + 1 > columns, question == nil, typing == nil, trouble == nil, bulk == nil,
      !quitsWhenIdle
    else { return nil }
    return notice.wrapped(to: columns - 2, lines: 2)
  }

  private func text(of question: Question) -> SafeText {
    switch question {
    case .closeOrDelete(let id):
      "\(id.short): c close with a reason   d delete   Esc neither"
    case .delete(let id):
      "Delete \(id.short) \(summary(of: id)?.failerTitle ?? "")? y puts it into the bin"
    case .quit: "Quit? y"
    case .quitUnsaved: "Changes are not saved: s save and quit   d drop them   Esc stay"
    case .leaveUnsaved: "Changes are not saved: s save   d drop them   Esc stay"
    case .copy: "Copy: v the value   p its path   i the id   j JSON   Esc nothing"
    case .bulk(let selection):
      Self.verb(selection.action) + " these \(Quantity.grouped(selection.items.count))? y"
    case .closeOrDeleteMany(.these(let ids)):
      "\(ids.count) records: c close all with a reason   d delete all   Esc neither"
    case .closeOrDeleteMany(.matching):
      "All of them: c close all with a reason   d delete all   Esc neither"
    case .quitRunning where size.columns < 60: "s quit when it ended  d now  Esc stay"
    case .quitRunning: "s quit when it has ended   d quit now   Esc stay"
    case .applyToGroup(let count):
      "See the same change in the \(Quantity.grouped(count)) others of the group? y"
    case .input(let steps):
      "\(TreePlace.input(steps).text(failer: detail?.record.summary.failer ?? 0)) is no copy of a field:   v value for this record   m its mapping   Esc"
    case .mappingScope:
      "This mapping for:   o only this record   s the scenario of today too"
    case .undone(_, let module):
      "What module \(module.number) wrote was rolled back:  f go on there   h only from here   Esc"
    case .inDoubt(let id):
      "\(id.short) may have arrived:  s send it again   o it did, give its output   Esc"
    }
  }

  private func prompt(for typing: Typing) -> SafeText {
    switch typing.purpose {
    case .filter, .words, .search: " / "
    case .exportPath: " Write the lines to: "
    case .command: " :"
    case .closingReason(let id): " Close \(id.short), because: "
    case .closingReasonOfMany(.these(let ids)): " Close \(ids.count) records, because: "
    case .closingReasonOfMany(.matching): " Close all that match, because: "
    case .confirmation(let selection):
      " Type \(Self.confirmation(of: selection)) to "
        + SafeText(Self.verb(selection.action).text.lowercased()) + ": "
    case .fieldName(let parent): " Name of the new field in \(parent.description): "
    case .value(let editor): " " + placeName(of: editor) + " " + editor.kind.short + ": "
    case .mapping(let editor):
      " Mapping of \(TreePlace.input(editor.path.steps).text(failer: editor.path.module)): "
    case .stopping(let id):
      // The id has to be typed: it is what must not be cut.
      size.columns < 70
        ? " No way back: type \(String(id.prefix(8))) "
        : " There is no way back. Type \(String(id.prefix(8))) to stop the run: "
    case .rename(let path): " New name of \(path.description): "
    case .file(let path): " File to put at \(path.description): "
    case .json: " JSON: "
    case .substitute: " Output: "
    }
  }

  /// What Enter does with the line that is typed; nil where it keeps it.
  private var wordOfEnter: SafeText? {
    switch typing?.purpose {
    case .closingReason?, .closingReasonOfMany?: "close"
    case .confirmation(let selection)?:
      SafeText(Self.verb(selection.action).text.lowercased())
    case .stopping?: "stop the run"
    case .exportPath?: "write"
    case .fieldName?: "add"
    case .rename?: "rename"
    case .file?: "put it there"
    case .search?: "search"
    case .filter?, .words?, .value?, .mapping?, .json?, .substitute?, .command?, nil: nil
    }
  }

  private func placeName(of editor: ValueEditor) -> SafeText {
    "\(editor.place.text(failer: editor.path.module))"
  }

  /// A line to type in, scrolled so that the cursor is on it.
  func drawTyping(into frame: inout Frame, prompt: SafeText, _ line: Area) {
    guard let typing else { return }
    var line = line
    if let text = Self.problemBeside(typing, columns: line.columns) {
      frame.putRight(text, in: line, .role(.problem))
      line.columns -= text.width
    }
    let lead = prompt.clipped(to: max(0, line.columns - 12))
    frame.put(lead, in: line, .role(.title))
    drawField(
      into: &frame,
      Area(
        row: line.row, column: line.column + lead.width, rows: 1,
        columns: max(1, line.columns - lead.width)))
  }

  /// What is wrong with the line that is typed, where that has room beside it.
  private static func problemBeside(_ typing: Typing, columns: Int) -> SafeText? {
    guard let problem = typing.problem, columns > 60 else { return nil }
    let text: SafeText = " ! " + problem
    return text.width <= columns / 2 ? text : nil
  }

  /// What is wrong with the line that is typed, where it has no room there: as a line of its own.
  private func problemBelow(columns: Int) -> SafeText? {
    guard let typing, let problem = typing.problem, !isFiltering, !isTypedInTree,
      typing.context != .box
    else { return nil }
    return Self.problemBeside(typing, columns: columns) == nil ? " ! " + problem : nil
  }

  /// What is being typed, with the hardware cursor in it.
  func drawField(into frame: inout Frame, _ area: Area) {
    guard let typing else { return }
    let isSecret = typing.editor?.isSecret == true
    func shown(_ text: String) -> SafeText {
      let safe =
        isSecret
        ? SafeText(own: String(repeating: "•", count: text.count)) : SafeText(text)
      return frame.isASCII ? safe.ascii : safe
    }
    // A character takes a column at least: of a long line no more is looked at than can be seen.
    let most = area.columns + 40
    let before = typing.line.head.suffix(most)
    let head = shown(String(before))
    let all = shown(String(before) + String(typing.line.tail.prefix(most)))
    let room = max(1, area.columns - 1)
    // Scrolled so that the cursor keeps a few columns of what follows beside it.
    let skipped = max(0, head.width - room + min(4, room / 4))
    var left = skipped
    var visible = all.glyphs[...]
    while left > 0, let glyph = visible.first {
      left -= glyph.width
      visible = visible.dropFirst()
    }
    // What is scrolled off must not make one value look like another.
    if skipped > 0, let first = visible.first {
      let mark = SafeText(own: "…") + SafeText(repeating: " ", count: first.width - 1)
      visible = (mark.glyphs + visible.dropFirst())[...]
    }
    frame.put(
      SafeText(glyphs: Array(visible.prefix(area.columns + 1))).clipped(to: area.columns)
        .padded(to: area.columns), in: area, .role(.typing))
    if let range = typing.problemRange, !isSecret, before.startIndex == typing.line.head.startIndex
    {
      // What is wrong stands out in the line itself.
      let before = shown(String(typing.line.text.prefix(range.lowerBound))).width - skipped
      let wrong = shown(
        String(typing.line.text.prefix(range.upperBound).dropFirst(range.lowerBound)))
      if before >= 0, before < area.columns {
        var place = area
        place.column += before
        place.columns -= before
        frame.put(wrong, in: place, Style(role: .problem, isSelected: true))
      }
    }
    // A wide glyph that is only half scrolled off is left out whole.
    let column = area.column + min(room, head.width - skipped + min(0, left))
    frame.cursor = (area.row, max(area.column, min(column, frame.size.columns - 1)))
    frame.isTyping = true
  }

  /// The keys that matter here, as many as fit.
  func drawKeys(into frame: inout Frame, _ line: Area) {
    // The last cell of the screen is never written: the mark of what is cut stands before it.
    var words = line
    words.columns -= 1
    // Where the line above is typed in, the banner takes the place of the keys.
    if typing != nil, let patience = patienceWords, patience.isBanner {
      frame.put(" ! " + patience.text, in: words, .role(.problem))
      return
    }
    if help == nil, let problem = problemBelow(columns: line.columns) {
      frame.put(problem, in: words, .role(.problem))
      return
    }
    if help == nil, case .command? = typing?.purpose, let candidates = typing?.candidates {
      frame.put(" " + candidates.line(columns: words.columns - 2), in: words, .role(.notice))
      return
    }
    if help == nil, let keeping = typing?.keeping {
      frame.put(" ! " + keeping, in: line, .role(.problem))
      return
    }
    if help == nil, picker == nil, let parts = noticeParts(columns: line.columns), parts.count > 1 {
      frame.put(" " + parts[1], in: words, .role(.notice))
      return
    }
    var column = 1
    var room = line.columns
    let table = keyTable(context)
    // The way to all the others has a place of its own.
    if let help = table.help {
      let width = help.width + 1
      frame.putRight(help.keyName + " " + help.name + " ", in: line, .role(.key))
      var place = line
      place.column += max(0, line.columns - width)
      place.columns = width
      frame.mark(.key(help.key), in: place)
      room -= width + 2
    }
    // So has the way out.
    let leaving = table.waysOut.last { table.hints[$0].unavailable(self) == nil }
    var kept = leaving.map { table.hints[$0].width + 2 } ?? 0
    for index in table.hints.indices {
      var width = table.hints[index].width
      let other = table.hints[index].command == .keep ? wordOfEnter : nil
      if let other { width += other.width - table.hints[index].name.width }
      if index == leaving { kept = 0 }
      // What has no room is not asked whether it works.
      guard column + width + kept <= room, table.hints[index].unavailable(self) == nil else {
        continue
      }
      let keyName = table.hints[index].keyName
      frame.put(keyName, at: column, in: line, .role(.key))
      frame.put(
        other ?? table.hints[index].name, at: column + keyName.width + 1, in: line, .role(.faint))
      frame.mark(
        .key(table.hints[index].key),
        in: Area(row: line.row, column: line.column + column, rows: 1, columns: width))
      column += width + 2
    }
  }
}
