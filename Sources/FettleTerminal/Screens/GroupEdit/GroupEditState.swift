import FettleCore
import FettleEngine

/// The change of one record, carried over to the others of its group: every difference is seen before
/// anything is written.
struct GroupEditState: Equatable, Sendable {
  let group: ErrorGroupCount
  /// The record that is mended first.
  let sample: RecordID
  /// What was changed in it.
  var changes: [GroupChange] = []
  var members: [Member] = []
  /// Those that are left as they are.
  var excluded: Set<RecordID> = []
  var cursor = 0
  var stage = Stage.mending

  enum Stage: Hashable, Sendable { case mending, loading, looking, writing }

  /// What the change would do to one of the others.
  struct Member: Equatable, Sendable {
    let id: RecordID
    let version: Int
    /// Each changed place, with what stands there now and what will.
    let lines: [SafeText]
    /// What is written for it there.
    let drafts: [Draft]
    /// Why it cannot be made; nil when it can.
    let problem: SafeText?
  }

  var chosen: [Member] { members.filter { $0.problem == nil && !excluded.contains($0.id) } }
}

/// What it asks for.
enum GroupEditEffect: Equatable, Sendable {
  /// The record to mend first.
  case findSample(ErrorGroupCount, RecordFilter)
  /// What the change would do to the others.
  case preview(RecordFilter, except: RecordID, [GroupChange])
  case write([GroupEditState.Member])
}

/// What came of it.
enum GroupEditMessage: Equatable, Sendable {
  case sampleFound(ErrorGroupCount, Message.Answer<[IncompleteSummary]>)
  case previewed(Message.Answer<[GroupEditState.Member]>)
  case written([RecordID], failed: [RecordID], reason: String?)
}

extension GroupEditEffect {
  /// More records than these are not looked through one after the other by anybody.
  static let most = 5000

  /// Does it.
  func perform(_ desk: OperatorDesk) async -> GroupEditMessage {
    switch self {
    case .findSample(let group, let filter):
      return .sampleFound(
        group,
        await answer { () async throws(StoreError) in
          try await desk.page(filter, .first, limit: 1)
        })
    case .preview(let filter, let sample, let changes):
      return .previewed(
        await answer { () async throws(StoreError) in
          var members: [GroupEditState.Member] = []
          for summary in try await desk.page(filter, .first, limit: Self.most)
          where summary.id != sample {
            let record = try await desk.record(summary.id)
            let descriptor = record.failedModule.flatMap(desk.descriptor)
            members.append(
              GroupEditState.Member(record, changes, descriptor: descriptor, check: desk.check))
          }
          return members
        })
    case .write(let members):
      var written: [RecordID] = []
      var failed: [RecordID] = []
      var reason: String?
      for member in members {
        do {
          // Whoever changed the record since it was shown is not overruled.
          _ = try await desk.amend(member.id, version: member.version, member.drafts)
          written.append(member.id)
        } catch {
          failed.append(member.id)
          reason = "\(error)"
        }
      }
      return .written(written, failed: failed, reason: reason)
    }
  }
}

