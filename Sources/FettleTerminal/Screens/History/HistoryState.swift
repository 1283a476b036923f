import FettleCore
import FettleEngine

/// What has run, in the order and by the filter that were asked for.
struct HistoryState: Equatable, Sendable {
  var list = StoredList<ExecutionRow, ExecutionColumn, ExecutionKey>()
  /// The execution that is looked at.
  var run: RunState?
  /// The execution that is being opened.
  var opening: String?

  var rows: [ExecutionRow] { list.window.rows }
  var selected: ExecutionRow? { list.window.selected }
}

extension ExecutionRow: WindowRow {
  var identity: String { summary.id }
}

/// The history as a list that lies in the store.
enum HistoryScreen: StoredScreen {
  typealias Row = ExecutionRow
  typealias Column = ExecutionColumn
  typealias Key = ExecutionKey

  static let list = FilteredList.history
  static var place: WritableKeyPath<State, List> { \.history.list }
  static var beforeTyping: [Effect] { [.list(.loadVocabulary)] }

  static func page(_ filter: ExecutionFilter, _ ask: List.Window.Ask) -> Effect {
    .history(.page(filter, ask))
  }

  static func count(_ filter: ExecutionFilter) -> Effect { .history(.count(filter)) }

  static func place(of row: ExecutionRow, in order: ExecutionOrder) -> ExecutionPlace {
    ExecutionPlace(row, order)
  }

  static func values(of key: ExecutionKey, in state: State) -> [String] {
    switch key {
    case .status: ExecutionStatus.allCases.map(\.rawValue)
    case .trigger: ExecutionOrigin.allCases.map(\.rawValue)
    case .scenario: state.history.rows.map(\.scenarioName) + state.list.vocabulary.scenarios
    case .error:
      state.history.rows.compactMap { $0.summary.error?.type.shortName }
        + ErrorType.table.map(\.type.shortName)
    case .started: ["today", "yesterday"]
    case .age, .duration, .operations, .stored, .id, .text: []
    }
  }

  static func lookAgain(in state: State) -> [Effect] {
    let window = state.history.list.window
    let near = window.rows.dropFirst(max(0, window.index - 100)).prefix(200)
    return [.history(.rows(near.map(\.number), token: window.searchToken))]
  }
}

/// What the history asks for.
enum HistoryEffect: Hashable, Sendable {
  case page(ExecutionFilter, HistoryScreen.List.Window.Ask)
  /// Rows that were searched for, to see what changed.
  case rows([Int], token: Int)
  /// How many there are, where counters tell.
  case count(ExecutionFilter)
  /// One execution with all it did.
  case open(String)
  /// The newest execution that runs, or else the newest.
  case follow
  /// Asks an execution to stop.
  case stop(String)
}

/// What came of it.
enum HistoryMessage: Equatable, Sendable {
  case loaded(token: Int, Message.Answer<ListStretch<ExecutionRow, ExecutionPlace>>)
  case rowsLoaded([Int], token: Int, Message.Answer<[ExecutionRow]>)
  case counted(ExecutionFilter, Message.Answer<Int?>)
  case opened(String, Message.Answer<OpenedRun>)
  case followed(Message.Answer<OpenedRun?>)
  case stopAsked(String, Message.Answer<OpenedRun>)
}

/// An execution with its journal.
struct OpenedRun: Hashable, Sendable {
  let row: ExecutionRow
  let blueprint: Blueprint
  let entries: [JournalEntry]
}

