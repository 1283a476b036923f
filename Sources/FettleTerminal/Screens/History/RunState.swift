import FettleCore
import FettleEngine

/// One execution: its chain, and what each module was given and gave. Read from its journal.
struct RunState: Equatable, Sendable {
  private(set) var opened: OpenedRun
  /// The chain, line by line.
  private(set) var lines: [ChainDiagram.Line]
  var cursor: ModuleID?
  /// The first line of what the module did that is shown.
  var top = 0
  /// Whether it stays as it is while the journal grows.
  var isHeld = false
  /// What is looked for in what the modules were given and gave; empty is nothing.
  var words = ""
  /// The line that was found last.
  var found: Int?
  /// Whether long lines of what a module did go on in the next one.
  var wraps = false
  /// Whether the chain is drawn as boxes, over the whole screen.
  var isBoxes = false
  /// How far the boxes are moved.
  private(set) var pan = (row: 0, column: 0)
  private(set) var boxes: ChainBoxes

  init(_ opened: OpenedRun) {
    self.opened = opened
    lines = Self.lines(opened)
    boxes = ChainBoxes(Self.drawn(opened))
    let visits = Self.visits(opened)
    // A retry begins where its record failed: what stands before that did nothing in it.
    cursor =
      opened.row.summary.failedModule ?? Self.running(opened).first
      ?? visits.first { $0.failed > 0 }?.module
      ?? (opened.row.summary.retryOf == nil ? visits.first?.module : opened.entries.first?.module)
      ?? visits.first?.module
      ?? lines.compactMap(\.module).first
  }

  mutating func take(_ opened: OpenedRun) {
    guard !isHeld, opened != self.opened else { return }
    self.opened = opened
    lines = Self.lines(opened)
    boxes = ChainBoxes(Self.drawn(opened))
  }

  static func == (left: RunState, right: RunState) -> Bool {
    left.opened == right.opened && left.cursor == right.cursor && left.top == right.top
      && left.isHeld == right.isHeld && left.words == right.words && left.wraps == right.wraps
      && left.isBoxes == right.isBoxes && left.pan == right.pan && left.found == right.found
  }

  /// Moves the boxes.
  mutating func move(rows: Int, columns: Int) {
    pan.row = max(0, min(pan.row + rows, boxes.lines.count - 1))
    pan.column = max(0, min(pan.column + columns, boxes.width - 1))
  }

  /// The modules that failed, in the order they are drawn.
  var failed: [ModuleID] {
    let visits = Self.visits(opened)
    return modules.filter { module in
      module == opened.row.summary.failedModule
        || visits.contains { $0.module == module && $0.failed > 0 }
    }
  }

  /// The lines that have what is looked for, module by module in the order they are drawn: each
  /// module with the number of the line.
  func matches(zone: DisplayZone) -> [(module: ModuleID, line: Int)] {
    let wanted = words.lowercased()
    guard !wanted.isEmpty else { return [] }
    return modules.flatMap { module in
      work(of: module, zone: zone).enumerated().filter {
        $0.element.text.text.lowercased().contains(wanted)
      }.map { (module, $0.offset) }
    }
  }

  var modules: [ModuleID] { lines.compactMap(\.module) }

  /// The chain is drawn from what a record holds; an execution has the same in its journal.
  private static func drawn(_ opened: OpenedRun) -> IncompleteExecution {
    let summary = opened.row.summary
    let failer = summary.failedModule ?? ModuleID(-1)
    let pseudo = IncompleteSummary(
      id: RecordID(""), scenarioID: summary.scenario, scenarioName: opened.row.scenarioName,
      index: 0, executionID: summary.id, failer: failer, failerTitle: "",
      errorType: summary.error?.type ?? .runtime, reason: summary.error?.message ?? "",
      created: summary.started, size: 0, state: .unresolved, nextRetry: nil)
    return IncompleteExecution(
      summary: pseudo, error: summary.error ?? ModuleError(.runtime, ""),
      blueprint: opened.blueprint, originalBundles: VisibleBundles(), mappedInput: .null,
      variables: Variables(), continuation: [], visits: visits(opened),
      schedule: RetrySchedule(pauses: []))
  }

