import FettleCore

/// The screens whose list the store filters and sorts.
enum FilteredList: String, Hashable, Sendable, CaseIterable {
  case incomplete, groups, history, audit

  /// What can be done with it.
  var screen: any FilteredScreen.Type {
    switch self {
    case .incomplete: IncompleteScreen.self
    case .groups: GroupsScreen.self
    case .history: HistoryScreen.self
    case .audit: AuditScreen.self
    }
  }
}

/// What every screen with such a list does alike: it is filtered in one language, which is typed behind
/// `/`, and sorted by its columns.
protocol FilteredScreen {
  associatedtype Key: FilterKeys
  associatedtype Column: ListColumn

  static func filter(in state: State) -> TypedFilter<Key>
  static func order(in state: State) -> ListOrder<Column>

  /// Shows what a filter lets through, in an order, from the beginning.
  static func show(
    _ filter: TypedFilter<Key>, by order: ListOrder<Column>, in state: inout State
  ) -> [Effect]

  /// What is asked for the completion when a filter is typed.
  static var beforeTyping: [Effect] { get }

  /// What can stand at the cursor of a filter that is typed.
  static func completion(_ text: String, cursor: Int, in state: State) -> FilterCompletion
}

extension FilteredScreen {
  /// What it is sorted by, as it is typed.
  static var columnNames: [String] { Column.allCases.map(\.rawValue) }

  /// Shows what another filter lets through.
  static func show(_ filter: TypedFilter<Key>, in state: inout State) -> [Effect] {
    guard filter != self.filter(in: state) else { return [] }
    return show(filter, by: order(in: state), in: &state)
  }

  /// Shows it in another order.
  static func show(_ order: ListOrder<Column>, in state: inout State) -> [Effect] {
    state.notice = "sorted by " + order.words
    return show(filter(in: state), by: order, in: &state)
  }

  /// Turns the order round.
  static func turnOrder(in state: inout State) -> [Effect] {
    var order = order(in: state)
    order.isDescending.toggle()
    let effects = show(order, in: &state)
    state.notice += "; the order is turned round"
    return effects
  }

  /// Shows what a saved view lets through, in its order.
  static func show(_ view: SavedView, in state: inout State) throws(FilterError) -> [Effect] {
    show(
      try TypedFilter<Key>(view.filter), by: ListOrder(words: view.sort) ?? .usual, in: &state)
  }

  /// What is shown, to be kept under a name.
  static func view(named name: String, in state: State, of list: FilteredList) -> SavedView {
    let order = order(in: state)
    return SavedView(
      list: list, name: name, filter: filter(in: state).text,
      sort: order == .usual ? "" : order.description)
  }

  /// Why a text is no filter of this screen.
  static func check(_ text: String) throws(FilterError) { _ = try TypedFilter<Key>(text) }

  /// Shows what a filter lets through as it is typed.
  static func show(filter text: String, in state: inout State) throws(FilterError) -> [Effect] {
    show(try TypedFilter<Key>(text), in: &state)
  }

  /// Sorts by a column as it is typed, `size` or `-size`.
  static func sort(by words: String, in state: inout State) throws(TypedCommand.Problem) -> [Effect]
  {
    guard let order = ListOrder<Column>(words: words) else {
      throw TypedCommand.Problem(
        text: "sort by \(Column.names), or -\(Column.allCases.first?.rawValue ?? "")")
    }
    return show(order, in: &state)
  }

  /// Begins to type a filter.
  static func beginFilter(in state: inout State, of list: FilteredList) -> [Effect] {
    let text = filter(in: state).text
    state.typing = Typing(line: LineEditor(text), purpose: .filter(list, before: text))
    return beforeTyping
  }
}

extension ListOrder {
  /// `created↓`
  var words: SafeText { SafeText(own: column.title) + (isDescending ? "↓" : "↑") }
}

extension State {
  /// The list of the screen that is shown, where the store filters and sorts it.
  var filteredList: FilteredList? {
    switch screenContext {
    case .list: .incomplete
    case .groups: .groups
    case .history: .history
    case .auditTrail: .audit
    default: nil
    }
  }

  /// The list whose filter is typed.
  var typedList: FilteredList? {
    if case .filter(let list, _)? = typing?.purpose { list } else { nil }
  }

  /// Whether a filter is typed.
  var isFiltering: Bool { typedList != nil }

  /// Reads the filter as it is typed; what it lets through is shown when typing pauses. What is not
  /// understood keeps the last good one.
  mutating func filterTyped(_ text: String) -> [Effect] {
    do throws(FilterError) {
      try typedList?.screen.check(text)
      list.settling += 1
      return [.list(.settle(list.settling))]
    } catch {
      typing?.problem = "\(error.description)"
      typing?.problemRange = error.range
      return []
    }
  }

  /// Shows what the filter that is typed lets through, where it can be read.
  mutating func applyTypedFilter() -> [Effect] {
    guard let text = typing?.line.text else { return [] }
    return (try? typedList?.screen.show(filter: text, in: &self)) ?? []
  }

  /// Leaves a filter that is typed, and shows what was shown before.
  mutating func leaveTypedFilter(_ list: FilteredList, _ before: String) -> [Effect] {
    typing = nil
    return (try? list.screen.show(filter: before, in: &self)) ?? []
  }

  /// What can stand at the cursor of the filter: completes as far as it is clear.
  mutating func completeFilter() -> [Effect] {
    guard let typing, let list = typedList else { return [] }
    let (text, cursor) = (typing.line.text, typing.line.cursor)
    let completion = list.screen.completion(text, cursor: cursor, in: self)
    guard !completion.candidates.isEmpty else {
      // What is told rather than that it is not complete yet.
      self.typing?.problem = nil
      self.typing?.problemRange = nil
      self.typing?.candidates = Candidates(told: "nothing is known that could stand here")
      return []
    }
    let (completed, place) = completion.applied(to: text)
    self.typing?.line = LineEditor(completed, cursor: place)
    self.typing?.show(Candidates(completion.candidates), isAsBefore: completed == text)
    let effects = filterTyped(completed)
    if completion.candidates.count > 1 {
      // What could stand there is told rather than that it is not complete yet.
      self.typing?.problem = nil
      self.typing?.problemRange = nil
    }
    return effects
  }
}
