import FettleCore
import FettleEngine

/// Somebody else changed the same fields meanwhile: what stood there, what they made of it, what was
/// made of it here.
struct ConflictState: Equatable, Sendable {
  /// One field both changed.
  struct Field: Equatable, Sendable {
    let draft: Draft
    let original: Value?
    let theirs: Value?
    /// Whether the change made here shall stand.
    var takesMine = true
  }

  /// The fields both changed, each to something else.
  var fields: [Field]
  /// How many fields only they changed.
  let others: Int
  /// Who changed it last, in the name of the account; nil when the record does not tell.
  let author: String?
  var cursor = 0

  /// What was changed here, key by key, and what it is made on.
  private let changes: MeanwhileChanged

  /// What both changed; nil when no field was changed by both.
  init?(_ changes: MeanwhileChanged) {
    var merge = changes.merge
    var drafts: [Draft] = []
    for step in changes.steps {
      if merge.make(step) != nil {
        drafts += step.filter { $0.target == .mapping }
      } else {
        drafts += step
        _ = merge.force(step)
      }
    }
    var last: [Draft] = []
    // Of several changes of one place the last one counts.
    for draft in drafts {
      last.removeAll { $0.path == draft.path && $0.target == draft.target }
      last.append(draft)
    }
    let (before, theirs) = (changes.before, changes.opened.record.editable)
    var fields: [Field] = []
    for draft in last {
      let (original, now) =
        draft.target == .bundle
        ? (before.value(at: draft.path), theirs.value(at: draft.path))
        : (
          changes.blueprint.mapping(at: draft.path),
          changes.opened.record.blueprint.mapping(at: draft.path)
        )
      guard now != draft.value, draft.target == .bundle || original != now else { continue }
      fields.append(Field(draft: draft, original: original, theirs: now))
    }
    guard !fields.isEmpty else { return nil }
    self.changes = changes
    self.fields = fields
    let record = changes.opened.record
    author =
      (record.edits.map { ($0.date, $0.author) }
      + record.mappingEdits.map { ($0.date, $0.author) }).max { $0.0 < $1.0 }?.1
    others =
      BundleDiff(from: before, to: theirs).changes.filter { change in
        !fields.contains {
          $0.draft.path.isInside(change.path) || change.path.isInside($0.draft.path)
        }
      }.count
  }

  /// The record as it is now.
  var opened: OpenedRecord { changes.opened }

  /// What was chosen.
  func merged() -> (steps: [[Draft]], lost: [Draft]) {
    changes.merged(leavingOut: fields.filter { !$0.takesMine }.map(\.draft))
  }
}

/// What was changed here in a record that others changed meanwhile.
struct MeanwhileChanged: Equatable, Sendable {
  /// The record as it is now.
  let opened: OpenedRecord
  /// What the bundles were before either changed them.
  let before: VisibleBundles
  /// The same for the blueprint.
  let blueprint: Blueprint
  /// What was changed here since, key by key.
  let steps: [[Draft]]
  /// What was changed here on what it is now.
  private let later: [[Draft]]
  let merge: ChangeMerge

  /// What is not saved of a record that is open.
  /// - Parameter opened: what others made of it.
  init(_ detail: DetailState, with opened: OpenedRecord) {
    let (old, new) = (detail.record.edits, opened.record.edits)
    self.opened = opened
    before = detail.record.editable
    blueprint = detail.record.blueprint
    steps = detail.steps
    later = []
    merge = ChangeMerge(
      from: before, edits: new.starts(with: old) ? Array(new.dropFirst(old.count)) : nil,
      to: opened.record.editable)
  }

  /// What was left of a record when it was not saved; nil when nobody changed the record since.
  /// - Parameter later: what was changed since it was opened again.
  init?(_ draft: KeptDraft, later: [[Draft]], in opened: OpenedRecord) {
    let record = opened.record
    guard draft.version != record.summary.version else { return nil }
    let since = record.edits.filter { $0.date > draft.date }
    var before = record.editable
    // What has no place any more has none to compare.
    for edit in since.reversed() { before.put(Draft(path: edit.path, value: edit.old)) }
    var blueprint = record.blueprint
    for edit in record.mappingEdits.reversed() where edit.date > draft.date {
      blueprint = (try? blueprint.replacingMapping(at: edit.path, with: edit.old)) ?? blueprint
    }
    self.opened = opened
    self.before = before
    self.blueprint = blueprint
    steps = before.steps(of: draft.drafts)
    self.later = later
    merge = ChangeMerge(from: before, edits: since, to: record.editable)
  }

