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

  /// Keeps what is being typed, when it is a value already.
  mutating func keepTyped() -> [Effect] {
    guard let typing, let editor = typing.editor, !editor.isSecret, typing.isToBeKept,
      case .success(let value) = editor.value(of: typing.line.text), value != editor.original
    else { return [] }
    self.typing?.isToBeKept = false
    return keepDraft(
      with: Draft(
        path: editor.path, value: editor.target == .mapping ? value.asMapping : value,
        in: editor.target))
  }

  /// Forgets what was kept.
  mutating func dropDraft() -> [Effect] {
    guard let detail, !surroundings.isReadOnly else { return [] }
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
      notice = text
      return checkAgain()
    }
  }
}
