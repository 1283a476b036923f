import FettleCore
import FettleEngine

extension State {
  /// What to do first: the counts and the newest records.
  mutating func begin() -> [Effect] {
    // Who opened the store to change it can: it is asked only where it is looked at.
    let access: [Effect] = surroundings.isReadOnly ? [.list(.access)] : []
    let left: [Effect] =
      surroundings.isReadOnly ? [] : [.record(.gatherLeft(store: surroundings.storeName))]
    return startList(.start) + [.list(.counts)] + access + left
  }

  /// Takes in what happened.
  /// - Returns: what shall be done about it outside of the screen.
  mutating func update(_ message: Message) -> [Effect] {
    needsPaint = true
    noteRead(message)
    let effects = takeInTurn(message)
    keepCursorsInView()
    return effects
  }

  mutating func react(to message: Message) -> [Effect] {
    let before = place
    isNoticeNew = false
    let effects = reacted(to: message)
    // What was said about one thing is not said about another.
    if !isNoticeNew, place != before { notice = "" }
    return effects
  }

  private mutating func reacted(to message: Message) -> [Effect] {
    switch message {
    case .key(let key): return pressed(key)
    case .pasted(let text): return pasted(text)
    case .pastedTooMuch(let count):
      tellOfPaste(
        "the paste is too long (" + Quantity.bytes(count) + "); a file is put in with W")
      return []
    case .pasting(let count):
      tellOfPaste("pasting, " + Quantity.bytes(count) + " so far · Ctrl-C gives it up")
      return []
    case .pasteGivenUp:
      tellOfPaste("the paste was given up; nothing of it is here")
      return []
    case .pasteRepaired:
      tellOfPaste("bytes of the paste that are no UTF-8 became \u{FFFD}")
      return []
    case .resized(let size):
      self.size = size
      return []
    case .unopened: return [.quit]
    case .ticked(let now):
      self.now = now
      return tick()
    case .waiting(let seconds):
      waited = hasGivenUp ? nil : seconds
      return []
    case .mouse(let event, let target): return updateMouse(event, on: target)
    case .copied(let answer):
      notice = answer
      return []
    case .editedOutside(let edit, let outcome): return editedOutside(edit, outcome)
    case .fileRead(let path, let file, let answer): return fileRead(path, file, answer)
    case .list(let message): return updateList(message)
    case .record(.saved(let id, .success(let version))):
      let before = detail
      let effects = updateRecord(.saved(id, .success(version)))
      if let before, before.record.id == id { sampleSaved(before) }
      return effects
    case .record(let message): return updateRecord(message)
    case .bulk(let message): return updateBulk(message)
    case .scenarios(let message): return updateScenarios(message)
    case .history(let message): return updateHistory(message)
    case .auditTrail(let message): return updateAuditTrail(message)
    case .groups(let message): return updateGroups(message)
    case .groupEdit(let message): return updateGroupEdit(message)
    case .search(let message): return updateSearch(message)
    }
  }

  /// Looks whether anything changed. The list tells it for the open record too.
  private mutating func tick() -> [Effect] {
    guard !hasGivenUp else { return keepTyped() }
    // What the list shows is asked for again when the answer says that something was written.
    var effects: [Effect] = [.list(.look)]
    if screen != .incomplete, table?.isHeld != true { effects += look() }
    effects += keepTyped() + keepUnkept()
    if let open = detail?.record, running.isEmpty, conflict == nil {
      let row = list.place(of: open.id).map { list.rows[$0] }
      // A row that left the list stays as it was.
      if row == nil || row?.version != open.summary.version || list.gone.contains(open.id) {
        effects.append(.record(.refresh(open.id, version: open.summary.version)))
      }
    }
    return effects
  }

  mutating func pressed(_ key: Key) -> [Effect] {
    let context = context
    hasGivenUp = false
    // What took the line of the keys was read.
    if noticeParts(columns: size.columns) != nil { notice = "" }
    if let typing, context == .value, key == .character(" "), typing.editor?.kind == .boolean {
      nextChoice()
      return []
    }
    guard let binding = bindings(context).first(where: { $0.keys.contains(key) }) else {
      return unbound(key, in: context)
    }
    return perform(binding, in: context)
  }

  /// Does what a binding is for, or says why not now.
  mutating func perform(_ binding: KeyBinding, in context: KeyContext) -> [Effect] {
    if let reason = binding.unavailable(self) {
      notice = binding.name.isEmpty ? reason : binding.name + ": " + reason
      return []
    }
    return perform(binding.command, in: context)
  }

