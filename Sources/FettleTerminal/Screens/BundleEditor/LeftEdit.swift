import FettleCore
import FettleEngine

/// A text that was written in `$EDITOR` and that the program could not take in, because it was told to
/// end or was killed. It is kept as what it would have become: a change that is not saved, or a text
/// that is offered again where it belongs.
struct LeftEdit: Hashable, Sendable {
  /// Where the store is.
  let store: String
  /// The program it was written in; empty where that is not known.
  let session: String
  let record: RecordID
  let purpose: ExternalEdit.Purpose
  let isJSON: Bool
  private(set) var text: String

  /// What became of it.
  enum Kept: Hashable, Sendable {
    /// A change that is not saved yet.
    case change
    /// A text that is no value yet.
    case text
    /// Nothing: it may hold a secret, which is not written down.
    case withheld
    /// Nothing: its record is gone.
    case gone
    /// Nothing: it is what stands there.
    case unchanged
  }

  init(_ edit: ExternalEdit, store: String, session: Session, text: String) {
    self.init(
      store: store, session: session.name, record: edit.record, purpose: edit.purpose,
      isJSON: edit.isJSON,
      text: edit.taken(text))
  }

  private init(
    store: String, session: String, record: RecordID, purpose: ExternalEdit.Purpose, isJSON: Bool,
    text: String
  ) {
    self.store = store
    self.session = session
    self.record = record
    self.purpose = purpose
    self.isJSON = isJSON
    self.text = text
  }

  func with(_ text: String) -> LeftEdit {
    var edit = self
    edit.text = text
    return edit
  }

  // MARK: Keeping it

  /// Keeps it in the store.
  func keep(_ desk: OperatorDesk) async throws(StoreError) -> Kept {
    let opened: OpenedRecord
    do throws(StoreError) { opened = try await RecordEffect.opened(record, desk) } catch {
      if case .notFound = error { return .gone }
      throw error
    }
    let detail = DetailState(opened)
    switch purpose {
    case .substitute: return try await keep(for: .output, at: nil, detail, desk)
    case .json(let place): return try await keep(for: .json, at: place, detail, desk)
    case .mapping(let editor):
      return try await keepChange(
        of: editor.path, in: .mapping, seenAt: .input(editor.path.steps), detail, desk)
    case .value(let place, let path, let target):
      return try await keepChange(of: path, in: target, seenAt: place, detail, desk)
    }
  }

  private func keepChange(
    of path: ValuePath, in target: Draft.Target, seenAt place: TreePlace, _ detail: DetailState,
    _ desk: OperatorDesk
  ) async throws(StoreError) -> Kept {
    var detail = detail
    let opened = detail.opened
    // It goes on with what else was changed in that program.
    let before = try await desk.drafts(of: record).first { $0.session == session }
    // Of the draft nothing is lost that does not fit any more.
    let lost =
      before.map { detail.take(opened, replaying: opened.record.editable.steps(of: $0.drafts)) }
      ?? []
    let written: Value
    if case .mapping = purpose {
      written = .text(text)
      guard written != detail.blueprint.mapping(at: path) else { return .unchanged }
    } else {
      let old = target == .mapping ? detail.value(at: place) : detail.bundles.value(at: path)
      guard let value = isJSON ? try? JSONReader.read(text).retyped(like: old) : .text(text) else {
        return try await keep(for: .json, at: place, detail, desk)
      }
      guard value != old else { return .unchanged }
      written = target == .mapping ? value.asMapping : value
    }
    let draft = Draft(path: path, value: written, in: target)
    guard !detail.mapped.isSecret(draft), !detail.mapped.isSecret(place) else { return .withheld }
    guard detail.change(draft) == nil else {
      return try await keep(for: .json, at: place, detail, desk)
    }
    try await desk.keepDraft(
      lost + detail.changesToSave, withheld: before?.withheld ?? 0, of: record,
      session: session, version: before?.version ?? opened.record.summary.version,
      sequence: (before?.sequence ?? 0) + 1)
    return .change
  }

