import FettleCore
import FettleEngine

/// Editing fields of the bundles.
extension State {
  mutating func beginEdit() -> [Effect] {
    guard let detail else { return [] }
    if detail.pane == .chain {
      self.detail?.pane = .bundles
      if detail.chainCursor == detail.record.summary.failer { return beginEdit() }
      // A module of the chain leads to its bundle.
      if let module = detail.chainCursor, detail.bundles[module] != nil {
        self.detail?.cursor = .bundle(ValuePath(module: module))
        self.detail?.rebuild()
      }
      return []
    }
    guard case .bundle(let path) = detail.cursor else { return followInput() }
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

  private mutating func beginTyping(at path: ValuePath, original: Value?) {
    guard let detail else { return }
    let field = detail.mapped.input(fedBy: path).flatMap { name in
      detail.opened.descriptor?.fields.first { $0.name == name }
    }
    let editor = ValueEditor(
      path: path, original: original, expected: field?.kind,
      isSecret: detail.mapped.isSecret(path), choices: field?.choices ?? [])
    typing = Typing(line: LineEditor(editor.initialText), purpose: .value(editor))
    notice = ""
  }

  /// A field of the input is made by the mapping: the place to edit is where it comes from.
  private mutating func followInput() -> [Effect] {
    guard let detail, case .input(let steps) = detail.cursor, !steps.isEmpty else {
      notice = "unfold it and choose a field; e edits the field it comes from"
      return []
    }
    let sources = detail.mapped.sources(ofInput: steps).filter { detail.bundles[$0.module] != nil }
    guard let source = sources.first else {
      notice = "it comes from no bundle: its mapping stands in the blueprint"
      return []
    }
    self.detail?.reveal(.bundle(source))
    self.detail?.cursor = .bundle(source)
    self.detail?.rebuild()
    let others = Set(sources).count - 1
    let effects = beginEdit()
    notice =
      others > 0
      ? "mapped from \(source.description) and \(others) more" : "mapped from \(source.description)"
    return effects
  }

  mutating func beginAdd() -> [Effect] {
    guard let detail, case .bundle(let path) = detail.cursor else {
      notice = "the input is made by the mapping; add fields to a bundle"
      return []
    }
    let value = detail.bundles.value(at: path)
    let parent: ValuePath
    if value?.collection != nil || value?.array != nil {
      parent = path
    } else {
      parent = ValuePath(module: path.module, steps: Array(path.steps.dropLast()))
    }
    self.detail?.pane = .bundles
    self.detail?.unfolded.insert(.bundle(parent))
    self.detail?.rebuild()
    if let elements = detail.bundles.value(at: parent)?.array {
      let place = parent.appending(.element(elements.count + 1))
      self.detail?.cursor = .bundle(parent)
      beginTyping(at: place, original: nil)
    } else {
      typing = Typing(line: LineEditor(), purpose: .fieldName(parent: parent))
    }
    return []
  }

  mutating func fieldNamed(_ name: String, in parent: ValuePath) {
    guard let detail else { return typing = nil }
    let path = parent.appending(.field(name))
    guard !name.isEmpty else {
      typing?.problem = "a field needs a name"
      return
    }
    guard detail.bundles.value(at: path) == nil else {
      typing?.problem = "there is a field of that name already"
      return
    }
    beginTyping(at: path, original: nil)
  }

  mutating func removeField() -> [Effect] {
    guard let detail, case .bundle(let path) = detail.cursor, !path.steps.isEmpty else {
      notice = "only a field or an element of a bundle can be taken away"
      return []
    }
    guard detail.bundles.value(at: path) != nil else {
      notice = "it is missing already"
      return []
    }
    if let problem = self.detail?.change(Draft(path: path, value: nil)) {
      notice = "\(problem)"
      return []
    }
    notice = "\(path.description) is taken away; u brings it back"
    return checkAgain()
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
      if let problem = detail?.change(Draft(path: editor.path, value: value)) {
        notice = "\(problem)"
        return []
      }
      detail?.reveal(.bundle(editor.path))
      detail?.cursor = .bundle(editor.path)
      detail?.rebuild()
      notice = "r resumes with it, Ctrl-S saves it, u undoes it"
      return checkAgain()
    }
  }

  /// The next of the values the module accepts, or the other truth value.
  mutating func nextChoice() {
    guard let typing, let editor = typing.editor else { return }
    let choices = editor.kind == .boolean ? ["true", "false"] : editor.choices
    guard !choices.isEmpty else {
      self.typing?.problem = "the module names no values to choose from"
      return
    }
    let position = choices.firstIndex(of: typing.line.text) ?? -1
    self.typing?.line.replace(with: choices[(position + 1) % choices.count])
    self.typing?.problem = nil
  }
}
