import FettleCore
import FettleEngine

/// Where the parts of the list stand.
struct ListLayout {
  let header: Area
  let filter: Area?
  let columns: Area
  let list: Area
  let preview: Area?
  let notice: Area
  let keys: Area

  // Borrowed: a state that is handed over is copied, which is more work than the layout.
  init(_ state: borrowing State) {
    let size = state.size
    func line(_ row: Int) -> Area { Area(row: row, column: 0, rows: 1, columns: size.columns) }
    let showsFilter = size.rows >= 16 || state.isFiltering || !state.list.filter.isEverything
    header = line(0)
    filter = showsFilter ? line(1) : nil
    columns = line(showsFilter ? 2 : 1)
    let first = columns.row + 1
    let last = size.rows - 2
    let previewRows =
      state.hasWorkbench
      ? last - first - size.rows * 2 / 5 + 1 : size.rows >= 34 ? 6 : size.rows >= 20 ? 5 : 0
    list = Area(
      row: first, column: 0, rows: max(1, last - first - previewRows), columns: size.columns)
    preview =
      previewRows > 0
      ? Area(
        row: last - previewRows, column: 0, rows: previewRows, columns: size.columns) : nil
    notice = line(size.rows - 2)
    keys = line(size.rows - 1)
  }
}

/// The rows on the screen and around it and their heading as they are drawn, and what that depends on.
struct RowTexts: Equatable, Sendable {
  /// What all of them depend on.
  struct Basis: Equatable, Sendable {
    let change: Int
    let now: Instant
    let size: Size
    let running: Set<RecordID>
  }

  /// What one of them depends on.
  struct Key: Equatable, Sendable {
    let version: Int
    let state: IncompleteState
    let now: Instant
    let width: Int
    let isGone: Bool
    let isRunning: Bool
  }

  struct Row: Equatable, Sendable {
    let key: Key
    let text: SafeText
  }

  fileprivate var basis: Basis?
  fileprivate(set) var heading = SafeText()
  fileprivate(set) var rows: [RecordID: Row] = [:]
  /// The places in the list that `rows` covers.
  fileprivate var places = 0..<0

  /// How many rows are made ready above and below the screen: a key that scrolls by one finds its row.
  fileprivate static let margin = 8
}

extension State {
  func drawList(into frame: inout Frame) {
    let layout = ListLayout(self)
    let columns = ListColumns(width: layout.columns.columns)
    frame.put(
      list.texts.basis?.size == size ? list.texts.heading : columns.heading, in: layout.columns,
      .role(.heading))
    for place in columns.places {
      var head = layout.columns.line(0)
      head.column += place.first
      head.columns = place.width
      frame.mark(.column(place.column), in: head)
    }
    if list.rows.isEmpty {
      drawEmptyList(into: &frame, layout.list)
    }
    for offset in 0..<layout.list.rows {
      let index = list.top + offset
      guard list.rows.indices.contains(index) else { break }
      let row = list.rows[index]
      let isSelected = row.id == list.cursor
      let line = layout.list.line(offset)
      let lead = columns.lead(
        isSelected: isSelected, isMarked: isMarked(row.id), isSealed: row.seal == .sealed)
      // A blink under the cursor would look as if the cursor had gone.
      let isReversed = isSelected || list.blinking.contains(row.id)
      let style = Style(role: role(of: row), isSelected: isReversed)
      frame.put(lead, in: line, style)
      frame.put(
        list.texts.rows[row.id]?.text ?? lineText(row, columns), at: lead.width, in: line, style,
        fill: isReversed)
      frame.mark(.record(row.id), in: line)
      if isSelected { frame.cursor = (line.row, 0) }
    }
    if let preview = layout.preview { drawPreview(into: &frame, preview) }
    drawNotice(into: &frame, layout.notice)
    if list.newAbove > 0 {
      frame.putRight(
        " \(list.newAbove) new above ↑ ", in: layout.notice, .role(.notice))
    }
    drawKeys(into: &frame, layout.keys)
    // Last, because the hardware cursor belongs to the filter while it is typed.
    drawListHeader(into: &frame, layout)
  }

  /// A row of the list behind its marks.
  private func lineText(_ row: IncompleteSummary, _ columns: ListColumns) -> SafeText {
    SafeText.drawing(inASCII: surroundings.isASCII) {
      columns.line(
        row, now: now, zone: surroundings.zone, isGone: list.gone.contains(row.id),
        isRunning: running.contains(row.id))
    }
  }

