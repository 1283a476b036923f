import FettleCore
import FettleEngine

/// Editing fields of the bundles and of the input.
extension State {
  mutating func beginEdit() -> [Effect] {
    guard let detail else { return [] }
    if detail.pane == .chain { return editFromChain(detail) }
    guard case .bundle(let path) = detail.cursor else { return editInput() }
    let value = detail.bundles.value(at: path)
    if let refusal = ValueEditor.refusal(value) {
      if value?.collection != nil || value?.array != nil {
        self.detail?.unfolded.insert(detail.cursor)
        self.detail?.rebuild()
      }
      notice = refusal
      return []
    }
    beginTyping(at: path, original: value)
    return []
  }

  private mutating func editFromChain(_ detail: DetailState) -> [Effect] {
    self.detail?.pane = .bundles
    guard detail.chain.cursor != detail.record.summary.failer else { return beginEdit() }
    // A module of the chain leads to its bundle.
    if let module = detail.chain.cursor, detail.bundles[module] != nil {
      self.detail?.go(to: .bundle(ValuePath(module: module)))
    }
    return []
  }

  /// Edits a value of a bundle.
  /// - Parameter place: where it is seen, when that is not where it stands.
  mutating func beginTyping(at path: ValuePath, seenAt place: TreePlace? = nil, original: Value?) {
    guard let detail else { return }
    let use = detail.mapped.use(of: path)
    let field =
      use.flatMap { use -> FieldDescriptor? in
        guard use.isPlain, use.source == path, use.input.count == 1,
          case .field(let name)? = use.input.first
        else { return nil }
        return detail.opened.descriptor?.fields.first { $0.name == name }
      }
    type(
      ValueEditor(
        path: path, seenAt: place, original: original, field: field,
        isSecret: detail.mapped.isSecret(path)
          && !detail.revealed.contains(place ?? .bundle(path))))
  }

  private mutating func type(_ editor: ValueEditor) {
    typing = Typing(line: LineEditor(editor.initialText), purpose: .value(editor))
    notice = ""
  }

  /// A field of the input that is a copy of a place is edited where it comes from; what stands in
  /// the mapping is replaced, after a question, for this record.
  private mutating func editInput() -> [Effect] {
    guard let detail, case .input(let steps) = detail.cursor, !steps.isEmpty else {
      notice = "choose a field; e edits it where it comes from"
      return []
    }
    if let source = detail.mapped.lineage?.plainSource(of: steps),
      detail.bundles[source.module] != nil
    {
      let value = detail.bundles.value(at: source)
      if let refusal = ValueEditor.refusal(value) {
        self.detail?.unfolded.insert(detail.cursor)
        self.detail?.rebuild()
        notice = refusal
        return []
      }
      beginTyping(at: source, seenAt: detail.cursor, original: value)
      return []
    }
    question = .input(steps)
    return []
  }

  /// Replaces the mapping of a field of the input by a value.
  mutating func beginInputValue(_ steps: [ValuePath.Step]) {
    guard let detail else { return }
    let value = detail.value(at: .input(steps))
    if let refusal = ValueEditor.refusal(value) {
      notice = refusal
      return
    }
    type(
      ValueEditor(
        path: ValuePath(module: detail.record.summary.failer, steps: steps), in: .mapping,
        seenAt: .input(steps), original: value, field: field(steps),
        isSecret: detail.mapped.isSecret(input: steps)))
  }

  /// Edits the mapping of a field of the input.
  mutating func beginMapping(_ steps: [ValuePath.Step]) {
    guard let detail else { return }
    let path = ValuePath(module: detail.record.summary.failer, steps: steps)
    let mapping = detail.blueprint.mapping(at: path)
    guard mapping?.collection == nil, mapping?.array == nil else {
      notice = "it is mapped field by field; choose one inside it"
      return
    }
    way = nil
    self.detail?.go(to: .input(steps))
    typing = Typing(
      line: LineEditor(mapping.map { $0.text ?? JSONWriter.text($0) } ?? ""),
      purpose: .mapping(MappingEditor(path: path, original: mapping, field: field(steps))))
    notice = ""
  }

