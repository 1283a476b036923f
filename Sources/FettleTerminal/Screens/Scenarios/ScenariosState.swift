import FettleCore
import FettleEngine

/// The scenarios: which start by themselves, how much of each waits to be mended, what holds one up.
struct ScenariosState: Equatable, Sendable {
  /// A scenario with what it waits for.
  struct Row: Hashable, Sendable {
    let scenario: ScenarioRow
    /// The record it waits for, where it is processed in order.
    let blocking: RecordID?
  }

  private var all: [Row] = []
  private(set) var rows: [Row] = []
  var table = Table() { didSet { arrange() } }
  var cursor: ScenarioID?
  var hasLoaded = false

  var index: Int { rows.firstIndex { $0.scenario.id == cursor } ?? 0 }
  var selected: Row? { rows.indices.contains(index) ? rows[index] : nil }

  static let columns: [SafeText] = ["name", "open records", "size", "next start"]

  private mutating func arrange() {
    rows = table.arranged(
      all, text: { $0.scenario.name },
      columns: [
        { $0.scenario.openRecords > $1.scenario.openRecords },
        { $0.scenario.openBytes > $1.scenario.openBytes },
        {
          ($0.scenario.state.nextRun?.milliseconds ?? .max)
            < ($1.scenario.state.nextRun?.milliseconds ?? .max)
        },
      ])
  }

  mutating func take(_ fresh: [Row]) {
    all = fresh
    arrange()
    hasLoaded = true
    if selected == nil || cursor == nil { cursor = rows.first?.scenario.id }
  }

  mutating func move(to index: Int) {
    guard !rows.isEmpty else { return }
    cursor = rows[min(max(0, index), rows.count - 1)].scenario.id
  }
}

/// What the scenarios ask for.
enum ScenariosEffect: Hashable, Sendable {
  case load
  case activate(ScenarioID, Bool)
  /// The operator has seen that so many bundles were lost.
  case acknowledgeLoss(ScenarioID, count: Int)
}

/// What came of it.
enum ScenariosMessage: Equatable, Sendable {
  case loaded(Message.Answer<[ScenariosState.Row]>)
  case activated(ScenarioID, Bool, Message.Answer<[ScenariosState.Row]>)
  case lossAcknowledged(ScenarioID, count: Int, Message.Answer<[ScenariosState.Row]>)
}

extension ScenariosEffect {
  /// Does it.
  func perform(_ desk: OperatorDesk) async -> ScenariosMessage {
    switch self {
    case .load: return .loaded(await Self.load(desk))
    case .activate(let id, let isActive):
      return .activated(
        id, isActive,
        await answer { () async throws(StoreError) in
          try await desk.activate(isActive, id)
          return try await Self.load(desk).get()
        })
    case .acknowledgeLoss(let id, let count):
      return .lossAcknowledged(
        id, count: count,
        await answer { () async throws(StoreError) in
          _ = try await desk.acknowledgeLoss(of: id, count: count)
          return try await Self.load(desk).get()
        })
    }
  }

  /// The scenarios with what each waits for.
  static func load(_ desk: OperatorDesk) async -> Message.Answer<[ScenariosState.Row]> {
    await answer { () async throws(StoreError) in
      var rows: [ScenariosState.Row] = []
      for scenario in try await desk.scenarios() {
        let blocking = scenario.isWaiting ? try await desk.oldestOpen(of: scenario.id) : nil
        rows.append(ScenariosState.Row(scenario: scenario, blocking: blocking))
      }
      return rows
    }
  }
}

/// The keys of the scenarios.
extension KeyMap {
  static let scenarios: [KeyBinding] = [
    KeyBinding(
      [.enter, .right, .character("l")], "records", "List its incomplete executions", .open,
      unavailable: noScenario),
    KeyBinding(
      [.character("H")], "history", "Show its executions", .historyOfScenario,
      unavailable: noScenario),
    KeyBinding(
      [.character(" ")], "start/stop", "Let it start by itself, or no longer", .toggleScenario,
      unavailable: { noScenario($0) ?? $0.readOnlyReason }),
    KeyBinding(
      [.character("w")], "waits for", "Open the record it waits for", .openBlocking,
      unavailable: {
        $0.scenarios.selected?.blocking == nil ? "it waits for no record" : nil
      }),
    KeyBinding(
      [.character("a")], "", "Say that you have seen what it lost for want of room",
      .acknowledgeLoss,
      unavailable: {
        noScenario($0)
          ?? ($0.scenarios.selected?.scenario.lost == nil
            ? "it lost nothing that is not acknowledged" : $0.readOnlyReason)
      }),
    KeyBinding([.escape], "", "To the incomplete executions", .back),
  ]

  private static let noScenario: @Sendable (State) -> SafeText? = {
    $0.scenarios.selected == nil ? "there is no scenario here" : nil
  }
}

extension State {
  mutating func updateScenarios(_ message: ScenariosMessage) -> [Effect] {
    switch message {
    case .loaded(.success(let rows)): scenarios.take(rows)
    case .activated(let id, let isActive, .success(let rows)):
      scenarios.take(rows)
      let name = rows.first { $0.scenario.id == id }?.scenario.name ?? ""
      notice = isActive ? "\(name) starts by itself now" : "\(name) no longer starts by itself"
    case .lossAcknowledged(let id, let count, .success(let rows)):
      scenarios.take(rows)
      let name = rows.first { $0.scenario.id == id }?.scenario.name ?? ""
      notice = "\(name): \(count) lost acknowledged; the audit keeps it"
      return [.list(.counts)]
    case .lossAcknowledged(_, _, .failure(let error)): notice = "\(error.description)"
    case .loaded(.failure(let error)): trouble = "\(error.description)"
    case .activated(_, _, .failure(let error)): notice = "\(error.description)"
    }
    return []
  }

