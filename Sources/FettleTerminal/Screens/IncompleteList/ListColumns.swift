import FettleCore

/// The columns of the list for a width. They leave in this order when it gets narrow: reason, size,
/// try, created (which first shrinks to an age), scenario. Status, module, error and retry stay.
struct ListColumns {
  let created: Int
  let scenario: Int
  let module: Int
  let error: Int
  let retry = 8
  let tries: Int
  let size: Int
  let reason: Int

  private static let lead = 3
  private static let noMarks: SafeText = "   "
  private static let status = 4

  init(width: Int) {
    var rest = width - Self.lead - Self.status - 1 - retry - 1
    error = width >= 50 ? 11 : 9
    rest -= error + 1
    var tries = 0
    var created = 0
    var scenario = 0
    var size = 0
    var reason = 0
    if width >= 64 {
      created = 12
      tries = 5
    } else if width >= 48 {
      created = 4
    }
    rest -= (created > 0 ? created + 1 : 0) + (tries > 0 ? tries + 1 : 0)
    if width >= 120 {
      size = 7
      reason = max(20, (rest - 8) * 2 / 5)
      rest -= size + 1 + reason + 1
    }
    if width >= 56 {
      scenario = max(6, (rest - 1) / 2)
      rest -= scenario + 1
    }
    module = max(4, rest)
    self.tries = tries
    self.created = created
    self.scenario = scenario
    self.size = size
    self.reason = reason
  }

  var heading: SafeText {
    line(
      lead: "   ", status: "STAT", created: created > 4 ? "CREATED" : "AGE", scenario: "SCENARIO",
      module: "FAILED MODULE", error: "ERROR", retry: "RETRY", tries: "TRY", size: "SIZE",
      reason: "REASON")
  }

  /// Where the columns stand that the list can be sorted by.
  var places: [(column: RecordColumn, first: Int, width: Int)] {
    let widths: [(RecordColumn, Int)] = [
      (.created, created), (.scenario, scenario), (.module, module), (.error, error),
      (.next, retry), (.attempts, tries), (.size, size),
    ]
    var first = Self.lead + Self.status
    return widths.filter { $0.1 > 0 }.map { column, width in
      defer { first += width + 1 }
      return (column, first + 1, width)
    }
  }

  /// The first three places of a row; the third says that the data opens with the key only.
  func lead(isSelected: Bool, isMarked: Bool, isSealed: Bool) -> SafeText {
    // Hardly any row has a mark.
    if !isSelected, !isMarked, !isSealed { return Self.noMarks }
    return (isSelected ? ">" : " ") + (isMarked ? "*" : " ") + (isSealed ? "§" : " ")
  }

  /// What stands behind them.
  func line(
    _ row: IncompleteSummary, now: Instant, zone: DisplayZone, isGone: Bool, isRunning: Bool
  ) -> SafeText {
    let planned = row.plannedAttempts
    return line(
      lead: "", status: SafeText(own: isRunning ? "RUN" : row.state.word),
      created: created > 4
        ? zone.short(row.created) : Quantity.age(from: row.created, to: now),
      scenario: "\(row.scenarioName)",
      module: isGone ? "(gone) \(row.failerTitle)" : "\(row.failer.number) \(row.failerTitle)",
      error: "\(row.errorType.shortName)",
      retry: row.retryWord(now: now, isRunning: isRunning),
      tries: planned > 0 ? "\(row.attempts)/\(planned)" : "\(row.attempts)",
      size: Quantity.bytes(row.size), reason: "\(row.reason)")
  }

  private func line(
    lead: SafeText, status: SafeText, created: SafeText, scenario: SafeText, module: SafeText,
    error: SafeText, retry: SafeText, tries: SafeText, size: SafeText, reason: SafeText
  ) -> SafeText {
    var text = lead + status.padded(to: Self.status)
    func add(_ part: SafeText, _ width: Int, right: Bool = false) {
      if width > 0 { text += " " + part.padded(to: width, rightAligned: right) }
    }
    add(created, self.created)
    add(scenario, self.scenario)
    add(module, self.module)
    add(error, self.error)
    add(retry, self.retry)
    add(tries, self.tries, right: true)
    add(size, self.size, right: true)
    add(reason, self.reason)
    return text
  }
}

extension IncompleteSummary {
  /// When Fettle tries again: `auto 3m`, `auto now`, `manual`.
  func retryWord(now: Instant, isRunning: Bool = false) -> SafeText {
    if isRunning || state == .inProgress { return "running" }
    if state == .resolved || state == .deleted { return "—" }
    guard retry, let nextRetry else { return "manual" }
    return nextRetry <= now ? "auto now" : "auto \(Quantity.age(from: now, to: nextRetry))"
  }
}
