import FettleCore
import FettleEngine

/// The changes, before they run or just to be looked at.
struct ResumeCheckState: Equatable, Sendable {
  /// Whether Enter resumes; otherwise the changes are only shown.
  let isForResuming: Bool
  /// Whether what would run is told too; a diff alone leaves it out.
  var isDryRun = true
  var top = 0
}

/// One line of a screen that is read.
struct CheckLine: Equatable, Sendable {
  let text: SafeText
  let role: Role
}

extension State {
  mutating func updateResumeCheck(_ command: Command) -> [Effect] {
    switch command {
    case .confirm:
      resumeCheck = nil
      return save(then: .resume)
    case .saveOnly:
      resumeCheck = nil
      detail?.substitute = nil
      return save(then: .stay)
    case .editMore:
      let isOfOutput = detail?.substitute != nil
      return leaveResumeCheck() + (isOfOutput ? beginSubstitute() : [])
    case .back, .interrupt: return leaveResumeCheck()
    case .chooseBlueprint: return chooseBlueprint()
    case .quitAtOnce: return leaveResumeCheck() + updateDetail(command)
    default:
      if let top = resumeCheck?.top {
        let scrolled = scrolledLines(
          top, command, lines: resumeCheckLines.count + max(0, size.rows - 4 - checkRows))
        resumeCheck?.top = scrolled
      }
    }
    return []
  }

  /// Goes back to the record, as it was before the check was asked for.
  private mutating func leaveResumeCheck() -> [Effect] {
    resumeCheck = nil
    detail?.substitute = nil
    guard detail?.restart != nil else { return [] }
    detail?.restart = nil
    // What was checked is the input of another module than the one that failed.
    return checkAgain()
  }

  /// The blueprint the record goes on with: the stored one, or that of today.
  private mutating func chooseBlueprint() -> [Effect] {
    guard let detail, let today = detail.opened.today else {
      notice = "no blueprint of today is known for this scenario"
      return []
    }
    if detail.usesTodaysBlueprint {
      self.detail?.usesTodaysBlueprint = false
    } else if today.blueprint == detail.record.blueprint {
      notice = "the scenario has the same blueprint today"
      return []
    } else if let obstacle = today.obstacles.first {
      notice = "not with today's blueprint: \(obstacle)"
      return []
    } else {
      self.detail?.usesTodaysBlueprint = true
    }
    return checkAgain()
  }

  /// What the screen says: each change, what does not fit, what runs and what is not repeated.
  var resumeCheckLines: [CheckLine] {
    guard let detail, let resumeCheck else { return [] }
    var lines: [CheckLine] = []
    let columns = checkColumns
    for change in detail.dataChanges.prefix(5000) {
      lines += Self.lines(of: change, mapped: detail.mapped, mask: detail.mask, columns: columns)
    }
    addMappings(detail, columns, to: &lines)
    if lines.isEmpty {
      lines.append(CheckLine(text: "Nothing differs from the failure.", role: .plain))
    }
    guard resumeCheck.isDryRun else { return lines }
    lines.append(CheckLine(text: "", role: .plain))
    if let output = detail.substitute {
      let text: SafeText =
        "given, module \(detail.record.summary.failer.number) is not run: "
        + SafeText(detail.mask.masked(JSONWriter.text(.collection(output))), limit: 2000)
      for (position, part) in text.wrapped(to: columns - 13, lines: 6).enumerated() {
        lines.append(
          CheckLine(
            text: (position == 0 ? "Output       " : "             ") + part, role: .changed))
      }
    } else if detail.check.problems.isEmpty {
      lines.append(
        CheckLine(
          text: "Check        fits module \(startModule(detail).number)", role: .done))
    }
    if detail.substitute == nil {
      for problem in detail.check.problems {
        for (position, part) in detail.shown(problem.message).wrapped(to: columns - 13, lines: 3)
          .enumerated()
        {
          lines.append(
            CheckLine(
              text: (position == 0 ? "Check      ! " : "             ") + part, role: .problem))
        }
      }
    }
    addRestart(detail, columns, to: &lines)
    add("Will run     ", detail.check.willRun, detail, columns, to: &lines)
    for owed in detail.check.owed {
      let title = detail.blueprint.module(owed.module)?.title ?? ""
      let names = owed.willRun.map { id -> SafeText in
        "\(id.number) \(detail.blueprint.module(id)?.title ?? "")"
      }
      let text: SafeText =
        "\(owed.count) more of \(owed.module.number) \(title): " + names.joined(separator: ", ")
      for (position, part) in text.wrapped(to: max(10, columns - 13), lines: 6).enumerated() {
        lines.append(
          CheckLine(text: (position == 0 ? "Then         " : "             ") + part, role: .plain))
      }
    }
    add("Not repeated ", detail.check.notRepeated, detail, columns, to: &lines)
    addFilters(detail, to: &lines)
    addEffects(detail, to: &lines)
    addBlueprint(detail, columns, to: &lines)
    return lines
  }