  private func field(_ steps: [ValuePath.Step]) -> FieldDescriptor? {
    guard steps.count == 1, case .field(let name)? = steps.first else { return nil }
    return detail?.opened.descriptor?.fields.first { $0.name == name }
  }

  /// Keeps a mapping that was typed.
  mutating func keepMapping() -> [Effect] {
    guard let typing, case .mapping(let editor) = typing.purpose, let detail else { return [] }
    let text = typing.line.text
    switch editor.outcome(of: text, bundles: detail.mappable, now: now) {
    case .failure(let problem):
      self.typing?.problem = problem.text
      return []
    case .success: break
    }
    self.typing = nil
    guard text != editor.original?.text ?? editor.original.map({ JSONWriter.text($0) }) ?? "" else {
      notice = "unchanged"
      return []
    }
    return keep([Draft(path: editor.path, value: .text(text), in: .mapping)])
  }

  mutating func keepValue() -> [Effect] {
    guard let typing, let editor = typing.editor else { return [] }
    switch editor.value(of: typing.line.text) {
    case .failure(let problem):
      self.typing?.problem = problem.text
      return []
    case .success(let value):
      self.typing = nil
      guard value != editor.original else {
        notice = "unchanged"
        return []
      }
      let written = editor.target == .mapping ? value.asMapping : value
      return keep(
        [Draft(path: editor.path, value: written, in: editor.target)], seenAt: editor.place)
    }
  }

  /// Makes changes, which are not saved yet.
  mutating func keep(_ drafts: [Draft], seenAt place: TreePlace? = nil) -> [Effect] {
    if let problem = detail?.change(drafts) {
      notice = "\(problem)"
      return []
    }
    if let place = place ?? drafts.last.flatMap({ detail?.place(of: $0) }) {
      detail?.go(to: place)
    }
    notice = "r resumes with it, Ctrl-S saves it, u undoes it"
    if drafts.contains(where: { $0.target == .mapping }), detail?.changesScenario == nil {
      question = .mappingScope
    }
    return changed()
  }

  /// Something was changed: it is checked, and kept against a crash.
  mutating func changed() -> [Effect] { checkAgain() + keepDraft() }

  /// The next of the values the module accepts, or the other truth value.
  mutating func nextChoice() {
    guard let typing else { return }
    if case .mapping(let editor) = typing.purpose, let detail {
      if let next = editor.nextCandidate(after: typing.line.text, in: detail) {
        self.typing?.line.replace(with: next)
        self.typing?.problem = nil
      }
      return
    }
    guard let editor = typing.editor else { return }
    let choices = editor.kind == .boolean ? ["true", "false"] : editor.choices
    guard !choices.isEmpty else {
      self.typing?.problem = "the module names no values to choose from"
      return
    }
    let position = choices.firstIndex(of: typing.line.text) ?? -1
    self.typing?.line.replace(with: choices[(position + 1) % choices.count])
    self.typing?.problem = nil
  }

  /// Changes the part of a date under the cursor.
  mutating func stepDate(_ step: Int) -> [Effect] {
    guard let typing, let editor = typing.editor else { return [] }
    guard editor.kind == .date,
      let text = TypedDate.stepped(typing.line.text, cursor: typing.line.cursor, by: step)
    else { return [] }
    self.typing?.line = LineEditor(text, cursor: typing.line.cursor)
    self.typing?.problem = nil
    return checkTyped()
  }

  /// Asks what a resume would do with what is typed at this moment.
  mutating func checkTyped() -> [Effect] {
    guard let typing, let editor = typing.editor, let detail,
      case .success(let value) = editor.value(of: typing.line.text)
    else { return [] }
    var drafted = detail
    let written = editor.target == .mapping ? value.asMapping : value
    guard drafted.change(Draft(path: editor.path, value: written, in: editor.target)) == nil else {
      return []
    }
    let token = nextToken()
    self.detail?.checkToken = token
    return [.record(.check(drafted.draftedRecord, drafted.mappable, token: token))]
  }
}