  mutating func updateScenarios(_ command: Command) -> [Effect] {
    let page = max(1, size.rows - 4)
    let shown = scenarios
    if let index = moved(command, from: shown.index, page: page, count: shown.rows.count) {
      scenarios.move(to: index)
      return []
    }
    switch command {
    case .open:
      guard let row = shown.selected else { return [] }
      screen = .incomplete
      return setFilter(
        ListFilter(.condition(.scenario, [.text(row.scenario.name, isQuoted: true)])))
    case .historyOfScenario:
      guard let row = shown.selected else { return [] }
      return showHistory(
        by: TypedFilter(.condition(.scenario, [.text(row.scenario.name, isQuoted: true)])))
    case .toggleScenario:
      guard let row = shown.selected else { return [] }
      return [.scenarios(.activate(row.scenario.id, !row.scenario.state.isActive))]
    case .acknowledgeLoss:
      guard let row = shown.selected, let lost = row.scenario.lost else { return [] }
      return [.scenarios(.acknowledgeLoss(row.scenario.id, count: lost.count))]
    case .openBlocking:
      guard let id = shown.selected?.blocking else { return [] }
      return openRecord(id)
    default: return updateTable(command) ?? updateAnyScreen(command)
    }
  }

  func drawScenarios(into frame: inout Frame) {
    drawTitle(
      "Scenarios  \(scenarios.rows.count)" + scenarios.table.told(ScenariosState.columns),
      into: &frame)
    frame.put(scenarioLine(nil), in: frame.area.line(1), .role(.heading))
    drawRows(
      scenarios.rows.count, cursor: scenarios.index, hasLoaded: scenarios.hasLoaded,
      empty: scenarios.table.words.isEmpty
        ? "No scenario is known yet; fettle run makes one known." : "No scenario has these words.",
      into: &frame
    ) { index in
      let row = scenarios.rows[index].scenario
      let share = Double(row.openBytes) / Double(max(1, surroundings.scenarioLimit))
      return (
        scenarioLine(scenarios.rows[index]),
        share >= 0.8 || row.lost != nil ? .problem : .plain
      )
    }
  }

  private func scenarioLine(_ row: ScenariosState.Row?) -> SafeText {
    let isWide = size.columns >= 70
    let scenario = row?.scenario
    // Where there is no room for a column of its own, a word for the standing takes the place of on
    // and off.
    var text: SafeText =
      isWide
      ? (scenario.map { $0.state.isActive ? "on" : "off" } ?? SafeText("ON")).padded(to: 4)
      : (row.map(shortStanding) ?? SafeText("STAND")).padded(to: 6) + " "
    let name = isWide ? max(16, size.columns - 62) : max(8, size.columns - 28)
    text += (scenario.map { "\($0.name)" } ?? SafeText("SCENARIO")).padded(to: name) + " "
    text += (scenario.map { Quantity.short($0.openRecords) } ?? SafeText("OPEN"))
      .padded(to: 6, rightAligned: true)
    text += "  " + (scenario.map { gauge($0.openBytes) } ?? SafeText("LIMIT")).padded(to: 10)
    guard isWide else { return " " + text }
    text +=
      " "
      + (scenario.map { $0.state.nextRun.map { surroundings.zone.short($0) } ?? "—" }
      ?? SafeText("NEXT START")).padded(to: 12)
    text += " " + (row.map(standing) ?? SafeText("STANDING"))
    return " " + text
  }

  /// What the records of a scenario take of its limit.
  private func gauge(_ bytes: Int) -> SafeText {
    let limit = max(1, surroundings.scenarioLimit)
    let filled = min(5, (bytes * 5 + limit - 1) / limit)
    let bar = SafeText(
      own: String(repeating: "█", count: filled) + String(repeating: "░", count: 5 - filled))
    let percent = bytes * 100 / limit
    if bytes > 0, percent == 0 { return bar + " <1%" }
    return bar + (percent >= 80 ? " \(percent)%!" : " \(percent)%")
  }

  /// The same in six columns, the first of what holds: what was lost, what does not start, what is wrong.
  private func shortStanding(_ row: ScenariosState.Row) -> SafeText {
    let (scenario, state) = (row.scenario, row.scenario.state)
    if scenario.lost != nil { return "lost!" }
    if row.blocking != nil { return "waits" }
    if scenario.runsUntil.map({ $0 > now }) == true { return "runs" }
    if state.whySwitchedOff != nil { return state.isPaused ? "paused" : "failed" }
    if state.consecutiveErrors > 0 { return state.isActive ? "on err" : "error" }
    return state.isActive ? "on" : "off"
  }

  private func standing(_ row: ScenariosState.Row) -> SafeText {
    let scenario = row.scenario
    // That nobody has it any more comes before what can still be mended.
    if let lost = scenario.lost { return "\(Quantity.short(lost.count)) lost (a)" }
    if let blocking = row.blocking { return "waits for \(blocking.short) (w)" }
    if scenario.runsUntil.map({ $0 > now }) == true { return "running" }
    if let why = scenario.state.whySwitchedOff { return SafeText(why) }
    if scenario.state.consecutiveErrors > 0 {
      return "\(scenario.state.consecutiveErrors) errors in a row"
    }
    return scenario.state.lastRun.map { "last " + surroundings.zone.short($0) } ?? "by hand"
  }
}
