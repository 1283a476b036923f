import FettleCore

/// A list that lies in the store, as a screen shows it: a window on what a filter lets through, in an
/// order.
struct StoredList<Row: WindowRow, Column: ListColumn, Key: TestedKeys>: Equatable, Sendable
where Key.Test: RowTest, Key.Test.Row == Column.Row {
  typealias Filter = RowFilter<Key, Column>
  typealias Place = ListPlace<Column>
  typealias Window = ListWindow<Row, Place>

  var window = Window()
  var filter = TypedFilter<Key>.everything
  var order = ListOrder<Column>.usual
}

/// A screen that shows such a list: its keys and what they do are the same on all of them.
protocol StoredScreen: FilteredScreen
where Key: TestedKeys, Key.Test: RowTest, Key.Test.Row == Column.Row {
  associatedtype Row: WindowRow
  typealias List = StoredList<Row, Column, Key>

  static var list: FilteredList { get }
  static var place: WritableKeyPath<State, List> { get }

  /// Asks for a part of the list.
  static func page(_ filter: List.Filter, _ ask: List.Window.Ask) -> Effect

  /// Asks how many rows there are, where that is known.
  static func count(_ filter: List.Filter) -> Effect

  /// The place of a row in the list.
  static func place(of row: Row, in order: ListOrder<Column>) -> List.Place

  /// The values that can stand behind a key of the filter: those that were seen, or that there are.
  static func values(of key: Key, in state: State) -> [String]

  /// Looks at rows that were searched for and are not searched again.
  static func lookAgain(in state: State) -> [Effect]
}

extension StoredScreen {
  static func filter(in state: State) -> TypedFilter<Key> { state[keyPath: place].filter }

  static func order(in state: State) -> ListOrder<Column> { state[keyPath: place].order }

  static func completion(_ text: String, cursor: Int, in state: State) -> FilterCompletion {
    FilterCompletion(text, cursor: cursor, of: Key.self) { values(of: $0, in: state) }
  }

  /// Rows that do not change need no second look.
  static func lookAgain(in state: State) -> [Effect] { [] }

  /// What the filter means now.
  static func meaning(in state: State) -> List.Filter {
    let list = state[keyPath: place]
    return RowFilter(
      list.filter.expression, now: state.now,
      utcOffset: state.surroundings.zone.offset(at: state.now), order: list.order)
  }

  /// Begins the list anew at one of its ends.
  static func start(_ purpose: PagePurpose, in state: inout State) -> [Effect] {
    let ask = state[keyPath: place].window.start(purpose, token: state.nextToken())
    let meaning = meaning(in: state)
    return [page(meaning, ask), count(meaning)]
  }

  static func show(
    _ filter: TypedFilter<Key>, by order: ListOrder<Column>, in state: inout State
  ) -> [Effect] {
    if filter != state[keyPath: place].filter { state[keyPath: place].window.total = nil }
    state[keyPath: place].filter = filter
    state[keyPath: place].order = order
    return start(.start, in: &state)
  }

  /// Asks for the list, or for what changed in it.
  static func refresh(in state: inout State) -> [Effect] {
    let shown = state[keyPath: place]
    guard shown.window.hasLoaded || shown.window.pending != nil else {
      return start(.start, in: &state)
    }
    guard shown.window.isLookUp || shown.window.pending != nil else {
      return shown.window.isHeld || shown.window.rows.isEmpty ? [] : lookAgain(in: state)
    }
    let ask = state[keyPath: place].window.refresh(token: state.nextToken()) {
      place(of: $0, in: shown.order).justBefore(shown.order)
    }
    guard let ask else { return [] }
    let meaning = meaning(in: state)
    return [page(meaning, ask), count(meaning)]
  }

  /// Takes in a part of the list.
  static func take(
    _ answer: Message.Answer<ListStretch<Row, List.Place>>, token: Int, in state: inout State
  ) -> [Effect] {
    guard token == state[keyPath: place].window.pending?.token else { return [] }
    guard let stretch = state.succeeded(answer) else {
      state[keyPath: place].window.stop()
      return []
    }
    let order = state[keyPath: place].order
    let next = state[keyPath: place].window.take(stretch, token: token) {
      place(of: $0, in: order)
    }
    return next.map { [page(meaning(in: state), $0)] } ?? []
  }

  /// What a key means for the list.
  /// - Returns: nil for a command that is another's.
  static func update(_ command: Command, in state: inout State) -> [Effect]? {
    let shown = state[keyPath: place].window
    if command == .moveToFirst, shown.ahead != nil { return start(.start, in: &state) }
    if command == .moveToLast, shown.behind != nil, !shown.isSearching {
      return start(.end, in: &state)
    }
    let height = max(1, state.size.rows - 5)
    if let index = state.moved(command, from: shown.index, page: height, count: shown.rows.count) {
      state[keyPath: place].window.move(to: index)
      guard let ask = state[keyPath: place].window.grow(token: state.lastToken + 1) else {
        return []
      }
      state.lastToken += 1
      return [page(meaning(in: state), ask)]
    }
    switch command {
    case .filter: return beginFilter(in: &state, of: list)
    case .sortByNext: return show(order(in: state).next, in: &state)
    case .sortReversed: return turnOrder(in: &state)
    case .pickView: return [.list(.loadViews)]
    case .hold:
      state[keyPath: place].window.isHeld.toggle()
      state.notice = shown.isHeld ? "" : "it stays as it is; p lets it live again"
      return shown.isHeld ? refresh(in: &state) : []
    case .back where shown.isSearching:
      state[keyPath: place].window.stop()
      state.notice = "the search is stopped; moving down goes on with it"
      return []
    default: return nil
    }
  }

  /// Shows everything again, where a filter is set.
  static func clearFilter(in state: inout State) -> [Effect]? {
    filter(in: state) == .everything ? nil : show(.everything, in: &state)
  }

  /// Draws it: what it shows, the filter, the rows.
  static func draw(
    _ state: State, title: SafeText, heading: SafeText, empty: SafeText, into frame: inout Frame,
    line: (Row) -> (SafeText, Role)
  ) {
    let list = state[keyPath: place]
    state.drawWindow(
      list.window, title: title, heading: heading, filter: list.filter.text,
      order: list.order.words, empty: empty, into: &frame, line: line)
  }
}

/// The keys that lists in the store share with the list of incomplete executions.
extension KeyMap {
  static let storedList: [KeyBinding] = [
    KeyBinding([.character("s")], "", "Sort by the next column", .sortByNext),
    KeyBinding([.character("S")], "", "Turn the order round", .sortReversed),
    KeyBinding([.function(2)], "", "Pick a saved view", .pickView),
    KeyBinding([.character("p")], "", "Hold it as it is, or let it live again", .hold),
    KeyBinding([.character("y")], "", "Copy the id or the line under the cursor", .copy),
  ]
}
