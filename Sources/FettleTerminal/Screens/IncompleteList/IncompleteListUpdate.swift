import FettleCore
import FettleEngine

/// What happens on the list.
extension State {
  /// Begins the list anew at one of its ends.
  mutating func startList(_ purpose: PagePurpose) -> [Effect] {
    list.token = nextToken()
    (list.seen, list.asked) = (nil, nil)
    list.isGrowing = true
    list.isStarting = true
    list.isRefreshing = false
    list.askedAt = now
    let filter = listedRecords
    guard !filter.readsData else {
      list.rows = []
      list.gone = []
      list.cursor = nil
      list.top = 0
      list.newAbove = 0
      list.reachesStart = true
      list.reachesEnd = false
      list.search = IncompleteListState.DataSearch()
      return [.list(.search(filter, .first, limit: 50, effort: 2000, token: list.token))]
    }
    list.search = nil
    return [
      .list(
        .page(
          filter, purpose == .end ? .last : .first, limit: IncompleteListState.page, purpose,
          token: list.token))
    ]
  }

  /// Takes in an answer.
  mutating func updateList(_ message: ListMessage) -> [Effect] {
    switch message {
    case .looked(let answer): return looked(answer)
    case .pageLoaded(let purpose, let token, let limit, let answer):
      return pageLoaded(purpose, token: token, limit: limit, answer)
    case .searched(let token, let answer):
      guard token == list.token else { return [] }
      return searched(answer)
    case .rowsLoaded(let token, let answer):
      guard token == list.token else { return [] }
      list.isRefreshing = false
      guard let rows = succeeded(answer) else {
        list.seen = nil
        return []
      }
      list.refresh(withRowsAsTheyAre: rows)
      return loadPreview()
    case .goneRowLoaded(let answer):
      if case .success(let rows) = answer, let row = rows.first { list.take(row) }
      if case .failure = answer { list.seen = nil }
      return loadPreview()
    case .countsLoaded(let answer):
      if case .success(let counts) = answer { self.counts = counts }
      if case .failure(let error) = answer {
        list.seen = nil
        trouble = "\(error.description)"
      }
      return []
    case .lookedBack(let answer):
      // It is told beside an empty list; should it fail, the list has told the trouble.
      if case .success(let found) = answer { list.lookBack = found }
      return []
    case .opened(let access):
      self.access = access
      if let remark = access.remark { notice = "\(remark)" }
      return []
    case .settled(let pause):
      guard pause == list.settling, isFiltering else { return [] }
      return applyTypedFilter()
    case .blinked(let blink):
      if blink == list.blink { list.blinking = [] }
      return []
    case .vocabularyLoaded(let words):
      list.vocabulary = words
      return []
    case .viewsLoaded(let answer): return showViews(answer)
    case .viewSaved(let view, .success):
      notice = "saved as \(view.name); F2 picks it"
      return []
    case .viewSaved(_, .failure(let error)):
      notice = "\(error.description)"
      return []
    }
  }

  mutating func succeeded<Success>(_ answer: Message.Answer<Success>) -> Success? {
    switch answer {
    case .success(let success):
      trouble = nil
      return success
    case .failure(let error):
      trouble = "\(error.description)"
      return nil
    }
  }

  private mutating func pageLoaded(
    _ purpose: PagePurpose, token: Int, limit: Int, _ answer: Message.Answer<[IncompleteSummary]>
  ) -> [Effect] {
    guard token == list.token else { return [] }
    guard let page = succeeded(answer) else {
      list.seen = nil
      list.isStarting = false
      list.isGrowing = false
      list.isRefreshing = false
      return []
    }
    switch purpose {
    case .start, .end: list.replace(with: page, purpose: purpose, limit: limit)
    case .behind, .ahead: list.grow(with: page, purpose: purpose, limit: limit)
    case .refresh: list.refresh(with: page, limit: limit)
    }
    if list.rows.isEmpty, list.filter.isEverything, purpose != .refresh || list.lookBack == nil {
      return [.list(.lookBack)]
    }
    // A row that left the list stays until the cursor leaves it, as what it is now. An open record is
    // looked at by itself.
    let gone = list.cursor.flatMap { id in
      list.gone.contains(id) && detail?.record.id != id ? Effect.list(.goneRow(id)) : nil
    }
    let effects = (gone.map { [$0] } ?? []) + loadPreview()
    guard !list.blinking.isEmpty else { return effects }
    list.blink += 1
    return [.list(.settleBlink(list.blink))] + effects
  }