  private static func lines(_ opened: OpenedRun) -> [ChainDiagram.Line] {
    let summary = opened.row.summary
    let visits = visits(opened)
    let running = Set(running(opened))
    return ChainDiagram(drawn(opened)).lines.map { line in
      if let module = line.module, running.contains(module) {
        let mark = ModuleMark.running
        let hasCounts = visits.contains { $0.module == module && $0.passed > 0 }
        return ChainDiagram.Line(
          module: module, prefix: line.prefix,
          text: mark.glyph + SafeText(glyphs: Array(line.text.glyphs.dropFirst())),
          note: (hasCounts ? line.note + "  " : "") + mark.word, role: mark.role)
      }
      // In a record a failure that is not its own was handled; in an execution it is told as it is.
      guard let failed = visits.first(where: { $0.module == line.module })?.failed, failed > 0,
        line.module != summary.failedModule
      else { return line }
      return ChainDiagram.Line(
        module: line.module, prefix: line.prefix,
        text: "✗" + SafeText(glyphs: Array(line.text.glyphs.dropFirst())), note: "\(failed) failed",
        role: .problem)
    }
  }

  /// The modules whose operation has begun and not ended.
  private static func running(_ opened: OpenedRun) -> [ModuleID] {
    guard opened.row.summary.status == .running else { return [] }
    var running: [ModuleID] = []
    for entry in opened.entries {
      switch entry.step {
      case .begun: running.append(entry.module)
      case .finished, .failed: running.removeAll { $0 == entry.module }
      case .filteredOut, .committed, .rolledBack: break
      }
    }
    return running
  }

  /// How many bundles came to each module, passed its filter, and left it.
  static func visits(_ opened: OpenedRun) -> [ModuleVisit] {
    var worked: [ModuleID: ModuleVisit] = [:]
    for entry in opened.entries {
      var visit = worked[entry.module] ?? ModuleVisit(module: entry.module)
      switch entry.step {
      case .finished(_, let output):
        visit.passed += 1
        visit.emitted += output.bundles.count
      case .failed:
        visit.passed += 1
        visit.failed += 1
      case .filteredOut: visit.seen += 1
      case .begun, .committed, .rolledBack: break
      }
      worked[entry.module] = visit
    }
    var visits: [ModuleVisit] = []
    func walk(_ flow: [ModuleNode], incoming: Int?) {
      var incoming = incoming
      for (position, module) in flow.enumerated() {
        if worked[module.id] == nil, let source = module.feeder {
          // Nor is what an aggregator does: what came out of it went into what stands behind it, and
          // where nothing does, each bundle its source was given has become one of its own.
          var visit = ModuleVisit(module: module.id)
          let next = flow.indices.contains(position + 1) ? flow[position + 1] : nil
          let made = worked[source].map { $0.passed - $0.failed } ?? min(incoming ?? 0, 1)
          visit.emitted = next.map(arrived) ?? (opened.row.summary.ended == nil ? 0 : made)
          if visit.emitted > 0 {
            visit.passed = incoming ?? 0
            visit.seen = visit.passed
            visits.append(visit)
          }
          incoming = visit.emitted
          continue
        }
        var visit = worked[module.id] ?? ModuleVisit(module: module.id)
        let isWaypoint =
          module.isRouter || !module.branches.isEmpty || Directive(module) != nil
        // What a router or a directive does is not written down: every bundle that comes goes on.
        if isWaypoint, worked[module.id] == nil, let incoming {
          visit.passed = incoming
          visit.emitted = incoming
        }
        visit.seen = max(incoming ?? 0, visit.passed + visit.seen)
        if visit.seen > 0 || visit.passed > 0 { visits.append(visit) }
        for route in module.routes { walk(route.flow, incoming: visit.passed) }
        for branch in module.branches { walk(branch.flow, incoming: nil) }
        walk(module.handler, incoming: visit.failed > 0 ? visit.failed : nil)
        incoming = visit.emitted
      }
    }
    /// How many bundles came to a module: to one that only leads on, as many as behind it.
    func arrived(at module: ModuleNode) -> Int {
      if let visit = worked[module.id] { return visit.passed + visit.seen }
      let routes = module.routes.compactMap(\.flow.first).map(arrived)
      let branches = module.branches.compactMap(\.flow.first).map(arrived)
      return max(routes.max() ?? 0, branches.reduce(0, +))
    }
    var flow = opened.blueprint.flow
    // What a trigger was given is not written down as an operation: what came out of it went in next.
    var emitted: Int?
    if let trigger = flow.first, worked[trigger.id] == nil, flow.count > 1 {
      let next = arrived(at: flow[1])
      if next > 0 {
        visits.append(ModuleVisit(module: trigger.id, emitted: next))
        flow.removeFirst()
        emitted = next
      }
    }
    walk(flow, incoming: emitted)
    return visits
  }

