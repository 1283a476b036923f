import FettleCore
import FettleEngine

/// A window of at most three pages on the list, however long the list is. What the cursor is on and
/// what is marked is known by identity; rows come and go around it.
struct IncompleteListState: Equatable, Sendable {
  var rows: [IncompleteSummary] = [] { didSet { change &+= 1 } }
  var cursor: RecordID?
  /// The first row on the screen.
  var top = 0
  /// Whether the window begins where the list begins.
  var reachesStart = true
  /// Whether it ends where the list ends.
  var reachesEnd = true
  /// Records that came in above the window's view since it was looked at.
  var newAbove = 0
  var marks = Marks.none
  /// Where a range of marks began.
  var rangeStart: RecordID?
  /// Rows that left the filter and stay until the cursor leaves them.
  var gone: Set<RecordID> = [] { didSet { change &+= 1 } }
  /// Counts whatever may make the rows look otherwise.
  private(set) var change = 0
  var filter = ListFilter.open
  var order = RecordOrder.newest
  /// Rows that somebody else changed since the last look: reversed for a moment.
  var blinking: Set<RecordID> = []
  /// Which blinking is awaited to end.
  var blink = 0
  /// Whether the list stays as it is until the operator wants to see what changed.
  var isHeld = false
  /// A search through the data, when the filter needs one.
  var search: DataSearch?
  /// Answers to requests that carry another number are dropped.
  var token = 0
  /// The filter as it is typed becomes that of the list when typing pauses: the pause that is awaited.
  var settling = 0
  /// What there is to tell where nothing is incomplete; nil until it was asked for.
  var lookBack: LookBack?
  /// Names that were seen in the whole store, for the completion of filters.
  var vocabulary = Vocabulary()
  var isGrowing = false
  /// Whether the list begins anew and its first rows have not come.
  var isStarting = false
  var isRefreshing = false
  var hasLoaded = false
  /// When the list was asked for, for as long as it has not come.
  var askedAt: Instant?
  /// When a look at what changed was asked for, for as long as it has not come.
  var lookedAt: Instant?
  /// Records near the cursor that were read.
  var previews: [RecordID: RecordPreview] = [:]
  var previewLoading: RecordID?
  /// What the rows are, and what the store was like when they were asked for. While it is still like that
  /// they are not asked for again.
  var seen: Seen?
  /// The same of rows that have not come.
  var asked: Seen?
  /// How many looks ago they were asked for.
  var looks = 0
  /// The rows on the screen as they are drawn.
  var texts = RowTexts()

  static let page = 200
  static let largestWindow = 600

  /// A look at the list.
  struct Seen: Hashable, Sendable {
    let filter: RecordFilter
    let mark: StoreMark
  }

  /// How far a search through the data has come.
  struct DataSearch: Hashable, Sendable {
    var searched = 0
    var isRunning = true
    /// Where it goes on; nil when everything was looked at.
    var end: RecordPlace?
    /// How many rows it is to find before it pauses until the cursor comes near the last one.
    var wanted = IncompleteListState.page
  }

  /// Names that occur in the store.
  struct Vocabulary: Hashable, Sendable {
    var scenarios: [String] = []
    var modules: [String] = []
    var errors: [String] = []
  }

  /// Where the cursor was found last.
  private var lastIndex = 0

  var index: Int? { cursor.flatMap(place(of:)) }

  /// Where a row is. Nearly always it is the one under the cursor or close to it, and a picture asks many
  /// times: the search goes from there both ways.
  func place(of id: RecordID) -> Int? {
    let middle = min(lastIndex, rows.count - 1)
    guard middle >= 0 else { return nil }
    for distance in 0...max(middle, rows.count - 1 - middle) {
      if middle + distance < rows.count, rows[middle + distance].id == id {
        return middle + distance
      }
      if distance <= middle, rows[middle - distance].id == id { return middle - distance }
    }
    return nil
  }

  /// Remembers where the cursor is.
  mutating func noteIndex() { if let index { lastIndex = index } }
  var selected: IncompleteSummary? { index.map { rows[$0] } }

  /// Puts the cursor on a row and lets rows go that only stayed because of it.
  mutating func moveCursor(to index: Int) {
    guard !rows.isEmpty else { return cursor = nil }
    lastIndex = min(max(0, index), rows.count - 1)
    let id = rows[lastIndex].id
    if id != cursor { dropGone(except: id) }
    cursor = id
  }

  private mutating func dropGone(except kept: RecordID) {
    guard !gone.isEmpty else { return }
    let left = gone.subtracting([kept])
    rows.removeAll { left.contains($0.id) }
    gone = gone.intersection([kept])
  }

