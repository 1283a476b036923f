import FettleCore
import FettleEngine

/// What an operator does with a record as a whole, from the list or from the record itself.
extension State {
  /// Takes in an answer.
  mutating func updateRecord(_ message: RecordMessage) -> [Effect] {
    switch message {
    case .loaded(let id, let purpose, let answer): return recordLoaded(id, purpose, answer)
    case .unchanged: return []
    case .previewed(let id, let answer): return previewLoaded(id, answer)
    case .checked(let check, let token):
      guard detail?.checkToken == token else { return [] }
      detail?.check = check
      // The input that is shown is that of the failed module, wherever the record may go on.
      if detail?.restart == nil { detail?.rebuild() }
      return []
    case .companions(let id, let answer): return companionsLoaded(id, answer)
    case .draftKept(_, .success), .textKept(.success):
      keptAgain()
      return []
    case .draftTaken(let id, let answer): return draftTaken(id, answer)
    case .textsFound(let id, let answer):
      if case .success(let texts) = answer { textsFound(id, texts) }
      return []
    case .draftKept(_, .failure(let error)), .textKept(.failure(let error)):
      notKept(error)
      return []
    case .leftKept(let kept): return leftEditsKept(kept)
    case .notes(let id, let answer):
      guard recordAudit?.id == id else { return [] }
      switch answer {
      case .success(let notes): recordAudit?.notes = notes
      case .failure(let error): notice = "\(error.description)"
      }
      return []
    case .operations(let module, let id, let answer):
      if detail?.record.id == id, detail?.chain.cursor == module {
        operationsLoaded(module, answer)
      }
      return []
    case .saved(let id, let answer): return saved(id, answer)
    case .resumed(let id, let answer): return resumed(id, answer)
    case .moved(let id, let action, let answer): return moved(id, action, answer)
    }
  }

  mutating func updateRecord(_ command: Command) -> [Effect] {
    guard let summary = detail?.record.summary ?? list.selected else { return [] }
    switch command {
    case .turnAutoRetry:
      return [
        .record(
          .setAutoRetry(summary.state != .pending, summary.id, version: summary.version))
      ]
    case .closeRecord:
      question = .closeOrDelete(summary.id)
      return []
    default: return []
    }
  }

  /// Runs a record on.
  mutating func startResume(_ id: RecordID, version: Int) -> [Effect] {
    running.insert(id)
    notice = "resuming \(id.short)…"
    return [.record(.resume(id, version: version, .manual))]
  }

  mutating func save(then: DetailState.AfterSaving) -> [Effect] {
    guard let detail else { return [] }
    // Another place or blueprint is chosen for a resume, not saved by itself.
    var changes = detail.changes
    if then != .resume {
      changes.restart = nil
      changes.takesTodaysBlueprint = false
    }
    guard !changes.isEmpty else { return afterSaving(then) }
    guard detail.afterSaving == nil else {
      notice = "still saving"
      return []
    }
    self.detail?.afterSaving = then
    let record = detail.record
    return [.record(.amend(changes, to: record.id, version: record.summary.version))]
  }

  private mutating func afterSaving(_ next: DetailState.AfterSaving) -> [Effect] {
    guard let record = detail?.record else { return [] }
    switch next {
    case .stay: return []
    case .resume: return resumeOpened(record.id, version: record.summary.version)
    case .leave: return closeDetail()
    case .quit: return [.quit]
    }
  }

  /// Runs the opened record on, or what comes behind its module when its output was given.
  private mutating func resumeOpened(_ id: RecordID, version: Int) -> [Effect] {
    let output = detail?.substitute
    detail?.substitute = nil
    detail?.restart = nil
    detail?.usesTodaysBlueprint = false
    guard let output else { return startResume(id, version: version) }
    running.insert(id)
    notice = "resuming \(id.short) with the output given…"
    return [.record(.resumeBehind(id, version: version, output: output))]
  }

  private mutating func saved(_ id: RecordID, _ answer: Message.Answer<Int>) -> [Effect] {
    guard let detail, detail.record.id == id else { return [] }
    let next = detail.afterSaving ?? .stay
    self.detail?.afterSaving = nil
    switch answer {
    case .success(let version):
      let dropped = dropDraft()
      self.detail?.forgetDrafts()
      notice = "saved; nothing was run"
      switch next {
      case .stay: return dropped + [.record(.load(id, .refresh))]
      case .resume: return resumeOpened(id, version: version) + dropped
      case .leave, .quit: return dropped + afterSaving(next)
      }
    case .failure(.changedMeanwhile):
      resumeCheck = nil
      notice =
        "someone else changed this record: nothing was written, your changes are kept; look again"
      return [.record(.load(id, .refresh))]
    case .failure(let error):
      resumeCheck = nil
      notice = "not saved: \(error.description)"
      // It may be another's, or closed, by now: that is shown too.
      return [.record(.load(id, .refresh))]
    }
  }

