import FettleCore

/// The screens one can go to from anywhere, in the order of their keys. Each has its state, what
/// happens on it and its picture in a folder of its own under `Screens`.
enum Screen: Int, Hashable, Sendable, CaseIterable {
  case incomplete = 1
  case scenarios, history, live, audit

  var title: SafeText {
    switch self {
    case .incomplete: "Incomplete"
    case .scenarios: "Scenarios"
    case .history: "History"
    case .live: "Live"
    case .audit: "Audit"
    }
  }

  /// The command that goes there.
  var command: Command {
    switch self {
    case .incomplete: .showIncomplete
    case .scenarios: .showScenarios
    case .history: .showHistory
    case .live: .showLive
    case .audit: .showAuditTrail
    }
  }

  /// The sentence in the help.
  private var help: SafeText {
    switch self {
    case .incomplete: "The incomplete executions"
    case .scenarios: "The scenarios: what starts, what waits, how full they are"
    case .history: "The history: what has run"
    case .live: "The live run: what runs now"
    case .audit: "The audit: who changed what"
    }
  }

  /// The keys that go to the screens.
  static let keys: [KeyBinding] = allCases.map { screen in
    KeyBinding([.character(Character("\(screen.rawValue)"))], "", screen.help, screen.command)
  }
}

extension State {
  /// The context the keys have on the screen that is chosen.
  var screenContext: KeyContext {
    switch screen {
    case .incomplete: showsGroups ? .groups : .list
    case .scenarios: .scenarios
    case .history: if case .some = history.run { .run } else { .history }
    case .live: .run
    case .audit: .auditTrail
    }
  }

  /// Goes to a screen and asks for what it shows.
  mutating func go(to screen: Screen) -> [Effect] {
    self.screen = screen
    showsGroups = false
    history.opening = nil
    notice = ""
    return look() + (screen == .incomplete ? refreshList() + loadPreview() : [])
  }

  /// Asks for what the screen shows, as it is now.
  mutating func look() -> [Effect] {
    switch screen {
    case .incomplete: return reloadGroups()
    case .scenarios: return [.scenarios(.load)]
    case .history:
      guard let run = history.run else { return HistoryScreen.refresh(in: &self) }
      return run.opened.row.summary.status == .running && !run.isHeld
        ? [.history(.open(run.opened.row.summary.id))] : []
    case .live: return live?.isHeld == true ? [] : [.history(.follow)]
    case .audit: return AuditScreen.refresh(in: &self)
    }
  }

  /// What a key means on every screen.
  mutating func updateAnyScreen(_ command: Command) -> [Effect] {
    switch command {
    case .back, .quit: return go(to: .incomplete)
    case .quitAtOnce: return quitting()
    case .interrupt:
      askToQuit()
      return []
    default: return []
    }
  }

  /// Opens a record over the screen.
  mutating func openRecord(_ id: RecordID) -> [Effect] {
    list.cursor = id
    notice = "opening \(id.short)"
    return [.record(.load(id, .open(.nothing)))]
  }

  /// Where a cursor goes in a list of lines; nil when the command does not move it.
  func moved(_ command: Command, from index: Int, page: Int, count: Int) -> Int? {
    let place: Int
    switch command {
    case .moveDown: place = index + 1
    case .moveUp: place = index - 1
    case .pageDown: place = index + page
    case .pageUp: place = index - page
    case .halfPageDown: place = index + max(1, page / 2)
    case .halfPageUp: place = index - max(1, page / 2)
    case .moveToFirst: place = 0
    case .moveToLast: place = count - 1
    default: return nil
    }
    return min(max(0, place), max(0, count - 1))
  }

  /// That nothing can be changed, and whether what others change is seen.
  var readOnlyMark: SafeText {
    guard surroundings.isReadOnly else { return "" }
    return access == .still ? "read-only, as it stands · " : "read-only · "
  }

  /// The first line: what is shown, from 100 columns on the screens, and the store.
  func drawTitle(_ title: SafeText, into frame: inout Frame) {
    let line = frame.area.line(0)
    let end = frame.put(" " + title, in: line, .role(.title))
    drawTabs(after: end, into: &frame)
    let right: SafeText =
      readOnlyMark + "\(surroundings.storeName) "
    if end + right.width < line.columns { frame.putRight(right, in: line, .role(.faint)) }
  }

  /// The screens with their keys, where there is room for them.
  func drawTabs(after column: Int, into frame: inout Frame) {
    guard size.columns >= 100 else { return }
    let tabs = Screen.allCases.map { tab -> SafeText in
      let name: SafeText = "\(tab.rawValue) " + tab.title
      return tab == screen ? "[" + name + "]" : name
    }
    let width = tabs.reduce(0) { $0 + $1.width + 2 }
    let right = surroundings.storeName.count + 16
    var start = max(column + 3, size.columns - right - width)
    // Nothing is drawn over the name of the store: digits go to the screens all the same.
    guard start + width < size.columns - surroundings.storeName.count else { return }
    for (tab, text) in zip(Screen.allCases, tabs) {
      let area = Area(row: 0, column: start, rows: 1, columns: text.width)
      frame.put(text, in: area, .role(tab == screen ? .title : .faint))
      frame.mark(.key(.character(Character("\(tab.rawValue)"))), in: area)
      start += text.width + 2
    }
  }

  /// The lines of a screen that is a list, with the cursor in the middle where it can be.
  func drawRows(
    _ count: Int, cursor: Int, hasLoaded: Bool, empty: SafeText, first: Int = 2,
    into frame: inout Frame, line: (Int) -> (SafeText, Role)
  ) {
    let rows = max(1, size.rows - 2 - first)
    let top = max(0, min(cursor - rows / 2, count - rows))
    if count == 0 {
      let text = hasLoaded ? empty : "loading…"
      frame.put(text, at: max(1, (size.columns - text.width) / 2), in: frame.area.line(first + 1))
      frame.cursor = (first + 1, 0)
    }
    for offset in 0..<rows where top + offset < count {
      let index = top + offset
      let isSelected = index == cursor
      let area = frame.area.line(first + offset)
      let (text, role) = line(index)
      frame.put(text, in: area, Style(role: role, isSelected: isSelected), fill: isSelected)
      frame.mark(.row(distance: index - cursor), in: area)
      if isSelected {
        frame.put(">", in: area, Style(role: role, isSelected: true))
        frame.cursor = (area.row, 0)
      }
    }
    drawNotice(into: &frame, frame.area.line(size.rows - 2))
    drawKeys(into: &frame, frame.area.line(size.rows - 1))
  }
}