  /// What the module under the cursor was given and gave.
  func work(zone: DisplayZone) -> [(text: SafeText, role: Role)] {
    cursor.map { work(of: $0, zone: zone) } ?? []
  }

  private func work(
    of module: ModuleID, zone: DisplayZone
  ) -> [(text: SafeText, role: Role)] {
    var lines: [(text: SafeText, role: Role)] = []
    for entry in opened.entries where entry.module == module {
      let head: SafeText = "#\(entry.number)  " + zone.long(entry.date) + "  "
      let step = Self.told(entry)
      lines.append((head + step.text, step.role))
      if !entry.input.isNull, !entry.followsBegun || lines.count < 2 {
        lines.append(("  input", .faint))
        lines += Self.lines(of: entry.input)
      }
      if case .finished(_, let output) = entry.step {
        for (index, bundle) in output.bundles.prefix(50).enumerated() {
          lines.append(("  output \(index + 1) of \(output.bundles.count)", .faint))
          lines += Self.lines(of: .collection(bundle))
        }
        for warning in output.warnings { lines.append(("  warning: \(warning)", .waiting)) }
      }
    }
    return lines
  }

  /// The end of the journal, whichever modules it is about, the newest line last.
  func log(_ count: Int, zone: DisplayZone) -> [(text: SafeText, role: Role)] {
    opened.entries.suffix(max(0, count)).map { entry in
      let title = opened.blueprint.module(entry.module)?.title ?? ""
      let step = Self.told(entry)
      return (
        zone.long(entry.date) + "  \(entry.module.number) \(title)  " + step.text, step.role
      )
    }
  }

  /// What an entry of the journal says.
  private static func told(_ entry: JournalEntry) -> (text: SafeText, role: Role) {
    switch entry.step {
    case .begun: ("begun", .faint)
    case .finished(_, let output): ("finished, \(output.bundles.count) out", .done)
    case .failed(_, let error): ("\(error.type.rawValue): \(error.message)", .problem)
    case .filteredOut(let refusal): ("not reached: \(refusal.explanation)", .waiting)
    case .committed: ("committed", .done)
    case .rolledBack: ("rolled back", .problem)
    }
  }

  private static func lines(of value: Value) -> [(text: SafeText, role: Role)] {
    var lines: [(text: SafeText, role: Role)] = []
    func add(_ name: String, _ value: Value, depth: Int) {
      guard lines.count < 400 else { return }
      let indent = SafeText(own: String(repeating: "  ", count: min(depth, 20)))
      lines.append((indent + "\(name)  " + ValueText.line(value), .plain))
      guard depth < 20 else { return }
      for field in value.collection?.fields ?? [] { add(field.name, field.value, depth: depth + 1) }
      for (index, element) in (value.array ?? []).prefix(50).enumerated() {
        add("\(index + 1)", element, depth: depth + 1)
      }
    }
    for field in value.collection?.fields ?? [] { add(field.name, field.value, depth: 2) }
    if value.collection == nil { add("value", value, depth: 2) }
    return lines
  }
}

