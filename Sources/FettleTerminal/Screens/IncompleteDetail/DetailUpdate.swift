import FettleCore
import FettleEngine

/// What happens on an opened record.
extension State {
  mutating func open(_ opened: OpenedRecord, _ then: LoadPurpose.ThenDo) -> [Effect] {
    // A resume of what nobody changed needs no screen of its own, unless it may have happened.
    if then == .resume, opened.record.edits.isEmpty, opened.record.mappingEdits.isEmpty,
      opened.record.error.stage != .inDoubt, opened.undoneFrom == nil
    {
      return startResume(opened.record.id, version: opened.record.summary.version)
    }
    let stopped = stopSearch()
    detail = DetailState(opened)
    if let dropped, dropped.record == opened.record.id { detail?.offer(dropped.changes) }
    list.cursor = opened.record.id
    notice = ""
    let companions = stopped + [Effect.record(.companions(opened.record))]
    switch then {
    case .nothing: return companions
    case .edit: return updateDetail(.edit) + companions
    case .resume: return updateDetail(.resume) + companions
    case .perform(let command): return updateDetail(command) + companions
    }
  }

  /// What is asked before a record is resumed, in this order.
  enum ResumeQuestion { case doubt, undone }

  /// - Parameter answered: the last question about a resume that was answered.
  mutating func updateDetail(
    _ command: Command, answered: ResumeQuestion? = nil
  ) -> [Effect] {
    guard let current = detail else { return [] }
    if current.pane == .chain {
      switch command {
      case .moveDown, .moveUp, .moveToFirst, .moveToLast, .unfold, .fold,
        .showFailedModule, .nextProblem, .previousProblem:
        return updateChain(command)
      case .open: return openInChain()
      default: break
      }
    }
    switch command {
    case .moveDown: moveDetail(by: 1)
    case .moveUp: moveDetail(by: -1)
    case .pageDown: moveDetail(by: detailPage)
    case .pageUp: moveDetail(by: -detailPage)
    case .halfPageDown: moveDetail(by: max(1, detailPage / 2))
    case .halfPageUp: moveDetail(by: -max(1, detailPage / 2))
    case .moveToFirst: moveDetail(by: -.max)
    case .moveToLast: moveDetail(by: .max)
    case .nextPane: detail?.pane = current.pane == .chain ? .bundles : .chain
    case .zoom: detail?.isZoomed.toggle()
    case .wrap:
      detail?.wraps.toggle()
      notice = detail?.wraps == true ? "long values are wrapped; w puts them on one line" : ""
    case .showFailedModule: return updateChain(command)
    case .nextProblem where !current.words.isEmpty: return goToMatch(1)
    case .previousProblem where !current.words.isEmpty: return goToMatch(-1)
    case .nextProblem, .previousProblem:
      let step = command == .nextProblem ? 1 : -1
      guard let place = current.tree.problem(step, from: current.cursorLine) else {
        notice = "nothing here is known to be wrong"
        return []
      }
      detail?.go(to: place)
    case .chainView:
      detail?.pane = .chain
      detail?.chain.isBoxes.toggle()
      if size.columns < 100, detail?.chain.isBoxes == true {
        detail?.chain.isBoxes = false
        notice = "boxes need 100 columns; this terminal has \(size.columns)"
      }
      let isBoxes = detail?.chain.isBoxes == true
      detail?.isZoomed = isBoxes
      panToFailed()
    case .unfold: fold(false)
    case .fold: fold(true)
    case .mark, .markRange, .markAll, .clearMarks: return updateMarks(command)
    case .open where current.isOnFoldable: fold(current.unfolded.contains(current.cursor))
    case .previousRecord: return openNeighbour(-1)
    case .nextRecord: return openNeighbour(1)
    case .edit, .open: return beginEdit()
    case .changeType:
      let effects = beginEdit()
      guard typing?.editor != nil else { return effects }
      typing?.editor?.changeType()
      return effects + checkTyped()
    case .search:
      typing = Typing(line: LineEditor(), purpose: .search)
    case .resumeMarked: return updateList(command)
    case .groups:
      guard current.drafts.isEmpty else {
        notice = Self.saveFirst
        return []
      }
      return closeDetail() + go(to: .incomplete) + updateList(command)
    case .editOutside: return editOutside()
    case .add: return beginAdd()
    case .remove: return removeField()
    case .rename: return beginRename()
    case .shiftUp: return moveField(-1)
    case .shiftDown: return moveField(1)
    case .pasteJSON: return beginPaste()
    case .putFile: return beginFile()
    case .showWay: return showWay()
    case .substitute: return beginSubstitute()
    case .reveal: return revealSecret()
    case .undo where !current.canUndo: return takeBack()
    case .undo: return stepped(detail?.undo(), "undone")
    case .redo:
      dropped = nil
      return stepped(detail?.redo(), "done again")
    case .revertAll:
      detail?.revertAll()
      notice = "everything is as it was at the failure; u takes that back"
      return changed()
    case .showDiff: resumeCheck = ResumeCheckState(isForResuming: false, isDryRun: false)
    case .dryRun:
      resumeCheck = ResumeCheckState(isForResuming: false)
      return checkAgain()
    case .showRecordAudit: return showRecordAudit()
    case .followLink: return followLink()
    case .openRun: return openRun(of: current)
    case .resumeHere: return resumeFromHere()
    case .save: return save(then: .stay)
    case .resume:
      // Other data may arrive twice just as well.
      guard current.record.error.stage != .inDoubt || answered != nil else {
        question = .inDoubt(current.record.id)
        return []
      }
      if let first = current.opened.undoneFrom, current.restart == nil,
        answered != .undone
      {
        question = .undone(current.record.id, first)
        return []
      }
      guard current.isChanged else {
        return startResume(current.record.id, version: current.record.summary.version)
      }
      resumeCheck = ResumeCheckState(isForResuming: true)
      return checkAgain()
    case .back where current.search != nil:
      notice = "the search is stopped; n goes on with it"
      return stopSearch()
    case .back, .quit:
      if current.chain.operations != nil {
        detail?.chain.operations = nil
        return []
      }
      return leaveDetail()
    case .quitAtOnce: return quitting()
    case .interrupt where current.search != nil:
      notice = "the search is stopped; n goes on with it"
      return stopSearch()
    case .interrupt: askToQuit()
    default: return updateRecord(command)
    }
    return []
  }

