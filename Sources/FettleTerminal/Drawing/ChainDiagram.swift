import FettleCore

/// The blueprint of a record as a chain: one line a module in the order of execution, one lane a
/// route or branch with its filter, handlers hanging under the module they guard.
///
/// It is the blueprint as it was when the bundle failed, not today's.
struct ChainDiagram: Equatable, Sendable {
  /// One line of the drawing.
  struct Line: Equatable, Sendable {
    /// The module it stands for; nil for a line that only leads on.
    let module: ModuleID?
    let prefix: SafeText
    let text: SafeText
    /// Counts or a word, at the right edge.
    let note: SafeText
    let role: Role
    /// Whether it stands for modules that are folded; Enter unfolds them.
    var isFold = false
  }

  private(set) var lines: [Line] = []
  private let record: IncompleteExecution
  /// Whether a line of spine stands between two modules.
  private let isSpaced: Bool

  /// Whether runs of done modules are one line.
  private let folds: Bool
  private let unfolded: Set<ModuleID>
  /// Modules that are other ones in the blueprint of today.
  private let changed: Set<ModuleID>

  /// Draws the chain of a record.
  /// - Parameters:
  ///   - today: the blueprint the scenario has today; modules that differ are marked.
  ///   - folds: whether runs of done modules are one line each.
  ///   - unfolded: the runs that are not, by their first module.
  init(
    _ record: IncompleteExecution, today: Blueprint? = nil, isSpaced: Bool = false,
    folds: Bool = false, except unfolded: Set<ModuleID> = []
  ) {
    self.record = record
    self.isSpaced = isSpaced
    self.folds = folds
    self.unfolded = unfolded
    changed = today.map { BlueprintDiff(from: record.blueprint, to: $0).modules } ?? []
    flow(record.blueprint.flow, prefix: "", isLane: false)
    if record.blueprint.flow.isEmpty {
      lines.append(
        Line(module: nil, prefix: "", text: "the blueprint has no modules", note: "", role: .faint))
    }
  }

  private mutating func flow(_ modules: [ModuleNode], prefix: SafeText, isLane: Bool) {
    var foldedUntil = 0
    for (position, module) in modules.enumerated() {
      if position < foldedUntil { continue }
      let run = folds ? doneRun(in: modules, from: position) : 0
      if run > 3, !unfolded.contains(module.id) {
        // The first of them stands for all, so that the cursor has something to stand on.
        lines.append(
          Line(
            module: module.id, prefix: prefix,
            text: "… \(run) done  \(module.id.number) to \(modules[position + run - 1].id.number)",
            note: "Enter unfolds", role: .done, isFold: true))
        foldedUntil = position + run
        continue
      }
      let goesOn = position < modules.count - 1
      if position > 0 { connect(to: module, prefix: prefix) }
      add(module, prefix: prefix)
      let spine: SafeText = goesOn ? "│ " : "  "
      if module.id == record.summary.failer { tellFailure(prefix: prefix) }
      if !module.handler.isEmpty { addHandler(of: module, prefix: prefix) }
      addLanes(of: module, prefix: prefix, spine: spine, goesOn: goesOn)
    }
  }

  /// How many modules from a position on are simply done: no lanes, no handlers, no filters.
  private func doneRun(in modules: [ModuleNode], from position: Int) -> Int {
    modules[position...].prefix { module in
      ModuleMark(module, in: record) == .done && module.routes.isEmpty && module.branches.isEmpty
        && module.handler.isEmpty && module.filter?.summary == nil && !changed.contains(module.id)
        && record.visit(of: module.id)?.emitted ?? 0 <= 1
    }.count
  }

  /// The line between two modules, with the filter of the second.
  private mutating func connect(to module: ModuleNode, prefix: SafeText) {
    if let filter = module.filter?.summary {
      lines.append(
        Line(
          module: nil, prefix: prefix + "│ ", text: "▽ \(filter)", note: passed(module.id),
          role: .faint))
    } else if isSpaced {
      lines.append(Line(module: nil, prefix: prefix + "│", text: "", note: "", role: .faint))
    }
  }

  private mutating func add(_ module: ModuleNode, prefix: SafeText) {
    let mark = ModuleMark(module, in: record)
    let app: SafeText = module.label == nil && !module.steersFlow ? "\(module.app) · " : ""
    let delta: SafeText = changed.contains(module.id) ? " Δ" : ""
    lines.append(
      Line(
        module: module.id, prefix: prefix,
        text: mark.glyph + " \(module.id.number) " + app + "\(module.title)" + delta,
        note: note(module, mark), role: mark.role))
  }