extension HistoryEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> HistoryMessage {
    switch self {
    case .page(let filter, let ask):
      .loaded(
        token: ask.token,
        await answer { () async throws(StoreError) in
          try await desk.executions(filter, ask.request, limit: ask.limit, effort: ask.effort)
        })
    case .rows(let numbers, let token):
      .rowsLoaded(
        numbers, token: token,
        await answer { () async throws(StoreError) in
          try await desk.executions(numbered: numbers)
        })
    case .count(let filter):
      .counted(
        filter,
        await answer { () async throws(StoreError) in try await desk.executionCount(filter) })
    case .open(let id):
      .opened(
        id,
        await answer { () async throws(StoreError) in
          try await Self.open(try await desk.execution(id), desk)
        })
    case .follow:
      .followed(
        await answer { () async throws(StoreError) in
          let running = ExecutionFilter(rules: [.test(.status([.running]))])
          var newest = try await desk.executions(running, .first, limit: 1, effort: 1).rows.first
          if newest == nil { newest = try await desk.executions(of: nil, limit: 1).first }
          guard let newest else { return nil }
          return try await Self.open(newest, desk)
        })
    case .stop(let id):
      .stopAsked(
        id,
        await answer { () async throws(StoreError) in
          try await desk.stop(execution: id)
          return try await Self.open(try await desk.execution(id), desk)
        })
    }
  }

  /// An execution with its journal.
  static func open(
    _ row: ExecutionRow, _ desk: OperatorDesk
  ) async throws(StoreError) -> OpenedRun {
    OpenedRun(
      row: row, blueprint: try await desk.blueprint(ofExecution: row.summary.id),
      entries: try await desk.entries(of: row.summary.id))
  }
}

/// The keys of the history.
extension KeyMap {
  static let history: [KeyBinding] = [
    KeyBinding(
      [.enter, .right, .character("l")], "open", "Show what it did, module by module", .open,
      unavailable: { $0.history.selected == nil ? "there is no execution here" : nil }),
    KeyBinding(
      [.character("i")], "records", "List the incomplete executions it stored", .listStored,
      unavailable: {
        $0.history.selected?.storedCount ?? 0 == 0 ? "it stored no incomplete execution" : nil
      }),
    KeyBinding(
      [.character("o")], "record", "Open the record it retried", .openRetried,
      unavailable: {
        $0.history.selected?.summary.retryOf == nil ? "it retried no record" : nil
      }),
    KeyBinding(
      [.character("/")], "filter",
      "Filter: words, status: scenario: trigger: error: started: duration: operations: id: and more; Tab completes",
      .filter),
    KeyBinding(
      [.escape], "back", "Stop a search; clear the filter; to the incomplete executions", .back),
  ]
}

extension State {
  mutating func updateHistory(_ message: HistoryMessage) -> [Effect] {
    switch message {
    case .loaded(let token, let answer):
      return HistoryScreen.take(answer, token: token, in: &self)
    case .rowsLoaded(let numbers, let token, let answer):
      guard token == history.list.window.searchToken, let rows = succeeded(answer) else {
        return []
      }
      let asked = Set(numbers)
      history.list.window.take(
        asTheyAre: rows, of: Set(history.rows.filter { asked.contains($0.number) }.map(\.identity)))
    case .counted(let filter, .success(let count)):
      if filter.rules == HistoryScreen.meaning(in: self).rules { history.list.window.total = count }
    case .counted(_, .failure): break
    case .opened(let id, .success(let opened)):
      guard screen == .history else { return [] }
      if history.run?.opened.row.summary.id == opened.row.summary.id {
        history.run?.take(opened)
      } else if history.opening == id {
        history.run = RunState(opened)
        notice = ""
      }
      if history.opening == id { history.opening = nil }
    case .followed(.success(let opened)):
      guard let opened else {
        live = nil
        return []
      }
      if live?.opened.row.summary.id == opened.row.summary.id {
        live?.take(opened)
      } else {
        live = RunState(opened)
      }
    case .stopAsked(let id, .success(let opened)):
      if shownRun?.opened.row.summary.id == id { shownRun?.take(opened) }
      notice = "it stops after the operation that runs; what it had not got to is kept"
    case .stopAsked(_, .failure(let error)): notice = "\(error.description)"
    case .opened(let id, .failure(let error)):
      if history.opening == id { (history.opening, notice) = (nil, "\(error.description)") }
    case .followed(.failure(let error)): trouble = "\(error.description)"
    }
    return []
  }

