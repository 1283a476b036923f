import FettleCore
import FettleEngine

/// What happens on an opened record.
extension State {
  mutating func open(_ opened: OpenedRecord, _ then: LoadPurpose.ThenDo) -> [Effect] {
    // A resume of what nobody changed needs no screen of its own.
    if then == .resume, opened.record.edits.isEmpty {
      return startResume(opened.record.id, version: opened.record.summary.version)
    }
    detail = DetailState(opened)
    list.cursor = opened.record.id
    notice = ""
    switch then {
    case .nothing: return []
    case .edit: return updateDetail(.edit)
    case .resume: return updateDetail(.resume)
    }
  }

  mutating func updateDetail(_ command: Command) -> [Effect] {
    guard let current = detail else { return [] }
    switch command {
    case .moveDown: moveDetail(by: 1)
    case .moveUp: moveDetail(by: -1)
    case .pageDown: moveDetail(by: detailPage)
    case .pageUp: moveDetail(by: -detailPage)
    case .halfPageDown: moveDetail(by: max(1, detailPage / 2))
    case .halfPageUp: moveDetail(by: -max(1, detailPage / 2))
    case .moveToFirst: moveDetail(by: -1_000_000)
    case .moveToLast: moveDetail(by: 1_000_000)
    case .nextPane: detail?.pane = current.pane == .chain ? .bundles : .chain
    case .zoom: detail?.isZoomed.toggle()
    case .showFailedModule:
      detail?.pane = .chain
      detail?.chainCursor = current.record.summary.failer
    case .unfold: fold(false)
    case .fold: fold(true)
    case .mark: fold(current.unfolded.contains(current.cursor))
    case .previousRecord: return openNeighbour(-1)
    case .nextRecord: return openNeighbour(1)
    case .edit: return beginEdit()
    case .add: return beginAdd()
    case .remove: return removeField()
    case .undo: return stepped(detail?.undo(), "undone")
    case .redo: return stepped(detail?.redo(), "done again")
    case .revertAll:
      detail?.revertAll()
      notice = "the bundles are as they were at the failure; u takes that back"
      return checkAgain()
    case .showDiff:
      resumeCheck = ResumeCheckState(isForResuming: false)
    case .save: return save(then: .stay)
    case .resume:
      guard current.isChanged else {
        return startResume(current.record.id, version: current.record.summary.version)
      }
      resumeCheck = ResumeCheckState(isForResuming: true)
      return checkAgain()
    case .back, .quit: return leaveDetail()
    case .quitAtOnce:
      guard current.drafts.isEmpty else {
        question = .quitUnsaved
        return []
      }
      return [.quit]
    case .interrupt: question = current.drafts.isEmpty ? .quit : .quitUnsaved
    default: return updateRecord(command)
    }
    return []
  }

  mutating func leaveDetail() -> [Effect] {
    guard detail?.drafts.isEmpty ?? true else {
      question = .leaveUnsaved
      return []
    }
    return closeDetail()
  }

  mutating func closeDetail() -> [Effect] {
    detail = nil
    resumeCheck = nil
    return refreshList() + loadPreview()
  }

  private mutating func stepped(_ path: ValuePath?, _ word: SafeText) -> [Effect] {
    guard let path else { return [] }
    detail?.reveal(.bundle(path))
    detail?.cursor = .bundle(path)
    detail?.rebuild()
    notice = word + ": \(path.description)"
    return checkAgain()
  }

  /// Asks what a resume would do with the bundles as they are now.
  mutating func checkAgain() -> [Effect] {
    guard detail != nil else { return [] }
    let token = nextToken()
    detail?.checkToken = token
    guard let detail else { return [] }
    return [.record(.check(detail.record, detail.bundles, token: token))]
  }

  private var detailPage: Int {
    let layout = DetailLayout(self)
    let area = detail?.pane == .chain ? layout.chain : layout.bundles
    return max(1, (area?.rows ?? 2) - 2)
  }

  private mutating func moveDetail(by distance: Int) {
    guard let detail else { return }
    switch detail.pane {
    case .chain:
      let modules = detail.chainLines(rows: 0).compactMap(\.module)
      guard !modules.isEmpty else { return }
      let index = modules.firstIndex { $0 == detail.chainCursor } ?? 0
      self.detail?.chainCursor = modules[min(max(0, index + distance), modules.count - 1)]
    case .bundles:
      let places = BundleTree.places(detail.lines)
      guard !places.isEmpty else { return }
      let index = places.firstIndex(of: detail.cursor) ?? 0
      self.detail?.cursor = places[min(max(0, index + distance), places.count - 1)]
    }
  }

  private mutating func fold(_ folds: Bool) {
    guard let detail, detail.pane == .bundles else {
      self.detail?.pane = .bundles
      return
    }
    let line =
      detail.lines.indices.contains(detail.cursorLine) ? detail.lines[detail.cursorLine] : nil
    if folds {
      if line?.isUnfolded == true {
        self.detail?.unfolded.remove(detail.cursor)
      } else if let parent = detail.cursor.parent {
        self.detail?.cursor = parent
      }
    } else if line?.isFoldable == true {
      if line?.isUnfolded == true { return moveDetail(by: 1) }
      self.detail?.unfolded.insert(detail.cursor)
    }
    self.detail?.rebuild()
  }

  private mutating func openNeighbour(_ distance: Int) -> [Effect] {
    guard detail?.drafts.isEmpty ?? true else {
      notice = "save the changes first (Ctrl-S), or undo them (u)"
      return []
    }
    guard let index = list.index, list.rows.indices.contains(index + distance) else {
      notice = distance < 0 ? "this is the first record" : "this is the last record"
      return []
    }
    list.moveCursor(to: index + distance)
    guard let id = list.cursor else { return [] }
    return [.record(.load(id, .open(.nothing)))]
  }

  mutating func recordLoaded(
    _ id: RecordID, _ purpose: LoadPurpose, _ answer: Message.Answer<OpenedRecord>
  ) -> [Effect] {
    switch (purpose, answer) {
    case (.preview, .success(let opened)):
      list.previewLoading = nil
      guard list.cursor == id else { return loadPreview() }
      list.preview = opened
      // The row may be older than what was just read; loading again would not change that.
      list.take(opened.record.summary)
      return []
    case (.preview, .failure):
      // The list says what is wrong with the store; a preview that is missing says enough.
      list.previewLoading = nil
      return list.cursor == id ? [] : loadPreview()
    case (.open(let then), .success(let opened)):
      guard list.cursor == id || detail?.record.id == id else { return [] }
      guard detail?.drafts.isEmpty ?? true, typing == nil, resumeCheck == nil else { return [] }
      return open(opened, then)
    case (.refresh, .success(let opened)):
      guard detail?.record.id == id else { return [] }
      return take(opened)
    case (_, .failure(let error)):
      notice = "\(error.description)"
      return []
    }
  }

  private mutating func take(_ opened: OpenedRecord) -> [Effect] {
    list.take(opened.record.summary)
    let lost = detail?.take(opened) ?? []
    if !lost.isEmpty {
      notice =
        "\(lost.count) of your changes no longer fit: \(lost.map(\.path.description).joined(separator: ", "))"
    }
    return detail?.drafts.isEmpty == false ? checkAgain() : []
  }
}