  private mutating func searched(_ answer: Message.Answer<SearchStretch>) -> [Effect] {
    guard let stretch = succeeded(answer) else {
      list.isStarting = false
      list.isGrowing = false
      list.search?.isRunning = false
      return []
    }
    list.add(stretch)
    guard let end = list.search?.end, list.search?.isRunning == true else {
      list.isGrowing = false
      return loadPreview()
    }
    return loadPreview() + goOnSearching(from: end)
  }

  private func goOnSearching(from place: RecordPlace) -> [Effect] {
    [
      .list(
        .search(
          listedRecords, .after(place), limit: IncompleteListState.page, effort: 10_000,
          token: list.token))
    ]
  }

  /// How many records are gone through again every few seconds where no index finds those that are shown.
  private static let fewRecords = 20_000

  /// Whether the list can be asked for again without a look at very many records.
  private var isWorthAskingAgain: Bool {
    let filter = listedRecords
    return filter.isLookUp || counts.map { filter.candidates(in: $0) <= Self.fewRecords } ?? true
  }

  /// After how many looks the list is asked for again in any case.
  private static let mostLooks = 15

  /// Asks for the list and its counts again where anything was written to the store since. A filter may
  /// speak of the age of a record: then what it means is another thing with each look. What a search found
  /// is only looked at around the cursor, and groups have a window of their own: both are asked for again
  /// with each look.
  private mutating func looked(_ answer: Message.Answer<StoreMark>) -> [Effect] {
    let groups = screen == .incomplete ? look() : []
    guard case .success(let mark) = answer else {
      list.seen = nil
      _ = succeeded(answer)
      return groups
    }
    let seen = IncompleteListState.Seen(filter: listedRecords, mark: mark)
    list.looks += 1
    if list.hasLoaded, list.seen == seen, list.search == nil, list.looks < Self.mostLooks {
      lastRead = now
      // What could not be read of the record under the cursor may be readable by now.
      return loadPreview() + groups
    }
    let effects = refreshList()
    // A list that is held, or on its way, is looked at when it can be.
    if !effects.isEmpty { (list.asked, list.looks) = (seen, 0) }
    return effects + [.list(.counts)] + groups
  }

  /// Asks for the same window again. Nothing else can tell that another program changed a record.
  mutating func refreshList() -> [Effect] {
    guard list.hasLoaded else { return list.isStarting ? [] : startList(.start) }
    guard !list.isRefreshing, !list.isGrowing, !list.isHeld else { return [] }
    guard list.search == nil, isWorthAskingAgain else {
      // Nothing is searched or sorted again; the rows that were found are looked at.
      guard !list.rows.isEmpty else { return [] }
      list.isRefreshing = true
      let window = list.rows.dropFirst(max(0, list.top - 100)).prefix(300).map(\.id)
      return [
        .list(.rows(list.rows.count <= 1000 ? list.rows.map(\.id) : window, token: list.token))
      ]
    }
    list.isRefreshing = true
    list.lookedAt = now
    let limit = max(list.rows.count, 1) + IncompleteListState.page
    let request: PageRequest =
      if !list.reachesStart, let first = list.rows.first {
        // The page begins with the record that stands before the first of the window, or with it.
        .after(RecordPlace(justBefore: first, list.order))
      } else {
        .first
      }
    return [.list(.page(listedRecords, request, limit: limit, .refresh, token: list.token))]
  }

  mutating func moveList(to index: Int) -> [Effect] {
    list.moveCursor(to: index)
    return loadPreview() + growList()
  }

