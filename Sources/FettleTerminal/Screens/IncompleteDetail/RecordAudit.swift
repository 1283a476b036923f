import FettleCore
import FettleEngine

/// What happened to one record, and who did it.
struct RecordAudit: Equatable, Sendable {
  let id: RecordID
  /// Moves and notes; nil until they were read.
  var notes: [RecordNote]?
  var top = 0
}

extension IncompleteExecution {
  /// Whether a retry failed at its module: what the record tells of is that failure then, and not the
  /// one it was stored for.
  var hasFailedAgain: Bool {
    attempts.contains { if case .failed = $0.outcome { true } else { false } }
  }
}

extension State {
  mutating func showRecordAudit() -> [Effect] {
    guard let id = selectedID else { return [] }
    recordAudit = RecordAudit(id: id)
    var effects: [Effect] = [.record(.notes(id))]
    if detail?.record.id != id, list.previews[id] == nil {
      effects.append(.record(.preview(id, isWhole: false)))
    }
    return effects
  }

  mutating func updateRecordAudit(_ command: Command) -> [Effect] {
    guard let shown = recordAudit else { return [] }
    switch command {
    case .back, .quit: recordAudit = nil
    case .quitAtOnce, .interrupt:
      recordAudit = nil
      return detail == nil ? updateList(command) : updateDetail(command)
    default:
      let top = scrolledLines(shown.top, command, lines: recordAuditLines.count)
      recordAudit?.top = top
    }
    return []
  }

  /// The record whose recordAudit is shown, as far as it is here.
  private var audited: (record: IncompleteExecution, mapped: MappedFields, mask: SecretMask)? {
    guard let recordAudit else { return nil }
    if let detail, detail.record.id == recordAudit.id {
      return (detail.record, detail.mapped, detail.mask)
    }
    guard let preview = list.previews[recordAudit.id] else { return nil }
    let mapped = MappedFields(preview.record.failedModule, descriptor: preview.opened.descriptor)
    return (
      preview.record, mapped,
      SecretMask(preview.record.bundles, mapped, input: preview.record.mappedInput.collection)
    )
  }

  /// One line an event, newest first, with old and new values.
  var recordAuditLines: [CheckLine] {
    guard let recordAudit, let (record, mapped, mask) = audited else {
      return [CheckLine(text: "loading", role: .faint)]
    }
    var events: [(date: Instant, who: SafeText, lines: [CheckLine])] = []
    func add(_ date: Instant, _ who: SafeText, _ lines: [CheckLine]) {
      events.append((date, who, lines))
    }
    let room = max(20, size.columns - 8)
    add(
      record.summary.created, "engine",
      [
        CheckLine(
          text:
            "stored by run \(String(record.summary.executionID.prefix(8)))"
            + (record.hasFailedAgain ? "" : ": \(record.summary.errorType.rawValue)"),
          role: .plain)
      ])
    for edit in record.edits {
      let lines = BundleDiff.changes(from: edit.old, to: edit.new, at: edit.path).prefix(50)
        .flatMap { Self.lines(of: $0, mapped: mapped, mask: mask, columns: room) }
      add(edit.date, "\(edit.author)", lines)
    }
    for edit in record.mappingEdits {
      let isSecret = mapped.isSecret(Draft(path: edit.path, value: nil, in: .mapping))
      let what: SafeText =
        "~ mapping \(edit.path.description)  "
        + (isSecret
          ? "changed" : ValueText.mapping(edit.old) + "  →  " + ValueText.mapping(edit.new))
        + (edit.isInScenario ? "  (in the scenario too)" : "")
      add(
        edit.date, "\(edit.author)",
        what.wrapped(to: room, lines: 3).map { CheckLine(text: $0, role: .changed) })
    }
    for attempt in record.attempts {
      let took = Quantity.seconds(
        milliseconds: Int(clamping: attempt.ended.milliseconds - attempt.started.milliseconds))
      let outcome = outcome(attempt.outcome, mask)
      let text: SafeText =
        "try \(attempt.number) (\(attempt.trigger.rawValue)), run \(String(attempt.executionID.prefix(8))): "
        + outcome.text + ", " + took
      // Who began it, and with what, stands with the claim.
      let claim = recordAudit.notes?.last {
        $0.event == IncompleteEvent.claimed.rawValue && $0.date == attempt.started
      }
      let given = claim?.detail.map { SafeText(mask.masked($0)).wrapped(to: room, lines: 4) } ?? []
      add(
        attempt.ended,
        attempt.trigger == .auto ? "fettle" : claim.map { "\($0.author)" } ?? "",
        text.wrapped(to: room, lines: 4).map { CheckLine(text: $0, role: outcome.role) }
          + given.map { CheckLine(text: $0, role: .changed) })
    }
    for note in recordAudit.notes ?? [] {
      guard let word = Self.word(note) else { continue }
      let text = note.detail.map { word + ": \(mask.masked($0))" } ?? word
      add(
        note.date, "\(note.author)",
        text.wrapped(to: room, lines: 3).map { CheckLine(text: $0, role: .plain) })
    }
    return events.enumerated().sorted {
      ($0.element.date, $0.offset) > ($1.element.date, $1.offset)
    }.flatMap { event -> [CheckLine] in
      [
        CheckLine(
          text: surroundings.zone.long(event.element.date) + "  " + event.element.who, role: .title)
      ] + event.element.lines.map { CheckLine(text: "    " + $0.text, role: $0.role) }
    }
  }

  /// An event in words; nil for what is told elsewhere with more.
  private static func word(_ note: RecordNote) -> SafeText? {
    switch IncompleteEvent(rawValue: note.event) {
    case .claimed?, .finished?, .failedElsewhere?, .failedWithAttemptsLeft?, .failedForGood?: nil
    case .interruptedWhilePending?, .interruptedWhileUnresolved?: "the worker died"
    case .autoRetryTurnedOff?: "automatic retry turned off"
    case .autoRetryTurnedOn?: "automatic retry turned on"
    case .closed?: "closed without running"
    case .deleted?: "put into the bin"
    case .restored?: "taken out of the bin"
    case .reopened?: "closing taken back"
    case nil:
      switch note.event {
      case "blueprintReplaced": "goes on with another blueprint"
      case "restartMoved": "goes on at another module"
      case RecordNote.revealed: "looked at a secret"
      case RecordNote.rolledBack: "earlier writes rolled back"
      default: "\(note.event)"
      }
    }
  }

  /// What came of an attempt.
  func outcome(
    _ outcome: Attempt.Outcome, _ mask: SecretMask
  ) -> (text: SafeText, role: Role) {
    switch outcome {
    case .resolved: ("resolved", .done)
    case .failed(let error):
      ("failed again: \(error.type.rawValue), \(mask.masked(error.message))", .problem)
    case .failedElsewhere(let error, let module, let record):
      (
        "got on and failed at module \(module.number): \(error.type.rawValue), \(mask.masked(error.message))"
          + (record.map { ", stored as \($0.short)" } ?? ""), .problem
      )
    case .interrupted: ("interrupted", .waiting)
    }
  }

  func drawRecordAudit(into frame: inout Frame) {
    guard let recordAudit else { return }
    drawLines(
      recordAuditLines, title: " Audit of \(recordAudit.id.short)", top: recordAudit.top,
      into: &frame)
  }
}
