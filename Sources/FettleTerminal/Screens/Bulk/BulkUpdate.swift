import FettleCore
import FettleEngine

/// What happens around an action on many records: the question, the way, the report.
extension State {
  /// From this many records on, the number has to be typed.
  static let typedNumber = 100

  /// What the marks are about.
  var markedTarget: BulkTarget? {
    switch list.marks {
    case .some(let ids): return ids.isEmpty ? nil : .these(ids)
    case .allOf(let filter, let excepted):
      let records = RecordFilter(
        filter.expression, now: now, utcOffset: surroundings.zone.offset(at: now))
      return .matching(records, except: excepted)
    }
  }

  /// Fixes the set of records; the question follows when it is fixed.
  mutating func ask(about target: BulkTarget, _ action: BulkAction) -> [Effect] {
    guard bulk?.isRunning != true else {
      notice = "another action on many records is running; B shows it"
      return []
    }
    bulkToken = nextToken()
    notice = "counting…"
    return [.bulk(.select(target, action, token: bulkToken))]
  }

  mutating func updateBulk(_ message: BulkMessage) -> [Effect] {
    switch message {
    case .selected(let token, let answer):
      guard token == bulkToken, question == nil, typing == nil else { return [] }
      notice = ""
      switch answer {
      case .failure(let error): notice = "\(error.description)"
      // Taking back loses nothing and is not asked about.
      case .success(let selection) where selection.action.takesBack:
        let own = ownPart(of: selection)
        if !own.items.isEmpty { return startBulk(own) }
        ask(own)
      case .success(let selection): ask(selection)
      }
      return []
    case .progressed(let progress):
      // What was on its way when all was over is old.
      guard let bulk, bulk.isRunning else { return [] }
      self.bulk?.progress = progress
      return progress.isOver ? ended(progress) : []
    }
  }

  private mutating func ask(_ selection: BulkSelection) {
    guard !selection.items.isEmpty else {
      notice =
        selection.skipped.isEmpty
        ? "there is none left" : "none of them: " + Self.skippedWords(selection)
      return
    }
    if selection.items.count > Self.typedNumber || selection.action == .purge {
      typing = Typing(line: LineEditor(), purpose: .confirmation(selection))
    } else {
      question = .bulk(selection)
    }
  }

  /// What has to be typed before an action begins.
  static func confirmation(of selection: BulkSelection) -> String {
    selection.items.count == 1 ? selection.items[0].id.short : String(selection.items.count)
  }

  mutating func startBulk(_ selection: BulkSelection) -> [Effect] {
    bulk = BulkState(
      progress: BulkProgress(selection.action, total: selection.items.count, started: now))
    // What is taken back is seldom what is marked.
    if !selection.action.takesBack { list.marks = .none }
    guard case .close = selection.action else { return [.bulk(.start(selection))] }
    return [.bulk(.start(selection))] + forgetText(.reason, of: nil)
  }

  private mutating func ended(_ progress: BulkProgress) -> [Effect] {
    list.marks.mark(progress.failed.map(\.id))
    // Who stopped it may go on with what is left, and with nothing that came meanwhile.
    if !progress.action.takesBack { list.marks.mark(progress.notBegun) }
    switch progress.action {
    case .delete: note(.deleted(progress.succeeded, versions: progress.versions))
    case .close: note(.closed(progress.succeeded, versions: progress.versions))
    case .restore, .reopen: forgetAction(on: progress.succeeded)
    case .resume, .purge: break
    }
    notice = Self.report(progress)
    // One that was not begun or failed is worth a look; where all went well the line says enough.
    if progress.failed.isEmpty || bulk?.isHidden == true { bulk = nil }
    return refreshList() + [.list(.counts)] + reloadGroups() + quitWhenIdle()
  }

  static func report(_ progress: BulkProgress) -> SafeText {
    var text: SafeText = Self.doneWord(progress.action) + " \(progress.done) of \(progress.total)"
    let (same, new) = (progress.count(.sameError), progress.count(.newError))
    if same > 0 { text += " · same error again \(same)" }
    if new > 0 { text += " · new error \(new)" }
    let unknown = progress.count(.unknown)
    if unknown > 0 { text += " · begun, outcome not kept \(unknown)" }
    let reasons = progress.skipReasons
    let skipped = reasons.reduce(0) { $0 + $1.count }
    if skipped > 0 { text += " · skipped \(skipped)" }
    if progress.isStopped { text += " · stopped, \(progress.total - progress.ended) not begun" }
    if !progress.failed.isEmpty || !progress.notBegun.isEmpty && !progress.action.takesBack {
      text += " · they stay marked"
    }
    // With one reason the number was told.
    for (reason, count) in reasons.prefix(3) {
      text += reasons.count == 1 ? " · skipped: \(reason)" : " · \(count) skipped: \(reason)"
    }
    if progress.action == .delete, progress.done > 0 { text += " · u takes them out of the bin" }
    if case .close = progress.action, progress.done > 0 { text += " · u opens them again" }
    return text
  }

  static func doneWord(_ action: BulkAction) -> SafeText {
    switch action {
    case .resume: "resolved"
    case .close: "closed"
    case .delete: "deleted"
    case .restore: "restored"
    case .reopen: "opened again"
    case .purge: "purged"
    }
  }

  static func verb(_ action: BulkAction) -> SafeText {
    switch action {
    case .resume: "Resume"
    case .close: "Close"
    case .delete: "Delete"
    case .restore: "Restore"
    case .reopen: "Open again"
    case .purge: "Remove for good"
    }
  }

  static func skippedWords(_ selection: BulkSelection) -> SafeText {
    selection.skipped.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.map {
      SafeText($0)
    }
    .joined(separator: ", ")
  }

  mutating func updateBulk(_ command: Command) -> [Effect] {
    guard let bulk else { return [] }
    switch command {
    case .stopBulk, .interrupt:
      guard bulk.isRunning else {
        self.bulk = nil
        return []
      }
      self.bulk?.progress.isStopped = true
      notice = "stopping after the \(bulk.progress.running) that run"
      return [.bulk(.stop)]
    case .hideBulk:
      if bulk.isRunning { self.bulk?.isHidden = true } else { self.bulk = nil }
    case .listFailed:
      let failed = bulk.progress.failed.map(\.id)
      guard !failed.isEmpty else { return [] }
      if bulk.isRunning { self.bulk?.isHidden = true } else { self.bulk = nil }
      showsGroups = false
      screen = .incomplete
      return setFilter(
        ListFilter(
          .condition(.id, failed.prefix(500).map { .text($0.short, isQuoted: false) })))
    default: break
    }
    return []
  }
}
