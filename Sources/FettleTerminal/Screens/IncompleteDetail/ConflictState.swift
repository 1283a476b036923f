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

  /// The record as it is now.
  let opened: OpenedRecord
  /// The fields both changed, each to something else.
  var fields: [Field]
  /// How many fields only they changed.
  let others: Int
  /// Who changed it last, in the name of the account; nil when the record does not tell.
  let author: String?
  var cursor = 0

  /// What both changed; nil when no field was changed by both.
  init?(of detail: DetailState, with opened: OpenedRecord) {
    self.init(
      of: detail.changesToSave, from: (detail.record.editable, detail.record.blueprint),
      with: opened)
  }

  /// What was changed both in a draft that was left and, since it was, by somebody else; nil when nothing
  /// was.
  init?(of draft: KeptDraft, with opened: OpenedRecord) {
    let record = opened.record
    guard draft.version != record.summary.version else { return nil }
    var before = record.editable
    for edit in record.edits.reversed() where edit.date > draft.date {
      // What has no place any more has none to compare.
      _ = try? before.write(edit.old, at: edit.path, author: "", date: edit.date)
    }
    var blueprint = record.blueprint
    for edit in record.mappingEdits.reversed() where edit.date > draft.date {
      blueprint = (try? blueprint.replacingMapping(at: edit.path, with: edit.old)) ?? blueprint
    }
    self.init(of: draft.drafts, from: (before, blueprint), with: opened)
  }

  private init?(
    of drafts: [Draft], from known: (bundles: VisibleBundles, blueprint: Blueprint),
    with opened: OpenedRecord
  ) {
    let (before, theirs) = (known.bundles, opened.record.editable)
    let changed = BundleDiff(from: before, to: theirs).changes
    func overlap(_ left: ValuePath, _ right: ValuePath) -> Bool {
      left.module == right.module
        && (left.steps.starts(with: right.steps) || right.steps.starts(with: left.steps))
    }
    var fields: [Field] = []
    var last: [Draft] = []
    // Of several changes of one place the last one counts.
    for draft in drafts {
      last.removeAll { $0.path == draft.path && $0.target == draft.target }
      last.append(draft)
    }
    for draft in last {
      let (original, now) =
        draft.target == .bundle
        ? (before.value(at: draft.path), theirs.value(at: draft.path))
        : (
          known.blueprint.mapping(at: draft.path),
          opened.record.blueprint.mapping(at: draft.path)
        )
      let isTouched =
        draft.target == .bundle
        ? changed.contains { overlap($0.path, draft.path) } : original != now
      guard isTouched, now != draft.value else { continue }
      fields.append(Field(draft: draft, original: original, theirs: now))
    }
    guard !fields.isEmpty else { return nil }
    self.opened = opened
    self.fields = fields
    author =
      (opened.record.edits.map { ($0.date, $0.author) }
      + opened.record.mappingEdits.map { ($0.date, $0.author) }).max { $0.0 < $1.0 }?.1
    others =
      changed.filter { change in !fields.contains { overlap($0.draft.path, change.path) } }
      .count
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
    let given = shown.fields.filter { !$0.takesMine }.map(\.draft)
    conflict = nil
    // What one key did is given up as a whole: half a move would leave a value twice and lose another.
    let kept = (detail?.steps ?? []).filter { step in
      !step.contains { draft in
        given.contains { $0.path == draft.path && $0.target == draft.target }
      }
    }.flatMap { $0 }
    let lost = detail?.take(shown.opened, replaying: kept) ?? []
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