  /// Makes the texts of the rows on the screen ready, so that a key that moves the cursor needs none.
  mutating func prepareRows() {
    guard screen == .incomplete, detail == nil, !showsGroups, !list.rows.isEmpty else { return }
    let layout = ListLayout(self)
    let basis = RowTexts.Basis(change: list.change, now: now, size: size, running: running)
    let visible = list.top..<list.top + layout.list.rows
    let places = visible.clamped(to: list.rows.indices)
    let isSame = list.texts.basis == basis
    if isSame, places.clamped(to: list.texts.places) == places { return }
    let columns = ListColumns(width: layout.columns.columns)
    let around = (visible.lowerBound - RowTexts.margin..<visible.upperBound + RowTexts.margin)
      .clamped(to: list.rows.indices)
    var rows: [RecordID: RowTexts.Row] = [:]
    rows.reserveCapacity(around.count)
    for row in list.rows[around] {
      let key = RowTexts.Key(
        version: row.version, state: row.state, now: now, width: size.columns,
        isGone: list.gone.contains(row.id), isRunning: running.contains(row.id))
      if let known = list.texts.rows[row.id], known.key == key {
        rows[row.id] = known
      } else {
        rows[row.id] = RowTexts.Row(key: key, text: lineText(row, columns))
      }
    }
    let heading = list.texts.basis?.size == size ? list.texts.heading : columns.heading
    list.texts = RowTexts(basis: basis, heading: heading, rows: rows, places: around)
  }

  private func role(of row: IncompleteSummary) -> Role {
    if list.gone.contains(row.id) { return .faint }
    return switch row.state {
    case .pending: .waiting
    case .inProgress: .running
    case .unresolved: .plain
    case .resolved, .deleted: .faint
    }
  }

  private func drawListHeader(into frame: inout Frame, _ layout: ListLayout) {
    var title: SafeText = " Incomplete"
    // The numbers come with the rows: who reads them can press a key that means one.
    if list.hasLoaded, let counts {
      title += "  \(Quantity.grouped(counts[.unresolved])) open"
      if counts[.pending] > 0 { title += " · \(Quantity.grouped(counts[.pending])) waiting" }
      if counts[.inProgress] > 0 { title += " · \(Quantity.grouped(counts[.inProgress])) running" }
      if counts.lost > 0 { title += " · \(Quantity.grouped(counts.lost)) lost" }
    }
    if !list.marks.isEmpty { title += " · " + list.marks.words }
    let end = frame.put(title, in: layout.header, .role(.title))
    var right = readOnlyMark
    if list.isHeld { right += "held · " }
    right += "\(surroundings.storeName) "
    if end + right.width < layout.header.columns {
      frame.putRight(right, in: layout.header, .role(list.isHeld ? .notice : .faint))
    }
    drawTabs(after: end, into: &frame)
    guard let line = layout.filter else { return }
    if isFiltering {
      drawTyping(into: &frame, prompt: " / ", line)
    } else {
      let places = places(layout)
      frame.put(
        (" / " + filterText).clipped(to: max(4, line.columns - places.width - 2)), in: line,
        .role(.faint))
      frame.putRight(places, in: line, .role(.faint))
    }
  }

  /// The filter as `fettle list --filter` takes it.
  private var filterText: SafeText {
    list.filter.isEverything ? "status:open,wait,run" : SafeText(list.filter.text)
  }

  /// Whether a record is marked, or in the range that is being marked.
  private func isMarked(_ id: RecordID) -> Bool {
    if list.marks.contains(id) { return true }
    guard let start = list.rangeStart, let cursor = list.cursor else { return false }
    return list.range(from: start, to: cursor).contains(id)
  }

  /// The order and where in the list the screen is, at the end of the line of the filter.
  private func places(_ layout: ListLayout) -> SafeText {
    if let search = list.search {
      let total = openTotal.map { " of " + Quantity.short($0) } ?? ""
      let found: SafeText = "\(Quantity.grouped(list.rows.count)) found "
      if search.isRunning { return Quantity.short(search.searched) + total + " searched, " + found }
      if search.end != nil {
        return "stopped after " + Quantity.short(search.searched) + ", " + found
      }
      return Quantity.short(search.searched) + " searched, " + found
    }
    guard !list.rows.isEmpty else { return "" }
    return "sort " + list.order.words + " · " + positions(layout) + " "
  }