/// The keys of an execution that is looked at.
extension KeyMap {
  static let run: [KeyBinding] = [
    KeyBinding([.pageDown, .control("d")], "scroll", "Down in what the module did", .scrollDown),
    KeyBinding([.pageUp, .control("u")], "", "Up in what the module did", .scrollUp),
    KeyBinding(
      [.character("K")], "stop",
      "Stop it after the operation that runs; what it had not got to is kept", .stopRun,
      unavailable: { $0.noStopReason }),
    KeyBinding(
      [.character("i")], "records", "List the incomplete executions it stored", .listStored,
      unavailable: {
        $0.shownRun?.opened.row.storedCount ?? 0 == 0 ? "it stored no incomplete execution" : nil
      }),
    KeyBinding(
      [.character("o")], "record", "Open the record it retried", .openRetried,
      unavailable: {
        $0.shownRun?.opened.row.summary.retryOf == nil ? "it retried no record" : nil
      }),
    KeyBinding([.character("p")], "hold", "Hold it as it is, or let it live again", .hold),
    KeyBinding([.character("F")], "failed", "To the failed module", .showFailedModule),
    KeyBinding(
      [.character("/")], "search", "Look for words in what the modules were given and gave",
      .search),
    KeyBinding(
      [.character("n")], "",
      "To the next of what is looked for, else to the next failed module", .nextProblem),
    KeyBinding([.character("N")], "", "The same backwards", .previousProblem),
    KeyBinding([.character("w")], "", "Wrap long lines, or not any longer", .wrap),
    KeyBinding([.character("c")], "", "The chain as boxes, or as lines", .chainView),
    KeyBinding([.escape, .left, .character("h")], "back", "Back to the history", .back),
    KeyBinding([.character("j"), .down], "", "The next module", .moveDown),
    KeyBinding([.character("k"), .up], "", "The module before", .moveUp),
    KeyBinding([.character("g"), .home], "", "The first module", .moveToFirst),
    KeyBinding([.character("G"), .end], "", "The last module", .moveToLast),
  ]
}

extension State {
  /// The execution on the screen.
  var shownRun: RunState? {
    get { screen == .live ? live : history.run }
    set { if screen == .live { live = newValue } else { history.run = newValue } }
  }

  /// Why the execution on the screen cannot be stopped.
  var noStopReason: SafeText? {
    guard let run = shownRun else { return "nothing runs" }
    guard run.opened.row.summary.status == .running else { return "it has ended" }
    if run.opened.row.stopAskedBy != nil { return "it is asked to stop already" }
    return readOnlyReason
  }

  /// The id of an execution was typed: it is asked to stop.
  mutating func stopRun(_ id: String) -> [Effect] {
    notice = "asking \(String(id.prefix(8))) to stop…"
    return [.history(.stop(id))]
  }

