import FettleCore

/// What happens on the list.
extension State {
  /// Begins the list anew at one of its ends.
  mutating func startList(_ purpose: PagePurpose) -> [Effect] {
    list.token = nextToken()
    list.isGrowing = true
    list.isRefreshing = false
    return [
      .list(
        .page(
          list.filter.records, purpose == .oldest ? .last : .first,
          limit: IncompleteListState.page, purpose, token: list.token))
    ]
  }

  /// Takes in an answer.
  mutating func updateList(_ message: ListMessage) -> [Effect] {
    switch message {
    case .pageLoaded(let purpose, let token, let limit, let answer):
      return pageLoaded(purpose, token: token, limit: limit, answer)
    case .countsLoaded(.success(let counts)):
      self.counts = counts
      return []
    case .countsLoaded(.failure(let error)):
      trouble = "\(error.description)"
      return []
    }
  }

  private mutating func pageLoaded(
    _ purpose: PagePurpose, token: Int, limit: Int, _ answer: Message.Answer<[IncompleteSummary]>
  ) -> [Effect] {
    guard token == list.token else { return [] }
    switch answer {
    case .failure(let error):
      list.isGrowing = false
      list.isRefreshing = false
      trouble = "\(error.description)"
      return []
    case .success(let page):
      trouble = nil
      switch purpose {
      case .newest, .oldest: list.replace(with: page, purpose: purpose, limit: limit)
      case .older, .newer: list.grow(with: page, purpose: purpose, limit: limit)
      case .refresh: list.refresh(with: page, limit: limit)
      }
      return loadPreview()
    }
  }

  /// Asks for the same window again. Nothing else can tell that another program changed a record.
  mutating func refreshList() -> [Effect] {
    guard list.hasLoaded, !list.isRefreshing, !list.isGrowing else { return [] }
    list.isRefreshing = true
    let limit = max(list.rows.count, 1) + IncompleteListState.page
    let request: PageRequest
    if list.reachesNewest {
      request = .first
    } else if let first = list.rows.first {
      // A place is between two records; this one is just above the first of the window.
      request = .after(
        RecordPlace(
          created: Instant(milliseconds: first.created.milliseconds + 1), id: RecordID("")))
    } else {
      request = .first
    }
    return [.list(.page(list.filter.records, request, limit: limit, .refresh, token: list.token))]
  }

  /// Asks for the record under the cursor. One at a time: while one is on its way, keys only move.
  mutating func loadPreview() -> [Effect] {
    guard detail == nil, let selected = list.selected, list.previewLoading == nil else { return [] }
    if let shown = list.preview?.record.summary, shown.id == selected.id,
      shown.version == selected.version
    {
      return []
    }
    list.previewLoading = selected.id
    return [.record(.load(selected.id, .preview))]
  }

  mutating func moveList(to index: Int) -> [Effect] {
    list.moveCursor(to: index)
    return loadPreview() + growList()
  }

  private mutating func growList() -> [Effect] {
    guard !list.isGrowing, let index = list.index else { return [] }
    let purpose: PagePurpose
    let request: PageRequest
    if index > list.rows.count - 50, !list.reachesOldest, let last = list.rows.last {
      (purpose, request) = (.older, .after(RecordPlace(last)))
    } else if index < 50, !list.reachesNewest, let first = list.rows.first {
      (purpose, request) = (.newer, .before(RecordPlace(first)))
    } else {
      return []
    }
    list.isGrowing = true
    return [
      .list(
        .page(
          list.filter.records, request, limit: IncompleteListState.page, purpose,
          token: list.token))
    ]
  }

  mutating func updateList(_ command: Command) -> [Effect] {
    let index = list.index ?? 0
    let height = max(1, ListLayout(self).list.rows)
    switch command {
    case .moveDown: return moveList(to: index + 1)
    case .moveUp: return moveList(to: index - 1)
    case .pageDown: return moveList(to: index + height)
    case .pageUp: return moveList(to: index - height)
    case .halfPageDown: return moveList(to: index + max(1, height / 2))
    case .halfPageUp: return moveList(to: index - max(1, height / 2))
    case .moveToFirst:
      if !list.reachesNewest { return startList(.newest) }
      list.newAbove = 0
      list.top = 0
      return moveList(to: 0)
    case .moveToLast:
      return list.reachesOldest ? moveList(to: list.rows.count - 1) : startList(.oldest)
    case .showNew:
      list.newAbove = 0
      if !list.reachesNewest { return startList(.newest) }
      list.top = 0
      return moveList(to: 0)
    case .open: return openSelected(.nothing)
    case .edit: return openSelected(.edit)
    case .resume: return openSelected(.resume)
    case .mark:
      guard let id = list.cursor else { return [] }
      if list.marks.remove(id) == nil { list.marks.insert(id) }
      return moveList(to: index + 1)
    case .clearMarks:
      list.marks = []
      notice = "nothing is marked now"
      return []
    case .filter:
      typing = Typing(
        line: LineEditor(list.filter.text), purpose: .filter(before: list.filter))
      return []
    case .back:
      guard !list.filter.text.isEmpty else {
        notice = "q quits"
        return []
      }
      list.filter = .open
      return startList(.newest)
    case .quit, .quitAtOnce: return [.quit]
    case .interrupt:
      question = .quit
      return []
    default: return updateRecord(command)
    }
  }

  /// Applies the filter as it is typed.
  mutating func filterTyped(_ text: String) -> [Effect] {
    let scenarios = Dictionary(
      list.rows.map { ($0.scenarioName, $0.scenarioID) }, uniquingKeysWith: { first, _ in first })
    let filter = ListFilter(text, scenarios: scenarios)
    typing?.problem = filter.problem
    guard filter.problem == nil, filter.records != list.filter.records else { return [] }
    list.filter = filter
    return startList(.newest)
  }

  private mutating func openSelected(_ then: LoadPurpose.ThenDo) -> [Effect] {
    guard let selected = list.selected else { return [] }
    if let preview = list.preview, preview.record.id == selected.id,
      preview.record.summary.version == selected.version
    {
      return open(preview, then)
    }
    notice = "opening \(selected.id.short)"
    return [.record(.load(selected.id, .open(then)))]
  }
}
