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

extension State {
  /// What the filter of the list means now: a filter may speak of the age of a record.
  var listedRecords: RecordFilter {
    RecordFilter(
      list.filter.expression, now: now, utcOffset: surroundings.zone.offset(at: now),
      order: list.order)
  }
}