  /// The changes as they are made in the record as it is now.
  /// - Parameter given: what shall stay as others made it.
  /// - Returns: what is written, key by key, and what has no place any more.
  func merged(leavingOut given: [Draft] = []) -> (steps: [[Draft]], lost: [Draft]) {
    var merge = merge
    let made = merge.make(steps, leavingOut: given)
    return (made.steps + later, made.lost)
  }
}

extension State {
  mutating func updateConflict(_ command: Command) -> [Effect] {
    guard let shown = conflict else { return [] }
    switch command {
    case .moveDown: conflict?.cursor = min(shown.fields.count - 1, shown.cursor + 1)
    case .moveUp: conflict?.cursor = max(0, shown.cursor - 1)
    case .moveToFirst: conflict?.cursor = 0
    case .moveToLast: conflict?.cursor = shown.fields.count - 1
    case .takeMine: conflict?.fields[shown.cursor].takesMine = true
    case .takeTheirs: conflict?.fields[shown.cursor].takesMine = false
    case .nextChoice: conflict?.fields[shown.cursor].takesMine.toggle()
    case .confirm: return merge(shown)
    case .back, .interrupt: notice = "choose for each field, then Enter; nothing is written before"
    default: break
    }
    return []
  }

  private mutating func merge(_ shown: ConflictState) -> [Effect] {
    conflict = nil
    let made = shown.merged()
    let lost = made.lost + (detail?.take(shown.opened, replaying: made.steps) ?? [])
    list.take(shown.opened.record.summary)
    notice =
      lost.isEmpty
      ? "merged; nothing is written yet: r resumes with it, Ctrl-S saves it"
      : "\(lost.count) of your changes no longer fit: \(lost.map(\.path.description).joined(separator: ", "))"
    return changed()
  }

  /// Each field: what it is, and the three values; of whole arrays and collections what differs in them.
  private var conflictFields: [[CheckLine]] {
    guard let conflict, let detail else { return [] }
    return conflict.fields.enumerated().map { index, field in
      let isSecret = detail.mapped.isSecret(field.draft)
      func shown(_ value: Value?) -> SafeText {
        field.draft.target == .mapping
          ? ValueText.mapping(value)
          : ValueText.typed(value, isSecret: isSecret, mask: detail.mask)
      }
      func inside(_ value: Value?) -> [CheckLine] {
        guard field.draft.target == .bundle, !isSecret else { return [] }
        return Self.linesInside(
          BundleDiff.Change(path: field.draft.path, old: field.original, new: value),
          mapped: detail.mapped, mask: detail.mask, columns: size.columns - 16
        ).map { CheckLine(text: "              " + $0.text, role: .faint) }
      }
      let place = detail.place(of: field.draft).text(failer: detail.record.summary.failer)
      let what: SafeText = field.draft.target == .mapping ? "mapping of \(place)" : "\(place)"
      var lines = [
        CheckLine(
          text: (index == conflict.cursor ? "> " : "  ") + what,
          role: index == conflict.cursor ? .title : .plain),
        CheckLine(text: "    original  " + shown(field.original), role: .faint),
        CheckLine(
          text: (field.takesMine ? "    theirs    " : "  * theirs    ") + shown(field.theirs),
          role: field.takesMine ? .plain : .changed),
      ]
      lines += inside(field.theirs)
      lines.append(
        CheckLine(
          text: (field.takesMine ? "  * mine      " : "    mine      ")
            + (field.draft.value == nil ? "taken away" : shown(field.draft.value)),
          role: field.takesMine ? .changed : .plain))
      return lines + inside(field.draft.value)
    }
  }

  /// The fields one below the other.
  var conflictLines: [CheckLine] {
    guard let conflict else { return [] }
    var lines = Array(conflictFields.joined())
    if conflict.others > 0 {
      lines.append(
        CheckLine(
          text: "  \(conflict.others) more of their changes are taken over as they are",
          role: .faint))
    }
    return lines
  }

  func drawConflict(into frame: inout Frame) {
    guard let conflict, let detail else { return }
    let lines = conflictLines
    let above = conflictFields.prefix(conflict.cursor).reduce(0) { $0 + $1.count }
    let top = max(0, min(above, lines.count - max(1, size.rows - 4)))
    drawLines(
      lines,
      title:
        " \(detail.record.id.short) was changed by \(conflict.author ?? "someone else"); nothing was written",
      top: top, into: &frame)
  }
}
