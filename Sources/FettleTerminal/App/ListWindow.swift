import FettleCore

/// A row of a list that lies in the store, known by what it is and not by its number.
protocol WindowRow: Hashable, Sendable {
  associatedtype Identity: Hashable, Sendable
  var identity: Identity { get }
}

/// A window of at most three pages on a list in the store, however long that is. The store filters and
/// sorts; it is asked for a page at one end when the cursor comes near, for the same window to see what
/// changed, and one stretch after the other where it has to look at every row.
struct ListWindow<Row: WindowRow, Place: Hashable & Sendable>: Equatable, Sendable {
  private(set) var rows: [Row] = []
  var cursor: Row.Identity?
  /// Where the list goes on behind the window; nil at its end.
  private(set) var behind: Place?
  /// Where it goes on before the window; nil at its beginning.
  private(set) var ahead: Place?
  /// Whether indexes find the rows; otherwise what was found once is not looked for again.
  private(set) var isLookUp = true
  /// How many rows were looked at.
  private(set) var searched = 0
  /// Whether it stays as it is until the operator wants to see what changed.
  var isHeld = false
  private(set) var hasLoaded = false
  /// How many rows there are in all, where that is known.
  var total: Int?
  /// What was asked for and has not come.
  private(set) var pending: Pending?
  /// The question the rows came from.
  private(set) var searchToken = 0
  /// How many rows a search is still to find before it pauses until the cursor comes near.
  private var left = 0
  /// Whether what comes takes the place of what is there.
  private var isBeginning = false

  static var page: Int { 200 }
  static var largest: Int { 600 }

  struct Pending: Hashable, Sendable {
    let token: Int
    let purpose: PagePurpose
  }

  /// A question to the store.
  struct Ask: Hashable, Sendable {
    let request: ListRequest<Place>
    let limit: Int
    let effort: Int
    let token: Int
    /// Whether the rows are gone through, which is shown and takes its time.
    var isSearch = false
  }

  var index: Int { rows.firstIndex { $0.identity == cursor } ?? 0 }
  var selected: Row? { rows.isEmpty ? nil : rows[index] }
  /// Whether the store goes through the list now, one stretch after the other.
  var isSearching: Bool { pending != nil && !isLookUp && pending?.purpose != .refresh }
  /// Whether everything the filter lets through is in the window.
  var isWhole: Bool { hasLoaded && ahead == nil && behind == nil && pending == nil }

  /// Begins anew at one of the ends.
  mutating func start(_ purpose: PagePurpose, token: Int) -> Ask {
    isLookUp = true
    pending = Pending(token: token, purpose: purpose)
    searchToken = token
    isBeginning = true
    left = Self.page
    searched = 0
    // First finds show at once.
    return Ask(
      request: purpose == .end ? .last : .first, limit: Self.page, effort: 2000, token: token)
  }

  /// Moves the cursor.
  mutating func move(to index: Int) {
    guard !rows.isEmpty else { return }
    cursor = rows[min(max(0, index), rows.count - 1)].identity
  }

  /// Asks for more where the cursor comes near an end.
  mutating func grow(token: Int) -> Ask? {
    guard pending == nil, hasLoaded else { return nil }
    if let behind, index > rows.count - 50 {
      left = Self.page
      return go(on: .after(behind), .behind, token)
    }
    if let ahead, index < 50 {
      left = Self.page
      return go(on: .before(ahead), .ahead, token)
    }
    return nil
  }

  private mutating func go(
    on request: ListRequest<Place>, _ purpose: PagePurpose, _ token: Int
  ) -> Ask {
    pending = Pending(token: token, purpose: purpose)
    return Ask(
      request: request, limit: Self.page, effort: 20_000, token: token, isSearch: !isLookUp)
  }

  /// Asks for the same window again. Rows that were searched for are not searched again.
  mutating func refresh(token: Int, justBefore: (Row) -> Place) -> Ask? {
    guard pending == nil, hasLoaded, isLookUp, !isHeld else { return nil }
    pending = Pending(token: token, purpose: .refresh)
    let limit = max(Self.page, rows.count + 20)
    return Ask(
      request: ahead == nil ? .first : rows.first.map { .after(justBefore($0)) } ?? .first,
      limit: limit, effort: limit, token: token)
  }

  /// Takes an answer.
  /// - Parameter place: the place of a row, in the order of the list.
  /// - Returns: what to ask next, while a search goes on.
  mutating func take(
    _ stretch: ListStretch<Row, Place>, token: Int, place: (Row) -> Place
  ) -> Ask? {
    guard let pending, pending.token == token else { return nil }
    self.pending = nil
    hasLoaded = true
    if pending.purpose == .refresh {
      let before = index
      rows = stretch.rows
      behind = stretch.end
      if !rows.contains(where: { $0.identity == cursor }) {
        cursor = rows.isEmpty ? nil : rows[min(before, rows.count - 1)].identity
      }
      return nil
    }
    let isForwards = pending.purpose == .start || pending.purpose == .behind
    isLookUp = stretch.isLookUp
    searched += stretch.searched
    left -= stretch.rows.count
    if isBeginning {
      rows = []
      (ahead, behind) = (nil, nil)
    }
    add(stretch.rows, isForwards: isForwards, place: place)
    if isForwards { behind = stretch.end } else { ahead = stretch.end }
    if isBeginning || cursor == nil {
      cursor = isForwards ? rows.first?.identity : rows.last?.identity
      isBeginning = false
    }
    guard let end = stretch.end, left > 0 else { return nil }
    return isForwards ? go(on: .after(end), .behind, token) : go(on: .before(end), .ahead, token)
  }