  private func startModule(_ detail: DetailState) -> ModuleID {
    detail.restart ?? detail.record.summary.failer
  }

  /// More changes inside one are not told one by one.
  private static let mostInside = 100

  /// One change as lines, and what is in it where a whole array or collection is another one.
  /// - Parameter isSecret: whether its value must not be shown, wherever it comes from.
  static func lines(
    of change: BundleDiff.Change, mapped: MappedFields, isSecret: Bool = false, mask: SecretMask,
    columns: Int
  ) -> [CheckLine] {
    let isSecret = isSecret || mapped.isSecret(change.path)
    let lines = lines(of: change, isSecret: isSecret, mask: mask, columns: columns)
    guard !isSecret else { return lines }
    return lines
      + linesInside(change, mapped: mapped, mask: mask, columns: columns - 2)
      .map { CheckLine(text: "  " + $0.text, role: $0.role) }
  }

  /// What is in a change of a whole array or collection.
  static func linesInside(
    _ change: BundleDiff.Change, mapped: MappedFields, mask: SecretMask, columns: Int
  ) -> [CheckLine] {
    let inside = change.inside(most: mostInside)
    var lines = inside.prefix(mostInside).flatMap {
      Self.lines(of: $0, isSecret: mapped.isSecret($0.path), mask: mask, columns: columns)
    }
    if inside.count > mostInside { lines.append(CheckLine(text: "… and more", role: .faint)) }
    return lines
  }

  /// One change as lines: in one where it fits, else old above new.
  static func lines(
    of change: BundleDiff.Change, isSecret: Bool, mask: SecretMask, columns: Int
  ) -> [CheckLine] {
    if change.isOrder {
      return [
        CheckLine(text: "~ \(change.path.description)  another order", role: .changed)
      ]
    }
    let mark: SafeText = change.old == nil ? "+ " : change.new == nil ? "- " : "~ "
    let old = ValueText.typed(change.old, isSecret: isSecret, mask: mask)
    let new =
      change.new == nil
      ? "taken away" : ValueText.typed(change.new, isSecret: isSecret, mask: mask)
    let whole = mark + "\(change.path.description)  " + old + "  →  " + new
    if whole.width <= columns { return [CheckLine(text: whole, role: .changed)] }
    var lines = [CheckLine(text: mark + "\(change.path.description)", role: .changed)]
    for part in ("    " + old).wrapped(to: columns, lines: 3) {
      lines.append(CheckLine(text: part, role: .plain))
    }
    for part in ("  → " + new).wrapped(to: columns, lines: 3) {
      lines.append(CheckLine(text: part, role: .changed))
    }
    return lines
  }

  private func addMappings(_ detail: DetailState, _ columns: Int, to lines: inout [CheckLine]) {
    let changes = detail.mappingChanges.sorted { $0.key.description < $1.key.description }
    for (path, change) in changes {
      let steps = path.steps
      let name = TreePlace.input(steps).text(failer: path.module)
      let scope: SafeText =
        detail.changesScenario == true && detail.drafts.contains { $0.target == .mapping }
        ? "this record and the scenario" : "this record only"
      let isSecret = detail.mapped.holdsSecret(.input(steps))
      let values: SafeText =
        isSecret
        ? "changed" : ValueText.mapping(change.old) + "  →  " + ValueText.mapping(change.new)
      let text =
        "~ mapping of \(path.module.number) \(name)  " + values + "  (" + scope + ")"
      for part in text.wrapped(to: columns, lines: 4) {
        lines.append(CheckLine(text: part, role: .changed))
      }
    }
  }

