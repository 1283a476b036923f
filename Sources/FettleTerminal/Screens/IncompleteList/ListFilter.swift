import FettleCore

/// A filter of the list.
typealias ListFilter = TypedFilter<FilterKey>

extension TypedFilter where Key == FilterKey {
  /// Everything that is still to be mended.
  static var open: ListFilter { .everything }

  /// The states a record may be in; they do not depend on the time.
  var states: Set<IncompleteState> {
    RecordFilter(expression, now: Instant(milliseconds: 0)).effectiveStates
  }
}

/// The list of incomplete executions as one that is filtered and sorted.
enum IncompleteScreen: FilteredScreen {
  static var beforeTyping: [Effect] { [.list(.loadVocabulary)] }

  static func filter(in state: State) -> ListFilter { state.list.filter }

  static func order(in state: State) -> RecordOrder { state.list.order }

  static func show(
    _ filter: ListFilter, by order: RecordOrder, in state: inout State
  ) -> [Effect] {
    state.list.filter = filter
    state.list.order = order
    return state.startList(.start)
  }

  static func completion(_ text: String, cursor: Int, in state: State) -> FilterCompletion {
    FilterCompletion(text, cursor: cursor, known: state.knownRecords)
  }
}

extension State {
  /// What the filter of the list means now: a filter may speak of the age of a record.
  var listedRecords: RecordFilter {
    RecordFilter(
      list.filter.expression, now: now, utcOffset: surroundings.zone.offset(at: now),
      order: list.order)
  }
}
