import FettleCore

/// A window of at most three pages on the list, however long the list is. What the cursor is on and
/// what is marked is known by identity; rows come and go around it.
struct IncompleteListState: Equatable, Sendable {
  var rows: [IncompleteSummary] = []
  var cursor: RecordID?
  /// The first row on the screen.
  var top = 0
  /// Whether the window begins with the newest record.
  var reachesNewest = true
  /// Whether it ends with the oldest.
  var reachesOldest = true
  /// Records that came in above the window's view since it was looked at.
  var newAbove = 0
  var marks: Set<RecordID> = []
  /// Rows that left the filter and stay until the cursor leaves them.
  var gone: Set<RecordID> = []
  var filter = ListFilter.open
  /// Answers to requests that carry another number are dropped.
  var token = 0
  var isGrowing = false
  var isRefreshing = false
  var hasLoaded = false
  var preview: OpenedRecord?
  var previewLoading: RecordID?

  static let page = 200
  static let largestWindow = 600

  var index: Int? { rows.firstIndex { $0.id == cursor } }
  var selected: IncompleteSummary? { index.map { rows[$0] } }

  /// Puts the cursor on a row and lets rows go that only stayed because of it.
  mutating func moveCursor(to index: Int) {
    guard !rows.isEmpty else { return cursor = nil }
    let id = rows[min(max(0, index), rows.count - 1)].id
    if id != cursor { dropGone(except: id) }
    cursor = id
  }

  private mutating func dropGone(except kept: RecordID) {
    guard !gone.isEmpty else { return }
    rows.removeAll { gone.contains($0.id) && $0.id != kept }
    gone = gone.intersection([kept])
  }

  /// Takes a whole new window.
  mutating func replace(with page: [IncompleteSummary], purpose: PagePurpose, limit: Int) {
    rows = page
    gone = []
    newAbove = 0
    isGrowing = false
    hasLoaded = true
    reachesNewest = purpose == .newest || page.count < limit
    reachesOldest = purpose == .oldest || page.count < limit
    cursor = purpose == .newest ? page.first?.id : page.last?.id
    top = 0
  }

  /// Adds a page at one end and lets go of what is far away at the other.
  mutating func grow(with page: [IncompleteSummary], purpose: PagePurpose, limit: Int) {
    isGrowing = false
    let known = Set(rows.map(\.id))
    let fresh = page.filter { !known.contains($0.id) }
    if purpose == .older {
      rows += fresh
      if page.count < limit { reachesOldest = true }
      let surplus = rows.count - Self.largestWindow
      if surplus > 0 {
        rows.removeFirst(surplus)
        top = max(0, top - surplus)
        reachesNewest = false
      }
    } else {
      rows = fresh + rows
      top += fresh.count
      if page.count < limit { reachesNewest = true }
      let surplus = rows.count - Self.largestWindow
      if surplus > 0 {
        rows.removeLast(surplus)
        reachesOldest = false
      }
    }
  }

  /// Takes the same window as it is now. The row under the cursor and the first row on the screen
  /// stay where they are.
  mutating func refresh(with page: [IncompleteSummary], limit: Int) {
    isRefreshing = false
    let topID = rows.indices.contains(top) ? rows[top].id : nil
    let firstBefore = rows.first?.id
    var fresh = page
    if page.count == limit, let last = page.last {
      let known = Set(page.map(\.id))
      fresh += rows.filter { $0.created < last.created && !known.contains($0.id) }
    } else {
      reachesOldest = true
    }
    if let cursor, !fresh.contains(where: { $0.id == cursor }),
      let staying = rows.first(where: { $0.id == cursor })
    {
      gone.insert(cursor)
      let place = fresh.firstIndex { $0.created < staying.created } ?? fresh.count
      fresh.insert(staying, at: place)
    } else if let cursor {
      gone.remove(cursor)
    }
    if let firstBefore, let place = fresh.firstIndex(where: { $0.id == firstBefore }) {
      newAbove += place
    }
    rows = fresh
    if cursor == nil { cursor = rows.first?.id }
    if let topID, let place = rows.firstIndex(where: { $0.id == topID }) { top = place }
    if top == 0 { newAbove = 0 }
  }

  /// Takes one record as it is now, wherever it stands.
  mutating func take(_ summary: IncompleteSummary) {
    guard let place = rows.firstIndex(where: { $0.id == summary.id }) else { return }
    rows[place] = summary
    if !filter.records.effectiveStates.contains(summary.state) { gone.insert(summary.id) }
  }
}