  static let saveFirst: SafeText =
    "changes are not saved; Ctrl-S saves them, U puts everything back"

  /// Goes from a record to the execution that stored it; `i` leads back from there.
  private mutating func openRun(of detail: DetailState) -> [Effect] {
    guard detail.drafts.isEmpty else {
      notice = Self.saveFirst
      return []
    }
    let effects = closeDetail()
    history.run = nil
    let shown = showHistory(by: .everything)
    return effects + shown + openExecution(detail.record.summary.executionID)
  }

  mutating func leaveDetail() -> [Effect] {
    guard detail?.drafts.isEmpty ?? true else {
      question = .leaveUnsaved
      return []
    }
    return closeDetail()
  }

  /// Leaves the record without its changes. One key did that: they can be made again.
  mutating func dropChanges() -> [Effect] {
    guard let left = detail else { return [] }
    dropped = DroppedChanges(record: left.record.id, changes: left.steps)
    let effects = closeDetail()
    let count = left.changedCount
    notice =
      "\(count) \(count == 1 ? "change" : "changes") dropped; Ctrl-R in the record makes "
      + (count == 1 ? "it" : "them") + " again"
    return effects
  }

  mutating func closeDetail() -> [Effect] {
    let effects = stopSearch() + dropDraft()
    detail = nil
    resumeCheck = nil
    (way, preview, conflict) = (nil, nil, nil)
    return effects + refreshList() + loadPreview()
  }

  private mutating func stepped(_ place: TreePlace?, _ word: SafeText) -> [Effect] {
    guard let place, let failer = detail?.record.summary.failer else { return [] }
    detail?.go(to: place)
    notice = word + ": \(place.text(failer: failer))"
    return changed()
  }

  /// Shows a secret, which the audit keeps.
  private mutating func revealSecret() -> [Effect] {
    guard let detail else { return [] }
    let place = detail.cursor
    guard detail.mapped.isSecret(place) else {
      notice = "nothing is hidden here"
      return []
    }
    if detail.revealed.contains(place) {
      self.detail?.revealed.remove(place)
      self.detail?.rebuild()
      return []
    }
    self.detail?.revealed.insert(place)
    self.detail?.rebuild()
    notice = "shown until the record is closed; the audit says who looked"
    return [
      .record(.revealed(place.text(failer: detail.record.summary.failer), in: detail.record.id))
    ]
  }

  /// Opens the record that continues this one, the one it waits for, or the one it continues.
  private mutating func followLink() -> [Effect] {
    guard let detail else { return [] }
    guard detail.drafts.isEmpty else {
      notice = "save the changes first (Ctrl-S), or undo them (u)"
      return []
    }
    let record = detail.record
    guard let id = record.successor ?? record.error.awaited ?? record.predecessor else {
      notice = "the record continues no other and waits for none, and none continues it"
      return []
    }
    linked = id
    return [.record(.load(id, .open(.nothing)))]
  }

  /// Asks what a resume would do with the bundles as they are now.
  mutating func checkAgain() -> [Effect] {
    guard detail != nil else { return [] }
    let token = nextToken()
    detail?.checkToken = token
    guard let detail else { return [] }
    return [.record(.check(detail.draftedRecord, detail.mappable, token: token))]
  }

  private var detailPage: Int {
    let layout = DetailLayout(self)
    let area = detail?.pane == .chain ? layout.chain : layout.bundles
    return max(1, (area?.rows ?? 2) - 2)
  }