  private func note(_ module: ModuleNode, _ mark: ModuleMark) -> SafeText {
    if mark == .failed || mark == .waiting { return "<< FAILED" }
    if let directive = Directive(module) { return SafeText(own: directive.word) }
    if mark == .resolved { return mark.word }
    guard let visit = record.visit(of: module.id), mark != .notRun else { return mark.word }
    switch mark {
    case .router: return "\(max(visit.passed, visit.seen)) in"
    case .filteredOut, .running: return mark.word
    case .handled: return "handled"
    default:
      let counts: SafeText =
        visit.seen == 0 && visit.passed == 0
        ? "out \(visit.emitted)" : "\(visit.passed) → \(visit.emitted)"
      // Of what a module gave in several bundles, the failed one is one.
      guard let bundle = record.originalBundles[module.id],
        let index = bundle["__IMTINDEX__"]?.number?.integer,
        let count = bundle["__IMTLENGTH__"]?.number?.integer, count > 1
      else { return counts }
      return "\(index) of \(count)  " + counts
    }
  }

  private func passed(_ module: ModuleID) -> SafeText { Self.passed(module, in: record) }

  private static func passed(_ module: ModuleID, in record: IncompleteExecution) -> SafeText {
    guard let visit = record.visit(of: module), visit.seen > 0 else { return "" }
    return "\(visit.passed)/\(visit.seen) pass"
  }

  private mutating func tellFailure(prefix: SafeText) {
    let type = record.summary.errorType.rawValue
    let state: SafeText =
      switch record.summary.state {
      case .pending: ", retried by itself"
      case .inProgress: ", being retried"
      case .resolved: ", resolved since"
      case .unresolved, .deleted: ""
      }
    lines.append(
      Line(
        module: nil, prefix: prefix + "┊ ", text: "\(type)" + state, note: "", role: .problem))
  }

  private mutating func addHandler(of module: ModuleNode, prefix: SafeText) {
    lines.append(
      Line(module: nil, prefix: prefix + "┊ ", text: "on error", note: "", role: .faint))
    flow(module.handler, prefix: prefix + "┊ ", isLane: true)
  }

  private mutating func addLanes(
    of module: ModuleNode, prefix: SafeText, spine: SafeText, goesOn: Bool
  ) {
    let lanes = Self.lanes(of: module, in: record)
    for (index, lane) in lanes.enumerated() {
      let isLast = index == lanes.count - 1 && !goesOn
      lines.append(
        Line(
          module: nil, prefix: prefix + (isLast ? "└─┐ " : "├─┐ "), text: lane.title,
          note: lane.note, role: .faint))
      flow(lane.flow, prefix: prefix + (isLast ? "  " : "│ "), isLane: true)
      if !isLast, isSpaced {
        lines.append(Line(module: nil, prefix: prefix + "│", text: "", note: "", role: .faint))
      }
    }
  }

  /// A route or a branch.
  struct Lane {
    let title: SafeText
    let note: SafeText
    let flow: [ModuleNode]
  }

  static func lanes(of module: ModuleNode, in record: IncompleteExecution) -> [Lane] {
    let routes = module.routes.enumerated().map { index, route in
      var title: SafeText = "everything"
      if let filter = route.flow.first?.filter?.summary { title = "\(filter)" }
      if index == module.fallbackRoute { title = "else" }
      if route.flow.isEmpty { title = "nothing here" }
      if route.isDisabled { title += " (off)" }
      return Lane(
        title: title, note: route.flow.first.map { passed($0.id, in: record) } ?? "",
        flow: route.flow)
    }
    let branches = module.branches.map { branch in
      var title: SafeText = "else"
      if let filter = branch.filter { title = "if \(filter.summary ?? "")" }
      if branch.merges { title += " (joins)" }
      if branch.isDisabled { title += " (off)" }
      return Lane(
        title: title, note: branch.flow.first.map { passed($0.id, in: record) } ?? "",
        flow: branch.flow)
    }
    return routes + branches
  }
}

extension Directive {
  /// The directive as the chain and the help name it.
  var word: String {
    switch self {
    case .ignore: "ignore"
    case .resume: "resume"
    case .breakOff: "break"
    case .commit: "commit"
    case .rollback: "rollback"
    }
  }
}

extension ChainDiagram.Line {
  /// Draws the line; a prefix too deep for the pane keeps its end.
  func draw(into frame: inout Frame, _ area: Area, isSelected: Bool) {
    // What ASCII spells out is wider; it is cut to the pane as it will stand there.
    let (prefix, text, note) =
      frame.isASCII ? (prefix.ascii, text.ascii, note.ascii) : (prefix, text, note)
    let room = max(0, area.columns - note.width - (note.isEmpty ? 0 : 1))
    let lead = prefix.clippedInFront(to: max(2, area.columns / 2))
    let leadWidth = lead.width
    frame.put(lead, in: area, .role(.faint))
    let style = Style(role: role, isSelected: isSelected)
    let body = Area(
      row: area.row, column: area.column + leadWidth, rows: 1,
      columns: max(0, area.columns - leadWidth))
    let isFilled = isSelected || role == .failed
    let clipped = text.clipped(to: max(0, room - leadWidth))
    frame.put(
      isFilled ? text.padded(to: max(0, room - leadWidth)) : clipped, in: body, style)
    guard !note.isEmpty else { return }
    let end = Area(row: area.row, column: area.column, rows: 1, columns: area.columns)
    frame.putRight((isFilled ? " " : "") + note, in: end, style)
  }
}
