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
  }

  private(set) var lines: [Line] = []
  private let record: IncompleteExecution
  /// Whether a line of spine stands between two modules.
  private let isSpaced: Bool

  /// Draws the chain of a record.
  init(_ record: IncompleteExecution, isSpaced: Bool = false) {
    self.record = record
    self.isSpaced = isSpaced
    flow(record.blueprint.flow, prefix: "", isLane: false)
    if record.blueprint.flow.isEmpty {
      lines.append(
        Line(module: nil, prefix: "", text: "the blueprint has no modules", note: "", role: .faint))
    }
  }

  private mutating func flow(_ modules: [ModuleNode], prefix: SafeText, isLane: Bool) {
    for (position, module) in modules.enumerated() {
      let goesOn = position < modules.count - 1
      if position > 0 { connect(to: module, prefix: prefix) }
      add(module, prefix: prefix)
      let spine: SafeText = goesOn ? "│ " : "  "
      if module.id == record.summary.failer { tellFailure(prefix: prefix) }
      if !module.handler.isEmpty { addHandler(of: module, prefix: prefix) }
      addLanes(of: module, prefix: prefix, spine: spine, goesOn: goesOn)
    }
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
    let app: SafeText = module.label == nil ? "\(module.app) · " : ""
    lines.append(
      Line(
        module: module.id, prefix: prefix,
        text: mark.glyph + " \(module.id.number) " + app + "\(module.title)",
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
      return visit.seen == 0 && visit.passed == 0
        ? "out \(visit.emitted)" : "\(visit.passed) → \(visit.emitted)"
    }
  }

  private func passed(_ module: ModuleID) -> SafeText {
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
    let lanes = lanes(of: module)
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

  private struct Lane {
    let title: SafeText
    let note: SafeText
    let flow: [ModuleNode]
  }

  private func lanes(of module: ModuleNode) -> [Lane] {
    let routes = module.routes.enumerated().map { index, route in
      var title: SafeText = "everything"
      if let filter = route.flow.first?.filter?.summary { title = "\(filter)" }
      if index == module.fallbackRoute { title = "else" }
      if route.flow.isEmpty { title = "nothing here" }
      if route.isDisabled { title += " (off)" }
      return Lane(
        title: title, note: route.flow.first.map { passed($0.id) } ?? "", flow: route.flow)
    }
    let branches = module.branches.map { branch in
      var title: SafeText = "else"
      if let filter = branch.filter { title = "if \(filter.summary ?? "")" }
      if branch.merges { title += " (joins)" }
      if branch.isDisabled { title += " (off)" }
      return Lane(
        title: title, note: branch.flow.first.map { passed($0.id) } ?? "", flow: branch.flow)
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
