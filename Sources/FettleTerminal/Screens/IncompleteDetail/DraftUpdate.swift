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
    guard !all.isEmpty else { return [.record(.dropDraft(id, upTo: sequence))] }
    let kept = all.filter { !detail.mapped.isSecret($0) }
    return [
      .record(
        .keepDraft(
          kept, withheld: all.count - kept.count, of: id, version: detail.record.summary.version,
          sequence: sequence))
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
    return [.record(.dropDraft(detail.record.id, upTo: detail.draftSequence))]
  }

  /// Takes in what is shown beside the record; changes that were left come back, unsaved.
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
      let isFirst = textsFound(id, companions.texts)
      if isFirst { offerTexts(of: id) }
      guard let draft = companions.draft, !draft.drafts.isEmpty || draft.withheld > 0,
        draft.sequence > detail.draftSequence
      else { return [] }
      self.detail?.draftSequence = draft.sequence
      guard let opened = self.detail?.opened, !surroundings.isReadOnly else { return [] }
      // What was done here meanwhile comes after what was left.
      let lost =
        self.detail?.take(opened, replaying: draft.drafts + detail.drafts) ?? []
      let place = draft.drafts.last.map { detail.place(of: $0) }
      if typing == nil, let place { self.detail?.go(to: place) }
      let count = draft.drafts.count - lost.count
      var text: SafeText =
        "\(count) unsaved \(count == 1 ? "change" : "changes") of "
        + surroundings.zone.short(draft.date) + " \(count == 1 ? "is" : "are") back; U drops them"
      if draft.version != opened.record.summary.version {
        text += "; the record changed since"
      }
      if draft.withheld > 0 { text += "; \(draft.withheld) of secret fields were not kept" }
      if !lost.isEmpty { text += "; \(lost.count) no longer fit" }
      notice = (isFirst ? offeredWords(of: id) : nil).map { text + " · " + $0 } ?? text
      return checkAgain()
    }
  }
}