  /// Goes to the history and shows what a filter lets through.
  mutating func showHistory(by filter: TypedFilter<ExecutionKey>) -> [Effect] {
    let effects = HistoryScreen.show(filter, in: &self)
    return go(to: .history) + effects
  }

  /// Opens an execution.
  mutating func openExecution(_ id: String) -> [Effect] {
    history.opening = id
    notice = "opening \(String(id.prefix(8)))"
    return [.history(.open(id))]
  }

  mutating func updateHistory(_ command: Command) -> [Effect] {
    if let effects = HistoryScreen.update(command, in: &self) { return effects }
    let shown = history.selected
    switch command {
    case .open:
      guard let row = shown else { return [] }
      return openExecution(row.summary.id)
    case .listStored: return listStored(by: shown?.summary.id)
    case .openRetried:
      guard let id = shown?.summary.retryOf else { return [] }
      return openRecord(id)
    case .back where history.opening != nil:
      history.opening = nil
      notice = "not waited for any longer"
      return []
    case .back: return HistoryScreen.clearFilter(in: &self) ?? updateAnyScreen(command)
    default: return updateAnyScreen(command)
    }
  }

  /// The incomplete executions that came out of an execution, whatever has become of them.
  mutating func listStored(by execution: String?) -> [Effect] {
    guard let execution else { return [] }
    screen = .incomplete
    return setFilter(
      ListFilter(
        .all([
          .condition(.status, [.text("all", isQuoted: false)]),
          .condition(.run, [.text(execution, isQuoted: false)]),
        ])))
  }

  func drawHistory(into frame: inout Frame) {
    if let run = history.run { return drawRun(run, into: &frame) }
    HistoryScreen.draw(
      self, title: "History", heading: " " + executionLine(nil), empty: "Nothing has run yet.",
      into: &frame
    ) { row in
      let role: Role =
        switch row.summary.status {
        case .error: .problem
        case .warning: .waiting
        case .running: .running
        case .success: .plain
        }
      return (" " + executionLine(row), role)
    }
  }

  private func executionLine(_ row: ExecutionRow?) -> SafeText {
    let summary = row?.summary
    var text = (summary.map { "\(String($0.id.prefix(8)))" } ?? SafeText("RUN")).padded(to: 8)
    text += " " + (summary.map { SafeText(own: $0.status.rawValue) } ?? "STATUS").padded(to: 7)
    if size.columns >= 60 {
      text +=
        " "
        + (summary.map { surroundings.zone.short($0.started) } ?? SafeText("STARTED"))
        .padded(to: 12)
      text += " " + (summary.map { SafeText(own: $0.origin.rawValue) } ?? "BY").padded(to: 9)
      text +=
        " "
        + (summary.map { "\($0.operations)" } ?? SafeText("OPS")).padded(to: 5, rightAligned: true)
    }
    if size.columns >= 100 {
      // A run that did nothing may owe that to a filter.
      text +=
        " "
        + (summary.map { $0.filtered == 0 ? "" : "\($0.filtered)" } ?? SafeText("FILTERED"))
        .padded(to: 8, rightAligned: true)
    }
    text +=
      " "
      + (row.map { $0.storedCount == 0 ? "" : "\($0.storedCount)" } ?? SafeText("STORED"))
      .padded(to: 6, rightAligned: true)
    if size.columns >= 60 {
      let took = summary.flatMap { summary in
        summary.ended.map {
          Quantity.seconds(milliseconds: Int($0.milliseconds - summary.started.milliseconds))
        }
      }
      text += " " + (row == nil ? SafeText("TOOK") : took ?? "").padded(to: 8, rightAligned: true)
    }
    text += "  " + (row.map { "\($0.title)" } ?? SafeText("SCENARIO"))
    if let error = summary?.error { text += "  \(error.type.shortName): \(error.message)" }
    return text
  }
}