  private func keep(
    for kept: KeptText.Purpose, at place: TreePlace?, _ detail: DetailState, _ desk: OperatorDesk
  ) async throws(StoreError) -> Kept {
    guard place.map({ !detail.mapped.holdsSecret($0) }) ?? true,
      detail.mask.masked(text) == text
    else { return .withheld }
    // A text that is no JSON for a place is quoted there, so that it can be gone on with.
    let isQuoted = kept == .json && !isJSON
    try await desk.keepText(
      isQuoted ? JSONWriter.text(.text(text)) : text, for: kept, at: place?.name ?? "", of: record,
      session: Session.new(in: Session(session).terminal).name, sequence: 1)
    return .text
  }

  // MARK: Finding it again

  /// What is written beside the text: nothing of a value.
  func stored(digest: String) -> Value {
    var fields: Collection = [
      "store": .text(store), "session": .text(session), "record": .text(record.text),
      "isJSON": .boolean(isJSON),
      "digest": .text(digest),
    ]
    switch purpose {
    case .substitute: fields["purpose"] = "output"
    case .json(let place):
      fields["purpose"] = "json"
      fields["place"] = .text(place.name)
    case .mapping(let editor):
      fields["purpose"] = "mapping"
      fields["path"] = .text(editor.path.description)
    case .value(let place, let path, let target):
      fields["purpose"] = "value"
      fields["place"] = .text(place.name)
      fields["path"] = .text(path.description)
      fields["target"] = .text(target.rawValue)
    }
    return .collection(fields)
  }

  /// The edit a value tells of, its text left out, with what is told of the text at the beginning.
  static func read(_ value: Value) -> (edit: LeftEdit, digest: String)? {
    guard let fields = value.collection, let store = fields["store"]?.text,
      let record = fields["record"]?.text, let digest = fields["digest"]?.text,
      case .boolean(let isJSON)? = fields["isJSON"]
    else { return nil }
    let place = fields["place"]?.text.flatMap(TreePlace.init(named:))
    let purpose: ExternalEdit.Purpose
    switch fields["purpose"]?.text {
    case "output"?: purpose = .substitute
    case "json"?:
      guard let place else { return nil }
      purpose = .json(place)
    case "mapping"?:
      guard let path = try? ValuePath(parsing: fields["path"]?.text ?? "") else { return nil }
      purpose = .mapping(MappingEditor(path: path, original: nil, field: nil))
    case "value"?:
      guard let place, let path = try? ValuePath(parsing: fields["path"]?.text ?? ""),
        let target = fields["target"]?.text.flatMap(Draft.Target.init(rawValue:))
      else { return nil }
      purpose = .value(place, path, target)
    default: return nil
    }
    let edit = LeftEdit(
      store: store, session: fields["session"]?.text ?? "", record: RecordID(record),
      purpose: purpose, isJSON: isJSON, text: "")
    return (edit, digest)
  }
}

extension State {
  /// The program is to end while a value is in `$EDITOR`.
  /// - Parameter text: what was written there.
  /// - Returns: what keeps it.
  mutating func editingCut(_ edit: ExternalEdit, _ text: String) -> [Effect] {
    let taken = edit.taken(text)
    guard !taken.utf8.elementsEqual(edit.text.utf8) else {
      // What was being typed before is kept as it was.
      typing = edit.typed
      return lastEffects()
    }
    return lastEffects()
      + [
        .record(
          .keepLeft(
            LeftEdit(edit, store: surroundings.storeName, session: surroundings.session, text: text)
          ))
      ]
  }

  /// Says what of texts in `$EDITOR` came back when the program was started.
  mutating func leftEditsKept(_ kept: [RecordID: LeftEdit.Kept]) -> [Effect] {
    let back = kept.filter { [.change, .text].contains($0.value) }.keys.sorted()
    guard let first = back.first else {
      if kept.values.contains(.withheld) {
        notice = "what was written in $EDITOR is not kept: it may hold a secret"
      }
      return []
    }
    notice =
      back.count == 1
      ? "what was written in $EDITOR for \(first.short) is back; Enter on it goes on"
      : "what was written in $EDITOR for \(back.count) records is back; opened they go on"
    guard let detail, back.contains(detail.record.id) else { return [] }
    self.detail?.takesDraft = detail.drafts.isEmpty
    return [.record(.companions(detail.record))]
  }
}

/// What became of several texts, noted one after the other.
actor Gathered {
  private(set) var all: [RecordID: LeftEdit.Kept] = [:]

  func note(_ kept: LeftEdit.Kept, _ record: RecordID) { all[record] = kept }
}
