import FettleCore
import FettleEngine

/// A value that is edited in another program.
struct ExternalEdit: Hashable, Sendable {
  /// What the text is for.
  enum Purpose: Hashable, Sendable {
    /// A value, where it is seen and where it is written.
    case value(TreePlace, ValuePath, Draft.Target)
    /// The output of the failed module, given instead of running it.
    case substitute
    /// JSON that is pasted at a place.
    case json(TreePlace)
    /// The mapping of a field of the failed module.
    case mapping(MappingEditor)
  }

  let purpose: Purpose
  /// The record it belongs to.
  let record: RecordID
  let text: String
  /// Whether the text is JSON; otherwise it is the text itself.
  let isJSON: Bool
  /// The line to begin at.
  var line: Int?
  /// What was being typed; it goes on where the other program changed nothing.
  var typed: Typing?
  /// How often it was opened again because it was no JSON.
  var tries = 0
  /// Why it was no JSON, when it was opened again for that.
  var problem: String?

  /// A program that leaves no JSON this often is none that a person types in.
  static let mostTries = 20

  /// What came of it.
  enum Outcome: Hashable, Sendable {
    case text(String)
    /// The program ended with another status than 0, or could not be started.
    case failed(String)
    /// This program is to end meanwhile; what was written so far.
    case cut(String)
  }

  /// What another program left, as it is taken. Editors end the last line; a text that had no such end
  /// does not get one.
  func taken(_ text: String) -> String {
    !isJSON && text.hasSuffix("\n") && !self.text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}

extension State {
  /// Opens `$VISUAL` or `$EDITOR` on the value under the cursor, or on what is typed.
  mutating func editOutside() -> [Effect] {
    guard let detail else { return [] }
    if let typing, let editor = typing.editor {
      let kept = keepTyped()
      self.typing = nil
      let isText = editor.kind == .text
      return kept + [
        .editOutside(
          ExternalEdit(
            purpose: .value(editor.place, editor.path, editor.target),
            record: detail.record.id, text: typing.line.text,
            isJSON: !isText, typed: typing))
      ]
    }
    if let typing {
      let purpose: ExternalEdit.Purpose
      var isJSON = true
      switch typing.purpose {
      case .substitute: purpose = .substitute
      case .json(let place): purpose = .json(place)
      case .mapping(let editor):
        purpose = .mapping(editor)
        isJSON = false
      default: return []
      }
      let kept = typedText.map { keep($0) } ?? keepTyped()
      self.typing = nil
      return kept + [
        .editOutside(
          ExternalEdit(
            purpose: purpose, record: detail.record.id, text: typing.line.text, isJSON: isJSON,
            typed: typing))
      ]
    }
    guard let target = writingTarget(of: detail.cursor) else { return [] }
    let value = target.value
    if case .buffer? = value {
      notice = ValueEditor.refusal(value) ?? ""
      return []
    }
    if detail.mapped.isSecret(detail.cursor), !detail.revealed.contains(detail.cursor) {
      notice = "it is secret: H shows it first, which the audit keeps"
      return []
    }
    if let hidden = detail.hiddenSecret(within: detail.cursor) {
      notice =
        "\(hidden.description) in it is secret: H shows it first, which the audit keeps; the other fields can be edited one by one"
      return []
    }
    // Of a mapping that is written by hand nothing more than the sign is known here.
    if target.target == .mapping, value?.holdsMask == true {
      notice = SafeText(SecretMask.refusal)
      return []
    }
    let text = value?.text
    return [
      .editOutside(
        ExternalEdit(
          purpose: .value(detail.cursor, target.path, target.target), record: detail.record.id,
          text: text ?? value.map { JSONWriter.text($0, indented: true) + "\n" } ?? "",
          isJSON: text == nil && value != nil))
    ]
  }

  /// Where a change of what is seen at a place is written: in its bundle, or in the mapping.
  func writingTarget(
    of place: TreePlace
  ) -> (path: ValuePath, target: Draft.Target, value: Value?)? {
    guard let detail else { return nil }
    switch place {
    case .bundle(let path): return (path, .bundle, detail.bundles.value(at: path))
    case .input(let steps):
      guard !steps.isEmpty else { return nil }
      if let source = detail.mapped.lineage?.plainSource(of: steps),
        detail.bundles[source.module] != nil
      {
        return (source, .bundle, detail.bundles.value(at: source))
      }
      return (
        ValuePath(module: detail.record.summary.failer, steps: steps), .mapping,
        detail.value(at: place)
      )
    }
  }

  /// Takes in what the other program left.
  mutating func editedOutside(_ edit: ExternalEdit, _ outcome: ExternalEdit.Outcome) -> [Effect] {
    switch outcome {
    case .failed(let why):
      notice = "nothing was changed: \(why)"
      typing = edit.typed
      return []
    case .cut(let text): return editingCut(edit, text)
    case .text(let text):
      let text = edit.taken(text)
      guard !text.utf8.elementsEqual(edit.text.utf8) else {
        notice = edit.problem.map { "nothing was changed: it is no JSON: \($0)" } ?? "unchanged"
        typing = edit.typed
        return []
      }
      return taken(text, edit)
    }
  }