extension GroupEditState.Member {
  /// What the changes would do to a record.
  /// - Parameters:
  ///   - descriptor: what the failed module expects.
  ///   - check: what a resume of a record with other bundles would do.
  init(
    _ record: IncompleteExecution, _ changes: [GroupChange], descriptor: ModuleDescriptor?,
    check: (IncompleteExecution, VisibleBundles) -> ResumeCheck
  ) {
    var record = record
    let mapped = MappedFields(record.failedModule, descriptor: descriptor)
    var bundles = record.editable
    var lines: [SafeText] = []
    var drafts: [Draft] = []
    var problem: SafeText?
    func typed(_ value: Value?, _ draft: Draft) -> SafeText {
      ValueText.typed(value, isSecret: mapped.isSecret(draft))
    }
    for change in changes {
      do {
        if case .write(let draft) = change, draft.target == .mapping {
          let old = record.blueprint.mapping(at: draft.path)
          guard old != draft.value else { continue }
          lines.append(
            "mapping \(draft.path.description)  " + typed(old, draft) + "  →  "
              + (draft.value == nil ? "taken away" : typed(draft.value, draft)))
          record.blueprint = try record.blueprint.replacingMapping(
            at: draft.path, with: draft.value)
          drafts.append(draft)
          continue
        }
        let made = try change.drafts(in: bundles)
        // What it has already is not written again.
        if !made.isEmpty,
          made.allSatisfy({ $0.value != nil && bundles.value(at: $0.path) == $0.value })
        {
          continue
        }
        if let line = change.text(in: bundles, typed: typed) { lines.append(line) }
        for draft in made {
          _ = try bundles.write(
            draft.value, at: draft.path, author: "", date: Instant(milliseconds: 0))
          drafts.append(draft)
        }
      } catch let misfit as GroupChange.Misfit {
        problem = "\(misfit.text)"
      } catch { problem = "\(String(describing: error))" }
    }
    if record.summary.state == .inProgress { problem = "it is being retried right now" }
    if problem == nil, let wrong = check(record, bundles.withoutVariables).problems.first {
      lines.append("! \(wrong.message)")
    }
    self.init(
      id: record.id, version: record.summary.version, lines: lines, drafts: drafts,
      problem: problem)
  }
}

/// The keys of the screen that shows what the change does to the others.
extension KeyMap {
  static let groupEdit: [KeyBinding] = [
    KeyBinding(
      [.enter], "change them", "Make the change in all that are not left out", .confirm,
      unavailable: {
        $0.groupEdit?.chosen.isEmpty == true ? "none is chosen" : $0.readOnlyReason
      }),
    KeyBinding([.character(" ")], "leave out", "Leave this one as it is, or not", .mark),
    KeyBinding([.escape, .character("q")], "stop", "Change none of the others", .back),
  ]
}

extension State {
  mutating func beginGroupEdit(_ group: ErrorGroupCount) -> [Effect] {
    notice = "opening one of \(Quantity.grouped(group.records))"
    let filter = RecordFilter(Self.filter(of: group).expression, now: now)
    return [.groupEdit(.findSample(group, filter))]
  }

  mutating func updateGroupEdit(_ message: GroupEditMessage) -> [Effect] {
    switch message {
    case .sampleFound(_, .failure(let error)), .previewed(.failure(let error)):
      notice = "\(error.description)"
      groupEdit = nil
      return []
    case .sampleFound(let group, .success(let rows)):
      guard let sample = rows.first, showsGroups else { return [] }
      groupEdit = GroupEditState(group: group, sample: sample.id)
      if list.rows.contains(where: { $0.id == sample.id }) { list.cursor = sample.id }
      notice = "mend this one; when it is saved, the others are shown"
      return [.record(.load(sample.id, .open(.edit)))]
    case .previewed(.success(let members)):
      groupEdit?.members = members
      groupEdit?.stage = .looking
      if let edit = groupEdit, members.count + 1 >= GroupEditEffect.most,
        edit.group.records > members.count + 1
      {
        notice =
          "these are the first \(Quantity.grouped(members.count)) of "
          + "\(Quantity.grouped(edit.group.records - 1)); the rest stays as it is: do it again for them"
      }
      return []
    case .written(let written, let failed, let reason):
      guard let edit = groupEdit else { return [] }
      groupEdit = nil
      showsGroups = false
      list.marks = .some(Set(written).union([edit.sample]))
      notice = "changed \(written.count) and marked them: R resumes them"
      if let reason { notice += " · \(failed.count) not: \(reason)" }
      return setFilter(Self.filter(of: edit.group)) + refreshList()
    }
  }

  /// The record that was mended first is saved: asks whether the others shall follow.
  mutating func sampleSaved(_ sample: DetailState) {
    guard groupEdit?.sample == sample.record.id, groupEdit?.stage == .mending else { return }
    let data = GroupChange.changes(
      sample.record.edits.map { Draft(path: $0.path, value: $0.new) }
        + sample.drafts.filter { $0.target == .bundle },
      of: sample.record.originalEditable)
    let mappings = sample.mappingChanges.sorted { $0.key.description < $1.key.description }.map {
      GroupChange.write(Draft(path: $0.key, value: $0.value.new, in: .mapping))
    }
    guard !(data + mappings).isEmpty, let group = groupEdit?.group, group.records > 1 else {
      groupEdit = nil
      return
    }
    groupEdit?.changes = data + mappings
    question = .applyToGroup(group.records - 1)
  }