  private mutating func unbound(_ key: Key, in context: KeyContext) -> [Effect] {
    switch context {
    case .helpWords:
      typedInHelp(key)
      return []
    case .line, .commandLine, .value, .mapping, .box:
      if context == .box, key == .enter {
        typing?.line.insert("\n")
        return typed()
      }
      guard typing?.line.handle(key) == true else { return [] }
      return typed()
    case .questionClose, .questionYes, .questionUnsaved, .questionCopy, .questionInput,
      .questionScope, .questionDoubt, .questionUndone, .questionRunning:
      return []
    default:
      notice = key.name + " does nothing here"
      if key == .unknown { notice = "that key is not known; ? lists the keys" }
      return []
    }
  }

  /// The line that is being typed became another one.
  private mutating func typed() -> [Effect] {
    typing?.problem = nil
    typing?.isAskedAbout = false
    typing?.isOffered = false
    typing?.problemRange = nil
    typing?.candidates = nil
    if case .words? = typing?.purpose, let words = typing?.line.text { table?.words = words }
    typing?.isToBeKept = true
    if typing?.isValue == true { return checkTyped() }
    if isFiltering, let text = typing?.line.text { return filterTyped(text) }
    return []
  }

  private mutating func tellOfPaste(_ words: SafeText) {
    if typing == nil { notice = words } else { typing?.problem = words }
  }

  private mutating func pasted(_ text: String) -> [Effect] {
    guard [.line, .commandLine, .value, .mapping, .box].contains(context) else {
      notice = "nothing takes a paste here; press e on a field first"
      return []
    }
    // What JSON is pasted for needs no second key when it is complete.
    if case .json(let place)? = typing?.purpose,
      typing?.line.text.isEmpty == true || typing?.isOffered == true
    {
      typing?.line.replace(with: text)
      _ = typed()
      return keepJSON(place)
    }
    guard text.utf8.count <= ValueEditor.longestText else {
      typing?.problem = "the paste is too long (\(Quantity.bytes(text.utf8.count)))"
      return []
    }
    // A whole output takes the place of the braces it was to be typed between.
    if let typing, case .substitute = typing.purpose, text.trimmed.hasPrefix("{"),
      typing.isOffered || typing.line.text == Self.initialText(of: typing.purpose)
    {
      self.typing?.line.replace(with: text)
    } else {
      typing?.line.insert(text)
    }
    return typed()
  }

  private mutating func perform(_ command: Command, in context: KeyContext) -> [Effect] {
    switch command {
    case .help:
      help = HelpState(context: context)
      return []
    case .repaint: return [.repaint]
    case .suspend: return [.suspend]
    case .commandLine:
      typing = Typing(line: LineEditor(), purpose: .command(age: 0))
      return []
    case .copy:
      question = .copy
      return []
    case .showIncomplete, .showScenarios, .showHistory, .showLive, .showAuditTrail:
      guard let screen = Screen.allCases.first(where: { $0.command == command }) else { return [] }
      guard let detail else { return go(to: screen) }
      guard detail.drafts.isEmpty else {
        notice = Self.saveFirst
        return []
      }
      groupEdit = nil
      return closeDetail() + go(to: screen)
    default: break
    }
    switch context {
    case .help, .helpWords: return updateHelp(command)
    case .picker: return updatePicker(command)
    case .list: return updateList(command)
    case .groups: return updateGroups(command)
    case .scenarios: return updateScenarios(command)
    case .history: return updateHistory(command)
    case .run: return updateRun(command)
    case .auditTrail: return updateAuditTrail(command)
    case .groupEdit: return updateGroupEdit(command)
    case .bulk: return updateBulk(command)
    case .detail: return updateDetail(command)
    case .resumeCheck, .diff: return updateResumeCheck(command)
    case .way: return updateWay(command)
    case .conflict: return updateConflict(command)
    case .preview: return updatePreview(command)
    case .recordAudit: return updateRecordAudit(command)
    case .line, .value, .mapping, .box: return updateTyping(command)
    case .commandLine: return updateCommandLine(command)
    case .questionClose, .questionYes, .questionUnsaved, .questionCopy, .questionInput,
      .questionScope, .questionDoubt, .questionUndone, .questionRunning:
      return answer(command)
    }
  }