  /// Takes a whole new window.
  mutating func replace(with page: [IncompleteSummary], purpose: PagePurpose, limit: Int) {
    rows = page
    gone = []
    newAbove = 0
    isGrowing = false
    isStarting = false
    hasLoaded = true
    askedAt = nil
    reachesStart = purpose == .start || page.count < limit
    reachesEnd = purpose == .end || page.count < limit
    cursor = purpose == .start ? page.first?.id : page.last?.id
    top = 0
  }

  /// Adds a page at one end and lets go of what is far away at the other.
  mutating func grow(with page: [IncompleteSummary], purpose: PagePurpose, limit: Int) {
    isGrowing = false
    // It is of another moment than the other rows.
    seen = nil
    let known = Set(rows.map(\.id))
    let fresh = page.filter { !known.contains($0.id) }
    if purpose == .behind {
      rows += fresh
      if page.count < limit { reachesEnd = true }
      let surplus = rows.count - Self.largestWindow
      if surplus > 0 {
        rows.removeFirst(surplus)
        top = max(0, top - surplus)
        lastIndex = max(0, lastIndex - surplus)
        reachesStart = false
      }
    } else {
      rows = fresh + rows
      top += fresh.count
      lastIndex += fresh.count
      if page.count < limit { reachesStart = true }
      let surplus = rows.count - Self.largestWindow
      if surplus > 0 {
        rows.removeLast(surplus)
        reachesEnd = false
      }
    }
  }

  /// Takes what a stretch of a search found.
  mutating func add(_ stretch: SearchStretch) {
    let known = Set(rows.map(\.id))
    rows += stretch.records.filter { !known.contains($0.id) }
    if cursor == nil { cursor = rows.first?.id }
    hasLoaded = true
    askedAt = nil
    // Who waits for a row waits no longer than for the end of the search.
    if !rows.isEmpty || stretch.end == nil { isStarting = false }
    search?.searched += stretch.searched
    search?.end = stretch.end
    reachesEnd = stretch.end == nil
    if stretch.end == nil || rows.count >= search?.wanted ?? 0 { search?.isRunning = false }
  }

  /// Takes the same window as it is now. The row under the cursor and the first row on the screen
  /// stay where they are.
  mutating func refresh(with page: [IncompleteSummary], limit: Int) {
    isRefreshing = false
    lookedAt = nil
    var isWhole = true
    let known = Dictionary(rows.map { ($0.id, $0.version) }, uniquingKeysWith: { $1 })
    blinking = Set(
      page.filter { row in known[row.id].map { $0 != row.version } ?? false }.map(\.id))
    let order = order
    func place(_ row: IncompleteSummary) -> RecordPlace { RecordPlace(row, order) }
    let topID = rows.indices.contains(top) ? rows[top].id : nil
    let firstBefore = rows.first?.id
    var fresh = page
    if page.count == limit, let last = page.last {
      let known = Set(page.map(\.id))
      let behind = rows.filter {
        order.precedes(place(last), place($0)) && !known.contains($0.id)
      }
      isWhole = behind.isEmpty
      fresh += behind
    } else {
      reachesEnd = true
    }
    if let cursor, !fresh.contains(where: { $0.id == cursor }),
      let staying = rows.first(where: { $0.id == cursor })
    {
      gone.insert(cursor)
      let index = fresh.firstIndex { order.precedes(place(staying), place($0)) } ?? fresh.count
      fresh.insert(staying, at: index)
    } else if let cursor {
      gone.remove(cursor)
    }
    if let firstBefore, let index = fresh.firstIndex(where: { $0.id == firstBefore }) {
      newAbove += index
    }
    rows = fresh
    if cursor == nil { cursor = rows.first?.id }
    if let topID, let index = self.place(of: topID) { top = index }
    if top == 0 { newAbove = 0 }
    // Where so many came that rows were pushed out of the page, those are as they were before.
    seen = isWhole ? asked : nil
  }

  /// Takes the rows of a search as they are now; those that are no more are marked as gone.
  mutating func refresh(withRowsAsTheyAre summaries: [IncompleteSummary]) {
    isRefreshing = false
    lookedAt = nil
    let states = filter.states
    let fresh = Dictionary(summaries.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    for index in rows.indices {
      guard let row = fresh[rows[index].id] else {
        gone.insert(rows[index].id)
        continue
      }
      rows[index] = row
      if !states.contains(row.state) { gone.insert(row.id) }
    }
    if let cursor { dropGone(except: cursor) }
  }

  /// Takes one record as it is now, wherever it stands.
  mutating func take(_ summary: IncompleteSummary) {
    guard let place = place(of: summary.id) else { return }
    if rows[place] != summary { rows[place] = summary }
    if !filter.states.contains(summary.state), !gone.contains(summary.id) {
      gone.insert(summary.id)
    }
  }

  /// The rows between two, both included, in whichever order they stand.
  func range(from start: RecordID, to end: RecordID) -> [RecordID] {
    guard let first = place(of: start), let last = place(of: end) else { return [] }
    return rows[min(first, last)...max(first, last)].map(\.id)
  }
}