  private mutating func taken(_ text: String, _ edit: ExternalEdit) -> [Effect] {
    var value = Value.text(text)
    if edit.isJSON {
      do { value = try JSONReader.read(text) } catch {
        notice = "no JSON: \(error.description)"
        // Opened again at the line; when it comes back as it is, `editedOutside` leaves it: a box
        // then has it, so that nothing typed there is lost.
        var typed = edit.typed
        if typed?.context == .box { typed?.line = LineEditor(text) }
        guard edit.tries < ExternalEdit.mostTries else {
          typing = typed
          notice = "nothing was changed: $EDITOR goes on leaving no JSON: \(error.description)"
          return []
        }
        return [
          .editOutside(
            ExternalEdit(
              purpose: edit.purpose, record: edit.record, text: text, isJSON: true,
              line: error.line, typed: typed, tries: edit.tries + 1,
              problem: error.description))
        ]
      }
    }
    switch edit.purpose {
    case .substitute: return substituted(value, text: text)
    case .json(let place):
      typing = Typing(line: LineEditor(text), purpose: .json(place))
      return keepJSON(place)
    case .mapping(let editor):
      // What is no mapping yet is gone on with in its line, which says why.
      typing = Typing(line: LineEditor(text), purpose: .mapping(editor))
      return keepMapping()
    case .value(let place, let path, let target):
      let old = writingTarget(of: place)?.value
      value = value.retyped(like: old)
      guard value != old else {
        notice = "unchanged"
        return []
      }
      return keep(
        [Draft(path: path, value: target == .mapping ? value.asMapping : value, in: target)],
        seenAt: place)
    }
  }

  // MARK: JSON that is pasted

  mutating func beginPaste() -> [Effect] {
    guard let detail, writingTarget(of: detail.cursor) != nil else {
      notice = "choose a field or a bundle to paste into"
      return []
    }
    notice = ""
    return begin(.json(detail.cursor))
  }

  /// Shows what pasted JSON would change, before it does.
  mutating func keepJSON(_ place: TreePlace) -> [Effect] {
    guard let text = typing?.line.text, let target = writingTarget(of: place), let detail else {
      return []
    }
    do {
      var value = try JSONReader.read(text).retyped(like: target.value)
      if case .bundle(let path) = place, path.steps.isEmpty {
        guard value.collection != nil else {
          typing?.problem = "a whole bundle can only become an object"
          return []
        }
        value = value.keepingPosition(of: target.value)
      }
      let shownAt: ValuePath? = target.target == .bundle ? target.path : nil
      value = HiddenSecrets(detail).restored(value, from: target.value, at: shownAt)
      guard !value.holdsMask || target.target == .bundle && target.value?.holdsMask == true else {
        typing?.problem = SafeText(SecretMask.refusal)
        return []
      }
      let typed = typedText
      typing = nil
      guard value != target.value else {
        notice = "unchanged"
        return forgetText(.json, of: detail.record.id)
      }
      var drafted = detail
      let draft = Draft(
        path: target.path, value: target.target == .mapping ? value.asMapping : value,
        in: target.target)
      if let problem = drafted.change(draft) {
        notice = "\(problem)"
        return []
      }
      preview = PreviewState(
        draft: draft, place: place, old: target.value, new: value, text: text)
      return typed.map { keep($0) } ?? []
    } catch { typing?.problem = "no JSON: \(error.description)" }
    return []
  }

  // MARK: A file in the place of a value

  mutating func beginFile() -> [Effect] {
    guard let detail, let target = writingTarget(of: detail.cursor), target.target == .bundle,
      !target.path.steps.isEmpty
    else {
      notice = "choose a field of a bundle; a file is put in its place"
      return []
    }
    typing = Typing(line: LineEditor(), purpose: .file(target.path))
    return []
  }

  /// Puts the content of a file that was read in the place of a value.
  mutating func fileRead(
    _ path: ValuePath, _ file: String, _ answer: Result<[UInt8], FileTrouble>
  ) -> [Effect] {
    switch answer {
    case .failure(let trouble):
      guard detail != nil, typing == nil, question == nil else {
        notice = "\(trouble.description)"
        return []
      }
      // A long path is not to be typed again for one letter.
      typing = Typing(line: LineEditor(file), purpose: .file(path))
      typing?.problem = "\(trouble.description)"
      return []
    case .success(let bytes):
      guard let detail else { return [] }
      let old = detail.bundles.value(at: path)
      // A text stays a text where the file is one; everything else becomes a file.
      let text = String(validating: bytes, as: UTF8.self)
      let value: Value =
        if case .text? = old, let text { .text(text) } else { .buffer(Buffer(bytes)) }
      let effects = keep([Draft(path: path, value: value)])
      notice =
        "\(path.description) is " + ValueText.line(value).clipped(to: 40)
        + " of \(file); u undoes it"
      return effects
    }
  }

  // MARK: The output of the module, given instead of running it

  mutating func beginSubstitute() -> [Effect] {
    notice = ""
    return begin(.substitute)
  }

  mutating func keepSubstitute() -> [Effect] {
    guard let text = typing?.line.text else { return [] }
    do {
      let value = try JSONReader.read(text)
      guard value.collection != nil else {
        typing?.problem = "an output is an object: its fields are those of the bundle"
        return []
      }
      typing = nil
      return substituted(value, text: text)
    } catch {
      typing?.problem = "no JSON: \(error.description)"
      return []
    }
  }

  private mutating func substituted(_ value: Value, text: String) -> [Effect] {
    guard let output = value.collection else {
      notice = "an output is an object: its fields are those of the bundle"
      return []
    }
    detail?.substitute = output
    detail?.substituteText = text
    resumeCheck = ResumeCheckState(isForResuming: true)
    // Who leaves the check goes on with it, however it was typed.
    return (typedText.map { keep($0) } ?? []) + checkAgain()
  }
}