  mutating func growList() -> [Effect] {
    guard !list.isGrowing, let index = list.index else { return [] }
    if let search = list.search {
      guard index > list.rows.count - 50, let end = search.end, !search.isRunning else { return [] }
      list.isGrowing = true
      list.search?.isRunning = true
      list.search?.wanted = list.rows.count + IncompleteListState.page
      return goOnSearching(from: end)
    }
    let purpose: PagePurpose
    let request: PageRequest
    if index > list.rows.count - 50, !list.reachesEnd, let last = list.rows.last {
      (purpose, request) = (.behind, .after(RecordPlace(last, list.order)))
    } else if index < 50, !list.reachesStart, let first = list.rows.first {
      (purpose, request) = (.ahead, .before(RecordPlace(first, list.order)))
    } else {
      return []
    }
    list.isGrowing = true
    return [
      .list(
        .page(
          listedRecords, request, limit: IncompleteListState.page, purpose, token: list.token))
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
    case .moveToFirst, .showNew:
      list.newAbove = 0
      if !list.reachesStart { return startList(.start) }
      list.top = 0
      return moveList(to: 0)
    case .moveToLast:
      return list.reachesEnd || list.search != nil
        ? moveList(to: list.rows.count - 1) : startList(.end)
    case .open: return openSelected(.nothing)
    case .edit: return openSelected(.edit)
    case .resume: return openSelected(.resume)
    case .editOutside, .chainView, .wrap, .zoom, .nextPane: return openSelected(.perform(command))
    case .showRecordAudit: return showRecordAudit()
    case .nextRecord: return moveList(to: index + 1)
    case .previousRecord: return moveList(to: index - 1)
    case .mark:
      guard let id = list.cursor else { return [] }
      list.marks.toggle(id)
      return moveList(to: index + 1)
    case .markRange, .markAll, .clearMarks: return updateMarks(command)
    case .sortByNext: return IncompleteScreen.show(list.order.next, in: &self)
    case .sortReversed: return IncompleteScreen.turnOrder(in: &self)
    case .hold:
      list.isHeld.toggle()
      notice = list.isHeld ? "the list stays as it is; p shows what changed" : ""
      return list.isHeld ? [] : refreshList()
    case .pickView: return [.list(.loadViews)]
    case .filter: return IncompleteScreen.beginFilter(in: &self, of: .incomplete)
    case .back: return leaveFilter()
    case .groups: return showGroups()
    case .resumeMarked:
      guard let target = markedTarget else { return [] }
      return ask(about: target, .resume)
    case .closeRecord where !list.marks.isEmpty:
      guard let target = markedTarget else { return [] }
      question = .closeOrDeleteMany(target)
      return []
    case .takeBack: return takeBack()
    case .purge:
      if let target = markedTarget { return ask(about: target, .purge) }
      guard let id = list.cursor else { return [] }
      return ask(about: .these([id]), .purge)
    case .showBulk:
      bulk?.isHidden = false
      if bulk == nil { notice = "no action on many records is running" }
      return []
    case .quit, .quitAtOnce: return quitting()
    case .interrupt:
      askToQuit()
      return []
    default: return updateRecord(command)
    }
  }

  private mutating func leaveFilter() -> [Effect] {
    if list.search?.isRunning == true {
      // Late answers of the search are dropped.
      list.token = nextToken()
      list.search?.isRunning = false
      list.isGrowing = false
      list.isRefreshing = false
      list.isStarting = false
      list.hasLoaded = true
      list.askedAt = nil
      notice = "the search is stopped; moving down goes on with it"
      return loadPreview()
    }
    if list.rangeStart != nil {
      list.rangeStart = nil
      return []
    }
    guard !list.filter.isEverything else {
      notice = "q quits"
      return []
    }
    list.filter = .open
    return startList(.start)
  }

  /// Shows what another filter lets through.
  mutating func setFilter(_ filter: ListFilter) -> [Effect] {
    IncompleteScreen.show(filter, in: &self)
  }

  /// What is known of the records, for the completion of a filter.
  var knownRecords: FilterCompletion.Known {
    FilterCompletion.Known(
      scenarios: list.rows.map(\.scenarioName) + list.vocabulary.scenarios,
      modules: list.rows.map(\.failerTitle) + list.vocabulary.modules,
      errors: list.rows.map(\.errorType.shortName) + list.vocabulary.errors,
      bundles: (list.preview ?? list.previews.values.first)?.record.bundles ?? VisibleBundles())
  }

  private mutating func openSelected(_ then: LoadPurpose.ThenDo) -> [Effect] {
    guard let selected = list.selected else { return [] }
    if let preview = list.preview, preview.record.id == selected.id,
      preview.record.summary.version == selected.version
    {
      return open(preview.opened, then)
    }
    notice = "opening \(selected.id.short)"
    return [.record(.load(selected.id, .open(then)))]
  }
}
