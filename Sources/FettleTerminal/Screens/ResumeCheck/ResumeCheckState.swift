import FettleCore
import FettleEngine

/// The changes, before they run or just to be looked at.
struct ResumeCheckState: Equatable, Sendable {
  /// Whether Enter resumes; otherwise the changes are only shown.
  let isForResuming: Bool
  var top = 0
}

extension State {
  mutating func updateResumeCheck(_ command: Command) -> [Effect] {
    switch command {
    case .confirm:
      resumeCheck = nil
      return save(then: .resume)
    case .saveOnly:
      resumeCheck = nil
      return save(then: .stay)
    case .editMore, .back: resumeCheck = nil
    case .moveDown: resumeCheck?.top += 1
    case .moveUp: resumeCheck?.top -= 1
    case .pageDown: resumeCheck?.top += max(1, size.rows - 4)
    case .pageUp: resumeCheck?.top -= max(1, size.rows - 4)
    case .moveToFirst: resumeCheck?.top = 0
    case .moveToLast: resumeCheck?.top = .max / 2
    case .quitAtOnce, .interrupt:
      resumeCheck = nil
      return updateDetail(command)
    default: break
    }
    let room = max(0, resumeCheckLines.count - max(1, size.rows - 4))
    if let top = resumeCheck?.top { resumeCheck?.top = min(max(0, top), room) }
    return []
  }

  /// One line of the screen.
  struct CheckLine: Equatable, Sendable {
    let text: SafeText
    let role: Role
  }

  /// What the screen says: each change, what does not fit, what runs and what is not repeated.
  var resumeCheckLines: [CheckLine] {
    guard let detail else { return [] }
    var lines: [CheckLine] = []
    let changes = BundleDiff(from: detail.record.originalBundles, to: detail.bundles).changes
    if changes.isEmpty {
      lines.append(CheckLine(text: "Nothing differs from the failure.", role: .plain))
    }
    for change in changes { addChange(change, detail, to: &lines) }
    lines.append(CheckLine(text: "", role: .plain))
    if detail.check.problems.isEmpty {
      lines.append(
        CheckLine(
          text: "Check        fits module \(detail.record.summary.failer.number)", role: .done))
    }
    for problem in detail.check.problems {
      lines.append(CheckLine(text: "Check      ! \(problem.message)", role: .problem))
    }
    add("Will run     ", detail.check.willRun, detail, to: &lines)
    add("Not repeated ", detail.check.notRepeated, detail, to: &lines)
    addFilters(detail, to: &lines)
    addEffects(detail, to: &lines)
    return lines
  }

  private func addFilters(_ detail: DetailState, to lines: inout [CheckLine]) {
    for (position, filter) in detail.check.filters.enumerated() {
      let lead: SafeText = position == 0 ? "Filters      " : "             "
      let answer: SafeText
      var role = Role.plain
      switch filter.answer {
      case .passes: answer = "passes"
      case .stops:
        answer = "stops the bundle here"
        role = .changed
      case .depends: answer = "depends on what runs before it"
      case .fails(let why):
        answer = "fails: \(why)"
        role = .problem
      }
      lines.append(
        CheckLine(text: lead + "\(filter.module.number) \(filter.text): " + answer, role: role))
    }
  }

  private func addEffects(_ detail: DetailState, to lines: inout [CheckLine]) {
    let effects = detail.check.effects.filter { $0.effect == .effect }
    for (position, effect) in effects.enumerated() {
      let lead: SafeText = position == 0 ? "Sends        " : "             "
      let title = detail.record.blueprint.module(effect.module)?.title ?? ""
      let warning: SafeText = effect.mayHaveHappened ? ": may have arrived already" : ""
      lines.append(
        CheckLine(
          text: lead + "\(effect.module.number) \(title)" + warning,
          role: effect.mayHaveHappened ? .problem : .plain))
    }
  }

  private func addChange(
    _ change: BundleDiff.Change, _ detail: DetailState, to lines: inout [CheckLine]
  ) {
    let isSecret = detail.mapped.isSecret(change.path)
    let mark: SafeText = change.old == nil ? "+ " : change.new == nil ? "- " : "~ "
    let old = ValueText.typed(change.old, isSecret: isSecret)
    let new = change.new == nil ? "taken away" : ValueText.typed(change.new, isSecret: isSecret)
    let whole = mark + "\(change.path.description)  " + old + "  →  " + new
    if whole.width <= size.columns - 4 {
      lines.append(CheckLine(text: whole, role: .changed))
      return
    }
    lines.append(CheckLine(text: mark + "\(change.path.description)", role: .changed))
    for part in ("    " + old).wrapped(to: size.columns - 4, lines: 3) {
      lines.append(CheckLine(text: part, role: .plain))
    }
    for part in ("  → " + new).wrapped(to: size.columns - 4, lines: 3) {
      lines.append(CheckLine(text: part, role: .changed))
    }
  }

  private func add(
    _ title: SafeText, _ modules: [ModuleID], _ detail: DetailState, to lines: inout [CheckLine]
  ) {
    let names = modules.map { id -> SafeText in
      "\(id.number) \(detail.record.blueprint.module(id)?.title ?? "")"
    }
    let text = names.isEmpty ? "nothing" : names.joined(separator: ", ")
    let room = max(10, size.columns - 4 - title.width)
    for (position, part) in text.wrapped(to: room, lines: 6).enumerated() {
      let lead = position == 0 ? title : SafeText(own: String(repeating: " ", count: title.width))
      lines.append(CheckLine(text: lead + part, role: .plain))
    }
  }

  func drawResumeCheck(into frame: inout Frame) {
    guard let detail, let resumeCheck else { return }
    let summary = detail.record.summary
    let title: SafeText =
      resumeCheck.isForResuming
      ? " Resume \(summary.id.short) from module \(summary.failer.number) \(summary.failerTitle)?"
      : " Changes of \(summary.id.short) since the failure"
    frame.put(title, in: frame.area.line(0), .role(.title))
    frame.rule(in: frame.area.line(1))
    let lines = resumeCheckLines
    let rows = max(1, size.rows - 4)
    for offset in 0..<rows {
      let index = resumeCheck.top + offset
      guard lines.indices.contains(index) else { break }
      frame.put(lines[index].text, at: 2, in: frame.area.line(2 + offset), .role(lines[index].role))
    }
    frame.cursor = (min(2, size.rows - 1), min(2, size.columns - 1))
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }
}