  private func positions(_ layout: ListLayout) -> SafeText {
    // A row that left stands in the list as long as the cursor is on it, and is not counted any more.
    let total = list.filter.isEverything ? openTotal.map { $0 + list.gone.count } : nil
    let last = min(list.top + layout.list.rows, list.rows.count)
    let known = list.reachesStart && list.reachesEnd ? list.rows.count : nil
    let of: SafeText = (total ?? known).map { " of \(Quantity.grouped($0))" } ?? ""
    // The place in the whole list is only known in a window that begins at its beginning.
    return list.reachesStart ? "\(list.top + 1)-\(last)\(of)" : "further down\(of)"
  }

  var openTotal: Int? {
    counts.map { $0[.unresolved] + $0[.pending] + $0[.inProgress] }
  }

  private func drawEmptyList(into frame: inout Frame, _ area: Area) {
    let middle = area.line(min(area.rows - 1, max(0, area.rows / 3)))
    let text: SafeText
    if !list.hasLoaded || list.search?.isRunning == true {
      let waited = list.askedAt.map { (now.milliseconds - $0.milliseconds) / 1000 } ?? 0
      text =
        list.search != nil
        ? "searching, Esc stops" : waited >= 1 ? "loading, \(Int(waited)) s" : "loading…"
    } else if list.filter.isEverything {
      text = openTotal ?? 0 > 0 ? "loading…" : "Nothing incomplete."
    } else {
      let asked = RecordFilter(list.filter.expression, now: now)
      let candidates = counts.map { asked.candidates(in: $0) } ?? 0
      text =
        (candidates == 0
          ? "\(asked.noCandidates)" : "0 of \(Quantity.grouped(candidates)) match.")
        + " Esc clears the filter."
    }
    frame.put(text, at: max(1, (area.columns - text.width) / 2), in: middle)
    frame.cursor = (middle.row, 0)
    guard list.filter.isEverything, list.hasLoaded, openTotal == 0, let found = list.lookBack else {
      return
    }
    var below = middle.row - area.row + 1
    for sentence in lookedBack(found) {
      for line in sentence.wrapped(to: area.columns - 2, lines: 2) where below < area.rows {
        frame.put(
          line, at: max(1, (area.columns - line.width) / 2), in: area.line(below), .role(.faint))
        below += 1
      }
    }
  }

  /// Whether all is well where nothing is incomplete, or whether nobody would know.
  private func lookedBack(_ found: LookBack) -> [SafeText] {
    var sentences: [SafeText] = []
    let month = 30 * 86_400
    if let last = found.last, last.created >= now.advanced(bySeconds: -month) {
      sentences.append(
        "Last failure: " + Quantity.age(from: last.created, to: now)
          + " ago, \(last.scenarioName), \(last.errorType.rawValue); "
          + (last.state == .deleted ? "in the bin." : "resolved."))
    } else {
      sentences.append("Last failure: none in 30 days.")
    }
    if !found.notStoring.isEmpty {
      let named = found.notStoring.prefix(3).joined(separator: ", ")
      let more = found.notStoring.count - 3
      sentences.append(
        "Storing is switched off for \(named)" + (more > 0 ? " and \(more) more" : "")
          + ": what fails there is not kept.")
    }
    return sentences
  }

  private func drawPreview(into frame: inout Frame, _ area: Area) {
    guard let selected = list.selected else { return frame.rule(in: area.line(0)) }
    if hasWorkbench { return drawWorkbench(selected, area, into: &frame) }
    frame.rule("\(selected.id.short)", in: area.line(0))
    let opened = list.preview
    let title: SafeText =
      "\(selected.errorType.rawValue) · module \(selected.failer.number) \(selected.failerTitle): "
    let message = opened?.message ?? SafeText(selected.reason)
    let lines = (title + message).wrapped(to: area.columns - 2, lines: area.rows - 3)
    for (offset, text) in lines.enumerated() {
      frame.put(text, at: 1, in: area.line(1 + offset))
    }
    if let opened {
      opened.chain.draw(
        into: &frame,
        Area(row: area.row + area.rows - 2, column: 1, rows: 1, columns: area.columns - 2))
    }
    frame.rule(in: area.line(area.rows - 1))
  }
}