  private mutating func updateTyping(_ command: Command) -> [Effect] {
    guard let typing else { return [] }
    if command != .cancel { self.typing?.isAskedAbout = false }
    switch (command, typing.purpose) {
    case (.keep, .value): return keepValue()
    case (.keep, .mapping): return keepMapping()
    case (.keep, .rename(let path)): return renamed(typing.line.text, path)
    case (.keep, .json(let place)): return keepJSON(place)
    case (.keep, .substitute): return keepSubstitute()
    case (.keep, .file(let path)):
      self.typing = nil
      guard !typing.line.text.isEmpty else { return [] }
      return [.readFile(typing.line.text, for: path)]
    case (.editOutside, _): return editOutside()
    case (.stepUp, _): return step(1)
    case (.stepDown, _): return step(-1)
    case (.keep, .fieldName(let parent)): fieldNamed(typing.line.text, in: parent)
    case (.keep, .closingReason(let id)):
      let reason = typing.line.text.trimmed
      guard !reason.isEmpty else {
        self.typing?.problem = "say why; Esc leaves it open"
        return []
      }
      self.typing = nil
      guard let summary = summary(of: id) else { return [] }
      return keep(TypedText(purpose: .reason, record: id, text: reason))
        + [.record(.close(id, version: summary.version, reason: reason))]
    case (.keep, .closingReasonOfMany(let target)):
      let reason = typing.line.text.trimmed
      guard !reason.isEmpty else {
        self.typing?.problem = "say why; Esc leaves them open"
        return []
      }
      self.typing = nil
      return keep(TypedText(purpose: .reason, record: nil, text: reason))
        + ask(about: target, .close(reason: reason))
    case (.keep, .confirmation(let selection)):
      guard typing.line.text.trimmed == Self.confirmation(of: selection) else {
        self.typing?.problem = "type \(Self.confirmation(of: selection)), or Esc to do nothing"
        return []
      }
      self.typing = nil
      return startBulk(selection)
    case (.keep, .stopping(let id)):
      guard typing.line.text.trimmed == String(id.prefix(8)) else {
        self.typing?.problem = "type \(String(id.prefix(8))), or Esc to let it run"
        return []
      }
      self.typing = nil
      return stopRun(id)
    case (.keep, .words): self.typing = nil
    case (.keep, .search):
      self.typing = nil
      guard detail != nil else {
        searchRun(for: typing.line.text)
        return []
      }
      return search(for: typing.line.text)
    case (.cancel, .search), (.interrupt, .search): self.typing = nil
    case (.keep, .exportPath):
      let path = typing.line.text.trimmed
      guard !path.isEmpty else {
        self.typing?.problem = "a file needs a path"
        return []
      }
      self.typing = nil
      notice = "writing \(path)…"
      return [.auditTrail(.export(AuditScreen.meaning(in: self), path: path))]
    case (.cancel, .words(let before)), (.interrupt, .words(let before)):
      self.typing = nil
      table?.words = before
    case (.keep, .filter):
      // The line would go, and another filter would be shown than the one that was typed.
      _ = filterTyped(typing.line.text)
      guard self.typing?.problem == nil else { return [] }
      let effects = applyTypedFilter()
      self.typing = nil
      return effects
    case (.changeType, .value):
      self.typing?.editor?.changeType()
      self.typing?.problem = nil
      return checkTyped()
    case (.complete, .filter): return completeFilter()
    case (.nextChoice, _):
      nextChoice()
      return checkTyped()
    case (.cancel, .filter(let list, let before)), (.interrupt, .filter(let list, let before)):
      return leaveTypedFilter(list, before)
    case (.cancel, .json) where !typing.line.text.isEmpty && !typing.isAskedAbout,
      (.cancel, .substitute)
    where typing.line.text != Self.initialText(of: typing.purpose) && !typing.isAskedAbout:
      self.typing?.isAskedAbout = true
      self.typing?.problem = "Esc again drops what is typed; Ctrl-S keeps it"
    case (.cancel, .value(let editor))
    where editor.isBox && typing.line.text != editor.initialText && !typing.isAskedAbout:
      self.typing?.isAskedAbout = true
      self.typing?.problem = "Esc again puts the old text back; Ctrl-S keeps yours"
    case (.cancel, _), (.interrupt, _):
      return left(command)
    default: break
    }
    return []
  }

  /// Leaves what is being typed.
  private mutating func left(_ command: Command) -> [Effect] {
    let text = typedText
    let kind = typing.flatMap { keptPurpose(of: $0) }
    typing = nil
    notice = "left as it was"
    guard let kind else {
      // What was typed may have been kept against a crash.
      return detail == nil ? [] : changed()
    }
    // Esc was asked about. Ctrl-C is not, and takes nothing away.
    if command == .interrupt, let text {
      notice = "left as it was; what you typed is offered again where you typed it"
      return keep(text)
    }
    return forgetText(kind.purpose, of: kind.record)
  }