  private mutating func resumed(_ id: RecordID, _ answer: Message.Answer<ResumeReport>) -> [Effect]
  {
    running.remove(id)
    var effects: [Effect] = []
    switch answer {
    case .failure(.outcomeUnknown(let id, let error)):
      notice =
        "\(id.short) was RUN, but what came of it could not be kept: \(error.description)"
    case .failure(let error):
      notice = "\(id.short) was not run: \(error.description)"
    case .success(let report):
      notice = outcome(of: report)
      noteOwn(report.record.summary)
      list.take(report.record.summary)
      // The output that was given for it has served.
      effects += forgetText(.output, of: id)
    }
    if detail?.record.id == id { effects.append(.record(.load(id, .refresh))) }
    return effects + refreshList() + [.list(.counts)] + quitWhenIdle()
  }

  private mutating func noteOwn(_ summary: IncompleteSummary) {
    if detail?.record.id == summary.id { detail?.ownVersion = summary.version }
  }

  private func outcome(of report: ResumeReport) -> SafeText {
    let time = Quantity.seconds(milliseconds: report.milliseconds)
    let id = report.record.id.short
    switch report.outcome {
    case .resolved:
      return "\(id) resolved in " + time + ", run \(String(report.execution.id.prefix(8)))"
    case .failed(let error):
      let failed: SafeText = "\(id) failed again after " + time + ": \(error.type.rawValue)"
      // What the service answers may repeat what it was sent.
      guard let mask = mask(of: report.record.id) else { return failed }
      return failed + ", \(mask.masked(error.message))"
    case .failedElsewhere(let error, let module, let record):
      let link: SafeText = record.map { ", stored as \($0.short)" } ?? ""
      return "\(id) got on and failed at module \(module.number): \(error.type.rawValue)" + link
    case .interrupted: return "\(id) was interrupted after " + time
    }
  }

  /// What has to be masked in words about a record; nil while nobody knows.
  private func mask(of id: RecordID) -> SecretMask? {
    if let detail, detail.record.id == id { return detail.mask }
    return list.previews[id]?.mask
  }

  private mutating func moved(
    _ id: RecordID, _ action: RecordAction, _ answer: Message.Answer<IncompleteExecution>
  ) -> [Effect] {
    var forgotten: [Effect] = []
    switch answer {
    case .failure(let error):
      notice = "\(id.short): \(error.description)"
      noteAutoRetry(id, nil)
    case .success(let record):
      noteOwn(record.summary)
      list.take(record.summary)
      notice = told(action, record.summary)
      forgotten = action == .closed ? forgetText(.reason, of: id) : []
      switch action {
      case .deleted: note(.deleted([record.id], versions: [record.id: record.summary.version]))
      case .closed: note(.closed([record.id], versions: [record.id: record.summary.version]))
      case .restored: forgetAction(on: [record.id])
      case .autoRetryOn, .autoRetryOff:
        noteAutoRetry(
          id,
          .autoRetry(id, isOn: action == .autoRetryOn, version: record.summary.version))
      }
    }
    var effects = forgotten + refreshList() + [.list(.counts)]
    if detail?.record.id == id {
      if action == .deleted || action == .closed, case .success = answer,
        detail?.drafts.isEmpty == true
      {
        effects += closeDetail()
      } else {
        effects.append(.record(.load(id, .refresh)))
      }
    }
    return effects
  }

  private func told(_ action: RecordAction, _ summary: IncompleteSummary) -> SafeText {
    let id: SafeText = "\(summary.id.short)"
    switch action {
    case .closed where summary.seal == .removed: return id + " is closed, its data is removed"
    case .closed: return id + " is closed; u opens it again"
    case .deleted: return id + " is in the bin; u takes it out"
    case .restored: return id + " is back"
    case .autoRetryOn: return id + ": " + summary.retryWord(now: now)
    case .autoRetryOff: return id + " waits for you now"
    }
  }
}