  mutating func showGroupChanges() -> [Effect] {
    guard let edit = groupEdit else { return [] }
    groupEdit?.stage = .loading
    let filter = RecordFilter(Self.filter(of: edit.group).expression, now: now)
    return closeDetail() + [.groupEdit(.preview(filter, except: edit.sample, edit.changes))]
  }

  mutating func updateGroupEdit(_ command: Command) -> [Effect] {
    guard let edit = groupEdit, edit.stage == .looking else {
      if command == .back || command == .interrupt, groupEdit?.stage == .loading {
        groupEdit = nil
      }
      return []
    }
    let page = max(1, (size.rows - 5) / 2)
    func place(_ index: Int) -> Int { min(max(0, index), max(0, edit.members.count - 1)) }
    switch command {
    case .moveDown: groupEdit?.cursor = place(edit.cursor + 1)
    case .moveUp: groupEdit?.cursor = place(edit.cursor - 1)
    case .pageDown: groupEdit?.cursor = place(edit.cursor + page)
    case .pageUp: groupEdit?.cursor = place(edit.cursor - page)
    case .moveToFirst: groupEdit?.cursor = 0
    case .moveToLast: groupEdit?.cursor = place(.max / 2)
    case .mark:
      guard edit.members.indices.contains(edit.cursor) else { return [] }
      let id = edit.members[edit.cursor].id
      if groupEdit?.excluded.remove(id) == nil { groupEdit?.excluded.insert(id) }
      groupEdit?.cursor = place(edit.cursor + 1)
    case .confirm:
      groupEdit?.stage = .writing
      notice = "changing \(edit.chosen.count)…"
      return [.groupEdit(.write(edit.chosen))]
    case .quitAtOnce: return quitting()
    case .back, .interrupt:
      groupEdit = nil
      notice = "none of the others was changed"
      return reloadGroups()
    default: break
    }
    return []
  }

  func drawGroupEdit(into frame: inout Frame) {
    guard let edit = groupEdit else { return }
    frame.put(
      " The same change in \(edit.chosen.count) of \(edit.members.count) others?",
      in: frame.area.line(0), .role(.title))
    frame.rule(in: frame.area.line(1))
    let rows = max(1, size.rows - 4)
    var lines: [(text: SafeText, role: Role, member: Int)] = []
    // Only the lines around the cursor are drawn, however many records there are.
    let first = max(0, edit.cursor - rows)
    for index in first..<min(edit.members.count, edit.cursor + rows + 1) {
      let member = edit.members[index]
      let isOut = edit.excluded.contains(member.id)
      let mark: SafeText = member.problem != nil ? "!" : isOut ? "-" : "~"
      for (offset, line) in member.lines.enumerated() {
        let lead: SafeText = offset == 0 ? mark + " \(member.id.short)  " : "            "
        lines.append((lead + line, isOut || member.problem != nil ? .faint : .changed, index))
      }
      if let problem = member.problem { lines.append(("            " + problem, .problem, index)) }
    }
    if edit.stage == .loading { frame.put(" reading the others…", in: frame.area.line(2)) }
    let cursor = lines.firstIndex { $0.member == edit.cursor } ?? 0
    let top = max(0, min(cursor - rows / 2, lines.count - rows))
    for offset in 0..<rows {
      let index = top + offset
      guard lines.indices.contains(index) else { break }
      let isSelected = lines[index].member == edit.cursor
      let line = frame.area.line(2 + offset)
      frame.put(
        (isSelected ? ">" : " ") + lines[index].text, in: line,
        Style(role: lines[index].role, isSelected: isSelected), fill: isSelected)
      if index == cursor { frame.cursor = (line.row, 0) }
    }
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }
}