  private mutating func add(_ fresh: [Row], isForwards: Bool, place: (Row) -> Place) {
    let known = Set(rows.map(\.identity))
    let fresh = fresh.filter { !known.contains($0.identity) }
    rows = isForwards ? rows + fresh : fresh + rows
    let surplus = rows.count - Self.largest
    guard surplus > 0 else { return }
    if isForwards {
      rows.removeFirst(surplus)
      ahead = rows.first.map(place)
    } else {
      rows.removeLast(surplus)
      behind = rows.last.map(place)
    }
  }

  /// Takes rows of a search as they are now; those that are no more leave.
  mutating func take(asTheyAre fresh: [Row], of asked: Set<Row.Identity>) {
    let now = Dictionary(fresh.map { ($0.identity, $0) }, uniquingKeysWith: { $1 })
    let before = index
    rows = rows.compactMap { asked.contains($0.identity) ? now[$0.identity] : $0 }
    if !rows.isEmpty, !rows.contains(where: { $0.identity == cursor }) { move(to: before) }
  }

  /// Waits no longer for what was asked. Moving on asks again.
  mutating func stop() {
    pending = nil
    isBeginning = false
    left = 0
  }
}

extension State {
  /// Whether a list that lies in the store says by which filter, and in which order.
  var showsStoredFilter: Bool { size.rows >= 16 || isFiltering }

  /// Draws a list that lies in the store: what it shows, the filter, the rows.
  func drawWindow<Row, Place>(
    _ window: ListWindow<Row, Place>, title: SafeText, heading: SafeText, filter: String,
    order: SafeText, empty: SafeText, into frame: inout Frame, line: (Row) -> (SafeText, Role)
  ) {
    let showsFilter = showsStoredFilter || !filter.isEmpty
    let count: SafeText =
      showsFilter ? "" : window.total.map { "  \(Quantity.grouped($0))" } ?? ""
    drawTitle(title + count + (window.isHeld ? "  held" : ""), into: &frame)
    let first = showsFilter ? 3 : 2
    frame.put(heading, in: frame.area.line(first - 1), .role(.heading))
    let isLoaded = window.hasLoaded || window.pending == nil
    let noRows: SafeText =
      !window.hasLoaded
      ? "not loaded; the next key asks again"
      : window.isSearching ? "searching, Esc stops" : filter.isEmpty ? empty : noMatch(window)
    drawRows(
      window.rows.count, cursor: window.index,
      hasLoaded: isLoaded, empty: noRows, first: first, into: &frame
    ) { line(window.rows[$0]) }
    guard showsFilter else { return }
    let area = frame.area.line(1)
    if isFiltering { return drawTyping(into: &frame, prompt: " / ", area) }
    let rows = max(1, size.rows - 2 - first)
    let places = places(in: window, order: order, isFiltered: !filter.isEmpty, rows: rows)
    frame.put(
      SafeText(" / " + filter).clipped(to: max(4, area.columns - places.width - 2)), in: area,
      .role(.faint))
    frame.putRight(places, in: area, .role(.faint))
  }

  private func noMatch<Row, Place>(_ window: ListWindow<Row, Place>) -> SafeText {
    let asked: SafeText = window.isLookUp ? "" : " of \(Quantity.grouped(window.searched))"
    return "0" + asked + " match. Esc clears the filter."
  }

  /// The order and where in the list the screen is, at the end of the line of the filter.
  private func places<Row, Place>(
    in window: ListWindow<Row, Place>, order: SafeText, isFiltered: Bool, rows: Int
  ) -> SafeText {
    guard window.hasLoaded else { return "" }
    // What is only sorted without an index is not searched for.
    guard window.isLookUp || !isFiltered else {
      let sorted: SafeText = size.columns >= 100 ? "sort " + order + " · " : ""
      let looked = Quantity.short(window.searched) + " searched, "
      return sorted + looked + "\(Quantity.grouped(window.rows.count)) found "
    }
    guard !window.rows.isEmpty else { return "" }
    let known = window.isWhole ? window.rows.count : window.total
    let of: SafeText = known.map { " of \(Quantity.grouped($0))" } ?? ""
    let top = max(0, min(window.index - rows / 2, window.rows.count - rows))
    let shown: SafeText =
      window.ahead == nil ? "\(top + 1)-\(min(top + rows, window.rows.count))" : "further down"
    return "sort " + order + " · " + shown + of + " "
  }
}