  mutating func updateRun(_ command: Command) -> [Effect] {
    guard let run = shownRun else { return updateAnyScreen(command) }
    let modules = run.modules
    let index = modules.firstIndex { $0 == run.cursor } ?? 0
    func choose(_ index: Int) {
      guard !modules.isEmpty else { return }
      shownRun?.cursor = modules[min(max(0, index), modules.count - 1)]
      shownRun?.top = 0
    }
    let rows = max(1, size.rows - 6)
    if run.isBoxes {
      switch command {
      case .moveDown: shownRun?.move(rows: 1, columns: 0)
      case .moveUp: shownRun?.move(rows: -1, columns: 0)
      case .scrollDown: shownRun?.move(rows: 0, columns: 8)
      case .scrollUp: shownRun?.move(rows: 0, columns: -8)
      case .back: shownRun?.isBoxes = false
      default: break
      }
      if [.moveDown, .moveUp, .scrollDown, .scrollUp, .back].contains(command) { return [] }
    }
    switch command {
    case .showFailedModule, .nextProblem, .previousProblem: goToProblem(command, of: run)
    case .search: typing = Typing(line: LineEditor(run.words), purpose: .search)
    case .wrap:
      shownRun?.wraps.toggle()
      shownRun?.top = 0
    case .chainView:
      guard run.isBoxes || size.columns >= 100 else {
        notice = "boxes need 100 columns; this terminal has \(size.columns)"
        return []
      }
      shownRun?.isBoxes.toggle()
    case .moveDown: choose(index + 1)
    case .moveUp: choose(index - 1)
    case .moveToFirst: choose(0)
    case .moveToLast: choose(modules.count - 1)
    case .scrollDown:
      let last = max(0, workLines(of: run, columns: workColumns).count - 1)
      shownRun?.top = min(last, run.top + max(1, rows / 2))
    case .scrollUp: shownRun?.top = max(0, run.top - max(1, rows / 2))
    case .hold:
      shownRun?.isHeld.toggle()
      notice = run.isHeld ? "" : "it stays as it is; p lets it live again"
    case .listStored: return listStored(by: run.opened.row.summary.id)
    case .stopRun:
      typing = Typing(line: LineEditor(), purpose: .stopping(run.opened.row.summary.id))
    case .openRetried:
      guard let id = run.opened.row.summary.retryOf else { return [] }
      return openRecord(id)
    case .back where screen == .history:
      history.run = nil
      return HistoryScreen.refresh(in: &self)
    default: return updateAnyScreen(command)
    }
    return []
  }

  /// Goes to what is looked for or to what failed.
  private mutating func goToProblem(_ command: Command, of run: RunState) {
    if command != .showFailedModule, !run.words.isEmpty {
      return goToRunMatch(command == .nextProblem ? 1 : -1)
    }
    let failed = run.failed
    guard !failed.isEmpty else {
      notice = "no module failed"
      return
    }
    shownRun?.isBoxes = false
    shownRun?.top = 0
    guard command != .showFailedModule else {
      shownRun?.cursor = run.opened.row.summary.failedModule ?? failed[0]
      return
    }
    // From where the cursor is, in the order they are drawn.
    let places = run.modules
    let here = places.firstIndex { $0 == run.cursor } ?? 0
    func place(_ module: ModuleID) -> Int { places.firstIndex(of: module) ?? 0 }
    shownRun?.cursor =
      command == .nextProblem
      ? failed.first { place($0) > here } ?? failed[0]
      : failed.last { place($0) < here } ?? failed[failed.count - 1]
    if failed.count == 1 { notice = "it is the only module that failed" }
  }

  /// Looks for what was typed; nothing typed gives `n` back to what failed.
  mutating func searchRun(for words: String) {
    shownRun?.words = words
    guard !words.isEmpty else {
      notice = "n goes to the next failed module again"
      return
    }
    goToRunMatch(1, isFirst: true)
  }

