import FettleCore
import FettleEngine

/// What has run, newest first.
struct HistoryState: Equatable, Sendable {
  private var all: [ExecutionRow] = []
  private(set) var rows: [ExecutionRow] = []
  var table = Table() { didSet { arrange() } }
  var cursor: String?
  var hasLoaded = false
  /// Only the executions of one scenario; nil is all.
  var scenario: ScenarioID?
  var scenarioName = ""
  /// How many are asked for; more when the cursor comes near the last.
  var limit = 200
  /// The execution that is looked at.
  var run: RunState?

  var index: Int { rows.firstIndex { $0.summary.id == cursor } ?? 0 }
  var selected: ExecutionRow? { rows.indices.contains(index) ? rows[index] : nil }

  static let columns: [SafeText] = ["start", "status", "scenario", "operations", "time taken"]

  /// Whether there may be older ones than were read.
  var hasMore: Bool { all.count == limit }

  private mutating func arrange() {
    func taken(_ row: ExecutionRow) -> Int64 {
      row.summary.ended.map { $0.milliseconds - row.summary.started.milliseconds } ?? 0
    }
    rows = table.arranged(
      all,
      text: {
        "\($0.summary.id) \($0.summary.status.rawValue) \($0.summary.origin.rawValue) "
          + "\($0.scenarioName) \($0.summary.error?.type.rawValue ?? "") "
          + ($0.summary.error?.message ?? "")
      },
      columns: [
        { $0.summary.status.rawValue < $1.summary.status.rawValue },
        { $0.scenarioName < $1.scenarioName },
        { $0.summary.operations > $1.summary.operations }, { taken($0) > taken($1) },
      ])
  }

  mutating func take(_ fresh: [ExecutionRow]) {
    let before = index
    all = fresh
    arrange()
    hasLoaded = true
    if !rows.contains(where: { $0.summary.id == cursor }) {
      cursor = rows.isEmpty ? nil : rows[min(before, rows.count - 1)].summary.id
    }
  }

  mutating func move(to index: Int) {
    guard !rows.isEmpty else { return }
    cursor = rows[min(max(0, index), rows.count - 1)].summary.id
  }
}

/// What the history asks for.
enum HistoryEffect: Hashable, Sendable {
  case load(ScenarioID?, limit: Int)
  /// One execution with all it did.
  case open(String)
  /// The newest execution that runs, or else the newest.
  case follow
  /// Asks an execution to stop.
  case stop(String)
}

/// What came of it.
enum HistoryMessage: Equatable, Sendable {
  case loaded(ScenarioID?, Message.Answer<[ExecutionRow]>)
  case opened(Message.Answer<OpenedRun>)
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
    case .load(let scenario, let limit):
      .loaded(
        scenario,
        await answer { () async throws(StoreError) in
          try await desk.executions(of: scenario, limit: limit)
        })
    case .open(let id):
      .opened(
        await answer { () async throws(StoreError) in
          try await Self.open(try await desk.execution(id), desk)
        })
    case .follow:
      .followed(
        await answer { () async throws(StoreError) in
          let newest = try await desk.executions(of: nil, limit: 50)
          guard let row = newest.first(where: { $0.summary.status == .running }) ?? newest.first
          else { return nil }
          return try await Self.open(row, desk)
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

  private static func open(
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
    KeyBinding([.escape], "back", "Show all scenarios; to the incomplete executions", .back),
  ]
}

extension State {
  mutating func updateHistory(_ message: HistoryMessage) -> [Effect] {
    switch message {
    case .loaded(let scenario, .success(let rows)):
      guard scenario == history.scenario else { return [] }
      history.take(rows)
    case .opened(.success(let opened)):
      guard screen == .history else { return [] }
      if history.run?.opened.row.summary.id == opened.row.summary.id {
        history.run?.take(opened)
      } else {
        history.run = RunState(opened)
        notice = ""
      }
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
    case .loaded(_, .failure(let error)), .opened(.failure(let error)),
      .followed(.failure(let error)):
      trouble = "\(error.description)"
    }
    return []
  }

  mutating func updateHistory(_ command: Command) -> [Effect] {
    let shown = history
    let page = max(1, size.rows - 4)
    if let index = moved(command, from: shown.index, page: page, count: shown.rows.count) {
      history.move(to: index)
      guard history.index > shown.rows.count - 20, shown.hasMore else {
        return []
      }
      history.limit += 200
      return [.history(.load(history.scenario, limit: history.limit))]
    }
    switch command {
    case .open:
      guard let row = shown.selected else { return [] }
      notice = "opening \(String(row.summary.id.prefix(8)))"
      return [.history(.open(row.summary.id))]
    case .listStored: return listStored(by: shown.selected?.summary.id)
    case .openRetried:
      guard let id = shown.selected?.summary.retryOf else { return [] }
      return openRecord(id)
    case .back where history.scenario != nil && history.table.words.isEmpty:
      history.scenario = nil
      return [.history(.load(nil, limit: history.limit))]
    default: return updateTable(command) ?? updateAnyScreen(command)
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
    let of: SafeText = history.scenario == nil ? "" : "  \(history.scenarioName)"
    drawTitle("History" + of + history.table.told(HistoryState.columns), into: &frame)
    frame.put(" " + executionLine(nil), in: frame.area.line(1), .role(.heading))
    drawRows(
      history.rows.count, cursor: history.index, hasLoaded: history.hasLoaded,
      empty: !history.table.words.isEmpty
        ? "No execution that was read has these words."
        : history.scenario == nil ? "Nothing has run yet." : "This scenario has not run yet.",
      into: &frame
    ) { index in
      let row = history.rows[index]
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
    text += "  " + (row.map { "\($0.scenarioName)" } ?? SafeText("SCENARIO"))
    if let error = summary?.error { text += "  \(error.type.shortName): \(error.message)" }
    return text
  }
}
