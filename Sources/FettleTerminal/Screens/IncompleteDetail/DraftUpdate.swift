import FettleCore
import FettleEngine

/// What was changed and not saved is kept against a crash, and comes back when the record is opened.
extension State {
  /// Keeps the changes as they are now. Values of secret fields are not written down.
  /// - Parameter typed: what is being typed at this moment.
  mutating func keepDraft(with typed: Draft? = nil) -> [Effect] {
    guard let detail, !surroundings.isReadOnly else { return [] }
    self.detail?.draftSequence += 1
    let sequence = detail.draftSequence + 1
    let id = detail.record.id
    let all = detail.changesToSave + (typed.map { [$0] } ?? [])
    guard !all.isEmpty else { return [forgettingDraft(of: id, upTo: sequence)] }
    let kept = all.filter { !detail.mapped.isSecret($0) }
    return [
      .record(
        .keepDraft(
          kept, withheld: all.count - kept.count, of: id, session: surroundings.session.name,
          version: detail.record.summary.version, sequence: sequence))
    ]
  }

  /// Keeps what is being typed.
  mutating func keepTyped() -> [Effect] {
    // A text this large is written once, at the end; it would be written again and again.
    guard let typing, typing.isToBeKept, typing.line.text.utf8.count <= TypedText.largestAtOnce
    else { return [] }
    if let text = typedText {
      self.typing?.isToBeKept = false
      return keep(text)
    }
    guard let draft = typedDraft else { return [] }
    self.typing?.isToBeKept = false
    return keepDraft(with: draft)
  }

  /// What was changed or typed could not be kept. It is said where it is typed, and tried again until
  /// it can.
  mutating func notKept(_ error: StoreError) {
    let words: SafeText = "unsaved changes are not kept against a crash: \(error.description)"
    if typing == nil, !isUnkept { notice = words }
    isUnkept = true
    guard typedText != nil || typedDraft != nil else { return }
    typing?.isToBeKept = true
    if typing?.context == .box { notice = words } else { typing?.keeping = words }
  }

  /// What could not be kept is.
  mutating func keptAgain() {
    guard isUnkept else { return }
    isUnkept = false
    typing?.keeping = nil
    notice = "unsaved changes are kept again"
  }

  /// Tries again to keep what could not be kept.
  mutating func keepUnkept() -> [Effect] {
    guard isUnkept, typing == nil else { return [] }
    guard detail?.drafts.isEmpty == false else {
      isUnkept = false
      return []
    }
    return keepDraft()
  }

  /// What has to be done before the program ends without being quit: what was changed and what is
  /// being typed is kept, whether or not it was kept before.
  mutating func lastEffects() -> [Effect] {
    let typed = typedDraft
    let text = typedText.map { keep($0) } ?? []
    guard detail?.drafts.isEmpty == false || typed != nil else { return text }
    return keepDraft(with: typed) + text
  }

  /// What is being typed, as a change; half a number or half a date is the text it is so far. Nil when
  /// nothing is typed, or nothing else than there was.
  private var typedDraft: Draft? {
    guard let typing else { return nil }
    let text = typing.line.text
    switch typing.purpose {
    case .mapping(let editor):
      let before = editor.original.map { $0.text ?? JSONWriter.text($0) } ?? ""
      return text == before ? nil : Draft(path: editor.path, value: .text(text), in: .mapping)
    case .value(let editor):
      guard !editor.isSecret else { return nil }
      let value: Value
      switch editor.value(of: text) {
      case .success(let typed): value = typed
      case .failure where text == editor.initialText: return nil
      case .failure: value = .text(text)
      }
      guard value != editor.original else { return nil }
      return Draft(
        path: editor.path, value: editor.target == .mapping ? value.asMapping : value,
        in: editor.target)
    default: return nil
    }
  }

  /// Forgets what was kept; who only looked at a record writes nothing.
  mutating func dropDraft() -> [Effect] {
    guard let detail, detail.draftSequence > 0, !surroundings.isReadOnly else { return [] }
    return [forgettingDraft(of: detail.record.id, upTo: detail.draftSequence)]
  }

  private func forgettingDraft(of id: RecordID, upTo sequence: Int) -> Effect {
    .record(.dropDraft(id, in: surroundings.session.name, upTo: sequence))
  }

  /// Takes in what is shown beside the record; what was changed and left comes back, unsaved.
  mutating func companionsLoaded(
    _ id: RecordID, _ answer: Message.Answer<Companions>
  ) -> [Effect] {
    guard let detail, detail.record.id == id else { return [] }
    switch answer {
    case .failure(let error):
      notice = "\(error.description)"
      return []
    case .success(let companions):
      self.detail?.join(companions)
      if textsFound(id, companions.texts) { offerTexts(of: id) }
      return draftsFound(companions)
    }
  }