  /// Goes to another line with the words, round from the last one to the first.
  /// - Parameter isFirst: whether the line that is on top already will do.
  private mutating func goToRunMatch(_ step: Int, isFirst: Bool = false) {
    guard let run = shownRun else { return }
    let matches = run.matches(zone: surroundings.zone)
    guard !matches.isEmpty else {
      notice = "nothing the modules were given or gave has \"\(run.words)\""
      return
    }
    let places = run.modules
    let here = places.firstIndex { $0 == run.cursor } ?? 0
    // Lines that are wrapped have other numbers than those that are looked through.
    let seen = run.wraps ? (run.found ?? 0) : run.top
    func isBehind(_ match: (module: ModuleID, line: Int)) -> Bool {
      let place = places.firstIndex(of: match.module) ?? 0
      return place > here || place == here && (match.line > seen || isFirst && match.line == seen)
    }
    func isBefore(_ match: (module: ModuleID, line: Int)) -> Bool {
      let place = places.firstIndex(of: match.module) ?? 0
      return place < here || place == here && match.line < seen
    }
    let index =
      step > 0
      ? matches.firstIndex(where: isBehind) ?? 0
      : matches.lastIndex(where: isBefore) ?? matches.count - 1
    let match = matches[index]
    shownRun?.isBoxes = false
    shownRun?.cursor = match.module
    shownRun?.found = match.line
    var top = match.line
    if run.wraps, let moved = shownRun {
      let before = moved.work(zone: surroundings.zone).prefix(match.line)
      top = Self.wrapped(Array(before), columns: workColumns).count
    }
    shownRun?.top = top
    notice = "\(index + 1) of \(matches.count) with \"\(run.words)\" · n N go on"
  }

  /// The columns of what a module did.
  private var workColumns: Int {
    size.columns < 60 ? size.columns - 1 : size.columns - min(size.columns * 45 / 100, 70) - 2
  }

  private static func wrapped(
    _ lines: [(text: SafeText, role: Role)], columns: Int
  ) -> [(text: SafeText, role: Role)] {
    lines.flatMap { line in
      line.text.wrapped(to: max(8, columns), lines: 200).map { ($0, line.role) }
    }
  }

  /// What the module under the cursor did, as it is drawn.
  private func workLines(of run: RunState, columns: Int) -> [(text: SafeText, role: Role)] {
    let lines = run.work(zone: surroundings.zone)
    return run.wraps ? Self.wrapped(lines, columns: columns) : lines
  }

  func drawLive(into frame: inout Frame) {
    if let live { return drawRun(live, into: &frame) }
    drawTitle("Live run", into: &frame)
    let text: SafeText = "Nothing runs and nothing has run yet."
    frame.put(text, at: max(1, (size.columns - text.width) / 2), in: frame.area.line(3))
    frame.cursor = (3, 0)
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }

  func drawRun(_ run: RunState, into frame: inout Frame) {
    let summary = run.opened.row.summary
    let lead: SafeText = screen == .live ? "Live › " : "History › "
    drawTitle(
      lead
        + "\(String(summary.id.prefix(8)))  \(summary.status.rawValue)  \(run.opened.row.title)",
      into: &frame)
    let end = summary.ended ?? now
    let entries = run.opened.entries.count
    let counters: SafeText =
      " " + summary.startedBy + " · \(entries) \(entries == 1 ? "entry" : "entries") · "
      + "\(run.opened.row.storedCount) stored · "
      + Quantity.seconds(milliseconds: Int(end.milliseconds - summary.started.milliseconds))
      + (run.isHeld ? " · held" : "")
      + (screen == .live && summary.ended != nil ? " · nothing runs now; this was the last" : "")
      + (run.opened.row.stopAskedBy.map { author -> SafeText in
        summary.ended == nil ? " · stopping, \(author) asked" : " · stopped by \(author)"
      } ?? "")
    var second = counters
    if let error = summary.error {
      second +=
        " · \(error.type.rawValue) at module \(summary.failedModule?.number ?? 0): \(error.message)"
    }
    frame.put(second, in: frame.area.line(1), .role(summary.error == nil ? .plain : .problem))
    if run.isBoxes {
      drawBoxes(
        of: run, Area(row: 2, column: 0, rows: size.rows - 4, columns: size.columns), into: &frame)
      drawNotice(into: &frame, frame.area.line(size.rows - 2))
      drawKeys(into: &frame, frame.area.line(size.rows - 1))
      return
    }
    let isNarrow = size.columns < 60
    let left = isNarrow ? size.columns : min(size.columns * 45 / 100, 70)
    let rows = max(2, size.rows - 4)
    let body = isNarrow ? rows / 2 : rows
    drawChain(of: run, Area(row: 2, column: 0, rows: body, columns: left), into: &frame)
    // What happens elsewhere is told too while it runs, where there is room for it.
    let log = screen == .live && !isNarrow && rows >= 12 ? min(9, rows / 3) : 0
    let work =
      isNarrow
      ? Area(row: 2 + body, column: 0, rows: rows - body, columns: size.columns)
      : Area(row: 2, column: left + 1, rows: rows - log, columns: size.columns - left - 1)
    drawWork(of: run, work, into: &frame)
    if log > 0 {
      let area = Area(
        row: work.row + work.rows, column: work.column, rows: log, columns: work.columns)
      frame.rule("LOG", in: area.line(0))
      for (index, line) in run.log(log - 1, zone: surroundings.zone).enumerated() {
        frame.put(line.text, at: 1, in: area.line(1 + index), .role(line.role))
      }
    }
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }

  private func drawBoxes(of run: RunState, _ area: Area, into frame: inout Frame) {
    frame.rule(
      "CHAIN · the cursor keys move it, PgUp PgDn sideways", in: area.line(0), isFocused: true)
    for offset in 0..<max(0, area.rows - 1) {
      let index = run.pan.row + offset
      guard run.boxes.lines.indices.contains(index) else { break }
      run.boxes.draw(index, from: run.pan.column, in: area.line(1 + offset), into: &frame)
    }
    frame.cursor = (area.row + 1, 0)
  }

  private func drawChain(of run: RunState, _ area: Area, into frame: inout Frame) {
    frame.rule("CHAIN", in: area.line(0), isFocused: true)
    let lines = run.lines
    let cursor = lines.firstIndex { $0.module != nil && $0.module == run.cursor } ?? 0
    let top = Self.scrolled(
      max(0, cursor - area.rows / 2), to: cursor, rows: area.rows - 1, count: lines.count)
    for offset in 0..<max(0, area.rows - 1) {
      let index = top + offset
      guard lines.indices.contains(index) else { break }
      var place = area.line(1 + offset)
      place.column += 1
      place.columns -= 2
      if index == cursor {
        frame.put(">", in: area.line(1 + offset), .role(.key))
        frame.cursor = (place.row, area.column)
      }
      lines[index].draw(into: &frame, place, isSelected: index == cursor)
      if let module = lines[index].module { frame.mark(.module(module), in: area.line(1 + offset)) }
    }
  }

  private func drawWork(of run: RunState, _ area: Area, into frame: inout Frame) {
    let title = run.cursor.flatMap { run.opened.blueprint.module($0) }
    frame.rule(
      title.map { "\($0.id.number) \($0.title)" } ?? "WHAT IT DID", in: area.line(0))
    let lines = workLines(of: run, columns: area.columns - 1)
    if lines.isEmpty {
      // A retry begins behind it.
      let gave =
        run.cursor == run.opened.blueprint.flow.first?.id
        && run.opened.row.summary.retryOf == nil
      frame.put(
        gave ? "what it gave went into the next module" : "it did not run", at: 1,
        in: area.line(1), .role(.faint))
    }
    for offset in 0..<max(0, area.rows - 1) {
      let index = run.top + offset
      guard lines.indices.contains(index) else { break }
      let isFound =
        !run.words.isEmpty && lines[index].text.text.lowercased().contains(run.words.lowercased())
      frame.put(
        lines[index].text, at: 1, in: area.line(1 + offset),
        isFound ? Style(role: lines[index].role, isSelected: true) : .role(lines[index].role))
    }
  }
}

extension ExecutionSummary {
  /// What started it, and where that is a module of another scenario, in which execution.
  var startedBy: SafeText {
    SafeText(own: origin.rawValue) + (caller.map { " by \(String($0.prefix(8)))" } ?? "")
  }
}