  private func addRestart(_ detail: DetailState, _ columns: Int, to lines: inout [CheckLine]) {
    guard let module = detail.restart,
      let forecast = detail.opened.restarts.first(where: { $0.module == module })
    else { return }
    let names = forecast.repeated.map { id -> SafeText in
      let again: SafeText =
        forecast.repeatedEffects.contains(id) ? " (changes the world AGAIN)" : ""
      return "\(id.number) \(detail.blueprint.module(id)?.title ?? "")" + again
    }
    let text: SafeText =
      "Repeats    ! " + (names.isEmpty ? "nothing" : names.joined(separator: ", "))
    for part in text.wrapped(to: columns, lines: 4) {
      lines.append(
        CheckLine(text: part, role: forecast.repeatedEffects.isEmpty ? .plain : .problem))
    }
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
        answer = "fails: " + detail.shown(why)
        role = .problem
      }
      lines.append(
        CheckLine(text: lead + "\(filter.module.number) \(filter.text): " + answer, role: role))
    }
  }

  private func addEffects(_ detail: DetailState, to lines: inout [CheckLine]) {
    let effects = detail.check.effects.filter {
      $0.effect == .effect
        && (detail.substitute == nil || $0.module != detail.record.summary.failer)
    }
    if detail.check.goesOnWithCall, detail.substitute == nil {
      let failer = detail.record.summary.failer
      lines.append(
        CheckLine(
          text: "Takes over   \(failer.number) \(detail.blueprint.module(failer)?.title ?? ""): "
            + "what the run it called returned", role: .plain))
    }
    for (position, effect) in effects.enumerated() {
      let lead: SafeText = position == 0 ? "Sends        " : "             "
      let title = detail.blueprint.module(effect.module)?.title ?? ""
      let warning: SafeText = effect.mayHaveHappened ? ": may have arrived already" : ""
      lines.append(
        CheckLine(
          text: lead + "\(effect.module.number) \(title)" + warning,
          role: effect.mayHaveHappened ? .problem : .plain))
    }
  }

  private func addBlueprint(_ detail: DetailState, _ columns: Int, to lines: inout [CheckLine]) {
    guard let today = detail.opened.today, today.blueprint != detail.record.blueprint else {
      return
    }
    if !detail.usesTodaysBlueprint {
      let text: SafeText =
        today.obstacles.first.map { "as stored; today's differs and does not fit: \($0)" }
        ?? "as stored; the scenario has another one today: v uses it"
      for (position, part) in text.wrapped(to: columns - 13, lines: 2).enumerated() {
        lines.append(
          CheckLine(
            text: (position == 0 ? "Blueprint    " : "             ") + part, role: .plain))
      }
      return
    }
    lines.append(
      CheckLine(text: "Blueprint    of today; v takes the stored one again", role: .changed))
    for difference in BlueprintDiff(from: detail.record.blueprint, to: today.blueprint).lines {
      for part in ("  " + difference).wrapped(to: columns, lines: 3) {
        lines.append(CheckLine(text: part, role: .changed))
      }
    }
  }

  private func add(
    _ title: SafeText, _ modules: [ModuleID], _ detail: DetailState, _ columns: Int,
    to lines: inout [CheckLine]
  ) {
    let shown =
      detail.substitute == nil
      ? modules : modules.filter { $0 != detail.record.summary.failer }
    let names = shown.map { id -> SafeText in
      "\(id.number) \(detail.blueprint.module(id)?.title ?? "")"
    }
    let text = names.isEmpty ? "nothing" : names.joined(separator: ", ")
    let room = max(10, columns - title.width)
    for (position, part) in text.wrapped(to: room, lines: 6).enumerated() {
      let lead = position == 0 ? title : SafeText(own: String(repeating: " ", count: title.width))
      lines.append(CheckLine(text: lead + part, role: .plain))
    }
  }
}
