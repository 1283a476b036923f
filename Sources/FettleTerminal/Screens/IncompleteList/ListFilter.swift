import FettleCore

/// What is typed behind `/`, and what `fettle list --filter` takes.
struct ListFilter: Hashable, Sendable {
  let text: String
  let expression: FilterExpression

  /// Everything that is still to be mended.
  static let open = ListFilter(.everything)

  init(_ expression: FilterExpression) {
    self.expression = expression
    text = expression.description
  }

  /// Reads a filter; what was typed is kept as it was.
  init(_ text: String) throws(FilterError) {
    expression = try FilterExpression(text)
    self.text = text.trimmed
  }

  /// The states a record may be in; they do not depend on the time.
  var states: Set<IncompleteState> {
    RecordFilter(expression, now: Instant(milliseconds: 0)).effectiveStates
  }

  static func == (left: ListFilter, right: ListFilter) -> Bool {
    left.expression == right.expression
  }

  func hash(into hasher: inout Hasher) { hasher.combine(expression) }
}

extension State {
  /// What the filter of the list means now: a filter may speak of the age of a record.
  var listedRecords: RecordFilter {
    RecordFilter(
      list.filter.expression, now: now, utcOffset: surroundings.zone.offset(at: now),
      order: list.order)
  }
}