  /// Goes on with one of the drafts that were left, when the record was opened just now. One that is
  /// being made in a program that runs is left alone.
  private mutating func draftsFound(_ companions: Companions) -> [Effect] {
    guard let detail, detail.takesDraft, !surroundings.isReadOnly else { return [] }
    self.detail?.takesDraft = false
    let here = surroundings.session
    let filled = companions.drafts.filter { !$0.drafts.isEmpty || $0.withheld > 0 }
    let (left, living) = filled.reduce(into: ([KeptDraft](), [KeptDraft]())) { all, draft in
      let isOurs = draft.session == here.name || !companions.living.contains(draft.session)
      if isOurs { all.0.append(draft) } else { all.1.append(draft) }
    }
    self.detail?.otherDrafts = living.map { other in
      Session(other.session).terminalName.map { "it is being changed in \($0) too" }
        ?? "it is being changed in another terminal of yours too"
    }
    // What was changed here meanwhile is kept under the name the draft would get.
    guard let draft = nearest(left), detail.draftSequence == 0 else {
      tellOfOtherDrafts(left)
      return []
    }
    let waiting = words(of: left.filter { $0 != draft })
    self.detail?.otherDrafts += waiting
    return [.record(.takeDraft(detail.record.id, from: draft.session, to: here.name))]
  }

  /// The draft that was made here, or else in this terminal, or else last.
  private func nearest(_ drafts: [KeptDraft]) -> KeptDraft? {
    let here = surroundings.session
    return drafts.first { $0.session == here.name }
      ?? drafts.first { Session($0.session).isHere(as: here) } ?? drafts.first
  }

  /// What of drafts is told that wait for their turn.
  private func words(of drafts: [KeptDraft]) -> [SafeText] {
    guard let newest = drafts.first else { return [] }
    let more: SafeText = drafts.count == 1 ? "one more draft" : "\(drafts.count) more drafts"
    return [
      more + ", of " + surroundings.zone.short(newest.date)
        + (Session(newest.session).isElsewhere(than: surroundings.session)
          ? " in another terminal" : "")
        + ", \(drafts.count == 1 ? "waits" : "wait"): close the record and open it again"
    ]
  }

  private mutating func tellOfOtherDrafts(_ left: [KeptDraft]) {
    let words = (detail?.otherDrafts ?? []) + words(of: left)
    guard !words.isEmpty else { return }
    let told = words.joined(separator: "; ")
    notice = notice.isEmpty ? told : notice + " · " + told
  }

  /// A draft is gone on with here.
  mutating func draftTaken(
    _ id: RecordID, _ answer: Message.Answer<KeptDraft?>
  ) -> [Effect] {
    guard let detail, detail.record.id == id else { return [] }
    switch answer {
    case .failure(let error):
      notice = "what was left of this record is not to be had: \(error.description)"
      return []
    case .success(nil):
      // Another program was faster. There may be one more.
      guard detail.draftSequence == 0 else { return [] }
      self.detail?.takesDraft = true
      return [.record(.companions(detail.record))]
    case .success(let draft?): return goOn(with: draft)
    }
  }

  private mutating func goOn(with draft: KeptDraft) -> [Effect] {
    guard let detail else { return [] }
    // What was done here meanwhile comes after what was left, and is kept with it.
    self.detail?.draftSequence = max(draft.sequence, detail.draftSequence)
    // Others may have changed the same since: it is asked whose change shall stand before anything is
    // written over.
    let meanwhile = MeanwhileChanged(draft, later: detail.steps, in: detail.opened)
    conflict = meanwhile.flatMap { ConflictState($0) }
    let made =
      meanwhile?.merged()
      ?? (steps: detail.record.editable.steps(of: draft.drafts) + detail.steps, lost: [])
    let lost = made.lost + (self.detail?.take(detail.opened, replaying: made.steps) ?? [])
    let kept = detail.drafts.isEmpty ? [] : keepDraft()
    let place = draft.drafts.last.map { detail.place(of: $0) }
    if typing == nil, let place { self.detail?.go(to: place) }
    let count = draft.drafts.count - lost.count
    var text: SafeText =
      "\(count) unsaved \(count == 1 ? "change" : "changes") of "
      + surroundings.zone.short(draft.date) + " \(count == 1 ? "is" : "are") back; U drops them"
    if draft.version != detail.record.summary.version { text += "; the record changed since" }
    if draft.withheld > 0 { text += "; \(draft.withheld) of secret fields were not kept" }
    if !lost.isEmpty { text += "; \(lost.count) no longer fit" }
    text = ([text] + detail.otherDrafts).joined(separator: "; ")
    notice = offeredWords(of: detail.record.id).map { text + " · " + $0 } ?? text
    return checkAgain() + kept
  }
}
