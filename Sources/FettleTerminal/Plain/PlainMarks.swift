import FettleCore
import FettleEngine

/// What the line mode does with many records.
extension PlainSession {
  mutating func mark(_ rest: String, isOn: Bool) async throws(StoreError) -> [SafeText] {
    planned = nil
    let numbers = rest.split(separator: " ").map { Int($0) }
    let chosen: [IncompleteSummary]
    if rest == "all", !isOn {
      marks = [:]
      return ["0 marked"]
    } else if rest == "all" {
      chosen = rows
    } else if rest == "matching", isOn {
      return try await markMatching()
    } else if !numbers.isEmpty,
      numbers.allSatisfy({ $0.map { rows.indices.contains($0 - 1) } ?? false })
    {
      chosen = numbers.compactMap { $0 }.map { rows[$0 - 1] }
    } else {
      return refused("name numbers of the list, such as: mark 1 3, or: mark all")
    }
    for row in chosen { marks[row.id] = isOn ? row : nil }
    return ["\(marks.count) marked"]
  }

  /// Marks everything the filter of the list lets through, as it is now.
  private mutating func markMatching() async throws(StoreError) -> [SafeText] {
    let wanted = records
    var request = PageRequest.first
    while !isStopped() {
      let found = try await desk.page(wanted, request, limit: 1000)
      for row in found { marks[row.id] = row }
      guard found.count == 1000, let last = found.last else { break }
      request = .after(RecordPlace(last, wanted.order))
    }
    return ["\(marks.count) marked"]
  }

  /// The marked records, those of the list first and with their numbers.
  func listMarked() -> [SafeText] {
    let listed = rows.enumerated().filter { marks[$0.element.id] != nil }
    let known = Set(listed.map(\.element.id))
    let others = marks.values.filter { !known.contains($0.id) }.sorted(by: Self.isNewer)
    return ["\(marks.count) marked"] + listed.map { row($0.offset, $0.element) }
      + others.map { "not in the list: " + row(nil, $0) }
  }

  private static func isNewer(_ left: IncompleteSummary, _ right: IncompleteSummary) -> Bool {
    (left.created, left.id) > (right.created, right.id)
  }

  mutating func actOnMarked(
    _ command: PlainCommand, _ rest: String
  ) async throws(StoreError) -> [SafeText] {
    guard !marks.isEmpty else { return refused("nothing is marked") }
    let action: BulkAction
    switch command {
    case .closeMarked:
      guard !rest.isEmpty else { return refused("say why: close-marked REASON") }
      action = .close(reason: rest)
    case .deleteMarked: action = .delete
    case .restoreMarked: action = .restore
    case .reopenMarked: action = .reopen
    case .purgeMarked:
      guard rest == "\(marks.count)" else {
        return refused(
          "there is no way back: purge-marked \(marks.count) removes the marked records for good")
      }
      action = .purge
    default: action = .resume
    }
    let selection = try await desk.select(Set(marks.keys), for: action)
    var lines: [SafeText] = []
    for (why, count) in selection.skipped.sorted(by: { $0.key < $1.key }) {
      hasFailed = true
      lines.append("! \(count) left out: \(why)")
    }
    for (index, item) in selection.items.enumerated() {
      guard !isStopped() else {
        hasFailed = true
        lines.append("! stopped: \(selection.items.count - index) were not begun")
        break
      }
      guard item.version == marks[item.id]?.version else {
        hasFailed = true
        lines.append(
          "! \(item.id.short) was changed since it was marked; look at it, mark it again")
        continue
      }
      do throws(StoreError) {
        lines.append("\(item.id.short) " + (try await perform(action, item)))
      } catch {
        hasFailed = true
        lines.append("! \(item.id.short) \(error.description)")
      }
    }
    let done: SafeText = action == .resume ? "all resolved" : "all done"
    return lines + [marks.isEmpty ? done : "\(marks.count) stay marked"]
  }

  private mutating func perform(
    _ action: BulkAction, _ item: BulkSelection.Item
  ) async throws(StoreError) -> SafeText {
    let told: SafeText
    switch action {
    case .resume:
      let report = try await desk.resume(item.id, version: item.version, trigger: .bulk)
      if report.outcome == .resolved {
        marks[item.id] = nil
      } else {
        hasFailed = true
        marks[item.id] = report.record.summary
      }
      return PlainRecord.outcome(report, PlainRecord(report.record, desk: desk).mask)
    case .close(let reason):
      _ = try await desk.close(item.id, version: item.version, reason: reason)
      told = "closed"
    case .delete:
      _ = try await desk.delete(item.id, version: item.version)
      told = "in the bin"
    case .restore:
      _ = try await desk.restore(item.id, version: item.version)
      told = "out of the bin"
    case .reopen:
      _ = try await desk.reopen(item.id, version: item.version)
      told = "open again"
    case .purge:
      try await desk.purge(item.id)
      told = "removed for good"
    }
    marks[item.id] = nil
    return told
  }

  /// The changes of the open record in the marked ones: shown first, made when that is confirmed.
  mutating func changeMarked(_ rest: String) async throws(StoreError) -> [SafeText] {
    guard let opened else { return [] }
    let others = marks.values.filter { $0.id != opened.record.id }.sorted(by: Self.isNewer)
    guard !others.isEmpty else { return refused("no other record is marked") }
    let changes = opened.changesForOthers
    guard !changes.isEmpty else {
      return refused("the open record does not differ from its failure")
    }
    if rest == "yes" {
      guard let planned, planned.changes == changes else {
        return refused("change-marked shows first what would be changed")
      }
      self.planned = nil
      return await make(in: planned.members)
    }
    guard rest.isEmpty else { return refused("change-marked, then change-marked yes") }
    var members: [GroupEditState.Member] = []
    var lines: [SafeText] = []
    for row in others where !isStopped() {
      let member = try await member(row.id, changes)
      members.append(member)
      lines += member.lines.map { "\(row.id.short) " + $0 }
      if let problem = member.problem { lines.append("! \(row.id.short) left out: " + problem) }
    }
    planned = (changes, members.filter { $0.problem == nil })
    return lines + ["change-marked yes changes \(members.count { $0.problem == nil })"]
  }

  private func member(
    _ id: RecordID, _ changes: [GroupChange]
  ) async throws(StoreError) -> GroupEditState.Member {
    let record = try await desk.record(id)
    return GroupEditState.Member(
      record, changes, descriptor: record.failedModule.flatMap(desk.descriptor), check: desk.check)
  }

  private mutating func make(in members: [GroupEditState.Member]) async -> [SafeText] {
    var lines: [SafeText] = []
    for member in members where !isStopped() {
      do throws(StoreError) {
        // Whoever changed the record since it was shown is not overruled.
        _ = try await desk.amend(member.id, version: member.version, member.drafts)
        if let fresh = try await desk.summaries(of: [member.id]).first { marks[member.id] = fresh }
        lines.append("\(member.id.short) changed")
      } catch {
        hasFailed = true
        lines.append("! \(member.id.short) \(error.description)")
      }
    }
    return lines
  }
}