  private mutating func moveDetail(by distance: Int) {
    guard let detail else { return }
    switch detail.pane {
    case .chain: moveInChain(by: max(-100_000, min(100_000, distance)))
    case .bundles:
      let start = distance == .max ? detail.tree.count : distance == -.max ? -1 : detail.cursorLine
      let steps = distance == .max ? -1 : distance == -.max ? 1 : distance
      if let place = detail.tree.place(steps, from: start) { self.detail?.cursor = place }
    }
  }

  private mutating func fold(_ folds: Bool) {
    guard let detail, detail.pane == .bundles else {
      self.detail?.pane = .bundles
      return
    }
    guard detail.tree.count > 0 else { return }
    let line: BundleTree.Line? = detail.tree[detail.cursorLine]
    if folds {
      if line?.isUnfolded == true {
        self.detail?.unfolded.remove(detail.cursor)
      } else if let parent = detail.cursor.parent {
        self.detail?.cursor = parent
      }
    } else if line?.isFoldable == true {
      if line?.isUnfolded == true { return moveDetail(by: 1) }
      self.detail?.unfolded.insert(detail.cursor)
    }
    self.detail?.rebuild()
  }

  private mutating func openNeighbour(_ distance: Int) -> [Effect] {
    guard detail?.drafts.isEmpty ?? true else {
      notice = "save the changes first (Ctrl-S), or undo them (u)"
      return []
    }
    guard let index = list.index, list.rows.indices.contains(index + distance) else {
      notice = distance < 0 ? "this is the first record" : "this is the last record"
      return []
    }
    list.moveCursor(to: index + distance)
    guard let id = list.cursor else { return [] }
    return [.record(.load(id, .open(.nothing)))] + growList()
  }

  mutating func recordLoaded(
    _ id: RecordID, _ purpose: LoadPurpose, _ answer: Message.Answer<OpenedRecord>
  ) -> [Effect] {
    switch (purpose, answer) {
    case (.open(let then), .success(let opened)):
      guard list.cursor == id || detail?.record.id == id || linked == id else { return [] }
      guard detail?.drafts.isEmpty ?? true, typing == nil, resumeCheck == nil else { return [] }
      linked = nil
      return open(opened, then)
    case (.refresh, .success(let opened)):
      guard detail?.record.id == id else { return [] }
      return take(opened)
    case (_, .failure(let error)):
      notice = "\(error.description)"
      return []
    }
  }

  /// What others made of the open record, where it cannot be mended any more.
  private func news(_ opened: OpenedRecord) -> SafeText? {
    let summary = opened.record.summary
    guard let detail, detail.record.summary.state != summary.state, !running.contains(summary.id),
      detail.ownVersion != summary.version, bulk?.isRunning != true
    else { return nil }
    let words: SafeText
    switch summary.state {
    case .resolved: words = "someone else brought this record to its end"
    case .deleted: words = "someone else put this record into the bin"
    case .inProgress: words = "someone else is retrying this record"
    case .pending, .unresolved:
      guard detail.record.summary.state == .inProgress else { return nil }
      words = "the retry of someone else has ended and this record is open again"
    }
    return detail.drafts.isEmpty ? words : words + "; your changes are not written"
  }

  /// Whether something is being typed or looked at that becomes a change of the record.
  private var isWriting: Bool {
    if preview != nil { return true }
    return switch typing?.purpose {
    case .value, .mapping, .json, .fieldName, .rename, .file: true
    default: false
    }
  }

  private mutating func take(_ opened: OpenedRecord) -> [Effect] {
    let words = news(opened)
    list.take(opened.record.summary)
    // While somebody chooses between both sides, and while something is typed, nothing moves: what others
    // made of the record is compared with what was typed once that is a change.
    if conflict != nil { return [] }
    if isWriting, opened.record.summary.version != detail?.record.summary.version {
      if let words { notice = words }
      return []
    }
    var made: (steps: [[Draft]]?, lost: [Draft]) = (nil, [])
    if let detail, !detail.steps.isEmpty,
      opened.record.summary.version != detail.record.summary.version
    {
      let meanwhile = MeanwhileChanged(detail, with: opened)
      if let both = ConflictState(meanwhile) {
        (resumeCheck, way, preview) = (nil, nil, nil)
        conflict = both
        notice = "m takes mine, t theirs; Enter when every field is decided"
        return []
      }
      made = meanwhile.merged()
    }
    let lost = made.lost + (detail?.take(opened, replaying: made.steps) ?? [])
    if let words { notice = words }
    if !lost.isEmpty {
      notice =
        "\(lost.count) of your changes no longer fit: \(lost.map(\.path.description).joined(separator: ", "))"
    }
    let again = detail?.drafts.isEmpty == false ? checkAgain() : []
    return again + [.record(.companions(opened.record))]
  }
}