  /// Up or down in what is typed: the line of a text, or the part of a date.
  private mutating func step(_ step: Int) -> [Effect] {
    guard context == .box else { return stepDate(step) }
    typing?.line.moveLine(-step)
    return []
  }

  func summary(of id: RecordID) -> IncompleteSummary? {
    if let record = detail?.record, record.id == id { return record.summary }
    return list.place(of: id).map { list.rows[$0] }
  }

  private mutating func answer(_ command: Command) -> [Effect] {
    guard let asked = question else { return [] }
    question = nil
    switch (command, asked) {
    case (.answerClose, .closeOrDelete(let id)):
      return begin(.closingReason(id))
    case (.answerDelete, .closeOrDelete(let id)): question = .delete(id)
    case (.answerYes, .delete(let id)):
      guard let summary = summary(of: id) else { return [] }
      return [.record(.delete(id, version: summary.version))]
    case (.answerYes, .quit): return quitting()
    case (_, .quitRunning): return answerQuitRunning(command)
    case (.answerClose, .closeOrDeleteMany(let target)):
      return begin(.closingReasonOfMany(target))
    case (.answerDelete, .closeOrDeleteMany(let target)): return ask(about: target, .delete)
    case (.answerYes, .applyToGroup): return showGroupChanges()
    case (_, .applyToGroup): groupEdit = nil
    case (_, .copy): return copy(command)
    case (.answerYes, .bulk(let selection)): return startBulk(selection)
    case (.answerValue, .input(let steps)): beginInputValue(steps)
    case (.answerMapping, .input(let steps)): beginMapping(steps)
    case (.answerRecord, .mappingScope): detail?.changesScenario = false
    case (.answerScenario, .mappingScope):
      detail?.changesScenario = true
      notice = "the scenario gets the mapping too when it is saved"
    case (.answerSend, .inDoubt): return updateDetail(.resume, answered: .doubt)
    case (.answerOutput, .inDoubt): return beginSubstitute()
    case (.answerFirst, .undone(_, let module)):
      detail?.restart = module
      resumeCheck = ResumeCheckState(isForResuming: true)
      return checkAgain()
    case (.answerHere, .undone): return updateDetail(.resume, answered: .undone)
    case (.answerSave, .quitUnsaved): return save(then: .quit)
    case (.answerSave, .leaveUnsaved): return save(then: .leave)
    case (.answerDrop, .quitUnsaved): return dropDraft() + [.quit]
    case (_, .quitUnsaved): quitsWhenIdle = false
    case (.answerDrop, .leaveUnsaved): return dropChanges()
    default: break
    }
    return []
  }

  /// Scrolls as little as brings every cursor into view.
  private mutating func keepCursorsInView() {
    list.noteIndex()
    prepareWorkbench()
    let rows = ListLayout(self).list.rows
    list.top = Self.scrolled(list.top, to: list.index ?? 0, rows: rows, count: list.rows.count)
    prepareRows()
    if let way {
      self.way?.top = Self.scrolled(
        way.top, to: way.cursor, rows: size.rows - 5, count: way.stations.count)
    }
    wrapDetail()
    guard let detail else { return }
    let layout = DetailLayout(self)
    if let area = layout.bundles {
      self.detail?.treeTop = Self.scrolled(
        detail.treeTop, to: detail.cursorLine, rows: area.rows - 1, count: detail.tree.count,
        below: 2)
    }
    if let area = layout.chain {
      let lines = detail.chain.lines(rows: area.rows - 1)
      let cursor = lines.firstIndex { $0.module == detail.chain.cursor } ?? 0
      self.detail?.chain.top = Self.scrolled(
        detail.chain.top, to: cursor, rows: area.rows - 1, count: lines.count, below: 1)
    }
  }

  /// Wraps long values to the pane as it is now.
  private mutating func wrapDetail() {
    guard let detail, detail.wraps || detail.wrapWidth != nil else { return }
    let width = detail.wraps ? DetailLayout(self).bundles?.columns : nil
    self.detail?.wrapWidth = width
  }

  /// - Parameter below: the lines under the cursor that belong to it and shall be seen too.
  static func scrolled(_ top: Int, to cursor: Int, rows: Int, count: Int, below: Int = 0) -> Int {
    let rows = max(1, rows)
    let last = min(cursor + min(below, rows / 3), max(cursor, count - 1))
    var top = min(top, cursor)
    if last >= top + rows { top = last - rows + 1 }
    return max(0, min(top, max(0, count - rows)))
  }
}
