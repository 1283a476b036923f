import FettleCore
import FettleEngine

/// How the lines of a screen that is a list are looked at: which of them, and in which order.
struct Table: Hashable, Sendable {
  /// Only lines with all of these words are shown.
  var words = ""
  /// The column they are sorted by; 0 is the order they come in.
  var column = 0
  var isReversed = false
  /// Whether they stay as they are until `p` is pressed again.
  var isHeld = false

  /// What differs from a screen nobody has touched, for its title.
  func told(_ columns: [SafeText]) -> SafeText {
    var text: SafeText = words.isEmpty ? "" : "  / \(words)"
    if column > 0 || isReversed, columns.indices.contains(column) {
      text += "  by " + columns[column] + (isReversed ? " ↑" : " ↓")
    }
    return isHeld ? text + "  held" : text
  }

  /// The lines to show. The sort is stable, so that equal ones stay in the order they come in.
  /// - Parameters:
  ///   - text: what the words are looked for in.
  ///   - columns: for each but the first column, whether one line stands before another.
  func arranged<Row>(
    _ rows: [Row], text: (Row) -> String, columns: [(Row, Row) -> Bool]
  ) -> [Row] {
    let wanted = words.lowercased().split(separator: " ")
    var shown = rows
    if !wanted.isEmpty {
      shown = rows.filter { row in
        let text = text(row).lowercased()
        return wanted.allSatisfy { text.contains($0) }
      }
    }
    if column > 0, columns.indices.contains(column - 1) {
      let isBefore = columns[column - 1]
      shown = shown.enumerated().sorted { left, right in
        if isBefore(left.element, right.element) { return true }
        if isBefore(right.element, left.element) { return false }
        return left.offset < right.offset
      }.map(\.element)
    }
    return isReversed ? shown.reversed() : shown
  }
}

/// The keys that a screen with a table shares with the list.
extension KeyMap {
  static let table: [KeyBinding] = [
    KeyBinding([.character("/")], "filter", "Show only lines with these words", .filter),
    KeyBinding([.character("s")], "", "Sort by the next column", .sortByNext),
    KeyBinding([.character("S")], "", "Turn the order round", .sortReversed),
    KeyBinding([.character("p")], "", "Hold it as it is, or let it live again", .hold),
    KeyBinding([.character("y")], "", "Copy the id or the line under the cursor", .copy),
  ]
}

extension State {
  /// The table of the screen that is shown, where it has one.
  var table: Table? {
    get {
      switch screenContext {
      case .scenarios: scenarios.table
      default: nil
      }
    }
    set {
      guard let newValue else { return }
      switch screenContext {
      case .scenarios: scenarios.table = newValue
      default: break
      }
    }
  }

  /// The columns of the table of this screen, the one it comes in first.
  private var tableColumns: [SafeText] {
    switch screenContext {
    case .scenarios: ScenariosState.columns
    default: []
    }
  }

  /// What every table does alike.
  /// - Returns: nil for a command that is another's.
  mutating func updateTable(_ command: Command) -> [Effect]? {
    guard let shown = table else { return nil }
    switch command {
    case .filter:
      typing = Typing(line: LineEditor(shown.words), purpose: .words(before: shown.words))
    case .sortByNext:
      let columns = tableColumns
      let next = (shown.column + 1) % max(1, columns.count)
      table?.column = next
      notice = "sorted by " + columns[next]
    case .sortReversed:
      table?.isReversed.toggle()
      notice = "the order is turned round"
    case .hold:
      table?.isHeld.toggle()
      notice = shown.isHeld ? "" : "it stays as it is; p lets it live again"
      return shown.isHeld ? look() : []
    case .back where !shown.words.isEmpty: table?.words = ""
    default: return nil
    }
    return []
  }

  /// What the line under the cursor is copied as: its id, and the line as JSON.
  var lineToCopy: (id: String, line: Value)? {
    switch screenContext {
    case .groups:
      guard let group = groups?.selected else { return nil }
      return (
        ErrorGroup.digits(group.fingerprint),
        [
          "group": .text(ErrorGroup.digits(group.fingerprint)),
          "records": .number(Number(group.records)), "error": .text(group.errorType.rawValue),
          "module": .text(group.moduleTitle), "message": .text(group.example),
        ]
      )
    case .scenarios:
      guard let row = scenarios.selected?.scenario else { return nil }
      return (
        "\(row.id)",
        [
          "scenario": .text(row.name), "isActive": .boolean(row.state.isActive),
          "open": .number(Number(row.openRecords)),
        ]
      )
    case .history, .run:
      guard let row = shownRun?.opened.row ?? history.selected else { return nil }
      return (
        row.summary.id,
        [
          "run": .text(row.summary.id), "scenario": .text(row.scenarioName),
          "status": .text(row.summary.status.rawValue), "started": .date(row.summary.started),
        ]
      )
    case .auditTrail:
      guard let row = auditTrail.selected else { return nil }
      return (row.record.text, AuditTrailEffect.value(row))
    default: return nil
    }
  }
}
